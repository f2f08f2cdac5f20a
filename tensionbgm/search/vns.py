"""Problem -> pitches by MorpheuS's variable neighbourhood search: the baseline that the search is held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.kernels import rules
from tensionbgm.search import problem as posing
from tensionbgm.search import states
from tensionbgm.search.rows import starts


@dataclass(frozen=True)
class Found:
    """The best pitches seen, and what they cost."""

    cost: int  # [cost units]
    x: np.ndarray  # int64 (V,)


def search(problem: rules.Problem, evaluations: int, seed: int = 0) -> Found:
    """Search by change1, change slice, swap and perturbation of 12 % [HC19]_, from random pitches.

    Parameters
    ----------
    evaluations : int
        pitches, or pairs of pitches, weighed; the neighbourhood under way is finished
    seed : int
        same seed, same pitches
    """
    from tensionbgm.kernels import cpu, exact, walk

    state = posing.empty_state(problem, 1)
    cpu.start(problem, state, seed)
    heard = [sorted(member) for member in states.members(problem)]
    start = starts([len(member) for member in heard])
    sounding = np.array([v for member in heard for v in member], np.int64)
    exact.search(problem, walk.chain_of(state, 0), start, sounding, seed, evaluations)
    return Found(int(state.cost[0, 1]), state.best_x[0].copy())
