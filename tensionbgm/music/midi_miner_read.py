"""A MIDI file -> Performance: notes, pedal, bends, tempo and meters in seconds, as midi-miner hears them.

midi-miner reads files through pretty_midi [RE14]_; this is what that reader takes a file to mean, written
anew from its behaviour.  It differs from our own reading (`music.notes`): tempo and meter count on the
first track alone, one end of a note closes all that are open on its pitch, and whatever is played, down to
the last turn of a knob, belongs to the length of the piece.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.music.notes import DRUM_CHANNEL, open_midi, ticks_per_quarter

MOST_TICKS = 10_000_000


@dataclass
class Instrument:
    """What one program of one channel of one track plays; times in seconds, in order of the events."""

    drum: bool
    notes: list[tuple[float, float, int]] = field(default_factory=list)  # start, end, MIDI pitch
    controls: list[tuple[float, int, int]] = field(default_factory=list)  # time, controller, value
    bends: list[tuple[float, int]] = field(default_factory=list)  # time, -8192..8191

    @property
    def end_s(self) -> float:
        """Its last event of any kind [s]."""
        return max(
            [end for _, end, _ in self.notes]
            + [time for time, _, _ in self.controls]
            + [time for time, _ in self.bends]
        )


@dataclass(frozen=True)
class Tempo:
    """Ticks to seconds.  k spans of even tempo, the first from tick 0."""

    tick: np.ndarray  # int (k,): where each span begins
    time_s: np.ndarray  # float (k,): when it does
    scale: np.ndarray  # float (k,) [s a tick]
    per_quarter: int  # [ticks]

    @functools.cached_property
    def bpm(self) -> np.ndarray:
        """Quarters a minute, float (k,)."""
        return 60.0 / (self.scale * self.per_quarter)

    def seconds(self, tick: int) -> float:
        """Time of a tick [s]."""
        k = int(np.searchsorted(self.tick, tick, side="right")) - 1
        return float(self.time_s[k] + self.scale[k] * (tick - self.tick[k]))


@dataclass(frozen=True)
class Meter:
    """A time signature."""

    time_s: float
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Performance:
    """What is played, and the tempo and meters it is played in."""

    name: str  # of the file, for what may be wrong with it
    instruments: tuple[Instrument, ...]
    tempo: Tempo
    meters: tuple[Meter, ...]  # by time
    end_s: float  # of all that is played or said


def read_performance(path: Path) -> tuple[Performance, Any]:
    """Read a standard MIDI file.

    Returns
    -------
    performance : Performance
    midi : mido.MidiFile
        the same file, undigested

    Raises
    ------
    InputError
        the file is missing, too large, not MIDI, broken, too long, or holds no note
    """
    midi = open_midi(path)
    per_quarter = ticks_per_quarter(path, midi)
    timed = [_timed(track) for track in midi.tracks]
    last = max((events[-1][0] for events in timed if events), default=0)
    if last >= MOST_TICKS:
        raise InputError(f"{path}: lasts {last} ticks; give a file of fewer than {MOST_TICKS}")
    first = timed[0] if timed else []
    tempo = _tempo(path, first, per_quarter)
    instruments = [one for events in timed for one in _instruments(events, tempo)]
    if not instruments:
        raise InputError(f"{path}: holds no notes; give a MIDI file with music in it")
    kept = _without_drums(instruments)
    meters = _meters(path, first, tempo)
    said = [tempo.seconds(tick) for tick, message in first if message.type == "key_signature"]
    said += [tempo.seconds(t) for events in timed for t, m in events if m.type in ("lyrics", "text")]
    ends = [one.end_s for one in kept] + [meter.time_s for meter in meters] + said
    end_s = max([*ends, float(tempo.time_s[-1])])
    return Performance(str(path), tuple(kept), tempo, meters, end_s), midi


def _timed(track: Any) -> list[tuple[int, Any]]:
    """Messages of a track with their ticks from the start."""
    ticks = np.cumsum([message.time for message in track]).tolist()
    return list(zip(ticks, track, strict=True))


def _tempo(path: Path, events: list[tuple[int, Any]], per_quarter: int) -> Tempo:
    """The tempo map; a tempo that says nothing new starts no span."""
    spans = [(0, 60.0 / (120.0 * per_quarter))]
    for tick, message in events:
        if message.type != "set_tempo":
            continue
        if message.tempo < 1:
            raise InputError(f"{path}: names a tempo without end; export it again")
        scale = 60.0 / ((6e7 / message.tempo) * per_quarter)
        if tick == 0:
            spans = [(0, scale)]
        elif scale != spans[-1][1]:
            spans.append((tick, scale))
    time_s = [0.0]
    for (start, scale), (end, _) in pairwise(spans):
        time_s.append(time_s[-1] + scale * (end - start))
    begin, pace = zip(*spans, strict=True)
    return Tempo(np.array(begin), np.array(time_s), np.array(pace), per_quarter)


def _meters(path: Path, events: list[tuple[int, Any]], tempo: Tempo) -> tuple[Meter, ...]:
    meters = [
        Meter(tempo.seconds(tick), message.numerator, message.denominator)
        for tick, message in events
        if message.type == "time_signature"
    ]
    if any(meter.numerator < 1 for meter in meters):
        raise InputError(f"{path}: names a meter without beats; export it again")
    return tuple(sorted(meters, key=lambda meter: meter.time_s))


def _instruments(events: list[tuple[int, Any]], tempo: Tempo) -> list[Instrument]:
    """The instruments of a track that play notes, in order of the first note each has finished."""
    track = _Track()
    for tick, message in events:
        if message.type == "program_change":
            track.program[message.channel] = message.program
        elif message.type == "note_on" and message.velocity > 0:
            track.sounding.setdefault((message.channel, message.note), []).append(tick)
        elif message.type in ("note_on", "note_off"):
            track.close(message, tick, tempo)
        elif message.type == "pitchwheel":
            track.waiting_or_playing(message.channel).bends.append((tempo.seconds(tick), message.pitch))
        elif message.type == "control_change":
            control = (tempo.seconds(tick), message.control, message.value)
            track.waiting_or_playing(message.channel).controls.append(control)
    return list(track.playing.values())


class _Track:
    """A track while it is read."""

    def __init__(self) -> None:
        self.program = [0] * 16  # by channel
        self.sounding: dict[tuple[int, int], list[int]] = {}  # starts, by channel and pitch [ticks]
        self.playing: dict[tuple[int, int], Instrument] = {}  # by program and channel
        self.waiting: dict[int, Instrument] = {}  # by channel: what was turned before anything played

    def waiting_or_playing(self, channel: int) -> Instrument:
        """Who a turn of a knob is meant for: the instrument, or all that have not begun yet."""
        playing = self.playing.get((self.program[channel], channel))
        return playing or self.waiting.setdefault(channel, Instrument(False))

    def close(self, message: Any, tick: int, tempo: Tempo) -> None:
        """End every open note of a pitch but those that start on this very tick.

        Those stay open only if others end here; otherwise they are forgotten.
        """
        voice = (message.channel, message.note)
        starts = self.sounding.pop(voice, [])
        ended = [start for start in starts if start != tick]
        if not ended:
            return
        kept = [start for start in starts if start == tick]
        if kept:
            self.sounding[voice] = kept
        end_s = tempo.seconds(tick)
        notes = self._player(message.channel).notes
        notes += [(tempo.seconds(start), end_s, message.note) for start in ended]

    def _player(self, channel: int) -> Instrument:
        """The instrument of a channel's program; what waited for it is shared with those that follow."""
        who = (self.program[channel], channel)
        if who not in self.playing:
            waiting = self.waiting.get(channel, Instrument(False))
            self.playing[who] = Instrument(channel == DRUM_CHANNEL, [], waiting.controls, waiting.bends)
        return self.playing[who]


def _without_drums(instruments: list[Instrument]) -> list[Instrument]:
    """Leave drums out as midi-miner does: of two in a row the second stays, and lengthens the piece."""
    kept, k = list(instruments), 0
    while k < len(kept):
        if kept[k].drum:
            del kept[k]
        k += 1
    return kept
