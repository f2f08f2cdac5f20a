"""Component levels over time, and weights -> the tension that listeners feel: a composite over time.

Tension is felt over seconds, not over notes.  Two models of that are here:

- `integrate`: each component is smoothed with its own time constant, the smoothed components are
  weighted, and a share of the sum is what has built up over a longer time.  It is causal, absolute (it
  needs no look at the rest of the piece) and stays within 0..1, so it can be compared with a drawn curve.
- `trend_salience`: the model of [Farbood12]_, which adds up trends instead of levels and strengthens a
  trend that goes on.  It is defined within a piece only: 0 is the piece's mean, 1 its standard deviation.

The weights that ship are those of `tensionbgm.corpora.fit_listeners`, fitted to listeners' ratings.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

HOP_S = 0.25  # the trend-salience model moves its windows this far at a time
MEMORY_GAIN = 5.0  # a trend that continues the one remembered counts so much more
LEVEL_SLOPE = 1e-3  # [1/s]: a slope below this is none
TIRE_SLOPE = 0.01  # [1/s]: where nothing changes, tension falls this fast


@dataclass(frozen=True)
class Term:
    """What one component contributes."""

    weight: float  # >= 0; the weights of a model add up to 1
    time_s: float  # how long it is integrated over [s]; 0: not at all
    calm: float  # the raw value that counts as 0, in the component's own unit
    tense: float  # the raw value that counts as 1

    def level(self, raw: np.ndarray | float) -> np.ndarray:
        """Raw values on the straight scale from calm to tense, 0..1, float (...)."""
        return np.clip((np.asarray(raw, float) - self.calm) / (self.tense - self.calm), 0.0, 1.0)


@dataclass(frozen=True)
class Weights:
    """A fitted model: its terms, what builds up, and how late the ratings it was fitted to came."""

    terms: dict[str, Term]
    built_share: float  # share of the composite that is built up over `built_s`, 0..1
    built_s: float  # [s]
    step_s: float  # the components were measured over windows of this length, one after another [s]
    lag_s: float  # raters move their slider so long after what they hear; no part of the model

    def levels(self, raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Each component's raw values as levels, 0..1.

        Raises
        ------
        KeyError
            a component of the model is missing
        """
        return {name: term.level(raw[name]) for name, term in self.terms.items()}


@functools.cache
def weights() -> Weights:
    """The weights that ship, `corpora/listeners.json`."""
    text = resources.files("tensionbgm.corpora").joinpath("listeners.json").read_text(encoding="utf-8")
    return from_json(json.loads(text))


def from_json(table: dict[str, Any]) -> Weights:
    """Weights as `fit_listeners` writes them."""
    terms = {name: Term(**row) for name, row in table["terms"].items()}
    return Weights(terms, *(table[name] for name in ("built_share", "built_s", "step_s", "lag_s")))


def integrate(
    levels: dict[str, np.ndarray], time_s: np.ndarray, weights: Weights, from_silence: bool = True
) -> np.ndarray:
    """The composite: y = (1 - b) f + b (f smoothed over T), f = sum_i w_i (level_i smoothed over T_i).

    Smoothing (`smooth`) is a mean over what has been heard, recent moments weighing more; it is exact for
    levels that stay as they are from one time to the next, so a finer axis changes little.  It is causal.

    Parameters
    ----------
    levels : dict of float (n,)
        0..1 for each component of the weights (see `Weights.levels`); others are not looked at
    time_s : float (n,)
        rising: when each window ends; level i holds from time i - 1 to time i [s]
    weights : Weights
    from_silence : bool
        what builds up starts at 0, as if long silence came before; else with the first of the music

    Returns
    -------
    composite : float (n,)
        0..1

    Raises
    ------
    KeyError
        a component of the weights is missing
    """
    felt = np.zeros(len(time_s))
    for name, term in weights.terms.items():
        level = np.asarray(levels[name], float)
        felt += term.weight * smooth(level, time_s, term.time_s)
    if weights.built_share == 0.0:
        return felt
    built = smooth(felt, time_s, weights.built_s, 0.0 if from_silence else None)
    return (1.0 - weights.built_share) * felt + weights.built_share * built


def smooth(
    value: np.ndarray, time_s: np.ndarray, constant_s: float, before: float | None = None
) -> np.ndarray:
    """Exponentially weighted mean of what has been heard, s_i = s_(i-1) + g_i (x_i - s_(i-1)).

    With d_i = t_i - t_(i-1), a leaky integrator has g_i = 1 - exp(-d_i / T).  Without anything `before`,
    the mean is over what has been heard so far: g_i is divided by 1 - exp(-(t_i - t_0) / T), where t_0 is
    when the music began.  So a rest before the first note is soon forgotten.

    Parameters
    ----------
    value : float (n,)
    time_s : float (n,)
        rising [s]
    constant_s : float
        T, >= 0 [s]; 0 leaves the values as they are
    before : float, optional
        what was heard for ever before the first value

    Returns
    -------
    smoothed : float (n,)
        within the range of the values and `before`
    """
    value = np.asarray(value, float)
    if constant_s == 0.0 or len(value) == 0:
        return value.copy()
    step = np.diff(np.asarray(time_s, float))
    step = np.concatenate([step[:1] if len(step) else [1.0], step])  # the first window is like the second
    gain = -np.expm1(-step / constant_s)
    if before is None:
        gain /= -np.expm1(-np.cumsum(step) / constant_s)
    state = 0.0 if before is None else before
    smoothed = np.empty(len(value))
    for i, (x, share) in enumerate(zip(value.tolist(), gain.tolist(), strict=True)):
        state += share * (x - state)
        smoothed[i] = state
    return smoothed


def trend_salience(
    features: dict[str, np.ndarray],
    time_s: np.ndarray,
    weight: dict[str, float],
    attention_s: float = 3.0,
    memory_s: float = 3.0,
) -> np.ndarray:
    """Trend salience [Farbood12]_: the slopes of all features, added up over time.

    Every `HOP_S` the features' least-squares slopes over the coming attentional window are weighted and
    added.  If the sum has the sign of the prediction's own slope over the memory window it counts
    `MEMORY_GAIN` times; if both are level, tension tires.  Where windows overlap, each new line is
    averaged into those before it, so the prediction's slope is r_i = (r_(i-1) + S_i) / 2.

    Parameters
    ----------
    features : dict of float (n,)
        in any unit; each is standardised over the piece, so the model is neither causal nor absolute
    time_s : float (n,)
        rising, n >= 2 [s]
    weight : dict
        by feature; their absolute values are scaled to add up to 1
    attention_s, memory_s : float
        lengths of the two windows [s]

    Returns
    -------
    salience : float (n,)
        mean 0 and standard deviation 1 over the piece; all 0 where nothing changes
    """
    time_s = np.asarray(time_s, float)
    axis = np.arange(time_s[0], time_s[-1] + HOP_S, HOP_S)
    total = sum(abs(w) for w in weight.values())
    mixed = np.zeros(len(axis))
    for name, share in weight.items():
        mixed += share / total * _standard(np.interp(axis, time_s, np.asarray(features[name], float)))
    trend = _slopes(mixed, max(round(attention_s / HOP_S), 1))
    return _standard(np.interp(time_s, axis, _follow(trend, max(round(memory_s / HOP_S), 1))))


def _standard(value: np.ndarray) -> np.ndarray:
    spread = float(value.std())
    return (value - value.mean()) / spread if spread > 1e-12 else np.zeros_like(value)


def _slopes(value: np.ndarray, steps: int) -> np.ndarray:
    """Least-squares slope over the `steps` hops after each point, fewer at the end, float (n,) [1/s]."""
    slope = np.zeros(len(value))
    for i in range(len(value) - 1):
        slope[i] = _slope(value[i : i + steps + 1])
    return slope


def _slope(value: np.ndarray) -> float:
    at = (np.arange(len(value)) - (len(value) - 1) / 2) * HOP_S
    return float(at @ value / (at @ at))


def _follow(trend: np.ndarray, memory: int) -> np.ndarray:
    """The prediction that the trends add up to, those that go on strengthened, float (n,)."""
    prediction, slope = np.zeros(len(trend)), 0.0
    for i, now in enumerate(trend[:-1]):
        remembered = prediction[max(i - memory, 0) : i + 1]
        before = _slope(remembered) if len(remembered) > 1 else 0.0
        if abs(now) < LEVEL_SLOPE and abs(before) < LEVEL_SLOPE:
            now -= TIRE_SLOPE if len(remembered) > 1 else 0.0
        elif now * before > 0:
            now *= MEMORY_GAIN
        slope = (slope + now) / 2 if i else now
        prediction[i + 1] = prediction[i] + slope * HOP_S
    return prediction
