"""Notes -> the same notes with room to breathe: around turns of the film, where a line begins elsewhere."""

from __future__ import annotations

import dataclasses
import itertools

from tensionbgm.forms import PPQ
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note

BREATH = PPQ // 2  # silence of the sustained voices before a loud arrival [ticks]
FAR = 9  # a melody that begins a phrase so much higher or lower takes breath for a whole beat [semitones]
SHORTEST = PPQ // 2  # of a note cut short for it [ticks]
STROKE = PPQ  # what is struck on a cut into calm sounds so long at most [ticks]
SHORT_S = 1.6  # a bar as short is silent as a whole


def breathe(notes: list[Note], draft: Draft, roles: list[str]) -> list[Note]:
    """Sustained and figured voices stop for a moment before the music enters much louder."""
    for bar, after in itertools.pairwise(draft.bars):
        if after.turn != "drop" or bar.beats < 3:
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


def leave_holes(notes: list[Note], draft: Draft, roles: list[str]) -> list[Note]:
    """Where force breaks off into calm, one stroke on the cut, then nothing but the melody for a while.

    What plays on after the hole plays the same pitches as before it.
    """
    holes = [_hole(bar) for bar in draft.bars if bar.turn == "fall" and bar.beats >= 3]
    written: list[Note] = []
    for number, note in enumerate(notes):
        end = note.onset + note.duration
        hole = next((h for h in holes if note.onset < h[1] and end > h[0]), None)
        if hole is None or roles[note.part] == "melody":
            written.append(note)
            continue
        start, stop = hole
        key = note.key if note.key is not None else ("broken off", number)
        if note.onset <= start:
            length = STROKE if note.onset == start else start - note.onset
            written.append(dataclasses.replace(note, duration=min(note.duration, length), key=key))
        if end - stop >= PPQ and roles[note.part] != "percussion":
            written.append(dataclasses.replace(note, onset=stop, duration=end - stop, key=key))
    return written


def _hole(bar: Bar) -> tuple[int, int]:
    """First and last tick of the hole in a bar: half of it, or all if it is short."""
    whole = bar.beats * bar.beat_s <= SHORT_S
    return bar.start_tick, bar.end_tick if whole else bar.start_tick + (bar.beats + 1) // 2 * PPQ


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
