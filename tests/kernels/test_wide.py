"""What the processor weighs in lanes is what the plain rules weigh pitch by pitch, to the unit."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from benchmarks.search_cases import instance
from tensionbgm.forms import DIATONIC, MIRRORED
from tensionbgm.kernels import cpu, moves, ready, rules, singles, slices, walk, wide
from tensionbgm.search.moves import exponential_table
from tensionbgm.search.problem import empty_state, pose

BANDS = [rules.DIAMETER_BAND, rules.MOMENTUM_BAND, rules.STRAIN_BAND, rules.MEAN_BAND]


def turned(how: int, shift: int) -> rules.Problem:
    """A plan whose counter-melody follows its melody's ties in another way, so bars hear one note twice."""
    plan = ensemble_plan(8)
    slots = plan.slots.copy()
    melody = np.flatnonzero(slots["part"] == 0)
    counter = np.flatnonzero(slots["part"] == 1)[: len(melody)]
    slots["tie"][counter] = slots["tie"][melody[: len(counter)]]
    slots["how"][counter], slots["shift"][counter] = how, shift
    slots["low"][counter], slots["high"][counter], slots["allowed"][counter] = 0, 127, 0xFFF
    return pose(dataclasses.replace(plan, slots=slots)).problem


PROBLEMS = {
    "a film": lambda: pose(ensemble_plan(16)).problem,
    "no returns": lambda: pose(ensemble_plan(7, tied=False)).problem,
    "three scales": lambda: pose(ensemble_plan(9), scales=("half", "bar", "beat")).problem,
    "a voice that mirrors another": lambda: turned(MIRRORED, 140),
    "a voice in parallel to another": lambda: turned(DIATONIC, -2),
    "tension alone": lambda: instance(False)[1].problem,
    "tension alone that returns": lambda: instance(True)[1].problem,
}


@functools.cache
def posed(name: str) -> rules.Problem:
    return PROBLEMS[name]()


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(sorted(PROBLEMS)),
    seed=st.integers(0, 2**32 - 1),
    widths=st.lists(st.sampled_from([0, 10, 200]), min_size=4, max_size=4),
)
def test_lanes_weigh_what_the_rules_weigh(name, seed, widths):
    p = posed(name)._replace(group=posed(name).group.copy())
    p.group[:, BANDS] = widths
    chain = walk.chain_of(empty_state(p, 1), 0)
    walk.start(p, chain, seed, 0)
    made, seat = ready.prepared(p), ready.seated(chain, int(np.diff(p.member_start).max()))
    for k in range(5):
        v = int(rules.mix(seed, 1, k)) % len(chain.x)
        size = p.domain_start[v + 1] - p.domain_start[v]
        plain, fast = np.zeros(128, np.int64), np.zeros(128, np.int64)
        walk.weigh(p, chain, v, plain)
        wide.weigh(made, seat, v, fast)
        np.testing.assert_array_equal(fast[:size], plain[:size])


@settings(max_examples=20, deadline=None)
@given(name=st.sampled_from(sorted(PROBLEMS)), seed=st.integers(0, 2**32 - 1), heat=st.integers(0, 3000))
def test_single_notes_are_moved_as_by_the_plain_rules(name, seed, heat):
    p = posed(name)
    free = np.flatnonzero(np.diff(p.domain_start) > 1)
    rate = np.zeros(moves.KINDS, np.int64)
    rate[moves.SINGLE] = 12
    changes = moves.no_moves()._replace(rate=rate, run=free, exponential=exponential_table())
    plain, fast = (empty_state(p, 1) for _ in range(2))
    room, own = (moves.room_of(moves.empty_room(1), 0) for _ in range(2))
    chain, other = walk.chain_of(plain, 0), walk.chain_of(fast, 0)
    walk.start(p, chain, seed, 0)
    walk.start(p, other, seed, 0)
    made, seat = ready.prepared(p), ready.seated(other, int(np.diff(p.member_start).max()))
    for sweep in range(2):
        moves.singles(p, changes, chain, room, seed, 0, sweep, heat)
        singles.singles(made, changes, seat, own, seed, 0, sweep, heat)
    np.testing.assert_array_equal(own.count, room.count)
    for one, two in zip(plain[:-1], fast[:-1], strict=True):
        np.testing.assert_array_equal(one, two)
    paid = seat.paid.copy()
    walk.restart(p, other)
    assert other.cost[0] == chain.cost[0]
    singles.price(made, seat)
    np.testing.assert_array_equal(seat.paid, paid)


def test_numbers_too_large_to_be_exact_are_refused():
    p = posed("a film")
    p = p._replace(group=p.group.copy())
    p.group[0, rules.STRAIN_WEIGHT] = 2**40
    with pytest.raises(ValueError, match="too large to be exact"):
        ready.prepared(p)


def test_negative_weights_are_refused():
    p = posed("a film")
    p = p._replace(group=p.group.copy())
    p.group[0, rules.STRAIN_WEIGHT] = -1
    with pytest.raises(ValueError, match="negative"):
        ready.prepared(p)


def test_chains_of_a_state_share_no_memory_with_the_problem():
    p = posed("three scales")
    chains = cpu.Chains(p, empty_state(p, 2))
    for seat in chains._chain:
        arrays = [*chains._ready, *seat, *moves.room_of(chains.room, 0), *slices.bench_of(chains.bench, 0)]
        for k, written in enumerate(arrays):
            assert not any(np.shares_memory(written, other) for other in arrays[:k])


@settings(max_examples=50)
@given(root=st.integers(1, 2**26 - 1), off=st.sampled_from([-1, 0, 1]))
def test_roots_are_exact_beside_squares(root, off):
    n = root * root + off
    assert rules.isqrt(n) == np.floor(np.sqrt(float(n))) == (root if off >= 0 else root - 1)
