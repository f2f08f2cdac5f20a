"""Problem, State -> State: the search on the processor's cores, a thread a chain.

Twin of `cuda.py`: same names, same arguments, same results.  `wide.weigh` takes the place of `walk.weigh`,
`singles.singles` of `moves.singles`.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from . import jit, lanes, moves, ready, rules, singles, slices, vns, walk, wide
from .moves import Moves, Room, empty_room, no_moves, room_of
from .rules import Problem, State
from .slices import Slices, bench_of, empty_bench
from .walk import chain_of

NAME = "cpu"
# small ones, since each is compiled with all it calls: what `anneal` and `start` do is put together here
ENTRIES = ("draw", "restart", "heat_bath", "wander", "pairs", "singles", "solve_slices")


def _apart(flags: Any) -> Any:
    """Tell LLVM that arrays share no memory, which no option of numba's does.

    It may then look levels up and write costs in one loop of vector instructions.
    """
    flags.noalias = True
    return flags


def compiler(entries: Iterable[str], apart: bool = False) -> Callable[[Callable], Callable]:
    """How kernels are compiled here; `entries` are the functions that Python calls.

    `apart`: none of them is ever given two arrays that share memory.
    """

    def compile(function: Callable) -> Callable:
        # threads, not numba's own parallel loops: they compile fast, can be interrupted, need no runtime.
        # No function makes an array, so nobody need count references to a problem's thirty arrays at every
        # call; and LLVM writes a callee out where it is called far sooner than numba's own inlining does.
        entry = function.__name__ in entries
        options: dict[str, Any] = {"_nrt": False, "forceinline": not entry}
        options |= {"no_cpython_wrapper": not entry, "no_cfunc_wrapper": True}
        made = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        if apart and hasattr(made, "_compiler"):  # not there where numba is told to leave Python as it is
            made._compiler._customize_flags = _apart
        return made

    return compile


with jit.own_cache():
    _RULES = jit.compiled(
        compiler(ENTRIES, apart=True), rules, walk, lanes, wide, vns, moves, singles, slices
    )
_draw, _restart, _heat_bath, _wander, _pairs, _singles, _solve_slices = (_RULES[name] for name in ENTRIES)


class Chains:
    """A problem's chains where they are computed; here in `state` itself."""

    def __init__(
        self, problem: Problem, state: State, changes: Moves | None = None, threads: int | None = None
    ) -> None:
        self.problem, self.state, self.changes = problem, state, changes or no_moves()
        self.threads, self.room = threads, empty_room(len(state.x))
        self.bench = empty_bench(problem, len(state.x))
        self._ready, most = ready.prepared(problem), int(np.diff(problem.member_start).max(initial=0))
        self._chain = [ready.seated(chain_of(state, n), most) for n in range(len(state.x))]

    def _each(self, work: Callable[[int], None]) -> None:
        """Do the work for every chain; the first fault is raised."""
        chains = len(self.state.x)
        threads = min(self.threads or os.cpu_count() or 1, chains)
        if threads == 1:
            for chain in range(chains):
                work(chain)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(chains)))

    def start(self, seed: int) -> None:
        """Give every chain random pitches of its own, and their cost."""
        state = self.state

        def work(n: int) -> None:
            _draw(self._ready, self._chain[n], seed, n)
            _restart(self._ready, self._chain[n])
            state.cost[n, 1], state.best_x[n] = state.cost[n, 0], state.x[n]

        self._each(work)

    def restart(self) -> None:
        """Set every chain's sums and cost from its pitches."""
        self._each(lambda n: _restart(self._ready, self._chain[n]))

    def settle(self) -> None:
        """Bring every chain back to the best pitches it has seen."""
        self.state.x[...] = self.state.best_x
        self.restart()

    def anneal(self, seed: int, first_sweep: int, temperature: np.ndarray) -> None:
        """Sweep every chain once for each temperature, int64 (k,) or (chains, k) [cost units]."""
        heat = np.broadcast_to(
            np.asarray(temperature, np.int64), (len(self.state.x), np.shape(temperature)[-1])
        )

        def work(n: int) -> None:
            room, chain, each = room_of(self.room, n), self._chain[n], heat[n].copy()
            if not self.changes.rate.any():
                _heat_bath(self._ready, chain, seed, n, first_sweep, each)
                return
            rate = self.changes.rate
            others = rate.sum() > rate[moves.SLICE] + rate[moves.SINGLE]
            asked = ((_wander, others), (_pairs, rate[moves.SLICE]), (_singles, rate[moves.SINGLE]))
            then = [made for made, any_of_them in asked if any_of_them]
            for k in range(len(each)):
                _heat_bath(self._ready, chain, seed, n, first_sweep + k, each[k : k + 1])
                for moved in then:
                    moved(self._ready, self.changes, chain, room, seed, n, first_sweep + k, int(each[k]))

        self._each(work)

    def polish(self, slices: Slices, first: int, stop: int, budget: int) -> None:
        """Solve neighbourhoods first..stop of every chain, trying at most `budget` pitches in each."""

        def work(n: int) -> None:
            bench = bench_of(self.bench, n)
            _solve_slices(self._ready, slices, self._chain[n], bench, first, stop, budget)

        self._each(work)

    def polished(self) -> np.ndarray:
        """Pitches tried, neighbourhoods improved, proven and seen by each chain; int64 (chains, 4)."""
        return self.bench.count.copy()

    def costs(self) -> np.ndarray:
        """Cost of each chain now, and at its best; int64 (chains, 2)."""
        return self.state.cost.copy()

    def fetch(self) -> Room:
        """Bring the chains into `state`; returns what they counted."""
        return self.room


def start(problem: Problem, state: State, seed: int, threads: int | None = None) -> None:
    """Give every chain random pitches of its own, and their cost."""
    Chains(problem, state, threads=threads).start(seed)


def restart(problem: Problem, state: State, threads: int | None = None) -> None:
    """Set every chain's sums and cost from its pitches."""
    Chains(problem, state, threads=threads).restart()


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
    chains = Chains(problem, state, changes, threads)
    chains.anneal(seed, first_sweep, temperature)
    return chains.fetch()
