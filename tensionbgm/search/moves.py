"""Plan, Posed -> Moves: which variables of a problem may be changed together, by whom they sound with."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from tensionbgm.forms import Plan
from tensionbgm.kernels import rules
from tensionbgm.kernels.moves import COPY, LONGEST, SLICE, SWAP, Moves
from tensionbgm.search import factors
from tensionbgm.search.problem import Posed
from tensionbgm.search.rows import starts

NAMES = ("swap", "pair", "shift", "copy", "octave", "single")  # kinds of moves, as the kernels count them
NEAR = 4  # successive variables of a voice that may exchange pitches
# of a block: semitones, places of the domain instead
SHIFTS = np.array(((12, 0), (-12, 0), (0, 1), (0, -1), (0, 2), (0, -2), (0, 4), (0, -4)), np.int64)


@functools.cache
def exponential_table() -> np.ndarray:
    """Quantiles -log(1 - u) of the exponential distribution in fixed point, int64 (CHANCES,)."""
    u = (np.arange(rules.CHANCES) + 0.5) / rules.CHANCES
    return np.rint(-np.log(u) * rules.GUMBEL_ONE).astype(np.int64)


def compound(plan: Plan, posed: Posed, rate: tuple[float, ...]) -> Moves:
    """The compound moves of a plan.

    Parameters
    ----------
    rate : (swap, slice, shift, copy, octave, single)
        moves of each kind after a sweep, for each variable that is free; a kind there is nothing for has
        none, and what only kinds without a rate need is left empty
    """
    slots, variable = plan.slots[posed.pitched], posed.variable
    lead = factors.leading(slots, variable)
    slots, variable = slots[lead], variable[lead]
    free = np.diff(posed.problem.domain_start) > 1
    lines = [_once(variable[line], free) for line in factors.lines_of(slots)]
    start = starts([len(line) for line in lines])
    swap, together, copy = (np.zeros((0, width), np.int64) for width in (2, 2, 3))
    if rate[SWAP] or rate[SLICE]:
        together = _together(slots, variable, free)
    if rate[SWAP]:
        near = [_pairs(line, k) for line in lines for k in range(1, NEAR + 1)]
        swap = _exchangeable(posed.problem, _unique(np.concatenate([*near, together])))
    if rate[COPY]:
        copy = np.array(list(_copies(plan, slots, variable, lines, start)), np.int64).reshape(-1, 3)
    run = np.concatenate([*lines, np.zeros(0, np.int64)]).astype(np.int64)
    sizes = (len(swap), len(together), len(run), len(copy), len(run), len(run))
    each = [round(share * int(free.sum())) if size else 0 for share, size in zip(rate, sizes, strict=True)]
    return Moves(
        rate=np.array(each, np.int64),
        swap=swap,
        slice=together,
        run=run,
        run_end=np.repeat(start[1:], np.diff(start)),
        shift=SHIFTS,
        copy=copy,
        exponential=exponential_table(),
    )


def _once(variables: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The free ones, each where it first stands, int64 (k,)."""
    first = np.sort(np.unique(variables, return_index=True)[1])
    return variables[first][free[variables[first]]].astype(np.int64)


def _pairs(line: np.ndarray, apart: int) -> np.ndarray:
    return np.stack([line[: max(len(line) - apart, 0)], line[apart:]], axis=1)


def _unique(pairs: np.ndarray) -> np.ndarray:
    """Each pair once, the lower variable first, none with itself; int64 (k, 2)."""
    pairs = np.unique(np.sort(pairs.reshape(-1, 2), axis=1), axis=0)
    return np.ascontiguousarray(pairs[pairs[:, 0] != pairs[:, 1]], np.int64)


def _together(slots: np.ndarray, variable: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Pairs of free variables that somewhere sound at once, int64 (k, 2)."""
    a, b = factors.sounding_together(slots)
    pairs = _unique(np.stack([variable[a], variable[b]], axis=1))
    return np.ascontiguousarray(pairs[free[pairs].all(axis=1)])


def _exchangeable(problem: rules.Problem, pairs: np.ndarray) -> np.ndarray:
    """Pairs whose domains have two pitches or more in common, int64 (k, 2)."""
    n = len(problem.domain_start) - 1
    can = np.zeros((n, 128), np.int64)
    can[np.repeat(np.arange(n), np.diff(problem.domain_start)), problem.domain_pitch] = 1
    return np.ascontiguousarray(pairs[(can[pairs[:, 0]] * can[pairs[:, 1]]).sum(axis=1) >= 2])


def _copies(
    plan: Plan, slots: np.ndarray, variable: np.ndarray, lines: list[np.ndarray], start: np.ndarray
) -> Iterator[tuple[int, int, int]]:
    """Places in the run of two bars of a voice with one rhythm, either way, and their notes."""
    bar = np.searchsorted(plan.grid.bar_tick, slots["onset_tick"], side="right") - 1
    for line, own, at in zip(factors.lines_of(slots), lines, start, strict=False):
        where = {int(v): int(at) + k for k, v in enumerate(own)}
        alike: dict[tuple, list[int]] = {}
        for b in np.unique(bar[line]):
            inside = line[bar[line] == b]
            place = [where.get(int(v), -1) for v in variable[inside]]
            if not 2 <= len(place) <= LONGEST or place != list(range(place[0], place[0] + len(place))):
                continue
            onset = slots["onset_tick"][inside] - plan.grid.bar_tick[b]
            alike.setdefault((*onset.tolist(), *slots["duration_tick"][inside].tolist()), []).append(place[0])
        for rhythm, places in alike.items():
            yield from ((a, b, len(rhythm) // 2) for a in places for b in places if a != b)
