"""The curve asked for and the profile of the written file -> how far the music follows, beside controls."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensionbgm.forms import Curve
from tensionbgm.music import scale
from tensionbgm.music.tension import Profile

COMPONENTS = (*scale.COMPONENTS, "tonal", "energy", "composite")
SHUFFLES = 200
BLOCK_WINDOWS = 4  # shortest stretch that is moved as a whole in the shuffled control
SOON_S = 1e-3  # windows that meet may be apart by rounding
FLAT = 1e-6  # a series that varies less than this has no correlation


def pearson(a: np.ndarray, b: np.ndarray) -> float | None:
    """Linear correlation -1..1 of two series (n,); None if either is flat or n < 3."""
    if len(a) < 3 or np.std(a) < FLAT or np.std(b) < FLAT:
        return None
    return float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))


def spearman(a: np.ndarray, b: np.ndarray) -> float | None:
    """Rank correlation -1..1 of two series (n,), ties sharing their mean rank; None as `pearson`."""
    if len(a) < 3 or np.std(a) < FLAT or np.std(b) < FLAT:
        return None
    return pearson(_ranks(a), _ranks(b))


def shuffled(target: np.ndarray, achieved: np.ndarray, seed: int = 0) -> tuple[float | None, float | None]:
    """The music against the same curve with its stretches in another order.

    The curve is cut into about eight blocks (each at least `BLOCK_WINDOWS` windows, so that it
    stays as smooth as it was) which are permuted `SHUFFLES` times.

    Returns
    -------
    mean : float or None
        mean correlation of the permuted curves with the music
    better : float or None
        share of the permutations that fit at least as well as the true curve, 0..1
    """
    true = pearson(target, achieved)
    blocks = np.array_split(np.arange(len(target)), max(min(8, len(target) // BLOCK_WINDOWS), 1))
    if true is None or len(blocks) < 2:
        return None, None
    rng = np.random.Generator(np.random.PCG64(seed))
    orders = (rng.permutation(len(blocks)) for _ in range(SHUFFLES))
    scores = [pearson(target[np.concatenate([blocks[i] for i in order])], achieved) for order in orders]
    known = np.array([s for s in scores if s is not None])
    return (float(known.mean()), float(np.mean(known >= true - 1e-12))) if len(known) else (None, None)


def tension_fit(
    curve: Curve, profile: Profile, unoptimised: Profile | None = None, seed: int = 0
) -> dict[str, Any]:
    """How well the written music follows the curve: `metrics.tension` of the report.

    Parameters
    ----------
    curve : Curve
        the tension asked for
    profile : Profile
        of the notes read back from the file
    unoptimised : Profile, optional
        of the same plan before the search chose its pitches, read back likewise

    Returns
    -------
    metrics : dict
        correlations -1..1 and root mean square errors in units of the curve, over the same
        windows; None where a number does not exist (a flat curve correlates with nothing)
    """
    target, achieved, heard = _series(curve, profile, "intensity")
    control, better = shuffled(target[heard], achieved[heard], seed)
    return {
        "pearson": pearson(target[heard], achieved[heard]),
        "spearman": spearman(target[heard], achieved[heard]),
        "rmse": _rmse(target[heard], achieved[heard]),
        "by_component": {name: _component_fit(curve, profile, name) for name in COMPONENTS},
        "control_shuffled": control,
        "shuffled_fits_better": better,
        "control_reversed": pearson(target[heard][::-1], achieved[heard]),
        "control_unoptimised": None
        if unoptimised is None
        else _component_fit(curve, unoptimised, "intensity"),
        "windows": int(heard.sum()),
    }


def fit_warnings(curve: Curve, profile: Profile) -> list[str]:
    """What the reader must know before trusting the fit."""
    target, achieved, heard = _series(curve, profile, "intensity")
    if heard.sum() < 3:
        return ["too few windows with notes to measure how the music follows the curve"]
    if np.std(target[heard]) < FLAT:
        return ["the curve asked for is flat: correlation with it does not exist, read the rmse instead"]
    if np.std(achieved[heard]) < FLAT:
        return ["the tension of the music is flat: correlation with the curve does not exist"]
    return []


def _series(curve: Curve, profile: Profile, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    target = np.asarray(curve.mean(profile.start_s, profile.end_s), float)
    achieved = np.asarray(profile.level[name], float)
    heard = np.isfinite(achieved) & np.isfinite(target)
    if name == "momentum":  # at first nothing came before to move from
        heard &= profile.start_s > profile.end_s[0] - SOON_S
    return target, achieved, heard


def _component_fit(curve: Curve, profile: Profile, name: str) -> float | None:
    target, achieved, heard = _series(curve, profile, name)
    return pearson(target[heard], achieved[heard])


def _rmse(a: np.ndarray, b: np.ndarray) -> float | None:
    return float(np.sqrt(np.mean((a - b) ** 2))) if len(a) else None


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return ((last - count + last - 1) / 2)[inverse]
