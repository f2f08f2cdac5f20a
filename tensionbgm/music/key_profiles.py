"""How long each pitch class sounds -> how well each of the 24 keys fits, by key profiles.

A profile is the weight of each degree above the tonic, in major and in minor; a key fits as well as
its profile correlates with what sounds (the algorithm of Krumhansl and Schmuckler, [KK82]_).
"""

from __future__ import annotations

import functools

import numpy as np

MODES = ("major", "minor")

PROFILES = {
    # What listeners rated as fitting [KK82]_.
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    # In what share of segments a degree occurs, in the Kostka-Payne harmony textbook [Temperley07]_.
    "temperley": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
    # Counted in opening and closing measures of common-practice pieces [AS13]_.
    "albrecht": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
    # Counted in chords of common-practice pieces [Bellman05]_.
    "bellman": (
        (16.80, 0.86, 12.95, 1.41, 13.49, 11.93, 1.25, 20.28, 1.80, 8.04, 0.62, 10.57),
        (18.16, 0.69, 12.99, 13.34, 1.07, 11.15, 1.38, 21.07, 7.49, 1.53, 0.92, 10.21),
    ),
}


def key_scores(weight: np.ndarray, profile: str = "temperley") -> np.ndarray:
    """Pearson's r between what sounds and the profile of each key.

    Parameters
    ----------
    weight : float (..., 12)
        duration (or any weight >= 0) of each pitch class, C first
    profile : str
        a key of `PROFILES`

    Returns
    -------
    score : float (..., 24)
        -1..1: C major, C sharp major ..., C minor, C sharp minor ...; 0 where all weights are equal

    Raises
    ------
    ValueError
        there is no such profile
    """
    if profile not in PROFILES:
        raise ValueError(f"profile is {profile!r}; it must be one of {', '.join(PROFILES)}")
    weight = np.asarray(weight, float)
    weight = weight - weight.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(weight, axis=-1, keepdims=True)
    flat = length < 1e-12
    return np.where(flat, 0.0, weight @ _unit_profiles(profile).T / np.where(flat, 1.0, length))


@functools.cache
def _unit_profiles(profile: str) -> np.ndarray:
    """Profiles of all keys with mean 0 and length 1, float (24, 12)."""
    rows = np.array([np.roll(degrees, tonic) for degrees in PROFILES[profile] for tonic in range(12)])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
