"""Bars and curve -> a chord for every span of the score.

A *cell* is one chord to choose; all returns of a bar, and all phrases that repeat it, share its
cell.  Each cell has one predecessor, the cell before its first entrance, so the cells form a tree.
Chosen are the chords that cost least, as a rule proven to (`harmony_exact`), by

    the misfit of all bars (`harmony_bars`)  +  FUNCTION (function - target)^2
        +  PROGRESSION progression  +  LEADING leading  +  RARITY rarity  +  PEDAL pedal
        +  ENDING ending  +  GOAL (a goal is missed)  +  drive  +  form

summed over all cells, where *function* is how far from home a chord's function is and *target* the mean of
the curve over all occurrences of the cell.  How usual a chord is, after one and after two others, alone,
over a pedal and at the end of a phrase, is counted in real harmony (`progressions`); the drive and what else
the form asks are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tensionbgm.forms import PPQ, Chord, Curve, Grid, Solver
from tensionbgm.plan.chords import FUNCTION_TENSION, Harmony, drive_cost, missed_goals, vocabulary
from tensionbgm.plan.harmony_bars import Heard, Row
from tensionbgm.plan.harmony_exact import solve
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.progressions import (
    ENDINGS,
    ending_cost,
    leading_cost,
    opening_cost,
    pedal_cost,
    progression_cost,
    rarity,
)

FUNCTION = 2.5  # weight of the squared misfit of a chord's function: calm is at home, tense is far away
PROGRESSION, LEADING, RARITY = 4.0, 4.0, 2.0  # weights of what is counted, in points
PEDAL, ENDING = 1.0, 1.0  # the last of how phrases end, and how the first one opens
GOAL = 1.0  # cost of a chord that wants a goal and goes elsewhere, beside what is counted
STAY = 0.35  # cost of a chord once more, and more so where the curve is high
CALM_DRIVE = 0.15  # share of what makes harmony lead on that counts in the calmest places too
TASTE = 1.0  # how far a seed may bend rarities
FAST = 0.65  # target above which a bar takes two chords
CALM = 0.3  # target below which a chord may last two bars
LONG_BAR_S = 3.4  # a bar longer than this always takes its own chord
SHORT_BAR_S = 1.5  # a bar shorter than this never takes two
FORBIDDEN = 1e3
COLOURED_END = 0.5  # target above which the last chord may keep a colour ...
COLOUR_COST = 0.3  # ... at this cost


@dataclass(frozen=True)
class Span:
    """A chord in its key, in one bar."""

    bar: int
    start_tick: int
    end_tick: int
    chord: Harmony
    tonic: int
    cell: int  # equal cells, equal chords


@dataclass
class _Cell:
    """A chord to choose."""

    parent: int  # cell before its first entrance, -1 for the first
    targets: list[float] = field(default_factory=list)
    form: list[str] = field(default_factory=list)  # what the form asks of it


def harmonise(
    grid: Grid, bars: tuple[Bar, ...], curve: Curve, tonic: int, mode: str, rng: np.random.Generator
) -> tuple[tuple[Span, ...], Solver]:
    """Choose all chords.

    Parameters
    ----------
    grid, bars, curve
        where the bars are and what tension they should have
    tonic, mode
        the home key; transposed returns shift it
    rng
        bends the taste a little, so that seeds differ

    Returns
    -------
    spans : tuple of Span
        in order of time; they cover the piece without gaps
    solver : Solver
        what they cost, and what no others would cost less than
    """
    cells, laid = _cells(grid, bars, curve)
    row = _row(cells, mode, rng)
    heard = _heard(cells, laid, grid, curve)
    chosen, solver = solve(row, heard, mode, rng)
    words = vocabulary(mode)
    spans = tuple(
        Span(bar.index, start, end, words[chosen[cell]], (tonic + bar.transpose) % 12, cell)
        for bar, start, end, cell in laid
    )
    return spans, solver


def _split_tick(bar: Bar) -> int:
    """Where a bar's second chord starts: its strong middle beat [ticks from the bar line]."""
    return (bar.beats + 1) // 2 * PPQ


def _cells(
    grid: Grid, bars: tuple[Bar, ...], curve: Curve
) -> tuple[list[_Cell], list[tuple[Bar, int, int, int]]]:
    """All cells in order of first entrance, and where each lies: (bar, start tick, end tick, cell)."""
    rhythm = _harmonic_rhythm(bars)
    peak = int(np.argmax([bar.target for bar in bars]))
    known: dict[tuple, int] = {}
    cells: list[_Cell] = []
    laid: list[tuple[Bar, int, int, int]] = []
    for bar in bars:
        for key, start, end in _bar_spans(bar, rhythm):
            if key not in known:
                known[key] = len(cells)
                cells.append(_Cell(parent=laid[-1][3] if laid else -1, form=_form(bar, key, peak)))
            time_s = grid.seconds(np.array([start, end]))
            cells[known[key]].targets.append(float(curve.mean(time_s[:1], time_s[1:])[0]))
            laid.append((bar, start, end, known[key]))
    return cells, laid


def _harmonic_rhythm(bars: tuple[Bar, ...]) -> dict[tuple[int, int], int]:
    """Chords in each bar of each material: 2, 1, or 0 where the chord before goes on."""
    members: dict[tuple[int, int], list[Bar]] = {}
    for bar in bars:
        members.setdefault((bar.material, bar.source), []).append(bar)
    return {key: _chords_in_bar(same) for key, same in members.items()}


def _chords_in_bar(same: list[Bar]) -> int:
    target = float(np.mean([bar.target for bar in same]))
    bar_s = min(bar.beats * bar.beat_s for bar in same)
    first = same[0]
    if target > FAST and bar_s > SHORT_BAR_S and min(bar.beats for bar in same) >= 2:
        return 2 if first.in_phrase % 2 or bar_s > LONG_BAR_S else 1
    calm = target < CALM and bar_s < LONG_BAR_S
    return 0 if calm and first.in_phrase % 2 and not first.last_in_phrase else 1


def _bar_spans(bar: Bar, rhythm: dict[tuple[int, int], int]) -> list[tuple[tuple, int, int]]:
    """The bar's chords as (cell key, start tick, end tick)."""
    start, end = bar.start_tick, bar.end_tick
    if bar.ending == "hold":
        return [(("hold",), start, end)]
    middle = start + _split_tick(bar)
    if bar.ending == "cadence":
        roomy = bar.beats >= 2 and bar.beats * bar.beat_s > SHORT_BAR_S
        parts = [(start, middle), (middle, end)] if roomy else [(start, end)]
        return [(("cadence", len(parts) - i), a, b) for i, (a, b) in enumerate(parts)]
    count = rhythm[bar.material, bar.source]
    if count == 2:
        place = (bar.material, bar.source)
        return [((*place, 0), start, middle), ((*place, 1), middle, end)]
    home = (bar.material, bar.source - (count == 0))
    later = int(count == 0 and rhythm.get(home, 1) == 2)  # what goes on is the last chord of the bar before
    return [((*home, later), start, end)]


def _form(bar: Bar, key: tuple, peak: int) -> list[str]:
    """What the form asks of a cell at its first entrance."""
    asked = []
    if key[0] == "hold":
        return ["final"]
    if key[0] == "cadence":
        asked.append("dominant" if key[1] == 1 else "predominant")
    elif bar.index + 1 == peak and not bar.opens:
        asked.append("drive")
    if bar.index == 0:
        asked.append("opening")
    elif bar.opens and bar.section == bar.material and bar.varies is None and not asked:
        asked.append("contrast")
    if bar.last_in_phrase and not asked:
        asked.append("close" if bar.closes else "half")
    return asked


def _row(cells: list[_Cell], mode: str, rng: np.random.Generator) -> Row:
    """What chords cost by themselves and in a row, the tension of the notes left out."""
    n = len(vocabulary(mode))
    taste = TASTE * rng.random((len(cells), n))
    return Row(
        parent=tuple(cell.parent for cell in cells),
        own=np.stack([_own_cost(cell, mode, some) for cell, some in zip(cells, taste, strict=True)]),
        pair=np.stack([_pair_cost(cell, mode) for cell in cells]),
        triple=drive_cost(mode),
        drive=np.array([_drive(cell) for cell in cells]),
        lead=LEADING * leading_cost(mode) + PEDAL * pedal_cost(mode),
    )


def _heard(cells: list[_Cell], laid: list[tuple[Bar, int, int, int]], grid: Grid, curve: Curve) -> Heard:
    """Each cell's share of each bar, and the level the curve asks of each component."""
    share = np.zeros((grid.n_bars, len(cells)))
    for bar, start, end, cell in laid:
        share[bar.index, cell] += (end - start) / (bar.end_tick - bar.start_tick)
    edge_s = grid.bar_us / 1e6
    return Heard(share, curve.mean(edge_s[:-1], edge_s[1:]))


def _drive(cell: _Cell) -> float:
    """How much three chords in a row must lead on: little where it is calm, all where it is tense."""
    return CALM_DRIVE + (1 - CALM_DRIVE) * float(np.clip(np.mean(cell.targets), 0.0, 1.0)) ** 2


def _pair_cost(cell: _Cell, mode: str) -> np.ndarray:
    """Progression, cadence, and staying, float (before, now)."""
    stay = np.diag(np.full(len(vocabulary(mode)), STAY + 0.8 * float(np.mean(cell.targets))))
    cadences = [ENDING * ending_cost(mode, asked) for asked in cell.form if asked in ENDINGS]
    return PROGRESSION * progression_cost(mode) + GOAL * missed_goals(mode) + sum(cadences, stay)


def _own_cost(cell: _Cell, mode: str, taste: np.ndarray) -> np.ndarray:
    """Rarity and form, float (n,)."""
    words = vocabulary(mode)
    far = np.array([FUNCTION_TENSION[chord.function] for chord in words])
    own = RARITY * rarity(mode) + taste
    own = own + FUNCTION * (far - np.mean(cell.targets)) ** 2
    for asked in cell.form:
        if asked == "opening":
            own = own + ENDING * opening_cost(mode)
        if asked not in ENDINGS:
            own = own + np.array([_form_cost(asked, chord) for chord in words])
    if "final" in cell.form and np.mean(cell.targets) > COLOURED_END:
        own = own + np.array([COLOUR_COST - FORBIDDEN if _coloured_tonic(chord) else 0.0 for chord in words])
    return own


def _coloured_tonic(chord: Harmony) -> bool:
    """The tonic with a colour: an end that stays tense."""
    coloured = chord.quality in ("add9", "madd9", "maj7", "m7", "mM7", "m6", "sus2")
    return chord.root == 0 and chord.function == "T" and chord.bass == 0 and coloured


def _form_cost(asked: str, chord: Harmony) -> float:
    """How badly a chord suits its place in the form; ours."""
    tonic_root = chord.root == 0 and chord.function == "T"
    plain = chord.quality in ("M", "m")
    if asked == "final":
        return 0.0 if tonic_root and plain and chord.bass == 0 else FORBIDDEN
    if asked == "dominant":
        named = chord.name in ("V", "V7", "V7sus4", "Vsus4", "viio7", "IV", "iv", "VII", "bVII", "N", "iv/1")
        return FORBIDDEN * (not named) + 0.9 * (chord.function != "D")
    if asked == "predominant":
        return 0.0 if chord.function == "S" or chord.name in ("N", "V7/V", "VI", "I64", "i64") else 0.8
    if asked == "drive":  # the dominant, or its pedal, before the film's tensest bar
        return 0.0 if chord.function == "D" else (0.5 if chord.root + chord.bass == 1 else 0.9)
    if asked == "opening":
        return 0.0 if tonic_root else (2.5 if chord.root + chord.bass == 0 else FORBIDDEN)
    if chord.root == 0:  # contrast
        return 1.0
    return 0.0 if chord.function in "TS" and plain else 0.3


def merge(spans: tuple[Span, ...], bars: tuple[Bar, ...], mode: str) -> tuple[Chord, ...]:
    """Spans as chords to print: equal neighbours are one chord, but sections start afresh."""
    chords: list[Chord] = []
    for span in spans:
        chord = span.chord
        new = Chord(
            span.start_tick,
            span.end_tick,
            chord.symbol(span.tonic, mode),
            chord.mask(span.tonic),
            (span.tonic + 7 * chord.root) % 12,
            chord.bass_pc(span.tonic),
        )
        fresh = bars[span.bar].opens and bars[span.bar].start_tick == span.start_tick
        last = chords[-1] if chords and not fresh else None
        if last and (last.symbol, last.pcs, last.bass) == (new.symbol, new.pcs, new.bass):
            chords[-1] = Chord(last.start_tick, new.end_tick, last.symbol, last.pcs, last.root, last.bass)
        else:
            chords.append(new)
    return tuple(chords)
