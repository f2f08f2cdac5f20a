"""A plan's ties and the notes as written -> how many tied notes really repeat, and how much is repetition."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensionbgm.forms import PPQ, Piece
from tensionbgm.music.notes import Notes
from tensionbgm.music.ties import of_slots, sources
from tensionbgm.report.written import part_of_note

NEAR_QUARTER = 0.06  # a written onset this near a slot's belongs to it


def pattern_facts(piece: Piece, notes: Notes) -> dict[str, Any]:
    """Repetition asked for and kept: `metrics.patterns` of the report.

    A note is *constrained* when an earlier note shares its tie; it is *satisfied* when both were
    written and there is a pitch from which both follow, each in the way it is tied (`music.ties`).

    Returns
    -------
    facts : dict
        constrained_notes, satisfied (counts), written_share (of the slots found in the file),
        compression_ratio (pitched notes for each note that was free to choose, >= 1)
    """
    plan, slots = piece.plan, piece.plan.slots
    written = written_pitch(piece, notes)
    drums = np.array([part.role == "percussion" for part in plan.parts], bool)
    pitched = np.flatnonzero(~drums[slots["part"]])
    tie = slots["tie"][pitched].astype(np.int64)
    loose = tie < 0
    tie[loose] = tie.max(initial=0) + 1 + np.arange(loose.sum())
    _, first, group = np.unique(tie, return_index=True, return_inverse=True)
    reference = pitched[first][group]
    constrained = reference != pitched
    own, ref = pitched[constrained], reference[constrained]
    maps = of_slots(plan, slots)
    kept = (sources(maps, own, written[own]) & sources(maps, ref, written[ref])).any(axis=1)
    return {
        "constrained_notes": len(own),
        "satisfied": int(kept.sum()),
        "written_share": float(np.mean(written >= 0)) if len(slots) else None,
        "compression_ratio": len(pitched) / len(first) if len(first) else None,
    }


def written_pitch(piece: Piece, notes: Notes) -> np.ndarray:
    """Pitch found in the file for each slot, int (n,), or -1 where the file has no such note.

    Slots and notes meet by part and onset.  Where several start together, a slot takes the
    pitch it was composed with if it is there, and otherwise a pitch that no slot claims.
    """
    slots = piece.plan.slots
    part = part_of_note(notes, piece.plan.parts)
    onset = notes.notes["onset_quarter"]
    found = np.full(len(slots), -1, np.int64)
    for index in range(len(piece.plan.parts)):
        mine = np.flatnonzero(part == index)
        mine = mine[np.argsort(onset[mine], kind="stable")]
        _claim(found, piece, np.flatnonzero(slots["part"] == index), notes.notes[mine])
    return found


def _claim(found: np.ndarray, piece: Piece, mine: np.ndarray, notes: np.ndarray) -> None:
    quarter = piece.plan.slots["onset_tick"][mine] / PPQ
    first = np.searchsorted(notes["onset_quarter"], quarter - NEAR_QUARTER)
    stop = np.searchsorted(notes["onset_quarter"], quarter + NEAR_QUARTER)
    claimed: set[int] = set()
    waiting = []
    for slot, a, b in zip(mine, first, stop, strict=True):
        match = next((k for k in range(a, b) if notes["pitch"][k] == piece.pitch[slot]), None)
        if match is None:
            waiting.append((slot, a, b))
        else:
            claimed.add(match)
            found[slot] = notes["pitch"][match]
    for slot, a, b in waiting:
        match = next((k for k in range(a, b) if k not in claimed), None)
        if match is not None:
            claimed.add(match)
            found[slot] = notes["pitch"][match]
