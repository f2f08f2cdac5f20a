"""Replica exchange: the right odds, the same on every backend, and nothing lost."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.kernels import cpu
from tensionbgm.search import engine
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.tempering import exchange, ladder, temper

whole = st.integers(1, 10_000)


@given(heat=st.lists(whole, min_size=2, max_size=9), seed=st.integers(0, 2**32 - 1), turn=st.integers(0, 99))
def test_an_exchange_only_moves_temperatures_about(heat, seed, turn):
    cost = np.random.default_rng(seed).integers(0, 10**6, len(heat))
    after = exchange(np.array(heat), cost, seed, turn)
    np.testing.assert_array_equal(np.sort(after), np.sort(heat))


def test_a_cheaper_chain_that_is_hotter_always_gets_the_colder_place():
    after = exchange(np.array([500, 100]), np.array([10, 900]), 0, 0)
    np.testing.assert_array_equal(after, [100, 500])


def test_the_odds_of_a_loss_are_those_of_boltzmann():
    """Costs 100 apart at temperatures 200 and 100: exp(-100 (1/100 - 1/200)) = exp(-1/2)."""
    heat, cost = np.array([200, 100]), np.array([1100, 1000])
    traded = [exchange(heat, cost, seed, 0)[0] == 100 for seed in range(3000)]
    assert abs(np.mean(traded) - math.exp(-0.5)) < 0.03


def test_a_ladder_falls_and_is_repeated_for_many_chains():
    rungs = ladder(70, 512, 4)
    assert rungs[0] == 512
    assert rungs[31] == 4
    assert (np.diff(rungs)[:31] <= 0).all()
    np.testing.assert_array_equal(rungs[32:64], rungs[:32])


def test_tempering_is_the_same_with_any_threads_and_keeps_the_best():
    problem = pose(ensemble_plan(2)).problem
    found = []
    for threads in (1, 2):
        state = empty_state(problem, 4)
        chains = cpu.Chains(problem, state, threads=threads)
        chains.start(3)
        first = state.cost[:, 0].min()
        assert 0 < temper(chains, 3, 60, 600, 400) < 1
        chains.fetch()
        assert state.cost[:, 1].min() < first
        found.append(state.best_x.copy())
    np.testing.assert_array_equal(*found)


def test_many_chains_are_tempered_and_few_are_not(monkeypatch):
    problem, called = pose(ensemble_plan(1)).problem, []
    monkeypatch.setattr(engine.tempering, "temper", lambda *arguments: called.append(arguments) or 0.0)
    for chains in (2, engine.tempering.MANY):
        found = engine.solve(problem, engine.Schedule(chains, 1, (5, 5)), cpu, threads=1)
        assert found.cost <= engine.cost_of(problem, found.x_start)
    assert len(called) == 1
