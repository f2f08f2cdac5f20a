"""What chords cost alone, in a row and in their bars -> the cheapest choice, or how far it may be from it.

The cost is a sum of tables over a few cells each: chords in a row, bars, and how each bar moves from the one
before.  `elimination` finds its least.  Bars that return after other music than at first close circles of
cells.  Where these are too wide, how such a bar moves is replaced by what it costs each chord at the least,
shared among its cells: what is found is then a lower bound, and the choice that attains it a start for
`harmony_bars.refine`.  A chord with which no choice costs less than that one is left out, and what is left is
tried again.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np

from tensionbgm.forms import Solver
from tensionbgm.music import scale, spiral
from tensionbgm.plan.chords import blurred_centres, diameters
from tensionbgm.plan.elimination import (
    Able,
    Table,
    eliminate,
    fits,
    given,
    outer_sum,
    over_open,
    price,
    widened,
)
from tensionbgm.plan.harmony_bars import ALL, WEIGHT, Bars, Heard, Row, refine

HOPELESS = 500.0  # a chord dearer by this than another of its cell is never chosen
TOLERANCE = 1e-6


def tables(row: Row, heard: Heard, mode: str) -> tuple[list[Table], list[Table]]:
    """All tables of a problem: those of rows of cells and of bars, and those of how each bar moves on."""
    inside = [given((cell,), own) for cell, own in enumerate(row.own)]
    for cell, up in enumerate(row.parent):
        if up >= 0:
            inside.append(given((up, cell), row.pair[cell]))
            first = max(row.parent[up], 0)  # the first cell stands in for what came before it
            inside.append(given((first, up, cell), row.third(cell, ALL, ALL, ALL)))
    bars = range(len(heard.share))
    return [*inside, *(_bar(heard, bar, mode) for bar in bars)], [_move(heard, bar, mode) for bar in bars[1:]]


def _bar(heard: Heard, bar: int, mode: str) -> Table:
    """Misfit of a bar's diameter and strain."""
    cells = np.flatnonzero(heard.share[bar])
    share, target = heard.share[bar, cells], heard.target[bar]

    def make(able: Able) -> np.ndarray:
        spread = outer_sum([part * diameters(mode)[some] for part, some in zip(share, able, strict=True)])
        strain = _length(share, able, mode, spiral.key_point(mode))
        cost = WEIGHT["diameter"] * (scale.level("diameter", spread) - target) ** 2
        return cost + WEIGHT["strain"] * (scale.level("strain", strain) - target) ** 2

    return Table(tuple(cells.tolist()), make)


def _move(heard: Heard, bar: int, mode: str) -> Table:
    """Misfit of a bar's momentum, from the bar before."""
    change, target = heard.share[bar] - heard.share[bar - 1], heard.target[bar]
    cells = np.flatnonzero(change)

    def make(able: Able) -> np.ndarray:
        level = _momentum(tuple(change[cells].tolist()), tuple(tuple(some.tolist()) for some in able), mode)
        return WEIGHT["momentum"] * (level - target) ** 2

    return Table(tuple(cells.tolist()), make)


@functools.lru_cache(maxsize=2)
def _momentum(weight: tuple[float, ...], able: tuple[tuple[int, ...], ...], mode: str) -> np.ndarray:
    """Level of a move; bars of one shape follow one another, so the last ones are kept."""
    return scale.level("momentum", _length(np.array(weight), [np.array(some) for some in able], mode))


def _length(weight: np.ndarray, able: Able, mode: str, origin: np.ndarray | None = None) -> np.ndarray:
    """How far a weighted sum of centres is from a point, float, an axis for each weight."""
    point = np.zeros(3) if origin is None else origin
    centre = [w * blurred_centres(mode)[some] for w, some in zip(weight, able, strict=True)]
    square = outer_sum([(c**2).sum(axis=1) - 2 * c @ point for c in centre]) + float(point @ point)
    for a, b in itertools.combinations(range(len(centre)), 2):
        square += widened(2 * centre[a] @ centre[b].T, (a, b), range(len(centre)))
    return np.sqrt(np.maximum(square, 0.0))


# --------------------------------------------------------------------------- solving


def solve(row: Row, heard: Heard, mode: str, rng: np.random.Generator) -> tuple[list[int], Solver]:
    """The cheapest choice, or one near it where that is too much to prove.

    Parameters
    ----------
    row, heard
        what chords cost, as in `harmony_bars`
    rng
        chance of the refinement, where there is one

    Returns
    -------
    chosen : list of int
        index of each cell's chord
    solver : Solver
        what the choice costs, and what no choice costs less than
    """
    able = [np.flatnonzero(own < own.min() + HOPELESS) for own in row.own]
    inside, moves = tables(row, heard, mode)
    whole, wide = _sorted_out(inside, moves, able)
    done = eliminate([*whole, *_all_sides(wide, able)], able)
    if not wide:
        return done.chosen, Solver("OPTIMAL", done.least, done.least)
    found = refine(done.chosen, row, Bars(heard, mode), rng)
    cost, bound = price([*inside, *moves], found), done.least
    able = [some[least <= cost + TOLERANCE] for some, least in zip(able, done.at_least(), strict=True)]
    whole, wide = _sorted_out(inside, moves, able)
    done = eliminate([*whole, *_all_sides(wide, able)], able)
    bound = max(bound, min(done.least, cost))
    again = price([*inside, *moves], done.chosen)
    if again < cost:
        found, cost = done.chosen, again
    return found, Solver("OPTIMAL" if cost <= bound + TOLERANCE else "FEASIBLE", cost, bound)


def _sorted_out(inside: list[Table], moves: list[Table], able: Able) -> tuple[list[Table], list[Table]]:
    """Tables to keep whole, and those that would make the problem too wide; the nearest cells come first."""
    sizes = [len(some) for some in able]
    if fits([*inside, *moves], sizes):
        return [*inside, *moves], []
    whole: list[Table] = list(inside)
    wide: list[Table] = []
    for move in sorted(moves, key=lambda table: np.ptp(table.cells) if table.cells else 0):
        (whole if fits([*whole, move], sizes) else wide).append(move)
    return whole, wide


def _all_sides(wide: list[Table], able: Able) -> list[Table]:
    return [side for table in wide for side in _sides(table, able)]


def _sides(table: Table, able: Able) -> list[Table]:
    """A table for each cell whose sum is nowhere above a table's cost: a share of the least of each chord."""
    cost, n = table.cost(able), len(table.cells)
    least = [cost.min(axis=tuple(k for k in range(n) if k != axis)) / n for axis in range(n)]
    return [over_open((cell,), share) for cell, share in zip(table.cells, least, strict=True)]
