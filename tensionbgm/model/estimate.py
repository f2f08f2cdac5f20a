"""`Analysis` -> `Curve`: a documented heuristic, the control that every learned model has to beat.

Energy tension follows the position in the film first and the picture second, so the curve is an
arc over t/T plus a gain times what the picture itself does.  What the picture does is judged on
an absolute scale (does this film move at all?), then ranked inside the film (which part moves
most?); the more the absolute scale varies, the more the ranks count.  Harmonic tension cannot be
read from a picture and is not claimed: it follows the same curve because the user sees that curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.stats import rankdata

from tensionbgm.errors import InputError
from tensionbgm.forms import Analysis, Curve, Form, Motion
from tensionbgm.model.form import estimate_form

POINTS_PER_S = 2.0  # of the curve that comes out
_STEP_S = 0.25  # of the grid inside
_PICTURE_SIGMA_S = 1.25  # smoothing of the picture's traces: a full swing takes about 3 s
_CUT_SIGMA_S = 3.0  # window of the cut rate; one cut alone stays below the scale's zero
_CURVE_SIGMA_S = 0.8  # last smoothing: ranks can steepen what was smooth

# Scales on which 0 is calm and 1 is wild: logarithmic between the two values.
_MOTION_WPS = (0.01, 0.5)  # mean flow [picture widths per second]: a quiet room, a chase
_SUBJECT_WPS = (0.005, 0.25)  # the same without the camera's own motion
_CUTS_PER_S = (0.13, 1.0)  # a slow film, a trailer's climax
_FLICKER_PER_S = (0.03, 0.6)  # change of mean brightness
_WEIGHTS = (0.5, 0.15, 0.25, 0.1)  # motion, subject, cuts, flicker
_BLACK = 0.05  # below this mean brightness the picture fades out and takes its energy along

_STILL_WPS = 0.003  # less flow than this everywhere: nothing moves
_CONTRAST = (0.08, 0.45)  # spread of the picture's energy at which it begins to count, counts fully
_PICTURE_GAIN = 0.85  # share of the picture beside the arc, at full contrast
_FULL_RANGE = (0.12, 0.92)  # of a curve with full contrast
_FLAT_HALF_RANGE = 0.17  # of a curve without any: arc only

# The arc: begin low, build to a climax at about 0.72 of the film, come to rest.
_ARC = PchipInterpolator([0.0, 0.35, 0.72, 0.9, 1.0], [0.1, 0.5, 1.0, 0.6, 0.2])


@dataclass(frozen=True)
class Estimate:
    """What was read from the film, and what to tell the user about it."""

    curve: Curve
    form: Form
    warnings: tuple[str, ...] = ()


def estimate(analysis: Analysis) -> Estimate:
    """Curve and form of the film.

    Parameters
    ----------
    analysis : Analysis
        a film of any length > 0

    Returns
    -------
    estimate : Estimate
        the curve as of `estimate_curve`, the form as of `estimate_form`, warnings in plain words

    Raises
    ------
    InputError
        the film has no length, or its embeddings do not match its shots
    """
    energy = picture_energy(analysis)
    curve = _curve(analysis, energy)
    return Estimate(curve, estimate_form(analysis, curve), _warnings(analysis, _contrast(analysis, energy)))


def estimate_curve(analysis: Analysis) -> Curve:
    """Energy tension over the film, read from motion, cuts, brightness and position.

    Parameters
    ----------
    analysis : Analysis
        a film of any length > 0

    Returns
    -------
    curve : Curve
        about two points a second from 0 to the film's end, 0.05..0.98, source "estimated"

    Raises
    ------
    InputError
        the film has no length
    """
    return _curve(analysis, picture_energy(analysis))


def position_curve(duration_s: float) -> Curve:
    """The curve of a film of this length [s] of which nothing else is known: the arc alone."""
    time_s = _output_times(duration_s)
    half = _FLAT_HALF_RANGE * _shortness(duration_s)
    arc = _unit(_ARC(time_s / duration_s))
    return Curve(time_s, np.round(0.5 + half * (2 * arc - 1), 4), "estimated")


def picture_energy(analysis: Analysis) -> np.ndarray:
    """How much the picture does, on a scale that is the same for every film.

    Returns
    -------
    energy : float (n,), 0..1
        every quarter second or finer, evenly from 0 to the film's end
    """
    if not analysis.video.duration_s > 0:
        raise InputError(f"{analysis.video.path}: the film has no length; give one with at least one frame")
    grid_s, motion = _grid(analysis.video.duration_s), analysis.motion
    traces = (
        _scale(_trace(motion, motion.magnitude, grid_s), _MOTION_WPS),
        _scale(_trace(motion, motion.subject, grid_s), _SUBJECT_WPS),
        _scale(_cut_rate(analysis, grid_s), _CUTS_PER_S),
        _scale(_flicker(motion, grid_s), _FLICKER_PER_S),
    )
    lit = np.clip(_trace(motion, motion.brightness, grid_s, empty=1.0) / _BLACK, 0.0, 1.0)
    energy = lit * sum(weight * trace for weight, trace in zip(_WEIGHTS, traces, strict=True))
    return _smooth(energy, grid_s, _PICTURE_SIGMA_S)


# --------------------------------------------------------------------------- the picture's traces


def _grid(duration_s: float) -> np.ndarray:
    return np.linspace(0.0, duration_s, max(9, round(duration_s / _STEP_S) + 1))


def _trace(motion: Motion, value: np.ndarray, grid_s: np.ndarray, empty: float = 0.0) -> np.ndarray:
    """One of the motion's series on the grid; single odd samples (flashes, a flow across a cut) go."""
    known = np.isfinite(value) & np.isfinite(motion.time_s)
    if not known.any():
        return np.full(len(grid_s), empty)
    return np.interp(grid_s, motion.time_s[known], median_filter(value[known], size=3, mode="nearest"))


def _scale(value: np.ndarray, calm_wild: tuple[float, float]) -> np.ndarray:
    calm, wild = calm_wild
    return np.clip(np.log(np.maximum(value, 1e-9) / calm) / np.log(wild / calm), 0.0, 1.0)


def _cut_rate(analysis: Analysis, grid_s: np.ndarray) -> np.ndarray:
    """Boundaries per second around each time, for what of the window lies inside the film."""
    sigma_s = _CUT_SIGMA_S
    rate = np.zeros(len(grid_s))
    for boundary_s in analysis.shots.boundary_s:
        rate += np.exp(-0.5 * ((grid_s - boundary_s) / sigma_s) ** 2)
    # Edge correction of the kernel, but not below a half: films of a second have no rate to speak of.
    fill_s = np.linspace(-3 * sigma_s, 3 * sigma_s, 49)
    inside = (grid_s[:, None] + fill_s >= 0) & (grid_s[:, None] + fill_s <= grid_s[-1])
    kernel = np.exp(-0.5 * (fill_s / sigma_s) ** 2)
    return rate / (sigma_s * np.sqrt(2 * np.pi)) / np.maximum(inside @ kernel / kernel.sum(), 0.5)


def _flicker(motion: Motion, grid_s: np.ndarray) -> np.ndarray:
    """How fast the brightness changes [1/s], cuts included."""
    brightness = _trace(motion, motion.brightness, grid_s, empty=0.5)
    return _smooth(np.abs(np.gradient(brightness, grid_s)), grid_s, _PICTURE_SIGMA_S)


def _smooth(value: np.ndarray, grid_s: np.ndarray, sigma_s: float) -> np.ndarray:
    return gaussian_filter1d(value, sigma_s / (grid_s[1] - grid_s[0]), mode="nearest")


# --------------------------------------------------------------------------- the curve


def _curve(analysis: Analysis, energy: np.ndarray) -> Curve:
    duration_s = analysis.video.duration_s
    grid_s, contrast = _grid(duration_s), _contrast(analysis, energy)
    gain = _PICTURE_GAIN * contrast
    shape = (1 - gain) * _unit(_ARC(grid_s / duration_s)) + gain * _rank(energy)
    shape = _unit(_smooth(shape, grid_s, _CURVE_SIGMA_S))
    low, high = _range(float(np.mean(energy)), contrast, duration_s)
    time_s = _output_times(duration_s)
    value = np.interp(time_s, grid_s, low + (high - low) * shape)
    return Curve(time_s, np.round(value, 4), "estimated")


def _rank(energy: np.ndarray) -> np.ndarray:
    """Energy relative to the rest of this film, 0..1.

    Half rank, half proportion: ranks alone would spread a long calm stretch over most of the
    range, proportion alone would flatten everything beside one wild moment.
    """
    low, high = np.quantile(energy, [0.05, 0.95])
    proportion = np.clip((energy - low) / max(high - low, 1e-9), 0.0, 1.0)
    return 0.5 * proportion + 0.5 * (rankdata(np.round(energy, 3)) - 0.5) / len(energy)


def _contrast(analysis: Analysis, energy: np.ndarray) -> float:
    """0 where the picture does the same all the time, 1 where it goes from calm to wild."""
    spread = float(np.subtract(*np.quantile(energy, [0.95, 0.1])))
    low, high = _CONTRAST
    return float(np.clip((spread - low) / (high - low), 0.0, 1.0)) * _shortness(analysis.video.duration_s)


def _range(level: float, contrast: float, duration_s: float) -> tuple[float, float]:
    """Lowest and highest value of the curve: a calm film stays in the middle of the scale."""
    centre, half = 0.35 + 0.3 * level, _FLAT_HALF_RANGE * _shortness(duration_s)
    # The level shows in the middle; a film with full contrast uses the whole scale anyway.
    low = (1 - contrast) * (centre - half) + contrast * _FULL_RANGE[0]
    high = (1 - contrast) * (centre + half) + contrast * _FULL_RANGE[1]
    return low, high


def _shortness(duration_s: float) -> float:
    """Share of the full range a film of this length has time for: a second has time for little."""
    return min(1.0, 0.1 + duration_s / 10.0)


def _output_times(duration_s: float) -> np.ndarray:
    return np.linspace(0.0, duration_s, max(2, round(duration_s * POINTS_PER_S) + 1))


def _unit(value: np.ndarray) -> np.ndarray:
    low, high = float(np.min(value)), float(np.max(value))
    return (value - low) / (high - low) if high - low > 1e-9 else np.full(len(value), 0.5)


def _warnings(analysis: Analysis, contrast: float) -> tuple[str, ...]:
    magnitude = analysis.motion.magnitude[np.isfinite(analysis.motion.magnitude)]
    still = not len(magnitude) or float(np.max(magnitude)) < _STILL_WPS
    if still and not len(analysis.shots.boundary_s):
        return (
            "nothing moves and nothing cuts in the picture: the curve is only an arc over the film's "
            "length; draw one with --curve if you want another",
        )
    if contrast < 0.1:
        return (
            "the picture keeps one pace throughout: the curve is mostly an arc over the film's length; "
            "draw one with --curve if you want another",
        )
    return ()
