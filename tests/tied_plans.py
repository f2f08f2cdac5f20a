"""A plan made by hand whose second half follows from its first in one way of tying."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import strategies as st
from search_plans import BAR, ensemble_plan

from tensionbgm.forms import DIATONIC, EXACT, MIRRORED, MIRRORED_DIATONIC, OCTAVE, Plan

BARS = 4  # of either half
SHIFTS = {
    EXACT: st.integers(-9, 9),
    DIATONIC: st.integers(-6, 6),
    MIRRORED: st.integers(110, 130),
    OCTAVE: st.integers(-20, 20),
    MIRRORED_DIATONIC: st.integers(62, 76),
}
# every way of tying, and a shift that leaves pitches in range
KINDS = st.sampled_from(sorted(SHIFTS)).flatmap(lambda how: st.tuples(st.just(how), SHIFTS[how]))


def tied_plan(how: int, shift: int, roles: tuple[str, ...] = ("melody", "bass")) -> Plan:
    """Bars 4..7 are bars 0..3 by ties of one kind, in ranges wide enough for it.

    The first half may have any pitch class half an octave about its range's middle, and the second any.
    """
    plan = ensemble_plan(2 * BARS, tied=False, parts=roles)
    slots = plan.slots.copy()
    pitched = slots["low"] < slots["high"]
    second = pitched & (slots["onset_tick"] >= BARS * BAR)
    first = pitched & ~second
    rhythm = np.array([(s["onset_tick"], s["part"], s["voice"]) for s in slots[first]])
    at = np.array([(s["onset_tick"] - BARS * BAR, s["part"], s["voice"]) for s in slots[second]])
    assert (rhythm == at).all()
    slots["tie"][second], slots["how"][second], slots["shift"][second] = slots["tie"][first], how, shift
    slots["allowed"][pitched] = 0xFFF
    slots["low"][second], slots["high"][second] = 1, 126
    middle = (slots["low"][first] + slots["high"][first]) // 2
    slots["low"][first], slots["high"][first] = middle - 6, middle + 6
    return dataclasses.replace(plan, slots=slots)
