"""Notes and windows -> how much happens in each: loudness, density, register, parts and tempo.

Energy is what carries most of the tension that listeners report of orchestral music [Farbood12]_ [BRP24]_.

Conventions: windows are two arrays of score positions, start before end [quarters]; they may overlap and
begin and end anywhere.  Means are means over time in seconds, and a note counts for exactly as long as
it sounds in the window.  A stroke on a drum sounds for `DRUM_S`, whatever its written length.  Each
function costs one sort of the notes and one search for each window's edges.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.music.notes import Notes

DRUM_S = 0.25  # a stroke sounds about this long, whatever its written length
SILENCE_DB = -60.0
SILENT_PITCH = 60.0  # the register of a window in which nothing with a pitch sounds: middle C
LEAST_S = 1e-6  # sound shorter than this within a window is none
TOGETHER_S = 0.03  # the ear takes onsets no further apart for one
EDGE_S = 1e-6  # an onset so little before a window's edge lies on it


def loudness(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Level of the mean power of all that sounds, L = 10 log10(mean of sum_i (velocity_i / 127)^2) [BRP24]_.

    Notes add as independent sources: ten players are 10 dB louder than one, so scoring counts.

    Returns
    -------
    loudness : float (w,)
        -60 (silence) upwards; 0 is one note at full velocity throughout [dB]
    """
    start, end = seconds(notes, start_quarter), seconds(notes, end_quarter)
    onset, stop = _sounding_s(notes)
    power = integral(onset, stop, notes.notes["velocity"].astype(np.int64) ** 2, start, end) / 127.0**2
    least = 10.0 ** (SILENCE_DB / 10)
    return 10 * np.log10(np.maximum(power / (end - start), least))


def density(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """How fast attacks follow one another, log2(1 + attacks a second) [Farbood12]_.

    Onsets within `TOGETHER_S` after the first of an attack belong to it: a chord of six notes, struck or
    spread a little, is as dense as one note, and a doubled line as a single one.

    Returns
    -------
    density : float (w,)
        0 (none) upwards [log2 of 1 + attacks/s]
    """
    attack = _attacks(notes.notes["onset_s"])
    start, end = seconds(notes, start_quarter), seconds(notes, end_quarter)
    before = [np.searchsorted(attack, edge - EDGE_S) for edge in (start, end)]
    return np.log2(1.0 + (before[1] - before[0]) / (end - start))


def _attacks(onset_s: np.ndarray) -> np.ndarray:
    """The first onset of each attack, float (a,), rising [s]."""
    attacks, until = [], -np.inf
    for onset in np.unique(onset_s).tolist():
        if onset > until:
            attacks.append(onset)
            until = onset + TOGETHER_S
    return np.array(attacks)


def register(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean pitch of all that sounds, each note weighted by its time in the window [Farbood12]_ [BRP24]_.

    Returns
    -------
    register : float (w,)
        0..127, middle C (60) where nothing but percussion sounds [MIDI pitch]
    """
    start, end = seconds(notes, start_quarter), seconds(notes, end_quarter)
    pitched = ~notes.notes["drum"]
    onset, stop = (edge[pitched] for edge in _sounding_s(notes))
    height = notes.notes["pitch"][pitched].astype(np.int64)
    total, sounds = integral(onset, stop, np.stack([height, np.ones_like(height)], axis=1), start, end).T
    return np.where(sounds > LEAST_S, total / np.maximum(sounds, LEAST_S), SILENT_PITCH)


def parts(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean number of tracks that sound: how full the scoring is.

    Returns
    -------
    parts : float (w,)
        0 (silence) to the number of tracks
    """
    start, end = seconds(notes, start_quarter), seconds(notes, end_quarter)
    onset, stop = _unions(*_sounding_s(notes), notes.notes["track"])
    return integral(onset, stop, np.ones(len(onset), np.int64), start, end) / (end - start)


def tempo(notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray) -> np.ndarray:
    """Mean tempo, 60 times the window's quarters over its seconds [Farbood12]_ [BRP24]_.

    Returns
    -------
    tempo : float (w,)
        [quarters a minute]
    """
    long_s = seconds(notes, end_quarter) - seconds(notes, start_quarter)
    return 60.0 * (np.asarray(end_quarter, float) - start_quarter) / long_s


COMPONENTS = {
    "loudness": loudness,
    "density": density,
    "register": register,
    "parts": parts,
    "tempo": tempo,
}


def seconds(notes: Notes, quarter: np.ndarray) -> np.ndarray:
    """Time of each score position, float (w,) [s]; beyond the tempo map its first and last tempo go on."""
    knot, time = notes.knot_quarter, notes.knot_s
    quarter = np.asarray(quarter, float)
    pace = np.diff(time) / np.diff(knot)  # [s a quarter]
    before, after = np.minimum(quarter - knot[0], 0.0), np.maximum(quarter - knot[-1], 0.0)
    return notes.seconds(quarter) + before * pace[0] + after * pace[-1]


def integral(
    onset: np.ndarray, end: np.ndarray, amount: np.ndarray, start: np.ndarray, stop: np.ndarray
) -> np.ndarray:
    """Integral of what sounds over each window, sum_i amount_i |[onset_i, end_i] and [start, stop]|.

    Parameters
    ----------
    onset, end : float (n,)
        when each event sounds
    amount : (n,) or (n, c)
        how much of it there is all the while; whole numbers are added without rounding
    start, stop : float (w,)
        windows, in the unit of `onset`

    Returns
    -------
    integral : float (w,) or (w, c)
        [amount x unit of `onset`]
    """
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    first = min(edge.min(initial=0.0) for edge in (onset, start, stop))  # nothing sounds before
    time = np.concatenate([onset, end])
    order = np.argsort(time, kind="stable")
    time = np.concatenate([[first], time[order]])
    step = np.concatenate([np.zeros_like(amount, shape=(1, *amount.shape[1:])), amount, -amount])
    rate = np.cumsum(step[np.concatenate([[0], order + 1])], axis=0)
    wide = (slice(None), *[None] * (rate.ndim - 1))  # one length for all c columns
    area = np.cumsum(rate[:-1] * np.diff(time)[wide], axis=0, dtype=float)
    area = np.concatenate([np.zeros((1, *rate.shape[1:])), area])

    def up_to(edge: np.ndarray) -> np.ndarray:
        last = np.searchsorted(time, edge, side="right") - 1
        return area[last] + rate[last] * (edge - time[last])[wide]

    return up_to(stop) - up_to(start)


def _sounding_s(notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """When each note begins and ends to sound, float (n,) each [s]."""
    table = notes.notes
    return table["onset_s"], table["onset_s"] + np.where(table["drum"], DRUM_S, table["duration_s"])


def _unions(onset: np.ndarray, end: np.ndarray, track: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stretches that cover each track's notes and do not overlap within it, float (n,) each."""
    order = np.lexsort((onset, track))
    # Tracks are laid one after another in time, so that one running maximum serves them all.
    apart = track[order] * (end.max(initial=0.0) + 1.0)
    covered = np.concatenate([[-np.inf], np.maximum.accumulate(end[order] + apart)])
    begin = np.maximum(onset[order] + apart, covered[:-1])
    return begin - apart, covered[1:] - apart
