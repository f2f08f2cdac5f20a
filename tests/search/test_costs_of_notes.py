"""The cost the kernels add up, against a slow account of it drawn straight from the plan's slots."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import BAR, ENSEMBLE, ensemble_plan

from tensionbgm.forms import PPQ, SLOT, Plan
from tensionbgm.kernels import rules, walk
from tensionbgm.music import scale, spiral
from tensionbgm.search import costs, groups, problem

TARGETS = {"diameter": 2.2, "momentum": 0.7, "strain": 0.9}


def aims(plan: Plan) -> dict[str, np.ndarray]:
    return {name: np.full(plan.grid.n_bars, value) for name, value in TARGETS.items()}


def started(plan: Plan, seed: int) -> tuple[problem.Posed, rules.Chain]:
    posed = problem.pose(plan, aims(plan))
    chain = walk.chain_of(problem.empty_state(posed.problem, 1), 0)
    walk.start(posed.problem, chain, seed, 0)
    return posed, chain


def slow_lines(slots: np.ndarray, role: np.ndarray, pitch: np.ndarray) -> float:
    """Points for successive notes: intervals, leaps at non-chord tones, three notes in a row."""
    total = 0.0
    table = costs.kernel_tables()
    for key in {(s["part"], s["voice"]) for s in slots}:
        line = [k for k, s in enumerate(slots) if (s["part"], s["voice"]) == key]
        kind = role[line[0]]
        for a, b in itertools.pairwise(line):
            weight = _weight(slots[a], slots[b])
            move = int(pitch[b] - pitch[a])
            cost = table["step_cost"][kind, np.clip(move, -48, 48) + 48] * (weight > 0)
            row = {0: 2, 4: 10}[kind] + int(slots[b]["strength"] > 0)  # outer and bass, in a minor
            learned = table["learned_cost"][row, (int(pitch[a]) - 9) % 12, np.clip(move, -12, 12) + 12]
            cost += learned * (weight > 0)
            if abs(move) > 2:
                outside = sum(not int(slots[k]["chord"]) >> int(pitch[k]) % 12 & 1 for k in (a, b))
                cost += outside * table["leap_cost"][kind]
            total += int(cost) * weight // 16
        for a, b, c in zip(line, line[1:], line[2:], strict=False):
            weight = min(_weight(slots[a], slots[b]), _weight(slots[b], slots[c]))
            moves = np.clip([pitch[b] - pitch[a], pitch[c] - pitch[b]], -14, 14) + 14
            cost = table["bend_cost"][kind, moves[0], moves[1]]
            if not int(slots[b]["chord"]) >> int(pitch[b]) % 12 & 1:
                cost += table["treat_cost"][kind, int(slots[b]["strength"] >= 2), moves[0], moves[1]]
            total += int(cost) * weight // 16
    return total


def _weight(a: np.void, b: np.void) -> int:
    rest = int(b["onset_tick"]) - int(a["onset_tick"]) - int(a["duration_tick"])
    return 0 if rest > 4 * PPQ else 8 if rest > PPQ else 16


def slow_tension(plan: Plan, slots: np.ndarray, pitch: np.ndarray) -> float:
    """Points for strain, momentum and mean diameter of bars, in floating point from `music.spiral`."""
    point, key = spiral.key_point(plan.keys[0].mode), plan.keys[0]
    total, before = 0.0, None
    for first, last in itertools.pairwise(plan.grid.bar_tick):
        weight = np.zeros(12)
        for s, p in zip(slots, pitch, strict=True):
            weight[p % 12] += max(
                min(s["onset_tick"] + s["duration_tick"], last) - max(s["onset_tick"], first), 0
            )
        centre = spiral.centre_of_effect(weight, key.tonic)
        total += _misfit("strain", float(np.linalg.norm(centre - point)))
        if before is not None:
            total += _misfit("momentum", float(np.linalg.norm(centre - before)))
        before = centre
    end = slots["onset_tick"] + slots["duration_tick"]
    for bar, stop in itertools.pairwise(plan.grid.bar_tick):
        widths = []
        for now in range(int(bar), int(stop), PPQ // 8):
            members = sum(1 << int(pc) for pc in set(pitch[(slots["onset_tick"] <= now) & (end > now)] % 12))
            widths.append(float(spiral.diameter_table()[spiral.rotate(members, key.tonic)]))
        total += _misfit("diameter", float(np.mean(widths)))  # something sounds all the time
    return total


def _misfit(name: str, value: float) -> float:
    apart = scale.level(name, value) - scale.level(name, TARGETS[name])
    return groups.WEIGHTS[name] * float(apart) ** 2


@pytest.mark.parametrize("seed", [0, 1])
def test_lines_cost_what_a_slow_account_says(seed):
    plan = ensemble_plan(4, tied=False, parts=("melody", "bass"))
    posed, chain = started(plan, seed)
    role = problem.part_roles(plan)[plan.slots["part"]]
    pitch = posed.pitch(plan, chain.x)
    p = posed.problem._replace(
        vertical_start=np.zeros_like(posed.problem.vertical_start),
        parallel_start=np.zeros_like(posed.problem.parallel_start),
    )
    fast = sum(rules.factors_cost(p, chain.x, v, True) for v in range(len(chain.x)))
    assert fast == slow_lines(plan.slots, role, pitch)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("tied", [False, True])
def test_tension_costs_what_the_spiral_array_says(seed, tied):
    plan = ensemble_plan(16, tied=tied)
    posed, chain = started(plan, seed)
    p = posed.problem
    p.group[:, rules.SPAN] = 0
    fast = 0
    for g in range(len(p.group)):
        x, y, z = chain.centre[g]
        fast += rules.set_cost(p, g, chain.mask[g]) + rules.strain_cost(p, g, x, y, z)
        fast += rules.mean_cost(p, g, chain.spread[g])
        if p.group[g, rules.LINKED]:
            fast += rules.momentum_cost(p, g, x, y, z, chain.centre, g - 1)
    slots = plan.slots[posed.pitched]
    slow = slow_tension(plan, slots, posed.pitch(plan, chain.x)[posed.pitched].astype(int))
    assert fast / rules.POINT == pytest.approx(slow, rel=0.01)  # levels are whole, costs too


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), tied=st.booleans(), moves=st.integers(1, 40))
def test_what_a_step_says_it_changes_is_what_changed(seed, tied, moves):
    posed, chain = started(ensemble_plan(9, tied=tied), seed % 1000)
    p = posed.problem
    before = int(chain.cost[0])
    for k in range(moves):
        v = rules.mix(seed, 1, k) % len(chain.x)
        before += walk.step(p, chain, v, rules.mix(seed, 2, k), 300)
    sums, counts, mask, spread = (
        kept.copy() for kept in (chain.sums, chain.counts, chain.mask, chain.spread)
    )
    walk.restart(p, chain)
    assert int(chain.cost[0]) == before
    np.testing.assert_array_equal(chain.sums, sums)
    np.testing.assert_array_equal(chain.counts, counts)
    np.testing.assert_array_equal(chain.mask, mask)
    np.testing.assert_array_equal(chain.spread, spread)


def two_notes(a: int, b: int, chord: int = 0xFFF, role: tuple[str, str] = ("melody", "pad")) -> int:
    """Cost of two notes held together for a bar, by their verticals alone."""
    plan = ensemble_plan(1)
    rows = [
        (0, BAR, [p.role for p in ENSEMBLE].index(r), k, p, p, 0xFFF, chord, -1, 3, 80, k, 0, 0)
        for k, (r, p) in enumerate(zip(role, (a, b), strict=True))
    ]
    plan = Plan(**{**vars(plan), "slots": np.array(rows, SLOT)})
    posed = problem.pose(plan, aims(plan))
    x = posed.problem.domain_pitch
    return sum(rules.factors_cost(posed.problem, x, v, True) for v in range(2))


def test_a_semitone_clash_costs_more_than_a_third():
    assert two_notes(73, 72) > 4 * two_notes(76, 72)


def test_a_clash_the_chord_asks_for_costs_less():
    assert two_notes(83, 72, chord=1 << 0 | 1 << 11) < two_notes(83, 72, chord=1 << 0)


def test_a_close_interval_is_muddy_only_when_low():
    low, high = two_notes(45, 41, role=("pad", "pad")), two_notes(69, 65, role=("pad", "pad"))
    assert low > high


def test_a_line_that_dives_under_the_bass_costs_dearly():
    assert (
        two_notes(40, 52, role=("melody", "bass"))
        > two_notes(64, 52, role=("melody", "bass")) + 5 * rules.POINT
    )


def test_parallel_fifths_and_octaves_cost_and_contrary_motion_does_not():
    p = problem.pose(ensemble_plan(1)).problem
    p = p._replace(parallel=np.array([[0, 0, 1, 0, 3, 16, 2, 0, 1, 0]]))
    assert rules.parallel_cost(p, 0, 67, 69, 60, 62) == costs.fixed(costs.PARALLEL_FIFTH)
    assert rules.parallel_cost(p, 0, 72, 74, 60, 62) == costs.fixed(costs.PARALLEL_OCTAVE)
    assert rules.parallel_cost(p, 0, 72, 67, 60, 67) == 0
    assert rules.parallel_cost(p, 0, 67, 67, 60, 60) == 0
    assert rules.parallel_cost(p, 0, 64, 65, 60, 62) == 0


def test_a_leap_must_be_recovered():
    table = costs.kernel_tables()["bend_cost"][costs.MELODY]
    leap_up = 14 + 9
    assert table[leap_up, 14 - 2] < table[leap_up, 14 - 7] < table[leap_up, 14 + 2]


def test_melodies_step_rather_than_leap_and_shun_tritones():
    cost = costs.kernel_tables()["step_cost"][costs.MELODY][rules.REACH :]
    assert cost[2] < cost[4] < cost[7] < cost[9] < cost[14]
    assert cost[6] > cost[7]


def test_doublings_are_one_voice():
    plan = ensemble_plan(2, parts=("melody",))
    twice = np.concatenate([plan.slots, plan.slots])
    twice["part"][len(plan.slots) :] = 1
    twice["shift"][len(plan.slots) :] = -12
    twice["low"], twice["high"] = 30, 100
    twice = twice[np.lexsort((twice["voice"], twice["part"], twice["onset_tick"]))]
    single = problem.pose(plan, aims(plan)).problem
    double = problem.pose(Plan(**{**vars(plan), "slots": twice}), aims(plan)).problem
    assert len(double.vertical) == 0
    assert len(double.line) == len(single.line)
