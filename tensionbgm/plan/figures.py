"""Chords -> broken chords: the figures of harp, guitar, piano, pizzicato and sequencer."""

from __future__ import annotations

from tensionbgm.forms import PPQ
from tensionbgm.plan.harmony import Span
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import PHRASE, Bar
from tensionbgm.plan.score import Draft, chord_key
from tensionbgm.plan.slots import Note

Ladders = dict[tuple[str, int], list[int]]  # (player, chord of the form) -> its chord tones, untransposed

# Rungs of the ladder of chord tones a figure climbs, note by note; None is a rest.
SHAPES: dict[str, tuple[int | None, ...]] = {
    "rise": (0, 1, 2, 3, 4, 5, 4, 3),
    "wave": (0, 2, 4, 5, 4, 2),
    "broken": (0, 2, 1, 3, 2, 4, 3, 2),
    "pulse": (0, 0, 1, 0, 0, 2, 0, 1),
    "rock": (0, 2, 0, 3, 0, 2, 0, 1),
    "turn": (1, 2, 1, 0, 1, 2, 3, 2),
    "skip": (0, 2, 4, None, 3, 2, 4, 1),
    "leap": (0, 3, 1, 4, 2, 5, 3, None),
    "pick": (0, 2, 3, 2, 4, 2, 3, 2),
    "travis": (0, 3, 1, 4, 0, 2, 1, 3),
    "alberti": (0, 2, 1, 2),
    "fall": (5, 4, 3, 2, 1, 2, 3, 4),
    "drops": (4, None, 2, None, 3, None, 1, None),
    "sparse": (0, None, 2, None, 3, None, None, None),
    "three": (0, 2, 4, 0, 2, 4, 0, 3),
    "motor": (0, 0, 3, 0, 0, 2, 0, 3),
    "offbeat": (None, 2, None, 3, None, 2, None, 4),
}
WALTZES: dict[str, tuple[int | None, ...]] = {  # the same in triple time: a low first, lighter after it
    "rise": (0, 1, 2, 3, 4, 3),
    "wave": (0, 2, 4, 5, 4, 2),
    "broken": (0, 2, 3, 2, 3, 2),
    "pulse": (0, None, 2, 2, 2, 2),
    "rock": (0, None, 2, 3, 2, 3),
    "turn": (1, 2, 3, 2, 1, 2),
    "skip": (0, 3, 2, 4, 3, None),
    "leap": (0, 3, None, 4, 2, 3),
    "pick": (0, 2, 4, 3, 4, 2),
    "travis": (0, 3, 2, 4, 2, 3),
    "alberti": (0, 2, 3, 2, 3, 2),
    "fall": (5, 4, 3, 2, 1, 2),
    "drops": (4, None, 2, None, 1, None),
    "sparse": (0, None, None, 3, None, None),
    "three": (0, 3, 0, 3, 1, 3),
    "motor": (0, 0, 3, 0, 2, 0),
    "offbeat": (None, 2, None, 3, None, 2),
}
MARCHES: dict[str, tuple[int | None, ...]] = {  # and in double time: answers off the beat
    "rise": (0, 1, 2, 3),
    "wave": (0, 2, 4, 2),
    "broken": (0, 2, 1, 3),
    "pulse": (None, 2, None, 2),
    "rock": (None, 2, None, 3),
    "turn": (None, 2, 3, 2),
    "skip": (0, None, 2, 4),
    "leap": (0, 3, None, 4),
    "pick": (0, 3, 1, 3),
    "travis": (0, 3, 2, 3),
    "alberti": (0, 2, 1, 2),
    "fall": (4, 3, 2, 1),
    "drops": (4, None, 2, None),
    "sparse": (0, None, 3, None),
    "three": (0, 2, 4, 2),
    "motor": (0, 0, 3, 0),
    "offbeat": (None, 2, None, 3),
}
WIDTH = 5  # how far a note may stray from its rung [semitones]
SLOWEST_16TH_S = 0.095  # faster than this no figure is played


def write_figures(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """Every figure player's notes."""
    notes: list[Note] = []
    known: Ladders = {}
    for part, player in players:
        for bar in draft.bars:
            if bar.ending == "hold":
                notes += _last_flourish(draft, bar, part, player)
            elif player.levels[0] <= bar.level <= player.levels[1]:
                notes += _bar_figure(draft, bar, part, player, known)
    return notes


def _rate(bar: Bar, player: Player) -> float:
    """Notes a beat, as many as can be played."""
    rate = player.rates[min(bar.level - player.levels[0], len(player.rates) - 1)]
    while rate > 1 and bar.beat_s / rate < SLOWEST_16TH_S:
        rate /= 2
    return rate


def _shape(draft: Draft, bar: Bar, player: Player) -> tuple[int | None, ...]:
    """The same figure for all that develops one theme; the third phrase of four contrasts."""
    dice = draft.dice("figure", player.part.name, draft.ideas[bar.material].root)
    names = [str(name) for name in dice.permutation(player.shapes)]
    name = names[1] if bar.source // PHRASE % 4 == 2 and len(names) > 1 else names[0]
    return {2: MARCHES, 3: WALTZES}.get(draft.metre, SHAPES)[name]


def ladder(chord: int, low: int, high: int, root: int) -> list[int]:
    """Chord tones from the lowest root upwards."""
    tones = [p for p in range(low, high + 1) if chord >> (p % 12) & 1]
    start = next((i for i, p in enumerate(tones) if p % 12 == root), 0)
    return tones[start:] if len(tones) - start >= 4 else tones


def _bar_figure(draft: Draft, bar: Bar, part: int, player: Player, known: Ladders) -> list[Note]:
    shape, notes = _shape(draft, bar, player), []
    breath = bar.last_in_phrase and bar.level <= 1 and bar.beats > 1
    for span in draft.spans[bar.index]:
        rungs = _rungs(draft, bar, span, player, known)
        stop = min(span.end_tick, bar.end_tick - PPQ) if breath else span.end_tick
        for i, (onset, length) in enumerate(_strokes(draft, bar, span, player)):
            rung = shape[i % len(shape)]
            if rung is not None and onset < stop:
                rung = min(rung, len(rungs) - 1)
                key = chord_key(bar, span, player.part.name, rung)
                notes.append(_figure_note(draft, bar, span, part, player, onset, length, rungs[rung], key))
    return notes


def _strokes(draft: Draft, bar: Bar, span: Span, player: Player) -> list[tuple[int, int]]:
    """(onset, length) of a figure over a chord [ticks]; into the last chord it slows down."""
    rate, strokes, onset = _rate(bar, player), [], span.start_tick
    middle = bar.start_tick + bar.beats * PPQ // 2
    while onset < span.end_tick:
        slowed = min(rate, 2 if onset < middle else 1) if draft.broadens(bar) else rate
        step = round(PPQ / slowed)
        strokes.append((onset, min(step, span.end_tick - onset)))
        onset += step
    return strokes


def _rungs(draft: Draft, bar: Bar, span: Span, player: Player, known: Ladders) -> list[int]:
    """The chord's ladder, where it lay when the chord was first heard."""
    low, high = player.part.low, player.part.high
    rungs = known.get((player.part.name, span.cell), [])
    moved = [p + bar.transpose for p in rungs]
    if bar.ending == "" and moved and moved[0] >= low and moved[-1] <= high:
        return moved
    root = (span.tonic + 7 * span.chord.root) % 12
    rungs = ladder(draft.chord_mask(span), low + round(8 * bar.energy), high, root)
    known[player.part.name, span.cell] = [p - bar.transpose for p in rungs]
    return rungs


def _figure_note(
    draft: Draft,
    bar: Bar,
    span: Span,
    part: int,
    player: Player,
    onset: int,
    length: int,
    aim: int,
    key: tuple | None,
) -> Note:
    low, high = max(player.part.low, aim - WIDTH), min(player.part.high, aim + WIDTH)
    chord = draft.chord_mask(span)
    accent = 3 if onset == span.start_tick else 0
    shift = bar.transpose if key else 0
    return Note(
        onset, max(round(length * player.gate), 50), part, 0, low, high, chord, chord, aim, accent, key, shift
    )


def _last_flourish(draft: Draft, bar: Bar, part: int, player: Player) -> list[Note]:
    """The last chord: broken upwards once, its top held; by whoever played the cadence."""
    before = draft.bars[max(bar.index - 1, 0)]
    if before.ending == "hold" and bar.index:
        return []
    if player.levels[0] > 0 and not player.levels[0] <= before.level <= player.levels[1]:
        return []
    span = draft.spans[bar.index][0]
    rungs, end = _rungs(draft, bar, span, player, {}), draft.bars[-1].end_tick
    step = PPQ // 2
    count = max(min(4, len(rungs), (end - bar.start_tick) // (2 * step)), 1)
    notes = []
    for i in range(count):
        onset = bar.start_tick + i * step
        length = step if i < count - 1 else end - onset
        note = _figure_note(draft, bar, span, part, player, onset, length, rungs[i], None)
        note.duration = length
        notes.append(note)
    return notes
