"""Chords chosen by what their whole bars measure."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.music import scale, spiral
from tensionbgm.plan import chords
from tensionbgm.plan.harmony_bars import WEIGHT, Bars, Heard, Row, refine

N = len(chords.vocabulary("minor"))


def laid_out(seed: int) -> tuple[Heard, Row]:
    """Some cells in a tree, one or two in each bar, some heard again."""
    rng = np.random.default_rng(seed)
    cells, n_bars = int(rng.integers(1, 8)), int(rng.integers(1, 12))
    share = np.zeros((n_bars, cells))
    for bar in share:
        one, two = rng.integers(0, cells, 2)
        part = rng.choice([0.5, 0.6, 1.0])
        bar[one] += part
        bar[two] += 1 - part
    parent = tuple(int(rng.integers(-1, c)) if c > 1 else c - 1 for c in range(cells))
    parent = tuple(max(p, 0) if c else -1 for c, p in enumerate(parent))
    own, pair = rng.random((cells, N)), rng.random((cells, N, N))
    row = Row(parent, own, pair, chords.drive_cost("minor"), rng.random(cells))
    return Heard(share, rng.random(n_bars)), row


def plainly(chosen: np.ndarray, heard: Heard, row: Row) -> float:
    """All that a choice costs, counted from scratch."""
    cost = 0.0
    for cell, up in enumerate(row.parent):
        cost += row.own[cell, chosen[cell]]
        if up >= 0:
            cost += row.pair[cell, chosen[up], chosen[cell]]
            cost += row.drive[cell] * row.triple[chosen[max(row.parent[up], 0)], chosen[up], chosen[cell]]
    centre = heard.share @ chords.blurred_centres("minor")[chosen]
    strain = np.linalg.norm(centre - spiral.key_point("minor"), axis=1)
    moved = np.linalg.norm(np.diff(centre, axis=0), axis=1)
    spread = heard.share @ chords.diameters("minor")[chosen]
    cost += WEIGHT["strain"] * np.sum((scale.level("strain", strain) - heard.target) ** 2)
    cost += WEIGHT["momentum"] * np.sum((scale.level("momentum", moved) - heard.target[1:]) ** 2)
    return float(cost + WEIGHT["diameter"] * np.sum((scale.level("diameter", spread) - heard.target) ** 2))


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_what_a_chord_would_change_is_what_changes_when_all_is_counted_again(seed: int):
    heard, row = laid_out(seed)
    rng, bars = np.random.default_rng(seed), Bars(heard, "minor")
    chosen = rng.integers(0, N, len(row.parent))
    cell, other = int(rng.integers(len(chosen))), int(rng.integers(N))
    weigh = row.cost(cell, chosen) + bars.cost(cell, chosen)
    changed = chosen.copy()
    changed[cell] = other
    change = plainly(changed, heard, row) - plainly(chosen, heard, row)
    np.testing.assert_allclose(weigh[other] - weigh[chosen[cell]], change, atol=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_working_over_never_costs_more_and_the_same_chance_gives_the_same_chords(seed: int):
    heard, row = laid_out(seed)
    chosen = np.random.default_rng(seed).integers(0, N, len(row.parent)).tolist()
    found = refine(chosen, row, Bars(heard, "minor"), np.random.default_rng(1))
    assert plainly(np.array(found), heard, row) <= plainly(np.array(chosen), heard, row) + 1e-9
    assert found == refine(chosen, row, Bars(heard, "minor"), np.random.default_rng(1))
