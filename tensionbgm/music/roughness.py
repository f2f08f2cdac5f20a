"""Pitches that sound together -> their roughness: how strongly their partials beat.

Three models of sensory dissonance, of complex tones with `PARTIALS` harmonics of amplitude 1/n.  Where
partials of two tones meet, their powers add.  With frequencies f and amplitudes a of the merged partials:

- `hutchinson` [HK78]_: sum_{i<j} a_i a_j g(|f_i - f_j| / b) / sum_i a_i^2, with the critical bandwidth
  b = 1.72 ((f_i + f_j) / 2)^0.65 and g(y) = (4y exp(1 - 4y))^2, nought beyond y = 1.2 [Mashinter06]_;
- `sethares` [Sethares93]_: sum_{i<j} min(a_i, a_j) (exp(-3.5 x) - exp(-5.75 x)), with
  x = 0.24 (f_j - f_i) / (0.021 f_i + 19), f_i < f_j; the smaller amplitude as in [Sethares05]_;
- `vassilakis` [Vassilakis01]_: sum over ordered pairs of (a_i a_j)^0.1 / 2 (2 a_min / (a_i + a_j))^3.11
  (exp(-3.5 x) - exp(-5.75 x)), x = 0.24 (f_j - f_i) / (0.0207 f_i + 18.96).

`roughness` is the component of a window: Hutchinson and Knopoff's model, its numerator summed over pairs
of notes.  Roughness depends on register: the same chord is rougher an octave lower.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from tensionbgm.music.notes import Notes
from tensionbgm.music.sounding import sounding
from tensionbgm.music.windows import spans

Weight = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of the amplitudes of two partials

PARTIALS = 11
SHARPEST = 1.2  # partials further apart than so many critical bandwidths do not beat
PITCHES = 128


def hutchinson(pitches: Sequence[float]) -> float:
    """Roughness of a chord as Hutchinson and Knopoff have it; of one pitch or more [MIDI], mostly 0..1."""
    pitch, amplitude = _spectrum(pitches)
    return float(_beating(pitch, amplitude) / (amplitude**2).sum())


def sethares(pitches: Sequence[float]) -> float:
    """Roughness of a chord as Sethares has it; of one pitch or more [MIDI], 0 upwards."""
    return float(_sensory(pitches, 0.021, 19.0, np.minimum))


def vassilakis(pitches: Sequence[float]) -> float:
    """Roughness of a chord as Vassilakis has it; of one pitch or more [MIDI], 0 upwards."""

    def weight(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        # Each pair is met in both orders, which doubles the half in the equation.
        return (a * b) ** 0.1 * (2 * np.minimum(a, b) / (a + b)) ** 3.11

    return float(_sensory(pitches, 0.0207, 18.96, weight))


def roughness(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean roughness of what sounds together, over the time in which anything with a pitch sounds.

    Tones have equal strength, for how loud they are is a component of its own; a unison counts once.

    Parameters
    ----------
    notes : Notes
    start_quarter, end_quarter : float (w,)
        windows, which may overlap [quarters]

    Returns
    -------
    roughness : float (w,)
        0 (silence) upwards, as `hutchinson`
    """
    windows = spans(start_quarter, end_quarter)
    pitch, drum = notes.notes["pitch"], notes.notes["drum"]
    used, which = np.unique(pitch, return_inverse=True)
    cut = sounding(notes, np.where(drum, -1, which), len(used), windows)
    present = (cut.count > 0).astype(float)
    heard = np.minimum(cut.count.sum(axis=1), 1)
    return cut.over(windows, of_sets(present, used)) / np.maximum(cut.over(windows, heard), 1)


def of_sets(present: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Roughness of sets of pitches, by the table of pairs.

    r(S) = (sum_{p in S} s_p + sum_{p<q in S} t_pq) / (|S| e), with e the power of one tone.  Exact for one
    or two notes; of three and more, partials that meet are merged pair by pair only.

    Parameters
    ----------
    present : float (m, c)
        1 where the set has the pitch, else 0
    pitch : int (c,)
        the pitches, 0..127

    Returns
    -------
    roughness : float (m,)
        0 for an empty set
    """
    alone, together = pair_tables()
    pairs = ((present @ together[np.ix_(pitch, pitch)]) * present).sum(axis=1) / 2
    power = (np.arange(1, PARTIALS + 1) ** -2.0).sum() * np.maximum(present.sum(axis=1), 1)
    return (present @ alone[pitch] + pairs) / power


@functools.cache
def pair_tables() -> tuple[np.ndarray, np.ndarray]:
    """The numerator of Hutchinson and Knopoff's roughness, for single tones and for what a pair adds.

    Returns
    -------
    alone : float (128,)
        of each pitch: its own upper partials beat
    together : float (128, 128)
        of each pair, symmetric, less both of `alone`; 0 on the diagonal
    """
    pitch = np.arange(PITCHES)
    alone = _beating(*_shifted([0], pitch))
    together = np.zeros((PITCHES, PITCHES))
    for interval in range(1, PITCHES):
        low = pitch[: PITCHES - interval]
        pair = _beating(*_shifted([0, interval], low)) - alone[low] - alone[low + interval]
        together[low, low + interval] = together[low + interval, low] = pair
    for table in (alone, together):
        table.setflags(write=False)
    return alone, together


def _spectrum(pitches: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Pitch, rising, and amplitude of each partial of a chord; partials that meet are one."""
    n = np.arange(1, PARTIALS + 1)
    every = np.asarray(sorted(set(pitches)), float)[:, None] + 12 * np.log2(n)
    # A millionth of a semitone tells the octave's partials from rounding.
    pitch, same = np.unique(np.round(every.ravel(), 6), return_inverse=True)
    return pitch, np.sqrt(np.bincount(same, np.tile(n**-2.0, len(every)), len(pitch)))


def _shifted(chord: Sequence[float], by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A chord's partials on each of several pitches (s,): their pitches (s, p), their amplitudes (p,)."""
    pitch, amplitude = _spectrum(chord)
    return pitch + by[:, None], amplitude


def _beating(pitch: np.ndarray, amplitude: np.ndarray) -> np.ndarray:
    """sum_{i<j} a_i a_j g of partials (..., p)."""
    f = _hertz(pitch)
    i, j = np.triu_indices(len(amplitude), 1)
    y = (f[..., j] - f[..., i]) / (1.72 * ((f[..., i] + f[..., j]) / 2) ** 0.65)
    g = np.where(y <= SHARPEST, (4 * y * np.exp(1 - 4 * y)) ** 2, 0.0)
    return g @ (amplitude[i] * amplitude[j])


def _sensory(pitches: Sequence[float], slope: float, floor: float, weight: Weight) -> np.ndarray:
    """Sum over pairs of partials of their weight times Plomp and Levelt's curve, as Sethares fits it."""
    pitch, amplitude = _spectrum(pitches)
    f = _hertz(pitch)
    i, j = np.triu_indices(len(f), 1)
    x = 0.24 * (f[j] - f[i]) / (slope * f[i] + floor)
    return (weight(amplitude[i], amplitude[j]) * (np.exp(-3.5 * x) - np.exp(-5.75 * x))).sum()


def _hertz(pitch: np.ndarray) -> np.ndarray:
    return 440.0 * 2.0 ** ((np.asarray(pitch) - 69) / 12)
