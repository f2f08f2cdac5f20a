"""`Phrases` -> the cheapest chain of phrases, and for each phrase the cheapest chain through it.

A piece keeps its tempi in a narrow band; each band is searched for itself.

Exact dynamic programming for everything but the likeness of returning sections.  Since that only adds
cost, what is found here is a proven lower bound, a first plan, and the means to leave out phrases that
cannot be part of a better one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tensionbgm.plan.grid_instance import UNIT, Instance, Prices
from tensionbgm.plan.grid_phrases import PPM, Phrases

FAR = 2**60
BAND_STEP = 0.02  # bands of tempo begin this far apart (log)


@dataclass(frozen=True)
class BandPaths:
    """What the dynamic programme found with all tempi in one band."""

    kept: np.ndarray  # int (k,): phrases of the band on some whole chain
    through: np.ndarray  # int64 (k,): cost of the cheapest chain through each
    best: tuple[int, ...]  # phrases of the cheapest chain
    cost: int  # its cost [1 / UNIT accents]


def make_bands(instance: Instance) -> np.ndarray:
    """Lowest levels of the bands a whole piece may keep to; each is `spread_limit` wide [ppm]."""
    low, high = np.log(np.array(instance.period_us))
    top = max(high - instance.prices.spread_limit, low)
    return np.rint(np.append(np.arange(low, top, BAND_STEP), top) * PPM).astype(np.int64) - 1


def in_band(level: np.ndarray, band: int, prices: Prices) -> np.ndarray:
    """Which levels lie in the band that starts at `band`."""
    return (level >= band) & (level <= band + round(prices.spread_limit * PPM))


def step_cost(change: np.ndarray, prices: Prices) -> np.ndarray:
    """Cost of changing the level by so much [ppm] at a bar line; FAR beyond the limit."""
    size = np.abs(change)
    more = np.clip(size - round(prices.step_free * PPM), 0, None)
    cost = (round(prices.step * UNIT) * size + round(prices.step_more * UNIT) * more) // PPM
    cost += round(prices.change * UNIT) * (size > round(prices.same * PPM))
    return np.where(size <= round(prices.step_limit * PPM), cost, FAR)


def find_paths(instance: Instance, phrases: Phrases) -> list[BandPaths]:
    """Cheapest chains from the first anchor to the last, for each band that has one, cheapest band first."""
    return sorted(each_path(instance, phrases), key=lambda paths: paths.cost)


def each_path(instance: Instance, phrases: Phrases) -> Iterator[BandPaths]:
    """The same, band by band as they come."""
    for band in make_bands(instance):
        kept = np.flatnonzero(in_band(phrases.level, int(band), instance.prices))
        steps = _Steps(phrases, kept, len(instance.anchor_us), instance.prices)
        forward, came = steps.forward()
        through = forward + steps.backward() - phrases.cost[kept]
        whole = through < FAR // 2
        if whole.any():
            best = steps.trace(forward, came)
            yield BandPaths(kept[whole], through[whole], best, int(through[whole].min()))


class _Steps:
    """Phrases of one band and the steps between them, anchor by anchor."""

    def __init__(self, phrases: Phrases, kept: np.ndarray, anchors: int, prices: Prices) -> None:
        self.kept, self.anchors = kept, anchors
        self.cost, self.target = phrases.cost[kept], phrases.target[kept]
        source, level = phrases.source[kept], phrases.level[kept]
        at = np.arange(anchors + 1)
        leaving = np.searchsorted(source, at)
        order = np.argsort(self.target, kind="stable")
        arriving = np.searchsorted(self.target[order], at)
        self.arrive = [order[arriving[a] : arriving[a + 1]] for a in range(anchors)]
        self.leave = [np.arange(leaving[a], leaving[a + 1]) for a in range(anchors)]
        self.step = [
            step_cost(level[self.arrive[a], None] - level[None, self.leave[a]], prices)
            for a in range(anchors)
        ]

    def forward(self) -> tuple[np.ndarray, np.ndarray]:
        """Cheapest chain from the start to the end of each phrase, and the phrase before it."""
        value = np.full(len(self.kept), FAR, np.int64)
        came = np.full(len(self.kept), -1)
        value[self.leave[0]] = self.cost[self.leave[0]]
        for a in range(1, self.anchors):
            into, out = self.arrive[a], self.leave[a]
            if len(into) and len(out):
                total = np.minimum(value[into, None] + self.step[a], FAR)
                pick = total.argmin(axis=0)
                came[out] = into[pick]
                value[out] = np.minimum(total[pick, np.arange(len(out))] + self.cost[out], FAR)
        return value, came

    def backward(self) -> np.ndarray:
        """Cheapest chain from the start of each phrase to the end of the film."""
        value = np.full(len(self.kept), FAR, np.int64)
        final = self.arrive[self.anchors - 1]
        value[final] = self.cost[final]
        for a in range(self.anchors - 2, 0, -1):
            into, out = self.arrive[a], self.leave[a]
            if len(into) and len(out):
                rest = np.minimum(self.step[a] + value[None, out], FAR).min(axis=1)
                value[into] = np.minimum(rest + self.cost[into], FAR)
        return value

    def trace(self, value: np.ndarray, came: np.ndarray) -> tuple[int, ...]:
        """The cheapest chain, as phrases."""
        final = self.arrive[self.anchors - 1]
        chain = [int(final[value[final].argmin()])]
        while came[chain[-1]] >= 0:
            chain.append(int(came[chain[-1]]))
        return tuple(int(self.kept[p]) for p in reversed(chain))
