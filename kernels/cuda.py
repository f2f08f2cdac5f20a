"""Problem, State -> State: the search on a CUDA device, a thread a chain.

Twin of `cpu.py`: same names, same arguments, same results.  Under NUMBA_ENABLE_CUDASIM=1 the same
code runs in numba's simulator.
"""

import numpy as np
from numba import cuda

from . import jit, moves, rules, slices, vns, walk
from .moves import Moves, Room, empty_room, no_moves
from .rules import Problem, State
from .slices import Slices, empty_bench

NAME = "cuda"
BLOCK = 32  # chains a block: one warp

_RULES = jit.compiled(lambda f: cuda.jit(f, device=True), rules, walk, vns, moves, slices)
_chain_of, _room_of, _bench_of = (_RULES[k] for k in ("chain_of", "room_of", "bench_of"))
_start, _restart, _anneal, _solve = (_RULES[k] for k in ("start", "restart", "anneal", "solve_slices"))


@cuda.jit
def _start_kernel(problem, state, seed):
    n = cuda.grid(1)
    if n < state.x.shape[0]:
        _start(problem, _chain_of(state, n), seed, n)


@cuda.jit
def _restart_kernel(problem, state):
    n = cuda.grid(1)
    if n < state.x.shape[0]:
        _restart(problem, _chain_of(state, n))


@cuda.jit
def _anneal_kernel(problem, changes, state, room, seed, first_sweep, temperature):
    n = cuda.grid(1)
    if n < state.x.shape[0]:
        chain, own = _chain_of(state, n), _room_of(room, n)
        _anneal(problem, changes, chain, own, seed, n, first_sweep, temperature[n])


@cuda.jit
def _solve_kernel(problem, slices, state, bench, first, stop, budget):
    n = cuda.grid(1)
    if n < state.x.shape[0]:
        _solve(problem, slices, _chain_of(state, n), _bench_of(bench, n), first, stop, budget)


def _there(arrays):
    """A named tuple of arrays, on the device."""
    return type(arrays)(*(cuda.to_device(array) for array in arrays))


class Chains:
    """A problem's chains where they are computed: copies on the device, until they are fetched."""

    def __init__(
        self, problem: Problem, state: State, changes: Moves | None = None, threads: int | None = None
    ) -> None:
        self.state, self.room, self.bench = (
            state,
            empty_room(len(state.x)),
            empty_bench(problem, len(state.x)),
        )
        self._problem, self._changes, self._state = (
            _there(these) for these in (problem, changes or no_moves(), state)
        )
        self._room, self._bench = _there(self.room), _there(self.bench)

    def _launch(self, kernel, *arguments) -> None:
        kernel[(len(self.state.x) + BLOCK - 1) // BLOCK, BLOCK](*arguments)

    def start(self, seed: int) -> None:
        """Give every chain random pitches of its own, and their cost."""
        self._launch(_start_kernel, self._problem, self._state, seed)

    def restart(self) -> None:
        """Set every chain's sums and cost from its pitches."""
        self._launch(_restart_kernel, self._problem, self._state)

    def settle(self) -> None:
        """Bring every chain back to the best pitches it has seen."""
        self._state.x.copy_to_device(self._state.best_x)
        self.restart()

    def anneal(self, seed: int, first_sweep: int, temperature: np.ndarray) -> None:
        """Sweep every chain once for each temperature, int64 (k,) or (chains, k) [cost units]."""
        heat = np.broadcast_to(
            np.asarray(temperature, np.int64), (len(self.state.x), np.shape(temperature)[-1])
        )
        there = (self._problem, self._changes, self._state, self._room)
        self._launch(_anneal_kernel, *there, seed, first_sweep, cuda.to_device(np.ascontiguousarray(heat)))

    def polish(self, slices: Slices, first: int, stop: int, budget: int) -> None:
        """Solve neighbourhoods first..stop of every chain, trying at most `budget` pitches in each."""
        there = (self._problem, _there(slices), self._state, self._bench)
        self._launch(_solve_kernel, *there, first, stop, budget)

    def polished(self) -> np.ndarray:
        """Pitches tried, neighbourhoods improved, proven and seen by each chain; int64 (chains, 4)."""
        return self._bench.count.copy_to_host()

    def costs(self) -> np.ndarray:
        """Cost of each chain now, and at its best; int64 (chains, 2)."""
        return self._state.cost.copy_to_host()

    def fetch(self) -> Room:
        """Bring the chains into `state`; returns what they counted."""
        for here, there in zip((*self.state, *self.room), (*self._state, *self._room), strict=True):
            there.copy_to_host(here)
        return self.room


def start(problem: Problem, state: State, seed: int, threads: int | None = None) -> None:
    """Give every chain random pitches of its own, and their cost."""
    chains = Chains(problem, state)
    chains.start(seed)
    chains.fetch()


def restart(problem: Problem, state: State, threads: int | None = None) -> None:
    """Set every chain's sums and cost from its pitches."""
    chains = Chains(problem, state)
    chains.restart()
    chains.fetch()


def anneal(
    problem: Problem,
    state: State,
    seed: int,
    first_sweep: int,
    temperature: np.ndarray,
    threads: int | None = None,
    changes: Moves | None = None,
) -> Room:
    """Sweep every chain once for each temperature (`Chains.anneal`); `state` is changed in place."""
    chains = Chains(problem, state, changes)
    chains.anneal(seed, first_sweep, temperature)
    return chains.fetch()
