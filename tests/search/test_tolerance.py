"""Tolerance about a target: nothing is paid within it, beyond it the excess squared, by every judge alike."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from exact_plans import windows_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan
from test_skeleton import brute_force, cost_at

from tensionbgm.kernels import cpu, rules, walk
from tensionbgm.music import scale
from tensionbgm.search import groups, morpheus_beam
from tensionbgm.search.bound import bound
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.skeleton import optimum

BANDS = [rules.DIAMETER_BAND, rules.MOMENTUM_BAND, rules.STRAIN_BAND, rules.MEAN_BAND]
COMPONENTS = tuple(groups.WEIGHTS)
level, band = st.integers(0, 1024), st.integers(0, 1024)


def banded(problem: rules.Problem, widths: list[int]) -> rules.Problem:
    """The problem with other bands."""
    group = problem.group.copy()
    group[:, BANDS] = widths
    return problem._replace(group=group)


@given(value=level, aim=level, width=band, weight=st.integers(0, 2**26))
def test_what_lies_within_costs_nothing_and_what_lies_beyond_its_excess_squared(value, aim, width, weight):
    excess = max(abs(value - aim) - width, 0)
    assert rules.misfit(value, aim, weight, width) == pytest.approx(
        excess**2 * weight / 2**rules.TENSION_SHIFT, abs=0.5
    )
    many = rules.misfit(np.full(3, value), aim, weight, width)  # as the beam asks
    assert (many == rules.misfit(value, aim, weight, width)).all()


@given(value=level, aim=level, width=band, wider=band, weight=st.integers(0, 2**26))
def test_a_wider_tolerance_never_costs_more(value, aim, width, wider, weight):
    near, far = sorted((width, wider))
    assert rules.misfit(value, aim, weight, far) <= rules.misfit(value, aim, weight, near)


@settings(max_examples=10, deadline=None)
@given(width=st.fixed_dictionaries({name: st.floats(0, 0.5) for name in COMPONENTS}), seed=st.integers(0, 99))
def test_bars_cost_what_a_float_definition_says(width, seed):
    """Strain of the bars of a chain by `music.scale`, beyond what is tolerated."""
    plan = ensemble_plan(4, tied=False)
    targets = {name: np.full(4, value) for name, value in zip(COMPONENTS, (2.2, 0.7, 0.9), strict=True)}
    p = pose(plan, targets, tolerance=width).problem
    chain = walk.chain_of(empty_state(p, 1), 0)
    walk.start(p, chain, seed, 0)
    for g in range(4):
        away = chain.centre[g] - p.key_point[p.group[g, rules.KEY]]
        off = scale.level("strain", np.linalg.norm(away) / rules.RADIUS) - scale.level("strain", 0.9)
        points = groups.WEIGHTS["strain"] * max(abs(float(off)) - width["strain"], 0) ** 2
        found = rules.strain_cost(p, g, *chain.centre[g]) / rules.POINT
        assert found == pytest.approx(points, rel=0.02, abs=0.6)  # levels are whole 1024ths


def test_no_tolerance_is_the_default_and_costs_what_it_did():
    plan = ensemble_plan(9)
    none, default = (pose(plan, tolerance=t).problem for t in (dict.fromkeys(COMPONENTS, 0.0), None))
    np.testing.assert_array_equal(none.group, default.group)
    assert not default.group[:, BANDS].any()
    aim, weight, value = 300, groups.weight_of("strain"), np.arange(1024)
    squares = ((value - aim) ** 2 * weight + rules.TENSION_HALF) >> rules.TENSION_SHIFT
    np.testing.assert_array_equal(rules.misfit(value, aim, weight, 0), squares)


@pytest.mark.parametrize("width", [-0.1, 1.5, float("nan")])
def test_a_tolerance_that_is_no_level_is_refused(width):
    with pytest.raises(ValueError, match="no levels"):
        pose(ensemble_plan(1), tolerance=dict.fromkeys(COMPONENTS, width))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), widths=st.lists(st.integers(0, 300), min_size=4, max_size=4))
def test_the_exact_search_the_beam_and_the_bound_tolerate_the_same(seed, widths):
    problem = banded(windows_problem([0, 1, 0, 2], 2, seed, 0b10010001), widths)
    best = optimum(problem)
    assert best.cost == brute_force(problem) == cost_at(problem, best.x)
    path = morpheus_beam.search(problem, morpheus_beam.steps(problem), 10**6)
    assert path.exact
    assert path.cost == best.cost
    assert bound(problem, 0, 40).cost <= best.cost


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 999), widths=st.lists(st.integers(0, 200), min_size=4, max_size=4))
def test_no_annealed_pitches_cost_less_than_the_bound(seed, widths):
    problem = banded(pose(ensemble_plan(4)).problem, widths)
    least, state = bound(problem, 10).cost, empty_state(problem, 1)
    cpu.start(problem, state, seed, threads=1)
    for k, heat in itertools.product(range(3), (100, 4, 0)):
        cpu.anneal(problem, state, seed, k, np.full(4, heat), threads=1)
        assert (state.cost >= least).all()
