"""Notes -> tonal tension as the composing system MorpheuS measures it [HC19]_.

Every pitch class has one fixed name, whatever the key: C C# D Eb E F F# G G# A Bb B.  Music is therefore
*not* measured alike in all keys: an A flat major triad is spelled with G sharp and is a wide cloud.  The key
is C major unless one is given, since MorpheuS measures everything in it; MorpheuS itself returns no momentum
for the first window, where we return 0.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.music.clouds import SpelledKey, clouds
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import Ribbons
from tensionbgm.music.spiral import SHAPE
from tensionbgm.music.windows import Windows, windows

NAMES = np.array([0, 7, 2, -3, 4, -1, 6, 1, 8, 3, -2, 5])  # fifths above C of each pitch class


def measure(
    notes: Notes, window: str | float, keys: tuple[KeyChange, ...] = ()
) -> tuple[Windows, Ribbons, tuple[SpelledKey, ...]]:
    """Windows, their tension, and the keys it is measured in.

    Raises
    ------
    ValueError
        there is no such window
    """
    over = windows(notes, window)
    keys = keys or (KeyChange(0.0, 0, "major"),)
    spelled = tuple(SpelledKey(key.start_quarter, int(NAMES[key.tonic]), key.mode) for key in keys)
    return over, clouds(notes, NAMES[notes.notes["pitch"] % 12], spelled, over, SHAPE), spelled
