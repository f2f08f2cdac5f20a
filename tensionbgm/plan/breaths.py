"""Notes -> the same notes with room to breathe: around turns of the film, where a line begins elsewhere."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

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


def leave_holes(notes: list[Note], draft: Draft, roles: list[str], struck: Sequence[int] = ()) -> list[Note]:
    """Where force breaks off into calm, one stroke on the cut, then nothing but the melody for a while.

    What plays on after the hole plays the same pitches as before it.

    Parameters
    ----------
    struck : sequence of int
        accents, rising [ticks]; one inside a hole ends it, since there something must sound
    """
    holes = [hole for bar in draft.bars if bar.turn == "fall" and (hole := _hole(bar, struck)) is not None]
    written: list[Note] = []
    for number, note in enumerate(notes):
        written += [note] if roles[note.part] == "melody" else _broken_off(note, holes, number, roles)
    return written


def _broken_off(note: Note, holes: list[tuple[int, int]], number: int, roles: list[str]) -> list[Note]:
    """What is left of a note beside the holes."""
    end, left, rest = note.onset + note.duration, [], note
    for start, stop in holes:
        if not (rest.onset < stop and rest.onset + rest.duration > start):
            continue
        key = note.key if note.key is not None else ("broken off", number)
        if rest.onset <= start:
            length = STROKE if rest.onset == start else start - rest.onset
            left.append(dataclasses.replace(rest, duration=min(rest.duration, length), key=key))
        if end - stop < PPQ or roles[note.part] == "percussion":
            return left
        rest = dataclasses.replace(rest, onset=stop, duration=end - stop, key=key)
    return [*left, rest]


def _hole(bar: Bar, struck: Sequence[int]) -> tuple[int, int] | None:
    """First and last tick of the hole in a bar: half of it, or all if it is short; up to an accent."""
    whole = bar.beats * bar.beat_s <= SHORT_S
    stop = bar.end_tick if whole else bar.start_tick + (bar.beats + 1) // 2 * PPQ
    stop = min([stop, *(tick for tick in struck if tick > bar.start_tick)])
    return (bar.start_tick, stop) if stop - bar.start_tick > STROKE else None


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
