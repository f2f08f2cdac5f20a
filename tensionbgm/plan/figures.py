"""Chords and what the others play -> broken chords, the figures of harp, guitar, piano and sequencer."""

from __future__ import annotations

from bisect import bisect_left

from tensionbgm.forms import PPQ
from tensionbgm.plan import pace
from tensionbgm.plan.harmony import Span
from tensionbgm.plan.pace import Pace
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
STAY = 0.05  # a figure moves on as in the bar before where that is hardly less dense than asked, or more


def write_figures(draft: Draft, players: list[tuple[int, Player]], others: list[Note]) -> list[Note]:
    """Every figure player's notes, as quick as the rest of the music leaves room for.

    Parameters
    ----------
    others : list of Note
        all that is played beside the figures
    """
    notes: list[Note] = []
    known: Ladders = {}
    onsets = sorted({note.onset for note in others})
    before: Pace | None = None
    for bar in draft.bars:
        sounding = set(onsets[bisect_left(onsets, bar.start_tick) : bisect_left(onsets, bar.end_tick)])
        playing = [(part, p) for part, p in players if p.plays(bar.level, bar.steady)]
        if bar.ending == "hold":
            notes += [n for part, p in players for n in _last_flourish(draft, bar, part, p, sounding)]
        elif playing:
            before = _pace(draft, bar, playing, sounding, before if bar.in_phrase else None)
            for part, player in playing:
                notes += _bar_figure(draft, bar, part, player, known, before)
    return notes


def _pace(
    draft: Draft, bar: Bar, playing: list[tuple[int, Player]], sounding: set[int], before: Pace | None
) -> Pace:
    """The pace that brings the bar nearest to the density it asks for; the quicker one of equals."""
    choices = pace.paces(bar, max(player.fastest for _, player in playing))[::-1]
    missed = {}
    for choice in choices:
        onsets = {
            onset
            for _, player in playing
            for span in draft.spans[bar.index]
            for onset, _, _ in _strokes(draft, bar, span, player, choice)
        }
        missed[choice] = abs(pace.density(bar, len(sounding | onsets)) - pace.wanted(bar))
    best = min(choices, key=missed.__getitem__)
    if before in missed and missed[before] <= missed[best] + STAY:
        return before
    return best


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


def _bar_figure(draft: Draft, bar: Bar, part: int, player: Player, known: Ladders, steps: Pace) -> list[Note]:
    notes = []
    for span in draft.spans[bar.index]:
        rungs = _rungs(draft, bar, span, player, known)
        for onset, length, rung in _strokes(draft, bar, span, player, steps):
            rung = min(rung, len(rungs) - 1)
            key = chord_key(bar, span, player.part.name, rung)
            notes.append(_figure_note(draft, bar, span, part, player, onset, length, rungs[rung], key))
    return notes


def _strokes(draft: Draft, bar: Bar, span: Span, player: Player, steps: Pace) -> list[tuple[int, int, int]]:
    """(onset, length, rung) of a figure over a chord [ticks]; a calm phrase breathes at its end."""
    shape = _shape(draft, bar, player)
    breath = bar.last_in_phrase and bar.level <= 1 and bar.beats > 1
    stop = bar.end_tick - PPQ if breath else bar.end_tick
    steps = tuple(min(cell, player.fastest) for cell in steps)
    strokes = pace.strokes(bar, steps, span.start_tick, span.end_tick, draft.broadens(bar))
    found = []
    for i, (onset, length) in enumerate(strokes):
        rung = shape[i % len(shape)]
        if rung is not None and onset < stop:
            found.append((onset, length, rung))
    return found


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


def _last_flourish(draft: Draft, bar: Bar, part: int, player: Player, sounding: set[int]) -> list[Note]:
    """The last chord: broken up, in tense music down again, its end held; by whoever played the cadence."""
    before = draft.bars[max(bar.index - 1, 0)]
    if before.ending == "hold" and bar.index:
        return []
    if player.levels[0] > 0 and not player.levels[0] <= before.level <= player.levels[1]:
        return []
    span = draft.spans[bar.index][0]
    rungs, end = _rungs(draft, bar, span, player, {}), draft.bars[-1].end_tick
    step, count = _run(bar, end, len(rungs), player, sounding)
    notes = []
    for i in range(count):
        onset = bar.start_tick + i * step
        length = step if i < count - 1 else end - onset
        aim = rungs[min(i, 2 * (len(rungs) - 1) - i)]
        note = _figure_note(draft, bar, span, part, player, onset, length, aim, None)
        note.duration = length
        notes.append(note)
    return notes


def _run(bar: Bar, end: int, rungs: int, player: Player, sounding: set[int]) -> tuple[int, int]:
    """(step [ticks], notes) of the last flourish: over half the time at most, as dense as is asked."""
    share = 0.75 if bar.index == 0 else 0.5  # a film of one bar has nothing else that moves
    room = round(share * (end - bar.start_tick))
    steps = [PPQ // 2] + ([PPQ // 4] if max(pace.paces(bar, player.fastest)[-1]) == 4 else [])
    choices = [
        (step, count) for step in steps for count in range(1, max(min(2 * rungs - 1, room // step), 1) + 1)
    ]

    def missed(choice: tuple[int, int]) -> float:
        step, count = choice
        run = {bar.start_tick + i * step for i in range(count)}
        return abs(pace.density(bar, len(sounding | run)) - pace.wanted(bar))

    return min(choices, key=missed)
