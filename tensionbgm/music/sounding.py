"""Notes and windows -> Sounding: what sounds together, and for how long, exactly.

Score time is counted in whole units, so sums of whole numbers are exact: how a long note is split, or where
a window begins, leaves no trace of rounding.  Sums of other numbers are as good as doubles are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music.notes import Notes
from tensionbgm.music.windows import Windows, units

MOST_BITS = 62


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
        """The classes that sound, one bit each, int64 (m,).

        Raises
        ------
        ValueError
            there are more classes than bits
        """
        if self.count.shape[1] > MOST_BITS:
            raise ValueError(f"{self.count.shape[1]} classes of notes; a mask holds {MOST_BITS}")
        return (self.count > 0) @ (1 << np.arange(self.count.shape[1], dtype=np.int64))

    def over(self, windows: Windows, value: np.ndarray) -> np.ndarray:
        """Integral of a value (m, ...) of each stretch over each window, (w, ...) [value x units]."""
        step = value * self.length.reshape(-1, *[1] * (value.ndim - 1))
        area = np.zeros_like(step)
        np.cumsum(step[:-1], axis=0, out=area[1:])
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
    at = moments(onset, end, windows.start, windows.end, more)
    row = note_class[inside].astype(np.int64) * len(at)  # a class is a row: sums run along memory
    cells = classes * len(at)
    change = np.bincount(row + np.searchsorted(at, onset), minlength=cells)
    change -= np.bincount(row + np.searchsorted(at, end), minlength=cells)
    return Sounding(at, np.cumsum(change.reshape(classes, -1), axis=1).T)


def moments(*times: np.ndarray) -> np.ndarray:
    """All these moments, rising, each once, int64 (m,), one at least; `np.unique` takes six times as long."""
    at = np.sort(np.concatenate(times))
    return at[np.append(True, at[1:] > at[:-1])]
