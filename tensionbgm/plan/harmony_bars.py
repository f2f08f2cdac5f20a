"""What a choice of chords costs in their bars, and how it is worked over where it cannot be solved exactly.

What a listener hears, and `music.tension` measures, is a bar: where it has two chords its centre of effect
lies between theirs, and it moves from the whole bar before.  So a choice of chords costs

    sum over bars of sum_c WEIGHT[c] (level_c - target)^2  +  what the chords cost by themselves and in a row.

`harmony_exact` finds the least of it.  What it could not prove is worked over by Gibbs sampling at falling
temperature [GB85]_: each cell in turn takes a chord by its cost in all the bars it is heard in, with all
else fixed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.music import scale, spiral
from tensionbgm.plan.chords import blurred_centres, diameters

WEIGHT = {"diameter": 30.0, "strain": 30.0, "momentum": 30.0}  # of a squared misfit, as in `harmony`
SWEEPS, GREEDY = 14, 3
ALL = slice(None)
HOT, COLD = 0.6, 0.03  # temperatures of the first and the last sampling sweep


@dataclass(frozen=True)
class Heard:
    """Where each cell is heard, and what each bar should be."""

    share: np.ndarray  # float (bars, cells): of the bar's time
    target: np.ndarray  # float (bars,), 0..1


@dataclass(frozen=True)
class Row:
    """Costs of chords by themselves and in a row, for cells that form a tree of first entrances."""

    parent: Sequence[int]  # -1 for the first
    own: np.ndarray  # float (cells, n)
    pair: np.ndarray  # float (cells, n, n): after the parent's chord
    triple: np.ndarray  # float (n, n, n): after the grandparent's and the parent's
    drive: np.ndarray  # float (cells,): how much the last counts
    lead: np.ndarray  # float (n, n, n): after the grandparent's and the parent's, wherever it is

    @functools.cached_property
    def children(self) -> list[list[int]]:
        """The cells that first enter after each cell."""
        found: list[list[int]] = [[] for _ in self.parent]
        for cell, parent in enumerate(self.parent):
            if parent >= 0:
                found[parent].append(cell)
        return found

    def cost(self, cell: int, chosen: np.ndarray) -> np.ndarray:
        """What each chord costs in this cell with all others as chosen, float (n,)."""
        cost = self.own[cell].copy()
        up = self.parent[cell]
        if up >= 0:
            cost += self.pair[cell, chosen[up]]
            cost += self.third(cell, chosen[max(self.parent[up], 0)], chosen[up], ALL)
        for child in self.children[cell]:
            cost += self.pair[child, :, chosen[child]]
            after = self.third(child, ALL, ALL, chosen[child])
            # the first cell has nothing before it and stands in for it
            cost += after[chosen[up]] if up >= 0 else after.diagonal()
            for later in self.children[child]:
                cost += self.third(later, ALL, chosen[child], chosen[later])
        return cost

    def third(self, cell: int, *chords: int | slice) -> np.ndarray:
        """What a cell's chord costs after the two before it: of the three chords, or `ALL` there are."""
        return self.drive[cell] * self.triple[chords] + self.lead[chords]


class Bars:
    """The misfit of bars, for one cell at a time."""

    def __init__(self, heard: Heard, mode: str) -> None:
        self.heard, self.key = heard, spiral.key_point(mode)
        self.centre, self.diameter = blurred_centres(mode), diameters(mode)
        self.bars = [np.flatnonzero(column) for column in heard.share.T]

    def cost(self, cell: int, chosen: np.ndarray) -> np.ndarray:
        """Misfit of the bars a chord in this cell would change, float (n,)."""
        here, share = self.bars[cell], self.heard.share
        touched = np.unique(np.concatenate([here, here + 1]))
        touched = touched[touched < len(share)]
        around = np.unique(np.concatenate([touched - 1, touched]))
        around = around[around >= 0]
        other = share[around].copy()
        mine = other[:, cell].copy()
        other[:, cell] = 0
        centre = (other @ self.centre[chosen])[:, None] + mine[:, None, None] * self.centre  # (a, n, 3)
        spread = (other @ self.diameter[chosen])[:, None] + mine[:, None] * self.diameter
        at = np.searchsorted(around, touched)
        return self._misfit(touched, centre, spread, at)

    def _misfit(
        self, touched: np.ndarray, centre: np.ndarray, spread: np.ndarray, at: np.ndarray
    ) -> np.ndarray:
        """Of the bars touched: rows `at` of centres (a, n, 3) and diameters (a, n); float (n,)."""
        target = self.heard.target[touched][:, None]
        now = centre[at]
        strain = np.linalg.norm(now - self.key, axis=-1)
        cost = WEIGHT["diameter"] * (scale.level("diameter", spread[at]) - target) ** 2
        cost += WEIGHT["strain"] * (scale.level("strain", strain) - target) ** 2
        moves = touched > 0
        moved = np.linalg.norm(now[moves] - centre[at[moves] - 1], axis=-1)
        late = WEIGHT["momentum"] * (scale.level("momentum", moved) - target[moves]) ** 2
        return cost.sum(axis=0) + late.sum(axis=0)


def refine(chosen: Sequence[int], row: Row, bars: Bars, rng: np.random.Generator) -> list[int]:
    """Work the choice over; never dearer than it was.

    Parameters
    ----------
    chosen : int ...
        index of each cell's chord
    row, bars
        what chords cost by themselves and in a row, and in their bars

    Returns
    -------
    chosen : list of int
    """
    now = np.array(chosen, int)
    best, least, cost = now.copy(), 0.0, 0.0
    heat = HOT * (COLD / HOT) ** (np.arange(SWEEPS) / max(SWEEPS - 1, 1))
    for temperature in [*heat, *[0.0] * GREEDY]:
        for cell in range(len(now)):
            weigh = row.cost(cell, now) + bars.cost(cell, now)
            pick = int(np.argmin(weigh - temperature * rng.gumbel(size=len(weigh))))
            cost += float(weigh[pick] - weigh[now[cell]])
            now[cell] = pick
        if cost < least - 1e-9:
            best, least = now.copy(), cost
    return best.tolist()
