"""Pitch, key and chord -> the name of the note: E sharp or F.

Names are places on the line of fifths (F -1, C 0, G 1, ...; seven steps further is a sharp
more).  In a key with the tonic at t the twelve pitch classes are first spelled from t - 5 (the
lowered second) to t + 6 (the raised fourth), which holds the raised sixth and seventh of minor;
members of a sounding chord are spelled in thirds from its root, and other chromatic notes by
where they lead [D. Temperley, The Cognition of Basic Musical Structures, 2001, ch. 5].
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from tensionbgm.forms import Chord, Key, Plan

_MAJOR_FIFTHS = (0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5)  # by tonic pitch class
_MINOR_FIFTHS = (-3, 4, -1, -6, 1, -4, 3, -2, 5, 0, -5, 2)
_FLATTEST, _SHARPEST = -8, 12  # F flat to B sharp: no double accidentals but a leading tone's
_DIATONIC = {"major": frozenset(range(-1, 6)), "minor": frozenset([*range(-4, 3), 3, 5])}  # from the tonic


def key_fifths(key: Key) -> int:
    """Sharps (positive) or flats (negative) of the signature."""
    return (_MAJOR_FIFTHS if key.mode == "major" else _MINOR_FIFTHS)[key.tonic]


def name_of(fifth: int, pitch: int) -> tuple[str, int, int]:
    """(step, alter, octave) of a MIDI pitch that is spelled at a place on the line of fifths."""
    alter = (fifth + 1) // 7
    return "FCGDAEB"[(fifth + 1) % 7], alter, (pitch - alter) // 12 - 1


class Speller:
    """Spells the notes of one plan."""

    def __init__(self, plan: Plan) -> None:
        bar_tick = plan.grid.bar_tick.tolist()
        self._keys = sorted(plan.keys, key=lambda key: key.start_bar)
        self._key_tick = [bar_tick[key.start_bar] for key in self._keys]
        self._chords = sorted(plan.chords, key=lambda chord: chord.start_tick)
        self._chord_tick = [chord.start_tick for chord in self._chords]

    def key_at(self, tick: int) -> Key:
        """The key in force; C major before the first."""
        index = bisect_right(self._key_tick, tick) - 1
        return self._keys[index] if index >= 0 else Key(0, 0, "major")

    def chord_at(self, tick: int) -> Chord | None:
        """The chord under a tick, if any."""
        index = bisect_right(self._chord_tick, tick) - 1
        chord = self._chords[index] if index >= 0 else None
        return chord if chord and tick < chord.end_tick else None

    def note(self, tick: int, pitch: int, next_pitch: int | None = None) -> int:
        """The place on the line of fifths of a note, given the one its line goes to next."""
        key, chord = self.key_at(tick), self.chord_at(tick)
        root, pcs = (chord.root, chord.pcs) if chord else (0, 0)
        if next_pitch is None or abs(next_pitch - pitch) != 1:
            return _spell(pitch % 12, key.tonic, key.mode, root, pcs, 0)
        return _spell(pitch % 12, key.tonic, key.mode, root, pcs, next_pitch - pitch)

    def chord_tone(self, chord: Chord, pitch_class: int) -> int:
        """The place of a chord's root or bass."""
        key = self.key_at(chord.start_tick)
        return _spell(pitch_class, key.tonic, key.mode, chord.root, chord.pcs | 1 << chord.root, 0)


@lru_cache(maxsize=65536)
def _spell(pitch_class: int, tonic: int, mode: str, root: int, pcs: int, step: int) -> int:
    home = key_fifths(Key(0, tonic, mode)) + (3 if mode == "minor" else 0)
    plain = _in_window(pitch_class, home)
    if pcs >> pitch_class & 1:
        return _tame(_root(root, pcs, home) + _member((pitch_class - root) % 12, _from_root(root, pcs)), home)
    if step == 0 or plain - home in _DIATONIC[mode]:
        return plain
    target = _spell((pitch_class + step) % 12, tonic, mode, root, pcs, 0)
    return _tame(target - 5 if step < 0 else target + 5, home) if abs(target - plain) != 5 else plain


def _in_window(pitch_class: int, home: int) -> int:
    """The one place in home - 5 .. home + 6 with this pitch class."""
    flattest = home - 5
    return _tame((pitch_class * 7 - flattest) % 12 + flattest, home)


def _root(root: int, pcs: int, home: int) -> int:
    """A chord's root; that of a diminished chord is a leading tone, so raised rather than lowered."""
    place, above = _in_window(root, home), _from_root(root, pcs)
    diminished = {3, 6} <= above and not {4, 7} & above
    return place + 12 if diminished and place < home - 1 and place + 12 <= _SHARPEST else place


def _from_root(root: int, pcs: int) -> frozenset[int]:
    return frozenset(i for i in range(12) if pcs >> (root + i) % 12 & 1)


def _member(interval: int, above: frozenset[int]) -> int:
    """Fifths from the root to a member [semitones above it]: stacked thirds where there is a choice."""
    if interval == 3 and 4 in above:
        return 9  # sharp nine
    if interval == 6 and 7 in above:
        return 6  # sharp eleven
    if interval == 8 and 4 in above and 7 not in above:
        return 8  # augmented fifth
    if interval == 9 and {3, 6} <= above and not {4, 7} & above:
        return -9  # diminished seventh
    return (0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5)[interval]


def _tame(fifth: int, home: int) -> int:
    """A place without a double accidental, unless it is the key's own leading tone."""
    if fifth > _SHARPEST and fifth != home + 5:
        return fifth - 12
    return fifth + 12 if fifth < _FLATTEST else fifth
