"""A Performance -> its beats and bars, and a Roll: which pitches sound in each sixteenth, as in midi-miner.

A sixteenth is a quarter of a beat, whatever the beat is worth.  What sounds in it is looked up in frames of
a hundredth of a second: a note sounds in a sixteenth if it sounds in any of its frames, so that one which
overhangs by a frame sounds in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.music.midi_miner_read import Instrument, Meter, Performance, Tempo

FRAMES_PER_S = 100
PITCHES = 128
SUSTAIN = 64  # the pedal's controller number, and the value from which it is down
BEND_SEMITONES = 2.0  # of a bend all the way up
PARTS = 4  # sixteenths to a beat
MOST_BEATS = 50_000
MOST_BENT = 5_000_000
_DENOMINATORS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Roll:
    """What sounds in each of s sixteenths, and where beats and bars begin among them."""

    time_s: np.ndarray  # float (s,): where sixteenths begin; the last is where the last beat begins
    beat: np.ndarray  # int (b,): index of each beat
    bar: np.ndarray  # int (d,): index of each bar line
    bar_s: np.ndarray  # float (d,) [s]; the last may lie beyond the last sixteenth
    sounds: np.ndarray  # bool (128, s): nothing sounds in the last sixteenth

    @property
    def beat_s(self) -> np.ndarray:
        """float (b,) [s]."""
        return self.time_s[self.beat]


def roll_of(played: Performance) -> Roll:
    """Beats, bars and sounding pitches of a performance.

    Raises
    ------
    InputError
        it lasts less than two beats, or has too many beats or bends to be music
    """
    found = beats(played.name, played.tempo, played.meters, played.end_s)
    return rolled(played.name, found, downbeats(found, played.meters), played.instruments)


def rolled(name: str, beat_s: np.ndarray, bar_s: np.ndarray, instruments: tuple[Instrument, ...]) -> Roll:
    """What instruments sound in the sixteenths of given beats and bar lines (bar lines are beats)."""
    beat_s = np.unique(beat_s)
    if len(beat_s) < 2:
        raise InputError(f"{name}: is over before its second beat; measure it in another dialect")
    parts = np.diff(beat_s)[:, None] / PARTS * np.arange(PARTS) + beat_s[:-1, None]
    time_s = np.unique(np.append(parts.ravel(), beat_s[-1]))
    if time_s[-1] > bar_s[-1]:  # the last bar is as long as the one before, or lasts to the end
        last = bar_s[-1] - bar_s[-2] + bar_s[-1] if len(bar_s) > 1 else time_s[-1]
        bar_s = np.append(bar_s, last)
    bar_s = np.unique(bar_s)
    sounds = np.zeros((PITCHES, len(time_s)), bool)
    for one in instruments:
        if not one.drum:
            _sound(name, sounds, time_s, one)
    return Roll(time_s, np.searchsorted(time_s, beat_s), _nearest(time_s, bar_s), bar_s, sounds)


def _nearest(grid: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Index of the place nearest to each value; between two equally near, the earlier."""
    above = np.clip(np.searchsorted(grid, value), 1, len(grid) - 1)
    return np.where(value - grid[above - 1] <= grid[above] - value, above - 1, above)


# --------------------------------------------------------------------------- beats and bars


def beats(name: str, tempo: Tempo, meters: tuple[Meter, ...], end_s: float) -> np.ndarray:
    """Where beats begin before `end_s`, float (b,) [s].

    A beat is the meter's denominator, three of them in compound meters.  It stretches where the tempo
    changes inside it, and breaks off where a meter begins.
    """
    change_s: list[float] = [*tempo.time_s[1:].tolist(), np.inf]
    starts_s = [meter.time_s for meter in meters]
    meter = sum(start <= 0 for start in starts_s[1:])
    span, found = 0, [0.0]
    while found[-1] < end_s:
        if len(found) > MOST_BEATS:
            raise InputError(f"{name}: has more than {MOST_BEATS} beats; give a piece of music")
        after, left = found[-1], 1.0  # how much of the beat is left
        bpm = _beats_a_minute(tempo, span, meters, meter)
        if after + 60.0 / bpm > change_s[span]:
            while after + left * 60.0 / bpm >= change_s[span]:
                share = (change_s[span] - after) / (60.0 / bpm)
                after, left, span = after + share * 60.0 / bpm, left - share, span + 1
                bpm = _beats_a_minute(tempo, span, meters, meter)
        after += left * 60.0 / bpm
        if meter == 0 and meters and found[-1] < starts_s[0] and _reaches(after, starts_s[0]):
            after = starts_s[0]
        if meter + 1 < len(meters) and _reaches(after, starts_s[meter + 1]):
            after, meter = starts_s[meter + 1], meter + 1
        found.append(after)
    return np.array(found[:-1])


def _beats_a_minute(tempo: Tempo, span: int, meters: tuple[Meter, ...], which: int) -> float:
    bpm = float(tempo.bpm[span])
    if not meters or meters[which].denominator not in _DENOMINATORS:
        return bpm
    meter = meters[which]
    return (bpm / 3.0 if _is_compound(meter) else bpm) * meter.denominator / 4.0


def _is_compound(meter: Meter) -> bool:
    return meter.numerator % 3 == 0 and meter.numerator != 3


def _reaches(a: float, b: float) -> bool:
    return a > b or bool(_is_close(a, b))


def _is_close(a: Any, b: float) -> Any:
    """Equal to a hundred-thousandth: what counts as the same moment."""
    return abs(a - b) <= 1e-8 + 1e-5 * abs(b)


def downbeats(beat_s: np.ndarray, meters: tuple[Meter, ...]) -> np.ndarray:
    """The beats that bars begin on, float (d,) [s]; 4/4 where no meter has begun yet.

    Each meter counts from the beat it begins on to the beat the next begins on.
    """
    if not meters or meters[0].time_s > 0:
        meters = (Meter(0.0, 4, 4), *meters)
    bars, end = [], 0
    for meter, following in pairwise(meters):
        start = _index(beat_s, meter.time_s, 0)
        end = _index(beat_s, following.time_s, start)
        bars.append(beat_s[start : end : _beats_to_a_bar(meter)])
    start = _index(beat_s, meters[-1].time_s, end)
    return np.concatenate([*bars, beat_s[start :: _beats_to_a_bar(meters[-1])]])


def _beats_to_a_bar(meter: Meter) -> int:
    return meter.numerator // 3 if _is_compound(meter) else meter.numerator


def _index(beat_s: np.ndarray, time_s: float, otherwise: int) -> int:
    """The first beat at a time."""
    found = np.flatnonzero(_is_close(beat_s, time_s))
    return int(found[0]) if len(found) else otherwise


# --------------------------------------------------------------------------- what sounds


def _sound(name: str, sounds: np.ndarray, time_s: np.ndarray, one: Instrument) -> None:
    """Mark the sixteenths an instrument's notes sound in."""
    start, end, pitch = (np.array(column) for column in zip(*one.notes, strict=True))
    start, end = _frame(start), _frame(end)
    pitch = pitch[start < end]
    start, end = start[start < end], end[start < end]
    end = _sustained(start, end, one.controls)
    if one.bends:
        start, end, pitch = _bent(name, start, end, pitch, one)
    first = np.rint(time_s[:-1] * FRAMES_PER_S).astype(np.int64)
    last = np.maximum(np.rint(time_s[1:] * FRAMES_PER_S).astype(np.int64), first + 1)
    here, there = np.searchsorted(last, start, side="right"), np.searchsorted(first, end)
    edges = np.zeros((PITCHES, len(time_s)), np.int32)
    inside = here < there
    np.add.at(edges, (pitch[inside], here[inside]), 1)
    np.add.at(edges, (pitch[inside], there[inside]), -1)
    sounds |= np.cumsum(edges, axis=1, dtype=np.int32) > 0


def _frame(time_s: np.ndarray | float) -> np.ndarray:
    """The frame a time lies in."""
    return np.floor(np.asarray(time_s) * FRAMES_PER_S).astype(np.int64)


def _sustained(start: np.ndarray, end: np.ndarray, controls: list[tuple[float, int, int]]) -> np.ndarray:
    """Ends of notes [frames], those that sound while the pedal is down held until it is released.

    A pedal that is never released holds nothing.
    """
    down: list[int] = []  # frames
    up: list[int] = []
    for time, number, value in controls:
        if number == SUSTAIN and (value >= SUSTAIN) != (len(down) > len(up)):
            (up if len(down) > len(up) else down).append(int(_frame(time)))
    if not up:
        return end
    pressed, released = np.array(down[: len(up)]), np.array(up)
    last = np.searchsorted(pressed, end) - 1  # the last time it goes down before the note ends
    held = (last >= 0) & (released[last] > start)
    return np.where(held, np.maximum(end, released[last]), end)


def _bent(
    name: str, start: np.ndarray, end: np.ndarray, pitch: np.ndarray, one: Instrument
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut notes where the pitch wheel turns; a pitch between two semitones sounds as both."""
    order = sorted(one.bends, key=lambda bend: bend[0])
    edge = np.array([0, *(_frame(time) for time, _ in order), _frame(one.end_s)])
    bend = np.array([0, *(value for _, value in order)]) / 8192 * BEND_SEMITONES
    first, last = np.searchsorted(edge[1:], start, side="right"), np.searchsorted(edge[:-1], end)
    count = np.maximum(last - first, 0)
    if count.sum() > MOST_BENT:
        raise InputError(f"{name}: bends too many notes too often to be measured; leave the pitch wheel out")
    note = np.repeat(np.arange(len(start)), count)
    part = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    begin, stop = np.maximum(start[note], edge[part]), np.minimum(end[note], edge[part + 1])
    whole = np.trunc(bend).astype(np.int64)[part]
    beyond = np.where(bend == np.trunc(bend), 0, np.sign(bend)).astype(np.int64)[part]
    low = pitch[note] + whole
    parts = [(begin, stop, low), (begin[beyond != 0], stop[beyond != 0], (low + beyond)[beyond != 0])]
    begin, stop, heard = (np.concatenate(column) for column in zip(*parts, strict=True))
    real = (begin < stop) & (heard >= 0) & (heard < PITCHES)
    return begin[real], stop[real], heard[real]
