"""The cheapest chords there are, and how far from them a choice may be."""

from __future__ import annotations

import itertools
from unittest import mock

import numpy as np
import pytest
from harmony_rows import N, laid_out, plainly
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.forms import Solver
from tensionbgm.plan import elimination
from tensionbgm.plan.harmony_bars import Heard, Row
from tensionbgm.plan.harmony_exact import solve


def solve_small(heard: Heard, row: Row, largest: int) -> tuple[list[int], Solver]:
    """With room for sums of so many entries."""
    limits = {"LARGEST": largest, "ALTOGETHER": 10 * largest}
    with mock.patch.multiple(elimination, **limits):
        return solve(row, heard, "minor", np.random.default_rng(0))


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(0, 1000))
def test_nothing_costs_less_than_the_bound_and_what_is_proven_costs_just_that(seed: int, other: int):
    heard, row = laid_out(seed, cells=4)
    found, solver = solve_small(heard, row, 130_000)
    assert plainly(np.array(found), heard, row) == pytest.approx(solver.objective)
    assert solver.bound <= solver.objective + 1e-9
    assert (solver.status == "OPTIMAL") == (solver.objective <= solver.bound + 1e-6)
    rng = np.random.default_rng(other)
    anything = rng.integers(0, N, len(found))
    nearly = np.where(rng.random(len(found)) < 0.3, anything, found)
    for choice in (anything, nearly):
        assert plainly(choice, heard, row) >= solver.bound - 1e-9


def test_two_chords_are_the_best_of_all_pairs():
    for seed in range(40):
        heard, row = laid_out(seed)
        if len(row.parent) == 2:
            _, solver = solve(row, heard, "minor", np.random.default_rng(0))
            pairs = itertools.product(range(N), repeat=2)
            best = min(plainly(np.array(pair), heard, row) for pair in pairs)
            assert solver.objective == pytest.approx(best)
            return
    pytest.fail("no problem of two cells among the seeds")


def circle() -> tuple[Heard, Row]:
    """Twelve cells, one a bar, that come back in two other orders."""
    rng = np.random.default_rng(3)
    order = [*range(12), *rng.permutation(12), *rng.permutation(12)]
    share = np.eye(12)[order]
    own, pair, three = rng.random((12, N)), rng.random((12, N, N)), np.zeros((N, N, N))
    row = Row(tuple(range(-1, 11)), own, pair, three, np.ones(12), three)
    return Heard(share, rng.random(len(order))), row


def test_where_too_much_closes_circles_the_gap_is_told():
    heard, row = circle()
    found, solver = solve_small(heard, row, 3000)
    assert plainly(np.array(found), heard, row) == pytest.approx(solver.objective)
    assert 0 < solver.bound <= solver.objective
    assert found == solve_small(heard, row, 3000)[0]


def test_a_chord_that_is_forbidden_is_never_chosen():
    heard, row = laid_out(5)
    row.own[:, 1:] += 1e3
    found, _ = solve(row, heard, "minor", np.random.default_rng(0))
    assert set(found) == {0}
