"""Piece -> a Standard MIDI File: tempo map, meters, keys, markers, one track a part.

Type 1 at `PPQ` ticks a quarter.  The first track conducts; its tempi are the grid's own integer
microseconds, so a player that obeys them ends with the film to the microsecond.  Nothing in the
file depends on the clock, the machine or the order of the slots.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Grid, Key, Part, Piece, Plan

NOTE = np.dtype(
    [
        ("onset_tick", np.int32),
        ("end_tick", np.int32),  # exclusive
        ("pitch", np.int16),  # MIDI 0..127
        ("velocity", np.int16),  # 1..127
        ("voice", np.int16),  # the slot's line inside its part
    ]
)

GM_VOLUME = 100  # controller 7 at level 0 dB: the General MIDI default
MAX_TEMPO_US = 2**24 - 1  # a tempo is three bytes [SMF 1.0]

# Order of events on one tick: what ends makes room before what begins.
_META, _OFF, _CONTROL, _ON = range(4)
_MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_MINOR_NAMES = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")


def write_midi(piece: Piece, path: Path) -> None:
    """Write a piece as a type 1 MIDI file, aside first, then renamed.

    Parameters
    ----------
    piece : Piece
        music; notes that reach past the last bar are cut there
    path : Path
        the file to write or replace

    Raises
    ------
    InputError
        the piece contradicts itself (see `check_piece`), or the file cannot be written
    """
    check_piece(piece)
    midi = mido.MidiFile(type=1, ticks_per_beat=PPQ, charset="utf-8")
    midi.tracks.append(_conductor(piece.plan))
    for part, notes in zip(piece.plan.parts, notes_by_part(piece), strict=True):
        midi.tracks.append(_part_track(part, notes, end_tick=int(piece.plan.grid.bar_tick[-1])))
    aside = path.with_name(path.name + ".part")
    try:
        midi.save(aside)
        os.replace(aside, path)
    except OSError as fault:
        aside.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({fault.strerror}); choose another folder") from fault


def notes_by_part(piece: Piece) -> tuple[np.ndarray, ...]:
    """The sounding notes of each part, by onset then pitch.

    On one channel a key cannot be struck while it is down: where two slots would hold the same
    pitch, the earlier note ends as the later begins; of two that begin together the longer stays.

    Returns
    -------
    notes : tuple of NOTE (m,)
        one array a part, in the order of `plan.parts`
    """
    plan = piece.plan
    slots = plan.slots
    notes = np.zeros(len(slots), NOTE)
    notes["onset_tick"] = slots["onset_tick"]
    end = slots["onset_tick"].astype(np.int64) + slots["duration_tick"]
    notes["end_tick"] = np.minimum(end, plan.grid.bar_tick[-1])
    notes["pitch"], notes["velocity"], notes["voice"] = piece.pitch, piece.velocity, slots["voice"]
    channel = np.array([part.channel for part in plan.parts], int)[slots["part"]]
    kept = _strike_once(notes, channel)
    order = np.lexsort((notes["voice"], notes["pitch"], notes["onset_tick"]))
    order = order[kept[order]]
    return tuple(notes[order[slots["part"][order] == index]] for index in range(len(plan.parts)))


def key_name(key: Key) -> str:
    """The key as MIDI spells it, "Bb" or "F#m": at most six sharps or flats."""
    return (_MAJOR_NAMES if key.mode == "major" else _MINOR_NAMES)[key.tonic]


def section_starts(grid: Grid) -> Iterator[tuple[int, str]]:
    """The first bar of every section with bars, and its name: "A", "B", "A (return)"."""
    before = -1
    for bar, index in enumerate(grid.bar_section.tolist()):
        if index != before:
            section = grid.sections[index]
            shift = f", {section.transpose:+d}" if section.transpose else ""
            yield bar, section.label if section.repeats is None else f"{section.label} (return{shift})"
        before = index


def cut_ticks(grid: Grid) -> list[tuple[int, str]]:
    """The score position of every cut of the film, and its label: (tick, "cut 12.480s")."""
    ticks = np.clip(np.rint(grid.ticks(grid.cut_s)), 0, grid.bar_tick[-1]).astype(int)
    return [(int(tick), f"cut {time_s:.3f}s") for tick, time_s in zip(ticks, grid.cut_s, strict=True)]


def marker_ticks(plan: Plan) -> list[tuple[int, str]]:
    """The score position of every marker of the user, and its name."""
    time_s = np.array([marker.time_s for marker in plan.markers])
    ticks = np.clip(np.rint(plan.grid.ticks(time_s)), 0, plan.grid.bar_tick[-1]).astype(int)
    return [(int(tick), marker.name) for tick, marker in zip(ticks, plan.markers, strict=True)]


def plain_text(text: str) -> str:
    """Text that every file can hold: no control characters, no broken surrogates."""
    return "".join(c for c in text.encode("utf-8", "replace").decode("utf-8") if c.isprintable()).strip()


# --------------------------------------------------------------------------- tracks


def _strike_once(notes: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """Shorten `notes` in place so that equal pitches never overlap; which of them remain, bool (n,)."""
    order = np.lexsort((-notes["end_tick"], notes["onset_tick"], notes["pitch"], channel))
    kept = np.ones(len(notes), bool)
    last = -1
    for index in order:
        if last >= 0 and channel[last] == channel[index] and notes["pitch"][last] == notes["pitch"][index]:
            if notes["onset_tick"][last] == notes["onset_tick"][index]:
                kept[index] = False
                notes["velocity"][last] = max(notes["velocity"][last], notes["velocity"][index])
                continue
            notes["end_tick"][last] = min(notes["end_tick"][last], notes["onset_tick"][index])
        last = index
    return kept


def _conductor(plan: Plan) -> mido.MidiTrack:
    grid = plan.grid
    tick = grid.bar_tick.tolist()
    title = plain_text(plan.title)
    events = [(0, _META, mido.MetaMessage("track_name", name=title))]
    for bar in range(grid.n_bars):
        beats, tempo = int(grid.bar_beats[bar]), int(grid.bar_tempo_us[bar])
        if bar == 0 or beats != grid.bar_beats[bar - 1]:
            meter = mido.MetaMessage("time_signature", numerator=beats, denominator=4)
            events.append((tick[bar], _META, meter))
        if bar == 0 or tempo != grid.bar_tempo_us[bar - 1]:
            events.append((tick[bar], _META, mido.MetaMessage("set_tempo", tempo=tempo)))
    for key in plan.keys:
        events.append((tick[key.start_bar], _META, mido.MetaMessage("key_signature", key=key_name(key))))
    for bar, name in section_starts(grid):
        events.append((tick[bar], _META, mido.MetaMessage("marker", text=plain_text(name))))
    named = marker_ticks(plan)  # accents like the cuts, and called by their own names
    for at, label in cut_ticks(grid):
        if at not in [tick for tick, _ in named]:
            events.append((at, _META, mido.MetaMessage("marker", text=label)))
    for at, name in named:
        events.append((at, _META, mido.MetaMessage("marker", text=plain_text(name))))
    return _track(events, tick[-1])


def _part_track(part: Part, notes: np.ndarray, end_tick: int) -> mido.MidiTrack:
    channel = part.channel
    events = [
        (0, _META, mido.MetaMessage("track_name", name=plain_text(part.name))),
        (0, _CONTROL, mido.Message("program_change", channel=channel, program=part.program)),
    ]
    for control, value in ((7, _volume(part.level_db)), (10, _pan(part.pan)), (91, _share(part.reverb))):
        change = mido.Message("control_change", channel=channel, control=control, value=value)
        events.append((0, _CONTROL, change))
    for note in notes.tolist():
        onset, end, pitch, velocity, _ = note
        on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
        events.append((onset, _ON, on))
        events.append((end, _OFF, mido.Message("note_off", channel=channel, note=pitch, velocity=64)))
    return _track(events, end_tick)


def _track(events: list[tuple[int, int, mido.Message]], end_tick: int) -> mido.MidiTrack:
    """Events at ticks -> a track of delta times that ends with the last bar."""
    track = mido.MidiTrack()
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):  # stable: ties keep their order
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=end_tick - now))
    return track


def _volume(level_db: float) -> int:
    """Controller 7 for a level: 40 log10(value / 100) decibels [GM Level 1 guidelines]."""
    return int(np.clip(np.rint(GM_VOLUME * 10 ** (level_db / 40)), 0, 127))


def _pan(pan: float) -> int:
    return int(np.clip(np.rint(63.5 + 63.5 * pan), 0, 127))


def _share(share: float) -> int:
    return int(np.clip(np.rint(127 * share), 0, 127))


# --------------------------------------------------------------------------- a piece that holds together


def check_piece(piece: Piece) -> None:
    """Refuse a piece that no score can hold.

    Raises
    ------
    InputError
        arrays of unequal length, or a bar, key, part or note out of its range
    """
    plan = piece.plan
    _require(len(piece.pitch) == len(piece.velocity) == len(plan.slots), "every slot needs a pitch")
    _check_grid(plan.grid)
    _check_markers(plan)
    for key in plan.keys:
        fits = 0 <= key.start_bar < plan.grid.n_bars and 0 <= key.tonic < 12
        _require(fits and key.mode in ("major", "minor"), f"{key} is no key of this piece")
    for part in plan.parts:
        fits = 0 <= part.channel < 16 and 0 <= part.program < 128
        levels = np.isfinite([part.level_db, part.pan, part.reverb]).all()
        _require(bool(fits and levels), f"part {part.name!r} has a channel, program or level out of range")
    _check_notes(piece)


def _check_grid(grid: Grid) -> None:
    bars = {len(grid.bar_beats), len(grid.bar_tempo_us), len(grid.bar_section)}
    _require(len(bars) == 1 and grid.n_bars > 0, "every bar needs beats, a tempo and a section")
    _require(_within(grid.bar_beats, 1, 64), "a bar has 1 to 64 beats")
    _require(_within(grid.bar_tempo_us, 1, MAX_TEMPO_US), "a tempo is at most 16.7 s a beat")
    _require(_within(grid.bar_section, 0, len(grid.sections) - 1), "a bar names no section")
    _require(bool(np.isfinite(grid.cut_s).all()), "a cut has no time")


def _check_markers(plan: Plan) -> None:
    _require(all(np.isfinite(marker.time_s) for marker in plan.markers), "a marker has no time")


def _check_notes(piece: Piece) -> None:
    slots, end_tick = piece.plan.slots, int(piece.plan.grid.bar_tick[-1])
    _require(_within(slots["part"], 0, len(piece.plan.parts) - 1), "a slot names no part")
    _require(_within(slots["onset_tick"], 0, end_tick - 1), "a slot begins outside the bars")
    _require(_within(slots["duration_tick"], 1, 2**30), "a slot has no duration")
    _require(_within(piece.pitch, 0, 127), "a pitch lies outside 0..127")
    _require(_within(piece.velocity, 1, 127), "a velocity lies outside 1..127")


def _within(values: np.ndarray, low: int, high: int) -> bool:
    return bool(((values >= low) & (values <= high)).all())


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise InputError(f"piece: {fault}; compose it again from an unchanged plan")
