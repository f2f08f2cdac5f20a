"""Chains and their neighbourhoods -> chains no neighbourhood of which holds anything better, where proven.

A neighbourhood is a few variables near one another; the kernels solve it exactly while all else stays,
over and over until a pass through the piece gains nothing.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterable, Iterator

import numpy as np

from tensionbgm.forms import PPQ, Plan
from tensionbgm.kernels import cpu, rules
from tensionbgm.kernels.slices import IMPROVED, PROVEN, WIDE, Slices
from tensionbgm.progress import Watch
from tensionbgm.search import factors
from tensionbgm.search.problem import Posed
from tensionbgm.search.rows import starts

SIZE = 6  # variables of a neighbourhood
SOME = 32  # neighbourhoods between two looks at the watch


def of_plan(plan: Plan, posed: Posed) -> Slices:
    """Notes of a quarter, and of every voice in a row, at most `SIZE` of them together."""
    slots, variable = plan.slots[posed.pitched], posed.variable
    lead = factors.leading(slots, variable)
    slots, variable = slots[lead], variable[lead]
    begin = slots["onset_tick"].astype(np.int64)
    end, lines = begin + slots["duration_tick"], factors.lines_of(slots)
    beats = (
        variable[np.flatnonzero((begin < at + PPQ) & (end > at))]
        for at in range(0, int(end.max(initial=0)), PPQ)
    )
    return _slices(posed.problem, itertools.chain(beats, (variable[line] for line in lines)))


def of_groups(problem: rules.Problem) -> Slices:
    """Variables of every group, and of every group and the one it is linked to, at most `SIZE` together."""
    owner = np.repeat(np.arange(len(problem.member_start) - 1), np.diff(problem.member_start))
    order = np.argsort(problem.member_group, kind="stable")
    edge = np.searchsorted(problem.member_group[order], np.arange(len(problem.group) + 1))
    alone = [owner[order][a:b] for a, b in itertools.pairwise(edge)]
    linked = np.flatnonzero(problem.group[:, rules.LINKED])
    return _slices(problem, itertools.chain(alone, (np.concatenate(alone[g - 1 : g + 1]) for g in linked)))


def _slices(problem: rules.Problem, rows: Iterable[np.ndarray]) -> Slices:
    """The free ones of each row in windows of `SIZE`, each window once."""
    size = np.diff(problem.domain_start)
    free = (size > 1) & (size <= WIDE)
    kept: dict[tuple[int, ...], None] = {}
    for row in rows:
        line = [v for v in dict.fromkeys(row.tolist()) if free[v]]
        kept |= dict.fromkeys(tuple(window) for window in _windows(line))
    start = starts([len(window) for window in kept])
    return Slices(start, np.array([v for window in kept for v in window], np.int64))


def _windows(line: list[int]) -> Iterator[list[int]]:
    """Stretches of `SIZE`, each overlapping half of the one before."""
    for first in range(0, max(len(line) - SIZE // 2, 1), SIZE // 2):
        if len(line[first : first + SIZE]) > 1:
            yield line[first : first + SIZE]


def polish(
    chains: cpu.Chains,
    slices: Slices,
    budget: int,
    passes: int,
    watch: Watch | None = None,
    end: float = math.inf,
) -> np.ndarray:
    """Solve every neighbourhood of every chain until a pass gains nothing.

    Parameters
    ----------
    chains : Chains
        `kernels.cpu`'s, or its twin's
    budget : pitches tried in one neighbourhood at most; then the best so far is kept, and nothing proven
    passes : at most
    end : by `time.perf_counter`, when to stop at the latest

    Returns
    -------
    proven : float (chains,)
        share of the neighbourhoods of which the last pass showed, before its end, that they hold nothing
        better; 1 where there are none
    """
    n, count = len(slices.start) - 1, chains.polished()
    proven = np.ones(len(count))
    for _ in range(passes if n else 0):
        for first in range(0, n, SOME):
            if time.perf_counter() > end:
                break
            if watch is not None:
                watch.tick(1.0)
            chains.polish(slices, first, min(first + SOME, n), budget)
        gained, count = chains.polished() - count, chains.polished()
        proven = gained[:, PROVEN] / n
        if time.perf_counter() > end or not gained[:, IMPROVED].any():
            break
    return proven
