"""Ties hold in the written pitches, whichever way one slot follows from another."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import BAR, ensemble_plan
from tied_plans import BARS, KINDS, tied_plan

from tensionbgm.errors import InputError
from tensionbgm.forms import (
    DIATONIC,
    EXACT,
    MIRRORED,
    MIRRORED_DIATONIC,
    OCTAVE,
    SLOT,
    TIES,
    Key,
    Plan,
)
from tensionbgm.kernels import cpu, rules, walk
from tensionbgm.music.notes import read_midi
from tensionbgm.music.ties import of_slots
from tensionbgm.render.midi import write_midi
from tensionbgm.saved import from_json, to_json
from tensionbgm.search import problem, run
from tensionbgm.search.bound import bound
from tensionbgm.search.lock import lock_bars

EACH = [(EXACT, 3), (DIATONIC, 2), (MIRRORED, 122), (OCTAVE, -5), (MIRRORED_DIATONIC, 70)]
MINOR = (0, 2, 3, 5, 7, 8, 10)
MAJOR = (0, 2, 4, 5, 7, 9, 11)


def follows(how: int, shift: int, key: Key, span: tuple[int, int], first: int, second: int) -> bool:
    """Whether the second pitch follows from the first, told by counting; altered notes are let pass."""
    scale = {(key.tonic + k) % 12 for k in (MAJOR if key.mode == "major" else MINOR)}
    ladder = [pitch for pitch in range(-60, 200) if pitch % 12 in scale]
    if how == EXACT:
        return second - first == shift
    if how == MIRRORED:
        return second + first == shift
    if how == OCTAVE:
        inside = span[0] <= first + shift <= span[1]
        return second == first + shift if inside else (second - first - shift) % 12 == 0
    if first not in ladder:
        return True
    ground = min(pitch for pitch in ladder if pitch >= 0 and pitch % 12 == key.tonic)
    step, other = (ladder.index(pitch) - ladder.index(ground) for pitch in (first, second))
    return other == (step + shift if how == DIATONIC else shift - step)


@settings(max_examples=20, deadline=None)
@given(kind=KINDS, seed=st.integers(0, 99))
def test_what_is_tied_follows_in_the_written_pitches(kind, seed):
    how, shift = kind
    plan = tied_plan(how, shift)
    posed = problem.pose(plan)
    chain = walk.chain_of(problem.empty_state(posed.problem, 1), 0)
    walk.start(posed.problem, chain, seed, 0)
    pitch = posed.pitch(plan, chain.x).astype(int)
    pitched = np.isin(plan.slots["part"], (0, 4))
    second = pitched & (plan.slots["onset_tick"] >= BARS * BAR)
    first = pitched & ~second
    for a, b, slot in zip(pitch[first], pitch[second], plan.slots[second], strict=True):
        assert follows(how, shift, plan.keys[0], (slot["low"], slot["high"]), a, b)
        assert slot["low"] <= b <= slot["high"]


@pytest.mark.parametrize(("how", "shift"), EACH)
def test_a_composed_piece_keeps_its_ties(how, shift):
    plan = tied_plan(how, shift)
    piece = run.compose(plan)
    second = np.isin(plan.slots["part"], (0, 4)) & (plan.slots["onset_tick"] >= BARS * BAR)
    first = np.isin(plan.slots["part"], (0, 4)) & ~second
    for a, b, slot in zip(piece.pitch[first], piece.pitch[second], plan.slots[second], strict=True):
        assert follows(how, shift, plan.keys[0], (slot["low"], slot["high"]), int(a), int(b))


@given(kind=KINDS, tonic=st.integers(0, 11), mode=st.sampled_from(["major", "minor"]))
def test_what_a_map_does_to_pitch_classes_depends_on_them_alone(kind, tonic, mode):
    how, shift = kind
    plan = dataclasses.replace(tied_plan(how, shift), keys=(Key(0, tonic, mode),))
    maps = of_slots(plan, plan.slots)
    for slot in range(len(plan.slots)):
        row, pc = maps.pitch[maps.of_slot[slot]], maps.pc[maps.pc_of_slot[slot]]
        real = np.flatnonzero(row >= 0)
        np.testing.assert_array_equal(row[real] % 12, pc[real % 12])


def one_map(how: int, shift: int, key: Key, low: int = 0, high: int = 127) -> np.ndarray:
    plan = dataclasses.replace(ensemble_plan(1), keys=(key,))
    slot = np.zeros(1, SLOT)
    slot["how"], slot["shift"], slot["low"], slot["high"] = how, shift, low, high
    return of_slots(plan, slot).pitch[0]


def test_a_diatonic_tie_keeps_alterations():
    up = one_map(DIATONIC, 1, Key(0, 0, "major"))
    assert up[[60, 62, 64, 65, 67, 69, 71]].tolist() == [62, 64, 65, 67, 69, 71, 72]
    assert up[66] == 68  # f sharp -> g sharp
    assert up[70] == 71  # b flat -> c flat
    third = one_map(DIATONIC, -2, Key(0, 9, "minor"))
    assert third[[69, 71, 72]].tolist() == [65, 67, 69]
    assert third[68] == 65  # the leading note, g sharp, a third down: e sharp


def test_mirrors_turn_a_line_round():
    line = [60, 62, 64, 67, 65]
    assert one_map(MIRRORED, 120, Key(0, 0, "major"))[line].tolist() == [60, 58, 56, 53, 55]
    steps = 2 * (7 * 5 + 0)  # about the fifth octave's tonic
    assert one_map(MIRRORED_DIATONIC, steps, Key(0, 0, "major"))[line].tolist() == [60, 59, 57, 53, 55]
    assert one_map(MIRRORED_DIATONIC, steps, Key(0, 0, "major"))[66] == 54  # f sharp up -> g flat down


def test_an_octave_tie_folds_into_the_range_and_has_no_pitch_where_that_is_too_narrow():
    row = one_map(OCTAVE, 0, Key(0, 0, "major"), 48, 59)
    assert row[[40, 48, 59, 60, 72]].tolist() == [52, 48, 59, 48, 48]
    narrow = one_map(OCTAVE, 0, Key(0, 0, "major"), 48, 50)
    assert narrow[[60, 62, 63]].tolist() == [48, 50, -1]


@settings(max_examples=10, deadline=None)
@given(kind=KINDS, seed=st.integers(0, 2**31 - 1))
def test_what_a_step_says_it_changes_is_what_changed_however_slots_are_tied(kind, seed):
    p = problem.pose(tied_plan(*kind)).problem
    chain = walk.chain_of(problem.empty_state(p, 1), 0)
    walk.start(p, chain, seed, 0)
    cost = int(chain.cost[0])
    for k in range(30):
        v = rules.mix(seed, 1, k) % len(chain.x)
        cost += walk.step(p, chain, v, rules.mix(seed, 2, k), 300)
    counts = chain.counts.copy()
    walk.restart(p, chain)
    assert int(chain.cost[0]) == cost
    np.testing.assert_array_equal(chain.counts, counts)


@pytest.mark.parametrize(("how", "shift"), EACH)
def test_the_bound_stays_below_what_is_found(how, shift):
    p = problem.pose(tied_plan(how, shift)).problem
    state = problem.empty_state(p, 1)
    cpu.start(p, state, 5)
    cpu.anneal(p, state, 5, 0, run.temperatures(60))
    assert bound(p, passes=4, boxes=16).cost <= state.cost[0, 1]


@pytest.mark.parametrize(("how", "shift"), EACH)
def test_what_is_locked_stays_and_its_returns_follow(tmp_path, how, shift):
    plan = tied_plan(how, shift)
    plan = dataclasses.replace(plan, parts=tuple(dataclasses.replace(p, low=0, high=127) for p in plan.parts))
    piece = run.compose(plan)
    write_midi(piece, tmp_path / "earlier.mid")
    lock = lock_bars(plan, np.array([0, 1]), read_midi(tmp_path / "earlier.mid"), "1-2", "earlier")
    again = run.compose(dataclasses.replace(plan, seed=7), lock=lock)
    kept = np.isin(plan.slots["onset_tick"] // BAR, (0, 1, BARS, BARS + 1)) & (plan.slots["part"] != 5)
    np.testing.assert_array_equal(piece.pitch[kept], again.pitch[kept])


def test_a_way_of_tying_that_nobody_knows_is_refused_in_one_line():
    plan = ensemble_plan(1)
    for how, shift, fault in (
        (len(TIES), 0, "tied in no way"),
        (-1, 0, "tied in no way"),
        (MIRRORED, -1, "mirr"),
    ):
        slots = plan.slots.copy()
        slots["how"][3], slots["shift"][3] = how, shift
        with pytest.raises(InputError, match=rf"slot 3.*{fault}.*plan the piece again") as refusal:
            problem.pose(dataclasses.replace(plan, slots=slots))
        assert "\n" not in str(refusal.value)


def test_a_plan_written_before_there_were_ways_of_tying_still_loads():
    plan = ensemble_plan(2)
    data = json.loads(json.dumps(to_json(plan)))
    assert data["slots"]["fields"].pop() == "how"
    data["slots"]["rows"] = [row[:-1] for row in data["slots"]["rows"]]
    np.testing.assert_array_equal(from_json(Plan, data).slots, plan.slots)
