"""`Instance` -> `Phrases`: every stretch of constant tempo between two anchors, its best bars, its cost.

A phrase leaves anchor i, arrives at anchor j after n quarters, and so has the period (t_j - t_i) / n.
Bar lines lie on both anchors.  Which bars fill the n quarters, so that the cuts in between fall well,
is settled here by dynamic programming, exactly and for all phrases of equal n at once; choosing
among phrases is left to `grid_path` and `grid_solve`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.plan.grid_instance import UNIT, Instance, Prices

PPM = 1_000_000  # log tempi are integers: parts per million
SPAN_US = 16_000_000  # phrases are this long at most, unless no anchor lies within
MAX_PHRASES = 30_000
OUTLOOK = 4  # anchors seen at least from each
MAX_COUNTS = 40  # numbers of quarters tried for one pair of anchors
LOW = -(2**60)


@dataclass(frozen=True)
class Phrases:
    """Candidate phrases, sorted by where they start, then end, then quarters."""

    source: np.ndarray  # int (p,): index of the anchor it leaves
    target: np.ndarray  # int (p,): index of the anchor it reaches
    beats: np.ndarray  # int (p,): quarters
    period_us: np.ndarray  # float (p,): microseconds per quarter
    level: np.ndarray  # int64 (p,): log of the period [ppm]
    cost: np.ndarray  # int64 (p,): cuts missed, odd bars, tempo, last bar [1 / UNIT accents]
    choice: np.ndarray  # int8 (total beats + p,): last bar of the best filling, for each phrase and beat
    offset: np.ndarray  # int (p,): where the phrase's choices begin

    def bars(self, phrase: int) -> list[int]:
        """Quarters of each bar of the phrase."""
        bars, beat = [], int(self.beats[phrase])
        while beat > 0:
            bars.append(int(self.choice[self.offset[phrase] + beat]))
            beat -= bars[-1]
        return bars[::-1]


def make_phrases(instance: Instance) -> Phrases:
    """All phrases worth considering, with their costs."""
    source, target, beats = _candidates(instance)
    length = instance.anchor_us[target] - instance.anchor_us[source]
    period = length / np.maximum(beats, 1)
    offset = np.concatenate([[0], np.cumsum(beats + 1)]).astype(np.int64)
    missed, gain = _gains(instance, source, target, beats, period, offset)
    choice = np.zeros(offset[-1], np.int8)
    best = np.zeros(len(beats), np.int64)
    size = np.ceil(np.log2(beats)).astype(int)
    for alike in (np.flatnonzero(size == s) for s in np.unique(size)):
        n = beats[alike]
        cell = offset[alike, None] + np.minimum(np.arange(n.max() + 1), n[:, None])
        ending = _ending_costs(instance, period[alike], target[alike] == len(instance.anchor_us) - 1)
        best[alike], filling = _fill(instance, n, [g[cell] for g in gain], ending)
        inside = np.arange(n.max() + 1) <= n[:, None]
        choice[cell[inside]] = filling[inside]
    away = np.abs(np.log(period / instance.preferred_us)) * length / 1e6
    taste = np.rint(instance.prices.preference * UNIT * away).astype(np.int64)
    level = np.rint(np.log(period) * PPM).astype(np.int64)
    return Phrases(source, target, beats, period, level, missed - best + taste, choice, offset[:-1])


def _candidates(instance: Instance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source, target and quarters of each phrase; shorter reach where there would be too many."""
    for reach in (1.0, 0.7, 0.5, 0.35, 0.25):
        rows = _reach(instance, span_us(instance) * reach)
        if len(rows) <= MAX_PHRASES:
            break
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def span_us(instance: Instance) -> float:
    """How long a phrase lasts at most, but for those that only reach the next few anchors [us]."""
    shortest, longest = instance.period_us
    # A narrow range of tempi needs long phrases before a whole number of quarters fits.
    return max(SPAN_US, longest * 1.5 / max(np.log(longest / shortest), 1e-3))


def _reach(instance: Instance, longest_us: float) -> list[tuple[int, int, int]]:
    time = instance.anchor_us
    rows = []
    for i in range(len(time) - 1):
        # Over the first bar, and then at least to the next few anchors, however far they are.
        beyond = int(np.searchsorted(time, time[i] + instance.meter * instance.period_us[1])) + OUTLOOK
        stop = max(int(np.searchsorted(time, time[i] + longest_us, "right")), min(beyond, len(time)))
        for j in range(i + 1, stop):
            rows += [(i, j, n) for n in _counts(instance, int(time[j] - time[i]))]
    return rows


def _counts(instance: Instance, length_us: int) -> list[int]:
    """Numbers of quarters that fit a length; whole bars near the preferred tempo first, if there are many."""
    low = max(2, int(np.ceil(length_us / instance.period_us[1] - 1e-9)))
    high = int(np.floor(length_us / instance.period_us[0] + 1e-9))
    counts = np.arange(low, high + 1)
    if len(counts) <= MAX_COUNTS:
        return counts.tolist()
    whole = counts[counts % instance.meter == 0]
    counts = whole if len(whole) else counts
    ideal = length_us / instance.preferred_us
    if len(counts) > MAX_COUNTS:
        near = counts[np.argsort(np.abs(counts - ideal), kind="stable")[: MAX_COUNTS // 2]]
        even = counts[np.linspace(0, len(counts) - 1, MAX_COUNTS // 2).astype(int)]
        counts = np.union1d(near, even)
    return counts.tolist()


def nearness(error_us: np.ndarray, prices: Prices) -> np.ndarray:
    """Share of the credit that is left at a distance from the beat, 0..1."""
    corners = [0, prices.near_us, prices.past_us, prices.far_us]
    return np.interp(error_us, corners, [1.0, 1 - prices.slack, prices.past, 0.0])


def from_sixteenth(since_us: np.ndarray, period_us: np.ndarray | float) -> np.ndarray:
    """Distance from the nearest 16th of moments so long after a beat [us]."""
    sixteenth = period_us / 4
    return np.abs(since_us - np.rint(since_us / sixteenth) * sixteenth)


def _gains(
    instance: Instance,
    source: np.ndarray,
    target: np.ndarray,
    beats: np.ndarray,
    period: np.ndarray,
    offset: np.ndarray,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Cost of missing all, (p,), and what beats save as downbeat, strong and weak beat, (cells,) each."""
    missed = np.zeros(len(source), np.int64)
    gain = [np.zeros(offset[-1], np.int64) for _ in range(3)]
    prices = instance.prices
    boundary_cost = np.full(len(instance.boundary_us), round(prices.section * UNIT), np.int64)
    credits = ((prices.downbeat, prices.strong, prices.weak), (1.0, 0.0, 0.0))
    moments = ((instance.cut_us, instance.cut_cost), (instance.boundary_us, boundary_cost))
    for (time, cost), credit, between in zip(moments, credits, (prices.sixteenth, 0.0), strict=True):
        first = np.searchsorted(time, instance.anchor_us[source], "left")
        count = np.searchsorted(time, instance.anchor_us[target], "left") - first
        phrase = np.repeat(np.arange(len(source)), count)
        which = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[phrase]
        since = time[which] - instance.anchor_us[source][phrase]
        beat = np.minimum(np.rint(since / period[phrase]).astype(np.int64), beats[phrase])
        share = nearness(np.abs(since - beat * period[phrase]), prices)
        least = between * nearness(from_sixteenth(since, period[phrase]), prices)
        np.add.at(missed, phrase, cost[which])
        for role in range(3):
            saved = np.rint(cost[which] * np.maximum(credit[role] * share, least)).astype(np.int64)
            np.add.at(gain[role], offset[phrase] + beat, saved)
    _add_markers(instance, source, target, beats, period, offset, missed, gain)
    return missed, gain


def _add_markers(
    instance: Instance,
    source: np.ndarray,
    target: np.ndarray,
    beats: np.ndarray,
    period: np.ndarray,
    offset: np.ndarray,
    missed: np.ndarray,
    gain: list[np.ndarray],
) -> None:
    """Add what markers cost, and what the beats before and after each save of it."""
    prices = instance.prices
    whole = round(prices.marker * UNIT)
    for time, kind in zip(instance.marker_us.tolist(), instance.marker_beat, strict=True):
        phrase = np.flatnonzero((instance.anchor_us[source] <= time) & (time < instance.anchor_us[target]))
        since = time - instance.anchor_us[source][phrase]
        missed[phrase] += whole
        before = np.minimum((since / period[phrase]).astype(np.int64), beats[phrase] - 1)
        nearest = np.rint(since / period[phrase]).astype(np.int64)
        for beat in (before, before + 1):
            error = np.abs(since - beat * period[phrase])
            share = held(error, period[phrase], prices)
            # Strong beats are two quarters apart or more, so at most one of both neighbours is one.
            share = np.where(beat == nearest, share, 0.0) if kind == "any" else share
            saved = np.rint(whole * share).astype(np.int64)
            for role in range({"downbeat": 1, "strong": 2, "any": 3}[kind]):
                np.add.at(gain[role], offset[phrase] + beat, saved)


def held(error_us: np.ndarray, period_us: np.ndarray | float, prices: Prices) -> np.ndarray:
    """Share of a marker's price that a beat at a distance saves: all, or ever less until a quarter away."""
    late = (1 - prices.missed) * np.clip(1 - error_us / period_us, 0.0, 1.0)
    return np.where(error_us <= prices.held_us, 1.0, late)


def _ending_costs(instance: Instance, period: np.ndarray, final: np.ndarray) -> dict[int, np.ndarray]:
    """Extra cost of a film's last bar, by its quarters: too short to ring, or odd; int64 (p,) each."""
    prices = instance.prices
    costs = {}
    for bar in instance.bar_cost:
        short = np.clip(1 - bar * period / prices.ring_us, 0, None) * prices.ring
        odd = prices.last_odd * (bar != instance.meter)
        costs[bar] = np.where(final, np.rint((short + odd) * UNIT), 0).astype(np.int64)
    return costs


def _fill(
    instance: Instance, beats: np.ndarray, gain: list[np.ndarray], ending: dict[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Fill phrases with bars as well as can be.

    Returns the best value (p,) at each phrase's own number of quarters, and the last bar of each best
    beginning (p, n + 1); what lies beyond a phrase's own quarters means nothing.
    """
    down, strong, weak = (np.ascontiguousarray(g.T) for g in gain)
    before = np.cumsum(weak, axis=0)
    value = np.full(down.shape, LOW)
    value[0] = down[0]
    choice = np.zeros(down.shape, np.int8)
    # On equal value the odd bar comes last, right before the anchor, where ears forgive it.
    lengths = sorted(instance.bar_cost.items(), key=lambda item: -item[1])
    for beat in range(1, len(down)):
        for bar, price in lengths:
            start = beat - bar
            if start < 0:
                continue
            reached = value[start] + before[beat - 1] - before[start] + down[beat] - price
            if bar == 4:
                reached += strong[start + 2] - weak[start + 2]
            reached -= np.where(beats == beat, ending[bar], 0)
            better = reached > value[beat]
            value[beat, better], choice[beat, better] = reached[better], bar
    return value[beats, np.arange(len(beats))], choice.T
