"""Loudness, note density and chords of a song, second by second -> where its music turns to something new."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

HALF_S = 16  # half the width of the checkerboard: what is before and what is after
CHROMA_SIGMA_S = 2.0  # chords are compared as what sounds over a few seconds
CLOSEST_S = 8  # two boundaries are further apart than this
STANDS_OUT = 0.5  # standard deviations above the song's mean from which a peak is a boundary
EDGE_S = 30  # intros and outros are left out: there is nothing to compare with on one side


def novelty(loudness: np.ndarray, density: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """How much the music changes at the beginning of each second [Foote00]_, float (n,), standardised.

    A checkerboard with a Gaussian taper is slid along the diagonal of the matrix of likeness
    exp(-d^2 / median d^2), where d is the distance of loudness, density (both standardised) and chroma
    (in units of its own root mean square).

    Parameters
    ----------
    loudness, density : np.ndarray
        float (n,), n > 2 * `EDGE_S`, on scales near to what is heard
    chroma : np.ndarray
        float (n, 12): pitch classes of the chord, 0 or 1
    """
    smooth = gaussian_filter1d(chroma.astype(float), CHROMA_SIGMA_S, axis=0)
    power = np.sqrt((smooth**2).sum(axis=1).mean())
    heard = np.column_stack([_standard(loudness), _standard(density), smooth / max(power, 1e-6)])
    square = ((heard[:, None] - heard[None]) ** 2).sum(axis=-1)
    alike = np.exp(-square / max(float(np.median(square)), 1e-9))
    value = _along_diagonal(np.pad(alike, HALF_S, mode="edge"))
    inner = value[EDGE_S:-EDGE_S]
    return (value - inner.mean()) / max(float(inner.std()), 1e-9)


def _along_diagonal(alike: np.ndarray) -> np.ndarray:
    at = np.arange(-HALF_S, HALF_S) + 0.5
    arm = np.sign(at) * np.exp(-0.5 * (at / (HALF_S / 2)) ** 2)
    windows = np.lib.stride_tricks.sliding_window_view(alike, (2 * HALF_S, 2 * HALF_S))
    diagonal = windows[np.arange(len(windows) - 1), np.arange(len(windows) - 1)]
    return np.einsum("nij,i,j->n", diagonal, arm, arm) / np.abs(arm).sum() ** 2


def _standard(value: np.ndarray) -> np.ndarray:
    return (value - value.mean()) / max(float(value.std()), 1e-6)


def boundaries(value: np.ndarray) -> np.ndarray:
    """Seconds with which a section begins, int (k,), rising.

    Peaks of the novelty that are the highest within `CLOSEST_S` seconds on both sides, `STANDS_OUT` above the
    mean, and at least `EDGE_S` seconds from both ends.
    """
    inner = np.arange(EDGE_S, len(value) - EDGE_S)
    around = np.pad(value, CLOSEST_S, mode="edge")
    highest = np.lib.stride_tricks.sliding_window_view(around, 2 * CLOSEST_S + 1).max(axis=1)
    return inner[(value[inner] >= highest[inner]) & (value[inner] >= STANDS_OUT)]
