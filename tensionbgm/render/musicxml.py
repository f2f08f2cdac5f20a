"""Piece -> a score in MusicXML 4.0 that a notation program opens without repair.

Concert pitch, one staff a part, in the order of the plan.  Time is written in ticks (`divisions`
is `PPQ`), so what lies on the grid of 16ths, 32nds, triplets or quintuplets is exact; anything
else is written at the nearest place of these.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Key, Part, Piece, Plan
from tensionbgm.render.midi import check_piece, cut_ticks, notes_by_part, plain_text, section_starts
from tensionbgm.render.musicxml_clefs import abbreviation, choose_clef
from tensionbgm.render.musicxml_drums import drum, drum_bars
from tensionbgm.render.musicxml_lines import Voice, bars_of, lines_of
from tensionbgm.render.musicxml_marks import Mark, chord_marks, conductor_marks, dynamic_marks
from tensionbgm.render.musicxml_measure import Staff, write_bar
from tensionbgm.render.musicxml_spelling import Speller, key_fifths
from tensionbgm.version import VERSION

DRUM_CHANNEL = 9
LOWEST_PITCH = 13  # what lies lower may need an octave below MusicXML's lowest
_HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def write_musicxml(piece: Piece, path: Path) -> None:
    """Write a piece as a partwise MusicXML 4.0 score, aside first, then renamed.

    Parameters
    ----------
    piece : Piece
        music; on one channel equal pitches never overlap (see `notes_by_part`)
    path : Path
        the file to write or replace

    Raises
    ------
    InputError
        the piece contradicts itself (see `check_piece`), a pitch is below what MusicXML can name,
        or the file cannot be written
    """
    check_piece(piece)
    score = _score(piece)
    indent(score, " ")
    aside = path.with_name(path.name + ".part")
    try:
        aside.write_text(_HEADER + tostring(score, "unicode") + "\n", encoding="utf-8", newline="\n")
        os.replace(aside, path)
    except OSError as fault:
        aside.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({fault.strerror}); choose another folder") from fault


def _score(piece: Piece) -> Element:
    plan, notes = piece.plan, notes_by_part(piece)
    score = Element("score-partwise", version="4.0")
    SubElement(SubElement(score, "work"), "work-title").text = plain_text(plan.title)
    _identification(score)
    _defaults(score)
    part_list = SubElement(score, "part-list")
    for number, part in enumerate(plan.parts, 1):
        part_list.append(_score_part(f"P{number}", part, notes[number - 1]))
    speller = Speller(plan)
    for index, part in enumerate(plan.parts):
        marks = _marks(plan, index, notes[index], speller)
        score.append(_part(f"P{index + 1}", part, notes[index], marks, plan, speller))
    return score


def _identification(score: Element) -> None:
    encoding = SubElement(SubElement(score, "identification"), "encoding")
    SubElement(encoding, "software").text = f"tensionbgm {VERSION}"
    for element in ("accidental", "beam"):
        SubElement(encoding, "supports", element=element, type="yes")


def _defaults(score: Element) -> None:
    """A4 upright with staves of 5.5 mm: a dozen parts fit on a page."""
    defaults = SubElement(score, "defaults")
    scaling = SubElement(defaults, "scaling")
    SubElement(scaling, "millimeters").text = "5.5"
    SubElement(scaling, "tenths").text = "40"
    page = SubElement(defaults, "page-layout")
    SubElement(page, "page-height").text = str(round(297 / 5.5 * 40))
    SubElement(page, "page-width").text = str(round(210 / 5.5 * 40))


# --------------------------------------------------------------------------- part list


def _score_part(part_id: str, part: Part, notes: np.ndarray) -> Element:
    element = Element("score-part", id=part_id)
    name = plain_text(part.name) or part_id
    SubElement(element, "part-name").text = name
    SubElement(element, "part-abbreviation").text = abbreviation(name)
    keys = sorted({*notes["pitch"].tolist()}) if part.channel == DRUM_CHANNEL else []
    for key in keys:
        player = SubElement(element, "score-instrument", id=f"{part_id}-I{key}")
        SubElement(player, "instrument-name").text = drum(key).name
    if not keys:
        player = SubElement(element, "score-instrument", id=f"{part_id}-I1")
        SubElement(player, "instrument-name").text = name
    for key in keys or [None]:
        element.append(_midi_instrument(f"{part_id}-I{1 if key is None else key}", part, key))
    return element


def _midi_instrument(instrument_id: str, part: Part, key: int | None) -> Element:
    element = Element("midi-instrument", id=instrument_id)
    SubElement(element, "midi-channel").text = str(part.channel + 1)
    SubElement(element, "midi-program").text = str(part.program + 1)
    if key is not None:
        SubElement(element, "midi-unpitched").text = str(key + 1)
    level = 78.7 * 10 ** (part.level_db / 40)  # controller 7 at 100 is 78.7 percent
    SubElement(element, "volume").text = f"{min(max(level, 0.0), 100.0):.1f}"
    SubElement(element, "pan").text = str(round(min(max(part.pan, -1.0), 1.0) * 90))
    return element


# --------------------------------------------------------------------------- parts


def _marks(plan: Plan, index: int, notes: np.ndarray, speller: Speller) -> list[Mark]:
    """All that stands around a part's notes, in order."""
    marks = list(dynamic_marks(notes, plan.grid))
    if index == 0:
        marks.extend(conductor_marks(plan, cut_ticks(plan.grid)))
    pitched = [i for i, part in enumerate(plan.parts) if part.channel != DRUM_CHANNEL]
    if index == min(pitched, default=0):
        marks.extend(chord_marks(plan, speller))
    return sorted(marks, key=lambda mark: (mark.tick, mark.rank))


def _part(
    part_id: str, part: Part, notes: np.ndarray, marks: list[Mark], plan: Plan, speller: Speller
) -> Element:
    element = Element("part", id=part_id)
    tick = plan.grid.bar_tick.tolist()
    drums = part.channel == DRUM_CHANNEL
    bars = _bars(part, notes, plan, speller)
    doubled = {bar for bar, _ in section_starts(plan.grid)}
    for bar, voices in enumerate(bars):
        measure = SubElement(element, "measure", number=str(bar + 1))
        fifths = _attributes(measure, plan, bar, part, notes)
        beats = int(plan.grid.bar_beats[bar])
        inside = _inside(marks, tick[bar], tick[bar + 1])
        write_bar(measure, voices, beats, inside, Staff(fifths, part_id, drums))
        if bar + 1 == len(bars) or bar + 1 in doubled:
            barline = SubElement(measure, "barline", location="right")
            SubElement(barline, "bar-style").text = "light-heavy" if bar + 1 == len(bars) else "light-light"
    return element


def _bars(part: Part, notes: np.ndarray, plan: Plan, speller: Speller) -> list[list[Voice]]:
    tick = plan.grid.bar_tick.tolist()
    lines = lines_of(notes, speller, tick[-1])
    if part.channel == DRUM_CHANNEL:
        return drum_bars(lines, tick)
    lowest = int(notes["pitch"].min()) if len(notes) else LOWEST_PITCH
    if lowest < LOWEST_PITCH:
        raise InputError(
            f"piece: {part.name} has MIDI pitch {lowest}, below what MusicXML can write; "
            f"give it a range above {LOWEST_PITCH - 1}"
        )
    return bars_of(lines, tick)


def _inside(marks: Sequence[Mark], start: int, end: int) -> list[Mark]:
    """A bar's marks, ticks counted from its start; closing ones belong to the bar they end in."""
    return [
        replace(mark, tick=mark.tick - start)
        for mark in marks
        if (start < mark.tick <= end if mark.closing else start <= mark.tick < end)
    ]


def _attributes(measure: Element, plan: Plan, bar: int, part: Part, notes: np.ndarray) -> int:
    """Write what changes at this bar; the signature in force, in fifths."""
    beats = plan.grid.bar_beats
    drums = part.channel == DRUM_CHANNEL
    keys = [key for key in plan.keys if key.start_bar <= bar]
    key = max(keys, key=lambda k: k.start_bar, default=None)
    attributes = Element("attributes")
    if bar == 0:
        SubElement(attributes, "divisions").text = str(PPQ)
    if key and key.start_bar == bar:
        _signature(attributes, key, drums)
    if bar == 0 or beats[bar] != beats[bar - 1]:
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(int(beats[bar]))
        SubElement(time, "beat-type").text = "4"
    if bar == 0:
        _clef(attributes, part, notes)
    if len(attributes):
        measure.append(attributes)
    return key_fifths(key) if key and not drums else 0


def _signature(attributes: Element, key: Key, drums: bool) -> None:
    """A key signature; drums say that they have none, or some readers would give them the others'."""
    signature = SubElement(attributes, "key")
    SubElement(signature, "fifths").text = "0" if drums else str(key_fifths(key))
    if not drums:
        SubElement(signature, "mode").text = key.mode


def _clef(attributes: Element, part: Part, notes: np.ndarray) -> None:
    clef = SubElement(attributes, "clef")
    sign, line, octaves = ("percussion", 2, 0)
    if part.channel != DRUM_CHANNEL:
        sign, line, octaves = choose_clef(part, notes["pitch"])
    SubElement(clef, "sign").text = sign
    SubElement(clef, "line").text = str(line)
    if octaves:
        SubElement(clef, "clef-octave-change").text = str(octaves)
