"""Piece -> a score in MusicXML 4.0 that a notation program opens without repair.

In the order of an orchestral score; concert pitch but for octave transposers (see
`musicxml_clefs`); keyboards and harp on two staves where they need them.  Time is written in
ticks (`divisions` is `PPQ`), so onsets on the grid of 16ths, 32nds, triplets or quintuplets are
exact, others move to the nearest place of these; lengths are nominal (see `musicxml_nominal`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Key, Part, Piece, Plan
from tensionbgm.render.midi import check_piece, notes_by_part, plain_text, section_starts
from tensionbgm.render.musicxml_clefs import Reading, abbreviation, reading
from tensionbgm.render.musicxml_drums import drum, drum_bars
from tensionbgm.render.musicxml_dynamics import dynamic_marks
from tensionbgm.render.musicxml_lines import Voice, bars_of, by_staff, lines_of
from tensionbgm.render.musicxml_marks import Mark, chord_marks, conductor_marks, manner_mark
from tensionbgm.render.musicxml_measure import Staff, write_bar
from tensionbgm.render.musicxml_order import DRUM_CHANNEL, ORCHESTRA_KIT, brackets, score_order
from tensionbgm.render.musicxml_page import header, staff_height
from tensionbgm.render.musicxml_spelling import Speller, key_fifths

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


@dataclass(frozen=True)
class _Player:
    """A part as it will be printed."""

    part_id: str
    part: Part
    notes: np.ndarray  # NOTE (m,)
    reading: Reading
    drums: bool


def _score(piece: Piece) -> Element:
    plan = piece.plan
    players = _players(piece)
    score = Element("score-partwise", version="4.0")
    header(score, plan, staff_height(sum(len(player.reading.clefs) for player in players)))
    score.append(_part_list(players))
    speller = Speller(plan)
    chords = next((p for p in players if not p.drums), None)
    for index, player in enumerate(players):
        marks = [*dynamic_marks(player.notes, plan.grid, plan.curve)]
        if not player.drums:
            marks.extend(manner_mark(player.part.program, player.notes))
        if index == 0:
            marks.extend(conductor_marks(plan))
        if player is chords:
            marks.extend(chord_marks(plan, speller))
        score.append(_part(player, sorted(marks, key=lambda mark: (mark.tick, mark.rank)), plan, speller))
    return score


def _players(piece: Piece) -> list[_Player]:
    """The parts from the top of the page."""
    parts, notes = piece.plan.parts, notes_by_part(piece)
    players = []
    for number, index in enumerate(score_order(parts), 1):
        drums = parts[index].channel == DRUM_CHANNEL
        read = Reading((("percussion", 2),), 0) if drums else reading(parts[index], notes[index]["pitch"])
        players.append(_Player(f"P{number}", parts[index], notes[index], read, drums))
    return players


# --------------------------------------------------------------------------- part list


def _part_list(players: list[_Player]) -> Element:
    element = Element("part-list")
    groups = brackets([player.part for player in players])
    first, last = dict(groups), {last for _, last in groups}
    for index, player in enumerate(players):
        if index in first:
            group = SubElement(element, "part-group", type="start", number="1")
            SubElement(group, "group-symbol").text = "bracket"
            SubElement(group, "group-barline").text = "yes"
        element.append(_score_part(player.part_id, player.part, player.notes))
        if index in last:
            SubElement(element, "part-group", type="stop", number="1")
    return element


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


def _part(player: _Player, marks: list[Mark], plan: Plan, speller: Speller) -> Element:
    element = Element("part", id=player.part_id)
    tick = plan.grid.bar_tick.tolist()
    staves = _staves(player, plan, speller)
    doubled = {bar for bar, _ in section_starts(plan.grid)}
    for bar in range(plan.grid.n_bars):
        measure = SubElement(element, "measure", number=str(bar + 1))
        fifths = _attributes(measure, plan, bar, player)
        inside = _inside(marks, tick[bar], tick[bar + 1])
        staff = Staff(fifths, player.part_id, player.drums, player.reading.octave)
        write_bar(measure, [bars[bar] for bars in staves], int(plan.grid.bar_beats[bar]), inside, staff)
        if bar + 1 == plan.grid.n_bars or bar + 1 in doubled:
            barline = SubElement(measure, "barline", location="right")
            final = bar + 1 == plan.grid.n_bars
            SubElement(barline, "bar-style").text = "light-heavy" if final else "light-light"
    return element


def _staves(player: _Player, plan: Plan, speller: Speller) -> list[list[list[Voice]]]:
    """For every staff of a part, for every bar: the voices."""
    tick = plan.grid.bar_tick.tolist()
    lines = lines_of(player.notes, speller, tick[-1], player.drums)
    if player.drums:
        return [drum_bars(lines, tick, one_player=player.part.program != ORCHESTRA_KIT)]
    lowest = int(player.notes["pitch"].min()) if len(player.notes) else LOWEST_PITCH
    if lowest < LOWEST_PITCH:
        raise InputError(
            f"piece: {player.part.name} has MIDI pitch {lowest}, below what MusicXML can write; "
            f"give it a range above {LOWEST_PITCH - 1}"
        )
    hands = by_staff(lines, tick) if len(player.reading.clefs) > 1 else [lines]
    return [bars_of(hand, tick) for hand in hands]


def _inside(marks: Sequence[Mark], start: int, end: int) -> list[Mark]:
    """A bar's marks, ticks counted from its start; closing ones belong to the bar they end in."""
    return [
        replace(mark, tick=mark.tick - start)
        for mark in marks
        if (start < mark.tick <= end if mark.closing else start <= mark.tick < end)
    ]


def _attributes(measure: Element, plan: Plan, bar: int, player: _Player) -> int:
    """Write what changes at this bar; the signature in force, in fifths."""
    beats = plan.grid.bar_beats
    keys = [key for key in plan.keys if key.start_bar <= bar]
    key = max(keys, key=lambda k: k.start_bar, default=None)
    attributes = Element("attributes")
    if bar == 0:
        SubElement(attributes, "divisions").text = str(PPQ)
    if key and key.start_bar == bar:
        _signature(attributes, key, player.drums)
    if bar == 0 or beats[bar] != beats[bar - 1]:
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(int(beats[bar]))
        SubElement(time, "beat-type").text = "4"
    if bar == 0:
        _read_as(attributes, player.reading)
    if len(attributes):
        measure.append(attributes)
    return key_fifths(key) if key and not player.drums else 0


def _signature(attributes: Element, key: Key, drums: bool) -> None:
    """A key signature; drums say that they have none, or some readers would give them the others'."""
    signature = SubElement(attributes, "key")
    SubElement(signature, "fifths").text = "0" if drums else str(key_fifths(key))
    if not drums:
        SubElement(signature, "mode").text = key.mode


def _read_as(attributes: Element, read: Reading) -> None:
    """Staves, clefs and the octave between what is written and what sounds."""
    if len(read.clefs) > 1:
        SubElement(attributes, "staves").text = str(len(read.clefs))
    for number, (sign, line) in enumerate(read.clefs, 1):
        clef = SubElement(attributes, "clef")
        if len(read.clefs) > 1:
            clef.set("number", str(number))
        SubElement(clef, "sign").text = sign
        SubElement(clef, "line").text = str(line)
    if read.octave:
        transpose = SubElement(attributes, "transpose")
        SubElement(transpose, "diatonic").text = "0"  # some readers fail without it
        SubElement(transpose, "chromatic").text = "0"
        SubElement(transpose, "octave-change").text = str(-read.octave)
