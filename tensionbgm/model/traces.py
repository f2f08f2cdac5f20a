"""`Analysis` -> how much its picture does, on a scale that is the same for every film.

Flow, cuts and flicker on absolute, logarithmic scales.  It is finer in time than what the network reads, so
the curve takes its turns from here; alone, it is the heuristic that the network has to beat.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from tensionbgm.errors import InputError
from tensionbgm.forms import Analysis, Motion

STEP_S = 0.25  # of the grid
_PICTURE_SIGMA_S = 0.8  # smoothing of the picture's traces: a full swing takes about 2 s
SHORTEST_SHOT_S = 0.5  # flashes count no more than this

# Scales on which 0 is calm and 1 is wild: logarithmic between the two values.
_MOTION_WPS = (0.01, 0.5)  # mean flow [picture widths per second]: a quiet room, a chase
_SUBJECT_WPS = (0.005, 0.25)  # the same without the camera's own motion
_CUTS_PER_S = (0.13, 1.0)  # a slow film, a trailer's climax
_FLICKER_PER_S = (0.03, 0.6)  # change of mean brightness
_WEIGHTS = (0.5, 0.15, 0.25, 0.1)  # motion, subject, cuts, flicker
_BLACK = 0.05  # below this mean brightness the picture fades out and takes its energy along


def picture_energy(analysis: Analysis) -> np.ndarray:
    """How much the picture does, on a scale that is the same for every film.

    Returns
    -------
    energy : float (n,), 0..1
        every quarter second or finer, evenly from 0 to the film's end
    """
    if not analysis.video.duration_s > 0:
        raise InputError(f"{analysis.video.path}: the film has no length; give one with at least one frame")
    grid_s, motion = grid(analysis.video.duration_s), analysis.motion
    traces = (
        _scale(_trace(motion, motion.magnitude, grid_s), _MOTION_WPS),
        _scale(_trace(motion, motion.subject, grid_s), _SUBJECT_WPS),
        _scale(_cut_rate(analysis, grid_s), _CUTS_PER_S),
        _scale(_flicker(motion, grid_s), _FLICKER_PER_S),
    )
    lit = np.clip(_trace(motion, motion.brightness, grid_s, empty=1.0) / _BLACK, 0.0, 1.0)
    energy = lit * sum(weight * trace for weight, trace in zip(_WEIGHTS, traces, strict=True))
    return smooth(energy, grid_s, _PICTURE_SIGMA_S)


# --------------------------------------------------------------------------- the picture's traces


def grid(duration_s: float) -> np.ndarray:
    """Times `STEP_S` or less apart, evenly from 0 to the film's end [s]."""
    return np.linspace(0.0, duration_s, max(9, round(duration_s / STEP_S) + 1))


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
    """How often it cuts [1/s]: one over the length of the shot each moment lies in; so it turns on cuts."""
    edge_s = np.concatenate([[0.0], analysis.shots.boundary_s, [grid_s[-1]]])
    length_s = np.maximum(np.diff(edge_s), SHORTEST_SHOT_S)
    shot = np.clip(np.searchsorted(edge_s, grid_s, side="right") - 1, 0, len(length_s) - 1)
    return np.where(len(length_s) > 1, 1 / length_s[shot], 0.0)


def _flicker(motion: Motion, grid_s: np.ndarray) -> np.ndarray:
    """How fast the brightness changes [1/s], cuts included."""
    brightness = _trace(motion, motion.brightness, grid_s, empty=0.5)
    return smooth(np.abs(np.gradient(brightness, grid_s)), grid_s, _PICTURE_SIGMA_S)


def smooth(value: np.ndarray, grid_s: np.ndarray, sigma_s: float) -> np.ndarray:
    """Gaussian smoothing over so many seconds."""
    return gaussian_filter1d(value, sigma_s / (grid_s[1] - grid_s[0]), mode="nearest")
