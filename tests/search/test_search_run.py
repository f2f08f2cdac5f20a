"""The search as a whole: hard rules, seeds, threads, progress, and whether the notes get better."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ENSEMBLE, ensemble_plan

from tensionbgm import kernels
from tensionbgm.config import Effort
from tensionbgm.errors import Cancelled, InputError, UsageError
from tensionbgm.forms import Chord, Curve, Key, Piece
from tensionbgm.kernels import cpu, rules
from tensionbgm.progress import Watch
from tensionbgm.search import run
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.run import compose

DRAFT = Effort(effort="draft")


def broken_rules(piece: Piece) -> list[str]:
    """What of the plan's hard rules a piece breaks; knows nothing of the search."""
    slots, pitch = piece.plan.slots, piece.pitch.astype(int)
    found = []
    if ((pitch < slots["low"]) | (pitch > slots["high"])).any():
        found.append("range")
    if not (slots["allowed"].astype(int) >> pitch % 12 & 1).all():
        found.append("pitch class")
    own: dict[int, int] = {}
    percussion = [p.role == "percussion" for p in piece.plan.parts]
    for slot, p in zip(slots, pitch, strict=True):
        if (
            not percussion[slot["part"]]
            and own.setdefault(int(slot["tie"]), p - slot["shift"]) != p - slot["shift"]
        ):
            found.append("tie")
    return found


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), bars=st.integers(1, 18), tied=st.booleans())
def test_range_pitch_classes_and_ties_are_never_broken(seed, bars, tied):
    piece = compose(ensemble_plan(bars, seed, tied=tied), DRAFT)
    assert broken_rules(piece) == []
    assert piece.search is not None
    assert piece.search.cost_end <= piece.search.cost_start


def test_the_same_seed_gives_the_same_notes_and_another_seed_hardly_dearer_ones():
    first, again, other = (compose(ensemble_plan(8, seed), DRAFT) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.pitch, again.pitch)
    assert other.search.cost_end == pytest.approx(first.search.cost_end, rel=0.05)


def test_threads_change_nothing():
    plan = ensemble_plan(4)
    one, two = (compose(plan, Effort(effort="normal"), threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.pitch, two.pitch)
    assert one.search.cost_end == two.search.cost_end


def test_how_sweeps_are_cut_into_rounds_changes_nothing():
    posed = pose(ensemble_plan(4))
    heat = run.temperatures(30)
    whole, cut = empty_state(posed.problem, 1), empty_state(posed.problem, 1)
    for state, rounds in ((whole, (30,)), (cut, (1, 7, 13, 9))):
        cpu.start(posed.problem, state, 5)
        done = 0
        for n in rounds:
            cpu.anneal(posed.problem, state, 5, done, heat[done : done + n])
            done += n
    np.testing.assert_array_equal(whole.best_x, cut.best_x)


def test_more_effort_is_not_worse_and_far_better_than_chance():
    plan = ensemble_plan(16, tied=False)
    draft, normal = (compose(plan, Effort(effort=e)).search for e in ("draft", "normal"))
    assert draft.cost_end < 0.2 * draft.cost_start
    assert normal.cost_end <= draft.cost_end + 1


def test_a_search_says_how_far_from_the_best_it_can_be():
    plan = ensemble_plan(2)
    draft, normal = (compose(plan, Effort(effort=e)).search for e in ("draft", "normal"))
    assert 0 < normal.lower_bound <= normal.cost_end
    assert normal.gap == normal.cost_end / normal.lower_bound - 1
    assert normal.bound_note is None
    assert draft.lower_bound is None
    assert draft.gap is None
    assert "no lower bound" in draft.bound_note
    assert 0 < draft.proven <= 1
    assert all(0 <= share <= 1 for share in normal.accepted.values())


def test_a_problem_too_large_for_a_bound_says_so(monkeypatch):
    monkeypatch.setattr(run, "BOUND_CANDIDATES", 10)
    facts = compose(ensemble_plan(1), Effort(effort="normal")).search
    assert facts.lower_bound is None
    assert "too long" in facts.bound_note


def test_the_tension_asked_for_is_approached():
    plan = ensemble_plan(8, tied=False)
    low, high = (
        {"diameter": np.full(8, 2.0 + d), "momentum": np.full(8, 0.3 + d / 2), "strain": np.full(8, 0.6 + d)}
        for d in (0.0, 1.0)
    )
    from tensionbgm.music.notes import from_piece
    from tensionbgm.music.tension import measure
    from tensionbgm.music.windows import windows

    def strain(targets: dict[str, np.ndarray]) -> float:
        notes = from_piece(compose(plan, DRAFT, targets=targets))
        return float(measure(notes, notes.keys, windows(notes), ["strain"])["strain"].mean())

    assert strain(low) < strain(high)


def test_percussion_keeps_its_pitches_and_velocities_stay():
    plan = ensemble_plan(2)
    piece = compose(plan, DRAFT)
    drums = plan.slots["part"] == 5
    np.testing.assert_array_equal(piece.pitch[drums], plan.slots["low"][drums])
    np.testing.assert_array_equal(piece.velocity, plan.slots["velocity"])


def test_a_plan_of_drums_alone_or_of_nothing_is_composed():
    assert len(compose(ensemble_plan(2, parts=("percussion",)), DRAFT).pitch) == 8
    empty = dataclasses.replace(ensemble_plan(2), slots=ensemble_plan(2).slots[:0])
    assert len(compose(empty, DRAFT).pitch) == 0


def test_ties_without_a_common_pitch_are_told_in_a_line():
    plan = ensemble_plan(2)
    slots = plan.slots.copy()
    slots["low"][0], slots["high"][0], slots["allowed"][0] = 60, 61, 1 << 5
    with pytest.raises(InputError, match=r"no pitch in common.*; widen"):
        compose(dataclasses.replace(plan, slots=slots), DRAFT)


def test_a_role_there_is_none_of_is_told_in_a_line():
    part = dataclasses.replace(ENSEMBLE[0], role="kazoo")
    with pytest.raises(InputError, match="kazoo"):
        compose(dataclasses.replace(ensemble_plan(2), parts=(part, *ENSEMBLE[1:])), DRAFT)


def test_cancelling_stops_the_search():
    ticks: list[float] = []
    watch = Watch(report=lambda _stage, f: ticks.append(f), cancelled=lambda: len(ticks) > 1)
    with pytest.raises(Cancelled):
        compose(ensemble_plan(16), DRAFT, watch)


def test_progress_rises_to_one():
    ticks: list[float] = []
    compose(ensemble_plan(8), DRAFT, Watch(report=lambda _stage, f: ticks.append(f)))
    assert ticks == sorted(ticks)
    assert ticks[-1] == 1.0


def test_seconds_limit_the_search_and_keep_the_rules():
    piece = compose(ensemble_plan(8), Effort(effort="best", seconds=0.3))
    assert broken_rules(piece) == []
    assert piece.search.cost_end < piece.search.cost_start


@pytest.mark.parametrize(
    "effort",
    [
        Effort(effort="heroic"),
        Effort(seconds=0.0),
        Effort(seconds=float("nan")),
        Effort(seconds=float("inf")),
        Effort(device="abacus"),
    ],
)
def test_a_bad_effort_is_a_usage_error(effort):
    with pytest.raises(UsageError):
        compose(ensemble_plan(1), effort)


def test_cuda_without_a_device_is_a_usage_error(monkeypatch):
    monkeypatch.setattr(kernels, "cuda_answers", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device answers"):
        compose(ensemble_plan(1), Effort(device="cuda"))


@pytest.mark.parametrize("seed", range(4))
def test_a_small_piece_is_solved_to_its_proven_optimum(seed):
    """Every one of the thousands of ways to fill a bar is tried; the search finds the cheapest."""
    plan = ensemble_plan(1, seed, parts=("melody", "bass"))
    slots = plan.slots.copy()
    slots["high"] = np.minimum(slots["high"], slots["low"] + (10, 9, 8, 7)[seed])
    slots["chord"] = (0x291, 0x884, 0x111, 0x0AD)[seed]
    plan = dataclasses.replace(plan, slots=slots)
    posed = pose(plan)
    start = posed.problem.domain_start
    domains = [posed.problem.domain_pitch[a:b] for a, b in itertools.pairwise(start)]
    ways = np.array(list(itertools.product(*domains)))
    state = empty_state(posed.problem, len(ways))
    state.x[...] = ways
    cpu.restart(posed.problem, state, threads=1)
    assert len(ways) > 1000
    found = compose(plan, Effort(effort="normal")).search
    assert found.cost_end == state.cost[:, 0].min() / rules.POINT


@pytest.mark.parametrize("seed", [-1, 2**70])
def test_any_whole_number_is_a_seed(seed):
    assert broken_rules(compose(ensemble_plan(1, seed), DRAFT)) == []


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("part", 99, "no part"),
        ("part", -1, "no part"),
        ("duration_tick", 0, "no length"),
        ("onset_tick", -5, "before the music"),
        ("low", 100, "no range"),
        ("high", 300, "no range"),
        ("allowed", 0xF000, "no pitch class"),
        ("shift", -30000, "shifted"),
        ("onset_tick", 9600, "out of order"),
    ],
)
def test_a_plan_with_an_impossible_slot_is_told_in_a_line(field, value, fault):
    plan = ensemble_plan(2)
    slots = plan.slots.copy()
    slots[field][0] = value
    with pytest.raises(InputError, match=fault):
        compose(dataclasses.replace(plan, slots=slots), DRAFT)


@pytest.mark.parametrize(
    "change",
    [
        {"keys": ()},
        {"keys": (Key(0, 12, "major"),)},
        {"keys": (Key(0, 0, "dorian"),)},
        {"chords": (Chord(0, 0, "C", 1, 0, 0),)},
        {"chords": (Chord(0, 9, "C", 1, 13, 0),)},
        {"chords": (Chord(9, 10, "C", 1, 0, 0), Chord(0, 9, "C", 1, 0, 0))},
        {"curve": Curve(np.array([0.0]), np.array([np.nan]), "file")},
    ],
)
def test_a_plan_with_impossible_harmony_or_curve_is_told_in_a_line(change):
    with pytest.raises(InputError, match="plan the piece again"):
        compose(dataclasses.replace(ensemble_plan(2), **change), DRAFT)
