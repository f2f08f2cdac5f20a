"""Eliminating cells: what is found is what trying everything finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.plan import elimination
from tensionbgm.plan.elimination import Table, eliminate, fits, price


def a_problem(seed: int) -> tuple[list[Table], list[np.ndarray]]:
    """A chain of up to five cells of up to three choices, and some more tables, cells in any order."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, int(rng.integers(1, 6)))
    scopes = [(0,), *((cell - 1, cell) for cell in range(1, len(sizes)))]
    scopes += [
        tuple(rng.integers(0, len(sizes), rng.integers(1, 4)).tolist()) for _ in range(rng.integers(4))
    ]
    kept = [elimination.given(scope, rng.random([sizes[cell] for cell in scope])) for scope in scopes]
    return kept, [np.arange(size) for size in sizes]


def everything(kept: list[Table], able: list[np.ndarray]) -> dict[tuple[int, ...], float]:
    return {choice: price(kept, choice) for choice in itertools.product(*(some.tolist() for some in able))}


@given(st.integers(0, 100_000))
def test_the_choice_is_the_cheapest_of_all(seed: int):
    kept, able = a_problem(seed)
    tried, done = everything(kept, able), eliminate(kept, able)
    assert done.least == pytest.approx(min(tried.values()))
    assert tried[tuple(done.chosen)] == pytest.approx(done.least)


@given(st.integers(0, 100_000))
def test_what_a_choice_costs_at_least_is_the_cheapest_that_holds_it(seed: int):
    kept, able = a_problem(seed)
    tried, least = everything(kept, able), eliminate(kept, able).at_least()
    for cell, some in enumerate(able):
        for choice in some:
            cheapest = min(cost for whole, cost in tried.items() if whole[cell] == choice)
            assert least[cell][choice] == pytest.approx(cheapest)


@given(st.integers(0, 100_000))
def test_only_open_choices_are_made(seed: int):
    kept, able = a_problem(seed)
    some = [choices[-1:] for choices in able]
    done = eliminate(kept, some)
    assert done.chosen == [int(choices[-1]) for choices in able]
    assert done.least == pytest.approx(price(kept, done.chosen))


def test_a_table_with_a_cell_twice_is_read_along_its_diagonal():
    cost = np.arange(27.0).reshape(3, 3, 3)
    table = elimination.given((4, 1, 4), cost)
    assert table.cells == (1, 4)
    np.testing.assert_array_equal(
        table.make([np.arange(3), np.arange(3)]), [[cost[b, a, b] for b in range(3)] for a in range(3)]
    )


def test_sums_that_would_be_too_large_are_told_before():
    pairs = [elimination.given(pair, np.zeros((300, 300))) for pair in itertools.combinations(range(4), 2)]
    assert fits(pairs[:1], [300] * 4)
    assert not fits(pairs, [300] * 4)  # four cells meet
