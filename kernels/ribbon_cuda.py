"""Layout, State -> State: tonal tension on a CUDA device, a thread a segment, span or window.

Twin of `ribbon_cpu.py`: same names, same arguments, same results.  Under NUMBA_ENABLE_CUDASIM=1 the
same code runs in numba's simulator.  On a device what is kept, being whole, is the same to the bit; the
tensions may differ in the last place, because its compiler joins products and sums.
"""

import numpy as np
from numba import cuda

from . import jit, ribbon_rules
from .ribbon_rules import Layout, State

NAME = "cuda"
BLOCK = 128  # threads a block

_RULES = jit.compiled(lambda f: cuda.jit(f, device=True), ribbon_rules)
_candidate_of, _change_one = _RULES["candidate_of"], _RULES["change_one"]
_set_segment, _set_sums = _RULES["set_segment"], _RULES["set_sums"]
_set_spread, _set_window = _RULES["set_spread"], _RULES["set_window"]


@cuda.jit
def _segments_kernel(layout, state):
    size, thread = layout.segment_units.size, cuda.grid(1)
    n, s = thread // size, thread % size
    if n < state.pitch_class.shape[0]:
        _set_segment(layout, _candidate_of(state, n), s)


@cuda.jit
def _spans_kernel(layout, state):
    size, thread = layout.span_tonic.size, cuda.grid(1)
    n, i = thread // size, thread % size
    if n < state.pitch_class.shape[0]:
        _set_sums(layout, _candidate_of(state, n), i)


@cuda.jit
def _windows_kernel(layout, state):
    size, thread = layout.window_mean.size, cuda.grid(1)
    n, w = thread // size, thread % size
    if n < state.pitch_class.shape[0]:
        c = _candidate_of(state, n)
        _set_spread(layout, c, w)
        _set_window(layout, c, w)


@cuda.jit
def _change_kernel(layout, state, note, pitch):
    n = cuda.grid(1)
    if n < state.pitch_class.shape[0]:
        c = _candidate_of(state, n)
        for k in range(note.shape[1]):
            _change_one(layout, c, note[n, k], pitch[n, k])


def _there(layout: Layout, state: State) -> tuple[Layout, State]:
    """Copies on the device."""
    return Layout(*map(cuda.to_device, layout)), State(*map(cuda.to_device, state))


def _back(state: State, there: State) -> None:
    for here, array in zip(state, there, strict=True):
        array.copy_to_host(here)


def _blocks(threads: int) -> int:
    return (threads + BLOCK - 1) // BLOCK


def evaluate(layout: Layout, state: State, threads: int | None = None) -> None:
    """Set all that is kept, and the tensions, of every candidate from its pitch classes."""
    there = _there(layout, state)
    things = (len(layout.segment_units), len(layout.span_tonic), len(layout.window_mean))
    kernels = (_segments_kernel, _spans_kernel, _windows_kernel)
    for kernel, count in zip(kernels, things, strict=True):
        if count and len(state.pitch_class):
            kernel[_blocks(len(state.pitch_class) * count), BLOCK](*there)
    _back(state, there[1])


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
        of no meaning here
    """
    if np.size(note) == 0:
        return
    there = _there(layout, state)
    note, pitch = (cuda.to_device(np.ascontiguousarray(array, np.int64)) for array in (note, pitch))
    _change_kernel[_blocks(len(state.pitch_class)), BLOCK](*there, note, pitch)
    _back(state, there[1])
