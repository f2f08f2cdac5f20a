"""Notes as written and the plan's parts -> which part wrote which note, and where the lines run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import Part
from tensionbgm.music.notes import Notes

LINES = ("melody", "counter", "bass")  # the roles that must hold as counterpoint, from the top


@dataclass(frozen=True)
class Line:
    """One role heard as a single voice: at most one note at a time."""

    role: str
    start: np.ndarray  # float (n,), rising: onsets [quarters]
    end: np.ndarray  # float (n,): note-offs, cut at the next onset [quarters]
    pitch: np.ndarray  # int (n,): MIDI pitch

    def at(self, moment: np.ndarray) -> np.ndarray:
        """Pitch sounding at each moment [quarters], or -1 in a rest."""
        if not len(self.start):
            return np.full(len(moment), -1)
        index = np.searchsorted(self.start, moment + 1e-6, side="right") - 1
        sounds = (index >= 0) & (moment < self.end[index] - 1e-6)
        return np.where(sounds, self.pitch[index], -1)


def part_of_note(notes: Notes, parts: tuple[Part, ...]) -> np.ndarray:
    """Index of the part that wrote each note.

    Tracks find their part by name; of tracks with one name the first belongs to the first such part.

    Returns
    -------
    part : int (n,)
        index into `parts`, or -1 for a track that no part owns
    """
    free = list(range(len(parts)))
    owner = np.full(max(len(notes.track_names), 1), -1)
    for track, name in enumerate(notes.track_names):
        match = next((p for p in free if parts[p].name == name), None)
        if match is not None:
            owner[track] = match
            free.remove(match)
    return owner[notes.notes["track"]] if len(notes.notes) else np.zeros(0, int)


def lines(notes: Notes, parts: tuple[Part, ...]) -> tuple[Line, ...]:
    """The melody, counter and bass lines really written, those that exist, from the top down.

    Where a role sounds in several parts or in chords, its outer note is the one heard as the
    line: the highest of melody and counter, the lowest of the bass.
    """
    part = part_of_note(notes, parts)
    found = []
    for role in LINES:
        mine = np.isin(part, [i for i, p in enumerate(parts) if p.role == role])
        if mine.any():
            found.append(_line(role, notes.notes[mine]))
    return tuple(found)


def _line(role: str, notes: np.ndarray) -> Line:
    outer = notes["pitch"].astype(int) * (1 if role == "bass" else -1)
    onset = np.round(notes["onset_quarter"], 3)
    order = np.lexsort((outer, onset))
    start, first = np.unique(onset[order], return_index=True)
    chosen = notes[order][first]
    end = chosen["onset_quarter"] + chosen["duration_quarter"]
    end[:-1] = np.minimum(end[:-1], start[1:])
    return Line(role, start, end, chosen["pitch"].astype(int))
