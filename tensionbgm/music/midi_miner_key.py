"""MIDI tracks and a roll -> the key midi-miner hears: a vote of four methods of key finding.

The first voter is the centre of effect generator on the spiral array [Chew00]_, over the first half of the
piece.  The others correlate how long each pitch class is *written* with three sets of key profiles, over
the whole piece: those of Krumhansl, Temperley and Bellman.  Written lengths are those music21 gives a MIDI
file: notes that start and end together make a chord, and a length is rounded to sixteenths or to triplet
eighths so that it reaches the next onset if it can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from tensionbgm.music import spiral
from tensionbgm.music.key_profiles import MODES, key_scores
from tensionbgm.music.notes import DRUM_CHANNEL

Key = tuple[int, str]  # pitch class of the tonic, mode

FLATS = (0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5)  # semitones -> fifths, black keys as flats
SHAPE = spiral.Shape(rise=0.4, alpha=0.75, beta=0.75)

PROFILES = ("krumhansl", "temperley", "bellman")

# Of keys that fit equally well the first is taken: round the circle of fifths from C and A, flats last.
_FIFTHS = (0, 7, 2, 9, 4, 11, 5, 10, 3, 8, 1, 6)
KEYS: tuple[Key, ...] = tuple(
    ((tonic + lower) % 12, mode) for mode, lower in (("major", 0), ("minor", 9)) for tonic in _FIFTHS
)

TWELFTHS = 12  # written time is counted in twelfths of a quarter: sixteenths are 3, triplet eighths 4
_DIVISIONS = (4, 3)
_TIMED_META = {"time_signature", "key_signature", "set_tempo", "track_name", "instrument_name"}


def vote(roll: np.ndarray, written: np.ndarray) -> tuple[Key, tuple[Key, ...]]:
    """The key that most of the four methods name; where none leads, the first of those named most.

    Parameters
    ----------
    roll : bool (128, s)
        MIDI pitches that sound in each sixteenth
    written : float (12,)
        how long each pitch class is written; the profiles have no vote where it is 0 throughout

    Returns
    -------
    key : Key
    votes : Key ...
        of the spiral array, of Krumhansl, of Temperley, of Bellman
    """
    votes = [by_centre(roll[:, : roll.shape[1] // 2])]
    if written.any():
        votes += [by_profile(written, profile) for profile in PROFILES]
    return Counter(votes).most_common(1)[0][0], tuple(votes)


def home(key: Key) -> int:
    """Pitch class that notes are spelled from: the tonic, or in minor the tonic of the relative major."""
    tonic, mode = key
    return tonic if mode == "major" else (tonic + 3) % 12


def key_point(key: Key) -> np.ndarray:
    """Where a key lies on the spiral array when `home` lies at 0 fifths, float (3,) [radii]."""
    return spiral.key_point(key[1], 0 if key[1] == "major" else 3, SHAPE)


def by_centre(roll: np.ndarray) -> Key:
    """Centre of effect generator: the key nearest to the mean of all notes; C major in silence."""
    pitch = np.nonzero(roll.T)[1]  # sixteenth by sixteenth, upwards in each
    if not len(pitch):
        return KEYS[0]
    centre = [_mean_point(np.array(FLATS)[(pitch - tonic) % 12]) for tonic in range(12)]
    far = [float(np.linalg.norm(centre[home(key)] - key_point(key))) for key in KEYS]
    return KEYS[int(np.argmin(far))]


def _mean_point(fifths: np.ndarray) -> np.ndarray:
    """Mean position, added up note by note: keys that tie do so by the last bit of this sum."""
    return np.cumsum(spiral.position(fifths, SHAPE.rise), axis=0)[-1] / len(fifths)


def by_profile(written: np.ndarray, profile: str) -> Key:
    """The key whose profile correlates best with the written lengths; of equals the highest, then minor."""
    score = key_scores(written, profile)
    keys = [(tonic, mode) for mode in MODES for tonic in range(12)]
    return max(zip(score.tolist(), keys, strict=True))[1]


# --------------------------------------------------------------------------- written lengths


class _Note(NamedTuple):
    onset: int  # [ticks]
    end: int  # [ticks]
    pitch: int
    drum: bool


def written_lengths(midi: Any) -> np.ndarray:
    """How long each pitch class is written in a MIDI file (mido), int (12,) [twelfths of a quarter]."""
    written = np.zeros(12, np.int64)
    for track in midi.tracks:
        notes, others = _notes_of(track)
        chords = list(_chords(notes, midi.ticks_per_beat / max(_DIVISIONS)))
        _add_track(written, chords, others, midi.ticks_per_beat)
    return written


def _notes_of(track: Iterable[Any]) -> tuple[list[_Note], list[int]]:
    """Notes of a track in order of onset, and the ticks of its other events that take a place in a score.

    Every note lasts to the next end of its pitch, so that one end may close several; one without is lost.
    """
    at, events, others = 0, [], []
    for message in track:
        at += message.time
        if message.type in ("note_on", "note_off"):
            events.append((at, message))
        elif message.type in _TIMED_META or message.type == "program_change":
            others.append(at)
    notes: list[_Note] = []
    end: dict[tuple[int, int], int] = {}
    for at, message in reversed(events):
        voice = (message.channel, message.note)
        if message.type == "note_off" or message.velocity == 0:
            end[voice] = at
        elif voice in end:
            notes.append(_Note(at, end[voice], message.note, message.channel == DRUM_CHANNEL))
    return notes[::-1], others


def _chords(notes: list[_Note], tolerance: float) -> Iterable[list[_Note]]:
    """Gather notes that start less than `tolerance` ticks apart and end no more than that apart.

    A note that two chords reach for sounds in both, as music21 has it.
    """
    gathered = [False] * len(notes)
    for i, first in enumerate(notes):
        if gathered[i]:
            continue
        chord = [first]
        for j in range(i + 1, len(notes)):
            if notes[j].onset - first.onset >= tolerance:
                break
            if abs(notes[j].end - first.end) <= tolerance:
                chord.append(notes[j])
                gathered[j] = True
        yield chord


def _add_track(written: np.ndarray, chords: list[list[_Note]], others: list[int], ticks: int) -> None:
    """Add the written lengths of one track's chords, each as long as its last note."""
    rounded = _rounding()
    place = [rounded(chord[0].onset / ticks, True, 0.0) for chord in chords]
    places = np.unique([*place, *(rounded(at / ticks, True, 0.0) for at in others)])
    follows = np.searchsorted(places, place, side="right")
    for chord, here, after in zip(chords, place, follows, strict=True):
        last = chord[-1]
        if last.end == last.onset or any(note.drum for note in chord):
            continue  # an ornament has no length; a chord with a drum in it has no pitch
        gap = (int(places[after]) - here) / TWELFTHS if after < len(places) else 0.0
        length = rounded((last.end - last.onset) / ticks, False, gap)
        for note in chord:
            written[note.pitch % 12] += length


def _rounding() -> Callable[[float, bool, float], int]:
    """A function that rounds quarters to twelfths, and remembers.

    Of the nearest sixteenth and the nearest triplet eighth it takes the one that leaves less of `gap`
    unfilled, then the nearer, then the shorter unit.  A division that the gap is a multiple of counts as
    filling it; whether it is one is asked in floating point, as music21 asks.
    """
    known: dict[tuple[float, bool, float], int] = {}

    def rounded(quarters: float, zero_allowed: bool, gap: float) -> int:
        question = (quarters, zero_allowed, gap)
        if question not in known:
            known[question] = min(_candidates(*question))[-1]
        return known[question]

    return rounded


def _candidates(quarters: float, zero_allowed: bool, gap: float) -> Iterable[tuple[float, float, float, int]]:
    for division in _DIVISIONS:
        unit = 1 / division
        multiple = int(quarters / unit)
        if quarters > unit * multiple + unit / 2:
            multiple += 1
        if multiple == 0 and not zero_allowed:
            multiple = 1
        error = abs(round(quarters - unit * multiple, 7))
        unfilled = 0.0 if gap % unit == 0 else max(gap - unit * multiple, 0.0)
        yield unfilled, error, unit, multiple * TWELFTHS // division
