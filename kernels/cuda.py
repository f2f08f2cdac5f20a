"""Problem, State -> State: the search on a CUDA device, a thread a chain.

Twin of `cpu.py`: same names, same arguments, same results.  Under NUMBA_ENABLE_CUDASIM=1 the same
code runs in numba's simulator.
"""

import numpy as np
from numba import cuda

from . import jit, rules, walk
from .rules import Problem, State

NAME = "cuda"
BLOCK = 32  # chains a block: one warp

_RULES = jit.compiled(lambda f: cuda.jit(f, device=True), rules, walk)
_chain_of, _start, _restart, _anneal = (_RULES[k] for k in ("chain_of", "start", "restart", "anneal"))


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
def _anneal_kernel(problem, state, seed, first_sweep, temperature):
    n = cuda.grid(1)
    if n < state.x.shape[0]:
        _anneal(problem, _chain_of(state, n), seed, n, first_sweep, temperature)


def _launch(kernel, problem: Problem, state: State, *arguments) -> None:
    """Run a kernel on copies on the device, and copy the state back."""
    there = Problem(*(cuda.to_device(array) for array in problem))
    chains = State(*(cuda.to_device(array) for array in state))
    kernel[(len(state.x) + BLOCK - 1) // BLOCK, BLOCK](there, chains, *arguments)
    for here, array in zip(state, chains, strict=True):
        array.copy_to_host(here)


def start(problem: Problem, state: State, seed: int, threads: int | None = None) -> None:
    """Give every chain random pitches of its own, and their cost."""
    _launch(_start_kernel, problem, state, seed)


def restart(problem: Problem, state: State, threads: int | None = None) -> None:
    """Set every chain's sums and cost from its pitches."""
    _launch(_restart_kernel, problem, state)


def anneal(
    problem: Problem,
    state: State,
    seed: int,
    first_sweep: int,
    temperature: np.ndarray,
    threads: int | None = None,
) -> None:
    """Sweep every chain once for each temperature (int64 (k,), cost units); `state` is changed in place."""
    _launch(
        _anneal_kernel, problem, state, seed, first_sweep, cuda.to_device(np.asarray(temperature, np.int64))
    )
