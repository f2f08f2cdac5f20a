"""The curve, where a part plays -> its dynamics: levels where sections enter, hairpins where it moves.

What is printed is what players are asked for: calm music is soft, tense music loud, pp to ff over the whole
scale.  Velocities say how loud each instrument is to be in the mix, and a lone piano in a calm opening is
turned up there; on paper it would be told to play forte.  They are kept beside the mark, for playback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from tensionbgm.forms import Curve, Grid
from tensionbgm.render.midi import section_starts
from tensionbgm.render.musicxml_marks import Mark, direction, placed

LEVELS = {"pp": 0.0, "p": 0.2, "mp": 0.4, "mf": 0.6, "f": 0.8, "ff": 1.0}  # at which tension each is meant
LEVEL_SLACK = 0.15  # a level is kept while the tension stays this close to it
HAIRPIN = 0.22  # a rise or fall that deserves a hairpin
HAIRPIN_BARS = (2, 8)  # how many it may cover
WAVER = 0.05  # a rise may fall by so much from one bar to the next
FORTE = 90  # its velocity, of which playback takes shares


class _Swell(NamedTuple):
    """A stretch of sounding bars whose tension moves one way."""

    first: int  # index of a sounding bar
    last: int
    change: float  # tension


def dynamic_marks(notes: np.ndarray, grid: Grid, curve: Curve) -> Iterator[Mark]:
    """A level where a section enters with a new one, at most one hairpin a section, and where that led.

    Parameters
    ----------
    notes : NOTE (m,)
        the part's notes
    grid : Grid
        bars and sections
    curve : Curve
        the tension asked for
    """
    bar = np.searchsorted(grid.bar_tick, notes["onset_tick"], "right") - 1
    count = np.bincount(bar, minlength=grid.n_bars)
    velocity = np.bincount(bar, notes["velocity"], minlength=grid.n_bars) / np.maximum(count, 1)
    line_s = grid.bar_us / 1e6
    # Rounded, lest the last digit of a float decide where a plateau begins.
    tension = np.round(np.clip(curve.mean(line_s[:-1], line_s[1:]), 0.0, 1.0), 3)
    starts = [first for first, _ in section_starts(grid)]
    level = ""
    for start, end in zip(starts, [*starts[1:], grid.n_bars], strict=True):
        sounding = start + np.flatnonzero(count[start:end])
        if not sounding.size:
            continue
        swell = _swell(tension[sounding], sounding)
        upto = swell.first + 1 if swell else len(sounding)
        wanted = float(np.mean(tension[sounding][:upto]))
        if not level or abs(wanted - LEVELS[level]) > LEVEL_SLACK:
            level = _level(wanted)
            first = int(notes["onset_tick"][bar == sounding[0]].min())
            yield Mark(first, 5, _dynamics(level, velocity[sounding[0]]))
        goal = _level(tension[sounding[swell.last]]) if swell else level
        if swell and goal != level:
            yield from _hairpin(notes["onset_tick"], bar, sounding, swell, (goal, velocity), grid)
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
    clear = [s for s in found if s.change >= HAIRPIN and s.last - s.first >= HAIRPIN_BARS[0] - 1]
    best = max(clear, key=lambda s: (s.change, s.first - s.last), default=None)
    if best is None or mean[best.last] >= mean[best.first]:
        return best
    return best._replace(change=-best.change)


def _hairpin(
    onset: np.ndarray,
    bar: np.ndarray,
    sounding: np.ndarray,
    swell: _Swell,
    goal: tuple[str, np.ndarray],
    grid: Grid,
) -> Iterator[Mark]:
    """The hairpin, and its goal (a level, with the velocity of each bar) if the section goes on."""
    goes_on = swell.last + 1 < len(sounding)
    end = int(onset[bar == sounding[swell.last]].min() if goes_on else grid.bar_tick[sounding[-1] + 1])
    begin = int(onset[bar == sounding[swell.first]].min())
    yield Mark(begin, 6, _wedge("crescendo" if swell.change > 0 else "diminuendo"))
    yield Mark(end, 0, _wedge("stop"), closing=True)
    if goes_on:
        level, velocity = goal
        yield Mark(end, 5, _dynamics(level, velocity[sounding[swell.last]]))


def _level(tension: float) -> str:
    return min(LEVELS, key=lambda name: abs(LEVELS[name] - tension))


def _dynamics(level: str, velocity: float) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        whole, kind = direction("below")
        SubElement(SubElement(kind, "dynamics"), level)
        placed(whole, offset)
        SubElement(whole, "sound", dynamics=f"{100 * velocity / FORTE:.2f}")
        return whole

    return make


def _wedge(way: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        whole, kind = direction("below")
        SubElement(kind, "wedge", type=way, number="1")
        return placed(whole, offset)

    return make
