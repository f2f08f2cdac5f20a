"""A task of MorpheuS -> pitches for it: beams wider and wider, each for weights that fit what is left.

f is a sum of distances, the kernels add squares.  As |d| <= d^2 / 2s + s / 2, with equality where |d| = s,
squares divided by the distances last reached lie above f, and touch it there: making them small makes f small
(D. Hunter and K. Lange, A tutorial on MM algorithms, The American Statistician 58, 2004).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from tensionbgm.kernels import cpu, rules
from tensionbgm.search.morpheus_beam import search, steps
from tensionbgm.search.morpheus_task import SHARES, Task, weighted
from tensionbgm.search.problem import empty_state

ROUNDS = 7
FIRST_ROWS, MOST_ROWS = 500, 128_000  # beginnings weighed at a step; twice as many in every round
LEAST_DISTANCE = 0.02  # of the mean one, by which squares are divided: a weight has to end somewhere
NOTHING = 1e-9  # an f that is rounding
SETTLING = 4  # sweeps of the heat bath at temperature 0


def solve(task: Task, rounds: int = ROUNDS, seed: int = 0) -> np.ndarray:
    """Pitch of each note of the template, int (n,), with an f as small as so many rounds find."""
    *_, pitch = itertools.islice(improve(task, seed), rounds)
    return pitch


def improve(task: Task, seed: int = 0) -> Iterator[np.ndarray]:
    """The best pitches so far, int (n,), after every round; ends with an f of 0, else never."""
    bare = task.posed.problem
    taken, best = steps(bare), None
    weight = fitting_weights(task, np.ones(3))
    for k in itertools.count():
        problem = weighted(bare, weight)
        path = search(problem, taken, min(FIRST_ROWS << k, MOST_ROWS), seed + k)
        pitch = task.pitches(_settled(problem, path.x))
        best = pitch if best is None or task.cost(pitch) < task.cost(best) else best
        yield best
        if task.cost(best) < NOTHING:
            return
        weight = fitting_weights(task, task.distances(best))


def fitting_weights(task: Task, distance: np.ndarray) -> np.ndarray:
    """Weights of squared misfits for which their sum falls as f does near these distances, float (3,)."""
    floor = LEAST_DISTANCE * distance.mean()
    weight = SHARES / task.ceiling / np.maximum(distance, floor)
    return weight / weight.mean()


def _settled(problem: rules.Problem, x: np.ndarray) -> np.ndarray:
    """The pitches after a descent by the kernels, note by note."""
    state = empty_state(problem, 1)
    state.x[0] = state.best_x[0] = x
    cpu.restart(problem, state, threads=1)
    state.cost[0, 1] = state.cost[0, 0]
    cpu.anneal(problem, state, 0, 0, np.zeros(SETTLING, np.int64), threads=1)
    return state.best_x[0]
