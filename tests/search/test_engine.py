"""The engine on problems whose optimum is known."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from exact_plans import windows_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.kernels import cpu
from tensionbgm.progress import Watch
from tensionbgm.search import engine, neighbourhood, run
from tensionbgm.search.engine import Schedule
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.skeleton import optimum

SHORT = Schedule(chains=1, candidates=200_000, sweeps=(40, 120))
A, B = list(range(8)), list(range(8, 16))


@pytest.mark.parametrize("voices", [3, 4])
@pytest.mark.parametrize(("form", "returns"), [(A + B, False), (A + B + A, True)])
@pytest.mark.parametrize("seed", [0, 1])
def test_tension_alone_ends_within_a_hundredth_of_the_optimum(form, returns, voices, seed):
    problem = windows_problem(form, voices, seed)
    found, best = engine.solve(problem, SHORT, cpu, seed), optimum(problem)
    assert best.cost <= found.cost <= 1.01 * best.cost
    assert found.cost == engine.cost_of(problem, found.x)
    assert found.exact != returns


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_no_whole_can_be_had_neighbourhoods_gain_on_annealing(seed, monkeypatch):
    monkeypatch.setattr(engine, "_whole", lambda problem: None)
    problem = windows_problem(A + B, 3, seed)
    annealed = empty_state(problem, 1)
    cpu.start(problem, annealed, seed)
    sweeps = engine.temperatures(SHORT.sweeps[1])
    cpu.anneal(problem, annealed, seed, 0, sweeps)
    found, best = engine.solve(problem, SHORT, cpu, seed), optimum(problem)
    assert found.sweeps == len(sweeps)
    assert best.cost <= found.cost < annealed.cost[0, 1]
    assert 0 < found.proven <= 1


def test_a_problem_without_choice_is_solved_at_once():
    problem = windows_problem([0, 1], 2, 0)
    first = problem.domain_start[:-1]
    fixed = problem._replace(
        domain_start=np.arange(len(first) + 1),
        domain_pitch=problem.domain_pitch[first],
        domain_cost=problem.domain_cost[first],
    )
    np.testing.assert_array_equal(engine.solve(fixed, SHORT, cpu).x, fixed.domain_pitch)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bars=st.integers(1, 6))
def test_more_effort_is_never_worse(seed, bars):
    problem = pose(ensemble_plan(bars)).problem
    little = Schedule(chains=1, candidates=1, sweeps=(12, 12))
    more = Schedule(chains=2, candidates=1, sweeps=(8, 8), first=little)
    most = Schedule(chains=1, candidates=1, sweeps=(7, 7), first=more)
    found = [engine.solve(problem, schedule, cpu, seed) for schedule in (little, more, most)]
    costs = [one.cost for one in found]
    assert costs == sorted(costs, reverse=True)
    assert [one.sweeps for one in found] == [12, 12 + 2 * 8, 12 + 2 * 8 + 7]
    assert found[-1].cost == engine.cost_of(problem, found[-1].x)


def test_the_efforts_that_are_shipped_begin_with_the_smaller_ones():
    assert run.SCHEDULES["best"].first == run.SCHEDULES["normal"]
    assert run.SCHEDULES["normal"].first == run.SCHEDULES["draft"]
    assert run.DEVICE_BEST.first == run.SCHEDULES["normal"]


def test_progress_rises_from_nothing_to_all_over_the_steps_of_an_effort():
    heard = []
    schedule = dataclasses.replace(SHORT, first=SHORT)
    engine.solve(
        pose(ensemble_plan(2)).problem,
        schedule,
        cpu,
        watch=Watch(lambda _, fraction: heard.append(fraction)),
    )
    assert heard[0] == 0
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert any(0 < fraction < 0.5 for fraction in heard)


@pytest.mark.parametrize("seconds", [0.5, 3.0, 20.0])
def test_nothing_is_begun_when_the_time_is_up(seconds, monkeypatch):
    """A clock that goes on by a hundredth of a second whenever it is looked at, and by more at work."""
    now, begun = [0.0], []

    def look():
        now[0] += 0.01
        return now[0]

    class Slow(cpu.Chains):
        def anneal(self, seed, first_sweep, temperature):
            begun.append(now[0])
            now[0] += 0.02 * len(temperature)
            super().anneal(seed, first_sweep, temperature)

        def polish(self, slices, first, stop, budget):
            begun.append(now[0])
            now[0] += 0.05
            super().polish(slices, first, stop, budget)

    for room in (engine, neighbourhood):
        monkeypatch.setattr(room, "time", SimpleNamespace(perf_counter=look))
    problem = pose(ensemble_plan(4)).problem
    twin = SimpleNamespace(Chains=Slow)
    found = engine.solve(problem, SHORT, twin, seconds=seconds)
    greedy = 0.02 * engine.GREEDY_SWEEPS
    ready = begun[2]  # what comes before is the compiler's
    assert all(at <= ready + seconds + greedy for at in begun)
    assert begun[-1] >= ready + 0.6 * seconds
    assert found.cost <= engine.cost_of(problem, found.x_start)
    assert (np.diff(begun) >= 0).all()


def test_in_a_time_given_there_are_no_more_chains_than_cores():
    problem = pose(ensemble_plan(1)).problem
    schedule = dataclasses.replace(SHORT, chains=8)
    assert engine.solve(problem, schedule, cpu, seconds=0.1, threads=2).chains == 2
    assert engine.solve(problem, schedule, cpu, threads=2).chains == 8
