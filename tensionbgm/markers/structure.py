"""A plan, and what the music reached -> marks for an editing program: sections, cuts, markers, bars."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

import numpy as np

from tensionbgm.errors import UsageError
from tensionbgm.forms import Plan
from tensionbgm.markers.marks import KINDS, Mark, plain

MET_MS = 40.0  # sound and picture this close are felt as one


def structure(
    plan: Plan,
    sections: Sequence[tuple[int, str]],
    cut_ms: np.ndarray | None,
    marker_ms: Sequence[float | None] | None,
    kinds: Collection[str],
) -> list[Mark]:
    """Marks in order of time.

    Parameters
    ----------
    plan : Plan
    sections : sequence of (int, str)
        first bar and name of each
    cut_ms : float (n,), optional
        nearest accent of the music minus each of `plan.grid.cut_s`; infinite without accents
    marker_ms : sequence of (float or None), optional
        the same for `plan.markers`, to the beat each asks for
    kinds : collection of str
        which to give: section, cut, marker, bar
    """
    grid = plan.grid
    made = [Mark(_us(grid.bar_us[bar]), plain(name), kind="section") for bar, name in sections]
    made += [Mark(_us(us), f"bar {bar + 1}", kind="bar") for bar, us in enumerate(grid.bar_us[:-1])]
    named = {
        round(marker.time_s * 1e6) for marker in plan.markers
    }  # those are accents like cuts, and said below
    for k, time_s in enumerate(grid.cut_s):
        if round(time_s * 1e6) not in named:
            note = _reached(None if cut_ms is None else float(cut_ms[k]), cut_ms is not None)
            made.append(Mark(_us(time_s * 1e6), "cut", kind="cut", note=note))
    for k, marker in enumerate(plan.markers):
        note = _reached(None if marker_ms is None else marker_ms[k], marker_ms is not None)
        made.append(
            Mark(_us(marker.time_s * 1e6), plain(marker.name), marker.weight, marker.beat, "marker", note)
        )
    return sorted((mark for mark in made if mark.kind in kinds), key=lambda mark: mark.time)


def parse_kinds(text: str) -> tuple[str, ...]:
    """The kinds in "section,cut"; plurals will do.

    Raises
    ------
    UsageError
        there is no such kind
    """
    words = [word.strip().lower().removesuffix("s") for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in KINDS]
    if wrong or not words:
        raise UsageError(f'kinds "{text}": not among {", ".join(KINDS)}; give some, divided by commas')
    return tuple(words)


def _us(microseconds: float) -> Fraction:
    return Fraction(round(float(microseconds)), 10**6)


def _reached(error_ms: float | None, heard: bool) -> str:
    """ "met, +3 ms": the music comes 3 ms late."""
    if not heard:
        return ""
    if error_ms is None or not np.isfinite(error_ms):
        return "missed, no accent"
    return f"{'met' if abs(error_ms) <= MET_MS + 1e-6 else 'missed'}, {round(error_ms):+d} ms"
