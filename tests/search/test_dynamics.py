"""Dynamics: the measured tension comes nearer to the curve, within bounds."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.config import Effort
from tensionbgm.forms import Curve, Piece
from tensionbgm.music.energy import loudness
from tensionbgm.music.notes import from_piece
from tensionbgm.music.tension import tension_profile
from tensionbgm.music.windows import windows
from tensionbgm.search.dynamics import LARGEST, LOUDEST, SOFTEST, STEEPEST_PER_S, rms, shape_dynamics
from tensionbgm.search.run import compose


@pytest.fixture(scope="module")
def piece() -> Piece:
    return compose(ensemble_plan(16), Effort(effort="draft"))


def missed(piece: Piece) -> float:
    profile = tension_profile(from_piece(piece))
    return rms(piece.plan.curve.mean(profile.start_s, profile.end_s) - profile.intensity)


def asked(piece: Piece, *points: tuple[float, float]) -> Piece:
    """The piece under another curve, its velocities rising with it as a plan's do."""
    time_s, value = np.array(points).T
    curve = Curve(time_s, value, "inline")
    onset_s = piece.plan.grid.seconds(piece.plan.slots["onset_tick"])
    velocity = np.rint(np.interp(curve.at(onset_s), [0.0, 0.2, 0.8, 1.0], [40, 65, 92, 108]))
    plan = dataclasses.replace(piece.plan, curve=curve)
    return dataclasses.replace(piece, plan=plan, velocity=velocity.astype(np.uint8))


@pytest.mark.parametrize(
    "points", [((0, 0.1), (32, 0.9)), ((0, 0.8), (16, 0.2), (32, 0.8)), ((0, 0.5), (15.9, 0.5), (16, 0.9))]
)
def test_the_tension_comes_nearer_to_the_curve(piece, points):
    before = asked(piece, *points)
    after = shape_dynamics(before)
    assert missed(after) < 0.9 * missed(before)


def loud_by_part(piece: Piece, from_s: float, to_s: float) -> dict[int, float]:
    slots, onset_s = piece.plan.slots, piece.plan.grid.seconds(piece.plan.slots["onset_tick"])
    here = (onset_s >= from_s) & (onset_s < to_s)
    parts = np.unique(slots["part"][here])
    return {int(part): float(piece.velocity[here & (slots["part"] == part)].mean()) for part in parts}


def test_every_part_plays_louder_in_the_climax_than_in_calm_even_where_the_scoring_is_thin(piece):
    """The calm half loses most of its notes: its tension is too low, yet it is not shouted."""
    before = asked(piece, (0, 0.1), (14, 0.1), (18, 0.9), (32, 0.9))
    slots, onset_s = before.plan.slots, before.plan.grid.seconds(before.plan.slots["onset_tick"])
    thin = (onset_s < 16) & (slots["part"] > 1)
    plan = dataclasses.replace(before.plan, slots=slots[~thin])
    before = Piece(plan, before.pitch[~thin], before.velocity[~thin], before.search)
    after = shape_dynamics(before)
    calm, climax = loud_by_part(after, 0, 13), loud_by_part(after, 19, 32)
    shared = calm.keys() & climax.keys()
    assert shared
    assert all(calm[part] < climax[part] for part in shared)


def octaves(before: Piece, after: Piece) -> tuple[np.ndarray, np.ndarray]:
    """When each note that is not at a bound starts [s], and what was added to it [octaves of velocity]."""
    inside = (after.velocity > SOFTEST) & (after.velocity < LOUDEST)
    onset_s = after.plan.grid.seconds(after.plan.slots["onset_tick"])
    return onset_s[inside], np.log2(after.velocity / before.velocity.astype(float))[inside]


@pytest.mark.parametrize("points", [((0, 0.5), (32, 0.5)), ((0, 0.0), (16, 1.0), (16.1, 0.1), (32, 0.9))])
def test_what_is_added_is_bounded_and_never_steep(piece, points):
    before = asked(piece, *points)
    time_s, added = octaves(before, shape_dynamics(before))
    of_rounding = 0.5 / before.velocity.min() / np.log(2) * 1.5
    assert np.abs(added).max() <= LARGEST + of_rounding
    steep = np.abs(np.diff(added)) - STEEPEST_PER_S * np.diff(time_s)
    assert steep.max() <= 2 * of_rounding


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_where_the_curve_rises_loudness_does_not_fall(piece, share):
    rising = asked(piece, (0, 0.0), (32 * share, share), (32, 1.0))
    after = shape_dynamics(rising)
    onset_s = after.plan.grid.seconds(after.plan.slots["onset_tick"])
    halves = [after.velocity[(onset_s >= a) & (onset_s < a + 8)].mean() for a in (0, 8, 16, 24)]
    assert all(a < b for a, b in itertools.pairwise(halves))


def test_what_is_asked_to_be_tenser_is_louder_whatever_else_makes_it_tense(piece):
    before = asked(piece, (0, 0.75), (14, 0.75), (18, 0.35), (32, 0.35))
    after = shape_dynamics(before)
    notes = from_piece(after)
    over = windows(notes)
    loud_db = loudness(notes, over.start_quarter, over.end_quarter)
    middle_s = notes.seconds(over.start_quarter) + 1
    assert loud_db[middle_s < 13].mean() > loud_db[middle_s > 19].mean()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_it_is_never_farther_from_the_curve_than_before(piece, values):
    before = asked(piece, *zip(np.linspace(0, 32, len(values)), values, strict=True))
    assert missed(shape_dynamics(before)) <= missed(before) + 1e-9


def test_what_is_held_keeps_its_velocity(piece):
    before = asked(piece, (0, 0.1), (32, 0.9))
    held = before.plan.slots["part"] == 0
    after = shape_dynamics(before, held)
    np.testing.assert_array_equal(after.velocity[held], before.velocity[held])
    assert (after.velocity != before.velocity).any()


def test_pitches_stay_and_velocities_keep_their_bounds(piece):
    after = shape_dynamics(asked(piece, (0, 0.0), (10, 1.0)))
    np.testing.assert_array_equal(after.pitch, piece.pitch)
    assert after.velocity.dtype == np.uint8
    assert after.velocity.min() >= SOFTEST
    assert after.velocity.max() <= LOUDEST


def test_parts_keep_their_balance(piece):
    slots = piece.plan.slots
    loud = np.where(slots["part"] == 0, 90, 60).astype(np.uint8)
    after = shape_dynamics(dataclasses.replace(asked(piece, (0, 0.2), (32, 0.6)), velocity=loud))
    for tick in np.unique(slots["onset_tick"]):
        here = slots["onset_tick"] == tick
        lead, rest = after.velocity[here & (slots["part"] == 0)], after.velocity[here & (slots["part"] != 0)]
        if len(lead) and len(rest) and lead.max() < LOUDEST and rest.min() > SOFTEST:
            assert lead.min() / rest.max() == pytest.approx(1.5, abs=0.06)


def test_shaping_is_the_same_every_time_and_nothing_is_no_trouble(piece):
    np.testing.assert_array_equal(shape_dynamics(piece).velocity, shape_dynamics(piece).velocity)
    empty = dataclasses.replace(
        piece,
        plan=dataclasses.replace(piece.plan, slots=piece.plan.slots[:0]),
        pitch=piece.pitch[:0],
        velocity=piece.velocity[:0],
    )
    assert shape_dynamics(empty) is empty
