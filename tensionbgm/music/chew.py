"""Notes -> tonal tension after Chew: spelled pitches, and the key by the centre of effect generator.

Constants as in Chew's parameters (h = sqrt(2/15), alpha = beta = 1) and windows as clouds [HC16]_; the
spiral array is made for spelled pitches [Chew00]_, so G sharp and A flat lie in different places.  Choices
that the papers leave open: notes are spelled by ps13s1 (`music.spelling`), the key is sought once, over the
whole piece, and the usual window is a beat.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.music import spiral
from tensionbgm.music.clouds import SpelledKey, clouds
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import Ribbons
from tensionbgm.music.spelling import spell
from tensionbgm.music.spiral import SHAPE
from tensionbgm.music.windows import Windows, windows

ENHARMONIC = 12  # fifths from a note to the next of its pitch class
REACH = 12  # how far beyond the notes' own names keys are looked for [fifths]


def measure(
    notes: Notes, window: str | float, keys: tuple[KeyChange, ...] = ()
) -> tuple[Windows, Ribbons, tuple[SpelledKey, ...]]:
    """Windows, their tension, and the keys it is measured in.

    A key that is given has the name, of those its tonic can have, that lies nearest to the notes.

    Raises
    ------
    ValueError
        there is no such window
    """
    over = windows(notes, window)
    fifths = spell(notes)
    centre = _centre(notes, fifths)
    spelled = tuple(_named(key, centre) for key in keys) or (find_key(notes, fifths),)
    return over, clouds(notes, fifths, spelled, over, SHAPE), spelled


def find_key(notes: Notes, fifths: np.ndarray) -> SpelledKey:
    """Centre of effect generator: argmin |CE - T_key| over all spelled keys near the notes [Chew00]_.

    Of keys equally near the first is taken, flats before sharps and major before minor; C major for
    percussion alone.
    """
    pitched = fifths[~notes.notes["drum"]]
    if not len(pitched):
        return SpelledKey(0.0, 0, "major")
    centre = _centre(notes, fifths)
    tonics = range(int(pitched.min()) - REACH, int(pitched.max()) + REACH + 1)
    keys = [SpelledKey(0.0, k, mode) for k in tonics for mode in ("major", "minor")]
    return min(keys, key=lambda key: float(_distance(key, centre)))


def _centre(notes: Notes, fifths: np.ndarray) -> np.ndarray:
    """Centre of effect of the whole piece, float (3,) [radii]; that of a C for percussion alone."""
    weight = np.where(notes.notes["drum"], 0.0, notes.notes["duration_quarter"])
    if not weight.any():
        return spiral.position(0)
    return weight @ spiral.position(fifths) / weight.sum()


def _named(key: KeyChange, centre: np.ndarray) -> SpelledKey:
    some = 7 * key.tonic % ENHARMONIC
    names = [SpelledKey(key.start_quarter, some + ENHARMONIC * turn, key.mode) for turn in range(-3, 3)]
    return min(names, key=lambda named: float(_distance(named, centre)))


def _distance(key: SpelledKey, centre: np.ndarray) -> np.floating:
    return np.linalg.norm(spiral.key_point(key.mode, key.fifths) - centre)
