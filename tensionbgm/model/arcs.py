"""Name of an arc -> how tension runs over a film of which nothing else is known."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from tensionbgm.config import ARCS
from tensionbgm.errors import UsageError
from tensionbgm.forms import Curve

POINTS_PER_S = 2.0  # of curves
HALF_RANGE = 0.17  # of a curve that is an arc only
LOW, HIGH = 0.05, 0.98  # estimated curves stay within

_SHAPES = {
    # Begin low, build to a climax at about 0.72 of the film, come to rest.
    "arch": PchipInterpolator([0.0, 0.35, 0.72, 0.9, 1.0], [0.1, 0.5, 1.0, 0.6, 0.2]),
    "rise": PchipInterpolator([0.0, 0.5, 0.95, 1.0], [0.0, 0.4, 1.0, 1.0]),
    "fall": PchipInterpolator([0.0, 0.05, 0.5, 1.0], [1.0, 1.0, 0.4, 0.0]),
    "flat": PchipInterpolator([0.0, 1.0], [0.5, 0.5]),
}


def arc(name: str, share: np.ndarray) -> np.ndarray:
    """An arc at shares 0..1 of the film, 0..1.

    Raises
    ------
    UsageError
        there is no such arc
    """
    if name not in _SHAPES:
        raise UsageError(f'arc "{name}": is none; give one of {", ".join(ARCS)}')
    return np.asarray(_SHAPES[name](share))


def position_curve(duration_s: float, name: str = "arch") -> Curve:
    """The curve of a film of this length [s] of which nothing else is known: the arc alone."""
    time_s = output_times(duration_s)
    half = HALF_RANGE * shortness(duration_s)
    return Curve(
        time_s, np.round(0.5 + half * (2 * unit(arc(name, time_s / duration_s)) - 1), 4), "estimated"
    )


def shortness(duration_s: float) -> float:
    """Share of the full range a film of this length has time for: a second has time for little."""
    return min(1.0, 0.1 + duration_s / 10.0)


def output_times(duration_s: float) -> np.ndarray:
    """Times of a curve's points [s]."""
    return np.linspace(0.0, duration_s, max(2, round(duration_s * POINTS_PER_S) + 1))


def unit(value: np.ndarray) -> np.ndarray:
    """Scaled to 0..1; 0.5 throughout if it is constant."""
    low, high = float(np.min(value)), float(np.max(value))
    return (value - low) / (high - low) if high - low > 1e-9 else np.full(len(value), 0.5)
