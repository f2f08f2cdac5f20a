"""The velocities of a part -> its dynamics: levels where sections enter, hairpins where it clearly moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from tensionbgm.forms import Grid
from tensionbgm.render.midi import section_starts
from tensionbgm.render.musicxml_marks import Mark, direction, placed

LEVELS = {"pp": 32, "p": 48, "mp": 64, "mf": 80, "f": 96, "ff": 112}  # velocities, one every sixteen
LEVEL_SLACK = 12  # a level is kept while the velocities stay this close to it
HAIRPIN_VELOCITY = 18  # a rise or fall that deserves a hairpin
HAIRPIN_BARS = (2, 8)  # how many it may cover
WAVER = 4  # a rise may fall by so much from one bar to the next


class _Swell(NamedTuple):
    """A stretch of sounding bars whose loudness moves one way."""

    first: int  # index of a sounding bar
    last: int
    change: float  # velocity


def dynamic_marks(notes: np.ndarray, grid: Grid) -> Iterator[Mark]:
    """A level where a section enters with a new one, at most one hairpin a section, and where that led.

    Parameters
    ----------
    notes : NOTE (m,)
        the part's notes
    grid : Grid
        bars and sections
    """
    bar = np.searchsorted(grid.bar_tick, notes["onset_tick"], "right") - 1
    count = np.bincount(bar, minlength=grid.n_bars)
    mean = np.bincount(bar, notes["velocity"], minlength=grid.n_bars) / np.maximum(count, 1)
    starts = [first for first, _ in section_starts(grid)]
    level = ""
    for start, end in zip(starts, [*starts[1:], grid.n_bars], strict=True):
        sounding = start + np.flatnonzero(count[start:end])
        if not sounding.size:
            continue
        swell = _swell(mean[sounding], sounding)
        upto = swell.first + 1 if swell else len(sounding)
        wanted = np.average(mean[sounding][:upto], weights=count[sounding][:upto])
        if not level or abs(wanted - LEVELS[level]) > LEVEL_SLACK:
            level = _level(wanted)
            yield Mark(int(notes["onset_tick"][bar == sounding[0]].min()), 5, _dynamics(level))
        goal = _level(mean[sounding[swell.last]]) if swell else level
        if swell and goal != level:
            yield from _hairpin(notes["onset_tick"], bar, sounding, swell, goal, grid)
            level = goal if swell.last + 1 < len(sounding) else ""  # not said yet: the next section says it


def _swell(mean: np.ndarray, bars: np.ndarray) -> _Swell | None:
    """The greatest clear rise or fall among neighbouring bars, if there is one."""
    found = []
    for way in (1, -1):
        steady = (np.diff(mean) * way > -WAVER) & (np.diff(bars) == 1)
        for first in range(len(mean) - 1):
            last = first
            while last < len(steady) and steady[last] and last - first < HAIRPIN_BARS[1]:
                last += 1
            last = first + int(np.argmax(mean[first : last + 1] * way))
            found.append(_Swell(first, last, (mean[last] - mean[first]) * way))
    clear = [s for s in found if s.change >= HAIRPIN_VELOCITY and s.last - s.first >= HAIRPIN_BARS[0] - 1]
    best = max(clear, key=lambda s: (s.change, s.first - s.last), default=None)
    if best is None or mean[best.last] >= mean[best.first]:
        return best
    return best._replace(change=-best.change)


def _hairpin(
    onset: np.ndarray, bar: np.ndarray, sounding: np.ndarray, swell: _Swell, goal: str, grid: Grid
) -> Iterator[Mark]:
    """The hairpin, and its goal if the section goes on."""
    goes_on = swell.last + 1 < len(sounding)
    end = int(onset[bar == sounding[swell.last]].min() if goes_on else grid.bar_tick[sounding[-1] + 1])
    begin = int(onset[bar == sounding[swell.first]].min())
    yield Mark(begin, 6, _wedge("crescendo" if swell.change > 0 else "diminuendo"))
    yield Mark(end, 0, _wedge("stop"), closing=True)
    if goes_on:
        yield Mark(end, 5, _dynamics(goal))


def _level(velocity: float) -> str:
    return min(LEVELS, key=lambda name: abs(LEVELS[name] - velocity))


def _dynamics(level: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        whole, kind = direction("below")
        SubElement(SubElement(kind, "dynamics"), level)
        placed(whole, offset)
        SubElement(whole, "sound", dynamics=f"{LEVELS[level] / 0.9:.2f}")  # of forte, velocity 90
        return whole

    return make


def _wedge(way: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        whole, kind = direction("below")
        SubElement(kind, "wedge", type=way, number="1")
        return placed(whole, offset)

    return make
