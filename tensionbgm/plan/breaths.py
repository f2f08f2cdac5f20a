"""Notes -> the same notes with room to breathe: before loud arrivals, and where a line begins elsewhere."""

from __future__ import annotations

import itertools

from tensionbgm.forms import PPQ
from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note

BREATH = PPQ // 2  # silence of the sustained voices before a loud arrival [ticks]
FAR = 9  # a melody that begins a phrase so much higher or lower takes breath for a whole beat [semitones]
SHORTEST = PPQ // 2  # of a note cut short for it [ticks]


def breathe(notes: list[Note], draft: Draft, roles: list[str]) -> list[Note]:
    """Sustained and figured voices stop for a moment before a section that enters much louder."""
    for bar, after in itertools.pairwise(draft.bars):
        if not (after.opens and after.level >= 3 and after.level > bar.level and bar.beats >= 3):
            continue
        start = after.start_tick - BREATH
        kept = []
        for note in notes:
            if roles[note.part] == "percussion" or not start - PPQ * 16 < note.onset < after.start_tick:
                kept.append(note)
            elif note.onset < start:
                note.duration = min(note.duration, start - note.onset)
                kept.append(note)
        notes = kept
    return notes


def part_phrases(notes: list[Note], draft: Draft, roles: list[str]) -> list[Note]:
    """Melodies stop for a beat before a phrase in another octave: no voice leaps so far in one go.

    Changes the notes in place.
    """
    starts = {bar.start_tick for bar in draft.bars if bar.in_phrase == 0}
    last: dict[int, Note] = {}
    for note in sorted(notes, key=lambda note: note.onset):
        if roles[note.part] != "melody":
            continue
        before = last.get(note.part)
        last[note.part] = note
        if before is not None and note.onset in starts and abs(note.aim - before.aim) > FAR:
            before.duration = min(before.duration, max(note.onset - PPQ - before.onset, SHORTEST))
    return notes
