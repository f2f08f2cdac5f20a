"""Pitch classes in a key -> points on Chew's spiral array.

The line of fifths winds up a helix: a fifth is a quarter turn and a rise of `RISE`.  Close points
sound close.  Everything here is relative to the tonic (tonic = 0 fifths), which loses nothing:
transposition turns and lifts the whole spiral and changes no distance.

References: [Chew00]_ thesis ch. 2; [Chew14]_; constants as in [HC16]_ (`RISE` and all weights).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

RISE = float(np.sqrt(2 / 15))  # height of a fifth; makes a fifth as long as a major third
WEIGHTS = (0.536, 0.274, 0.190)  # of root, fifth, third in a chord; of I, V, IV in a key


@dataclass(frozen=True)
class Shape:
    """The constants of a spiral array; each author has their own.

    `alpha` is the share of the major dominant in a minor key, `beta` that of the minor subdominant [Chew00]_.
    """

    rise: float = RISE  # [radii]
    weights: tuple[float, float, float] = WEIGHTS
    alpha: float = 1.0
    beta: float = 1.0


SHAPE = Shape()  # alpha = beta = 1, as in Chew's and MorpheuS's parameters

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


def position(fifths: np.ndarray | int, rise: float = RISE) -> np.ndarray:
    """P(k) = (sin(k pi/2), cos(k pi/2), k h) for each k [Chew00]_.

    Parameters
    ----------
    fifths : int (...)
    rise : float
        h, the height of a fifth [radii]

    Returns
    -------
    position : float (..., 3)
        in radii
    """
    k = np.asarray(fifths)
    x = np.array([0, 1, 0, -1])[k % 4]
    y = np.array([1, 0, -1, 0])[k % 4]
    return np.stack([x, y, k * rise], axis=-1).astype(float)


def major_triad(root: int, shape: Shape = SHAPE) -> np.ndarray:
    """C_M(k): weighted centre of root, fifth and major third, float (3,) [radii]."""
    return np.asarray(shape.weights) @ position(np.array([root, root + 1, root + 4]), shape.rise)


def minor_triad(root: int, shape: Shape = SHAPE) -> np.ndarray:
    """C_m(k): weighted centre of root, fifth and minor third, float (3,) [radii]."""
    return np.asarray(shape.weights) @ position(np.array([root, root + 1, root - 3]), shape.rise)


@functools.cache
def _key_point(mode: str, tonic: int, shape: Shape) -> np.ndarray:
    major, minor = ([f(tonic + k, shape) for k in (0, 1, -1)] for f in (major_triad, minor_triad))
    if mode == "major":
        triads = major
    elif mode == "minor":
        dominant = shape.alpha * major[1] + (1 - shape.alpha) * minor[1]
        subdominant = shape.beta * minor[2] + (1 - shape.beta) * major[2]
        triads = [minor[0], dominant, subdominant]
    else:
        raise ValueError(f"mode is {mode!r}; it must be 'major' or 'minor'")
    return np.asarray(shape.weights) @ np.stack(triads)


def key_point(mode: str, tonic: int = 0, shape: Shape = SHAPE) -> np.ndarray:
    """T_M(k) or T_m(k): centre of the key whose tonic lies at `tonic` fifths, float (3,) [radii].

    Raises
    ------
    ValueError
        mode is neither "major" nor "minor"
    """
    return _key_point(mode, tonic, shape).copy()


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


@functools.lru_cache(maxsize=16)
def diameter_table(spelling: tuple[int, ...] = tuple(FIFTHS.tolist()), rise: float = RISE) -> np.ndarray:
    """Cloud diameter of each pitch-class set relative to the tonic, float (4096,) [radii].

    max_{i,j} |P(k_i) - P(k_j)| over the members of the 12-bit mask; 0 for fewer than two [HC16]_.
    `spelling` gives the fifths of each semitone above the tonic.
    """
    points = position(np.array(spelling), rise)
    distance = np.linalg.norm(points[:, None] - points[None, :], axis=-1)
    table, farthest = np.zeros(4096), np.zeros((12, 4096))  # of each set; of each set from each note
    for pc in range(12):
        below, with_pc = slice(0, 1 << pc), slice(1 << pc, 2 << pc)
        farthest[:, with_pc] = np.maximum(farthest[:, below], distance[:, pc, None])
        table[with_pc] = np.maximum(table[below], farthest[pc, below])
    table.setflags(write=False)
    return table


def rotate(mask: np.ndarray | int, tonic: int) -> np.ndarray:
    """Pitch-class masks relative to the tonic: bit 0 becomes the tonic, int (...)."""
    mask = np.asarray(mask, np.int64)
    return ((mask >> tonic) | (mask << (12 - tonic))) & 0xFFF
