"""A MIDI file, or Notes -> the three tonal tensions as the tool midi-miner gives them [GSMH20]_.

They are measured in each sixteenth and averaged over a window.  In a sixteenth the centre of effect is the
plain mean of the distinct MIDI pitches that sound (an octave counts twice, a unison once), and the origin
of the spiral in silence, so that rests pull a window's centre to the origin and count as motion.  A piece
has one key.  All notes are spelled in it with flats, in minor from the relative major.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm.errors import InputError, MeasureError
from tensionbgm.music import midi_miner_key as key_room
from tensionbgm.music import spiral
from tensionbgm.music import windows as window_room
from tensionbgm.music.midi_miner_grid import Roll, roll_of, rolled
from tensionbgm.music.midi_miner_key import FLATS, SHAPE, Key
from tensionbgm.music.midi_miner_read import Instrument, read_performance
from tensionbgm.music.notes import Notes
from tensionbgm.music.ribbons import Ribbons

SILENCE = 0.1  # a window whose centre lies nearer to the origin counts as silent [radii]
WINDOWS = ("16th", "beat", "bar")


@dataclass(frozen=True)
class Heard:
    """What a piece is measured from."""

    name: str
    roll: Roll
    written: np.ndarray  # float (12,): how long each pitch class is written


@dataclass(frozen=True)
class Measured:
    """Tension of w windows, one after another."""

    start_s: np.ndarray  # float (w,) [s]
    end_s: np.ndarray  # float (w,) [s]
    ribbons: Ribbons
    key: Key
    votes: tuple[Key, ...]  # what it was elected by; none if it was given


def hear_midi(path: Path) -> Heard:
    """Read a MIDI file as midi-miner does.

    Raises
    ------
    InputError
        the file is missing, no MIDI, holds no note, or ends before its second beat
    """
    played, midi = read_performance(path)
    return Heard(str(path), roll_of(played), key_room.written_lengths(midi).astype(float))


def hear_notes(notes: Notes) -> Heard:
    """The same of notes that no MIDI file holds: their own beats and bars, no pedal, their written lengths.

    Raises
    ------
    InputError
        they end before their second beat
    """
    table = notes.notes
    pitched = table if table["drum"].all() else table[~table["drum"]]
    end_s = pitched["onset_s"] + pitched["duration_s"]
    row = list(zip(pitched["onset_s"].tolist(), end_s.tolist(), pitched["pitch"].tolist(), strict=True))
    beat_s, bar_s = (time_s[time_s < end_s.max()] for time_s in (notes.seconds(notes.beats), notes.bar_s))
    roll = rolled("the score", beat_s, bar_s, (Instrument(bool(table["drum"].all()), row),))
    written = np.bincount(pitched["pitch"] % 12, pitched["duration_quarter"], 12)
    return Heard("the score", roll, np.where(table["drum"].all(), 0.0, written))


def measure(heard: Heard, window: str | float = "bar", key: Key | None = None) -> Measured:
    """Cloud diameter, cloud momentum and tensile strain of each window.

    Parameters
    ----------
    heard : Heard
    window : str or float
        "16th", "beat", "bar"; "2beats" and so on; or seconds: the sixteenths that begin in each stretch
    key : Key, optional
        otherwise it is elected, see `midi_miner_key.vote`

    Raises
    ------
    MeasureError
        there is no such window
    InputError
        the piece is shorter than a window
    """
    votes: tuple[Key, ...] = ()
    if key is None:
        key, votes = key_room.vote(heard.roll.sounds, heard.written)
    first, last, edge_s = _windows(heard.roll, window)
    if not len(first):
        raise InputError(f"{heard.name}: holds no whole window ({window}); give a shorter one")
    found = _ribbons(*_sixteenths(heard.roll.sounds, key), first, last, key)
    return Measured(edge_s[:-1], edge_s[1:], found, key, votes)


def _sixteenths(sounds: np.ndarray, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """Centre of effect (s, 3) and cloud diameter (s,) of each sixteenth [radii]."""
    home = key_room.home(key)
    total, mask = np.zeros((sounds.shape[1], 3)), np.zeros(sounds.shape[1], np.int64)
    for pitch in np.flatnonzero(sounds.any(axis=1)):  # upwards, as the tool adds them
        degree = int(pitch - home) % 12
        total[sounds[pitch]] += spiral.position(FLATS[degree], SHAPE.rise)
        mask[sounds[pitch]] |= 1 << degree
    count = sounds.sum(axis=0)
    return total / np.maximum(count, 1)[:, None], spiral.diameter_table(FLATS, SHAPE.rise)[mask]


def _ribbons(
    centre: np.ndarray, diameter: np.ndarray, first: np.ndarray, last: np.ndarray, key: Key
) -> Ribbons:
    """Means over windows of sixteenths first..last-1, and what the tool makes of them."""
    centre, diameter = _means(centre, first, last), _means(diameter, first, last)
    momentum = np.append(0.0, np.linalg.norm(np.diff(centre, axis=0), axis=1))
    strain = np.linalg.norm(centre - key_room.key_point(key), axis=1)
    silent = np.linalg.norm(centre, axis=1) < SILENCE
    diameter[silent] = strain[silent] = 0.0
    return Ribbons(diameter, momentum, strain)


def _means(value: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Mean of value[first:last] for each window, (w, ...)."""
    padded = np.concatenate([value, np.zeros((1, *value.shape[1:]))])  # a window may end with the last
    sums = np.add.reduceat(padded, np.stack([first, last], axis=1).ravel())[::2]
    return sums / (last - first).reshape(-1, *[1] * (value.ndim - 1))


def _windows(roll: Roll, window: str | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First sixteenth of each window, and one past its last; window edges, one more [s]."""
    some_beats = re.fullmatch(r"([1-9]\d{0,3})beats", str(window))
    if window == "bar":
        edges, kept = np.unique(roll.bar, return_index=True)
        edge_s = roll.bar_s[kept]
    elif window == "beat" or some_beats:
        edges = roll.beat[:: int(some_beats[1]) if some_beats else 1]
        edge_s = roll.time_s[edges]
    elif window == "16th":
        edges, edge_s = np.arange(len(roll.time_s)), roll.time_s
    else:
        return _even_windows(roll, window)
    return edges[:-1], edges[1:], edge_s


def _even_windows(roll: Roll, window: str | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows of so many seconds; one in which no sixteenth begins has the one that is under way."""
    if window in window_room.NAMED:
        raise MeasureError(
            f"midi-miner has no {window!r} windows; give {', '.join(WINDOWS)}, 2beats or seconds"
        )
    length_s, end_s = float(window_room.parse(window)), roll.time_s[-1]
    start_s = np.arange(0.0, end_s, length_s)
    edge_s = np.append(start_s, end_s)
    edges = np.searchsorted(roll.time_s, edge_s)
    first = np.where(edges[:-1] == edges[1:], edges[:-1] - 1, edges[:-1])
    return first, np.maximum(edges[1:], first + 1), edge_s
