"""Chords in keys -> distances and dissonances of Tonal Pitch Space, of chords and of windows [Lerdahl01]_.

A chord in a region (a key) has a *basic space*: its root, its fifth, its triad and the region's scale, each
level within the next.  From x to y it is as far as

    delta(x, y) = i + j + k,

i steps on the circle of fifths between the regions' scales, j steps on the circle of fifths between the
roots (along the scale where both lie in one), k pitch classes on the levels of y that are not on x's.
*Surface dissonance* adds what the voicing does [LK07]_: 1 for the third or fifth on top, 2 for a bass that
is not the root, and for each pitch class beyond the triad 1 as its seventh, 3 in the key, 4 outside it.

Chords are triads; sevenths are part of the surface.  A window is heard as the one chord under which its
surface is least dissonant, of several the one nearest the tonic.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import key_at
from tensionbgm.music.sounding import Sounding, sounding
from tensionbgm.music.windows import spans, units

TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7), "diminished": (0, 3, 6), "augmented": (0, 4, 8)}
SEVENTHS = {"major": (10, 11), "minor": (10, 11), "diminished": (9, 10), "augmented": (10, 11)}
SCALES = {"major": ((0, 2, 4, 5, 7, 9, 11),), "minor": ((0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11))}
ON_TOP, INVERTED, SEVENTH, IN_KEY, OUTSIDE = 1, 2, 1, 3, 4  # what the surface adds


@dataclass(frozen=True)
class Chord:
    """A triad, heard in a region."""

    root: int  # pitch class
    quality: str  # major | minor | diminished | augmented
    tonic: int  # pitch class
    mode: str  # major | minor

    @property
    def triad(self) -> frozenset[int]:
        """Its pitch classes."""
        return frozenset((self.root + step) % 12 for step in TRIADS[self.quality])


def basic_space(chord: Chord) -> list[frozenset[int]]:
    """Levels a to d: pitch classes of root, root with fifth, triad, and scale with triad."""
    fifth = (chord.root + TRIADS[chord.quality][2]) % 12
    scale = frozenset((chord.tonic + step) % 12 for step in SCALES[chord.mode][0])
    return [frozenset({chord.root}), frozenset({chord.root, fifth}), chord.triad, scale | chord.triad]


def chord_distance(x: Chord, y: Chord) -> int:
    """delta(x, y) = i + j + k: how far y is from x, 0 upwards."""
    regions = _fifths_apart(_signature(x), _signature(y))
    new = sum(len(there - here) for here, there in zip(basic_space(x), basic_space(y), strict=True))
    return regions + _root_steps(x, y) + new


def surface_dissonance(pitches: Sequence[int], chord: Chord) -> int:
    """What the voicing of a chord adds, 0 upwards.

    Parameters
    ----------
    pitches : int ...
        what sounds, at least one [MIDI pitch]
    chord : Chord
        what it is heard as, and the key it is heard in
    """
    top, bass = max(pitches) % 12, min(pitches) % 12
    voicing = ON_TOP * (top in chord.triad - {chord.root}) + INVERTED * (bass != chord.root)
    return voicing + sum(_dissonance(pitch_class, chord) for pitch_class in {pitch % 12 for pitch in pitches})


def best_chord(pitches: Sequence[int], tonic: int, mode: str) -> Chord:
    """The triad that pitches are heard as in a key: least surface dissonance, then nearest the tonic."""
    heard = [Chord(root, quality, tonic, mode) for quality in TRIADS for root in range(12)]
    rank = _by_root(_ranks(mode), tonic)
    return heard[min(range(48), key=lambda which: (surface_dissonance(pitches, heard[which]), rank[which]))]


def sequential_tension(chords: Sequence[Sequence[int]], tonic: int, mode: str) -> np.ndarray:
    """Tension of each chord after the one before, delta(before, chord) + surface dissonance [Lerdahl01]_.

    Parameters
    ----------
    chords : n chords, each of one MIDI pitch or more
    tonic, mode
        the key they are heard in

    Returns
    -------
    tension : int (n,)
        the first has no distance
    """
    heard = [best_chord(pitches, tonic, mode) for pitches in chords]
    surface = [surface_dissonance(pitches, chord) for pitches, chord in zip(chords, heard, strict=True)]
    moves = [chord_distance(x, y) for x, y in zip(heard[:1] + heard[:-1], heard, strict=True)]
    return np.array(surface, int) + np.array(moves, int)


@functools.cache
def tonic_distances(mode: str) -> np.ndarray:
    """delta from the tonic to each triad, taken in the nearest region that it is diatonic in.

    Returns
    -------
    distance : int (48,)
        by quality, in the order of `TRIADS`, and root above the tonic: 12 quality + root
    """
    home = Chord(0, mode, 0, mode)
    regions = [(tonic, other) for tonic in range(12) for other in SCALES]
    table = np.zeros(12 * len(TRIADS), np.int64)
    for which, quality in enumerate(TRIADS):
        for root in range(12):
            heard = [Chord(root, quality, *region) for region in regions]
            own = [chord for chord in heard if chord.tonic == 0 and chord.mode == mode and _diatonic(chord)]
            near = own or [chord for chord in heard if _diatonic(chord)]
            table[12 * which + root] = min(chord_distance(home, chord) for chord in near)
    table.setflags(write=False)
    return table


def surface_tension(
    notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray, keys: tuple[KeyChange, ...]
) -> np.ndarray:
    """Mean surface dissonance of each window under its chord, over the time in which anything sounds.

    Parameters
    ----------
    notes : Notes
    start_quarter, end_quarter : float (w,)
        windows, which may overlap [quarters]
    keys : KeyChange ...
        at least one, in order; the first is taken to hold from the start

    Returns
    -------
    surface : float (w,)
        0 (or silence) upwards
    """
    return _heard(notes, start_quarter, end_quarter, keys)[0]


def tonic_distance(
    notes: Notes, start_quarter: np.ndarray, end_quarter: np.ndarray, keys: tuple[KeyChange, ...]
) -> np.ndarray:
    """delta from the tonic, of the key that each window begins in, to the window's chord.

    Parameters as in `surface_tension`; returns float (w,), 0 (the tonic, or silence) upwards.
    """
    return _heard(notes, start_quarter, end_quarter, keys)[1]


def _heard(
    notes: Notes, start: np.ndarray, end: np.ndarray, keys: tuple[KeyChange, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Surface dissonance under each window's chord, and that chord's distance from the tonic."""
    windows = spans(start, end)
    change = units(np.array([key.start_quarter for key in keys]))
    drum = notes.notes["drum"]
    used, which = np.unique(notes.notes["pitch"], return_inverse=True)
    cut = sounding(notes, np.where(drum, -1, which), len(used), windows, change)
    surface = cut.over(windows, _surfaces(cut, used, keys, key_at(change, cut.at)))
    in_key = key_at(change, windows.start)
    rank = np.array([_by_root(_ranks(key.mode), key.tonic) for key in keys])[in_key]
    far = np.array([_by_root(tonic_distances(key.mode), key.tonic) for key in keys])[in_key]
    # All are whole numbers and ranks lie below 48, so they decide between equals and only there.
    chord = np.argmin(surface * 48 + rank, axis=1)[:, None]
    sounds = cut.over(windows, np.minimum(cut.count.sum(axis=1), 1))
    least = np.take_along_axis(surface, chord, axis=1)[:, 0] / np.maximum(sounds, 1)
    return least, np.take_along_axis(far, chord, axis=1)[:, 0] * (sounds > 0.0)


def _surfaces(
    cut: Sounding, pitch: np.ndarray, keys: tuple[KeyChange, ...], in_key: np.ndarray
) -> np.ndarray:
    """Surface dissonance of each moment under each of the 48 triads, int64 (m, 48); 0 in silence."""
    present, pitch_class = np.minimum(cut.count, 1), pitch % 12
    member = np.minimum(present @ (pitch_class[:, None] == np.arange(12)), 1)
    bass = pitch_class[present.argmax(axis=1)]
    top = pitch_class[::-1][present[:, ::-1].argmax(axis=1)]
    inverted, on_top = _voicing()
    total = inverted[bass] + on_top[top]
    for index in np.unique(in_key):
        here = in_key == index
        total[here] += member[here] @ _beyond(keys[index].tonic, keys[index].mode)
    return total * present.max(axis=1)[:, None]


@functools.cache
def _voicing() -> tuple[np.ndarray, np.ndarray]:
    """What a bass and a top of each pitch class add under each triad, int64 (12, 48) each."""
    above = (np.arange(12)[:, None] - np.arange(48) % 12) % 12
    inner = np.array(
        [[above[p, c] in list(TRIADS.values())[c // 12][1:] for c in range(48)] for p in range(12)]
    )
    return INVERTED * (above > 0).astype(np.int64), ON_TOP * inner.astype(np.int64)


@functools.cache
def _beyond(tonic: int, mode: str) -> np.ndarray:
    """What each pitch class that sounds adds under each triad in a key, int64 (12, 48); 0 in the triad."""
    table = np.zeros((12, 48), np.int64)
    for which, quality in enumerate(TRIADS):
        for root in range(12):
            chord = Chord(root, quality, tonic, mode)
            table[:, 12 * which + root] = [_dissonance(pitch_class, chord) for pitch_class in range(12)]
    return table


def _dissonance(pitch_class: int, chord: Chord) -> int:
    """What a pitch class adds to a chord that it sounds with."""
    above = (pitch_class - chord.root) % 12
    if above in TRIADS[chord.quality]:
        return 0
    if above in SEVENTHS[chord.quality]:
        return SEVENTH
    degree = (pitch_class - chord.tonic) % 12
    return IN_KEY if any(degree in scale for scale in SCALES[chord.mode]) else OUTSIDE


@functools.cache
def _ranks(mode: str) -> np.ndarray:
    """Place of each triad among the 48, nearest the tonic first; no two alike, and none by absolute pitch."""
    return np.argsort(np.argsort(tonic_distances(mode), kind="stable"))


def _by_root(table: np.ndarray, tonic: int) -> np.ndarray:
    """A table (48,) by quality and root above the tonic, as one by quality and root."""
    return np.roll(table.reshape(-1, 12), tonic, axis=1).ravel()


def _diatonic(chord: Chord) -> bool:
    """Whether its notes are every other degree of a scale of its region, from its root up."""
    degrees = tuple((chord.root + step - chord.tonic) % 12 for step in TRIADS[chord.quality])
    return any(degrees == tuple((2 * scale)[d : d + 5 : 2]) for scale in SCALES[chord.mode] for d in range(7))


def _signature(chord: Chord) -> int:
    """Place of the region's scale on the circle of fifths, 0..11; a minor key has its relative's."""
    return (chord.tonic + (3 if chord.mode == "minor" else 0)) * 7 % 12


def _fifths_apart(x: int, y: int) -> int:
    """Steps between two places on the circle of fifths, 0..6."""
    return min((x - y) % 12, (y - x) % 12)


def _root_steps(x: Chord, y: Chord) -> int:
    """Fewest fifths between the roots: perfect ones, or those of a scale of either region."""
    steps = [_fifths_apart(x.root * 7 % 12, y.root * 7 % 12)]
    for tonic, mode in ((x.tonic, x.mode), (y.tonic, y.mode)):
        for scale in SCALES[mode]:
            degrees = [(root - tonic) % 12 for root in (x.root, y.root)]
            if set(degrees) <= set(scale):
                # A fifth is four degrees of seven, and two fifths are one degree.
                fifths = 2 * (scale.index(degrees[1]) - scale.index(degrees[0])) % 7
                steps.append(min(fifths, 7 - fifths))
    return min(steps)
