"""What stands around the notes: tempo, rehearsal marks, cuts, manners of playing, chord symbols.

A `Mark` knows its tick and can make its element; the writer of a bar puts it before the note at
that tick, or gives it an offset into the note that is already sounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from tensionbgm.forms import Chord, Grid, Plan
from tensionbgm.render.midi import cut_ticks, plain_text, section_starts
from tensionbgm.render.musicxml_spelling import Speller, name_of

TEMPO_TOLD = 2  # a tempo is printed when it differs by so many whole beats a minute from the one printed last

MANNERS = {28: "palm mute", 31: "harm.", 36: "slap", 37: "slap", 44: "trem.", 45: "pizz.", 59: "con sord."}
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


def conductor_marks(plan: Plan) -> Iterator[Mark]:
    """Tempo, rehearsal marks and cuts; they stand over the highest staff."""
    yield from _tempo_marks(plan.grid)
    tick = plan.grid.bar_tick.tolist()
    for bar, name in section_starts(plan.grid):
        yield Mark(tick[bar], 1, _rehearsal(plain_text(name)))
    for at, time_s in zip(cut_ticks(plan.grid), plan.grid.cut_s.tolist(), strict=True):
        yield Mark(at[0], 3, words(f"cut {time_s:.1f} s"), closing=at[0] == tick[-1])


def manner_mark(program: int, notes: np.ndarray) -> Iterator[Mark]:
    """How the part's first note is to be played, where its General MIDI program says so."""
    if program in MANNERS and len(notes):
        yield Mark(int(notes["onset_tick"][0]), 2, words(MANNERS[program], "9"))


def _tempo_marks(grid: Grid) -> Iterator[Mark]:
    tempo = grid.bar_tempo_us.tolist()
    told = 0
    for bar, tick in enumerate(grid.bar_tick.tolist()[:-1]):
        if bar and tempo[bar] == tempo[bar - 1]:
            continue
        bpm = 6e7 / tempo[bar]
        printed = not told or abs(round(bpm) - told) >= TEMPO_TOLD
        told = round(bpm) if printed else told
        yield Mark(tick, 0, _metronome(bpm) if printed else _silent_tempo(bpm))


def _metronome(bpm: float) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        whole, kind = direction("above")
        metronome = SubElement(kind, "metronome", parentheses="no")
        SubElement(metronome, "beat-unit").text = "quarter"
        SubElement(metronome, "per-minute").text = str(round(bpm))
        placed(whole, offset)
        SubElement(whole, "sound", tempo=f"{bpm:.6f}")
        return whole

    return make


def _silent_tempo(bpm: float) -> Callable[[int], Element]:
    return lambda offset: Element("sound", tempo=f"{bpm:.6f}")


def _rehearsal(name: str) -> Callable[[int], Element]:
    def make(offset: int) -> Element:
        whole, kind = direction("above")
        rehearsal = SubElement(kind, "rehearsal", enclosure="square")
        rehearsal.set("font-weight", "bold")
        rehearsal.text = name
        return placed(whole, offset)

    return make


def words(text: str, size: str = "7", style: str = "italic") -> Callable[[int], Element]:
    """A maker of words above the staff."""

    def make(offset: int) -> Element:
        whole, kind = direction("above")
        said = SubElement(kind, "words")
        said.set("font-size", size)
        said.set("font-style", style)
        said.text = text
        return placed(whole, offset)

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
        return placed(harmony, offset)

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


def direction(placement: str) -> tuple[Element, Element]:
    """An empty direction, and the element that holds what it says."""
    whole = Element("direction", placement=placement)
    return whole, SubElement(whole, "direction-type")


def placed(element: Element, offset: int) -> Element:
    """The element, said to stand `offset` ticks after the note written next."""
    if offset:
        SubElement(element, "offset").text = str(offset)
    return element
