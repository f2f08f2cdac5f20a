"""A MIDI file, or a Piece -> Notes: one table of notes with their times in quarters and in seconds."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Piece

NOTE = np.dtype(
    [
        ("onset_quarter", np.float64),
        ("duration_quarter", np.float64),
        ("onset_s", np.float64),
        ("duration_s", np.float64),
        ("pitch", np.int16),
        ("velocity", np.int16),  # 1..127
        ("track", np.int16),
        ("drum", np.bool_),
    ]
)

MAX_BYTES = 20_000_000  # a MIDI file beyond this is no piece of music
MAX_QUARTERS = 200_000.0
MAX_S = 6 * 3600.0
DRUM_CHANNEL = 9  # General MIDI
_KEY_TONIC = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class KeyChange:
    """A key, from a place in the score on."""

    start_quarter: float
    tonic: int  # pitch class
    mode: str  # major | minor


@dataclass(frozen=True)
class Notes:
    """What sounds, and the bars and keys it sounds in."""

    notes: np.ndarray  # NOTE (n,), sorted by onset, track, pitch
    track_names: tuple[str, ...]
    bar_quarter: np.ndarray  # float (b + 1,): bar lines, the end included
    knot_quarter: np.ndarray  # float (k,): where the tempo changes, first 0
    knot_s: np.ndarray  # float (k,): the same places in time
    keys: tuple[KeyChange, ...]  # empty: the file names none
    markers: tuple[tuple[float, str], ...] = ()  # (seconds, text)
    places: tuple[tuple[int, int], ...] = ()  # of each track in the file: its chunk there, its channel
    beat_quarter: np.ndarray | None = None  # float (c,): beats, as the meters count them; None: quarters

    def seconds(self, quarter: np.ndarray | float) -> np.ndarray:
        """Time of each score position [s]."""
        return _interpolate(quarter, self.knot_quarter, self.knot_s)

    def quarters(self, time_s: np.ndarray | float) -> np.ndarray:
        """Score position of each time [quarters]."""
        return _interpolate(time_s, self.knot_s, self.knot_quarter)

    @property
    def beats(self) -> np.ndarray:
        """float (c,): where beats begin, the end of the last bar included [quarters]."""
        if self.beat_quarter is not None:
            return self.beat_quarter
        return _beats_of(self.bar_quarter, np.ones(max(len(self.bar_quarter) - 1, 0)))

    @property
    def bar_s(self) -> np.ndarray:
        """float (b + 1,): bar lines [s]."""
        return self.seconds(self.bar_quarter)

    @property
    def end_s(self) -> float:
        """When the last note ends [s]; 0 without notes."""
        return float((self.notes["onset_s"] + self.notes["duration_s"]).max()) if len(self.notes) else 0.0


def from_piece(piece: Piece) -> Notes:
    """The notes a piece will be written with; agrees with reading its MIDI file back."""
    plan, slots, grid = piece.plan, piece.plan.slots, piece.plan.grid
    notes = np.zeros(len(slots), NOTE)
    onset, end = slots["onset_tick"], slots["onset_tick"] + slots["duration_tick"]
    notes["onset_quarter"], notes["duration_quarter"] = onset / PPQ, slots["duration_tick"] / PPQ
    notes["onset_s"] = grid.seconds(onset)
    notes["duration_s"] = grid.seconds(end) - notes["onset_s"]
    notes["pitch"], notes["velocity"], notes["track"] = piece.pitch, piece.velocity, slots["part"]
    percussion = np.array([part.role == "percussion" for part in plan.parts], bool)
    notes["drum"] = percussion[slots["part"]] if len(slots) else False
    bar_quarter = grid.bar_tick / PPQ
    keys = tuple(KeyChange(float(bar_quarter[k.start_bar]), k.tonic, k.mode) for k in plan.keys)
    names = tuple(part.name for part in plan.parts)
    return Notes(_sorted(notes), names, bar_quarter, bar_quarter, grid.bar_us / 1e6, keys)


def read_midi(path: Path) -> Notes:
    """Read a standard MIDI file.

    Tracks without notes are left out; each channel a track plays on becomes a track of its own.

    Raises
    ------
    InputError
        the file is missing, too large, not MIDI, broken, or holds no note
    """
    midi = open_midi(path)
    tempo, meter, keys, markers, tracks, names, places = _collect(midi, ticks_per_quarter(path, midi))
    if not tracks:
        raise InputError(f"{path}: holds no notes; give a MIDI file with music in it")
    if any(us < 1 for _, us in tempo):
        raise InputError(f"{path}: names a tempo without end; export it again")
    knot_quarter, knot_s = _tempo_knots(tempo)
    notes = np.array([row for track in tracks for row in track], NOTE)
    end = notes["onset_quarter"] + notes["duration_quarter"]
    if end.max() > MAX_QUARTERS:
        raise InputError(f"{path}: lasts {end.max():.0f} quarters; give a file of at most {MAX_QUARTERS:.0f}")
    notes["onset_s"] = _interpolate(notes["onset_quarter"], knot_quarter, knot_s)
    notes["duration_s"] = _interpolate(end, knot_quarter, knot_s) - notes["onset_s"]
    check_length(path, float((notes["onset_s"] + notes["duration_s"]).max()))
    spoken = tuple((float(_interpolate(q, knot_quarter, knot_s)), text) for q, text in markers)
    bars = _bar_lines([(q, length) for q, length, _ in meter], float(end.max()))
    beats = _beats(meter, bars)
    return Notes(
        _sorted(notes), tuple(names), bars, knot_quarter, knot_s, tuple(keys), spoken, tuple(places), beats
    )


def check_length(path: Path, end_s: float) -> None:
    """Refuse music of more than `MAX_S`.

    Raises
    ------
    InputError
    """
    if end_s > MAX_S:
        hours = end_s / 3600
        raise InputError(f"{path}: lasts {hours:.0f} hours; give a piece of at most {MAX_S / 3600:.0f}")


def open_midi(path: Path) -> Any:
    """A MIDI file as mido.MidiFile.

    Raises
    ------
    InputError
        the file is missing, no plain file, too large, not MIDI or broken
    """
    import mido
    from mido.midifiles.meta import KeySignatureError

    try:
        if path.exists() and not path.is_file():  # a folder, a pipe, a device: reading may never end
            raise InputError(f"{path}: is no plain file; give a MIDI file")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: is larger than {MAX_BYTES // 1_000_000} MB; give a MIDI file")
        try:
            return mido.MidiFile(str(path), clip=True)
        except KeySignatureError:  # of a key there is none of; all else may be in order
            return mido.MidiFile(file=BytesIO(_without_odd_keys(path.read_bytes())), clip=True)
    except FileNotFoundError as fault:
        raise InputError(f"{path}: no such file; check the path") from fault
    except InputError:
        raise
    except Exception as fault:  # mido raises OSError, ValueError, EOFError, KeyError, IndexError on junk
        why = str(fault) or "it breaks off"
        raise InputError(f"{path}: is not a readable MIDI file ({why}); export it again") from fault


def _without_odd_keys(content: bytes) -> bytes:
    """MIDI bytes, every key signature beyond seven accidentals or of no mode turned into a text event."""

    def plain(found: re.Match[bytes]) -> bytes:
        accidentals, mode = found[1][0], found[1][1]
        known = (accidentals <= 7 or accidentals >= 249) and mode <= 1
        return found[0] if known else b"\xff\x01\x02??"

    return re.sub(rb"\xff\x59\x02(..)", plain, content, flags=re.DOTALL)


def ticks_per_quarter(path: Path, midi: Any) -> int:
    """The division of the header, where its tracks sound together and are counted in quarters.

    Raises
    ------
    InputError
        its tracks are separate pieces, or counted in film frames
    """
    if midi.type not in (0, 1):
        raise InputError(f"{path}: holds separate pieces (type {midi.type}); export it as type 1")
    if midi.ticks_per_beat <= 0:
        raise InputError(f"{path}: is counted in film frames, not in quarters; export it with a tempo")
    return int(midi.ticks_per_beat)


def _collect(midi: Any, ticks: int) -> tuple[list, list, list, list, list[list[tuple]], list[str], list]:
    """One walk over all tracks: tempi, meters, keys, markers; rows, name and place of each sounding track."""
    tempo, meter, keys, markers, names, places = [], [], [], [], [], []
    tracks: list[list[tuple]] = []
    for chunk, track in enumerate(midi.tracks):
        at = 0
        sounding: dict[tuple[int, int], tuple[float, int]] = {}
        rows: dict[int, list[tuple]] = {}  # by channel
        for message in track:
            at += message.time
            quarter = at / ticks
            if message.type == "set_tempo":
                tempo.append((quarter, message.tempo))
            elif message.type == "time_signature":
                meter.append(_meter(quarter, message.numerator, message.denominator))
            elif message.type == "key_signature":
                keys.append(_key_change(quarter, message.key))
            elif message.type == "marker":
                markers.append((quarter, _told(message.text)))
            elif message.type in ("note_on", "note_off"):
                _note(message, quarter, sounding, rows)
        for channel in sorted(rows):
            places.append((chunk, channel))
            tracks.append([(*row[:6], len(tracks), channel == DRUM_CHANNEL) for row in rows[channel]])
            name = _told(track.name).strip() or f"Track {len(tracks)}"
            names.append(name if len(rows) == 1 else f"{name}, channel {channel + 1}")
    return tempo, sorted(meter), _agreed(keys), markers, tracks, names, places


def _told(text: str) -> str:
    """A text that was read as latin-1: UTF-8 where its bytes are that; MIDI names no encoding."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _note(message: Any, quarter: float, sounding: dict, rows: dict[int, list[tuple]]) -> None:
    """Open or close a note; a repeated note-on closes the note before it."""
    key = (message.channel, message.note)
    if key in sounding:
        start, velocity = sounding.pop(key)
        if quarter > start:
            row = (start, quarter - start, 0.0, 0.0, message.note, velocity)
            rows.setdefault(message.channel, []).append(row)
    if message.type == "note_on" and message.velocity > 0:
        sounding[key] = (quarter, message.velocity)


def _agreed(keys: list[KeyChange]) -> list[KeyChange]:
    """One key at a time: of several named at once the one most tracks name; none twice running."""
    named: dict[float, Counter[tuple[int, str]]] = {}
    for key in keys:
        named.setdefault(key.start_quarter, Counter())[key.tonic, key.mode] += 1
    agreed: list[KeyChange] = []
    for start in sorted(named):
        most = max(named[start].values())
        key = KeyChange(start, *min(k for k, times in named[start].items() if times == most))
        if not agreed or (agreed[-1].tonic, agreed[-1].mode) != (key.tonic, key.mode):
            agreed.append(key)
    return agreed


def _key_change(quarter: float, name: str) -> KeyChange:
    letter, rest = name[0], name[1:]
    tonic = _KEY_TONIC[letter] + rest.count("#") - rest.count("b")
    return KeyChange(quarter, tonic % 12, "minor" if rest.endswith("m") else "major")


def _tempo_knots(tempo: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Tempo changes (quarter, microseconds a quarter) -> knots of the quarter-to-second map.

    Of several changes at one place the last holds.
    """
    pace_us = {0.0: 500_000} | dict(tempo)
    quarter = np.array(sorted(pace_us))
    pace = np.array([pace_us[q] for q in quarter]) / 1e6
    time = np.concatenate([[0.0], np.cumsum(np.diff(quarter) * pace[:-1])])
    beyond = max(quarter[-1] + 1.0, MAX_QUARTERS)
    return np.append(quarter, beyond), np.append(time, time[-1] + (beyond - quarter[-1]) * pace[-1])


def _bar_lines(meter: list[tuple[float, float]], end_quarter: float) -> np.ndarray:
    """Bar lines from 0 to the first one at or after the end."""
    if not meter or meter[0][0] > 0:
        meter = [(0.0, 4.0), *meter]
    meter = [change for change in meter if change[0] < end_quarter]  # none may lie a million bars later
    lines = [0.0]
    for (start, length), following in zip(meter, [*meter[1:], None], strict=True):
        stop = following[0] if following else end_quarter
        lines[-1:] = [start] if start - lines[-1] < 1e-6 else [lines[-1], start]
        while lines[-1] < stop - 1e-6:
            lines.append(lines[-1] + max(length, 0.25))
        if following and lines[-1] > following[0] + 1e-6:
            lines[-1] = following[0]  # a meter change inside a bar cuts the bar short
    return np.array(lines)


def _meter(quarter: float, numerator: int, denominator: int) -> tuple[float, float, float]:
    """Where a meter begins, the length of its bar and of its beat (dotted in 6/8) [quarters]."""
    compound = denominator >= 8 and numerator > 3 and numerator % 3 == 0
    return quarter, numerator * 4 / denominator, (3 if compound else 1) * 4 / denominator


def _beats(meter: list[tuple[float, float, float]], bars: np.ndarray) -> np.ndarray:
    """Where beats begin, from 0 to the last bar line [quarters]."""
    start = np.array([q for q, _, _ in meter])
    length = np.array([1.0, *(max(beat, 0.125) for _, _, beat in meter)])
    return _beats_of(bars, length[np.searchsorted(start, bars[:-1] + 1e-6, side="right")])


def _beats_of(bars: np.ndarray, length: np.ndarray | list[float]) -> np.ndarray:
    """Every bar filled with beats of its length, and the last bar line."""
    inside = [np.arange(a, b - 1e-6, beat) for a, b, beat in zip(bars, bars[1:], length, strict=False)]
    return np.concatenate([*inside, bars[-1:]])


def _interpolate(x: np.ndarray | float, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.interp(x, knots, values)


def _sorted(notes: np.ndarray) -> np.ndarray:
    return notes[np.lexsort((notes["pitch"], notes["track"], notes["onset_quarter"]))]
