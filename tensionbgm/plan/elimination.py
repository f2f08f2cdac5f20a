"""Tables of cost over a few cells each -> the choices that cost least together, found exactly.

Cells are eliminated one by one, the last first [Dechter99]_: all tables that know a cell are added, and the
cheapest choice for it is kept for each choice of its neighbours.  The work grows with the choices of all the
cells that meet in such a sum; `fits` tells it beforehand.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

LARGEST = 6_000_000  # entries of a sum of tables
ALTOGETHER = 50_000_000  # entries of all sums

Able = Sequence[np.ndarray]  # of each cell: the choices open to it, int (k,)


@dataclass(frozen=True)
class Table:
    """Cost of the choices of a few cells, made when it is needed: some are large."""

    cells: tuple[int, ...]  # rising
    make: Callable[[Able], np.ndarray]  # of the choices open to these cells: float, an axis for each

    def cost(self, able: Able) -> np.ndarray:
        """For the choices open to every cell of the problem."""
        return self.make([able[cell] for cell in self.cells])


def given(cells: Sequence[int], cost: np.ndarray) -> Table:
    """A table of known costs, an axis for each cell; cells in any order, some perhaps the same."""
    for a, b in itertools.combinations(range(len(cells)), 2):
        if cells[a] == cells[b]:
            same = np.moveaxis(np.diagonal(cost, axis1=a, axis2=b), -1, a)
            return given([*cells[:b], *cells[b + 1 :]], same)
    order = sorted(range(len(cells)), key=cells.__getitem__)
    rising = cost.transpose(order)
    return Table(tuple(int(cells[k]) for k in order), lambda able: rising[np.ix_(*able)])


def over_open(cells: tuple[int, ...], cost: np.ndarray) -> Table:
    """A table known for the open choices alone."""

    def make(able: Able) -> np.ndarray:
        return cost

    return Table(cells, make)


def outer_sum(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Each of a part's values with each of the others', float, an axis for each part."""
    return functools.reduce(np.add.outer, parts) if len(parts) else np.zeros(())


def widened(cost: np.ndarray, cells: Sequence[int], scope: Sequence[int]) -> np.ndarray:
    """A table over `cells` as one that broadcasts over all of a scope; both rising."""
    sizes = iter(cost.shape)
    return cost.reshape([next(sizes) if cell in cells else 1 for cell in scope])


def price(kept: Sequence[Table], chosen: Sequence[int]) -> float:
    """What a choice for every cell costs."""
    able = [np.array([choice]) for choice in chosen]
    return float(sum(table.cost(able).sum() for table in kept))


def fits(kept: Sequence[Table], sizes: Sequence[int]) -> bool:
    """Whether eliminating all cells of so many choices needs no sum that is too large, nor too many."""
    scopes: list[list[set[int]]] = [[] for _ in sizes]
    for table in kept:
        if table.cells:
            scopes[table.cells[-1]].append(set(table.cells))
    entries = 0
    for cell in range(len(sizes) - 1, -1, -1):
        scope = {cell}.union(*scopes[cell])
        here = 1
        for other in scope:
            here *= sizes[other]
        entries += here
        if here > LARGEST or entries > ALTOGETHER:
            return False
        if len(scope) > 1:
            scopes[sorted(scope)[-2]].append(scope - {cell})
    return True


@dataclass
class Eliminated:
    """What came of it; all lists go by cell."""

    able: Able
    scope: list[tuple[int, ...]]  # the cells that met when this one, the last of them, was eliminated
    tables: list[list[Table]]  # what was added then, the messages of later cells among it
    message: list[np.ndarray]  # what was left: the least for each choice of the others in its scope
    best: list[np.ndarray]  # place of the cheapest choice for each choice of the others
    least: float = 0.0  # cost of the cheapest choice of all
    chosen: list[int] = field(default_factory=list)  # that choice

    def sum(self, cell: int) -> np.ndarray:
        """All that was added when a cell was eliminated, float, an axis for each cell of its scope."""
        total = np.zeros([len(self.able[c]) for c in self.scope[cell]])
        for table in self.tables[cell]:
            total += widened(table.cost(self.able), table.cells, self.scope[cell])
        return total

    def at_least(self) -> list[np.ndarray]:
        """What each choice of each cell costs at the least with all others free, float (k,) by cell.

        The sums are made once more, the first cell's first, and what lies outside a scope is handed down.
        """
        down: dict[int, np.ndarray] = {}
        found = []
        for cell, scope in enumerate(self.scope):
            total = self.sum(cell)
            if cell in down:
                total += widened(down.pop(cell), scope[:-1], scope)
            found.append(total.min(axis=tuple(range(len(scope) - 1))))
            for sender in (c for c in range(cell + 1, len(self.scope)) if self.scope[c][-2:-1] == (cell,)):
                inner = self.scope[sender][:-1]
                rest = total.min(axis=tuple(k for k, c in enumerate(scope) if c not in inner))
                down[sender] = rest - self.message[sender]
        return [least - least.min() + self.least for least in found]


def eliminate(kept: Sequence[Table], able: Able) -> Eliminated:
    """The cheapest choice for every cell, exact.

    Parameters
    ----------
    kept : sequence of Table
        whose sum is the cost
    able
        the choices open to each cell, at least one
    """
    n = len(able)
    done = Eliminated(able, [()] * n, [[] for _ in able], [np.zeros(())] * n, [np.zeros(())] * n)
    for table in kept:
        if table.cells:
            done.tables[table.cells[-1]].append(table)
        else:
            done.least += float(table.cost(able))
    for cell in range(n - 1, -1, -1):
        done.scope[cell] = tuple(sorted({cell}.union(*(table.cells for table in done.tables[cell]))))
        total, others = done.sum(cell), done.scope[cell][:-1]
        done.best[cell], left = total.argmin(axis=-1), total.min(axis=-1)
        done.message[cell] = left
        if others:
            done.tables[others[-1]].append(over_open(others, left))
        else:
            done.least += float(left)
    place: list[int] = []
    for scope, best in zip(done.scope, done.best, strict=True):
        place.append(int(best[tuple(place[c] for c in scope[:-1])]))
    done.chosen = [int(some[k]) for some, k in zip(able, place, strict=True)]
    return done
