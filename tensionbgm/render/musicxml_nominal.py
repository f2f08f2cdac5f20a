"""The sounding notes of one line -> the values a copyist writes: nominal, not as performed.

Players shorten what they read: a quarter sounds for nine tenths of itself, a staccato eighth for
half.  So an end is never read literally.  It is moved up to the plainest place that explains it
(a beat, half a beat, a 16th; thirds of a beat only where onsets already divide that beat so), and
a short silence before the next onset is not written at all [E. Gould, Behind Bars, 2011,
"Articulation"].
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from tensionbgm.forms import PPQ
from tensionbgm.render.musicxml_rhythm import by_beat, grid_of

_SIXTEENTH = PPQ // 4
_DETACHED = 0.065  # share of a value that any player leaves out
_LIGHT = 0.16  # share that a light touch leaves out
_STACCATO = (0.49, 0.65)  # share of a value that sounds if it is staccato
_SHORT_VALUES = (PPQ // 2, PPQ // 3, PPQ // 4)  # values that may be read from an exact half of theirs
_LATE = 12  # ticks an end may lie behind its place


class Nominal(NamedTuple):
    """A note as it will be read."""

    start: int
    end: int
    pitch: int
    short: bool  # staccato


def nominal(notes: np.ndarray, struck: dict[int, list[int]]) -> list[Nominal]:
    """The written notes of one line.

    Parameters
    ----------
    notes : NOTE (m,)
        of one line, by onset
    struck : dict of int to list of int
        the rising onsets of every pitch in the whole part [ticks]: no note is written into the
        next one of its pitch
    """
    onsets = notes["onset_tick"].tolist()
    beats = _Beats(onsets)
    written = []
    for start, end, pitch, *_ in notes.tolist():
        after = min(_next(onsets, start), _next(struck[pitch], start))
        value = beats.staccato(start, end - start, after)
        stop = start + value if value else _filled(start, beats.written_end(start, end), after)
        written.append(Nominal(start, stop, pitch, value > 0))
    return written


def _next(onsets: list[int], start: int) -> int:
    index = bisect_right(onsets, start)
    return onsets[index] if index < len(onsets) else start + 2**20


def _filled(start: int, end: int, after: int) -> int:
    """The end moved up to the next onset if what lies between is articulation rather than a rest."""
    gap = after - end
    breath = end % PPQ and gap <= min(PPQ // 2, (after - start) // 5)
    return after if gap < _SIXTEENTH or breath else end


class _Beats:
    """How the onsets of a line divide its beats."""

    def __init__(self, onsets: list[int]) -> None:
        self._unit = {beat: grid_of(frozenset(inside)) for beat, inside in by_beat(onsets).items()}

    def unit(self, tick: int, start: int) -> int:
        """The unit [ticks] of the beat around `tick`, for a note that begins at `start`."""
        unit = self._unit.get(tick // PPQ, _SIXTEENTH)
        if unit is None:  # divided in two ways at once: each note keeps to its own
            own = start % PPQ if start // PPQ == tick // PPQ else 0
            unit = grid_of(frozenset([own])) if own else _SIXTEENTH
        return unit or _SIXTEENTH

    def staccato(self, start: int, length: int, after: int) -> int:
        """The value of which a staccato note sounds for about half; 0 if it is no staccato."""
        unit = self.unit(start, start)
        on_grid = (start + length) % unit == 0
        for value in _SHORT_VALUES if on_grid else (PPQ, *_SHORT_VALUES):
            fits = value % unit == 0 and start % min(value, PPQ // 2 if value % PPQ == 0 else unit) == 0
            inside = start + value <= min(after, (start // PPQ + 1) * PPQ)
            if fits and inside and _STACCATO[0] * value <= length <= _STACCATO[1] * value:
                return value
        return 0

    def written_end(self, start: int, end: int) -> int:
        """The plainest place at or after a sounding end that explains it."""
        unit = self.unit(end, start)
        late = end % unit
        if late <= _LATE and end - late > start:
            end -= late
        shares = (_DETACHED,) if end % unit == 0 else (_DETACHED, _LIGHT)
        for share in shares:
            for step in (PPQ, PPQ // 2):
                place = -(-end // step) * step
                plain = place % PPQ == 0 or place % self.unit(place, start) == 0
                if plain and place - end <= share * (place - start):
                    return place
        return -(-end // unit) * unit
