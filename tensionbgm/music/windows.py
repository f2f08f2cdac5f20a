"""Notes and the name of a window -> Windows: the stretches of music that tension is measured over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music.notes import Notes

UNITS = 40_320  # score time is counted in so many to a quarter (8!): every usual MIDI division fits
SLIDING = "sliding"  # a bar long, a beat apart: tension is felt over seconds
NAMED = ("16th", "beat", "bar", SLIDING)
LEAST_S, MOST_S = 0.02, 600.0


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
        "16th", "beat" (as the meter counts: a dotted quarter in 6/8) or "bar", each of them one window
        after another; "sliding": a bar long, starting a beat apart; or a length in seconds

    Returns
    -------
    windows : Windows
        from the start of the score to the end of its last note; at least one

    Raises
    ------
    ValueError
        the name is unknown, or the length not 0.02..600 s
    """
    end = max(int(units((notes.notes["onset_quarter"] + notes.notes["duration_quarter"]).max())), 1)
    if spec == SLIDING:
        return _sliding(notes, end)
    edges = _edges(notes, spec, end)
    edges = np.unique(np.append(edges[edges < end], end))
    edges = edges if edges[0] == 0 else np.concatenate([[0], edges])
    return Windows(edges[:-1], edges[1:], np.maximum(np.arange(len(edges) - 1) - 1, 0))


def parse(text: str | float) -> str | float:
    """A window's name, or its length in seconds, as typed.

    Raises
    ------
    ValueError
        neither a name nor a number of seconds, 0.02..600
    """
    if text in NAMED:
        return text
    try:
        length_s = float(text)
    except ValueError:
        length_s = np.nan
    if not LEAST_S <= length_s <= MOST_S:
        raise ValueError(f"{text!r} is no window; give {', '.join(NAMED)} or seconds, {LEAST_S}..{MOST_S:g}")
    return length_s


def _edges(notes: Notes, spec: str | float, end: int) -> np.ndarray:
    """Where windows that follow one another begin and end, int64 [units]."""
    spec = parse(spec)
    if spec == "16th":
        return np.arange(0, end + UNITS // 4, UNITS // 4)
    if spec == "beat":
        return units(notes.beats)
    if spec == "bar":
        return units(notes.bar_quarter)
    length_s = float(spec)
    return units(notes.quarters(np.arange(0.0, notes.end_s + length_s, length_s)))


def _sliding(notes: Notes, end: int) -> Windows:
    bars = np.diff(notes.bar_quarter)
    beats = float(np.median(bars)) if len(bars) else 4.0
    hops = int(np.clip(round(beats), 2, 4))
    last = max(end - hops * UNITS, 0)
    start = np.unique(np.append(np.arange(0, last + 1, UNITS), last))  # the last ends with the music
    return Windows(start, np.minimum(start + hops * UNITS, end), np.maximum(np.arange(len(start)) - hops, 0))
