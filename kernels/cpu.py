"""Problem, State -> State: the search on the processor's cores, a thread a chain.

Twin of `cuda.py`: same names, same arguments, same results.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np

from . import jit, rules, walk
from .rules import Problem, State
from .walk import chain_of

NAME = "cpu"
ENTRIES = ("start", "restart", "anneal")


def compiler(entries: Iterable[str]) -> Callable[[Callable], Callable]:
    """How kernels are compiled here; `entries` are the functions that Python calls."""

    def compile(function: Callable) -> Callable:
        # threads, not numba's own parallel loops: they compile fast, can be interrupted, need no runtime.
        # No function makes an array, so nobody need count references to a problem's thirty arrays at every
        # call; and LLVM writes a callee out where it is called far sooner than numba's own inlining does.
        entry = function.__name__ in entries
        options: dict[str, Any] = {"_nrt": False, "forceinline": not entry}
        options |= {"no_cpython_wrapper": not entry, "no_cfunc_wrapper": True}
        return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)

    return compile


with jit.own_cache():
    _RULES = jit.compiled(compiler(ENTRIES), rules, walk)
_start, _restart, _anneal = (_RULES[name] for name in ("start", "restart", "anneal"))


def _each(chains: int, work: Callable[[int], None], threads: int | None) -> None:
    """Do the work for every chain; the first fault is raised."""
    threads = min(threads or os.cpu_count() or 1, chains)
    if threads == 1:
        for chain in range(chains):
            work(chain)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(chains)))


def start(problem: Problem, state: State, seed: int, threads: int | None = None) -> None:
    """Give every chain random pitches of its own, and their cost."""
    _each(len(state.x), lambda n: _start(problem, chain_of(state, n), seed, n), threads)


def restart(problem: Problem, state: State, threads: int | None = None) -> None:
    """Set every chain's sums and cost from its pitches."""
    _each(len(state.x), lambda n: _restart(problem, chain_of(state, n)), threads)


def anneal(
    problem: Problem,
    state: State,
    seed: int,
    first_sweep: int,
    temperature: np.ndarray,
    threads: int | None = None,
) -> None:
    """Sweep every chain once for each temperature (int64 (k,), cost units); `state` is changed in place."""
    temperature = np.ascontiguousarray(temperature, np.int64)
    _each(
        len(state.x),
        lambda n: _anneal(problem, chain_of(state, n), seed, n, first_sweep, temperature),
        threads,
    )
