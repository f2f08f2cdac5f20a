"""The exact optimum of tonal tension: against brute force, the beam, and what annealing finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from exact_plans import windows_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.kernels import cpu, rules
from tensionbgm.search import run, vns
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.skeleton import optimum, tonal

SUITE = [
    ([0, 1, 2, 3, 4], 3, 0),
    ([0, 1, 2, 3, 4], 3, 1),
    ([0, 1, 2, 0, 1, 2, 3], 3, 3),
    ([0, 1, 1, 0], 4, 4),
]


def cost_at(problem: rules.Problem, x: np.ndarray) -> int:
    state = empty_state(problem, 1)
    state.x[0] = x
    cpu.restart(problem, state)
    return int(state.cost[0, 0])


def brute_force(problem: rules.Problem) -> int:
    edge = itertools.pairwise(problem.domain_start)
    choices = np.array(list(itertools.product(*(problem.domain_pitch[a:b] for a, b in edge))), np.int64)
    state = empty_state(problem, len(choices))
    state.x[:] = choices
    cpu.restart(problem, state, threads=1)
    return int(state.cost[:, 0].min())


def annealed(problem: rules.Problem, sweeps: int = 8000, chains: int = 3) -> int:
    state = empty_state(problem, chains)
    cpu.start(problem, state, 0, threads=1)
    cpu.anneal(problem, state, 0, 0, run.temperatures(sweeps), threads=1)
    return int(state.cost[:, 1].min())


FORMS = st.sampled_from(
    [[0], [0, 1], [0, 1, 2], [0, 1, 0], [0, 0, 1], [0, 1, 1, 0], [0, 1, 2, 0, 1], [0, 1, 0, 2, 0]]
)


@pytest.mark.slow
@settings(max_examples=40)
@given(form=FORMS, seed=st.integers(0, 999), allowed=st.sampled_from([0b10010001, 0b100010000101]))
def test_it_is_what_brute_force_finds(form, seed, allowed):
    problem = windows_problem(form, 2, seed, allowed)
    best = optimum(problem)
    assert best.cost == brute_force(problem) == cost_at(problem, best.x)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), moved=st.integers(-6, 6), at=st.integers(2, 3))
def test_a_section_that_returns_transposed_is_one_chain(seed, moved, at):
    problem = windows_problem([0, 1, 0, 1], 2, seed, 0b10010001, {at: moved})
    best = optimum(problem)
    assert best.cost == brute_force(problem) == cost_at(problem, best.x)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), pitch_cost=st.lists(st.integers(0, 200), min_size=18, max_size=18))
def test_what_pitches_cost_by_themselves_counts(seed, pitch_cost):
    problem = windows_problem([0, 1, 2], 2, seed, 0b10010001)
    problem = problem._replace(domain_cost=np.array(pitch_cost))
    assert optimum(problem).cost == brute_force(problem)


@settings(max_examples=20)
@given(seed=st.integers(0, 999), beam=st.integers(1, 60))
def test_a_beam_is_never_better_and_a_wide_one_as_good(seed, beam):
    problem = windows_problem(list(range(8)), 3, seed)
    best, narrow = optimum(problem), optimum(problem, beam=beam)
    assert narrow.cost >= best.cost
    assert narrow.cost == cost_at(problem, narrow.x)
    assert optimum(problem, beam=10_000).cost == best.cost


@pytest.mark.slow
@settings(max_examples=10)
@given(seed=st.integers(0, 999), chain_seed=st.integers(0, 99))
def test_nothing_annealed_or_found_by_neighbourhoods_is_cheaper(seed, chain_seed):
    problem = windows_problem([0, 1, 2, 3, 0, 1, 4], 3, seed)
    best = optimum(problem).cost
    assert annealed(problem, 50, 1) >= best
    assert vns.search(problem, 3000, chain_seed).cost >= best


@pytest.mark.parametrize(("form", "voices", "seed"), SUITE)
def test_annealing_comes_within_a_hundredth_of_it(form, voices, seed):
    problem = windows_problem(form, voices, seed)
    assert annealed(problem) <= 1.01 * optimum(problem).cost


def test_it_is_the_same_every_time():
    one, two = (optimum(windows_problem(list(range(12)), 4, 5)) for _ in range(2))
    assert one.cost == two.cost
    np.testing.assert_array_equal(one.x, two.x)


def test_neighbourhoods_find_the_same_for_the_same_seed_and_never_worse_for_more():
    problem = windows_problem(list(range(10)), 3, 1)
    little, again, much = (vns.search(problem, n, 3) for n in (5000, 5000, 50_000))
    assert little.cost == again.cost == cost_at(problem, little.x)
    np.testing.assert_array_equal(little.x, again.x)
    assert much.cost <= little.cost


def test_two_minutes_of_windows_are_searched_exactly():
    problem = windows_problem(list(range(240)), 4, 0)
    best = optimum(problem)
    assert best.cost == cost_at(problem, best.x)


def without_means(problem: rules.Problem) -> rules.Problem:
    """The same, no window being part of a longer one."""
    problem.group[:, [rules.MEAN_OF, rules.MEAN_WEIGHT]] = 0
    return problem


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (lambda: pose(ensemble_plan(2)).problem, "factors"),
        (lambda: tonal(pose(ensemble_plan(2)).problem), "mean diameters"),
        (lambda: without_means(tonal(pose(ensemble_plan(2)).problem)), "held or tied over"),
    ],
)
def test_what_cannot_be_exact_is_refused(problem, why):
    with pytest.raises(ValueError, match=why):
        optimum(problem())


def test_too_many_states_are_refused():
    with pytest.raises(ValueError, match="more than 50 states"):
        optimum(windows_problem([0, 1], 4), limit=50)


def test_sections_that_hang_together_all_round_are_refused():
    every_pair = [0, 1, 2, 3, 0, 2, 1, 3]
    with pytest.raises(ValueError, match="interleaved"):
        optimum(windows_problem(every_pair, 2))


def test_a_beam_of_nothing_is_refused():
    with pytest.raises(ValueError, match="beam of 0"):
        optimum(windows_problem([0, 1]), beam=0)
