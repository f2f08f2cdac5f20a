"""A note outside the chord costs by how three successive notes of its line treat it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from search_plans import ensemble_plan

from tensionbgm.forms import PPQ, SLOT, Plan
from tensionbgm.kernels import rules
from tensionbgm.search import costs, problem

C_MAJOR = 1 << 0 | 1 << 4 | 1 << 7


def three(pitches: tuple[int, int, int], chord: int, strength: int, part: int) -> Plan:
    """A line of three quarters, the chord meant under the middle one."""
    plan = ensemble_plan(1)
    slots = np.zeros(3, SLOT)
    slots["onset_tick"], slots["duration_tick"] = np.arange(3) * PPQ, PPQ
    slots["part"], slots["tie"], slots["aim"], slots["velocity"] = part, np.arange(3), -1, 80
    slots["low"] = slots["high"] = pitches
    slots["allowed"], slots["chord"], slots["strength"] = 0xFFF, (0, chord, 0), (0, strength, 0)
    return dataclasses.replace(plan, slots=slots)


def treated(pitches: tuple[int, int, int], strength: int = 0, part: int = 0) -> float:
    """Points that the middle note costs more for being outside C major."""
    cost = []
    for chord in (C_MAJOR, 0xFFF):
        p = problem.pose(three(pitches, chord, strength, part)).problem
        cost.append(sum(rules.factors_cost(p, p.domain_pitch, v, True) for v in range(3)))
    return (cost[0] - cost[1]) / rules.POINT


EACH = [
    ((60, 62, 64), 0, costs.PASSING),
    ((60, 62, 64), 3, costs.PASSING),
    ((67, 65, 64), 0, costs.PASSING),
    ((64, 65, 64), 0, costs.NEIGHBOUR),
    ((64, 62, 64), 3, costs.NEIGHBOUR),
    ((65, 65, 64), 3, costs.SUSPENSION),
    ((60, 65, 64), 2, costs.APPOGGIATURA),
    ((72, 65, 67), 3, costs.APPOGGIATURA),
    ((64, 62, 62), 0, costs.ANTICIPATION),
    ((65, 65, 64), 0, costs.UNTREATED),  # on a weak beat nothing is suspended
    ((65, 65, 67), 3, costs.UNTREATED),  # a suspension resolves downwards
    ((60, 65, 64), 0, costs.UNTREATED),  # an appoggiatura leans on a strong beat
    ((60, 65, 67), 3, costs.UNTREATED),  # ... and turns back
    ((64, 62, 62), 3, costs.UNTREATED),  # on a strong beat nothing is anticipated
    ((64, 65, 60), 0, costs.UNTREATED),  # a note is left by a leap
    ((60, 65, 72), 0, costs.UNTREATED),
]


@pytest.mark.parametrize(("pitches", "strength", "points"), EACH)
def test_each_treatment_costs_what_it_should(pitches, strength, points):
    assert treated(pitches, strength) == pytest.approx(points, abs=1 / rules.POINT)


@pytest.mark.parametrize("pitches", [(60, 64, 60), (67, 72, 60), (64, 67, 76)])
def test_a_chord_tone_needs_no_treatment(pitches):
    assert treated(pitches, 3) == 0


def test_untreated_is_the_dearest():
    known = (costs.PASSING, costs.NEIGHBOUR, costs.SUSPENSION, costs.APPOGGIATURA, costs.ANTICIPATION)
    assert all(0 <= points < costs.UNTREATED for points in known)


def test_treatment_counts_in_the_lines_alone():
    assert treated((64, 65, 60), part=1) == pytest.approx(1.2 * costs.UNTREATED, abs=1 / rules.POINT)
    assert treated((64, 65, 60), part=4) == pytest.approx(1.2 * costs.UNTREATED, abs=1 / rules.POINT)
    for part in (2, 3):  # arpeggio, pad: leaps alone count
        assert treated((64, 65, 64), part=part) == 0
