"""Chords -> the bass line in each style and level; and the strokes of the timpani."""

from __future__ import annotations

from tensionbgm.forms import PPQ
from tensionbgm.plan.harmony import Span
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft, chord_key, tie_key
from tensionbgm.plan.slots import Note, nearest

# What the bass plays over a bar of a chord, by style, metre and level: (onset, length [beats], tone).
# Tones: b the chord's bass, 8 the same an octave up, 5 a chord tone (fifth by preference), w a passing note.
Figure = tuple[tuple[float, float, str], ...]
LONG: Figure = ((0, 4, "b"),)
FOURS: dict[str, tuple[Figure, ...]] = {
    "orchestral": (
        LONG,
        LONG,
        ((0, 3, "b"), (3, 1, "5")),
        ((0, 1, "b"), (1, 0.5, "b"), (1.5, 0.5, "b"), (2, 1, "b"), (3, 0.5, "5"), (3.5, 0.5, "b")),
        tuple((i / 2, 0.5, "8" if i in (3, 6) else "b") for i in range(8)),
    ),
    "synth": (
        LONG,
        ((0, 3.5, "b"), (3.5, 0.5, "8")),
        ((0, 1.5, "b"), (1.5, 1.5, "b"), (3, 1, "5")),
        ((0, 0.25, "b"), *((i + 0.5, 0.5, "8" if i % 2 else "b") for i in range(4))),
        tuple((i / 2, 0.5, "8" if i % 2 else "b") for i in range(8)),
    ),
    "walking": (
        LONG,
        ((0, 2, "b"), (2, 2, "5")),
        ((0, 1.5, "b"), (1.5, 0.5, "b"), (2, 1, "5"), (3, 1, "5")),
        ((0, 1, "b"), (1, 1, "w"), (2, 1, "5"), (3, 1, "w")),
        ((0, 1, "b"), (1, 0.5, "5"), (1.5, 0.5, "w"), (2, 1, "5"), (3, 0.5, "w"), (3.5, 0.5, "w")),
    ),
    "marching": (
        LONG,
        ((0, 2, "b"), (2, 2, "b")),
        ((0, 1, "b"), (2, 1, "5")),
        ((0, 0.75, "b"), (0.75, 0.25, "b"), (1, 1, "b"), (2, 0.75, "5"), (2.75, 0.25, "5"), (3, 1, "b")),
        ((0, 1, "b"), (1, 0.5, "b"), (1.5, 0.5, "b"), (2, 1, "8"), (3, 0.5, "5"), (3.5, 0.5, "w")),
    ),
    "rolling": (
        LONG,
        ((0, 1.5, "b"), (1.5, 2.5, "b")),
        ((0, 0.75, "b"), (0.75, 0.75, "b"), (1.5, 1.5, "b"), (3, 1, "5")),
        (
            (0, 0.75, "b"),
            (0.75, 0.75, "b"),
            (1.5, 0.5, "8"),
            (2, 0.75, "b"),
            (2.75, 0.75, "b"),
            (3.5, 0.5, "5"),
        ),
        tuple((i * 0.5, 0.5, "8" if i in (3, 7) else "b") for i in range(8)),
    ),
    "folk": (
        LONG,
        ((0, 3, "b"), (3, 1, "5")),
        ((0, 1, "b"), (2, 1, "5")),
        ((0, 1, "b"), (2, 1, "5"), (3, 0.5, "w"), (3.5, 0.5, "w")),
        ((0, 1, "b"), (1, 0.5, "b"), (2, 1, "5"), (3, 1, "w")),
    ),
}
WALTZ: dict[str, tuple[Figure, ...]] = {
    "orchestral": (
        ((0, 3, "b"),),
        ((0, 3, "b"),),
        ((0, 2, "b"), (2, 1, "5")),
        ((0, 1, "b"), (1, 1, "5"), (2, 1, "8")),
        ((0, 1, "b"), (1, 0.5, "8"), (1.5, 0.5, "8"), (2, 0.5, "5"), (2.5, 0.5, "b")),
    ),
    "synth": (
        ((0, 3, "b"),),
        ((0, 2.5, "b"), (2.5, 0.5, "8")),
        ((0, 1.5, "b"), (1.5, 1.5, "b")),
        ((0, 0.5, "b"), (0.5, 0.5, "b"), (1.5, 0.5, "8"), (2.5, 0.5, "8")),
        tuple((i / 2, 0.5, "8" if i in (2, 4) else "b") for i in range(6)),
    ),
    "walking": (
        ((0, 3, "b"),),
        ((0, 1.5, "b"),),
        ((0, 1, "b"), (2, 1, "5")),
        ((0, 1, "b"), (1, 1, "5"), (2, 1, "w")),
        ((0, 1, "b"), (1, 1, "5"), (2, 0.5, "w"), (2.5, 0.5, "w")),
    ),
    "marching": (
        ((0, 3, "b"),),
        ((0, 3, "b"),),
        ((0, 1, "b"),),
        ((0, 1, "b"), (1, 0.5, "5"), (2, 0.5, "5")),
        ((0, 0.75, "b"), (0.75, 0.25, "b"), (1, 1, "b"), (2, 1, "5")),
    ),
    "rolling": (
        ((0, 3, "b"),),
        ((0, 1.5, "b"), (1.5, 1.5, "b")),
        ((0, 1.5, "b"), (1.5, 1, "8"), (2.5, 0.5, "b")),
        ((0, 0.75, "b"), (0.75, 0.75, "b"), (1.5, 0.75, "8"), (2.25, 0.75, "b")),
        ((0, 0.5, "b"), (0.5, 0.5, "b"), (1, 0.5, "8"), (1.5, 0.5, "b"), (2, 0.5, "8"), (2.5, 0.5, "5")),
    ),
    "folk": (
        ((0, 3, "b"),),
        ((0, 2, "b"),),
        ((0, 1, "b"), (2, 0.5, "w")),
        ((0, 1, "b"), (1, 1, "w"), (2, 1, "5")),
        ((0, 1, "b"), (1, 0.5, "5"), (1.5, 0.5, "w"), (2, 1, "5")),
    ),
}
MARCH: dict[str, tuple[Figure, ...]] = {
    "orchestral": (
        ((0, 2, "b"),),
        ((0, 1, "b"),),
        ((0, 0.5, "b"), (1, 0.5, "5")),
        ((0, 0.5, "b"), (0.5, 0.5, "b"), (1, 0.5, "5"), (1.5, 0.5, "b")),
        ((0, 0.5, "b"), (0.5, 0.25, "b"), (0.75, 0.25, "b"), (1, 0.5, "8"), (1.5, 0.5, "5")),
    ),
    "synth": (
        ((0, 2, "b"),),
        ((0, 1.5, "b"), (1.5, 0.5, "8")),
        ((0, 0.75, "b"), (0.75, 0.75, "b"), (1.5, 0.5, "8")),
        ((0.5, 0.5, "b"), (1.5, 0.5, "8")),
        tuple((i / 2, 0.5, "8" if i % 2 else "b") for i in range(4)),
    ),
    "walking": (
        ((0, 2, "b"),),
        ((0, 1, "b"), (1, 1, "5")),
        ((0, 0.5, "b"), (1, 0.5, "5")),
        ((0, 1, "b"), (1, 0.5, "5"), (1.5, 0.5, "w")),
        ((0, 0.5, "b"), (0.5, 0.5, "w"), (1, 0.5, "5"), (1.5, 0.5, "w")),
    ),
    "marching": (
        ((0, 2, "b"),),
        ((0, 1, "b"),),
        ((0, 0.5, "b"), (1, 0.5, "b")),
        ((0, 0.75, "b"), (0.75, 0.25, "b"), (1, 1, "5")),
        ((0, 0.75, "b"), (0.75, 0.25, "b"), (1, 0.5, "8"), (1.5, 0.5, "w")),
    ),
    "rolling": (
        ((0, 2, "b"),),
        ((0, 0.75, "b"), (0.75, 1.25, "b")),
        ((0, 0.75, "b"), (0.75, 0.75, "b"), (1.5, 0.5, "5")),
        ((0, 0.75, "b"), (0.75, 0.75, "b"), (1.5, 0.5, "8")),
        ((0, 0.5, "b"), (0.5, 0.5, "b"), (1, 0.5, "b"), (1.5, 0.5, "8")),
    ),
    "folk": (
        ((0, 2, "b"),),
        ((0, 1.5, "b"),),
        ((0, 0.75, "b"), (1, 0.75, "5")),
        ((0, 0.75, "b"), (1, 0.5, "5"), (1.5, 0.5, "w")),
        ((0, 0.5, "b"), (0.5, 0.5, "5"), (1, 0.5, "5"), (1.5, 0.5, "w")),
    ),
}
FIGURES = {2: MARCH, 3: WALTZ, 4: FOURS}
MIDDLE = 40  # where the bass is at home, E2
SPAN = 9  # how far its roots lie from there [semitones]


def write_bass(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """The bass line of every bass player."""
    notes: list[Note] = []
    for part, player in players:
        for bar in draft.bars:
            if bar.ending == "hold":
                continue
            for span in draft.spans[bar.index]:
                notes += _span_notes(draft, bar, span, part, player)
        notes.append(_final(draft, part, player))
    return notes


def _span_notes(draft: Draft, bar: Bar, span: Span, part: int, player: Player) -> list[Note]:
    """A figure over one chord, cut to its length; longer chords begin it again."""
    notes = []
    beats = (span.end_tick - span.start_tick) / PPQ
    cycle = draft.metre if draft.metre in FIGURES else 4
    level = max(bar.level - 1, 0) if draft.broadens(bar) else bar.level
    figure = FIGURES[cycle][draft.palette.bass_style][level]
    for first in range(0, max(int(-(-beats // 1)), 1), cycle):
        for at, length, tone in sorted(figure):
            on = first + at
            if on < beats:
                notes.append(_note(draft, bar, span, part, player, on, min(length, beats - on), tone))
    return notes


def root_pitch(span: Span) -> int:
    """Where the bass of a chord lies [MIDI pitch]."""
    return nearest(MIDDLE, MIDDLE - SPAN, MIDDLE + SPAN, 1 << span.chord.bass_pc(span.tonic))


def _note(
    draft: Draft, bar: Bar, span: Span, part: int, player: Player, on: float, length: float, tone: str
) -> Note:
    onset, root = span.start_tick + round(on * PPQ), root_pitch(span)
    chord = draft.chord_mask(span)
    low, high, allowed, aim = _tone(draft, span, player, root, tone)
    duration = round(length * PPQ * (0.95 if length >= 1 else 0.85))
    key = chord_key(bar, span, player.part.name, "b" if tone == "8" else tone, on if tone == "w" else 0)
    shift = bar.transpose + (aim - root if tone == "8" else 0)
    accent = 4 if on == 0 else 0
    return Note(onset, duration, part, 0, low, high, allowed, chord | allowed, aim, accent, key, shift)


def _tone(draft: Draft, span: Span, player: Player, root: int, tone: str) -> tuple[int, int, int, int]:
    """Range, pitch classes and aim of a bass tone."""
    part = player.part
    bass = 1 << (root % 12)
    if tone == "b":
        return max(part.low, 28), min(part.high, 52), bass, root
    if tone == "8":
        up = root + 12 if root + 12 <= part.high else root
        return max(part.low, 28), part.high, bass, up
    chord = draft.chord_mask(span)
    low, high = max(part.low, root - 7), min(part.high, root + 9)
    fifth = 1 << ((span.tonic + 7 * span.chord.tones[1]) % 12)
    aim = nearest(root + 5, low, high, fifth if tone == "5" else chord)
    return low, high, fifth | bass if tone == "5" else chord | draft.scale_mask(span), aim


def _final(draft: Draft, part: int, player: Player) -> Note:
    """The tonic under the last chord."""
    bar = next(bar for bar in draft.bars if bar.ending == "hold")
    span = draft.spans[bar.index][0]
    end = draft.bars[-1].end_tick
    low, high, allowed, aim = _tone(draft, span, player, root_pitch(span), "b")
    return Note(
        bar.start_tick, end - bar.start_tick, part, 0, low, high, allowed, draft.chord_mask(span), aim, 4
    )


def write_roots(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """Timpani: the root on downbeats and before them, a roll into a louder bar, the last stroke."""
    notes = []
    for part, player in players:
        for bar in draft.bars:
            before = draft.bars[max(bar.index - 1, 0)]
            if player.plays(bar.level, bar.steady) or (bar.opens and bar.level > before.level + 1):
                for at in _strokes(bar):
                    notes.append(_stroke(draft, bar, part, player, at))
            elif bar.ending == "hold" and before.level >= player.levels[0]:
                notes.append(_stroke(draft, bar, part, player, 0.0))
    return notes


def _strokes(bar: Bar) -> tuple[float, ...]:
    if bar.ending == "hold":
        return (0.0,)
    if bar.last_in_phrase and bar.level >= 3:
        return (0.0, *(bar.beats - 1 + i / 4 for i in range(4)))
    if bar.level >= 4 and bar.beats >= 3:
        return (0.0, 1.5, 2.0) if bar.beats > 3 else (0.0, 2.0)
    return (0.0,)


def _stroke(draft: Draft, bar: Bar, part: int, player: Player, at: float) -> Note:
    onset = bar.start_tick + round(at * PPQ)
    span = draft.span_at(bar, onset)
    pc = 1 << span.chord.bass_pc(span.tonic)
    aim = nearest(45, player.part.low, player.part.high, pc)
    duration = PPQ // 4 if at % 1 or at > 2 else PPQ
    key = tie_key(bar, player.part.name, at, pc)
    low, high = player.part.low, player.part.high
    return Note(
        onset,
        duration,
        part,
        0,
        low,
        high,
        pc,
        pc | draft.chord_mask(span),
        aim,
        4,
        key,
        bar.transpose if key else 0,
    )
