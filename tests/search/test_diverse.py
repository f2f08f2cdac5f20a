"""Another seed than the plan's gives other notes that cost little more; its own gives those it had."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.config import Effort
from tensionbgm.forms import Piece, Plan
from tensionbgm.kernels import rules
from tensionbgm.music.ties import of_slots, sources
from tensionbgm.saved import from_json, to_json
from tensionbgm.search import engine, groups
from tensionbgm.search.diverse import DISLIKE, diverse
from tensionbgm.search.problem import pose
from tensionbgm.search.run import compose

DRAFT = Effort("draft")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return ensemble_plan(8, seed=3, tied=False)


@pytest.fixture(scope="module")
def first(plan: Plan) -> Piece:
    return compose(plan, DRAFT)


def changed(a: Piece, b: Piece) -> float:
    """Share of the pitched notes that differ."""
    pitched = a.plan.slots["low"] < a.plan.slots["high"]
    return float((a.pitch != b.pitch)[pitched].mean())


def test_the_seed_a_plan_was_planned_with_gives_the_notes_it_had(plan, first):
    np.testing.assert_array_equal(compose(plan.reseeded(3), DRAFT).pitch, first.pitch)
    np.testing.assert_array_equal(compose(plan.reseeded(9).reseeded(3), DRAFT).pitch, first.pitch)


def test_another_seed_gives_other_notes_that_cost_little_more(plan, monkeypatch):
    monkeypatch.setattr(groups, "WEIGHTS", dict.fromkeys(groups.WEIGHTS, 8.0))  # no peaks to be stuck on
    first = compose(plan, DRAFT)
    one, two = (compose(plan.reseeded(seed), DRAFT) for seed in (9, 10))
    hardly = compose(dataclasses.replace(plan, seed=9), DRAFT)
    assert min(changed(first, one), changed(first, two)) > max(0.1, changed(first, hardly))
    assert changed(one, two) > 0.1
    for other in (one, two):
        worth = DISLIKE / rules.POINT * int((other.pitch != first.pitch).sum())
        assert other.search.cost_end < first.search.cost_end + worth


def test_what_was_composed_again_is_composed_again_from_its_own_plan(plan):
    again = plan.reseeded(9)
    read = from_json(Plan, json.loads(json.dumps(to_json(again))))
    np.testing.assert_array_equal(compose(read, DRAFT).pitch, compose(again, DRAFT).pitch)


def test_a_plan_written_before_seeds_were_remembered_still_loads(plan):
    data = json.loads(json.dumps(to_json(plan)))
    del data["planned_seed"]
    assert from_json(Plan, data).planned_seed is None


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(-(2**40), 2**40), tied=st.booleans())
def test_hard_rules_hold_with_any_seed(seed, tied):
    plan = ensemble_plan(3 if not tied else 10, seed=1, tied=tied).reseeded(seed)
    piece, slots = compose(plan, DRAFT), plan.slots
    pitch = piece.pitch.astype(int)
    assert ((slots["low"] <= pitch) & (pitch <= slots["high"])).all()
    assert (slots["allowed"].astype(int) >> pitch % 12 & 1).all()
    _, group, index = np.unique(slots["tie"], return_index=True, return_inverse=True)
    maps, every = of_slots(plan, slots), np.arange(len(slots))
    own = sources(maps, every, pitch)
    assert (own & own[group][index]).any(axis=1).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_known_pitch_is_disliked_in_about_half_of_the_variables_and_nothing_else(seed):
    posed = pose(ensemble_plan(4))
    start = posed.problem.domain_start
    x = posed.problem.domain_pitch[start[:-1]]
    extra = diverse(posed, x, seed).problem.domain_cost - posed.problem.domain_cost
    known = np.zeros(len(extra), bool)
    known[start[:-1]] = True
    assert not extra[~known].any()
    assert set(extra.tolist()) <= {0, DISLIKE}
    assert 0.25 < (extra[known] > 0).mean() < 0.75


def test_what_is_told_is_the_cost_in_the_problem_as_it_was_asked(plan):
    piece = compose(plan.reseeded(9), DRAFT)
    posed = pose(plan)
    x = np.zeros(len(posed.problem.domain_start) - 1, np.int64)
    x[posed.variable] = piece.pitch[posed.pitched]  # no ties: every variable is its slot's pitch
    assert piece.search.cost_end == engine.cost_of(posed.problem, x) / rules.POINT


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1).filter(lambda seed: seed != 3), bars=st.integers(2, 6))
def test_what_is_told_covers_both_searches(seed, bars):
    plan, done = ensemble_plan(bars, seed=3), []
    solve = engine.solve

    def watched(*arguments):
        done.append(solve(*arguments))
        return done[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "solve", watched)
        told, asked = compose(plan.reseeded(seed), DRAFT).search, pose(plan)
    assert len(done) == 2
    assert told.moves == asked.candidates * sum(one.sweeps for one in done)
    assert told.moves_per_s == pytest.approx(told.moves / sum(one.spent_s for one in done))
    assert told.cost_start == engine.cost_of(asked.problem, done[0].x_start) / rules.POINT
    assert told.cost_end == engine.cost_of(asked.problem, done[1].x) / rules.POINT
    proposed, kept = sum(one.moved for one in done).T
    assert list(told.accepted.values()) == pytest.approx(kept[proposed > 0] / proposed[proposed > 0])


def test_a_plan_composed_with_its_own_seed_tells_of_one_search(plan, first):
    again = compose(plan.reseeded(9), DRAFT).search
    assert again.moves == 2 * first.search.moves
    assert again.cost_start == first.search.cost_start
