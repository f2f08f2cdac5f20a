"""Layout, State -> State: tonal tension on the processor's cores, a thread for each share of the work.

Twin of `ribbon_cuda.py`: same names, same arguments, same results.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from . import jit, ribbon_rules
from .ribbon_rules import Candidate, Layout, State, candidate_of

NAME = "cpu"
ENOUGH = 200_000  # sums a thread, most of a millisecond: starting it takes a quarter of one


def _compile(function: Callable) -> Callable:
    # written out where it is called: passing a layout's arrays costs more than the sums themselves, and
    # counting references to them makes threads wait for one another
    return numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function)


with jit.own_cache():
    _RULES = jit.compiled(_compile, ribbon_rules)
_evaluate, _change = _RULES["evaluate"], _RULES["change"]
_PASSES = (_RULES["set_segments"], _RULES["set_spans"], _RULES["set_windows"])


def _shared(pool: ThreadPoolExecutor, threads: int, things: int, work: Callable[[int, int], None]) -> None:
    """Do the work for all things, a share (first, last) a thread; the first fault is raised."""
    edge = [things * k // threads for k in range(threads + 1)]
    list(pool.map(work, edge[:-1], edge[1:]))


def _threads(threads: int | None, sums: int) -> int:
    """Threads that so many sums keep busy."""
    return min(threads or os.cpu_count() or 1, max(sums // ENOUGH, 1))


def evaluate(layout: Layout, state: State, threads: int | None = None) -> None:
    """Set all that is kept, and the tensions, of every candidate from its pitch classes."""
    candidates = len(state.pitch_class)
    threads = _threads(threads, candidates * (len(layout.segment_note) + len(layout.span_note)))
    if threads == 1:
        _evaluate(layout, state, 0, candidates)
        return
    with ThreadPoolExecutor(threads) as pool:
        if candidates >= threads:
            _shared(pool, threads, candidates, lambda first, last: _evaluate(layout, state, first, last))
            return
        for n in range(candidates):
            _evaluate_one(pool, threads, layout, candidate_of(state, n))


def _evaluate_one(pool: ThreadPoolExecutor, threads: int, layout: Layout, c: Candidate) -> None:
    """One candidate cut in time; a pass needs all of the one before."""
    things = (len(layout.segment_units), len(layout.span_tonic), len(layout.window_mean))
    for some, count in zip(_PASSES, things, strict=True):
        _shared(pool, threads, count, lambda first, last, some=some: some(layout, c, first, last))


def change(
    layout: Layout, state: State, note: np.ndarray, pitch: np.ndarray, threads: int | None = None
) -> None:
    """Change k notes of every candidate, one after another, and all that follows from it.

    Parameters
    ----------
    layout, state
        the state has been evaluated; it is changed in place
    note, pitch : int (N, k)
        which note, and its new MIDI pitch
    threads : int, optional
    """
    note, pitch = (np.ascontiguousarray(array, np.int64) for array in (note, pitch))
    candidates = len(state.pitch_class)
    sums = note.size * len(layout.note_span) // max(len(layout.note_segment), 1)
    threads = min(_threads(threads, sums), max(candidates, 1))
    if threads == 1:
        _change(layout, state, note, pitch, 0, candidates)
        return
    with ThreadPoolExecutor(threads) as pool:
        _shared(pool, threads, candidates, lambda a, b: _change(layout, state, note, pitch, a, b))
