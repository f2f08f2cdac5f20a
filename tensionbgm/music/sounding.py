"""Notes and windows -> Sounding: what sounds together, and for how long, exactly.

Score time is counted in whole units, so every sum below is exact: how a long note is split, or where a
window begins, leaves no trace of rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music.notes import Notes
from tensionbgm.music.windows import Windows, units


@dataclass(frozen=True)
class Sounding:
    """The music cut at every onset, end, window edge and key change.  m moments, c classes of notes."""

    at: np.ndarray  # int64 (m,), rising [units]
    count: np.ndarray  # int64 (m, c): notes of each class that sound from this moment to the next

    @property
    def length(self) -> np.ndarray:
        """How long each stretch lasts, int64 (m,) [units]; the last has no length."""
        return np.append(np.diff(self.at), 0)

    @property
    def mask(self) -> np.ndarray:
        """The classes that sound, one bit each, int64 (m,)."""
        return (self.count > 0) @ (1 << np.arange(self.count.shape[1], dtype=np.int64))

    def over(self, windows: Windows, value: np.ndarray) -> np.ndarray:
        """Integral of a value (m, ...) of each stretch over each window, (w, ...) [value x units]."""
        long = self.length.reshape(-1, *[1] * (value.ndim - 1))
        area = np.concatenate([np.zeros((1, *value.shape[1:]), value.dtype), np.cumsum(value * long, axis=0)])
        return area[np.searchsorted(self.at, windows.end)] - area[np.searchsorted(self.at, windows.start)]


def sounding(
    notes: Notes, note_class: np.ndarray, classes: int, windows: Windows, also: np.ndarray | None = None
) -> Sounding:
    """Cut the music into stretches in which the same notes sound.

    Parameters
    ----------
    notes : Notes
    note_class : int (n,)
        class of each note, 0..classes-1 (its pitch class, say); negative: the note is left out
    classes : int
    windows : Windows
    also : int (k,), optional
        further moments to cut at [units]
    """
    table = notes.notes
    inside = note_class >= 0
    onset = units(table["onset_quarter"][inside])
    end = np.maximum(units((table["onset_quarter"] + table["duration_quarter"])[inside]), onset + 1)
    more = np.zeros(0, np.int64) if also is None else np.asarray(also, np.int64)
    at = np.unique(np.concatenate([onset, end, windows.start, windows.end, more]))
    change = np.zeros((len(at), classes), np.int64)
    which = note_class[inside].astype(np.int64)
    np.add.at(change, (np.searchsorted(at, onset), which), 1)
    np.add.at(change, (np.searchsorted(at, end), which), -1)
    return Sounding(at, np.cumsum(change, axis=0))
