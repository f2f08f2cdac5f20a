"""Grid and curve -> every bar's place in the form: section, theme, phrase, energy, level.

A *material* is the music of all sections that share a label and about the same tension (`returns`).
It is as long as the section that first brings it; a longer return says a short one twice, the second
time with another end, and then starts it again.  Inside a material phrases are four bars long, and a
phrase may repeat an earlier one where the curve asks for the same tension twice.  A longer piece that
starts calmly has an intro of `INTRO` bars, a material of its own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from tensionbgm.forms import PPQ, Curve, Grid
from tensionbgm.plan.returns import exact_of

PHRASE = 4  # bars
INTRO = 2  # bars before the theme enters ...
INTRO_FROM = 16  # ... in a piece of at least so many bars ...
INTRO_SECTION = 6  # ... whose first section has at least so many ...
INTRO_CALM = 0.3  # ... and starts below this tension
ALIKE = 0.12  # phrases whose bars' tension differs less on average may be the same music
CADENCE_FROM = 4  # bars a return has at least if the film's last cadence is to take one of them
LEVELS = (0.2, 0.4, 0.6, 0.8)  # energy thresholds between levels 0..4
MARGIN = 0.06  # inside a phrase the level changes only beyond a threshold by this much
HOLD_S = 1.5  # the last chord is held at least about this long
STRONGEST = 0.7  # cuts of this weight on a downbeat turn the music, as sections do
MET_S = 0.04  # from the bar line
LOUD = 3  # level from which an arrival is one
FALLS = 2  # levels at once that leave a hole behind


@dataclass(frozen=True)
class Bar:
    """One bar and where it stands."""

    index: int
    start_tick: int
    beats: int
    beat_s: float  # duration of a quarter
    section: int
    material: int  # index of the section that brings this music first
    place: int  # bar of the material
    source: int  # place whose music this bar has: `place`, or an earlier one it repeats
    phrase: int  # number of the phrase in its section
    in_phrase: int  # bar of the phrase
    n_phrase: int  # bars in the phrase
    transpose: int  # semitones above the material's own pitch
    target: float  # mean of the curve, 0..1
    energy: float  # mean of the curve over the phrase, 0..1
    level: int  # 0 calm .. 4 tutti
    phrase_level: int  # the same for the whole phrase: what carries the theme
    opens: bool  # first bar of a section
    closes: bool  # last bar of a section
    ending: str  # "" | "cadence" | "hold": the last bars of the film
    intro: bool = False  # before the theme
    steady: float = 0.0  # the target followed with some play: players come and go by it
    varies: int | None = None  # material whose theme this one varies, if it does
    turn: str = ""  # "" | "drop": louder at a section's start or a strongest cut | "fall": much calmer there

    @property
    def end_tick(self) -> int:
        """Where the next bar starts."""
        return self.start_tick + self.beats * PPQ

    @property
    def last_in_phrase(self) -> bool:
        """Whether the phrase closes in this bar."""
        return self.in_phrase == self.n_phrase - 1


def split_phrases(n_bars: int) -> list[int]:
    """Lengths of the phrases of a stretch: fours, and an end of 2, 3 or 5 bars if it must be."""
    fours, rest = divmod(n_bars, PHRASE)
    lengths = [PHRASE] * fours
    if rest == 1 and fours:
        lengths[-1] += 1
    elif rest:
        lengths.append(rest)
    return lengths


def lay_out(grid: Grid, curve: Curve) -> tuple[Bar, ...]:
    """The place of every bar; deterministic."""
    bar_s = grid.bar_us / 1e6
    target = np.clip(curve.mean(bar_s[:-1], bar_s[1:]), 0.0, 1.0)
    endings = _endings(grid)
    bars: list[Bar] = []
    for section in _walk(grid, target):
        bars.extend(_section_bars(grid, section, target, endings))
    source = share_phrases(bars, {at.material: at.phrases for at in _walk(grid, target)})
    turns = _turns(grid, bars)
    return tuple(
        replace(bar, source=source[bar.material, bar.place], turn=turns.get(bar.index, "")) for bar in bars
    )


@dataclass(frozen=True)
class _Stretch:
    """The bars of one section and the shape of its material."""

    section: int
    first: int
    stop: int
    material: int
    phrases: tuple[int, ...]  # phrase lengths of the material
    intro: bool = False
    varies: int | None = None


def _walk(grid: Grid, target: np.ndarray) -> list[_Stretch]:
    """Sections that have bars, in order of time, with their materials; the intro is a stretch of its own."""
    edges = np.flatnonzero(np.diff(grid.bar_section)) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), grid.n_bars]
    spans = [(int(grid.bar_section[a]), a, b) for a, b in zip(starts, stops, strict=True)]
    found = []
    if _has_intro(spans, target):
        section, first, stop = spans[0]
        spans[0] = (section, first + INTRO, stop)
        found.append(_Stretch(section, first, first + INTRO, len(grid.sections), (INTRO,), intro=True))
    theme = {s: _material_of(grid, s) for s, _, _ in spans}
    owner = exact_of(spans, theme, target)
    shapes = {m: _shape([(a, b) for s, a, b in spans if owner[s] == m]) for m in set(owner.values())}
    varies = {s: theme[s] if theme[s] != owner[s] else None for s in owner}
    return found + [
        _Stretch(s, a, b, owner[s], shapes[owner[s]], varies=varies[owner[s]]) for s, a, b in spans
    ]


def _has_intro(spans: list[tuple[int, int, int]], target: np.ndarray) -> bool:
    _, first, stop = spans[0]
    return len(target) >= INTRO_FROM and stop - first >= INTRO_SECTION and target[:INTRO].mean() < INTRO_CALM


def _material_of(grid: Grid, section: int) -> int:
    first = grid.sections[section].repeats
    return section if first is None or not 0 <= first < section else first


def _shape(spans: list[tuple[int, int]]) -> tuple[int, ...]:
    first = spans[0][1] - spans[0][0]
    longest = max(b - a for a, b in spans)
    if first < PHRASE and longest > first:
        return (first, first)
    return tuple(split_phrases(first))


def _endings(grid: Grid) -> dict[int, str]:
    """Which bars end the film: the bars of the held tonic and the cadence before it.

    A short return at the end keeps its music up to the last bar: to hear the theme once more is
    more of an end than a cadence.
    """
    length_s = np.diff(grid.bar_us) / 1e6
    last = int(grid.bar_section[-1])
    n_last = int(np.sum(grid.bar_section == last))
    hold = grid.n_bars - 1
    while hold > 1 and length_s[hold:].sum() < HOLD_S and grid.n_bars - hold < 2 and n_last > 2:
        hold -= 1
    endings = dict.fromkeys(range(hold, grid.n_bars), "hold")
    returns = _material_of(grid, last) != last and n_last < CADENCE_FROM
    if hold > 0 and not (returns and n_last > 1):
        endings[hold - 1] = "cadence"
    return endings


def level_of(energy: float) -> int:
    """Energy 0..1 -> level 0..4."""
    return int(np.searchsorted(LEVELS, energy, side="right"))


def _section_bars(grid: Grid, at: _Stretch, target: np.ndarray, endings: dict[int, str]) -> list[Bar]:
    """All bars of one section."""
    bars: list[Bar] = []
    first, number = at.first, 0
    while first < at.stop:
        for place, n_phrase in _phrase_starts(at.phrases):
            stop = min(first + n_phrase, at.stop)
            if at.stop - stop == 1 and stop - first > 1:
                stop -= 1  # two short phrases rather than one and a lone bar
            if first < stop:
                bars += _phrase_bars(grid, at, (first, stop), number, place, target, endings)
                first, number = stop, number + 1
    return bars


def _phrase_starts(lengths: tuple[int, ...]) -> list[tuple[int, int]]:
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).tolist()
    return list(zip(starts, lengths, strict=True))


def _phrase_bars(
    grid: Grid,
    at: _Stretch,
    span: tuple[int, int],
    number: int,
    place: int,
    target: np.ndarray,
    endings: dict[int, str],
) -> list[Bar]:
    """The bars of one phrase; `place` is the material's bar it starts with."""
    first, stop = span
    energy = float(target[first:stop].mean())
    level, steady = level_of(energy), energy
    phrase_level = level
    edges = np.flatnonzero(grid.bar_section == at.section)
    bars = []
    for b in range(first, stop):
        level = _follow(level, float(target[b]))
        steady = float(np.clip(steady, target[b] - MARGIN, target[b] + MARGIN))
        here = place + b - first
        bars.append(
            Bar(
                index=b,
                start_tick=int(grid.bar_tick[b]),
                beats=int(grid.bar_beats[b]),
                beat_s=float(grid.bar_tempo_us[b]) / 1e6,
                section=at.section,
                material=at.material,
                place=here,
                source=here,
                phrase=number,
                in_phrase=b - first,
                n_phrase=stop - first,
                transpose=_transpose(grid, at),
                target=float(target[b]),
                energy=energy,
                level=level,
                phrase_level=phrase_level,
                opens=b == edges[0],
                closes=b == edges[-1],
                ending=endings.get(b, ""),
                intro=at.intro,
                steady=steady,
                varies=at.varies,
            )
        )
    return bars


def _turns(grid: Grid, bars: list[Bar]) -> dict[int, str]:
    """Bars in which the music turns: into full force, or from force into calm."""
    strongest = np.asarray(grid.cut_s)[np.asarray(grid.cut_weight) >= STRONGEST]
    found = {}
    for before, bar in itertools.pairwise(bars):
        line_s = float(grid.bar_us[bar.index]) / 1e6
        if not bar.opens and not (np.abs(strongest - line_s) <= MET_S).any():
            continue
        if bar.level >= LOUD and bar.level > before.level:
            found[bar.index] = "drop"
        elif before.level - bar.level >= FALLS and not bar.ending:
            found[bar.index] = "fall"
    return found


def _transpose(grid: Grid, at: _Stretch) -> int:
    return grid.sections[at.section].transpose if at.section > at.material or at.varies is not None else 0


def _follow(level: int, target: float) -> int:
    """The level moves on only when the curve has clearly left its band."""
    low = 0.0 if level == 0 else LEVELS[level - 1]
    high = 1.0 if level == len(LEVELS) else LEVELS[level]
    if target < low - MARGIN or target > high + MARGIN:
        return level_of(target)
    return level


def share_phrases(bars: list[Bar], phrases: dict[int, tuple[int, ...]]) -> dict[tuple[int, int], int]:
    """(material, place) -> the place whose music it has.

    Phrases of four bars may repeat the first phrase of their group of four (a a b a) up to their
    last bar, where the curve, averaged over all returns, asks for nearly the same tension.  Shorter
    phrases of equal length repeat the first one always: they are there because a return needs them.

    Parameters
    ----------
    phrases : dict
        material -> its phrases' lengths
    """
    targets: dict[tuple[int, int], list[float]] = {}
    for bar in bars:
        targets.setdefault((bar.material, bar.place), []).append(bar.target)
    mean = {key: float(np.mean(values)) for key, values in targets.items()}
    source = {key: key[1] for key in mean}
    for material, lengths in phrases.items():
        for number, (start, length) in enumerate(_phrase_starts(lengths)):
            model = sum(lengths[: number // 4 * 4])
            pairs = [(start + i, model + i) for i in range(max(min(length, lengths[0]) - 1, 0))]
            pairs = [(p, q) for p, q in pairs if (material, p) in mean and (material, q) in mean]
            if not pairs or start == model or number % 4 == 2:
                continue
            apart = np.mean([abs(mean[material, p] - mean[material, q]) for p, q in pairs])
            if lengths[0] < PHRASE or (length >= PHRASE and apart < ALIKE):
                source |= {(material, p): source[material, q] for p, q in pairs}
    return source
