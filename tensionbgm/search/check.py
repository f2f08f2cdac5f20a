"""Plan -> nothing, or an `InputError`: a plan read from a file may be anybody's."""

from __future__ import annotations

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import Plan

REMEDY = "plan the piece again"


def check_plan(plan: Plan) -> None:
    """Refuse a plan that the search cannot read.

    Raises
    ------
    InputError
        the first fault found
    """
    for fault in (_grid_fault(plan), _harmony_fault(plan), _slot_fault(plan)):
        if fault:
            raise InputError(f"plan: {fault}; {REMEDY}")


def _grid_fault(plan: Plan) -> str:
    grid = plan.grid
    if not (grid.n_bars and len(grid.bar_tempo_us) == grid.n_bars):
        return "it has no bars, or not a tempo for each"
    if min(grid.bar_beats) < 1 or min(grid.bar_tempo_us) < 1:
        return "a bar has no beats or no tempo"
    if not (np.isfinite(plan.curve.value).all() and np.isfinite(plan.curve.time_s).all()):
        return "its curve is not made of numbers"
    return ""


def _harmony_fault(plan: Plan) -> str:
    if not plan.keys:
        return "it is in no key"
    for key in plan.keys:
        if key.mode not in ("major", "minor") or not 0 <= key.tonic < 12:
            return f"there is no key of {key.tonic} {key.mode}"
    start = [chord.start_tick for chord in plan.chords]
    if start != sorted(start) or [k.start_bar for k in plan.keys] != sorted(k.start_bar for k in plan.keys):
        return "its chords or keys are out of order"
    for chord in plan.chords:
        inside = 0 <= chord.root < 12 and 0 <= chord.bass < 12 and 0 <= chord.pcs < 4096
        if not (inside and chord.end_tick > chord.start_tick):
            return f"chord {chord.symbol!r} at tick {chord.start_tick} is none"
    return ""


def _slot_fault(plan: Plan) -> str:
    slots = plan.slots
    bad = {
        "has no part": (slots["part"] < 0) | (slots["part"] >= len(plan.parts)),
        "begins before the music": slots["onset_tick"] < 0,
        "has no length": slots["duration_tick"] < 1,
        "has no range": (slots["low"] < 0) | (slots["high"] > 127) | (slots["low"] > slots["high"]),
        "may have no pitch class": (slots["allowed"] & 0xFFF) == 0,
        "is shifted by more than the range of pitches": np.abs(slots["shift"].astype(int)) > 127,
    }
    for fault, where in bad.items():
        if where.any():
            return f"slot {int(np.argmax(where))} {fault}"
    if (np.diff(slots["onset_tick"].astype(np.int64)) < 0).any():
        return "its slots are out of order"
    return ""
