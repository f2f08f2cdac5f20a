"""Notes and windows -> their texture: how fast notes turn over, how high the top, how wide the compass.

Windows and conventions as in `energy`: start and end in quarters, means over time in seconds, percussion
counts where it is said to.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.music.energy import LEAST_S, SILENT_PITCH, integral, seconds
from tensionbgm.music.notes import Notes

LEAST_VOICES = 0.25  # a window that sounds less than this much counts as this: silence is calm, not hasty


def turnover(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """How soon notes give way to others, log2(1 + notes begun / seconds of notes sounding).

    The rate of notes within a sounding voice, whatever the number of voices: a held chord has 0, however
    full; repeated short notes have much, however thin.  A note counts where it begins, percussion not.

    Returns
    -------
    turnover : float (w,)
        0 (nothing begins) upwards [log2 of 1 + notes/s]
    """
    pitched = notes.notes[~notes.notes["drum"]]
    start, end = seconds(notes, start_quarter), seconds(notes, end_quarter)
    onset, stop = pitched["onset_s"], pitched["onset_s"] + pitched["duration_s"]
    begun = np.searchsorted(onset, end - LEAST_S) - np.searchsorted(onset, start - LEAST_S)
    sounding = integral(onset, stop, np.ones(len(onset), np.int64), start, end)
    return np.log2(1.0 + begun / np.maximum(sounding, LEAST_VOICES * (end - start)))


def compass(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean distance from the lowest to the highest note sounding, over the time that anything sounds.

    Returns
    -------
    compass : float (w,)
        0 (one voice, or silence) to 127 [semitones]
    """
    high, low = _outer(notes, start_quarter, end_quarter)
    return high - low


def top(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean height of the highest note sounding, over the time that anything sounds [Farbood12]_.

    Returns
    -------
    top : float (w,)
        0..127, middle C (60) where nothing but percussion sounds [MIDI pitch]
    """
    return _outer(notes, start_quarter, end_quarter)[0]


def _outer(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean highest and lowest sounding pitch of each window, float (w,) each [MIDI pitch]."""
    pitched = notes.notes[~notes.notes["drum"]]
    onset, stop = pitched["onset_s"], pitched["onset_s"] + pitched["duration_s"]
    start, end = seconds(notes, start_quarter), seconds(notes, end_quarter)
    at = np.unique(np.concatenate([onset, stop, start, end]))
    high, low = np.full(len(at), -1), np.full(len(at), 128)
    for a, b, pitch in zip(
        np.searchsorted(at, onset), np.searchsorted(at, stop), pitched["pitch"], strict=True
    ):
        np.maximum(high[a:b], pitch, out=high[a:b])
        np.minimum(low[a:b], pitch, out=low[a:b])
    heard = high >= 0
    long = np.append(np.diff(at), 0.0) * heard
    area = np.concatenate([np.zeros((1, 3)), np.cumsum(np.stack([long, long * high, long * low], 1), axis=0)])
    sums = area[np.searchsorted(at, end)] - area[np.searchsorted(at, start)]
    sounds = sums[:, 0] > LEAST_S
    means = sums[:, 1:] / np.maximum(sums[:, :1], LEAST_S)
    return np.where(sounds, means[:, 0], SILENT_PITCH), np.where(sounds, means[:, 1], SILENT_PITCH)
