"""Materials -> their themes: which motif each bar has, on which arch it lies, and who plays it.

A phrase sets the motif, takes it up again or answers it, and closes on a long note with a breath after
it; a question stays up, an answer comes home; the third phrase of four contrasts, after common practice
in songs (a a b a).  The whole lies on an arch that rises with the curve; its top is the film's tensest
bar.  The theme is sung in every bar but those of the intro, however softly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tensionbgm.forms import PPQ
from tensionbgm.plan.climax import soaring, soars
from tensionbgm.plan.harmony import Span
from tensionbgm.plan.line import Basses, Place, moves_of, step_pitch, write_line
from tensionbgm.plan.motifs import Motif, Rhythm, answer, develop, fit, new_motif
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft, tie_key
from tensionbgm.plan.slots import Note, nearest

BREATH = 0.5  # rest after a phrase's last note, at least [beats]
BAR_LEAP = 2.0  # from one bar to the next [scale steps]
PHRASE_LEAP = 4.0  # into a new phrase [scale steps]
ARCH = 1.5  # how far a phrase rises and falls [scale steps]
SLOPE = 7.0  # how far the line rises from the calmest bar to the tensest [scale steps]
PEAK = 2.0  # how far the tensest bar stands out [scale steps]
STRAY = 2  # how far the search may bend the line [semitones]
HEADROOM = 7  # how far above its register it may then go [semitones]
RAISE_FROM = 0.25  # a theme this much louder than at first comes an octave higher


@dataclass(frozen=True)
class ThemeBar:
    """What the theme has in one bar of a material."""

    rhythm: Rhythm
    steps: tuple[float, ...]  # scale steps above the middle of the register
    energy: float  # of the phrase it was composed for
    pitch: tuple[int, ...] = ()  # the line as written, before any transposition


Themes = dict[tuple[int, int], ThemeBar]  # (material, place) -> bar


def write_theme(
    draft: Draft, players: list[tuple[int, Player]], themes: Themes, bass: list[Note]
) -> list[Note]:
    """All notes of the melody, for every player who carries it; `bass` is what it is heard against."""
    raised = raised_phrases(draft, themes)
    notes: list[Note] = []
    last = draft.palette.theme_low + 8
    for bar in draft.bars:
        carriers = [(i, p) for i, p in players if p.levels[0] <= bar.phrase_level <= p.levels[1]]
        if bar.ending == "hold":
            notes += _final_note(draft, bar, carriers, last, moves_of(bass))
        elif not bar.intro:
            octaves = int((bar.section, bar.phrase) in raised)
            notes += _bar_notes(draft, bar, themes, carriers, octaves)
            last = themes[bar.material, bar.source].pitch[-1] + 12 * octaves + bar.transpose
    return notes


def themes_of(draft: Draft, bass: list[Note]) -> Themes:
    """The theme's bar at each place of each material, composed at its first entrance."""
    pairs, under = _motifs(draft), moves_of(bass)
    themes: Themes = {}
    last: int | None = None
    for phrase in _phrases(draft):
        new = _phrase(draft, phrase, themes, pairs)
        if not new:
            continue
        line = write_line(
            [place for bar, there in new for place in _places(draft, bar, there, under)],
            draft.palette.theme_low,
            draft.palette.theme_high,
            last,
        )
        for bar, there in new:
            pitch, line = tuple(line[: len(there.rhythm)]), line[len(there.rhythm) :]
            themes[bar.material, bar.place] = replace(there, pitch=pitch)
            last = pitch[-1]
    return themes


def _phrases(draft: Draft) -> list[list[Bar]]:
    """The sung bars, phrase by phrase."""
    phrases: dict[tuple[int, int, int], list[Bar]] = {}
    for bar in draft.bars:
        if not bar.intro and bar.ending != "hold":
            phrases.setdefault((bar.section, bar.material, bar.phrase), []).append(bar)
    return list(phrases.values())


def _phrase(
    draft: Draft, phrase: list[Bar], themes: Themes, pairs: dict[int, tuple[Motif, ...]]
) -> list[tuple[Bar, ThemeBar]]:
    """The bars of a phrase that have not been composed yet, with their motifs, each near the one before.

    A varied return has the rhythm and the contour of what it varies.
    """
    new: list[tuple[Bar, ThemeBar]] = []
    last: float | None = None
    for bar in phrase:
        known = themes.get((bar.material, bar.source))
        if known is None:
            leap = PHRASE_LEAP if bar.in_phrase == 0 else BAR_LEAP
            varied = themes.get((bar.varies, bar.place)) if bar.varies is not None else None
            known = _joined(varied or _theme_bar(draft, bar, pairs[bar.material]), last, leap)
            new.append((bar, known))
        elif (bar.material, bar.place) not in themes:
            themes[bar.material, bar.place] = known
        last = known.steps[-1]
    return new


def _joined(bar: ThemeBar, last: float | None, leap: float) -> ThemeBar:
    """The bar moved up or down so that it starts within a leap of where the line was."""
    if last is None:
        return bar
    too_far = bar.steps[0] - last - float(np.clip(bar.steps[0] - last, -leap, leap))
    return replace(bar, steps=tuple(step - too_far for step in bar.steps))


def _motifs(draft: Draft) -> dict[int, tuple[Motif, ...]]:
    """Material -> its motifs: a and its answer, b and its answer."""
    roots = {root: _root_motifs(draft, root) for root in {idea.root for idea in draft.ideas.values()}}
    found: dict[int, tuple[Motif, ...]] = {}
    for material, idea in draft.ideas.items():
        a, answer_a, b, answer_b = roots[idea.root]
        pair = develop(idea.kind, (a, answer_a), draft.metre)
        found[material] = (*pair, b, answer_b)
    return found


def _root_motifs(draft: Draft, root: int) -> tuple[Motif, ...]:
    """The four motifs of a theme; b is the answer's contour upside down, so that it is no stranger."""
    feel, beats = draft.palette.feel, draft.metre
    dice = draft.dice("motif", feel, root)
    own = [bar.target for bar in draft.bars if draft.ideas[bar.material].root == root]
    busy = int(np.clip(np.mean(own) * 3 + dice.uniform(-0.3, 0.3), 0, 2))
    if root:
        busy = max(busy - 1, 0) if busy else 1
    a = new_motif(feel, busy, beats, dice, way=1 if root == 0 else -1)
    said = answer(a, feel, busy, beats, dice)
    b = answer(Motif(a.rhythm, tuple(-s for s in a.steps)), feel, max(busy - 1, 0), beats, dice)
    return a, said, b, Motif(a.rhythm, tuple(-s for s in a.steps))


def _theme_bar(draft: Draft, bar: Bar, motifs: tuple[Motif, ...]) -> ThemeBar:
    """Which motif a bar has and where on the phrase's arch it lies."""
    idea = draft.ideas[bar.material]
    group = bar.phrase % 4
    pair = motifs[2:] if group == 2 else motifs[:2]
    if soars(draft, bar) and bar.n_phrase > 1:
        return ThemeBar(*soaring(draft, bar, motifs[0]), bar.energy)
    if bar.last_in_phrase and bar.n_phrase > 1:
        return _closing_bar(draft, bar, pair[0], question=group in (0, 2) and not bar.closes)
    scheme = int(draft.dice("scheme", idea.root).integers(3))  # a a' b | a b a' | a a' b
    order = ((0, 0, 1, 0), (0, 1, 0, 1), (0, 0, 1, 1))[scheme]
    if idea.kind == "augmented":
        order = (0, 1, 0, 1)
    turn = order[bar.in_phrase % 4]
    motif = pair[turn]
    way = -1 if idea.lift > 0 or scheme == 1 else 1
    sequence = way * (bar.in_phrase if turn == 0 and idea.kind != "augmented" else 0)
    level = _level(draft, bar) + sequence + (2 if group == 2 else 0)
    if bar.n_phrase == 1:
        return _lone_bar(bar, motif, level)
    rhythm = fit(motif.rhythm, bar.beats)
    level -= (max(motif.steps) + min(motif.steps)) / 2
    return ThemeBar(rhythm, tuple(level + s for s in motif.steps[: len(rhythm)]), bar.energy)


def _level(draft: Draft, bar: Bar) -> float:
    """Where a bar lies: with the curve, on its phrase's arch, the tensest on top [scale steps]."""
    arch = ARCH * float(np.sin(np.pi * (bar.in_phrase + 0.5) / max(bar.n_phrase, 1)))
    lift = draft.ideas[bar.material].lift
    return SLOPE * (bar.target - 0.5) + arch + lift + PEAK * (bar.index == draft.peak)


def _lone_bar(bar: Bar, motif: Motif, level: float) -> ThemeBar:
    """A section of one bar: the motif's head, and rest."""
    half = max(bar.beats / 2, 1.0)
    head = [(on, length) for on, length in fit(motif.rhythm, bar.beats) if on < half]
    on = head[-1][0]
    head[-1] = (on, max(bar.beats - BREATH - on, 0.5))
    return ThemeBar(tuple(head), tuple(level + s for s in motif.steps[: len(head)]), bar.energy)


def _closing_bar(draft: Draft, bar: Bar, motif: Motif, question: bool) -> ThemeBar:
    """The phrase's last bar: head, long note and breath; a question stays up, an answer comes home."""
    level = SLOPE * (bar.target - 0.5) * 0.8 + (1.0 if question else -1.0) + PEAK * (bar.index == draft.peak)
    start = min(2.0, bar.beats / 2) if bar.beats >= 3 and bar.n_phrase == 2 else 1.0
    if bar.beats >= 3 and (question or bar.n_phrase == 2) and len(motif.rhythm) > 1:
        head = [(on, min(length, start - on)) for on, length in motif.rhythm if on < start] or [(0.0, start)]
        rhythm = (*head, (start, bar.beats - start - BREATH))
        home = 0 if question else -1
        return ThemeBar(rhythm, tuple(level + s for s in (*motif.steps[: len(head)], home)), bar.energy)
    long = max(bar.beats - 1.0, 1.0)
    return ThemeBar(((0.0, min(long, bar.beats - BREATH)),), (level,), bar.energy)


def _places(draft: Draft, bar: Bar, there: ThemeBar, bass: Basses) -> list[Place]:
    """The bar's notes, still without pitch."""
    palette, places = draft.palette, []
    for (on, length), step in zip(there.rhythm, there.steps, strict=True):
        onset = bar.start_tick + round(on * PPQ)
        chord, allowed = masks(draft, bar, on, length)
        down = bar.transpose % 12
        chord, allowed = _rotated(chord, -down), _rotated(allowed, -down)
        middle = (palette.theme_low + palette.theme_high) / 2
        wanted = step_pitch(step, draft.tonic, draft.mode, middle)
        now, before = (p - bar.transpose for p in bass.get(onset, (-99, -99)))
        places.append(Place(wanted, allowed, chord, now, before))
    return places


def _rotated(mask: int, up: int) -> int:
    up %= 12
    return (mask << up | mask >> (12 - up)) & 0xFFF


def masks(draft: Draft, bar: Bar, on: float, length: float) -> tuple[int, int]:
    """(chord, allowed) pitch classes of a note: chord tones where it weighs, scale tones between."""
    span = draft.span_at(bar, bar.start_tick + round(on * PPQ))
    chord, scale = draft.chord_mask(span), draft.scale_mask(span)
    firm = on == 0 or length >= 1.5 or (on == (bar.beats + 1) // 2 and length >= 1)
    third = 0 if len(span.chord.tones) > 2 else _third(draft, span)
    return chord, chord | third if firm else chord | scale


def _third(draft: Draft, span: Span) -> int:
    """The key's third above an open fifth's root: the tune may say what the chord leaves open."""
    scale = draft.scale_mask(span)
    root = (span.tonic + 7 * span.chord.root) % 12
    return next((1 << (root + k) % 12 for k in (3, 4) if scale >> (root + k) % 12 & 1), 0)


def raised_phrases(draft: Draft, themes: Themes) -> set[tuple[int, int]]:
    """Phrases (section, number) that bring a calm theme back loud: an octave higher, where it has room."""
    phrases = {(bars[0].section, bars[0].phrase): bars for bars in _phrases(draft)}
    raised: set[tuple[int, int]] = set()
    for place, bars in reversed(phrases.items()):
        first = float(np.mean([themes[b.material, b.source].energy for b in bars]))
        louder = bars[0].phrase_level >= 3 and bars[0].energy - first > RAISE_FROM
        top = max(max(themes[b.material, b.source].pitch) + b.transpose for b in bars)
        outdone = any(
            later[0] == place[0] and later not in raised and phrases[later][0].energy > bars[0].energy
            for later in phrases
            if later > place
        )  # a louder phrase that must stay low would sound like a retreat
        if louder and not outdone and top + 12 <= draft.palette.theme_high + HEADROOM:
            raised.add(place)
    return raised


def _bar_notes(
    draft: Draft, bar: Bar, themes: Themes, carriers: list[tuple[int, Player]], octaves: int
) -> list[Note]:
    """The theme's notes in a bar, for every carrier; `octaves` higher than written."""
    theme = themes[bar.material, bar.source]
    notes = []
    for (on, length), pitch in zip(fit(theme.rhythm, bar.beats), theme.pitch, strict=False):
        arc = round(6 * np.sin(np.pi * (bar.in_phrase + on / bar.beats) / bar.n_phrase))
        key = tie_key(bar, "theme", on)
        chord, allowed = masks(draft, bar, on, length)
        onset, duration = bar.start_tick + round(on * PPQ), round(length * PPQ)
        for part, player in carriers:
            lift = 12 * (player.octave + (octaves if player.octave <= 0 else 0)) + bar.transpose
            note = Note(onset, duration, part, 0, 0, 127, allowed, chord, pitch, arc, key, lift)
            notes.append(_carried(draft, note, player))
    return notes


def _carried(draft: Draft, note: Note, player: Player) -> Note:
    """The note, `aim` as the line has it, as one player has it: in range, with room for the search."""
    low = max(player.part.low, draft.palette.theme_low + note.shift - STRAY)
    high = min(player.part.high, draft.palette.theme_high + note.shift + HEADROOM)
    aim = nearest(note.aim + note.shift, low, high, note.allowed)
    gate = 0.95 if player.gate == 1.0 else player.gate
    note.duration = max(round(note.duration * gate), 60)
    note.low, note.high, note.aim = max(low, aim - STRAY), min(high, aim + STRAY), aim
    return note


def _final_note(
    draft: Draft, bar: Bar, carriers: list[tuple[int, Player]], last: int, bass: Basses
) -> list[Note]:
    """The theme comes home: the tonic nearest to where it was, held to the end of the film."""
    if bar.index and draft.bars[bar.index - 1].ending == "hold":
        return []
    tonic = 1 << draft.spans[bar.index][0].tonic
    now, before = bass.get(bar.start_tick, (-1, -1))
    pitch = write_line(
        [Place(last, tonic, tonic, now, before)],
        draft.palette.theme_low - 3,
        draft.palette.theme_high + HEADROOM,
        last,
    )[0]
    duration = draft.bars[-1].end_tick - bar.start_tick
    notes = []
    for part, player in carriers:
        chord = draft.chord_mask(draft.spans[bar.index][0])
        note = Note(
            bar.start_tick, duration, part, 0, 0, 127, tonic, chord, pitch, 0, ("end",), 12 * player.octave
        )
        note = _carried(draft, note, player)
        note.duration = duration
        notes.append(note)
    return notes
