"""Notes as written and their parts -> faults of range and voice leading, counted; none of them is forbidden.

The lines compared are the melody, the counter-melody and the bass, each as heard (its outer
note).  A *moment* is an onset in any line; two moments are consecutive when neither line rests
in between.  Counts are of written notes, so they stand beside real music of any length when
taken per 100 notes; `BACH` is the same count over the chorales.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from tensionbgm.forms import Part
from tensionbgm.music.notes import Notes
from tensionbgm.report.written import Line, lines, part_of_note

LEAP = 8  # semitones: larger than a fifth wants an answer
OCTAVE = 12
REPEATS = 4  # a fourth equal note in a row is a stuck line
PHRASE_REST_QUARTER = 1.0
CLASH_QUARTER = 0.5  # semitones that start together and last at least this long are heard as a clash
BACH = {  # faults per 100 notes of 368 four-part chorales (soprano, alto, bass as the lines)
    "voice_crossings": 0.059,
    "parallel_fifths_octaves": 0.038,
    "unresolved_leaps": 0.084,
    "leaps_over_octave": 0.002,
    "stuck_notes": 0.878,
    "clashes": 0.49,
}


def rule_counts(notes: Notes, parts: tuple[Part, ...]) -> dict[str, Any]:
    """Faults in the written notes: `metrics.rules` of the report.

    Returns
    -------
    counts : dict
        each fault's count; `notes` (pitched notes written) and `line_notes` (those of the lines);
        `per_100_notes`: range and clashes per 100 notes, faults of lines per 100 notes of the lines
    """
    voices = lines(notes, parts)
    upper = [v for v in voices if v.role != "bass"]
    pairs = list(combinations(voices, 2))
    in_lines = {
        "voice_crossings": sum(crossings(a, b) for a, b in pairs),
        "parallel_fifths_octaves": sum(parallels(a, b) for a, b in pairs),
        "unresolved_leaps": sum(unresolved_leaps(v) for v in upper),
        "leaps_over_octave": sum(leaps_over_octave(v) for v in upper),
        "stuck_notes": sum(stuck_notes(v) for v in upper),
    }
    anywhere = {"out_of_range": out_of_range(notes, parts), "clashes": clashes(notes)}
    pitched, in_line = int(np.sum(~notes.notes["drum"])), sum(len(v.pitch) for v in voices)
    rate = {name: 100 * count / max(pitched, 1) for name, count in anywhere.items()}
    rate |= {name: 100 * count / max(in_line, 1) for name, count in in_lines.items()}
    return {**anywhere, **in_lines, "notes": pitched, "line_notes": in_line, "per_100_notes": rate}


def out_of_range(notes: Notes, parts: tuple[Part, ...]) -> int:
    """Notes below or above what their part's instrument can play."""
    part = part_of_note(notes, parts)
    low = np.array([p.low for p in parts] + [0])
    high = np.array([p.high for p in parts] + [127])
    pitch = notes.notes["pitch"].astype(int)
    wrong = (pitch < low[part]) | (pitch > high[part])
    return int(np.sum(wrong & ~notes.notes["drum"]))


def crossings(upper: Line, lower: Line) -> int:
    """Moments at which the lower line starts to sound above the upper one."""
    _, a, b = _together(upper, lower)
    crossed = (a >= 0) & (b >= 0) & (b > a)
    return int(np.sum(crossed & ~np.concatenate([[False], crossed[:-1]])))


def parallels(upper: Line, lower: Line) -> int:
    """Fifths or octaves (or unisons) that follow one another by motion of both lines in one direction."""
    _, a, b = _together(upper, lower)
    sounds = (a[:-1] >= 0) & (b[:-1] >= 0) & (a[1:] >= 0) & (b[1:] >= 0)
    before, after = (a - b)[:-1] % 12, (a - b)[1:] % 12
    move_a, move_b = np.diff(a), np.diff(b)
    same = (before == after) & np.isin(before, (0, 7))
    return int(np.sum(sounds & same & (move_a * move_b > 0)))


def unresolved_leaps(line: Line) -> int:
    """Leaps larger than a fifth that the line does not answer by turning back, by less than the leap."""
    found = 0
    for phrase in _phrases(line):
        moves = np.diff(phrase)
        moves = moves[moves != 0]
        leap, answer = moves[:-1], moves[1:]
        answered = (np.sign(leap) != np.sign(answer)) & (np.abs(answer) < np.abs(leap))
        found += int(np.sum((np.abs(leap) >= LEAP) & ~answered))
    return found


def leaps_over_octave(line: Line) -> int:
    """Leaps wider than an octave; after a rest a line may begin anywhere."""
    return sum(int(np.sum(np.abs(np.diff(phrase)) > OCTAVE)) for phrase in _phrases(line))


def stuck_notes(line: Line) -> int:
    """Notes that are at least the `REPEATS`-th equal pitch in a row."""
    run, stuck = 1, 0
    for step in np.diff(line.pitch):
        run = run + 1 if step == 0 else 1
        stuck += run >= REPEATS
    return int(stuck)


def clashes(notes: Notes) -> int:
    """Pairs of long pitched notes that start together a semitone, or a semitone and octaves, apart."""
    table = notes.notes[~notes.notes["drum"] & (notes.notes["duration_quarter"] >= CLASH_QUARTER)]
    found, onset = 0, np.round(table["onset_quarter"], 3)
    starts = np.flatnonzero(np.diff(onset, prepend=-1.0))
    for chord in np.split(table["pitch"].astype(int), starts[1:]):
        pitch = np.unique(chord)
        apart = (pitch[:, None] - pitch[None, :]) % 12
        found += int(np.sum(np.triu(np.isin(apart, (1, 11)), 1)))
    return found


def _together(a: Line, b: Line) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every moment of either line [quarters], and what each line sounds then (-1 in a rest)."""
    moment = np.union1d(a.start, b.start)
    return moment, a.at(moment), b.at(moment)


def _phrases(line: Line) -> list[np.ndarray]:
    """Pitches of each stretch of the line without a rest of a quarter or more."""
    rests = np.flatnonzero(line.start[1:] - line.end[:-1] >= PHRASE_REST_QUARTER - 1e-6)
    return np.split(line.pitch, rests + 1)
