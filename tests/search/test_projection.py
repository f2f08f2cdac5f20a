"""Targets are brought to what tied bars can reach, and what is lost by it is told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from search_plans import BAR, ensemble_plan

from tensionbgm.forms import DIATONIC, Key, Plan
from tensionbgm.kernels import rules, walk
from tensionbgm.music import spiral
from tensionbgm.search import groups, problem, projection

N = 12
VALUES = arrays.arrays(float, N, elements=st.floats(-3, 3))
WEIGHTS = arrays.arrays(float, N, elements=st.floats(0.1, 5))
SETS = st.lists(st.integers(0, 4), min_size=N, max_size=N).map(
    lambda names: np.array([names.index(name) for name in names])
)


def off(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> float:
    return float((weight * (a - b) ** 2).sum())


@given(target=VALUES, first=SETS, weight=WEIGHTS)
def test_what_is_reachable_stays(target, first, weight):
    once = projection.project(target, first, weight)
    np.testing.assert_allclose(projection.project(once, first, weight), once, atol=1e-12)


@given(target=VALUES, other=VALUES, first=SETS, weight=WEIGHTS)
def test_nothing_reachable_is_nearer(target, other, first, weight):
    nearest = projection.project(target, first, weight)
    assert off(target, nearest, weight) <= off(target, other[first], weight) + 1e-9
    np.testing.assert_array_equal(nearest, nearest[first])


@given(target=VALUES)
def test_without_ties_nothing_is_lost(target):
    np.testing.assert_array_equal(projection.project(target, np.arange(N)), target)


def test_a_plan_without_ties_reaches_all_it_wants():
    plan = ensemble_plan(16, tied=False)
    assert set(projection.irreducible(plan).values()) == {0.0}
    for name, value in groups.wanted(plan).items():
        np.testing.assert_array_equal(projection.reachable(plan)[name], value)


def test_bars_that_return_are_one_set_and_steps_where_both_bars_return():
    plan = ensemble_plan(18)
    first = projection.tied_bars(plan)
    assert first.tolist() == [*range(8), *range(8), 16, 17]
    assert projection.tied_steps(first).tolist() == [*range(9), *range(1, 8), 16, 17]
    lost = projection.irreducible(plan)
    assert all(lost[name] > 0.01 for name in ("diameter", "momentum", "strain", "curve"))


def alike(plan: Plan) -> bool:
    return bool(projection.tied_bars(plan)[8] == 0)


def test_a_return_in_another_key_or_by_steps_is_alike_only_if_it_sounds_so():
    plan = ensemble_plan(16)
    moved = plan.slots.copy()
    moved["shift"][moved["onset_tick"] >= 8 * BAR] = 2
    assert not alike(dataclasses.replace(plan, slots=moved))
    there = (plan.keys[0], Key(8, 11, "minor"))
    assert alike(dataclasses.replace(plan, slots=moved, keys=there))
    moved["how"][moved["onset_tick"] >= 8 * BAR] = DIATONIC
    assert not alike(dataclasses.replace(plan, slots=moved))


def test_a_bar_of_which_much_is_free_is_no_return():
    plan = ensemble_plan(16)
    free = plan.slots.copy()
    bass = (free["part"] == 4) & (free["onset_tick"] >= 8 * BAR)
    pad = (free["part"] == 3) & (free["onset_tick"] >= 8 * BAR)
    free["tie"][bass] = 10_000 + np.arange(bass.sum())
    assert alike(dataclasses.replace(plan, slots=free))
    free["tie"][pad] = 20_000 + np.arange(pad.sum())
    assert not alike(dataclasses.replace(plan, slots=free))


@pytest.mark.parametrize("seed", range(3))
def test_alike_bars_have_one_strain_whatever_the_notes(seed):
    plan = ensemble_plan(16)
    posed = problem.pose(plan)
    chain = walk.chain_of(problem.empty_state(posed.problem, 1), 0)
    walk.start(posed.problem, chain, seed, 0)
    centre = chain.centre[: plan.grid.n_bars]
    np.testing.assert_array_equal(centre[8:16], centre[:8])
    strain = np.linalg.norm(centre / 1024 - spiral.key_point("minor"), axis=1)
    np.testing.assert_allclose(strain, strain[projection.tied_bars(plan)])


def test_the_search_aims_at_what_can_be_reached():
    plan = ensemble_plan(16)
    default = problem.pose(plan).problem.group
    given = problem.pose(plan, projection.reachable(plan)).problem.group
    aims = [rules.STRAIN_AIM, rules.MOMENTUM_AIM, rules.DIAMETER_AIM, rules.MEAN_AIM]
    np.testing.assert_array_equal(default[:, aims], given[:, aims])


def test_what_is_reachable_in_a_plan_stays():
    plan = ensemble_plan(16)
    once = projection.reachable(plan)
    again = projection.reachable(plan, once)
    for name, value in once.items():
        np.testing.assert_allclose(again[name], value, atol=1e-6)
    assert max(projection.irreducible(plan, once)[name] for name in once) < 1e-6
