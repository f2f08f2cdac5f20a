"""Pitch classes -> points of the Tonal Interval Space, and the tensions of windows measured there.

A chroma c, 12 weights of pitch classes, is a point of six complex coordinates [BCCGD16]_:

    T(k) = w_k / sum(c) * sum_n c_n exp(-2 pi i k n / 12),  k = 1..6,  w = (2, 11, 17, 16, 19, 7).

The nearer the centre, the more dissonant; the smaller an angle, the closer in key [NCBSM20]_:

- *dissonance*: 1 - |T| / |T of a single note|, of what sounds together;
- *key distance*: angle between a window's T and that of the key's profile [Temperley07]_;
- *tonic distance*: angle between a window's T and that of the tonic triad;
- *motion*: distance between the T of two windows, over the largest between any two chords.

Pitch classes alone count: a note doubled at the octave changes nothing, and transposing music and keys
together turns the space and changes nothing either.  In silence a tension is 0.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from tensionbgm.music import key_profiles
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import key_at
from tensionbgm.music.sounding import Sounding, sounding
from tensionbgm.music.windows import Windows, spans, units

WEIGHTS = np.array([2.0, 11.0, 17.0, 16.0, 19.0, 7.0])  # of the intervals k = 1..6, for notes (not audio)
SINGLE = float(np.linalg.norm(WEIGHTS))  # |T| of one pitch class, the farthest from the centre
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
PROFILES = dict(zip(key_profiles.MODES, np.array(key_profiles.PROFILES["temperley"]), strict=True))


def vector(chroma: np.ndarray) -> np.ndarray:
    """T of each chroma.

    Parameters
    ----------
    chroma : float (..., 12)
        weight >= 0 of each pitch class, C first

    Returns
    -------
    vector : complex (..., 6)
        0 where no pitch class has weight
    """
    chroma = np.asarray(chroma, float)
    total = chroma.sum(axis=-1, keepdims=True)
    return WEIGHTS * np.fft.fft(chroma)[..., 1:7] / np.where(total > 0, total, 1.0)


def dissonance(chroma: np.ndarray) -> np.ndarray:
    """1 - |T| / |T_single|, float (...): 0 for a single pitch class, 1 where all intervals cancel."""
    return 1.0 - np.linalg.norm(vector(chroma), axis=-1) / SINGLE


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|T_a - T_b| over the largest between any two pitch-class sets, float (...), 0..1."""
    return np.linalg.norm(a - b, axis=-1) / _farthest()


def angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle between vectors, arccos(Re <T_a, T_b> / |T_a| |T_b|), float (...) [radians]; 0 at the centre."""
    size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = np.real(np.sum(a * np.conj(b), axis=-1)) / np.where(size > 0, size, 1.0)
    return np.where(size > 0, np.arccos(np.clip(cosine, -1.0, 1.0)), 0.0)


def key_vector(tonic: int, mode: str) -> np.ndarray:
    """T of a key, its degrees weighted as Temperley counts them, complex (6,)."""
    return vector(np.roll(PROFILES[mode], tonic))


def tonic_vector(tonic: int, mode: str) -> np.ndarray:
    """T of a key's tonic triad, complex (6,)."""
    return vector(np.isin(np.arange(12), (np.array(TRIADS[mode]) + tonic) % 12))


@functools.cache
def dissonance_table() -> np.ndarray:
    """Dissonance of each pitch-class set, float (4096,), by its 12-bit mask; 0 for the empty one."""
    table = dissonance(_members())
    table[0] = 0.0
    table.setflags(write=False)
    return table


def tis_dissonance(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean dissonance of what sounds together, over the time in which anything with a pitch sounds.

    Parameters
    ----------
    notes : Notes
    start_quarter, end_quarter : float (w,)
        windows, which may overlap [quarters]

    Returns
    -------
    dissonance : float (w,)
        0..1
    """
    windows, cut = _cut(notes, start_quarter, end_quarter)
    heard = (cut.mask > 0).astype(np.int64)
    return cut.over(windows, dissonance_table()[cut.mask]) / np.maximum(cut.over(windows, heard), 1)


def tis_key_distance(
    notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray, keys: tuple[KeyChange, ...]
) -> np.ndarray:
    """Angle between each window's pitch classes, weighted by their time, and the key it begins in.

    Parameters
    ----------
    notes : Notes
    start_quarter, end_quarter : float (w,)
        windows, which may overlap [quarters]
    keys : KeyChange ...
        at least one, in order; the first is taken to hold from the start

    Returns
    -------
    distance : float (w,)
        0..pi [radians]
    """
    return _from_key(notes, start_quarter, end_quarter, keys, key_vector)


def tis_tonic_distance(
    notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray, keys: tuple[KeyChange, ...]
) -> np.ndarray:
    """Angle between each window's pitch classes and the tonic triad; otherwise as `tis_key_distance`."""
    return _from_key(notes, start_quarter, end_quarter, keys, tonic_vector)


def tis_motion(
    notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray, before: np.ndarray
) -> np.ndarray:
    """Distance of each window's pitch classes, weighted by their time, from those of an earlier window.

    Parameters
    ----------
    notes : Notes
    start_quarter, end_quarter : float (w,)
        windows, which may overlap [quarters]
    before : int (w,)
        index of the window to compare with; a window's own where there is none

    Returns
    -------
    motion : float (w,)
        0..1; 0 where either window is silent
    """
    chroma = _chroma(*_cut(notes, start_quarter, end_quarter))
    here = vector(chroma)
    heard = chroma.sum(axis=1) > 0
    return distance(here, here[before]) * (heard & heard[before])


def _from_key(
    notes: Notes,
    start: np.ndarray,
    end: np.ndarray,
    keys: tuple[KeyChange, ...],
    point: Callable[[int, str], np.ndarray],
) -> np.ndarray:
    """Angle between each window and a point of the key in force where it begins [radians]."""
    windows, cut = _cut(notes, start, end)
    change = units(np.array([key.start_quarter for key in keys]))
    points = np.array([point(key.tonic, key.mode) for key in keys])
    return angle(vector(_chroma(windows, cut)), points[key_at(change, windows.start)])


def _cut(notes: Notes, start: np.ndarray, end: np.ndarray) -> tuple[Windows, Sounding]:
    """The windows in whole units, and the pitch classes that sound at each moment."""
    windows = spans(start, end)
    pitch_class = np.where(notes.notes["drum"], -1, notes.notes["pitch"] % 12)
    return windows, sounding(notes, pitch_class, 12, windows)


def _chroma(windows: Windows, cut: Sounding) -> np.ndarray:
    """How long each pitch class sounds in each window, int64 (w, 12) [units]; doublings count once."""
    return cut.over(windows, np.minimum(cut.count, 1))


def _members() -> np.ndarray:
    """The pitch classes of each of the 4,096 masks, int (4096, 12)."""
    return np.arange(4096)[:, None] >> np.arange(12) & 1


@functools.cache
def _farthest() -> float:
    """Largest |T_a - T_b|: between two single pitch classes, for T of any chord lies between its notes'."""
    single = vector(np.eye(12))
    return float(np.linalg.norm(single - single[0], axis=1).max())
