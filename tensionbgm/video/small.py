"""Small pictures -> how unlike two of them are, whatever the camera did in between."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

REACH = 4  # pixels of a small picture that the camera may have moved in between
BINS = (8, 4, 4)  # of luma and the two chroma axes


def change(small: np.ndarray) -> np.ndarray:
    """Mean absolute difference (0..255) of each picture from the one before, float (n,); the first has 0.

    Parameters
    ----------
    small : np.ndarray
        uint8 (n, h, w, 3)
    """
    return np.array([0.0] + [difference(a, b) for a, b in itertools.pairwise(small)])


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of two small pictures, 0..255."""
    return float(np.mean(cv2.mean(cv2.absdiff(a, b))[:3]))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Best normalised correlation of luma, -1..1, over shifts up to `REACH`, whatever light and contrast."""
    one, other = (cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).astype(np.float32) for x in (a, b))
    core = one[REACH:-REACH, REACH:-REACH]
    if core.std() < 1.0 or other.std() < 1.0:
        return 1.0 if core.std() < 1.0 and other.std() < 1.0 else 0.0
    return float(cv2.matchTemplate(other, core, cv2.TM_CCOEFF_NORMED).max())


def palette_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Half the L1 distance of the colour histograms, 0..1."""
    return float(np.abs(_histogram(a) - _histogram(b)).sum() / 2)


def spread(small: np.ndarray) -> float:
    """Standard deviation of luma, 0..128; near 0 where the picture is one flat colour."""
    return float(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).std())


def _histogram(small: np.ndarray) -> np.ndarray:
    colour = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    counts = cv2.calcHist([colour], [0, 1, 2], None, list(BINS), [0, 256] * 3)
    counts = cv2.GaussianBlur(
        counts.reshape(BINS[0], -1), (1, 3), 0.8
    )  # a little light more is not a new palette
    return counts.ravel() / max(float(counts.sum()), 1.0)
