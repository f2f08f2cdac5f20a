"""Markers, cuts -> accents; `Grid`, markers -> how far each marker is from a beat of the kind it asks for.

A marker is a demand: its beat lies within `HELD_US` of it.  It is an accent like a cut as well; a cut that
lies on a marker is the same accent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import BEATS, PPQ, Grid, Marker
from tensionbgm.plan.grid_instance import accent_weights

HELD_US = 40_000  # sound and picture this close are felt as one: what a marker can rely on
ON_CUT_S = 0.04  # a cut this close to a marker is the same moment


def check_markers(markers: Sequence[Marker], duration_s: float) -> None:
    """Raise `InputError` for a marker that is outside the film or asks for what there is not."""
    for marker in markers:
        said = f'marker "{marker.name}"'
        if not math.isfinite(marker.time_s) or not 0 <= marker.time_s <= duration_s:
            raise InputError(
                f"{said}: {marker.time_s:.3f} s is outside the film, which lasts {duration_s:.3f} s; "
                "give a time inside"
            )
        if marker.beat not in BEATS:
            raise InputError(f'{said}: no beat is called "{marker.beat}"; give {", ".join(BEATS)}')
        if not 0 <= marker.weight <= 1:
            raise InputError(f"{said}: its weight is {marker.weight}; give one from 0 to 1")


def make_accents(
    cut_s: np.ndarray,
    strength: np.ndarray,
    importance: np.ndarray | None,
    markers: Sequence[Marker],
    duration_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Times [s], rising, and weights 0..1 of all accents asked for, float (n,) each.

    Cuts at the edges of the film or outside are none.  Where a cut meets a marker the marker's time counts,
    and the greater of both weights.
    """
    weight = np.clip(np.asarray(strength, float) * (1.0 if importance is None else importance), 0.0, 1.0)
    inside = (cut_s > 0) & (cut_s < duration_s)
    time, weight = np.asarray(cut_s, float)[inside], weight[inside]
    named = sorted({m.time_s for m in markers if m.time_s < duration_s})
    asked = [max(m.weight for m in markers if m.time_s == moment) for moment in named]
    apart = np.abs(time[:, None] - np.array(named)[None])
    for column in range(len(named)):
        asked[column] = max([asked[column], *weight[apart[:, column] <= ON_CUT_S]])
    alone = (apart > ON_CUT_S).all(axis=1)
    time = np.concatenate([time[alone], named])
    weight = np.concatenate([weight[alone], asked])
    marked = np.arange(len(time)) >= alone.sum()
    order = np.argsort(time, kind="stable")
    return time[order], accent_weights(time[order], weight[order], None, marked[order])


def misses_us(grid: Grid, markers: Sequence[Marker]) -> np.ndarray:
    """float (m,): nearest beat of the kind each marker asks for, minus the marker [microseconds]."""
    return _nearest_beats(grid, markers)[1]


def beat_ticks(grid: Grid, markers: Sequence[Marker]) -> np.ndarray:
    """int (m,): the beat of its kind that meets each marker; -1 for one that is missed [ticks]."""
    tick, late_us = _nearest_beats(grid, markers)
    return np.where(np.abs(late_us) <= HELD_US, tick, -1)


def strong_us(grid: Grid) -> np.ndarray:
    """Times of downbeats, of beat 3 of 4/4, and of the end, rising [microseconds]."""
    return np.interp(_ticks_by_kind(grid)["strong"], grid.bar_tick, grid.bar_us)


def _nearest_beats(grid: Grid, markers: Sequence[Marker]) -> tuple[np.ndarray, np.ndarray]:
    """Nearest beat of the kind each marker asks for [ticks], and how late it is [microseconds]; (m,) each."""
    ticks = _ticks_by_kind(grid)
    beats_us = {kind: np.interp(tick, grid.bar_tick, grid.bar_us) for kind, tick in ticks.items()}
    late = [beats_us[marker.beat] - 1e6 * marker.time_s for marker in markers]
    near = [int(np.abs(offset).argmin()) for offset in late]
    tick = [int(ticks[marker.beat][k]) for marker, k in zip(markers, near, strict=True)]
    return np.array(tick, int), np.array([offset[k] for offset, k in zip(late, near, strict=True)])


def _ticks_by_kind(grid: Grid) -> dict[str, np.ndarray]:
    """What each of `BEATS` can mean, the end of the music included, int (k,), rising [ticks]."""
    middle = (grid.bar_tick[:-1] + 2 * PPQ)[grid.bar_beats == 4]
    strong = np.sort(np.concatenate([grid.bar_tick, middle]))
    return {"downbeat": grid.bar_tick, "strong": strong, "any": np.arange(0, grid.bar_tick[-1] + 1, PPQ)}
