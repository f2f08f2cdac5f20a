"""What real lines do is cheaper than what they seldom do, and says nothing where nothing was learned."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
from search_plans import ensemble_plan

from tensionbgm.kernels import rules
from tensionbgm.search import costs, problem

TABLE = json.loads(resources.files("tensionbgm.corpora").joinpath("lines.json").read_text(encoding="utf-8"))
NATS = np.array(TABLE["nats"])  # kind, mode, beat, degree, interval


def test_the_table_says_that_probabilities_sum_to_one():
    assert NATS.shape == (3, 2, 2, 12, 25)
    np.testing.assert_allclose(np.exp(-NATS).sum(axis=-1), 1.0, atol=0.06)  # kept to a hundredth of a nat


@pytest.mark.parametrize("mode", [0, 1])
def test_a_leading_note_in_the_top_line_goes_up_to_the_tonic(mode):
    for beat in (0, 1):
        up, down = NATS[0, mode, beat, 11, 12 + 1], NATS[0, mode, beat, 11, 12 - 1]
        assert up < down


def test_basses_leap_fifths_more_than_top_lines_do():
    top, bass = (np.exp(-NATS[kind, :, 1, 7, 12 - 7]).mean() for kind in (0, 2))
    assert bass > 2 * top


def test_no_learned_cost_is_negative_and_from_every_degree_something_is_free():
    learned = costs.kernel_tables()["learned_cost"]
    assert learned.shape == (13, 12, 2 * rules.OCTAVE + 1)
    assert (learned.min(axis=2) == 0).all()
    assert learned.max() <= costs.fixed(costs.LEARNED * costs.RAREST)
    assert not learned[12].any()


@pytest.mark.parametrize(("part", "row"), [(0, 2), (1, 6), (2, 12), (3, 6), (4, 10)])
def test_every_line_is_judged_as_its_kind_in_minor(part, row):
    plan = ensemble_plan(2)
    p = problem.pose(plan).problem
    kind = problem.part_roles(plan)[part]
    rows = p.line[p.line[:, rules.KIND] == kind]
    assert set(rows[:, rules.LEARNED]) <= ({12} if row == 12 else {row, row + 1})
    assert (rows[:, rules.TONIC] == 9).all()


def test_what_a_line_pays_is_what_the_table_says():
    p = problem.pose(ensemble_plan(2, parts=("melody",))).problem
    zero = p._replace(learned_cost=np.zeros_like(p.learned_cost))
    for i, row in enumerate(p.line):
        for a, b in ((69, 71), (68, 69), (60, 75)):
            paid = rules.line_cost(p, i, a, b) - rules.line_cost(zero, i, a, b)
            move = int(np.clip(b - a, -12, 12)) + 12
            due = p.learned_cost[row[rules.LEARNED], (a - 9) % 12, move] * row[rules.WEIGHT] / 16
            assert paid == pytest.approx(due, abs=1)
