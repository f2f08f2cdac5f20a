"""Notes, windows and keys -> Layout, and a batch of pitches -> Ribbons: the only door to their kernels.

`music.ribbons` is the plain form and takes one piece.  Here one rhythm is laid out once and then any
number of candidates' pitches are measured on it, whole or note by note; N candidates of n notes, over w
windows.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from tensionbgm.errors import UsageError
from tensionbgm.kernels import backend
from tensionbgm.kernels.ribbon_rules import Layout, State
from tensionbgm.music import spiral
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import Ribbons, key_at
from tensionbgm.music.sounding import moments
from tensionbgm.music.windows import Windows, units

BLOCK_BYTES = 16_000_000  # candidates measured at once: they should fit the last cache, and fill a device
ROOM_BITS = 62 - 3  # of an int64: a diameter is below 8 radii, and a window's area must fit


def layout(notes: Notes, windows: Windows, keys: tuple[KeyChange, ...]) -> Layout:
    """All that does not depend on pitch.

    Diameters are counted in 1/2**b radius, b = 59 less the bits of the longest window's units: their
    means are right to 2**-(b + 1), which is 2e-13 for a bar and 1e-10 for a window of 3000 quarters.

    Parameters
    ----------
    notes : Notes
        n notes; percussion is left out, but counted as notes
    windows : Windows
        w windows; each is heard in the key in force where it begins
    keys : KeyChange ...
        at least one, in order; the first is taken to hold from the start
    """
    change, tonic = units(np.array([k.start_quarter for k in keys])), np.array([k.tonic for k in keys])
    in_key = key_at(change, windows.start)
    onset, end = _extent(notes)
    heard = end > onset
    at = moments(onset[heard], end[heard], windows.start, windows.end, change)
    length = np.diff(at)
    note, window = _places(at, onset, end), _places(at, windows.start, windows.end)
    sounding, held = _cover(note[heard], len(length)), _cover(window, len(length))
    kept = np.flatnonzero((sounding > 1) & (held > 0))  # one note has no diameter
    number = np.searchsorted(kept, np.arange(len(at)))
    note_segment, window_segment = number[note], number[window]
    segment_start, segment_note, _ = _by_member(*_members(note_segment), len(kept))
    holder_start, holder, _ = _by_member(*_members(window_segment), len(kept))
    longest = int((windows.end - windows.start).max())
    radius = 2.0 ** (ROOM_BITS - longest.bit_length())
    time = np.concatenate([[0], np.cumsum(length * (sounding > 0))])[window]
    return Layout(
        note_segment=note_segment,
        segment_units=length[kept],
        segment_tonic=tonic[key_at(change, at[kept])],
        segment_start=segment_start,
        segment_note=segment_note,
        holder_start=holder_start,
        holder=holder,
        window_segment=window_segment,
        window_mean=_inverse((time[:, 1] - time[:, 0]) * radius),
        window_key=np.array([spiral.key_point(k.mode) for k in keys])[in_key],
        spell=_spell(),
        diameter=np.rint(spiral.diameter_table() * radius).astype(np.int64),
        **_spans(onset, end, windows, tonic[in_key]),
    )


def start(layout: Layout, pitch: np.ndarray, device: str = "auto", threads: int | None = None) -> State:
    """Candidates to change note by note, measured once.

    Parameters
    ----------
    layout : Layout
    pitch : int (N, n)
        MIDI pitch of every note
    device : str
        auto | cpu | cuda
    threads : int, optional
        on the CPU; nothing depends on it

    Raises
    ------
    UsageError
        a CUDA device is asked for where none answers
    ValueError
        not a pitch for each note
    """
    pitch = _checked(layout, pitch)
    state = _empty(layout, len(pitch))
    state.pitch_class[...] = pitch % 12
    _twin(device, len(pitch)).evaluate(layout, state, threads)
    return state


def evaluate(layout: Layout, pitch: np.ndarray, device: str = "auto", threads: int | None = None) -> Ribbons:
    """Diameter, momentum and strain of all candidates, float (N, w) each; as `start`, and nothing kept."""
    pitch = _checked(layout, pitch)
    twin = _twin(device, len(pitch))
    row = sum(array.nbytes for array in _empty(layout, 1))
    state = _empty(layout, min(len(pitch), max(BLOCK_BYTES // row, 1)))
    out = Ribbons(*(np.empty((len(pitch), len(layout.window_mean))) for _ in range(3)))
    for first in range(0, len(pitch), max(len(state.pitch_class), 1)):
        some = pitch[first : first + len(state.pitch_class)]
        part = State(*(array[: len(some)] for array in state))
        part.pitch_class[...] = some % 12
        twin.evaluate(layout, part, threads)
        for name in ("diameter", "momentum", "strain"):
            getattr(out, name)[first : first + len(some)] = getattr(part, name)
    return out


def change(
    layout: Layout,
    state: State,
    note: np.ndarray,
    pitch: np.ndarray,
    device: str = "auto",
    threads: int | None = None,
) -> Ribbons:
    """Give notes of every candidate other pitches, one after another.

    On the processor it costs what they touch; on CUDA the state is carried to the device and back each time.

    Parameters
    ----------
    layout, state
        of `start`; the state is changed in place
    note, pitch : int (N, k) or (N,)
        which note of each candidate, and its new MIDI pitch; notes that are tied are k changes
    device, threads
        as in `start`

    Returns
    -------
    ribbons : Ribbons
        float (N, w) each: views of the state

    Raises
    ------
    UsageError
        a CUDA device is asked for where none answers
    ValueError
        no such note, or not a pitch for each
    """
    note, pitch = (np.asarray(a, np.int64).reshape(len(state.pitch_class), -1) for a in (note, pitch))
    if note.shape != pitch.shape or (note < 0).any() or (note >= state.pitch_class.shape[1]).any():
        raise ValueError(f"no {state.pitch_class.shape[1]} notes to change so, or not a pitch for each")
    _twin(device, len(state.pitch_class)).change(layout, state, note, pitch, threads)
    return ribbons_of(state)


def ribbons_of(state: State) -> Ribbons:
    """The tensions of all candidates as they are now, float (N, w) each: views of the state."""
    return Ribbons(state.diameter, state.momentum, state.strain)


def _twin(device: str, candidates: int) -> ModuleType:
    try:
        return backend(device, candidates, "ribbons")
    except (RuntimeError, ValueError) as fault:
        raise UsageError(f"--device {device}: {fault}") from fault


def _checked(layout: Layout, pitch: np.ndarray) -> np.ndarray:
    pitch = np.asarray(pitch)
    if pitch.ndim != 2 or pitch.shape[1] != len(layout.note_segment):
        raise ValueError(f"pitch is {pitch.shape}; it must be (N, {len(layout.note_segment)})")
    return pitch


def _empty(layout: Layout, candidates: int) -> State:
    """Room for this many candidates."""
    n, s = len(layout.note_segment), len(layout.segment_units)
    p, w = len(layout.span_tonic), len(layout.window_mean)
    short, long, real = np.int16, np.int64, np.float64
    shapes = ((n,), (s, 12), (s,), (s,), (p, 3), (w,), (w,), (w,), (w,))
    kinds = (short, short, short, long, long, long, real, real, real)
    return State(*(np.zeros((candidates, *a), kind) for a, kind in zip(shapes, kinds, strict=True)))


def _extent(notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """When each note begins and ends to sound, int64 (n,) [units]; percussion at 0, and no longer."""
    table = notes.notes
    onset = units(table["onset_quarter"])
    end = np.maximum(units(table["onset_quarter"] + table["duration_quarter"]), onset + 1)
    return onset * ~table["drum"], end * ~table["drum"]


def _places(at: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Where stretches of time begin and end among the moments, int64 (k, 2)."""
    return np.stack([np.searchsorted(at, begin), np.searchsorted(at, end)], axis=1)


def _cover(span: np.ndarray, m: int) -> np.ndarray:
    """How many of the ranges [first, last) hold each of m places, int64 (m,)."""
    step = np.bincount(span[:, 0], minlength=m + 1) - np.bincount(span[:, 1], minlength=m + 1)
    return np.cumsum(step)[:m]


def _members(span: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every (owner, member) of ranges [first, last), by owner; int64 (e,) each."""
    count = span[:, 1] - span[:, 0]
    owner = np.repeat(np.arange(len(span)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - span[:, 0], count)


def _starts(count: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(count)])


def _by_member(owner: np.ndarray, member: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs sorted by member, of n: where each member's begin, their owners, and the order."""
    order = np.argsort(member, kind="stable")
    return _starts(np.bincount(member, minlength=n)), owner[order], order


def _spans(onset: np.ndarray, end: np.ndarray, windows: Windows, tonic: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of `Layout` that concern spans; `tonic` is that of each window."""
    w, n = len(windows), len(onset)
    other = np.flatnonzero(tonic != tonic[windows.before])
    looked_at = np.stack([windows.before[other], tonic[other]], axis=1)
    more, which = np.unique(looked_at, axis=0, return_inverse=True)
    before = windows.before.astype(np.int64)
    before[other] = w + which.ravel()
    window = np.concatenate([np.arange(w), more[:, 0]])
    span_tonic = np.concatenate([tonic, more[:, 1]])
    note, heard_in, time = _overlaps(onset, end, windows)
    start, note, order = _by_member(note, heard_in, w)
    span, row = _members(np.stack([start[window], start[window + 1]], axis=1))
    note, time = note[row], time[order][row]
    note_start, note_span, order = _by_member(span, note, n)
    follower_start, follower, _ = _by_member(np.arange(w), before, len(window))
    mean = _inverse(np.bincount(span, time, len(window)))
    return {
        "note_start": note_start,
        "note_span": note_span,
        "note_units": time[order],
        "span_tonic": span_tonic,
        "span_start": _starts(np.bincount(span, minlength=len(window))),
        "span_note": note,
        "span_units": time,
        "span_mean": np.stack([mean, mean * spiral.RISE], axis=1),
        "follower_start": follower_start,
        "follower": follower,
        "window_before": before,
    }


def _overlaps(
    onset: np.ndarray, end: np.ndarray, windows: Windows
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which note sounds in which window, and for how long [units]; int64 (e,) each, by note."""
    reached = np.maximum.accumulate(windows.end)  # windows may end in another order than they begin
    first = np.searchsorted(reached, onset, side="right")
    last = np.maximum(np.searchsorted(windows.start, end), first)
    note, window = _members(np.stack([first, last], axis=1))
    time = np.minimum(end[note], windows.end[window]) - np.maximum(onset[note], windows.start[window])
    some = time > 0
    return note[some], window[some], time[some]


def _inverse(total: np.ndarray) -> np.ndarray:
    """1 / total, and 0 where there is none."""
    return np.divide(1.0, total, out=np.zeros(len(total)), where=total > 0)


def _spell() -> np.ndarray:
    """By tonic and pitch class: x, y and steps on the line of fifths, int64 (12, 12, 3)."""
    k = np.stack([spiral.fifths(np.arange(12), tonic) for tonic in range(12)])
    return np.concatenate([spiral.position(k)[..., :2].astype(np.int64), k[..., None]], axis=-1)
