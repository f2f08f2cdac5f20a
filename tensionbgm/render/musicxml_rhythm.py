"""A stretch of a bar -> the note values that write it, ties between them, so that the beat stays visible.

All positions are ticks from the start of the bar.  Bars are n/4; a bar of more than four beats
falls into groups (5 = 3 + 2, 7 = 4 + 3).  Inside a beat time runs on one of `GRIDS`; thirds and
fifths of a beat are tuplets.  The rules are those of engraving handbooks: a note may hide a
position no stronger than the one it begins on, and a plain syncopation one step stronger
[E. Gould, Behind Bars, 2011, "Rhythm"].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from tensionbgm.forms import PPQ

_NAMES = ("64th", "32nd", "16th", "eighth", "quarter", "half", "whole", "breve")
_SHORTEST = PPQ // 16
PLAIN = {_SHORTEST << power: (name, 0) for power, name in enumerate(_NAMES)}
DOTTED = {(_SHORTEST << power) * 3 // 2: (name, 1) for power, name in enumerate(_NAMES[1:], 1)}
VALUES = PLAIN | DOTTED  # ticks -> (name, dots)
LEVELS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}  # beams of a value

GRIDS = (PPQ // 4, PPQ // 3, PPQ // 6, PPQ // 8, PPQ // 5, PPQ // 16)  # units of a beat, plainest first
_IN_A_BEAT = {PPQ // 3: (3, 2, "eighth"), PPQ // 6: (6, 4, "16th"), PPQ // 5: (5, 4, "16th")}


class Tuplet(NamedTuple):
    """A stretch written in a tuplet: `actual` units of `unit_tick` in the time of `normal` plain ones."""

    start: int
    end: int
    unit_tick: int
    actual: int
    normal: int
    name: str  # the note value of one unit


class Value(NamedTuple):
    """One written note or rest."""

    start: int
    end: int
    name: str
    dots: int
    tuplet: Tuplet | None


# --------------------------------------------------------------------------- grids


@lru_cache(maxsize=4096)
def grid_of(points: frozenset[int]) -> int | None:
    """The plainest unit [ticks] that all points inside one beat (0 < point < PPQ) lie on, if any."""
    return next((unit for unit in GRIDS if all(point % unit == 0 for point in points)), None)


@lru_cache(maxsize=4096)
def snap(points: frozenset[int]) -> dict[int, int]:
    """Points inside one beat, moved to the grid they fit best: point -> position in 0..PPQ.

    Points on one grid stay; otherwise the grid is the one with the least displacement, where a
    finer grid has to earn its keep.
    """
    unit = grid_of(points)
    if unit is None:
        unit = min(GRIDS, key=lambda u: sum(abs(p - _nearest(p, u)) for p in points) + PPQ / u)
    return {point: _nearest(point, unit) for point in points}


def _nearest(point: int, unit: int) -> int:
    return (point + unit // 2) // unit * unit


def by_beat(points: Iterable[int]) -> dict[int, set[int]]:
    """Points that lie inside a beat, by beat, counted from the beat's start."""
    beats: dict[int, set[int]] = {}
    for point in points:
        if point % PPQ:
            beats.setdefault(point // PPQ, set()).add(point % PPQ)
    return beats


def writable(points: Iterable[int]) -> bool:
    """Whether one voice can have all these points: each beat on one grid."""
    return all(grid_of(frozenset(inside)) is not None for inside in by_beat(points).values())


# --------------------------------------------------------------------------- tuplets


def tuplets(points: Iterable[int], beats: int) -> tuple[Tuplet, ...]:
    """The tuplets a voice with these points needs in a bar, in order."""
    points = set(points)
    inside = by_beat(points)
    found: list[Tuplet] = []
    for beat in sorted(inside):
        start = beat * PPQ
        if found and found[-1].end > start:
            continue
        if _wide(points, start) and level(start, beats) > level(start + PPQ, beats):
            found.append(Tuplet(start, start + 2 * PPQ, PPQ * 2 // 3, 3, 2, "quarter"))
            continue
        unit = grid_of(frozenset(inside[beat]))
        if unit in _IN_A_BEAT:
            found.append(Tuplet(start, start + PPQ, unit, *_IN_A_BEAT[unit]))
    return tuple(found)


def _wide(points: set[int], start: int) -> bool:
    """Three in the time of two beats."""
    inside = {point - start for point in points if start < point < start + 2 * PPQ}
    return inside == {PPQ * 2 // 3, PPQ * 4 // 3}


# --------------------------------------------------------------------------- values


@lru_cache(maxsize=256)
def groups(beats: int) -> tuple[int, ...]:
    """How the beats of a bar are felt together: 4 -> (4,), 5 -> (3, 2), 6 -> (3, 3), 7 -> (4, 3)."""
    if beats <= 4:
        return (beats,)
    if beats % 3 == 0:
        return (3,) * (beats // 3)
    tail = {0: (), 1: (3, 2), 2: (3, 3), 3: (3,)}[beats % 4]
    return (4,) * ((beats - sum(tail)) // 4) + tail


@lru_cache(maxsize=65536)
def level(tick: int, beats: int) -> int:
    """How strong a position of the bar is: 10 its start, 7 a beat, less inside the beat."""
    if tick == 0:
        return 10
    if tick % PPQ:
        return next((6 - power for power in range(3) if tick % (PPQ // 2 >> power) == 0), 3)
    beat = tick // PPQ
    for size in groups(beats):
        if beat < size:
            return 9 if beat == 0 else 8 if size == 4 and beat == 2 else 7
        beat -= size
    return 9


@lru_cache(maxsize=65536)
def split(start: int, end: int, beats: int, rest: bool = False) -> tuple[int, ...]:
    """The plain and dotted values [ticks] that write a stretch, in order; as few as the rules allow."""
    if end - start in VALUES and _stands(start, end, beats, rest):
        return (end - start,)
    inner = range(start // _SHORTEST * _SHORTEST + _SHORTEST, end, _SHORTEST)
    strongest = max(level(tick, beats) for tick in inner)
    ways = (
        split(start, tick, beats, rest) + split(tick, end, beats, rest)
        for tick in inner
        if level(tick, beats) == strongest
    )
    return min(ways, key=len)


def _stands(start: int, end: int, beats: int, rest: bool) -> bool:
    """Whether one symbol may cover the stretch."""
    inner = range(start + _SHORTEST, end, _SHORTEST)
    if not inner:
        return True
    hidden, begun = max(level(tick, beats) for tick in inner), level(start, beats)
    plain = end - start in PLAIN
    if rest:
        return plain and begun > hidden
    within_beat = start // PPQ == (end - 1) // PPQ
    syncopation = plain and hidden - begun == 1 and level((start + end) // 2, beats) == hidden
    return begun >= hidden or syncopation or within_beat


def values(
    start: int, end: int, spans: tuple[Tuplet, ...], beats: int, rest: bool = False
) -> Iterator[Value]:
    """The written values of one note or rest from `start` to `end`, tuplets regarded."""
    edges = {start, end}
    for span in spans:
        edges.update(edge for edge in (span.start, span.end) if start < edge < end)
    for lo, hi in pairwise(sorted(edges)):
        inside = next((s for s in spans if s.start <= lo and hi <= s.end), None)
        for length in split(lo, hi, beats, rest) if inside is None else _in_tuplet(lo, hi, inside):
            name, dots = _name(length, inside)
            yield Value(lo, lo + length, name, dots, inside)
            lo += length


def _in_tuplet(start: int, end: int, span: Tuplet) -> tuple[int, ...]:
    units = (end - start) // span.unit_tick
    if units != 5:
        return (end - start,)
    return tuple(n * span.unit_tick for n in ((4, 1) if start == span.start else (1, 4)))


def _name(length: int, span: Tuplet | None) -> tuple[str, int]:
    if span is None:
        return VALUES[length]
    plain = next(tick for tick, (name, _) in PLAIN.items() if name == span.name)
    return VALUES[plain * (length // span.unit_tick)]
