"""A task of MorpheuS -> pitches for it: a short annealing, then beams wider and wider.

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

ROUNDS = 8
SWEEPS = 50  # of the annealing
HOT, COLD = 1e6, 10.0  # its first and last temperature [cost units]: misfits of a radius, of some thousandths
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
    problem = weighted(task.posed.problem, fitting_weights(task, np.ones(3)))
    best = task.pitches(_annealed(problem, seed))
    yield best
    taken = steps(problem)
    for k in itertools.count():
        problem = weighted(problem, fitting_weights(task, task.distances(best)))
        path = search(problem, taken, min(FIRST_ROWS << k, MOST_ROWS), seed + k)
        pitch = task.pitches(_settled(problem, path.x))
        best = min(best, pitch, key=task.cost)
        yield best
        if task.cost(best) < NOTHING:
            return


def fitting_weights(task: Task, distance: np.ndarray) -> np.ndarray:
    """Weights of squared misfits for which their sum falls as f does near these distances, float (3,)."""
    floor = LEAST_DISTANCE * distance.mean()
    weight = SHARES / task.ceiling / np.maximum(distance, max(floor, NOTHING))
    return weight / weight.mean()


def _annealed(problem: rules.Problem, seed: int) -> np.ndarray:
    """Pitches of the variables after a short annealing."""
    state = empty_state(problem, 1)
    cpu.start(problem, state, seed, threads=1)
    cpu.anneal(problem, state, seed, 0, np.rint(np.geomspace(HOT, COLD, SWEEPS)).astype(np.int64), threads=1)
    return state.best_x[0]


def _settled(problem: rules.Problem, x: np.ndarray) -> np.ndarray:
    """The pitches after a descent by the kernels, note by note."""
    state = empty_state(problem, 1)
    state.x[0] = state.best_x[0] = x
    cpu.restart(problem, state, threads=1)
    state.cost[0, 1] = state.cost[0, 0]
    cpu.anneal(problem, state, 0, 0, np.zeros(SETTLING, np.int64), threads=1)
    return state.best_x[0]
