"""The notes of a part -> for every bar, the few voices that write it.

A part's lines are drawn together wherever they move alike: notes that begin and end together
become a chord, lines that take turns become one voice.  What remains is at most two voices a
staff; only lines on different grids (two against three) make more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, groupby, pairwise
from typing import NamedTuple

import numpy as np

from tensionbgm.forms import PPQ
from tensionbgm.render.musicxml_nominal import nominal
from tensionbgm.render.musicxml_rhythm import GRIDS, by_beat, grid_of, snap, writable
from tensionbgm.render.musicxml_spelling import Speller

_CROSSING = 3  # semitones about middle C in which a hand keeps its staff
PREFERRED_VOICES = 2  # a staff reads well with stems up and stems down


class Note(NamedTuple):
    """One note as it will be read, before it meets bar lines."""

    start: int
    end: int
    pitch: int
    fifth: int  # spelling, a place on the line of fifths
    short: bool = False  # staccato: sounds for half of what is written


class Tone(NamedTuple):
    """A note inside a stroke; `tied_in` from what came before, `tied_out` into what comes."""

    pitch: int
    fifth: int
    tied_in: bool
    tied_out: bool
    short: bool = False


class Stroke(NamedTuple):
    """Tones that begin and end together; ticks from the start of the bar."""

    start: int
    end: int
    tones: tuple[Tone, ...]


Voice = list[Stroke]


# --------------------------------------------------------------------------- lines


def lines_of(notes: np.ndarray, speller: Speller, end_tick: int, drums: bool = False) -> list[list[Note]]:
    """The lines of a part, notes moved to the grid and spelled.

    Parameters
    ----------
    notes : NOTE (m,)
        of `notes_by_part`, by onset
    speller : Speller
        names the notes
    end_tick : int
        end of the last bar [ticks]
    drums : bool
        how long they sound is no matter of notation, so that one voice need not make room for another

    Returns
    -------
    lines : list of list of Note
        notes of one line do not overlap
    """
    lines: list[list[Note]] = []
    for voice in np.unique(notes["voice"]):
        own = notes[notes["voice"] == voice]
        for line in _by_rhythm(_written(own, _struck(own if drums else notes))):
            following = [after.pitch for after in line[1:]]
            placed = zip(line, _on_grid(line, end_tick), [*following, None], strict=True)
            lines.extend(
                _apart([
                    Note(*span, note.pitch, speller.note(span[0], note.pitch, after), note.short)
                    for note, span, after in placed
                ])
            )  # fmt: skip
    return lines


def _struck(notes: np.ndarray) -> dict[int, list[int]]:
    """The onsets of every pitch, rising."""
    struck: dict[int, list[int]] = {}
    for onset, _, pitch, *_ in notes.tolist():
        struck.setdefault(pitch, []).append(onset)
    return struck


def _written(notes: np.ndarray, struck: dict[int, list[int]]) -> list[Note]:
    return [Note(n.start, n.end, n.pitch, 0, n.short) for n in nominal(notes, struck)]


def _by_rhythm(notes: list[Note]) -> list[list[Note]]:
    """Notes of a line, parted where one beat would have to be divided in two ways at once."""
    lines: list[list[Note]] = [[]]
    taken: list[dict[int, set[int]]] = [{}]  # by line and beat: the points inside
    for note in notes:
        own = by_beat(note[:2])
        if not _on_grids(own):
            lines[0].append(note)  # off every grid: it will have to move
            continue
        index = next((i for i, points in enumerate(taken) if _on_grids(own, points)), len(lines))
        if index == len(lines):
            lines.append([])
            taken.append({})
        lines[index].append(note)
        for beat, inside in own.items():
            taken[index].setdefault(beat, set()).update(inside)
    return [line for line in lines if line]


def _on_grids(own: dict[int, set[int]], others: dict[int, set[int]] | None = None) -> bool:
    """Whether each beat's points, those of others added, lie on one grid."""
    others = others or {}
    return all(
        grid_of(frozenset(inside | others.get(beat, set()))) is not None for beat, inside in own.items()
    )


def _on_grid(notes: list[Note], last: int) -> list[tuple[int, int]]:
    """Spans moved to the grid of their beats; none vanishes, none leaves the piece."""
    place = {p: p for note in notes for p in note[:2]}
    for beat, inside in by_beat(place).items():
        moved = snap(frozenset(inside))
        place.update({beat * PPQ + p: beat * PPQ + to for p, to in moved.items()})
    spans = [(place[note.start], place[note.end]) for note in notes]
    points = sorted(set(place.values()))
    return [span if span[0] < span[1] else _shortest(span[0], points, last) for span in spans]


def _shortest(start: int, points: list[int], last: int) -> tuple[int, int]:
    """A note that the grid swallowed, one unit long on the grid its beat is written in."""
    beat = min(start, last - 1) // PPQ * PPQ
    inside = frozenset(p - beat for p in points if 0 < p - beat < PPQ)
    unit = next(unit for unit in (PPQ // 8, *GRIDS) if all(p % unit == 0 for p in inside))
    start = min(start, last - unit)
    return start, start + unit


def _apart(notes: list[Note]) -> list[list[Note]]:
    """Notes in as many lines as it takes for none to overlap; chords stay together."""
    lines: list[list[Note]] = []
    for note in sorted(notes):
        for line in lines:
            alike = (*line[-1][:2], line[-1].short) == (*note[:2], note.short)
            if line[-1].end <= note.start or alike:
                line.append(note)
                break
        else:
            lines.append([note])
    return lines


# --------------------------------------------------------------------------- two staves


def by_staff(lines: Sequence[list[Note]], bar_tick: Sequence[int]) -> list[list[list[Note]]]:
    """Lines for the right hand and for the left: what a line plays in one bar stays on one staff.

    A figure goes where its middle lies, and stays where it was while that is within `_CROSSING`
    of middle C.
    """
    hands: list[list[list[Note]]] = [[], []]
    starts = np.asarray(bar_tick)
    for line in lines:
        parted: list[list[Note]] = [[], []]
        bar = np.searchsorted(starts, [note.start for note in line], "right")
        left = 0
        for _, figure in groupby(zip(bar.tolist(), line, strict=True), key=lambda pair: pair[0]):
            notes = [note for _, note in figure]
            middle = float(np.median([note.pitch for note in notes]))
            left = int(middle < 60 + (_CROSSING if left else -_CROSSING))
            parted[left].extend(notes)
        for hand, own in zip(hands, parted, strict=True):
            if own:
                hand.append(own)
    return hands


# --------------------------------------------------------------------------- bars


def bars_of(lines: Sequence[list[Note]], bar_tick: Sequence[int]) -> list[list[Voice]]:
    """The voices of every bar, the highest first; an empty list where the part rests."""
    bars: list[list[Voice]] = [[] for _ in range(len(bar_tick) - 1)]
    starts = np.asarray(bar_tick)
    for line in lines:
        for bar, notes in _cut_at_bars(line, starts).items():
            bars[bar].append(_strokes(notes, bar_tick[bar], bar_tick[bar + 1]))
    return [sorted(draw_together(voices), key=_height, reverse=True) for voices in bars]


def _cut_at_bars(line: list[Note], starts: np.ndarray) -> dict[int, list[Note]]:
    first = np.searchsorted(starts, [note.start for note in line], "right") - 1
    last = np.searchsorted(starts, [note.end for note in line], "left")
    touched: dict[int, list[Note]] = {}
    for note, lo, hi in zip(line, first.tolist(), last.tolist(), strict=True):
        for bar in range(lo, min(hi, len(starts) - 1)):
            touched.setdefault(bar, []).append(note)
    return touched


def _strokes(notes: list[Note], start: int, end: int) -> Voice:
    """The part of a line inside one bar."""
    voice: Voice = []
    for note in notes:
        tone = Tone(note.pitch, note.fifth, note.start < start, note.end > end, note.short)
        span = max(note.start, start) - start, min(note.end, end) - start
        if voice and voice[-1][:2] == span:
            voice[-1] = Stroke(*span, _stack(voice[-1].tones, (tone,)))
        else:
            voice.append(Stroke(*span, (tone,)))
    return voice


def draw_together(voices: list[Voice]) -> list[Voice]:
    """Merge voices while it costs no tie; then, above `PREFERRED_VOICES`, at the price of the fewest."""
    voices = list(voices)
    while len(voices) > 1:
        merged = [(merge(voices[i], voices[j]), i, j) for i, j in combinations(range(len(voices)), 2)]
        priced = [(_ties(m) - _ties(voices[i]) - _ties(voices[j]), i, j, m) for m, i, j in merged if m]
        best = min(priced, key=lambda p: p[:3], default=None)
        if best is None or (best[0] > 0 and len(voices) <= PREFERRED_VOICES):
            break
        _, i, j, merged_voice = best
        voices = [v for k, v in enumerate(voices) if k not in (i, j)] + [merged_voice]
    return voices


def merge(one: Voice, other: Voice) -> Voice:
    """Two voices as one, tones tied where the other moves; empty where that could not be written."""
    if not _articulate_alike(one, other):
        return []
    if [s[:2] for s in one] == [s[:2] for s in other]:
        return [Stroke(a.start, a.end, _stack(a.tones, b.tones)) for a, b in zip(one, other, strict=True)]
    edges = sorted({tick for s in (*one, *other) for tick in s[:2]})
    if not writable(edges):
        return []
    strokes = []
    for lo, hi in pairwise(edges):
        tones = _stack(*(_sounding(voice, lo, hi) for voice in (one, other)))
        if tones:
            strokes.append(Stroke(lo, hi, tones))
    return strokes


def _articulate_alike(one: Voice, other: Voice) -> bool:
    """Whether no staccato of either voice would share its time with anything else."""
    for short, rest in ((one, other), (other, one)):
        for stroke in short:
            if stroke.tones[0].short and any(
                s.start < stroke.end
                and stroke.start < s.end
                and not (s[:2] == stroke[:2] and s.tones[0].short)
                for s in rest
            ):
                return False
    return True


def _sounding(voice: Voice, start: int, end: int) -> tuple[Tone, ...]:
    """The tones a voice holds during a span that none of its edges divides."""
    for stroke in voice:
        if stroke.start <= start and end <= stroke.end:
            begun, goes_on = stroke.start < start, end < stroke.end
            return tuple(
                t._replace(tied_in=t.tied_in or begun, tied_out=t.tied_out or goes_on) for t in stroke.tones
            )
    return ()


def _stack(low: tuple[Tone, ...], high: tuple[Tone, ...]) -> tuple[Tone, ...]:
    """Tones of a chord from the lowest up; a unison is written once."""
    tones: dict[int, Tone] = {}
    for tone in (*low, *high):
        same = tones.get(tone.pitch)
        tones[tone.pitch] = tone if same is None else _unison(same, tone)
    return tuple(tones[pitch] for pitch in sorted(tones))


def _unison(a: Tone, b: Tone) -> Tone:
    return a._replace(tied_in=a.tied_in and b.tied_in, tied_out=a.tied_out or b.tied_out)


def _ties(voice: Voice) -> int:
    return sum(len(stroke.tones) for stroke in voice)


def _height(voice: Voice) -> float:
    pitches = [tone.pitch for stroke in voice for tone in stroke.tones]
    return sum(pitches) / len(pitches)
