"""The voices of one bar -> its notes, rests, beams, accidentals and marks as MusicXML elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from tensionbgm.forms import PPQ
from tensionbgm.render.musicxml_drums import drum
from tensionbgm.render.musicxml_lines import Stroke, Tone, Voice
from tensionbgm.render.musicxml_marks import Mark
from tensionbgm.render.musicxml_rhythm import LEVELS, Tuplet, Value, groups, tuplets, values
from tensionbgm.render.musicxml_spelling import name_of

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


@dataclass
class Written:
    """A note, chord, rest or silent gap as it will stand in the bar."""

    value: Value
    tones: tuple[Tone, ...] = ()
    hidden: bool = False  # a rest that another voice of the staff already shows
    beams: list[str] = field(default_factory=list)  # by level, "begin", "continue", ...
    opens: Tuplet | None = None  # first of this tuplet
    closes: Tuplet | None = None  # last of this tuplet


@dataclass(frozen=True)
class Staff:
    """What the writer of a bar must know of the part."""

    fifths: int  # sharps of the signature in this bar
    part_id: str
    drums: bool
    octave: int = 0  # octaves above its sound that it is written


class Column(NamedTuple):
    """One voice of the bar on its staff."""

    voice: int  # 1, 2, ...; those of the second staff begin at 5
    staff: int  # 1, 2 from the top; 0 if the part has but one
    written: list[Written]


# --------------------------------------------------------------------------- time


def write_bar(
    measure: Element, staves: Sequence[list[Voice]], beats: int, marks: Sequence[Mark], staff: Staff
) -> None:
    """Append a bar's music to its element.

    Parameters
    ----------
    measure : Element
        already holding the bar's attributes
    staves : sequence of list of Voice
        for every staff of the part, from the top, its voices; empty if the staff rests
    beats : int
        quarters in the bar
    marks : sequence of Mark
        those that fall in this bar, their ticks counted from the bar's start
    staff : Staff
        the part's signature, id and kind
    """
    length = beats * PPQ
    pending = list(marks)
    for index, voices in enumerate(staves):
        columns = _columns(voices, beats, index + 1 if len(staves) > 1 else 0, drums=staff.drums)
        signs = _accidentals(columns, staff)
        if index:
            _back(measure, length)
        if not columns:
            pending = _place(measure, pending, 0, length)
            measure.append(_bar_rest(length, 4 * index + 1, index + 1 if len(staves) > 1 else 0))
        for number, column in enumerate(columns):
            if number:
                _back(measure, length)
            for written in column.written:
                pending = _place(measure, pending, written.value.start, written.value.end)
                measure.extend(_elements(written, column, signs, staff))
        measure.extend(mark.make(0) for mark in pending)
        pending = []


def _columns(voices: list[Voice], beats: int, staff: int, drums: bool) -> list[Column]:
    columns = [layout(voice, beats) for voice in voices]
    if not drums:
        _hide_shared_rests(columns)
    first = 5 if staff > 1 else 1
    return [Column(number, staff, column) for number, column in enumerate(columns, first)]


def _back(measure: Element, length: int) -> None:
    SubElement(SubElement(measure, "backup"), "duration").text = str(length)


def layout(voice: Voice, beats: int) -> list[Written]:
    """A voice as written values that fill the bar, with tuplets and beams."""
    spans = tuplets({tick for stroke in voice for tick in stroke[:2]}, beats)
    column: list[Written] = []
    now = 0
    for stroke in [*voice, Stroke(beats * PPQ, beats * PPQ, ())]:
        if now < stroke.start:
            column.extend(Written(v) for v in values(now, stroke.start, spans, beats, rest=True))
        if stroke.tones:
            parts = list(values(stroke.start, stroke.end, spans, beats))
            column.extend(Written(v, _tied(stroke.tones, v, stroke)) for v in parts)
        now = stroke.end
    _bracket(column)
    for window in _beam_windows(column, beats):
        _beam(window)
    return column


def _tied(tones: tuple[Tone, ...], value: Value, stroke: Stroke) -> tuple[Tone, ...]:
    begun, goes_on = value.start > stroke.start, value.end < stroke.end
    return tuple(t._replace(tied_in=t.tied_in or begun, tied_out=t.tied_out or goes_on) for t in tones)


def _bracket(column: list[Written]) -> None:
    """Mark the first and last member of every tuplet."""
    for written in column:
        span = written.value.tuplet
        if span:
            written.opens = span if written.value.start == span.start else None
            written.closes = span if written.value.end == span.end else None


def _hide_shared_rests(columns: list[list[Written]]) -> None:
    """In the lower voices, rests that stand in the upper voice as well are not printed."""
    upper = {w.value for w in columns[0] if not w.tones} if columns else set()
    for written in (w for column in columns[1:] for w in column):
        written.hidden = not written.tones and not written.value.tuplet and written.value in upper


# --------------------------------------------------------------------------- beams


def _beam_windows(column: list[Written], beats: int) -> Iterator[list[Written]]:
    """Stretches whose short notes share a beam: beats, or half bars and bars of three of plain eighths."""
    starts = _window_starts(column, beats)
    for start, end in pairwise([*starts, beats * PPQ]):
        yield [w for w in column if start <= w.value.start < end]


def _window_starts(column: list[Written], beats: int) -> list[int]:
    starts, first = [], 0
    for size in groups(beats):
        step = 3 if size == 3 else 2
        for beat in range(first, first + size, step):
            width = min(step, first + size - beat)
            inside = [w for w in column if beat * PPQ <= w.value.start < (beat + width) * PPQ]
            eighths = len(inside) == 2 * width and all(_plain_eighth(w) for w in inside)
            starts.extend([beat * PPQ] if eighths else [(beat + i) * PPQ for i in range(width)])
        first += size
    return starts


def _plain_eighth(written: Written) -> bool:
    return bool(written.tones) and written.value.end - written.value.start == PPQ // 2


def _beam(window: list[Written]) -> None:
    run: list[Written] = []
    for written in [*window, None]:
        if written is not None and written.tones and written.value.name in LEVELS:
            run.append(written)
            continue
        if len(run) > 1:
            _beam_run(run)
        run = []


def _beam_run(run: list[Written]) -> None:
    depth = [LEVELS[written.value.name] for written in run]
    for index, written in enumerate(run):
        for beam in range(1, depth[index] + 1):
            before = index > 0 and depth[index - 1] >= beam
            after = index + 1 < len(run) and depth[index + 1] >= beam
            alone = "backward hook" if index else "forward hook"
            kinds = {(True, True): "continue", (False, True): "begin", (True, False): "end"}
            written.beams.append(kinds.get((before, after), alone))


# --------------------------------------------------------------------------- accidentals


def _accidentals(columns: list[Column], staff: Staff) -> dict[tuple[int, int, int], str]:
    """Accidentals to print: (voice, start, pitch) -> name.  One holds for its line until the bar ends."""
    if staff.drums:
        return {}
    signature = dict.fromkeys("FCGDAEB"[: max(staff.fifths, 0)], 1)
    signature |= dict.fromkeys("BEADGCF"[: max(-staff.fifths, 0)], -1)
    state: dict[tuple[str, int], int] = {}
    shown = {}
    order = sorted(
        (w.value.start, c.voice, i, w) for c in columns for i, w in enumerate(c.written) if w.tones
    )
    for start, number, _, written in order:
        for tone in written.tones:
            step, alter, octave = name_of(tone.fifth, tone.pitch)
            if not tone.tied_in and alter != state.get((step, octave), signature.get(step, 0)):
                shown[number, start, tone.pitch] = ACCIDENTALS[alter]
            if not tone.tied_in:
                state[step, octave] = alter
    return shown


# --------------------------------------------------------------------------- elements


def _place(measure: Element, marks: list[Mark], start: int, end: int) -> list[Mark]:
    """Write the marks that fall before `end`, with offsets from `start`; what remains."""
    due = [m for m in marks if m.tick < end and not m.closing]
    measure.extend(mark.make(mark.tick - start) for mark in due)
    return [m for m in marks if m.tick >= end or m.closing]


def _bar_rest(length: int, voice: int, staff: int) -> Element:
    note = Element("note")
    SubElement(note, "rest", measure="yes")
    SubElement(note, "duration").text = str(length)
    SubElement(note, "voice").text = str(voice)
    _on_staff(note, staff)
    return note


def _on_staff(note: Element, staff: int) -> None:
    if staff:
        SubElement(note, "staff").text = str(staff)


def _elements(
    written: Written, column: Column, signs: dict[tuple[int, int, int], str], staff: Staff
) -> Iterator[Element]:
    voice = column.voice
    for index, tone in enumerate(written.tones or (None,)):
        note = Element("note")
        if written.hidden:
            note.set("print-object", "no")
        if index:
            SubElement(note, "chord")
        _pitch(note, tone, staff)
        SubElement(note, "duration").text = str(written.value.end - written.value.start)
        _ties(note, "tie", tone)
        if tone and staff.drums:
            SubElement(note, "instrument", id=f"{staff.part_id}-I{tone.pitch}")
        SubElement(note, "voice").text = str(voice)
        _value(note, written.value, signs.get((voice, written.value.start, tone.pitch)) if tone else None)
        if tone and staff.drums:
            _head(note, tone, voice)
        _on_staff(note, column.staff)
        for beam, kind in enumerate(written.beams if index == 0 else [], 1):
            SubElement(note, "beam", number=str(beam)).text = kind
        _notations(note, written, tone, first=index == 0)
        yield note


def _pitch(note: Element, tone: Tone | None, staff: Staff) -> None:
    if tone is None:
        SubElement(note, "rest")
    elif staff.drums:
        unpitched, place = SubElement(note, "unpitched"), drum(tone.pitch)
        SubElement(unpitched, "display-step").text = place.step
        SubElement(unpitched, "display-octave").text = str(place.octave)
    else:
        step, alter, octave = name_of(tone.fifth, tone.pitch)
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = step
        if alter:
            SubElement(pitch, "alter").text = str(alter)
        SubElement(pitch, "octave").text = str(octave + staff.octave)


def _value(note: Element, value: Value, sign: str | None) -> None:
    SubElement(note, "type").text = value.name
    for _ in range(value.dots):
        SubElement(note, "dot")
    if sign:
        SubElement(note, "accidental").text = sign
    if value.tuplet:
        ratio = SubElement(note, "time-modification")
        SubElement(ratio, "actual-notes").text = str(value.tuplet.actual)
        SubElement(ratio, "normal-notes").text = str(value.tuplet.normal)
        SubElement(ratio, "normal-type").text = value.tuplet.name


def _head(note: Element, tone: Tone, voice: int) -> None:
    place = drum(tone.pitch)
    SubElement(note, "stem").text = "down" if place.feet and voice > 1 else "up"
    if place.head != "normal":
        SubElement(note, "notehead").text = place.head


def _ties(parent: Element, tag: str, tone: Tone | None) -> None:
    if tone and tone.tied_in:
        SubElement(parent, tag, type="stop")
    if tone and tone.tied_out:
        SubElement(parent, tag, type="start")


def _notations(note: Element, written: Written, tone: Tone | None, first: bool) -> None:
    notations = Element("notations")
    _ties(notations, "tied", tone)
    if first and written.closes:
        SubElement(notations, "tuplet", type="stop", number="1")
    if first and written.opens:
        bracket = "no" if written.beams else "yes"
        SubElement(notations, "tuplet", type="start", number="1", bracket=bracket)
    if first and tone and tone.short:
        SubElement(SubElement(notations, "articulations"), "staccato")
    if len(notations):
        note.append(notations)
