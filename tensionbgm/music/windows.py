"""Notes and the name of a window -> Windows: the stretches of music that tension is measured over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.errors import MeasureError
from tensionbgm.music.notes import Notes

UNITS = 40_320  # score time is counted in so many to a quarter (8!): every usual MIDI division fits
SLIDING = "sliding"  # a bar long, a beat apart: tension is felt over seconds
NAMED = ("16th", "8th", "beat", "bar", SLIDING)
LEAST_S, MOST_S = 0.02, 600.0
LEAST_BAR, MOST_BAR = 2.0, 6.0  # [quarters]: shorter and longer bars are not felt as one
MOST_WINDOWS = 400_000


@dataclass(frozen=True)
class Windows:
    """Stretches of the score, in order of their starts; they may overlap."""

    start: np.ndarray  # int64 (w,) [units]
    end: np.ndarray  # int64 (w,) [units], after start
    before: np.ndarray  # int64 (w,): the window that momentum is measured from; itself where there is none

    @property
    def start_quarter(self) -> np.ndarray:
        """float (w,) [quarters]."""
        return self.start / UNITS

    @property
    def end_quarter(self) -> np.ndarray:
        """float (w,) [quarters]."""
        return self.end / UNITS

    def __len__(self) -> int:
        return len(self.start)


def units(quarter: np.ndarray | float) -> np.ndarray:
    """Score time as whole units, int64 (...)."""
    return np.rint(np.asarray(quarter, float) * UNITS).astype(np.int64)


def windows(notes: Notes, spec: str | float = SLIDING) -> Windows:
    """The windows of a piece.

    Parameters
    ----------
    notes : Notes
        at least one note
    spec : str or float
        "16th", "8th", "beat" (as the meter counts: a dotted quarter in 6/8) or "bar", each of them one
        window after another; "sliding": a bar long, starting a beat apart; or a length in seconds

    Returns
    -------
    windows : Windows
        from the start of the score to the end of its last note; at least one

    Raises
    ------
    MeasureError
        the name is unknown, the length not 0.02..600 s, or the windows would be too many
    """
    end = max(int(units((notes.notes["onset_quarter"] + notes.notes["duration_quarter"]).max())), 1)
    if spec == SLIDING:
        return _sliding(notes, end)
    edges = _edges(notes, spec, end)
    edges = np.unique(np.append(edges[edges < end], end))
    edges = edges if edges[0] == 0 else np.concatenate([[0], edges])
    return Windows(edges[:-1], edges[1:], np.maximum(np.arange(len(edges) - 1) - 1, 0))


def spans(start_quarter: np.ndarray, end_quarter: np.ndarray) -> Windows:
    """Windows from their edges, float (w,) each [quarters], none empty; each looks back to the one before."""
    start = units(start_quarter)
    end = np.maximum(units(end_quarter), start + 1)
    return Windows(start, end, np.maximum(np.arange(len(start)) - 1, 0))


def parse(text: str | float) -> str | float:
    """A window's name, or its length in seconds, as typed.

    Raises
    ------
    MeasureError
        neither a name nor a number of seconds, 0.02..600
    """
    if text in NAMED:
        return text
    try:
        length_s = float(text)
    except ValueError:
        length_s = np.nan
    if not LEAST_S <= length_s <= MOST_S:
        raise MeasureError(
            f"{text!r} is no window; give {', '.join(NAMED)} or seconds, {LEAST_S}..{MOST_S:g}"
        )
    return length_s


def _edges(notes: Notes, spec: str | float, end: int) -> np.ndarray:
    """Where windows that follow one another begin and end, int64 [units]."""
    spec = parse(spec)
    if spec in ("16th", "8th"):
        return _steps(UNITS // int(spec[:-2]) * 4, end)
    if spec == "beat":
        return units(notes.beats)
    if spec == "bar":
        return units(notes.bar_quarter)
    length_s = float(spec)
    _check_number(notes.end_s / length_s)
    return units(notes.quarters(np.arange(0.0, notes.end_s + length_s, length_s)))


def _steps(length: int, end: int) -> np.ndarray:
    _check_number(end / length)
    return np.arange(0, end + length, length)


def _check_number(windows: float) -> None:
    if windows > MOST_WINDOWS:
        raise MeasureError(f"the piece would have {windows:.0f} windows; give longer ones")


def _sliding(notes: Notes, end: int) -> Windows:
    """Windows as long as most bars, from every beat on; the last ends with the music."""
    bars = np.diff(notes.bar_quarter)
    bar = float(np.median(bars)) if len(bars) else 4.0
    length = int(units(np.clip(bar, LEAST_BAR, MOST_BAR)))
    last = max(end - length, 0)
    beat = units(notes.beats)
    start = np.unique(np.concatenate([[0], beat[beat < last], [last]]))
    before = np.searchsorted(start, start - length, side="right") - 1
    return Windows(start, np.minimum(start + length, end), np.maximum(before, 0))
