"""A MIDI file - ours, edited since, or anybody's -> Piece, so that it can be played like our own.

Tempo, instruments, volume (CC7), pan (CC10) and reverb (CC91) are read; pedals and bends are not.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.forms import PPQ, SLOT, Curve, Grid, Part, Piece, Plan, Section, Solver
from tensionbgm.music.notes import DRUM_CHANNEL, Notes, read_midi

VOLUME, PAN, REVERB = 7, 10, 91
FULL_VOLUME = 100  # CC7 of level 0 dB, as written by `midi`


def read_piece(path: Path, curve: Curve | None = None) -> Piece:
    """Everything a MIDI file plays, one part for each of its tracks.

    The piece's bars are single quarters, which hold any tempo map.

    Parameters
    ----------
    path : the MIDI file
    curve : what its loudness shall follow; by default a flat one, which changes nothing

    Raises
    ------
    InputError
        the file is missing, broken, or holds no note
    """
    notes = read_midi(path)
    parts = _parts(path, notes)
    table = notes.notes
    slots = np.zeros(len(table), SLOT)
    slots["onset_tick"] = np.rint(table["onset_quarter"] * PPQ)
    slots["duration_tick"] = np.maximum(np.rint(table["duration_quarter"] * PPQ), 1)
    slots["part"], slots["velocity"] = table["track"], table["velocity"]
    slots["low"] = slots["high"] = table["pitch"]
    slots["allowed"], slots["aim"], slots["tie"] = 0xFFF, -1, np.arange(len(table))
    grid = _grid(notes)
    flat = Curve(np.array([0.0, max(notes.end_s, 1e-3)]), np.array([0.5, 0.5]), "file")
    plan = Plan(path.stem, 0, "as written", grid, (), (), parts, slots, curve or flat)
    return Piece(plan, table["pitch"].copy(), table["velocity"].astype(np.uint8))


def _grid(notes: Notes) -> Grid:
    """Quarters of the file's own lengths, until the last note has ended."""
    end = float((notes.notes["onset_quarter"] + notes.notes["duration_quarter"]).max())
    quarters = max(math.ceil(end - 1e-9), 1)
    line_us = np.rint(notes.seconds(np.arange(quarters + 1.0)) * 1e6).astype(np.int64)
    whole = (Section("A", 0.0, float(line_us[-1]) / 1e6),)
    return Grid(
        bar_beats=np.ones(quarters, np.int64),
        bar_tempo_us=np.maximum(np.diff(line_us), 1),
        bar_section=np.zeros(quarters, np.int64),
        sections=whole,
        cut_s=np.zeros(0),
        cut_weight=np.zeros(0),
        solver=Solver("GIVEN", 0.0, 0.0),
    )


def _parts(path: Path, notes: Notes) -> tuple[Part, ...]:
    """One part for each sounding track and channel, in the order `read_midi` numbers them."""
    import mido

    chunks = mido.MidiFile(str(path), clip=True).tracks
    places = enumerate(notes.places)
    return tuple(_part(chunks[chunk], channel, notes, index) for index, (chunk, channel) in places)


def _part(track: Any, channel: int, notes: Notes, index: int) -> Part:
    first: dict[int, int] = {}  # the first value of each controller is the part's; later ones are automation
    program = None
    for message in track:
        if getattr(message, "channel", None) != channel:
            continue
        if message.type == "control_change":
            first.setdefault(message.control, message.value)
        elif message.type == "program_change" and program is None:
            program = message.program
    pitches = notes.notes["pitch"][notes.notes["track"] == index]
    drums = channel == DRUM_CHANNEL
    return Part(
        name=notes.track_names[index],
        role="percussion" if drums else "melody",
        program=program or 0,
        channel=channel,
        low=int(pitches.min()) if len(pitches) else 0,
        high=int(pitches.max()) if len(pitches) else 127,
        pan=float(np.clip((first.get(PAN, 64) - 64) / 63, -1, 1)),
        level_db=40 * math.log10(max(first.get(VOLUME, FULL_VOLUME), 1) / FULL_VOLUME),
        reverb=first.get(REVERB, 40) / 127,
    )
