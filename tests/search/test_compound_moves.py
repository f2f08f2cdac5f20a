"""Compound moves and neighbourhoods: no rule is broken, no cost is lost, small ones are solved exactly."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.kernels import cpu, moves, rules, slices, walk
from tensionbgm.search import neighbourhood
from tensionbgm.search.moves import compound, exponential_table
from tensionbgm.search.problem import Posed, empty_state, pose

ALL = (1.0, 0.5, 1.0, 0.5, 1.0, 1.0)
ALONE = tuple(tuple(float(k == kind) for k in range(moves.KINDS)) for kind in range(moves.KINDS))


@functools.cache
def posed_plan(bars: int, seed: int) -> tuple[Posed, moves.Moves]:
    plan = ensemble_plan(bars, seed)
    posed = pose(plan)
    return posed, compound(plan, posed, ALL)


def inside(problem: rules.Problem, x: np.ndarray) -> bool:
    """Whether every pitch is one of its variable's domain."""
    edge = itertools.pairwise(problem.domain_start)
    return all(pitch in problem.domain_pitch[a:b] for pitch, (a, b) in zip(x, edge, strict=True))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bars=st.sampled_from([1, 4, 12]), heat=st.integers(0, 5000))
def test_after_thousands_of_moves_the_sums_are_those_of_the_pitches(seed, bars, heat):
    posed, changes = posed_plan(bars, 0)
    state, again = empty_state(posed.problem, 1), empty_state(posed.problem, 1)
    cpu.start(posed.problem, state, seed, threads=1)
    room = cpu.anneal(posed.problem, state, seed, 0, np.full(20, heat), threads=1, changes=changes)
    assert room.count[0, :, 0].sum() > 100
    again.x[...], again.best_x[...] = state.x, state.best_x
    cpu.restart(posed.problem, again, threads=1)
    for name in ("sums", "counts", "mask", "centre"):
        np.testing.assert_array_equal(getattr(state, name), getattr(again, name), err_msg=name)
    assert state.cost[0, 0] == again.cost[0, 0]
    assert inside(posed.problem, state.x[0])
    again.x[...] = state.best_x
    cpu.restart(posed.problem, again, threads=1)
    assert state.cost[0, 1] == again.cost[0, 0] <= state.cost[0, 0]


@pytest.mark.parametrize("kind", range(moves.KINDS))
def test_every_kind_of_move_is_made_and_sometimes_kept(kind):
    plan = ensemble_plan(8, tied=False)
    posed = pose(plan)
    state = empty_state(posed.problem, 1)
    cpu.start(posed.problem, state, 1, threads=1)
    changes = compound(plan, posed, ALONE[kind])
    room = cpu.anneal(posed.problem, state, 1, 0, np.full(20, 300), threads=1, changes=changes)
    proposed, kept = room.count[0, kind]
    assert 0 < kept < proposed
    assert room.count[0, :, 0].sum() == proposed


def test_what_is_fixed_stays():
    """Variables brought down to one pitch, as a lock does, are in no move and in no neighbourhood."""
    plan = ensemble_plan(8)
    posed = pose(plan)
    size = np.diff(posed.problem.domain_start)
    first = posed.problem.domain_start[:-1]
    keep = np.concatenate(
        [np.arange(a, a + (1 if v % 3 == 0 else n)) for v, (a, n) in enumerate(zip(first, size, strict=True))]
    )
    problem = posed.problem._replace(
        domain_pitch=posed.problem.domain_pitch[keep],
        domain_cost=posed.problem.domain_cost[keep],
        domain_start=np.concatenate([[0], np.cumsum(np.where(np.arange(len(size)) % 3 == 0, 1, size))]),
    )
    fixed = Posed(problem, *(getattr(posed, name) for name in ("pitched", "variable", "way", "n_slots")))
    changes, cut = compound(plan, fixed, ALL), neighbourhood.of_plan(plan, fixed)
    free = np.flatnonzero(np.diff(problem.domain_start) > 1)
    assert set(cut.variable) <= set(free)
    assert set(changes.run) | set(changes.swap.flat) | set(changes.slice.flat) <= set(free)
    state = empty_state(problem, 1)
    chains = cpu.Chains(problem, state, changes, 1)
    chains.start(0)
    before = state.x[0].copy()
    chains.anneal(0, 0, np.full(10, 5000))
    neighbourhood.polish(chains, cut, 1000, 2)
    still = np.setdiff1d(np.arange(len(before)), free)
    np.testing.assert_array_equal(state.x[0, still], before[still])
    assert (state.x[0] != before).any()


def test_two_variables_drawn_together_follow_boltzmann():
    """Two free variables with two pitches each, apart from all else: four ways, each e times as rare."""
    problem = pose(ensemble_plan(1, parts=("bass",))).problem
    none = np.zeros_like(problem.line_start)
    lone = problem._replace(
        line_start=none, vertical_start=none, bend_start=none, parallel_start=none, member_start=none
    )
    lone.domain_cost[:] = 10**6
    for v, dearer in ((0, 200), (1, 400)):
        at = lone.domain_start[v]
        lone.domain_cost[at : at + 2] = 0, dearer
    chain, draws = walk.chain_of(empty_state(lone, 1), 0), 4000
    walk.start(lone, chain, 0, 0)
    room = moves.room_of(moves.empty_room(1), 0)
    chain.x[0] = lone.domain_pitch[lone.domain_start[0]]
    seen = np.zeros(4)
    for k in range(draws):
        moves.redraw_pair(lone, chain, room, 0, 1, rules.mix(5, 6, k), 200)
        at = [int(chain.x[v] != lone.domain_pitch[lone.domain_start[v]]) for v in (0, 1)]
        seen[at[0] + 2 * at[1]] += 1
    expected = draws * np.exp(-np.arange(4.0)) / np.exp(-np.arange(4.0)).sum()
    assert (
        (seen - expected) ** 2 / expected
    ).sum() < 21  # chi-square with 3 degrees of freedom, p about 1e-4


def test_the_exponential_table_has_the_mean_of_the_distribution():
    assert exponential_table().mean() / rules.GUMBEL_ONE == pytest.approx(1, abs=0.01)
    assert math.isclose(np.median(exponential_table()) / rules.GUMBEL_ONE, math.log(2), abs_tol=0.01)


# --------------------------------------------------------------------------- neighbourhoods


def every_way(problem: rules.Problem, x: np.ndarray, variables: np.ndarray) -> int:
    """The least cost of all pitches of these variables, the others staying: by trying each."""
    edge = problem.domain_start
    ways = np.array(
        list(itertools.product(*(problem.domain_pitch[edge[v] : edge[v + 1]] for v in variables)))
    )
    state = empty_state(problem, len(ways))
    state.x[...] = x
    state.x[:, variables] = ways
    cpu.restart(problem, state, threads=1)
    return int(state.cost[:, 0].min())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bars=st.sampled_from([2, 10]), at=st.integers(0, 10**6))
def test_a_neighbourhood_is_solved_as_by_trying_everything(seed, bars, at):
    posed, _ = posed_plan(bars, 0)
    problem, rng = posed.problem, np.random.default_rng(at)
    size = np.diff(problem.domain_start)
    free = np.flatnonzero((size > 1) & (size < 13))
    first = at % (len(free) - 8)
    some = rng.permutation(free[first : first + 8])[: rng.integers(1, 4)].astype(np.int64)
    state = empty_state(problem, 1)
    chains = cpu.Chains(problem, state, threads=1)
    chains.start(seed)
    least = every_way(problem, state.x[0], some)
    chains.polish(slices.Slices(np.array([0, len(some)]), some), 0, 1, 10**7)
    assert state.cost[0, 0] == state.cost[0, 1] == least
    assert chains.polished()[0, slices.PROVEN] == 1
    chains.restart()
    assert state.cost[0, 0] == least
    assert not chains.bench.rank.any()
    assert not chains.bench.done.any()


def test_a_neighbourhood_whose_budget_ends_is_not_called_proven():
    posed, _ = posed_plan(2, 0)
    free = np.flatnonzero(np.diff(posed.problem.domain_start) > 1)[:6].astype(np.int64)
    state = empty_state(posed.problem, 1)
    chains = cpu.Chains(posed.problem, state, threads=1)
    chains.start(0)
    before = state.cost[0, 0]
    chains.polish(slices.Slices(np.array([0, 6]), free), 0, 1, 8)
    assert chains.polished()[0, slices.PROVEN] == 0
    assert state.cost[0, 0] <= before
    assert inside(posed.problem, state.x[0])


def test_polishing_ends_where_no_neighbourhood_holds_anything_better():
    plan = ensemble_plan(4)
    posed = pose(plan)
    cut, state = neighbourhood.of_plan(plan, posed), empty_state(posed.problem, 1)
    chains = cpu.Chains(posed.problem, state, threads=1)
    chains.start(0)
    before = state.cost[0, 0]
    proven = neighbourhood.polish(chains, cut, 10**6, 50)
    assert proven[0] == 1
    assert state.cost[0, 0] < before
    stopped = state.x[0].copy()
    neighbourhood.polish(chains, cut, 10**6, 1)
    np.testing.assert_array_equal(state.x[0], stopped)
