"""Pitch classes in a key -> points on Chew's spiral array.

The line of fifths winds up a helix: a fifth is a quarter turn and a rise of `RISE`.  Close points
sound close.  Everything here is relative to the tonic (tonic = 0 fifths), which loses nothing:
transposition turns and lifts the whole spiral and changes no distance.

References: [Chew00]_ thesis ch. 2; [Chew14]_; constants as in [HC16]_ (`RISE` and all weights).
"""

from __future__ import annotations

import functools

import numpy as np

RISE = float(np.sqrt(2 / 15))  # height of a fifth; makes a fifth as long as a major third
WEIGHTS = (0.536, 0.274, 0.190)  # of root, fifth, third in a chord; of I, V, IV in a key

# Semitones above the tonic -> fifths above the tonic.  Diatonic notes of both modes and the usual
# alterations: b2 (Neapolitan), #4 (to the dominant); never further than six fifths from the tonic.
FIFTHS = np.array([0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5])


def fifths(pitch: np.ndarray | int, tonic: int) -> np.ndarray:
    """Steps on the line of fifths above the tonic, spelled within the key.

    Parameters
    ----------
    pitch : int (...)
        MIDI pitches or pitch classes
    tonic : int
        pitch class of the tonic, 0..11

    Returns
    -------
    fifths : int (...)
        -5..6
    """
    return FIFTHS[(np.asarray(pitch) - tonic) % 12]


def position(fifths: np.ndarray | int) -> np.ndarray:
    """P(k) = (sin(k pi/2), cos(k pi/2), k h) for each k [Chew00]_.

    Parameters
    ----------
    fifths : int (...)

    Returns
    -------
    position : float (..., 3)
        in radii
    """
    k = np.asarray(fifths)
    x = np.array([0, 1, 0, -1])[k % 4]
    y = np.array([1, 0, -1, 0])[k % 4]
    return np.stack([x, y, k * RISE], axis=-1).astype(float)


def major_triad(root: int) -> np.ndarray:
    """C_M(k): weighted centre of root, fifth and major third, float (3,) [radii]."""
    return np.asarray(WEIGHTS) @ position(np.array([root, root + 1, root + 4]))


def minor_triad(root: int) -> np.ndarray:
    """C_m(k): weighted centre of root, fifth and minor third, float (3,) [radii]."""
    return np.asarray(WEIGHTS) @ position(np.array([root, root + 1, root - 3]))


@functools.cache
def _key_point(mode: str) -> np.ndarray:
    if mode == "major":
        triads = [major_triad(0), major_triad(1), major_triad(-1)]
    elif mode == "minor":
        # alpha = beta = 1, as in Chew's and MorpheuS's parameters: major dominant, minor subdominant
        triads = [minor_triad(0), major_triad(1), minor_triad(-1)]
    else:
        raise ValueError(f"mode is {mode!r}; it must be 'major' or 'minor'")
    return np.asarray(WEIGHTS) @ np.stack(triads)


def key_point(mode: str) -> np.ndarray:
    """T_M(0) or T_m(0): centre of a key whose tonic lies at 0 fifths, float (3,) [radii].

    Raises
    ------
    ValueError
        mode is neither "major" nor "minor"
    """
    return _key_point(mode).copy()


def centre_of_effect(weight: np.ndarray, tonic: int) -> np.ndarray:
    """CE = sum_i d_i P(k_i) / sum_i d_i: where a set of sounding notes lies [Chew00]_.

    Parameters
    ----------
    weight : float (..., 12)
        duration (or any weight >= 0) of each pitch class, C first
    tonic : int
        pitch class of the tonic

    Returns
    -------
    centre : float (..., 3)
        in radii; nan where all weights are zero
    """
    weight = np.asarray(weight, float)
    total = weight.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return weight @ position(fifths(np.arange(12), tonic)) / total


@functools.cache
def diameter_table() -> np.ndarray:
    """Cloud diameter of each pitch-class set relative to the tonic, float (4096,) [radii].

    max_{i,j} |P(k_i) - P(k_j)| over the members of the 12-bit mask; 0 for fewer than two [HC16]_.
    """
    points = position(FIFTHS)
    distance = np.linalg.norm(points[:, None] - points[None, :], axis=-1)
    table = np.zeros(4096)
    for mask in range(4096):
        members = [pc for pc in range(12) if mask >> pc & 1]
        if len(members) > 1:
            table[mask] = distance[np.ix_(members, members)].max()
    table.setflags(write=False)
    return table


def rotate(mask: np.ndarray | int, tonic: int) -> np.ndarray:
    """Pitch-class masks relative to the tonic: bit 0 becomes the tonic, int (...)."""
    mask = np.asarray(mask, np.int64)
    return ((mask >> tonic) | (mask << (12 - tonic))) & 0xFFF
