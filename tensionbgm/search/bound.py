"""Problem -> a lower bound of its cost: no piece is cheaper, however long one searches.

The bound is a sum of optima of parts, each taken by itself:

- *sets*: each chord's members at the best set its notes can make, and each bar's mean diameter at the
  nearest to its aim that lies between the narrowest and the widest sets of its beats;
- of two, whichever is more:
  *together*, voice leading and planes below strain and momentum, which are costs of single pitches
  (`tangents`), so that what tension wants is weighed against what the lines want;
  or *voice leading*, pitches and factors (`relaxed`), and *skeleton*, strain and momentum of the bars, the
  best path through the centres of effect their notes can make, held and tied notes being free in every bar
  anew.  Where a bar has more states than `BOXES`, near ones are made one box, and costs are those of the
  box's best point.

Work grows in proportion to the length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tensionbgm.kernels import rules
from tensionbgm.search import states
from tensionbgm.search.relaxed import FINE, Relaxed, relax
from tensionbgm.search.tangents import Tangents

BOXES = 32  # states, or boxes of states, of one bar
PASSES = 50  # over all notes, when costs are moved
ROUNDS, ROUND_PASSES = 12, 8  # in which planes are moved, and passes in each
FULL_PASSES = 2  # at last, over all factors
SMALL = 3  # variables of factors that the other passes go over: all but parallels, in a tenth of the time


@dataclass(frozen=True)
class Bound:
    """What no solution goes below [cost units], and how it comes about."""

    voice_leading: int
    together: int
    sets: int
    skeleton: int
    constant: int
    boxed: int  # bars whose states are boxes
    dropped: int  # factors that count as nothing, being too large

    @property
    def cost(self) -> int:
        """The bound."""
        return max(self.together, self.voice_leading + self.skeleton) + self.sets + self.constant

    def gap(self, cost: int) -> float:
        """How far a cost may lie above the optimum, as a share of the bound."""
        return cost / max(self.cost, 1) - 1


def bound(problem: rules.Problem, passes: int = PASSES, boxes: int = BOXES) -> Bound:
    """A lower bound of everything that pitches for the problem can cost.

    Parameters
    ----------
    passes : int
        more make it tighter
    boxes : int
        states of one bar; more make it tighter
    """
    heard = states.members(problem)
    relaxed = relax(problem)
    relaxed.ascend(passes, SMALL)
    voice_leading = relaxed.bound()
    skeleton, boxed = _skeleton(problem, heard, boxes)
    return Bound(
        voice_leading=voice_leading,
        together=_together(problem, relaxed, ROUNDS if passes else 0),
        sets=_sets(problem, heard),
        skeleton=skeleton,
        constant=int(problem.constant[0]),
        boxed=boxed,
        dropped=relaxed.factors.dropped,
    )


def _together(problem: rules.Problem, relaxed: Relaxed, rounds: int) -> int:
    """Least cost of voice leading and of planes below tension, which are moved towards the best; in place.

    The centres that planes touch tension at are means of those that the cheapest pitches had, round by round
    (A. Nedic and A. Ozdaglar, Approximate primal solutions and rate analysis for dual subgradient methods,
    SIAM J. Optim. 19, 2009).
    """
    tension, best, constant = Tangents(problem), relaxed.bound(), 0.0
    centre, paid = tension.centres(relaxed.least()), np.zeros(len(relaxed.cost), np.int64)
    for k in range(rounds if len(tension.after) else 0):
        plane, constant = tension.planes(centre)
        moved = np.floor(plane * FINE).astype(np.int64)
        relaxed.cost[:] += moved - paid
        paid = moved
        relaxed.ascend(ROUND_PASSES, SMALL)
        best = max(best, _whole(relaxed.bound(), constant))
        centre += 2 / (k + 3) * (tension.centres(relaxed.least()) - centre)
    relaxed.ascend(FULL_PASSES if rounds else 0)
    return max(best, _whole(relaxed.bound(), constant))


def _whole(bound: int, constant: float) -> int:
    """A whole number that the sum of both is not below; the first may have been rounded up."""
    return math.floor(bound - 1 + constant)


def _options(problem: rules.Problem, g: int, member: dict[int, np.ndarray]) -> list[states.Option]:
    key = int(problem.group[g, rules.KEY])
    return [states.option(problem, v, [(key, entries)]) for v, entries in member.items()]


def _sets(problem: rules.Problem, heard: list[dict[int, np.ndarray]]) -> int:
    """Least cost of the sets of pitch classes, and of mean diameters, that groups can have."""
    from tensionbgm.kernels import exact

    total, table = 0, problem.group
    reach = np.zeros((len(table), 2), np.int64)  # least and largest mean diameter
    for g, member in enumerate(heard):
        whole = int(table[g, rules.MEAN_OF])
        if not (table[g, rules.DIAMETER_WEIGHT] or table[g, rules.SPAN] or whole):
            continue
        mask = _masks(problem, g, member)
        cost = np.empty(len(mask), np.int64)
        exact.judge_sets(problem, g, mask, cost)
        total += int(cost.min())
        if whole:
            wide = table[g, rules.SHARE] * problem.diameter[table[g, rules.KEY], mask]
            reach[whole - 1] += wide.min(), wide.max()
    for g in np.flatnonzero(table[:, rules.MEAN_WEIGHT]).tolist():
        ends = np.minimum(reach[g] >> rules.SHARE_SHIFT, rules.LENGTHS - 1)
        low, high = (int(end) for end in problem.scale[rules.DIAMETER, ends])
        nearest = min(max(int(table[g, rules.MEAN_AIM]), low), high)
        total += int(rules.mean_misfit(problem, g, nearest))
    return total


def _masks(problem: rules.Problem, g: int, member: dict[int, np.ndarray]) -> np.ndarray:
    """Every set of pitch classes a group can have, int64 (n,)."""
    mask = np.zeros(1, np.int64)
    for option in _options(problem, g, member):
        reached = np.zeros(4096, bool)
        reached[mask[:, None] | option.mask[:, 0]] = True
        mask = np.flatnonzero(reached)
    return mask


# --------------------------------------------------------------------------- skeleton


@dataclass(frozen=True)
class _Boxes:
    """Boxes that hold all sums a window can have; int64 (n, 3) each."""

    low: np.ndarray
    high: np.ndarray


def _skeleton(problem: rules.Problem, heard: list[dict[int, np.ndarray]], limit: int) -> tuple[int, int]:
    """Least strain and momentum, and the windows that were boxed."""
    from tensionbgm.kernels import exact

    table = problem.group
    following = np.append(table[1:, rules.LINKED], 0)
    chained = (table[:, rules.STRAIN_WEIGHT] != 0) | (table[:, rules.LINKED] != 0) | (following != 0)
    best, low, high = np.zeros(1, np.int64), np.zeros((1, 3), np.int64), np.zeros((1, 3), np.int64)
    boxed = 0
    for g in np.flatnonzero(chained).tolist():
        found = _boxes(_options(problem, g, heard[g]), limit)
        next_low, next_high = (np.empty_like(found.low) for _ in range(2))
        exact.place_states(problem, g, found.low, next_low)
        exact.place_states(problem, g, found.high, next_high)
        next_best = np.empty(len(found.low), np.int64)
        exact.advance_boxes(problem, g, best, low, high, next_low, next_high, next_best)
        best, low, high = next_best, next_low, next_high
        boxed += bool((found.low != found.high).any())
    return int(best.min()), boxed


def _boxes(options: list[states.Option], limit: int) -> _Boxes:
    """All sums that the options can make, as at most `limit` boxes; the smallest sets are joined first."""
    parts = [_Boxes(option.sums[:, 0], option.sums[:, 0]) for option in options]
    parts = [_merged(part, limit) for part in parts] or [_Boxes(*(np.zeros((1, 3), np.int64),) * 2)]
    while len(parts) > 1:
        parts.sort(key=lambda part: len(part.low))
        one, two, *rest = parts
        low, high = (
            (getattr(one, end)[:, None] + getattr(two, end)).reshape(-1, 3) for end in ("low", "high")
        )
        parts = [*rest, _merged(_Boxes(low, high), limit)]
    return parts[0]


def _merged(boxes: _Boxes, limit: int) -> _Boxes:
    """Boxes with a corner in one cell of a grid made one; the grid is as fine as the limit allows."""
    boxes, cell = _in_cells(boxes, 1), 1
    while len(boxes.low) > limit:
        cell *= 2
        boxes = _in_cells(boxes, cell)
    return boxes


def _in_cells(boxes: _Boxes, cell: int) -> _Boxes:
    corner = (boxes.low - boxes.low.min(axis=0)) // cell
    size = corner.max(axis=0) + 1
    place = (corner[:, 0] * size[1] + corner[:, 1]) * size[2] + corner[:, 2]
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    low, high = boxes.low[order], boxes.high[order]
    return _Boxes(np.minimum.reduceat(low, first), np.maximum.reduceat(high, first))
