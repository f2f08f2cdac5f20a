"""Plan -> nothing, or an `InputError`: a plan read from a file may be anybody's."""

from __future__ import annotations

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import BEATS, MIRRORED, MIRRORED_DIATONIC, SLOT, TIES, Plan

REMEDY = "plan the piece again"


def check_plan(plan: Plan) -> None:
    """Refuse a plan that the search cannot read.

    Raises
    ------
    InputError
        the first fault found
    """
    faults = (
        _shape_fault,
        _grid_fault,
        _curve_fault,
        _section_fault,
        _marker_fault,
        _part_fault,
        _harmony_fault,
        _slot_fault,
    )
    for find in faults:
        if fault := find(plan):
            raise InputError(f"plan: {fault}; {REMEDY}")


def _shape_fault(plan: Plan) -> str:
    grid, curve = plan.grid, plan.curve
    whole = {"bar_beats": grid.bar_beats, "bar_tempo_us": grid.bar_tempo_us, "bar_section": grid.bar_section}
    for name, array in whole.items():
        if array.ndim != 1 or array.dtype.kind not in "iu":
            return f"its {name} is no list of whole numbers"
    real = {"cut_s": grid.cut_s, "cut_weight": grid.cut_weight, "time_s": curve.time_s, "value": curve.value}
    for name, array in real.items():
        if array.ndim != 1 or array.dtype != np.float64 or not np.isfinite(array).all():
            return f"its {name} is no list of numbers"
    return "" if plan.slots.dtype == SLOT and plan.slots.ndim == 1 else "its slots are no table"


def _grid_fault(plan: Plan) -> str:
    grid = plan.grid
    if not (grid.n_bars and len(grid.bar_tempo_us) == len(grid.bar_section) == grid.n_bars):
        return "it has no bars, or not a tempo and a section for each"
    if not (_within(grid.bar_beats, 1, 64) and _within(grid.bar_tempo_us, 1, 2**24 - 1)):
        return "a bar has beats or a tempo that cannot be written"
    if not _within(grid.bar_section, 0, len(grid.sections) - 1):
        return "a bar belongs to no section"
    return "" if len(grid.cut_s) == len(grid.cut_weight) else "not every cut has a weight"


def _curve_fault(plan: Plan) -> str:
    time_s, value = plan.curve.time_s, plan.curve.value
    if not 0 < len(time_s) == len(value):
        return "its curve has no points, or not a value for each"
    doubt = [edge for edge in (plan.curve.low, plan.curve.high) if edge is not None]
    if len(doubt) == 1 or any(len(edge) != len(value) or not _within(edge, 0, 1) for edge in doubt):
        return "its curve's low and high are no band around it"
    return "" if (np.diff(time_s) > 0).all() and _within(value, 0, 1) else "its curve is none"


def _section_fault(plan: Plan) -> str:
    end_s = float(plan.grid.bar_us[-1]) / 1e6 + 1.0
    if not _within(plan.grid.cut_s, 0, end_s):
        return "a cut lies outside the film"
    for k, section in enumerate(plan.grid.sections):
        first = 0 if section.repeats is None else section.repeats
        inside = 0 <= section.start_s <= section.end_s <= end_s
        if not (inside and 0 <= first <= k and abs(section.transpose) <= 127):
            return f"section {k} lies outside the film, or repeats what is not there"
    return ""


def _marker_fault(plan: Plan) -> str:
    end_s = float(plan.grid.bar_us[-1]) / 1e6 + 1.0
    for marker in plan.markers:
        if not (0 <= marker.time_s <= end_s and 0 <= marker.weight <= 1 and marker.beat in BEATS):
            return f"marker {marker.name[:40]!r} lies outside the film, or asks for what there is not"
    return ""


def _part_fault(plan: Plan) -> str:
    for part in plan.parts:
        levels = abs(part.level_db) <= 60 and abs(part.pan) <= 1 and 0 <= part.reverb <= 1
        if not (levels and part.name.isprintable() and 0 <= part.channel < 16 and 0 <= part.program < 128):
            return f"part {part.name!r} has a name, level or instrument there is none of"
    return ""


def _within(array: np.ndarray, low: float, high: float) -> bool:
    return bool(((array >= low) & (array <= high)).all())


def _harmony_fault(plan: Plan) -> str:
    if not plan.keys:
        return "it is in no key"
    for key in plan.keys:
        known = key.mode in ("major", "minor") and 0 <= key.tonic < 12
        if not (known and 0 <= key.start_bar < plan.grid.n_bars):
            return f"there is no key of {key.tonic} {key.mode}, or no bar {key.start_bar} for it"
    start = [chord.start_tick for chord in plan.chords]
    if start != sorted(start) or [k.start_bar for k in plan.keys] != sorted(k.start_bar for k in plan.keys):
        return "its chords or keys are out of order"
    for chord in plan.chords:
        inside = 0 <= chord.root < 12 and 0 <= chord.bass < 12 and 0 <= chord.pcs < 4096
        if not (inside and 0 <= chord.start_tick < chord.end_tick < 2**31):
            return f"chord {chord.symbol!r} at tick {chord.start_tick} is none"
    return ""


def _slot_fault(plan: Plan) -> str:
    slots = plan.slots
    mirrored = np.isin(slots["how"], (MIRRORED, MIRRORED_DIATONIC))
    bad = {
        "has no part": (slots["part"] < 0) | (slots["part"] >= len(plan.parts)),
        "begins before the music": slots["onset_tick"] < 0,
        "has no length": slots["duration_tick"] < 1,
        "has no velocity": (slots["velocity"] < 1) | (slots["velocity"] > 127),
        "has no range": (slots["low"] < 0) | (slots["high"] > 127) | (slots["low"] > slots["high"]),
        "may have no pitch class": (slots["allowed"] & 0xFFF) == 0,
        f"is tied in no way known (0 to {len(TIES) - 1})": (slots["how"] < 0) | (slots["how"] >= len(TIES)),
        "is shifted by more than the range of pitches": ~mirrored
        & (np.abs(slots["shift"].astype(int)) > 127),
        "is mirrored about no pitch": mirrored & ((slots["shift"] < 0) | (slots["shift"] > 254)),
    }
    for fault, where in bad.items():
        if where.any():
            return f"slot {int(np.argmax(where))} {fault}"
    if (np.diff(slots["onset_tick"].astype(np.int64)) < 0).any():
        return "its slots are out of order"
    if len(slots) and slots["onset_tick"][-1] >= plan.grid.bar_tick[-1]:
        return "its slots go on after the last bar"
    return ""
