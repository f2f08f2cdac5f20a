"""Spelled notes, windows and keys -> Ribbons of clouds, as Herremans and Chew define them.

All notes that touch a window are one cloud of points [HC16]_: its diameter is the largest distance between
two of them, its centre of effect their mean, each counted for as long as it sounds in the window, two voices
in unison twice.  In `music.ribbons` the diameter is that of the notes sounding *together*, so that an
arpeggio is calmer there than its chord; here the two are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music import spiral
from tensionbgm.music.notes import Notes
from tensionbgm.music.ribbons import Ribbons, key_at
from tensionbgm.music.sounding import sounding
from tensionbgm.music.windows import Windows, units


@dataclass(frozen=True)
class SpelledKey:
    """A key, from a place in the score on, with a name for its tonic."""

    start_quarter: float
    fifths: int  # of the tonic above C: A flat is -4, G sharp 8
    mode: str  # major | minor


def clouds(
    notes: Notes, fifths: np.ndarray, keys: tuple[SpelledKey, ...], over: Windows, shape: spiral.Shape
) -> Ribbons:
    """Cloud diameter, cloud momentum and tensile strain of each window, percussion left out.

    Parameters
    ----------
    notes : Notes
        n notes
    fifths : int (n,)
        how each is spelled: steps on the line of fifths above C
    keys : SpelledKey ...
        at least one, in order; a window is heard in the key in force where it begins
    over : Windows
        w windows
    shape : Shape

    Returns
    -------
    ribbons : Ribbons
        strain is 0 in silence; momentum is 0 in silence, after silence and in the first window
    """
    drum = notes.notes["drum"]
    lowest = int(fifths[~drum].min(initial=0))
    place = np.where(drum, -1, fifths - lowest)
    point = spiral.position(np.arange(place.max(initial=0) + 1) + lowest, shape.rise)
    cut = sounding(notes, place, len(point), over)
    weight = cut.over(over, cut.count)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = weight @ point / weight.sum(axis=1, keepdims=True)  # nan in silence
    in_key = key_at(units(np.array([key.start_quarter for key in keys])), over.start)
    key_point = np.stack([spiral.key_point(key.mode, key.fifths, shape) for key in keys])[in_key]
    momentum = np.linalg.norm(centre - centre[over.before], axis=1)
    strain = np.linalg.norm(centre - key_point, axis=1)
    return Ribbons(_diameters(weight > 0, point), np.nan_to_num(momentum), np.nan_to_num(strain))


def _diameters(inside: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Largest distance between two of the points inside each window, bool (w, p), float (p, 3) -> (w,)."""
    distance = np.linalg.norm(point[:, None] - point[None, :], axis=-1)
    widest = np.zeros(len(inside))
    for a, b in zip(*np.triu_indices(len(point), 1), strict=True):
        widest = np.where(inside[:, a] & inside[:, b], np.maximum(widest, distance[a, b]), widest)
    return widest
