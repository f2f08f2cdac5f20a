"""Small problems of harmony, and what a choice of chords costs in them, counted plainly."""

from __future__ import annotations

import numpy as np

from tensionbgm.music import scale, spiral
from tensionbgm.plan import chords
from tensionbgm.plan.harmony_bars import WEIGHT, Heard, Row

N = len(chords.vocabulary("minor"))


def laid_out(seed: int, cells: int = 7) -> tuple[Heard, Row]:
    """At most so many cells in a tree, one or two in each bar, some heard again."""
    rng = np.random.default_rng(seed)
    cells, n_bars = int(rng.integers(1, cells + 1)), int(rng.integers(1, 12))
    share = np.zeros((n_bars, cells))
    for bar in share:
        one, two = rng.integers(0, cells, 2)
        part = rng.choice([0.5, 0.6, 1.0])
        bar[one] += part
        bar[two] += 1 - part
    parent = tuple(int(rng.integers(-1, c)) if c > 1 else c - 1 for c in range(cells))
    parent = tuple(max(p, 0) if c else -1 for c, p in enumerate(parent))
    own, pair = rng.random((cells, N)), rng.random((cells, N, N))
    row = Row(parent, own, pair, chords.drive_cost("minor"), rng.random(cells), rng.random((N, N, N)))
    return Heard(share, rng.random(n_bars)), row


def plainly(chosen: np.ndarray, heard: Heard, row: Row) -> float:
    """All that a choice costs, counted from scratch."""
    cost = 0.0
    for cell, up in enumerate(row.parent):
        cost += row.own[cell, chosen[cell]]
        if up >= 0:
            cost += row.pair[cell, chosen[up], chosen[cell]]
            three = chosen[max(row.parent[up], 0)], chosen[up], chosen[cell]
            cost += row.drive[cell] * row.triple[three] + row.lead[three]
    centre = heard.share @ chords.blurred_centres("minor")[chosen]
    strain = np.linalg.norm(centre - spiral.key_point("minor"), axis=1)
    moved = np.linalg.norm(np.diff(centre, axis=0), axis=1)
    spread = heard.share @ chords.diameters("minor")[chosen]
    cost += WEIGHT["strain"] * np.sum((scale.level("strain", strain) - heard.target) ** 2)
    cost += WEIGHT["momentum"] * np.sum((scale.level("momentum", moved) - heard.target[1:]) ** 2)
    return float(cost + WEIGHT["diameter"] * np.sum((scale.level("diameter", spread) - heard.target) ** 2))
