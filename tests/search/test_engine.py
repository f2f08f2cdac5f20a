"""The engine on problems whose optimum is known."""

from __future__ import annotations

import numpy as np
import pytest
from exact_plans import windows_problem

from tensionbgm.kernels import cpu
from tensionbgm.search import engine
from tensionbgm.search.engine import Schedule
from tensionbgm.search.problem import empty_state
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
