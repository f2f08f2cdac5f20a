"""A long take and its curve -> where one phrase ends and the next begins."""

from __future__ import annotations

import numpy as np

from tensionbgm.forms import Analysis, Curve

_SHORTEST = 0.65  # of the phrase asked for
_LONGEST = 1.6
_LENGTH_WEIGHT = 0.01  # how much an uneven length costs, beside the variance left inside a phrase
_STEPS = 30  # candidates for a turn in each phrase


def phrase_turns(
    analysis: Analysis, curve: Curve, start_s: float, end_s: float, phrase_s: float
) -> np.ndarray:
    """Where to divide [start_s, end_s] into phrases of about `phrase_s` seconds.

    The least-squares step function through curve and colour, by dynamic programming
    (Bellman 1961), with a small price on phrases far from the length asked for.

    Returns
    -------
    turn_s : float (n,)
        rising, inside the span; empty if the span is one phrase
    """
    if end_s - start_s <= _LONGEST * phrase_s:
        return np.empty(0)
    step_s = phrase_s / _STEPS
    grid_s = np.linspace(start_s, end_s, round((end_s - start_s) / step_s) + 1)
    traces = _traces(analysis, curve, (grid_s[1:] + grid_s[:-1]) / 2)
    return grid_s[_best_cuts(traces, round(_SHORTEST * _STEPS), round(_LONGEST * _STEPS))]


def _traces(analysis: Analysis, curve: Curve, time_s: np.ndarray) -> np.ndarray:
    """float (n, 4): tension and colour at each time."""
    motion = analysis.motion
    if not len(motion.time_s):
        return curve.at(time_s)[:, None]
    colour = [motion.brightness, motion.saturation, motion.warmth]
    return np.stack(
        [curve.at(time_s), *(np.interp(time_s, motion.time_s, np.nan_to_num(c)) for c in colour)], axis=1
    )


def _best_cuts(traces: np.ndarray, shortest: int, longest: int) -> np.ndarray:
    """int (m,): inner cuts of the cheapest division into parts of `shortest`..`longest` samples."""
    n = len(traces)
    total = np.concatenate([np.zeros((1, traces.shape[1])), np.cumsum(traces, axis=0)])
    square = np.concatenate([np.zeros((1, traces.shape[1])), np.cumsum(traces**2, axis=0)])
    cost, before = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    cost[0] = 0.0
    for end in range(shortest, n + 1):
        start = np.arange(max(0, end - longest), end - shortest + 1)
        length = (end - start)[:, None]
        rest = (square[end] - square[start] - (total[end] - total[start]) ** 2 / length).sum(axis=1)
        uneven = _LENGTH_WEIGHT * ((end - start) / _STEPS - 1.0) ** 2 * _STEPS
        whole = cost[start] + rest + uneven
        best = int(np.argmin(whole))
        cost[end], before[end] = whole[best], start[best]
    cuts = []
    while before[n] > 0:
        n = int(before[n])
        cuts.append(n)
    return np.array(cuts[::-1], int)
