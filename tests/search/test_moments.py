"""Moments: the notes that sound together in a window, as the measure of diameter hears them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.forms import PPQ, SLOT
from tensionbgm.kernels import cpu, rules
from tensionbgm.music import spiral
from tensionbgm.music.notes import KeyChange, from_piece
from tensionbgm.music.ribbons import ribbons
from tensionbgm.music.windows import windows
from tensionbgm.search import groups
from tensionbgm.search.moments import CELL, moments
from tensionbgm.search.problem import pose
from tensionbgm.search.run import unsearched

note = st.tuples(st.integers(0, 60), st.integers(1, 40), st.integers(0, 11))


def slots_of(notes: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Slots that begin and end on cells, in order of onset, and the pitch class of each."""
    rows = sorted(notes)
    slots = np.zeros(len(rows), SLOT)
    slots["onset_tick"] = [CELL * on for on, _, _ in rows]
    slots["duration_tick"] = [CELL * length for _, length, _ in rows]
    return slots, np.array([pc for _, _, pc in rows])


@given(st.lists(note, min_size=1, max_size=12))
def test_time_and_notes_of_moments_are_those_of_the_window(notes):
    slots, pc = slots_of(notes)
    edge = np.arange(0, 4) * 4 * PPQ
    found = moments(slots, pc, edge)
    total = np.bincount(found.window, found.share, 3)
    for window in range(3):
        sounds = np.zeros(32, bool)
        here = set()
        for row, name in zip(slots, pc.tolist(), strict=True):
            first, last = row["onset_tick"] // CELL, (row["onset_tick"] + row["duration_tick"]) // CELL
            cells = np.arange(max(first, 32 * window), min(last, 32 * window + 32)) - 32 * window
            sounds[cells] = True
            here |= {name} if len(cells) else set()
        assert total[window] == pytest.approx(1.0 if sounds.any() else 0.0)
        inside = np.isin(found.member[:, 0], np.flatnonzero(found.window == window))
        assert {int(pc[slot]) for slot in found.member[inside, 1]} == here
    assert len(np.unique(found.member, axis=0)) == len(found.member)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_the_mean_over_moments_is_the_diameter_that_is_measured(seed):
    plan = ensemble_plan(8, seed)
    piece = unsearched(plan)
    notes = from_piece(piece)
    measured = ribbons(notes, (KeyChange(0.0, 9, "minor"),), windows(notes, "bar")).diameter
    pitched = plan.slots["part"] != 5
    slots, pc = plan.slots[pitched], piece.pitch[pitched] % 12
    found = moments(slots, pc, plan.grid.bar_tick)
    table, mask = spiral.diameter_table(), np.zeros(len(found.window), np.int64)
    np.bitwise_or.at(mask, found.member[:, 0], 1 << pc[found.member[:, 1]])
    mean = np.bincount(found.window, found.share * table[spiral.rotate(mask, 9)], 8)
    np.testing.assert_allclose(mean, measured, atol=1e-9)


def test_the_search_keeps_the_same_mean():
    plan = ensemble_plan(8, tied=True)
    posed = pose(plan)
    state = cpu_state(posed)
    piece_pitch = posed.pitch(plan, state.x[0])
    pitched = plan.slots["part"] != 5
    pc = piece_pitch[pitched] % 12
    found = moments(plan.slots[pitched], pc, plan.grid.bar_tick)
    mask = np.zeros(len(found.window), np.int64)
    np.bitwise_or.at(mask, found.member[:, 0], 1 << pc[found.member[:, 1]])
    mean = np.bincount(found.window, found.share * spiral.diameter_table()[spiral.rotate(mask, 9)], 8)
    kept = state.spread[0, :8] / 2**rules.SHARE_SHIFT / rules.RADIUS
    np.testing.assert_allclose(kept, mean, atol=5e-3)


def cpu_state(posed):
    from tensionbgm.search.problem import empty_state

    state = empty_state(posed.problem, 1)
    cpu.start(posed.problem, state, 3)
    return state


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.floats(0.1, 1.0))
def test_what_moves_less_is_followed_more_closely_within_bounds(level, smaller):
    level = np.array(level)
    whole, part = groups.closeness(level), groups.closeness(0.5 + smaller * (level - 0.5))
    assert 1.0 <= whole <= part + 1e-9 <= groups.CLOSEST + 1e-9


def test_a_curve_as_wide_as_most_has_the_weights_as_told():
    assert groups.closeness(np.array([0.25, 0.75])) == 1.0
    assert groups.closeness(np.array([0.4, 0.6])) == pytest.approx(6.0)
    assert groups.closeness(np.full(3, 0.5)) == groups.CLOSEST
