"""`Analysis`, wishes -> `Curve` with its doubt, and `Form`: what a person might draw who sees the film.

The curve is an arc over the film plus a gain times the picture's residual: what the energy network says of
the picture beyond the position in the film (`energy_model`).  The network sees seconds and speaks in spans of
nine; where the curve turns is taken from the finer traces of motion and cuts (`traces`), by a guided filter
[HST10]_.  The more the residual varies, the more it counts against the arc.  Energy follows the picture in
real music videos, harmonic tension does not: it follows the same curve because the user sees that curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.stats import rankdata

from tensionbgm.config import Shape
from tensionbgm.forms import Analysis, Curve, Form
from tensionbgm.model.arcs import HALF_RANGE, HIGH, LOW, arc, output_times, shortness, unit
from tensionbgm.model.energy_model import EnergyEstimate, predict
from tensionbgm.model.form import estimate_form
from tensionbgm.model.traces import grid, picture_energy, smooth

GUIDE_SIGMA_S = 5.0  # within this the network's answer is read off the finer traces ...
GUIDE_NOISE = 0.05  # ... where those vary more than this
CURVE_SIGMA_S = 0.8  # last smoothing: ranks can steepen what was smooth
TRACES = 3.0  # z of energy for the whole scale of the traces, beside the network's residual
CONTRAST = (0.2, 1.4)  # spread of both [z] at which the picture begins to count, counts fully
HEURISTIC_CONTRAST = (0.08, 0.45)  # the same for the traces alone
PICTURE_SHARE = 0.9  # of the picture beside the arc, at full contrast
FULL_RANGE = (0.12, 0.92)  # of a curve with full contrast
STILL_WPS = 0.003  # less flow than this everywhere: nothing moves
SCALE = (0.1, 0.3)  # tension that one z of energy is drawn as, at least and at most


@dataclass(frozen=True)
class Estimate:
    """What was read from the film, and what to tell the user about it."""

    curve: Curve
    form: Form
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """What the picture does, on a grid of `STEP_S` or finer."""

    energy: np.ndarray  # float (n,), 0..1: on a scale that is the same for every film
    share: np.ndarray  # float (n,), 0..1: against the rest of this film
    contrast: float  # 0 where it does the same all the time, 1 where it goes from calm to wild


def estimate(analysis: Analysis, shape: Shape | None = None) -> Estimate:
    """Curve and form of the film.

    Parameters
    ----------
    analysis : Analysis
        a film of any length > 0
    shape : config.Shape, optional
        arc, intensity and gain the user asks for

    Returns
    -------
    estimate : Estimate
        the curve as of `estimate_curve`, the form as of `estimate_form`, warnings in plain words

    Raises
    ------
    InputError
        the film has no length, or its embeddings do not match its shots
    UsageError
        there is no such arc
    """
    shape = shape or Shape()
    said = predict(analysis)
    picture = seen(analysis, said)
    curve = _curve(analysis.video.duration_s, picture, shape, said)
    return Estimate(curve, estimate_form(analysis, curve), _warnings(analysis, picture, shape))


def estimate_curve(
    analysis: Analysis, shape: Shape | None = None, learned: bool = True, traces: float = TRACES
) -> Curve:
    """Tension over the film, read from its picture and the position in it.

    Parameters
    ----------
    analysis : Analysis
        a film of any length > 0
    shape : config.Shape, optional
    learned : bool
        False: from motion, cuts and brightness alone, the control the network has to beat
    traces : float
        what the traces of those weigh beside the network [z]

    Returns
    -------
    curve : Curve
        about two points a second from 0 to the film's end, 0.05..0.98, source "estimated"; if learned, with
        its doubt as a band

    Raises
    ------
    InputError
        the film has no length
    UsageError
        there is no such arc
    """
    said = predict(analysis) if learned else None
    return _curve(analysis.video.duration_s, seen(analysis, said, traces), shape or Shape(), said)


# --------------------------------------------------------------------------- the picture


def seen(analysis: Analysis, said: EnergyEstimate | None, traces: float = TRACES) -> Picture:
    """What the picture does; without the network's word, from the traces alone."""
    energy, length = picture_energy(analysis), shortness(analysis.video.duration_s)
    if said is None:
        return Picture(energy, _share(energy), _contrast(energy, HEURISTIC_CONTRAST) * length)
    grid_s = grid(analysis.video.duration_s)
    guided = guide(np.interp(grid_s, said.time_s, said.residual), energy, grid_s)
    both = guided + traces * (energy - np.mean(energy))
    return Picture(energy, _share(both), _contrast(both, CONTRAST) * length)


def guide(value: np.ndarray, edges: np.ndarray, grid_s: np.ndarray) -> np.ndarray:
    """`value` with the turns of `edges` where both go the same way: a guided filter [HST10]_.

    Around each moment `value` is fitted by a line in `edges`; a falling line is not believed.

    Parameters
    ----------
    value, edges, grid_s : float (n,)
        evenly spaced
    """
    sigma = GUIDE_SIGMA_S / (grid_s[1] - grid_s[0])

    def mean(x: np.ndarray) -> np.ndarray:
        return gaussian_filter1d(x, sigma, mode="nearest")

    middle, guided = mean(value), mean(edges)
    spread = np.maximum(mean(edges * edges) - guided**2, 0.0)
    slope = np.maximum(mean(edges * value) - guided * middle, 0.0) / (spread + GUIDE_NOISE**2)
    return mean(slope) * edges + mean(middle - slope * guided)


def _share(value: np.ndarray) -> np.ndarray:
    """A value relative to the rest of this film, 0..1.

    Half rank, half proportion: ranks alone would spread a long calm stretch over most of the
    range, proportion alone would flatten everything beside one wild moment.
    """
    low, high = np.quantile(value, [0.05, 0.95])
    proportion = np.clip((value - low) / max(high - low, 1e-9), 0.0, 1.0)
    return 0.5 * proportion + 0.5 * (rankdata(np.round(value, 3)) - 0.5) / len(value)


def _contrast(value: np.ndarray, limits: tuple[float, float]) -> float:
    spread = float(np.subtract(*np.quantile(value, [0.95, 0.1])))
    low, high = limits
    return float(np.clip((spread - low) / (high - low), 0.0, 1.0))


# --------------------------------------------------------------------------- the curve


def _curve(duration_s: float, picture: Picture, shape: Shape, said: EnergyEstimate | None) -> Curve:
    grid_s = grid(duration_s)
    contrast = min(1.0, picture.contrast * shape.energy_gain)
    share = PICTURE_SHARE * contrast
    drawn = (1 - share) * unit(arc(shape.arc, grid_s / duration_s)) + share * picture.share
    drawn = unit(smooth(drawn, grid_s, CURVE_SIGMA_S))
    low, high = _range(float(np.mean(picture.energy)), contrast, duration_s)
    value = np.clip(low + (high - low) * drawn, LOW, HIGH)
    if shape.intensity is not None:
        value = lifted(value, shape.intensity)
    time_s = output_times(duration_s)
    value = np.interp(time_s, grid_s, value)
    if said is None:
        return Curve(time_s, np.round(value, 4), "estimated")
    below, above = _doubt(said, time_s, value)
    return Curve(time_s, np.round(value, 4), "estimated", np.round(below, 4), np.round(above, 4))


def _range(level: float, contrast: float, duration_s: float) -> tuple[float, float]:
    """Lowest and highest value of the curve: a calm film stays in the middle of the scale."""
    centre, half = 0.35 + 0.3 * level, HALF_RANGE * shortness(duration_s)
    # The level shows in the middle; a film with full contrast uses the whole scale anyway.
    low = (1 - contrast) * (centre - half) + contrast * FULL_RANGE[0]
    high = (1 - contrast) * (centre + half) + contrast * FULL_RANGE[1]
    return low, high


def lifted(value: np.ndarray, intensity: float) -> np.ndarray:
    """A curve in `LOW`..`HIGH` drawn towards one end until `intensity` is its mean; nothing is cut off."""
    mean = float(np.mean(value))
    end = LOW if intensity < mean else HIGH
    return end + (value - end) * (intensity - end) / (mean - end)


def _doubt(said: EnergyEstimate, time_s: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The doubt: as wide as four fifths of music videos spread around the network's median.

    Drawn around the curve, at the scale at which the median shows in it.
    """
    drawn = float(np.std(value)) / max(float(np.std(said.q50)), 1e-6)
    scale = float(np.clip(drawn, *SCALE))
    below = value - scale * np.interp(time_s, said.time_s, said.q50 - said.q10)
    above = value + scale * np.interp(time_s, said.time_s, said.q90 - said.q50)
    return np.clip(below, 0.0, 1.0), np.clip(above, 0.0, 1.0)


def _warnings(analysis: Analysis, picture: Picture, shape: Shape) -> tuple[str, ...]:
    magnitude = analysis.motion.magnitude[np.isfinite(analysis.motion.magnitude)]
    still = not len(magnitude) or float(np.max(magnitude)) < STILL_WPS
    if still and not len(analysis.shots.boundary_s):
        return (
            "nothing moves and nothing cuts in the picture: the curve is only an arc over the film's "
            "length; draw one with --curve if you want another",
        )
    if picture.contrast * shape.energy_gain < 0.1 and shape.energy_gain > 0:
        more = ", or make more of it with a larger --energy-gain" if picture.contrast > 0.01 else ""
        return (
            "the picture keeps one pace throughout: the curve is mostly an arc over the film's length; "
            f"draw one with --curve if you want another{more}",
        )
    return ()
