"""Layout, State -> State: tonal tension on the processor's cores, a thread for each share of the work.

Twin of `ribbon_cuda.py`: same names, same arguments, same results.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from . import jit, ribbon_rules
from .ribbon_rules import Layout, State, candidate_of

NAME = "cpu"
ENOUGH = 100_000  # sums a thread: fewer are done before it has started
ENTRIES = {"set_segments", "set_spans", "set_windows", "evaluate", "change"}


def _compile(function: Callable) -> Callable:
    # written out where they are called: passing a layout's arrays costs more than the sums themselves
    inline = "never" if function.__name__ in ENTRIES else "always"
    return numba.njit(cache=True, nogil=True, error_model="numpy", inline=inline)(function)


with jit.own_cache():
    _RULES = jit.compiled(_compile, ribbon_rules)
_evaluate, _change = _RULES["evaluate"], _RULES["change"]
_PASSES = (_RULES["set_segments"], _RULES["set_spans"], _RULES["set_windows"])


def _shared(things: int, work: Callable[[int, int], None], threads: int) -> None:
    """Do the work for all things, a share (first, last) a thread; the first fault is raised."""
    threads = min(threads, things)
    if threads <= 1:
        work(0, things)
        return
    edge = [things * k // threads for k in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edge[:-1], edge[1:]))


def _threads(threads: int | None, sums: int) -> int:
    """Threads that so many sums keep busy."""
    return min(threads or os.cpu_count() or 1, max(sums // ENOUGH, 1))


def evaluate(layout: Layout, state: State, threads: int | None = None) -> None:
    """Set all that is kept, and the tensions, of every candidate from its pitch classes."""
    candidates = len(state.pitch_class)
    one = len(layout.segment_note) + len(layout.span_note)
    threads = _threads(threads, candidates * one)
    if candidates >= threads:
        _shared(candidates, lambda first, last: _evaluate(layout, state, first, last), threads)
        return
    for n in range(candidates):
        c = candidate_of(state, n)
        things = (len(layout.segment_units), len(layout.span_tonic), len(layout.window_mean))
        for some, count in zip(_PASSES, things, strict=True):
            _shared(count, lambda first, last, some=some, c=c: some(layout, c, first, last), threads)


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
    sums = note.size * len(layout.note_span) // max(len(layout.note_segment), 1)
    _shared(
        len(state.pitch_class),
        lambda first, last: _change(layout, state, note, pitch, first, last),
        _threads(threads, sums),
    )
