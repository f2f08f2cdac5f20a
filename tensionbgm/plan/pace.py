"""A bar and what sounds in it already -> how fast broken chords move, to be as dense as its tension asks.

Density counts attacks, whoever plays them: where theme, bass and drums are busy already, figures hold
back or play along; where those rest, figures keep the pulse.  They slow down and speed up by the beats
of a rhythm, not by tempo: quarters, eighths, eighths with sixteenths between, sixteenths.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.forms import PPQ
from tensionbgm.music import scale
from tensionbgm.plan.phrases import Bar

CALM, TENSE = 0.2, 0.55  # level of density at tension 0 and 1: real calm music moves, and tense need not race
QUICKEST_S = 0.095  # faster notes than this are not played
# Notes in each beat of a bar, beat by beat and again; none is a note held over.  From slow to quick.
PACES = ((1, 0), (1,), (1, 2), (2,), (2, 3), (3,), (3, 4), (4,))
EIGHTHS = (2,)  # the slowest pace of music that moves at all: theirs from the middle level on
CELLS = {0: (), 1: (0.0,), 2: (0.0, 0.5), 3: (0.0, 0.5, 0.75), 4: (0.0, 0.25, 0.5, 0.75)}  # [beats]

Pace = tuple[int, ...]


def wanted(bar: Bar) -> float:
    """Level of density a bar asks for, 0..1."""
    return CALM + (TENSE - CALM) * bar.target


def density(bar: Bar, attacks: int) -> float:
    """Level of density of a bar of so many attacks, 0..1."""
    return float(scale.level("density", np.log2(1 + attacks / (bar.beats * bar.beat_s))))


def paces(bar: Bar, fastest: int) -> list[Pace]:
    """The paces that can be played in a bar with at most so many notes a beat, slow ones first."""
    least = EIGHTHS if bar.level >= 2 else (1,) if bar.level else PACES[0]
    most = min(fastest, 4 if bar.beat_s / 4 >= QUICKEST_S else 2)
    return [pace for pace in PACES[PACES.index(least) :] if max(pace) <= most]


def strokes(bar: Bar, pace: Pace, start: int, stop: int, slowing: bool) -> list[tuple[int, int]]:
    """(onset, length) of a figure from `start` to `stop` [ticks]; into the last chord it slows down."""
    onsets = []
    for beat in range(bar.beats):
        cell = pace[beat % len(pace)]
        if slowing:
            cell = min(cell, 3 if 2 * beat < bar.beats else 2)
        onsets += [bar.start_tick + round((beat + at) * PPQ) for at in CELLS[cell]]
    onsets = [onset for onset in onsets if start <= onset < stop]
    if not onsets or onsets[0] > start:
        onsets.insert(0, start)
    return [(a, b - a) for a, b in zip(onsets, [*onsets[1:], stop], strict=True)]
