"""The lower bound: below brute force, below everything the search finds, and worth something."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from exact_plans import windows_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.config import Effort
from tensionbgm.forms import Plan
from tensionbgm.kernels import cpu, rules
from tensionbgm.search import groups, relaxed, run, tangents
from tensionbgm.search.bound import bound
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.skeleton import optimum

ROLES = ("melody", "counter", "arpeggio", "pad", "bass")


def narrow(plan: Plan, choices: int) -> Plan:
    """The same plan with few pitches to choose from, so that all can be tried."""
    slots = plan.slots.copy()
    slots["allowed"] = 0xFFF
    slots["low"] = (slots["low"] + slots["high"]) // 2 + 3 * slots["voice"]
    slots["high"] = slots["low"] + choices - 1 + np.maximum(slots["shift"], 0)
    return dataclasses.replace(plan, slots=slots)


def costs_of(problem: rules.Problem, x: np.ndarray) -> np.ndarray:
    """Cost of each row of pitches (n, V)."""
    state = empty_state(problem, len(x))
    state.x[:] = x
    cpu.restart(problem, state, threads=1)
    return state.cost[:, 0]


def all_pitches(problem: rules.Problem) -> np.ndarray:
    edge = itertools.pairwise(problem.domain_start)
    return np.array(list(itertools.product(*(problem.domain_pitch[a:b] for a, b in edge))), np.int64)


@pytest.mark.slow
@settings(max_examples=15)
@given(
    parts=st.sampled_from([("melody", "bass"), ("counter", "bass"), ("melody", "pad"), ("pad", "bass")]),
    bars=st.integers(1, 2),
    choices=st.integers(2, 3),
    passes=st.integers(0, 40),
    boxes=st.integers(1, 64),
)
def test_no_pitches_cost_less(parts, bars, choices, passes, boxes):
    problem = pose(narrow(ensemble_plan(bars, parts=parts, tied=False), choices)).problem
    if len(problem.domain_start) > 10:
        problem = pose(narrow(ensemble_plan(bars, parts=parts, tied=False), 2)).problem
    assert bound(problem, passes, boxes).cost <= costs_of(problem, all_pitches(problem)).min()


@settings(max_examples=15)
@given(seed=st.integers(0, 999), boxes=st.integers(1, 400))
def test_it_is_below_the_exact_optimum_and_reaches_it_for_windows_that_fit(seed, boxes):
    problem = windows_problem(list(range(6)), 3, seed)
    no_sets = problem._replace(group=problem.group.copy())
    no_sets.group[:, rules.DIAMETER_WEIGHT] = 0
    found = bound(no_sets, 0, boxes)
    assert found.cost <= optimum(no_sets).cost
    assert found.cost == optimum(no_sets).cost or found.boxed
    assert bound(problem, 0, boxes).cost <= optimum(problem).cost


@pytest.mark.slow
@settings(max_examples=8)
@given(seed=st.integers(0, 999), bars=st.sampled_from([1, 4, 18]), tied=st.booleans())
def test_every_annealed_state_costs_more(seed, bars, tied):
    problem = pose(ensemble_plan(bars, tied=tied)).problem
    least = bound(problem, 20).cost
    state = empty_state(problem, 2)
    cpu.start(problem, state, seed, threads=1)
    for k, heat in enumerate((500, 50, 4, 0)):
        cpu.anneal(problem, state, seed, 10 * k, np.full(10, heat), threads=1)
        assert (state.cost >= least).all()


@pytest.mark.parametrize("tied", [True, False])
def test_more_passes_are_never_worse(tied):
    problem = pose(ensemble_plan(9, tied=tied)).problem
    moved = relaxed.relax(problem)
    found = [moved.bound()]
    for passes, arity in ((2, 3), (6, 4), (24, 3), (2, 4)):
        moved.ascend(passes, arity)
        found.append(moved.bound())
    assert found == sorted(found)
    assert bound(problem, 2).voice_leading == found[1]


def test_moving_costs_leaves_what_every_piece_costs():
    problem = pose(narrow(ensemble_plan(1, parts=("melody", "bass")), 3)).problem
    moved = relaxed.relax(problem)
    before = [_voice_leading(moved, x) for x in all_pitches(problem)[::7]]
    moved.ascend(5)
    assert [_voice_leading(moved, x) for x in all_pitches(problem)[::7]] == before


def places(problem: rules.Problem, x: np.ndarray) -> np.ndarray:
    """Where in the domains the pitches stand, int (V,)."""
    edge = itertools.pairwise(problem.domain_start.tolist())
    return np.array(
        [
            a + int(np.flatnonzero(problem.domain_pitch[a:b] == p)[0])
            for (a, b), p in zip(edge, x, strict=True)
        ]
    )


def _voice_leading(moved: relaxed.Relaxed, x: np.ndarray) -> int:
    """What pitches cost in factors and by themselves, as costs now lie."""
    problem, f = moved.problem, moved.factors
    start = problem.domain_start
    place = [
        int(np.flatnonzero(problem.domain_pitch[start[v] : start[v + 1]] == p)[0]) for v, p in enumerate(x)
    ]
    total = sum(int(moved.cost[start[v] + k]) for v, k in enumerate(place))
    for k, scope in enumerate(f.variables):
        row = 0
        for i, v in enumerate(scope[scope >= 0]):
            row = row * int(start[v + 1] - start[v]) + place[v]
            total -= int(moved.message[moved.message_start[k, i] + place[v]])
        total += int(f.table[f.start[k] + row])
    return total


def test_the_tables_say_what_the_search_pays():
    problem = pose(narrow(ensemble_plan(2, tied=False), 3)).problem
    state = empty_state(problem, 1)
    cpu.start(problem, state, 4)
    x = state.x[0]
    paid = sum(rules.factors_cost(problem, x, v, True) for v in range(len(x)))
    at = problem.domain_start[:-1] + [
        int(np.flatnonzero(problem.domain_pitch[a:b] == p)[0])
        for (a, b), p in zip(itertools.pairwise(problem.domain_start), x, strict=True)
    ]
    paid += int(problem.domain_cost[at].sum())
    assert _voice_leading(relaxed.relax(problem), x) == paid * relaxed.FINE


def test_it_is_worth_something_where_tension_and_voice_leading_do_not_fight(monkeypatch):
    monkeypatch.setattr(groups, "WEIGHTS", dict.fromkeys(groups.WEIGHTS, 8.0))
    plan = ensemble_plan(8, tied=False)
    found = bound(pose(plan).problem)
    cost = run.compose(plan, Effort(effort="normal")).search.cost_end * rules.POINT
    assert 0 < found.cost <= cost
    assert found.gap(cost) < 1.0


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    bars=st.sampled_from([1, 3, 10]),
    scales=st.sampled_from([("bar",), ("beat", "bar")]),
    tolerance=st.sampled_from([0.0, 0.05]),
)
def test_planes_are_never_above_strain_and_momentum(seed, bars, scales, tolerance):
    plan = ensemble_plan(bars)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "SCALES", scales)
        patch.setattr(groups, "TOLERANCE", dict.fromkeys(groups.TOLERANCE, tolerance))
        problem = pose(plan).problem
    tension, start = tangents.Tangents(problem), problem.domain_start
    rng = np.random.default_rng(seed)
    at = tension.centres(rng.integers(start[:-1], start[1:]))
    plane, constant = tension.planes(at + rng.normal(scale=300, size=at.shape))
    state = empty_state(problem, 20)
    cpu.start(problem, state, seed, threads=1)
    linked = problem.group[:, rules.LINKED] > 0
    for n, x in enumerate(state.x):
        centre = state.centre[n]
        paid = sum(rules.strain_cost(problem, g, *centre[g]) for g in range(len(linked)))
        paid += sum(
            rules.momentum_cost(problem, g, *centre[g], centre, g - 1) for g in np.flatnonzero(linked)
        )
        assert plane[places(problem, x)].sum() + constant <= paid + 1e-6


def test_planes_touch_where_music_is_too_tense():
    problem = pose(ensemble_plan(8)).problem
    tension, start = tangents.Tangents(problem), problem.domain_start
    chosen = np.random.default_rng(1).integers(start[:-1], start[1:])
    plane, constant = tension.planes(tension.centres(chosen))
    assert plane[chosen].sum() + constant > 0


def test_weighing_tension_against_lines_gains_on_both_alone():
    problem = pose(ensemble_plan(8, tied=False)).problem
    found = bound(problem, 10)
    assert found.together > 1.05 * (found.voice_leading + found.skeleton)


def test_an_empty_plan_costs_nothing():
    plan = ensemble_plan(2)
    assert bound(pose(dataclasses.replace(plan, slots=plan.slots[:0])).problem).cost == 0
