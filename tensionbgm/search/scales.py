"""Plan -> windows of one length or another: the scales at which tension may be asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensionbgm.forms import PPQ, Plan

SCALES = ("beat", "half", "bar")


def check(scales: Sequence[str]) -> None:
    """Refuse scales there are none of.

    Raises
    ------
    ValueError
        no scale, an unknown one, or one twice
    """
    if not scales or len(set(scales)) < len(scales) or not set(scales) <= set(SCALES):
        raise ValueError(f"scales {tuple(scales)}: take each of {', '.join(SCALES)} once at most, and one")


def edges(plan: Plan, name: str) -> np.ndarray:
    """Where windows begin, and the end, int64 (w + 1,) [ticks].

    A beat is a quarter; a half bar begins at the beat in the middle of a bar, or at the one after it.
    """
    bar = plan.grid.bar_tick
    if name == "bar":
        return bar
    if name == "beat":
        return np.arange(0, bar[-1] + PPQ, PPQ)
    middle = bar[:-1] + (plan.grid.bar_beats.astype(np.int64) + 1) // 2 * PPQ
    return np.unique(np.concatenate([bar, middle]))


def bar_of(plan: Plan, edge: np.ndarray) -> np.ndarray:
    """The bar that each window between edges (w + 1,) is in, int (w,)."""
    return np.searchsorted(plan.grid.bar_tick, edge[:-1], side="right") - 1


def seconds(plan: Plan, name: str) -> np.ndarray:
    """When windows begin, and the end, float (w + 1,) [s]."""
    return plan.grid.bar_us / 1e6 if name == "bar" else plan.grid.seconds(edges(plan, name))
