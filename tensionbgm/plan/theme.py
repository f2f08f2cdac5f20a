"""Materials -> their themes: rhythm and contour of the melody, and who plays it.

A theme is built of two-beat cells.  A motif is a bar of cells; a phrase sets the motif, answers or
repeats it, and closes on a long note with a breath after it; the second phrase takes the motif up
again (question and answer), the third brings another one, after common practice in songs (a a b a).
The contour is a sequence of scale steps over an arch that rises with the curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from tensionbgm.forms import PPQ
from tensionbgm.plan.key import scale_fifths
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft, tie_key
from tensionbgm.plan.slots import Note, nearest

Rhythm = tuple[tuple[float, float], ...]  # (onset, duration) of each note of a bar [beats]

# Two beats of melody; a negative number is a rest [beats].  By feel and by how busy the music is.
CELLS: dict[str, tuple[tuple[tuple[float, ...], ...], ...]] = {
    "long": (
        ((2,), (2,), (1.5, 0.5), (1, 1)),
        ((1, 1), (1.5, 0.5), (2,), (1, 0.5, 0.5)),
        ((1, 0.5, 0.5), (0.5, 0.5, 1), (1.5, 0.5), (0.75, 0.25, 1)),
    ),
    "driving": (
        ((2,), (1.5, 0.5), (-0.5, 1.5), (1, 1)),
        ((1.5, 0.5), (0.75, 0.75, 0.5), (-0.5, 0.5, 1), (0.5, 1, 0.5)),
        ((0.75, 0.75, 0.5), (0.5, 0.5, 0.5, 0.5), (-0.5, 0.5, 0.5, 0.5), (0.5, 0.25, 0.75, 0.5)),
    ),
    "lilting": (
        ((2,), (1, 1), (1.5, 0.5)),
        ((1.5, 0.5), (1, 0.5, 0.5), (0.5, 0.5, 1), (1, 1)),
        ((0.5, 0.5, 0.5, 0.5), (0.75, 0.25, 0.5, 0.5), (1, 0.5, 0.5), (0.5, 1, 0.5)),
    ),
}
BREATH = 0.5  # rest after a phrase's last note, at least [beats]
BAR_LEAP = 2.0  # from one bar to the next [scale steps]
HEADROOM = 7  # how far above its register it may then go [semitones]
RAISE_FROM = 0.25  # a theme this much louder than at first comes an octave higher
PHRASE_LEAP = 4.0  # into a new phrase [scale steps]
OPENING_BARS = 2  # bars before the theme enters in a piece that starts calmly


@dataclass(frozen=True)
class Motif:
    """A bar of theme: rhythm, and scale steps above where it starts."""

    rhythm: Rhythm
    steps: tuple[int, ...]


@dataclass(frozen=True)
class ThemeBar:
    """What the theme has in one bar of a material."""

    rhythm: Rhythm  # empty: a rest
    aims: tuple[float, ...]  # scale steps above the middle of the register
    energy: float  # of the phrase it was composed for


def write_theme(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """All notes of the melody, for every player who carries it."""
    themes = _themes(draft)
    raised = _raised(draft, themes)
    notes: list[Note] = []
    for bar in draft.bars:
        carriers = [(i, p) for i, p in players if p.levels[0] <= bar.phrase_level <= p.levels[1]]
        if bar.ending == "hold":
            notes += _final_note(draft, bar, carriers)
        else:
            octaves = int((bar.section, bar.phrase) in raised)
            notes += _bar_notes(draft, bar, themes, carriers, octaves)
    return notes


def _raised(draft: Draft, themes: dict[tuple[int, int], ThemeBar]) -> set[tuple[int, int]]:
    """Phrases (section, number) that bring a calm theme back loud: an octave higher, where it has room."""
    phrases: dict[tuple[int, int], list[Bar]] = {}
    for bar in draft.bars:
        if bar.ending != "hold":
            phrases.setdefault((bar.section, bar.phrase), []).append(bar)
    raised: set[tuple[int, int]] = set()
    for place, bars in reversed(phrases.items()):
        first = float(np.mean([themes[b.material, b.source].energy for b in bars]))
        louder = bars[0].phrase_level >= 3 and bars[0].energy - first > RAISE_FROM
        top = max(note.aim for b in bars for note in _line(draft, b, themes))
        outdone = any(
            later[0] == place[0] and later not in raised and phrases[later][0].energy > bars[0].energy
            for later in phrases
            if later > place
        )  # a louder phrase that must stay low would sound like a retreat
        if louder and not outdone and top + 12 <= draft.palette.theme_high + HEADROOM:
            raised.add(place)
    return raised


def _themes(draft: Draft) -> dict[tuple[int, int], ThemeBar]:
    """(material, place) -> the theme's bar, composed at its first entrance."""
    themes: dict[tuple[int, int], ThemeBar] = {}
    for material in dict.fromkeys(bar.material for bar in draft.bars):
        members = [bar for bar in draft.bars if bar.material == material]
        energy = float(np.mean([bar.target for bar in members]))
        motifs = _motifs(draft, material, energy)
        last: float | None = None
        for bar in members:
            if (material, bar.place) not in themes:
                there = _joined(
                    _theme_bar(draft, bar, motifs), last, PHRASE_LEAP if bar.in_phrase == 0 else BAR_LEAP
                )
                themes[material, bar.place], last = there, there.aims[-1]
    return themes


def _joined(bar: ThemeBar, last: float | None, leap: float) -> ThemeBar:
    """The bar moved up or down so that it starts within a leap of where the line was."""
    if last is None:
        return bar
    too_far = bar.aims[0] - last - float(np.clip(bar.aims[0] - last, -leap, leap))
    return replace(bar, aims=tuple(step - too_far for step in bar.aims))


def _motifs(draft: Draft, material: int, energy: float) -> tuple[Motif, ...]:
    """The material's motifs: a, its answer, another one b, its answer."""
    dice = draft.dice("motif", material)
    beats = int(np.median([bar.beats for bar in draft.bars]))
    busy = int(np.clip(energy * 3 + dice.uniform(-0.3, 0.3), 0, 2))
    motifs = []
    for cells in (
        CELLS[draft.palette.feel][busy],
        CELLS[draft.palette.feel][max(busy - int(dice.random() < 0.5), 0)],
    ):
        rhythm = _rhythm(cells, beats, dice)
        steps = _contour(len(rhythm), dice)
        motifs += [Motif(rhythm, steps), _answer(Motif(rhythm, steps), cells, beats, dice)]
    return tuple(motifs)


def _rhythm(cells: tuple[tuple[float, ...], ...], beats: int, dice: np.random.Generator) -> Rhythm:
    """Cells strung together until the bar is full."""
    notes: list[tuple[float, float]] = []
    at = 0.0
    while at < beats:
        for length in cells[int(dice.integers(len(cells)))]:
            if length > 0 and at < beats:
                notes.append((at, min(length, beats - at)))
            at += abs(length)
    return tuple(notes) or ((0.0, float(beats)),)


def _contour(n: int, dice: np.random.Generator) -> tuple[int, ...]:
    """Steps of a motif: mostly by step, one leap, turned back after it."""
    steps, way = [0], int(dice.choice([-1, 1]))
    leap = int(dice.integers(1, max(n, 2)))
    for i in range(1, n):
        size = int(dice.choice([2, 2, 3, 4])) if i == leap else int(dice.random() < 0.85)
        steps.append(steps[-1] + way * size)
        if i == leap or dice.random() < 0.35:
            way = -way
    return tuple(steps)


def _answer(
    motif: Motif, cells: tuple[tuple[float, ...], ...], beats: int, dice: np.random.Generator
) -> Motif:
    """The motif's head with another tail, or the motif in sequence or upside down."""
    kind = dice.integers(3)
    if kind == 0:
        move = int(dice.choice([-1, 1, 2]))
        return Motif(motif.rhythm, tuple(s + move for s in motif.steps))
    if kind == 1:
        return Motif(motif.rhythm, tuple(-s for s in motif.steps))
    head = [note for note in motif.rhythm if note[0] < beats / 2]
    tail = [note for note in _rhythm(cells, beats, dice) if note[0] >= beats / 2]
    if head and tail:
        head[-1] = (head[-1][0], min(head[-1][1], tail[0][0] - head[-1][0]))
    rhythm = tuple(head + tail)
    return Motif(rhythm, _contour(len(rhythm), dice))


def _theme_bar(draft: Draft, bar: Bar, motifs: tuple[Motif, ...]) -> ThemeBar:
    """Which motif a bar has and where on the phrase's arch it lies."""
    scheme = int(draft.dice("scheme", bar.material).integers(3))  # a b a c | a a b c | a a' b c
    group = bar.phrase % 4
    pair = motifs[2:] if group == 2 else motifs[:2]
    if bar.last_in_phrase:
        return _closing_bar(bar, pair[0], question=group in (0, 2) and not bar.closes)
    order = ((0, 1, 0, 1), (0, 0, 1, 0), (0, 1, 1, 0))[scheme]
    motif = pair[order[bar.in_phrase % 4]]
    arch = np.sin(np.pi * (bar.in_phrase + 0.5) / max(bar.n_phrase, 1)) * 2.5
    sequence = (0, -1, 1)[scheme] * (bar.in_phrase if order[bar.in_phrase % 4] == 0 else 0)
    level = (
        5.0 * (bar.target - 0.4)
        + arch
        + sequence
        + (2 if group == 2 else 0)
        + 2.0 * (bar.index == draft.peak)
    )
    return ThemeBar(_fit(motif.rhythm, bar.beats), tuple(level + s for s in motif.steps), bar.energy)


def _closing_bar(bar: Bar, motif: Motif, question: bool) -> ThemeBar:
    """The phrase's last bar: a long note and a breath; a question stays up, an answer comes home."""
    long = max(bar.beats - 1.0, 1.0) if bar.beats > 1 else 1.0
    level = 5.0 * (bar.target - 0.4) * 0.6 + (1.0 if question else -1.0)
    if bar.beats >= 3 and question and len(motif.rhythm) > 1:
        head = [note for note in motif.rhythm if note[0] < 1.0]
        head = [(on, min(length, 1.0 - on)) for on, length in head] or [(0.0, 1.0)]
        rhythm = (*head, (1.0, bar.beats - 1.0 - BREATH))
        return ThemeBar(rhythm, tuple(level + s for s in (*motif.steps[: len(head)], 0)), bar.energy)
    return ThemeBar(((0.0, min(long, bar.beats - BREATH)),), (level,), bar.energy)


def _fit(rhythm: Rhythm, beats: int) -> Rhythm:
    """A rhythm in a bar of another length: cut off, or its last note held a little."""
    kept = [(on, min(length, beats - on)) for on, length in rhythm if on < beats]
    on, length = kept[-1]
    if on + length < beats:
        kept[-1] = (on, min(length + 1.0, beats - on))
    return tuple(kept)


def _silent(draft: Draft, bar: Bar) -> bool:
    """Bars where the theme waits: before its entrance, and every other phrase of calm stretches."""
    if bar.index < OPENING_BARS and len(draft.bars) >= 8 and bar.phrase_level <= 2:
        return True
    members = max(b.phrase for b in draft.bars if b.section == bar.section)
    return bar.phrase_level == 0 and bar.phrase % 2 == 1 and members > 1 and bar.phrase < members


@cache
def _scale_steps(mode: str) -> tuple[int, ...]:
    """Semitones of the scale's steps above the tonic."""
    return tuple(sorted(7 * k % 12 for k in scale_fifths(mode)))


def step_pitch(step: float, tonic: int, mode: str, middle: float) -> int:
    """The pitch so many scale steps above the tonic nearest to `middle`."""
    scale = _scale_steps(mode)
    octave, degree = divmod(round(step), 7)
    home = tonic + 12 * round((middle - tonic) / 12)
    return home + 12 * octave + scale[degree]


def _bar_notes(
    draft: Draft,
    bar: Bar,
    themes: dict[tuple[int, int], ThemeBar],
    carriers: list[tuple[int, Player]],
    octaves: int,
) -> list[Note]:
    """The theme's notes in a bar, for every carrier; `octaves` higher than written."""
    if _silent(draft, bar):
        return []
    notes = []
    for index, line in enumerate(_line(draft, bar, themes)):
        on = (line.onset - bar.start_tick) / PPQ
        arc = round(6 * np.sin(np.pi * (bar.in_phrase + on / bar.beats) / bar.n_phrase))
        key = tie_key(bar, "theme", index, on)
        for part, player in carriers:
            notes.append(_carried(draft, bar, line, player, part, arc, key, octaves))
    return notes


def _line(draft: Draft, bar: Bar, themes: dict[tuple[int, int], ThemeBar]) -> list[Note]:
    """The theme's own line in a bar."""
    theme = themes[bar.material, bar.source]
    rhythm = _fit(theme.rhythm, bar.beats)
    return [_line_note(draft, bar, *note, step) for note, step in zip(rhythm, theme.aims, strict=False)]


def _line_note(draft: Draft, bar: Bar, on: float, length: float, step: float) -> Note:
    """A note of the theme's own line, at the material's own pitch."""
    palette = draft.palette
    onset, duration = bar.start_tick + round(on * PPQ), round(length * PPQ)
    span = draft.span_at(bar, onset)
    chord, scale = draft.chord_mask(span), draft.scale_mask(span)
    firm = on == 0 or (on % 1 == 0 and length >= 1) or length >= 1.5 or on == (bar.beats + 1) // 2
    allowed = chord if firm else chord | scale
    middle = (palette.theme_low + palette.theme_high) / 2
    wanted = step_pitch(step, draft.tonic, draft.mode, middle) + bar.transpose
    aim = nearest(wanted, palette.theme_low + bar.transpose, palette.theme_high + bar.transpose, allowed)
    return Note(onset, duration, 0, 0, 0, 127, allowed, chord, aim)


def _carried(
    draft: Draft, bar: Bar, line: Note, player: Player, part: int, arc: int, key: tuple | None, octaves: int
) -> Note:
    """The line's note as one player has it."""
    lift = 12 * (player.octave + (octaves if player.octave <= 0 else 0))
    low = max(player.part.low, draft.palette.theme_low + lift - 3)
    high = min(player.part.high, draft.palette.theme_high + lift + HEADROOM)
    shift = lift + bar.transpose
    aim = nearest(line.aim + lift, low, high, line.allowed)
    gate = max(round(line.duration * 0.95), 60) if player.gate == 1.0 else round(line.duration * player.gate)
    return Note(line.onset, gate, part, 0, low, high, line.allowed, line.chord, aim, arc, key, shift)


def _final_note(draft: Draft, bar: Bar, carriers: list[tuple[int, Player]]) -> list[Note]:
    """The theme comes home: the tonic, held to the end of the film."""
    if bar.index and draft.bars[bar.index - 1].ending == "hold":
        return []
    line = _line_note(draft, bar, 0.0, float(bar.beats), 0.0)
    line.allowed = 1 << draft.spans[bar.index][0].tonic
    line.duration = draft.bars[-1].end_tick - bar.start_tick
    notes = []
    for part, player in carriers:
        note = _carried(draft, bar, line, player, part, 0, ("end", "theme"), 0)
        note.duration = line.duration
        notes.append(note)
    return notes
