"""Delayed acceptance: the chain has the distribution it should, and no judge is no difference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from search_plans import ensemble_plan

from tensionbgm.config import Effort
from tensionbgm.kernels import cpu, rules
from tensionbgm.search import delayed, groups
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.run import compose

HEAT = 3 * rules.POINT


def narrow_problem() -> tuple[rules.Problem, np.ndarray]:
    """Three variables with two pitches each, the others fixed; and all eight ways, int64 (8, V)."""
    problem = pose(ensemble_plan(1, parts=("melody", "bass"))).problem
    size = np.diff(problem.domain_start)
    left = np.where(np.arange(len(size)) < 3, 2, 1)
    kept = np.concatenate([np.arange(a, a + n) for a, n in zip(problem.domain_start, left, strict=False)])
    narrow = problem._replace(
        domain_start=np.concatenate([[0], np.cumsum(left)]).astype(np.int64),
        domain_pitch=problem.domain_pitch[kept],
        domain_cost=problem.domain_cost[kept],
    )
    edges = itertools.pairwise(narrow.domain_start)
    ways = np.array(list(itertools.product(*(narrow.domain_pitch[a:b] for a, b in edges))))
    return narrow, ways


def test_the_chain_is_distributed_as_costs_and_judge_ask(monkeypatch: pytest.MonkeyPatch):
    """The judge prefers an even sum of the first two pitches, e to 1, whatever they cost."""
    monkeypatch.setattr(groups, "WEIGHTS", dict.fromkeys(groups.WEIGHTS, 10.0))  # several ways are likely
    problem, ways = narrow_problem()
    parts = [np.array([0, 1]), np.array([1, 2]), np.array([0, 2])]
    chains = 1000

    def judge(x: np.ndarray) -> np.ndarray:
        return np.where((x[:, 0] + x[:, 1]) % 2 == 0, 1.0, 0.0)

    state = empty_state(problem, len(ways))
    state.x[...] = ways
    cpu.restart(problem, state)
    weight = -state.cost[:, 0] / HEAT + judge(ways)
    share = np.exp(weight - weight.max())
    share /= share.sum()
    steps = list(delayed.walk(problem, np.repeat(ways[:1], chains, axis=0), judge, parts, 15, HEAT, seed=1))
    end = steps[-1]
    seen = np.array([(end.x == way).all(axis=1).sum() for way in ways])
    assert seen.sum() == chains
    common = share * chains > 5
    expected = share[common] * chains
    assert (
        (seen[common] - expected) ** 2 / expected
    ).sum() < 30  # chi-square, 7 degrees at most, p about 1e-4
    assert common.sum() >= 4
    assert 0.5 < np.mean([now.taken.mean() for now in steps]) < 1


def test_a_judge_moves_the_notes_his_way_within_the_plan():
    plan = ensemble_plan(4)
    low = compose(plan, Effort(effort="draft"), judge=lambda pitch: -0.5 * pitch.sum(axis=1))
    plain = compose(plan, Effort(effort="draft"))
    assert low.pitch.mean() < plain.pitch.mean()
    assert low.search.cost_end >= plain.search.cost_end
    slots = plan.slots
    assert ((low.pitch >= slots["low"]) & (low.pitch <= slots["high"])).all()


def test_no_judge_and_one_who_does_not_care_change_nothing_or_little():
    plan = ensemble_plan(2)
    plain, none = compose(plan, Effort(effort="draft")), compose(plan, Effort(effort="draft"), judge=None)
    np.testing.assert_array_equal(plain.pitch, none.pitch)
    idle = compose(plan, Effort(effort="draft"), judge=lambda pitch: np.zeros(len(pitch)))
    assert idle.search.cost_end <= plain.search.cost_end


@pytest.mark.parametrize("bars", [1, 3])
def test_parts_are_free_variables_of_a_bar_or_a_voice_in_it(bars):
    plan = ensemble_plan(bars)
    posed = pose(plan)
    free = np.flatnonzero(np.diff(posed.problem.domain_start) > 1)
    parts = delayed.parts_of(plan, posed)
    assert set(np.concatenate(parts)) == set(free)
    assert all(len(part) == len(set(part)) > 0 for part in parts)
