"""What stands around the notes: tempo, rehearsal marks, cuts, chord symbols, dynamics and hairpins.

A `Mark` knows its tick and can make its element; the writer of a bar puts it before the note at
that tick, or gives it an offset into the note that is already sounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from tensionbgm.forms import Chord, Grid, Plan
from tensionbgm.render.midi import plain_text, section_starts
from tensionbgm.render.musicxml_spelling import Speller, name_of

TEMPO_TOLD = 0.04  # a tempo is printed when it differs by this share from the one printed last
PHRASE_BARS = 4  # dynamics are reconsidered at section starts and every so many bars
HAIRPIN_VELOCITY = 14  # a rise or fall inside a phrase that deserves a hairpin
LEVEL_SLACK = 10  # a level is kept while the velocities stay this close to it
LEVELS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}  # velocities

KINDS = {
    (0, 4, 7): "major",
    (0, 3, 7): "minor",
    (0, 3, 6): "diminished",
    (0, 4, 8): "augmented",
    (0, 5, 7): "suspended-fourth",
    (0, 2, 7): "suspended-second",
    (0, 7): "power",
    (0, 4, 7, 9): "major-sixth",
    (0, 3, 7, 9): "minor-sixth",
    (0, 4, 7, 10): "dominant",
    (0, 4, 7, 11): "major-seventh",
    (0, 3, 7, 10): "minor-seventh",
    (0, 3, 7, 11): "major-minor",
    (0, 3, 6, 9): "diminished-seventh",
    (0, 3, 6, 10): "half-diminished",
    (0, 4, 8, 10): "augmented-seventh",
    (0, 2, 4, 7, 10): "dominant-ninth",
    (0, 2, 4, 7, 11): "major-ninth",
    (0, 2, 3, 7, 10): "minor-ninth",
}  # semitones above the root -> MusicXML's kind
NEAREST = {
    (0, 5, 7, 10): ("suspended-fourth", "7sus4"),
    (0, 2, 4, 7): ("major", "add9"),
    (0, 2, 3, 7): ("minor", "m(add9)"),
    (0, 1, 4, 7, 10): ("dominant", "7b9"),
    (0, 3, 4, 7, 10): ("dominant", "7#9"),
}  # the nearest kind, and what is printed, where MusicXML has no word; readers print degrees twice
SHOWN = {
    "major": "", "minor": "m", "diminished": "dim", "augmented": "aug", "suspended-fourth": "sus4",
    "suspended-second": "sus2", "power": "5", "major-sixth": "6", "minor-sixth": "m6", "dominant": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "major-minor": "m(maj7)", "diminished-seventh": "dim7",
    "half-diminished": "m7b5", "augmented-seventh": "7#5", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9",
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """Something to print at a tick of the score."""

    tick: int
    rank: int  # order among the marks of one tick
    make: Callable[[int], Element]  # offset [ticks] from the note written next -> the element
    closing: bool = False  # belongs to what ends at this tick, not to what begins


# --------------------------------------------------------------------------- over the whole score


def conductor_marks(plan: Plan, cuts: list[tuple[int, str]]) -> Iterator[Mark]:
    """Tempo, rehearsal marks and cuts; they stand over the first part."""
    yield from _tempo_marks(plan.grid)
    tick = plan.grid.bar_tick.tolist()
    for bar, name in section_starts(plan.grid):
        yield Mark(tick[bar], 1, _rehearsal(plain_text(name)))
    for at, label in cuts:
        yield Mark(at, 3, _words(label), closing=at == tick[-1])


def _tempo_marks(grid: Grid) -> Iterator[Mark]:
    tempo = grid.bar_tempo_us.tolist()
    told = 0.0
    for bar, tick in enumerate(grid.bar_tick.tolist()[:-1]):
        if bar and tempo[bar] == tempo[bar - 1]:
            continue
        bpm = 6e7 / tempo[bar]
        printed = not told or abs(bpm / told - 1) >= TEMPO_TOLD
        told = bpm if printed else told
        yield Mark(tick, 0, _metronome(bpm) if printed else _silent_tempo(bpm))


def _metronome(bpm: float) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        direction, kind = _direction("above")
        metronome = SubElement(kind, "metronome", parentheses="no")
        SubElement(metronome, "beat-unit").text = "quarter"
        SubElement(metronome, "per-minute").text = f"{bpm:.1f}".removesuffix(".0")
        _offset(direction, offset)
        SubElement(direction, "sound", tempo=f"{bpm:.6f}")
        return direction

    return make


def _silent_tempo(bpm: float) -> Callable[[int], Element]:
    return lambda offset: Element("sound", tempo=f"{bpm:.6f}")


def _rehearsal(name: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        direction, kind = _direction("above")
        rehearsal = SubElement(kind, "rehearsal", enclosure="square")
        rehearsal.set("font-weight", "bold")
        rehearsal.text = name
        return _offset(direction, offset)

    return make


def _words(text: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        direction, kind = _direction("above")
        words = SubElement(kind, "words")
        words.set("font-size", "7")
        words.set("font-style", "italic")
        words.text = text
        return _offset(direction, offset)

    return make


# --------------------------------------------------------------------------- chord symbols


def chord_marks(plan: Plan, speller: Speller) -> Iterator[Mark]:
    """A chord symbol wherever the chord changes."""
    before = None
    end = int(plan.grid.bar_tick[-1])
    for chord in sorted(plan.chords, key=lambda c: c.start_tick):
        same = before is not None and (chord.symbol, chord.root, chord.bass, chord.pcs) == before
        before = chord.symbol, chord.root, chord.bass, chord.pcs
        if not same and 0 <= chord.start_tick < end:
            yield Mark(chord.start_tick, 4, _harmony(chord, speller))


def _harmony(chord: Chord, speller: Speller) -> Callable[[int], Element]:
    above = tuple(i for i in range(12) if (chord.pcs | 1 << chord.root) >> (chord.root + i) % 12 & 1)

    def make(offset: int) -> Element:
        harmony = Element("harmony", placement="above")
        _named(SubElement(harmony, "root"), "root", speller.chord_tone(chord, chord.root))
        _kind(harmony, above, chord.symbol)
        if chord.bass != chord.root:
            _named(SubElement(harmony, "bass"), "bass", speller.chord_tone(chord, chord.bass))
        return _offset(harmony, offset)

    return make


def _kind(harmony: Element, above: tuple[int, ...], symbol: str) -> None:
    name = KINDS.get(above, "other")
    shown = SHOWN[name] if name != "other" else plain_text(symbol.split("/")[0].lstrip("ABCDEFGH#b♯♭"))
    name, shown = NEAREST.get(above, (name, shown))
    SubElement(harmony, "kind", text=shown).text = name


def _named(parent: Element, what: str, fifth: int) -> None:
    step, alter, _ = name_of(fifth, 60)
    SubElement(parent, f"{what}-step").text = step
    if alter:
        SubElement(parent, f"{what}-alter").text = str(alter)


# --------------------------------------------------------------------------- dynamics


def dynamic_marks(notes: np.ndarray, grid: Grid) -> Iterator[Mark]:
    """Levels at section and phrase starts, hairpins where a phrase grows or fades.

    Parameters
    ----------
    notes : NOTE (m,)
        the part's notes
    grid : Grid
        bars and sections
    """
    tick = grid.bar_tick
    bar = np.searchsorted(tick, notes["onset_tick"], "right") - 1
    count = np.bincount(bar, minlength=grid.n_bars)
    mean = np.bincount(bar, notes["velocity"], minlength=grid.n_bars) / np.maximum(count, 1)
    level, told_until = "", 0  # the level in force; no need to say it again before this bar
    for start, end in _phrases(grid):
        sounding = start + np.flatnonzero(count[start:end])
        if not sounding.size:
            continue
        first, last = int(sounding[0]), int(sounding[-1])
        entry = int(notes["onset_tick"][bar == first].min())
        swell = _swell(mean[sounding])
        wanted = mean[first] if swell else mean[sounding] @ count[sounding] / count[sounding].sum()
        kept = level if level and abs(wanted - LEVELS[level]) <= LEVEL_SLACK else _level(wanted)
        if kept != level or first > told_until:
            yield Mark(entry, 5, _dynamics(kept))
        level, told_until = kept, last + 1
        if swell:
            yield from _hairpin(entry, int(tick[last + 1]), "crescendo" if swell > 0 else "diminuendo")
            level, told_until = _level(mean[last]), first  # where it has led is said next


def _phrases(grid: Grid) -> Iterator[tuple[int, int]]:
    """Bars of every phrase: sections, cut into stretches of `PHRASE_BARS`."""
    starts = [bar for bar, _ in section_starts(grid)]
    for start, end in zip(starts, [*starts[1:], grid.n_bars], strict=True):
        for bar in range(start, end, PHRASE_BARS):
            yield bar, min(bar + PHRASE_BARS, end)


def _swell(mean: np.ndarray) -> int:
    """1 if the loudness of these bars grows throughout, -1 if it fades, else 0."""
    if len(mean) < 2 or abs(mean[-1] - mean[0]) < HAIRPIN_VELOCITY:
        return 0
    way = int(np.sign(mean[-1] - mean[0]))
    return way if (np.diff(mean) * way > -LEVEL_SLACK / 2).all() else 0


def _level(velocity: float) -> str:
    return min(LEVELS, key=lambda name: abs(LEVELS[name] - velocity))


def _dynamics(level: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        direction, kind = _direction("below")
        SubElement(SubElement(kind, "dynamics"), level)
        _offset(direction, offset)
        SubElement(direction, "sound", dynamics=f"{LEVELS[level] / 0.9:.2f}")  # of forte, velocity 90
        return direction

    return make


def _hairpin(start: int, end: int, way: str) -> Iterator[Mark]:
    yield Mark(start, 6, _wedge(way))
    yield Mark(end, 0, _wedge("stop"), closing=True)


def _wedge(way: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        direction, kind = _direction("below")
        SubElement(kind, "wedge", type=way, number="1")
        return _offset(direction, offset)

    return make


def _direction(placement: str) -> tuple[Element, Element]:
    direction = Element("direction", placement=placement)
    return direction, SubElement(direction, "direction-type")


def _offset(element: Element, offset: int) -> Element:
    if offset:
        SubElement(element, "offset").text = str(offset)
    return element
