"""Theme and chords -> the counter-melody: it moves while the theme rests and holds while the theme moves."""

from __future__ import annotations

from tensionbgm.forms import PPQ
from tensionbgm.plan.line import Basses, Place, is_parallel, moves_of
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft, tie_key
from tensionbgm.plan.slots import Note, allowed_pitches, nearest

LONG_BEATS = 2.0  # a theme's note or rest of this length leaves room to move
STEP = 2.5  # how far the line tends to go from note to note [semitones]
FLOOR = 8  # how far it keeps above its instrument's lowest note, out of the bass's way [semitones]
STRAY = 8  # how far it strays from its middle [semitones]


def write_counter(
    draft: Draft, players: list[tuple[int, Player]], theme: list[Note], bass: list[Note]
) -> list[Note]:
    """The counter-melody of every counter player.

    Parameters
    ----------
    theme : list of Note
        the melody, in whose gaps it moves
    bass : list of Note
        what it must not run in parallel with
    """
    sung, under = _by_bar(draft, theme), moves_of(bass)
    notes: list[Note] = []
    known: dict[tuple, int] = {}  # tie -> pitch, untransposed
    for part, player in players:
        middle = (player.part.low + FLOOR + player.part.high) / 2
        line, way = middle, 1
        for bar in draft.bars:
            if bar.in_phrase == 0:
                line, way = middle + 4 * (bar.energy - 0.5), 1 if bar.phrase % 2 else -1
            if bar.ending == "hold":
                notes += _final(draft, bar, part, player, line)
            elif player.plays(bar.level, bar.steady) and not _waits(draft, bar):
                for on, length in _rhythm(bar, sung[bar.index]):
                    if abs(line - middle) > STRAY:
                        way = -1 if line > middle else 1
                    note = _note(draft, bar, part, player, on, length, line + way * STEP)
                    again = known.get(note.key, -1) + note.shift if note.key in known else -1
                    heard = note.low <= again <= note.high and note.allowed >> (again % 12) & 1
                    note.aim = again if heard else _apart(note, line, under)
                    if note.key is not None:  # a return lies where the line first lay
                        known.setdefault(note.key, note.aim - note.shift)
                    line = note.aim
                    notes.append(note)
    return notes


def _waits(draft: Draft, bar: Bar) -> bool:
    """The counter-melody leaves the intro alone, and in a longer piece the theme's first bars."""
    return bar.intro or (bar.index < 2 and len(draft.bars) >= 8 and bar.level <= 2)


def _by_bar(draft: Draft, theme: list[Note]) -> list[list[tuple[float, float]]]:
    """(onset, length) of the theme's notes in each bar [beats]."""
    starts: dict[int, int] = {}
    for note in theme:
        starts[note.onset] = max(note.duration, starts.get(note.onset, 0))
    found: list[list[tuple[float, float]]] = []
    for bar in draft.bars:
        inside = sorted(t for t in range(bar.start_tick, bar.end_tick, PPQ // 8) if t in starts)
        found.append([((t - bar.start_tick) / PPQ, starts[t] / PPQ) for t in inside])
    return found


def _rhythm(bar: Bar, sung: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """(onset, length) of the counter-melody in a bar [beats]."""
    room = _room(bar, sung)
    moving = 0.5 if bar.level >= 3 and bar.beat_s > 0.45 else 1.0
    if room is None:
        half = float((bar.beats + 1) // 2)
        pieces = (
            [(0.0, half), (half, bar.beats - half)]
            if bar.beats >= 3 and bar.level >= 2
            else [(0.0, float(bar.beats))]
        )
        return [(on, length) for on, length in pieces if length > 0]
    first, stop = room
    if bar.level == 1:
        return [(first, stop - first)]
    count = int((stop - first) / moving)
    notes = [(first + i * moving, moving) for i in range(count)]
    return ([(0.0, first)] if first >= 1 else []) + notes


def _room(bar: Bar, sung: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Where the theme leaves room: after the start of its long last note, or all of a silent bar."""
    if not sung:
        return (1.0, float(bar.beats)) if bar.beats > 2 else (0.0, float(bar.beats))
    on, length = sung[-1]
    if length >= LONG_BEATS or (bar.last_in_phrase and bar.beats - on >= LONG_BEATS):
        start = float(int(on) + 1)
        return (start, float(bar.beats)) if bar.beats - start >= 1 else None
    return None


def _note(draft: Draft, bar: Bar, part: int, player: Player, on: float, length: float, wanted: float) -> Note:
    onset = bar.start_tick + round(on * PPQ)
    span = draft.span_at(bar, onset)
    chord = draft.chord_mask(span)
    firm = on == 0 or length >= 1
    allowed = chord if firm else chord | draft.scale_mask(span)
    low, high = player.part.low + FLOOR, player.part.high - 2
    aim = nearest(wanted, low, high, allowed)
    key = tie_key(bar, player.part.name, on)
    shift = bar.transpose if key else 0
    duration = round(length * PPQ * 0.95)
    return Note(onset, duration, part, 0, low, high, allowed, chord, aim, 0, key, shift)


def _apart(note: Note, line: float, under: Basses) -> int:
    """The note's aim, or the pitch nearest to it that makes no parallel fifth or octave with the bass."""
    if line != round(line) or note.onset not in under:
        return note.aim
    place = Place(note.aim, note.allowed, note.chord, *under[note.onset])
    free = [
        p for p in allowed_pitches(note.low, note.high, note.allowed) if not is_parallel(place, int(line), p)
    ]
    return min(free, key=lambda p: (abs(p - note.aim), p), default=note.aim)


def _final(draft: Draft, bar: Bar, part: int, player: Player, line: float) -> list[Note]:
    """A tone of the last chord, held."""
    if bar.index and draft.bars[bar.index - 1].ending == "hold":
        return []
    note = _note(draft, bar, part, player, 0.0, float(bar.beats), line)
    note.duration = draft.bars[-1].end_tick - bar.start_tick
    return [note]
