"""write_musicxml: the file is valid MusicXML 4.0, and a reader finds the piece in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import music21
import numpy as np
import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from piece_factory import BASS, DRUMS, PAD, PARTS, STRINGS, grid, mask, piece_of, pieces, small_piece

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Chord, Curve, Key, Part, Piece
from tensionbgm.render.midi import notes_by_part
from tensionbgm.render.musicxml import write_musicxml

HORNS, VIOLINS = 0, 1  # of the hand-written pieces' parts, as the score orders them
Heard = tuple[Fraction, Fraction, int]  # onset and duration [quarters], MIDI pitch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("musicxml")


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).with_name("schema") / "musicxml.xsd", allow="local")


def written(piece: Piece, folder: Path) -> Element:
    write_musicxml(piece, folder / "music.musicxml")
    return parse(folder / "music.musicxml").getroot()


def in_plan_order(piece: Piece, score: Element) -> list[Element]:
    """The parts of a score as the plan lists them, found by name."""
    named = {p.get("id"): p.findtext("part-name") for p in score.iter("score-part")}
    found = {named[part.get("id")]: part for part in score.findall("part")}
    return [found[part.name] for part in piece.plan.parts]


def exact(quarters: float | Fraction) -> Fraction:
    return Fraction(quarters).limit_denominator(PPQ)


def sung(part: Element) -> list[Heard]:
    """Notes of a part, ties joined: an independent reading of durations, chords and backups."""
    notes: list[Heard] = []
    held: dict[int, tuple[int, int]] = {}
    start = 0
    sounding = 12 * int(part.findtext("measure/attributes/transpose/octave-change", "0"))
    for measure in part.findall("measure"):
        short = _staccato(measure)
        for at, note in _in_time(measure):
            _join(notes, held, note, start + at, note in short)
        start += _length(measure)
    assert not held, "a tie leads nowhere"
    return sorted((onset, length, pitch + sounding) for onset, length, pitch in notes)


def _length(measure: Element) -> int:
    """Ticks in a bar; every voice must fill it."""
    ends, now = [], 0
    for element in measure:
        length = int(element.findtext("duration", "0"))
        if element.tag == "backup":
            ends.append(now)
            now -= length
            assert now == 0
        elif element.find("chord") is None:
            now += length
    assert {*ends, now} == {now}, "a voice does not fill its bar"
    return now


def _staccato(measure: Element) -> list[Element]:
    """The notes that are played short: a dot stands on the first note of a chord and means all of them."""
    short: list[Element] = []
    before = None
    for note in measure.iter("note"):
        dotted = note.find(".//staccato") is not None
        if dotted or (note.find("chord") is not None and before in short):
            short.append(note)
        before = note
    return short


def _join(notes: list[Heard], held: dict[int, tuple[int, int]], note: Element, at: int, short: bool) -> None:
    pitch, length = midi_pitch(note), int(note.findtext("duration"))
    ties = {tie.get("type") for tie in note.findall("tie")}
    onset, before = held.pop(pitch) if "stop" in ties else (at, 0)
    assert onset + before == at, "a tie jumps"
    if "start" in ties:
        assert pitch not in held
        held[pitch] = (onset, before + length)
    else:
        sounding = Fraction(before + length, 2 if short else 1)
        notes.append((Fraction(onset, PPQ), sounding / PPQ, pitch))


def midi_pitch(note: Element) -> int:
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[note.findtext("pitch/step")]
    return step + int(note.findtext("pitch/alter", "0")) + 12 * (int(note.findtext("pitch/octave")) + 1)


def asked(notes: np.ndarray) -> list[Heard]:
    return sorted(
        (
            Fraction(int(n["onset_tick"]), PPQ),
            Fraction(int(n["end_tick"] - n["onset_tick"]), PPQ),
            int(n["pitch"]),
        )
        for n in notes
    )


def agree(heard: list[Heard], wanted: list[Heard]) -> bool:
    """Same notes, begun together; written values round what sounds, by < a 16th or up by a third."""
    lengths = {(onset, pitch): length for onset, length, pitch in wanted}
    same = sorted((onset, pitch) for onset, _, pitch in heard) == sorted(lengths)
    longer = [(length - lengths[onset, pitch], length) for onset, length, pitch in heard] if same else []
    return same and all(abs(more) < Fraction(1, 4) or 0 < more <= length / 3 for more, length in longer)


def crooked(notes: np.ndarray) -> bool:
    """Whether a unison has cut a note so that it begins on a 16th and ends on a triplet of one beat."""
    return any(
        onset // PPQ == end // PPQ and onset % PPQ and not any(onset % u == end % u == 0 for u in (80, 120))
        for onset, end, *_ in notes.tolist()
    )


def spelled(part: Element) -> list[str]:
    return [
        note.findtext("pitch/step") + {-1: "b", 0: "", 1: "#", 2: "x"}[int(note.findtext("pitch/alter", "0"))]
        for note in part.iter("note")
        if note.find("pitch") is not None
    ]


# --------------------------------------------------------------------------- any piece


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces())
def test_every_piece_is_valid_musicxml(folder: Path, schema: xmlschema.XMLSchema, piece: Piece) -> None:
    written(piece, folder)
    assert [f"{e.path}: {e.reason}" for e in schema.iter_errors(str(folder / "music.musicxml"))] == []


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces())
def test_every_voice_fills_its_bars_and_every_note_is_there(folder: Path, piece: Piece) -> None:
    score = written(piece, folder)
    ordered = in_plan_order(piece, score)
    for part, element, notes in zip(piece.plan.parts, ordered, notes_by_part(piece), strict=True):
        heard = sung(element)
        assert part.channel == 9 or crooked(notes) or agree(heard, asked(notes))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces(parts=(DRUMS,)))
def test_every_drum_is_hit_when_the_piece_hits_it(folder: Path, piece: Piece) -> None:
    hits: Counter[tuple[int, int]] = Counter()
    start = 0
    for measure in written(piece, folder).iter("measure"):
        for at, note in _in_time(measure, "unpitched"):
            hits[start + at, int(note.find("instrument").get("id").removeprefix("P1-I"))] += 1
        start += _length(measure)
    notes = notes_by_part(piece)[0]
    assert hits == Counter(zip(notes["onset_tick"].tolist(), notes["pitch"].tolist(), strict=True))


def test_two_hands_that_divide_a_beat_differently_on_one_drum_are_both_written(folder: Path) -> None:
    sixteenths = [(480 + k * 120, 120, 0, 0, 30) for k in range(4)]
    triplet = [(480 + k * 160, 160, 0, 1, 30) for k in range(3)]
    piece = piece_of(sorted(sixteenths + triplet), grid([4]), parts=(DRUMS,))
    hits, start = [], 0
    for measure in written(piece, folder).iter("measure"):
        hits += [start + at for at, _ in _in_time(measure, "unpitched")]
        start += _length(measure)
    assert set(hits) == {480, 600, 640, 720, 800, 840}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces(parts=(STRINGS, BASS), max_notes=10))
def test_music21_reads_the_same_notes(folder: Path, piece: Piece) -> None:
    written(piece, folder)
    score = music21.converter.parse(folder / "music.musicxml", forceSource=True).toSoundingPitch()
    named = {read.partName: read for read in score.parts}
    for part, notes in zip(piece.plan.parts, notes_by_part(piece), strict=True):
        read = named[part.name]
        assert crooked(notes) or agree(_joined(read), asked(notes))


def _joined(part: music21.stream.Part) -> list[Heard]:
    """What music21 understood, ties joined pitch by pitch."""
    heard: list[Heard] = []
    held: dict[int, tuple[Fraction, Fraction]] = {}
    for element in part.flatten().getElementsByClass("NotRest"):
        if "ChordSymbol" in element.classes:
            continue
        for note in getattr(element, "notes", (element,)):
            at, length, pitch = exact(element.offset), exact(element.quarterLength), note.pitch.midi
            kind = note.tie.type if note.tie else None
            onset, before = held.pop(pitch) if kind in ("continue", "stop") else (at, Fraction(0))
            if kind in ("start", "continue"):
                held[pitch] = onset, before + length
            else:
                short = any(mark.classes[0] == "Staccato" for mark in element.articulations)
                heard.append((onset, (before + length) / (2 if short else 1), pitch))
    return sorted(heard)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces())
def test_written_values_add_up_to_their_durations(folder: Path, piece: Piece) -> None:
    names = ("64th", "32nd", "16th", "eighth", "quarter", "half", "whole", "breve")
    whole = {name: Fraction(2**power, 16) for power, name in enumerate(names)}
    for note in written(piece, folder).iter("note"):
        if note.find("type") is None:
            assert note.find("rest").get("measure") == "yes"
            continue
        length = Fraction(whole[note.findtext("type")]) * (
            Fraction(3, 2) if note.find("dot") is not None else 1
        )
        ratio = note.find("time-modification")
        if ratio is not None:
            length *= Fraction(int(ratio.findtext("normal-notes")), int(ratio.findtext("actual-notes")))
        assert length == Fraction(int(note.findtext("duration")), PPQ)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces())
def test_beams_and_tuplets_are_closed_in_their_voice(folder: Path, piece: Piece) -> None:
    for measure in written(piece, folder).iter("measure"):
        beams: dict[tuple[str, str], str] = {}
        tuplets: dict[str, int] = {}
        for note in measure.findall("note"):
            voice = note.findtext("voice")
            for beam in note.findall("beam"):
                key, was = (voice, beam.get("number")), beams.get((voice, beam.get("number")), "end")
                assert (beam.text in ("continue", "end")) == (
                    was in ("begin", "continue")
                ) or "hook" in beam.text
                beams[key] = beam.text if "hook" not in beam.text else was
            for tuplet in note.iter("tuplet"):
                tuplets[voice] = tuplets.get(voice, 0) + (1 if tuplet.get("type") == "start" else -1)
                assert tuplets[voice] in (0, 1)
        assert set(beams.values()) <= {"end"}
        assert not any(tuplets.values())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(piece=pieces())
def test_accidentals_say_what_the_staff_would_not(folder: Path, piece: Piece) -> None:
    """A reader who knows the signature and reads only accidentals and ties finds every pitch."""
    signs = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}
    for part in written(piece, folder).findall("part"):
        fifths = int(part.findtext("measure/attributes/key/fifths", "0"))
        signature = dict.fromkeys("FCGDAEB"[: max(fifths, 0)], 1)
        signature |= dict.fromkeys("BEADGCF"[: max(-fifths, 0)], -1)
        tied: dict[int, int] = {}
        for measure in part.findall("measure"):
            for _, note in _in_time(measure):
                if not any(t.get("type") == "stop" for t in note.findall("tie")):
                    tied[midi_pitch(note)] = int(note.findtext("pitch/alter", "0"))
                assert tied[midi_pitch(note)] == int(note.findtext("pitch/alter", "0")), "respelled in a tie"
            state: dict[tuple[str, str], int] = {}
            for _, note in _in_time(measure):
                place = note.findtext("pitch/step"), note.findtext("pitch/octave")
                if any(t.get("type") == "stop" for t in note.findall("tie")):
                    continue
                if note.find("accidental") is not None:
                    state[place] = signs[note.findtext("accidental")]
                assert int(note.findtext("pitch/alter", "0")) == state.get(place, signature.get(place[0], 0))


def _in_time(measure: Element, kind: str = "pitch") -> list[tuple[int, Element]]:
    now, begun, found = 0, 0, []
    for element in measure:
        length = int(element.findtext("duration", "0"))
        if element.tag in ("backup", "forward"):
            now += length if element.tag == "forward" else -length
        elif element.tag == "note":
            begun = begun if element.find("chord") is not None else now
            now = begun + length
            if element.find(kind) is not None:
                found.append((begun, element))
    ends = "tie[@type='stop']"
    return sorted(found, key=lambda pair: (pair[0], pair[1].find(ends) is None))


# --------------------------------------------------------------------------- the page


def test_the_small_piece_is_valid_and_says_the_same_bytes_twice(
    tmp_path: Path, schema: xmlschema.XMLSchema
) -> None:
    write_musicxml(small_piece(), tmp_path / "a.musicxml")
    write_musicxml(small_piece(), tmp_path / "b.musicxml")
    assert (tmp_path / "a.musicxml").read_bytes() == (tmp_path / "b.musicxml").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.musicxml", "b.musicxml"]
    schema.validate(str(tmp_path / "a.musicxml"))


def test_the_first_staff_carries_tempo_sections_and_cuts(folder: Path) -> None:
    score = written(small_piece(), folder)
    first, *others = score.findall("part")
    assert [p.text for p in score.iter("part-name")] == ["Horns", "Violins", "Basses", "Drums"]
    assert [r.text for r in first.iter("rehearsal")] == ["A", "B", "A (return, +2)"]
    assert [m.text for m in first.iter("per-minute")] == ["120", "130", "125"]
    assert [float(s.get("tempo")) for s in first.iter("sound") if s.get("tempo")] == [120, 130.00013, 125]
    assert [w.text for w in first.iter("words")] == [f"cut {t:.1f} s" for t in small_piece().plan.grid.cut_s]
    assert not any(other.findall(".//rehearsal") or other.findall(".//metronome") for other in others)


def test_a_cut_inside_a_note_keeps_its_place(folder: Path) -> None:
    bars = grid([4], cut_s=np.array([0.5 * 2.5]), cut_weight=np.ones(1))
    score = written(piece_of([(0, 1920, 0, 0, 72)], bars), folder)
    cut = next(d for d in score.iter("direction") if d.find(".//words") is not None)
    assert cut.findtext("offset") == str(PPQ * 5 // 2)


def test_bars_sections_and_the_end_have_their_barlines(folder: Path) -> None:
    for part in written(small_piece(), folder).findall("part"):
        styles = {m.get("number"): m.findtext("barline/bar-style") for m in part.findall("measure")}
        assert {k: v for k, v in styles.items() if v} == {
            "4": "light-light",
            "6": "light-light",
            "8": "light-heavy",
        }
        times = [m.get("number") for m in part.findall("measure") if m.find("attributes/time") is not None]
        assert times == ["1", "4", "5"]


def test_parts_bring_names_clefs_and_instruments(folder: Path) -> None:
    score = written(small_piece(), folder)
    assert sorted(p.text for p in score.iter("part-name")) == sorted(part.name for part in PARTS)
    assert [c.findtext("sign") for c in score.iter("clef")] == ["G", "G", "F", "percussion"]
    octaves = [p.findtext(".//transpose/octave-change") for p in score.findall("part")]
    assert octaves == [None, None, "-1", None]
    programs = [i.findtext("midi-program") for i in score.iter("midi-instrument")]
    assert programs == ["61", "49", "44", "1", "1", "1"]
    names = [i.text for i in score.iter("instrument-name")]
    assert names == ["Horns", "Violins", "Basses", "Bass Drum", "Snare Drum", "Closed Hi-Hat"]
    assert [i.findtext("midi-unpitched") for i in score.iter("midi-instrument")][3:] == ["37", "39", "43"]


def test_drums_are_written_up_to_the_next_hit_with_hands_and_feet_apart(folder: Path) -> None:
    hits = [
        (0, 30, 3, 0, 42),
        (240, 30, 3, 0, 42),
        (480, 30, 3, 1, 38),
        (0, 30, 3, 2, 36),
        (960, 30, 3, 2, 36),
    ]
    drums = written(piece_of(hits, grid([4])), folder).findall("part")[3]
    heads = [
        (n.findtext("voice"), n.findtext("type"), n.findtext("notehead"), n.findtext("stem"))
        for n in drums.iter("note")
        if n.find("unpitched") is not None
    ]
    assert heads == [
        ("1", "eighth", "x", "up"), ("1", "eighth", "x", "up"), ("1", "quarter", None, "up"),
        ("2", "quarter", None, "down"), ("2", "quarter", None, "down"),
    ]  # fmt: skip


HARP = Part("Harp", "arpeggio", 46, 4, 43, 86)
CELLO = Part("Cello", "counter", 42, 5, 38, 69)


def test_a_harp_reads_two_staves_and_every_figure_stays_on_one(
    folder: Path, schema: xmlschema.XMLSchema
) -> None:
    low, high = [(i * 240, 240, 0, 0, 45 + 3 * i) for i in range(4)], [(960, 960, 0, 0, 79)]
    piece = piece_of([*low, *high], grid([2, 2]), parts=(HARP,))
    part = written(piece, folder).find("part")
    assert [c.get("number") for c in part.iter("clef")] == ["1", "2"]
    staves = [
        (n.findtext("staff"), n.findtext("voice")) for n in part.iter("note") if n.find("pitch") is not None
    ]
    assert staves == [("2", "5")] * 4 + [("1", "1")]
    assert sung(part) == asked(notes_by_part(piece)[0])
    schema.validate(str(folder / "music.musicxml"))
    read = music21.converter.parse(folder / "music.musicxml", forceSource=True)
    assert sorted(n.pitch.midi for n in read.flatten().notes) == [45, 48, 51, 54, 79]


def test_strings_are_bracketed_below_the_winds_and_pizzicato_is_said(folder: Path) -> None:
    plucked = Part("Violas", "arpeggio", 45, 6, 50, 77)
    flute = Part("Flute", "melody", 73, 7, 60, 91)
    notes = [(0, 480, i, 0, 60) for i in range(4)]
    score = written(piece_of(notes, grid([2]), parts=(CELLO, plucked, HARP, flute)), folder)
    assert [p.text for p in score.iter("part-name")] == ["Flute", "Harp", "Violas", "Cello"]
    listed = [p.get("type") or p.findtext("part-name") for p in score.find("part-list")]
    assert listed == ["Flute", "Harp", "start", "Violas", "Cello", "stop"]
    assert [w.text for w in score.findall("part")[2].iter("words")] == ["pizz."]
    assert [c.findtext("sign") for c in score.iter("clef")] == ["G", "G", "C", "F"]


def test_tempi_are_whole_numbers_and_never_said_twice(folder: Path) -> None:
    tempo = [round(6e7 / bpm) for bpm in (100.2, 100.9, 98.4, 98.6, 120)]
    score = written(piece_of([], grid([4] * 5, tempo)), folder)
    assert [m.text for m in score.iter("per-minute")] == ["100", "98", "120"]
    assert len([s for s in score.iter("sound") if s.get("tempo")]) == 5


def test_an_orchestras_percussion_is_one_voice_without_gaps(folder: Path) -> None:
    section = Part("Percussion", "percussion", 48, 9, 27, 87)
    hits = [(0, 120, 0, 0, 36), (720, 120, 0, 0, 36), (480, 120, 0, 1, 38), (1440, 120, 0, 1, 38)]
    part = written(piece_of(hits, grid([4]), parts=(section,)), folder).find("part")
    assert part.find(".//forward") is None
    assert {n.findtext("voice") for n in part.iter("note")} == {"1"}


def test_the_title_stands_in_the_middle_and_the_origin_at_the_right(folder: Path) -> None:
    score = written(piece_of([], title="my_film"), folder)
    told = [(c.findtext("credit-words"), c.find("credit-words").get("justify")) for c in score.iter("credit")]
    assert told == [("my film", "center"), ("tensionbgm, seed 0", "right")]


def test_pad_voices_that_move_together_are_chords(folder: Path) -> None:
    notes = [(0, 960, 1, voice, pitch) for voice, pitch in enumerate((48, 55, 64))]
    part = written(piece_of(notes, grid([2])), folder).findall("part")[HORNS]
    assert [n.find("chord") is not None for n in part.iter("note")] == [False, True, True]
    assert part.find(".//backup") is None


def test_lines_that_move_apart_are_two_voices(folder: Path) -> None:
    notes = [(0, 1920, 1, 0, 48), (0, 480, 1, 1, 60), (480, 1440, 1, 1, 62)]
    part = written(piece_of(notes, grid([4])), folder).findall("part")[HORNS]
    assert [n.findtext("voice") for n in part.iter("note")] == ["1", "1", "1", "2"]


def test_two_against_three_is_kept_in_two_voices(folder: Path) -> None:
    notes = [(i * 160, 160, 0, 0, 72 + i) for i in range(3)] + [
        (i * 240, 240, 0, 1, 60 + i) for i in range(2)
    ]
    part = written(piece_of(notes, grid([1])), folder).findall("part")[VIOLINS]
    assert sung(part) == [
        (Fraction(s, 480), Fraction(d, 480), p)
        for s, d, _, _, p in sorted(notes, key=lambda n: (n[0], n[1], n[4]))
    ]
    assert len(list(part.iter("time-modification"))) == 3


def test_a_small_silence_before_the_next_note_is_articulation(folder: Path) -> None:
    notes = [(0, 1368, 2, 0, 40), (1440, 456, 2, 0, 41), (1920, 204, 2, 0, 40), (2160, 240, 2, 0, 40)]
    part = written(piece_of(notes, grid([4, 1])), folder).findall("part")[2]
    values = [(n.findtext("type"), n.find("dot") is not None) for n in part.iter("note")]
    assert values == [("half", True), ("quarter", False), ("eighth", False), ("eighth", False)]


@pytest.mark.parametrize(
    ("length", "after", "values"),
    [
        (456, 960, ["quarter", "quarter rest"]),
        (684, 1440, ["quarter.", "eighth rest", "quarter rest"]),
        (912, 960, ["half"]),
        (1368, 1440, ["half."]),
        (228, 480, ["eighth", "eighth rest"]),
        (72, 120, ["16th staccato"]),
        (144, 240, ["eighth staccato"]),
        (144, 480, ["eighth staccato", "eighth rest"]),
        (204, 240, ["eighth"]),
        (102, 240, ["16th", "16th rest"]),
        (408, 960, ["quarter", "quarter rest"]),
        (1200, 1440, ["half."]),
    ],
)
def test_performed_lengths_are_written_as_the_values_they_come_from(
    folder: Path, length: int, after: int, values: list[str]
) -> None:
    beats = -(-after // 480)
    notes = [(0, length, 2, 0, 40)] + [(after, 480 * beats - after, 2, 0, 41)] * (after < 480 * beats)
    bar = written(piece_of([*notes, (480 * beats, 480, 2, 0, 40)], grid([beats, 1])), folder)
    first = bar.findall("part")[-2].find("measure")
    told = [
        n.findtext("type") + "." * len(n.findall("dot"))
        + " rest" * (n.find("rest") is not None) + " staccato" * (n.find(".//staccato") is not None)
        for n in first.findall("note")
    ]  # fmt: skip
    assert told[: len(values)] == values
    assert first.find(".//tuplet") is None


def test_half_of_a_short_value_is_that_value_staccato(folder: Path) -> None:
    notes = [(0, 120, 0, 0, 72), (240, 60, 0, 0, 72), (360, 120, 0, 0, 72), (480, 240, 0, 0, 72)]
    part = written(piece_of(notes, grid([2])), folder).findall("part")[VIOLINS]
    values = [(n.findtext("type"), n.find(".//staccato") is not None) for n in part.iter("note")]
    assert values == [
        ("eighth", True), ("16th", True), ("16th", False), ("eighth", False), ("eighth", False),
    ]  # fmt: skip


def test_times_off_every_grid_are_written_at_the_nearest_place_and_none_is_lost(folder: Path) -> None:
    notes = [
        (3, 233, 0, 0, 72),
        (241, 235, 0, 0, 74),
        (479, 2, 0, 0, 76),
        (481, 900, 0, 0, 77),
        (1915, 5, 0, 0, 79),
    ]
    heard = sung(written(piece_of(notes, grid([4])), folder).findall("part")[VIOLINS])
    assert [pitch for _, _, pitch in sorted(heard, key=lambda n: n[2])] == [72, 74, 76, 77, 79]
    wanted = {pitch: Fraction(start, PPQ) for start, _, _, _, pitch in notes}
    assert all(abs(onset - wanted[pitch]) <= Fraction(1, 8) for onset, _, pitch in heard)


@pytest.mark.parametrize(
    ("key", "chord", "pitches", "names"),
    [
        (Key(0, 9, "minor"), None, [68, 69, 65, 64], ["G#", "A", "F", "E"]),  # raised seventh
        (Key(0, 0, "minor"), (7, (7, 11, 2, 5)), [71, 72, 68, 67], ["B", "C", "Ab", "G"]),
        (Key(0, 0, "major"), (9, (9, 1, 4, 7)), [61, 67], ["C#", "G"]),  # A7 in C
        (Key(0, 0, "major"), (1, (1, 5, 8)), [61, 65, 68], ["Db", "F", "Ab"]),  # the Neapolitan
        (Key(0, 8, "minor"), (3, (3, 7, 10)), [67, 70], ["Fx", "A#"]),  # G sharp minor's leading tone
        (Key(0, 5, "minor"), (4, (4, 7, 10, 1)), [64, 67, 70, 73], ["E", "G", "Bb", "Db"]),  # vii
        (Key(0, 0, "major"), (1, (1, 4, 7, 10)), [61, 64, 67, 70], ["C#", "E", "G", "Bb"]),  # vii of ii
        (Key(0, 3, "major"), (10, (10, 2, 5, 8)), [70, 62, 68], ["Bb", "D", "Ab"]),
        (Key(0, 0, "major"), (0, (0, 4, 7)), [68, 67, 66, 67], ["Ab", "G", "F#", "G"]),  # neighbours
        (Key(0, 0, "major"), (0, (0, 4, 7)), [67, 68, 69], ["G", "G#", "A"]),  # passing upwards
    ],
)
def test_notes_are_spelled_by_key_and_chord(folder: Path, key, chord, pitches, names) -> None:
    notes = [(i * 480, 480, 0, 0, pitch) for i, pitch in enumerate(pitches)]
    chords = (Chord(0, 1920, "?", mask(*chord[1]), chord[0], chord[0]),) if chord else ()
    part = written(piece_of(notes, grid([4]), keys=(key,), chords=chords), folder).findall("part")[VIOLINS]
    assert spelled(part) == names


def test_chord_symbols_name_root_kind_and_bass(folder: Path) -> None:
    chords = (
        Chord(0, 960, "Dm7/F", mask(2, 5, 9, 0), 2, 5),
        Chord(960, 1440, "Dm7/F", mask(2, 5, 9, 0), 2, 5),
        Chord(1440, 1920, "Bb(add9)", mask(10, 2, 5, 0), 10, 10),
    )
    score = written(
        piece_of([(0, 1920, 0, 0, 74)], grid([4]), keys=(Key(0, 5, "major"),), chords=chords), folder
    )
    first, second = score.iter("harmony")
    assert (first.findtext("root/root-step"), first.findtext("kind"), first.findtext("bass/bass-step")) == (
        "D", "minor-seventh", "F",
    )  # fmt: skip
    assert (second.findtext("root/root-step"), second.findtext("root/root-alter")) == ("B", "-1")
    assert second.find("kind").get("text") == "add9"
    assert second.findtext("offset") == "1440"


def asking(piece: Piece, time_s: list[float], value: list[float]) -> Piece:
    curve = Curve(np.array(time_s), np.array(value), "inline")
    return replace(piece, plan=replace(piece.plan, curve=curve))


def test_a_growing_phrase_gets_a_hairpin_and_says_where_it_led(folder: Path) -> None:
    notes = [(bar * 1920, 1920, 0, 0, 72) for bar in range(8)]
    piece = piece_of(notes, grid([4] * 8))
    bar_s = float(piece.plan.grid.bar_us[1]) / 1e6
    asked = asking(piece, [0.0, 4 * bar_s, 8 * bar_s], [0.1, 0.8, 0.8])
    part = written(asked, folder).findall("part")[VIOLINS]
    told = [d.tag for m in part.iter("dynamics") for d in m]
    assert told[1:] == ["f"]
    assert told[0] in ("pp", "p")
    wedges = [(m.get("number"), w.get("type")) for m in part.findall("measure") for w in m.iter("wedge")]
    assert wedges == [("1", "crescendo"), ("4", "stop")]


def test_a_plateau_begins_where_the_curve_reaches_it(folder: Path) -> None:
    notes = [(bar * 1920, 1920, 0, 0, 72) for bar in range(8)]
    piece = piece_of(notes, grid([4] * 8))
    bar_s = float(piece.plan.grid.bar_us[1]) / 1e6
    asked = asking(piece, [0.0, 3 * bar_s, 3 * bar_s + 1e-3, 8 * bar_s], [0.1, 0.1, 0.9, 0.9])
    part = written(asked, folder).findall("part")[VIOLINS]
    told = [(m.get("number"), d.tag) for m in part.findall("measure") for e in m.iter("dynamics") for d in e]
    assert told[-1] in (("4", "ff"), ("4", "f"))


def test_no_hairpin_runs_through_rests_and_no_level_is_extreme(folder: Path) -> None:
    notes = [(bar * 1920, 1920, 0, 0, 72) for bar in (0, 1, 4, 5)]
    piece = piece_of(notes, grid([4] * 6), velocity=[1, 2, 127, 127])
    bar_s = float(piece.plan.grid.bar_us[1]) / 1e6
    part = written(asking(piece, [2 * bar_s, 4 * bar_s], [0.0, 1.0]), folder).findall("part")[VIOLINS]
    assert part.find(".//wedge") is None
    assert {d.tag for m in part.iter("dynamics") for d in m} <= {"pp", "p", "mp", "mf", "f", "ff"}


@pytest.mark.parametrize(("tension", "level"), [(0.05, "pp"), (0.25, "p"), (0.55, "mf"), (0.95, "ff")])
def test_a_steady_part_is_told_once_how_loud_it_is_meant_and_played_as_loud_as_it_sounds(
    folder: Path, tension: float, level: str
) -> None:
    notes = [(bar * 1920, 1920, 0, 0, 72) for bar in range(8)]
    piece = asking(piece_of(notes, grid([4] * 8), velocity=72), [0.0, 1.0], [tension, tension])
    part = written(piece, folder).findall("part")[VIOLINS]
    assert [d.tag for m in part.iter("dynamics") for d in m] == [level]
    assert [sound.get("dynamics") for sound in part.iter("sound") if sound.get("dynamics")] == ["80.00"]


def test_a_silent_part_has_whole_bar_rests(folder: Path) -> None:
    part = written(piece_of([], grid([3, 4])), folder).findall("part")[VIOLINS]
    assert [n.findtext("duration") for n in part.iter("note")] == ["1440", "1920"]


def test_a_title_with_markup_and_broken_characters_is_written(folder: Path) -> None:
    score = written(piece_of([], title="a <b> & \x00\udcff 夜"), folder)
    assert score.findtext("work/work-title") == "a <b> & ? 夜"


def test_a_pitch_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="below what MusicXML can write"):
        write_musicxml(piece_of([(0, 480, 0, 0, 5)]), tmp_path / "a.musicxml")
    with pytest.raises(InputError, match="names no part"):
        broken = small_piece()
        write_musicxml(replace(broken, plan=replace(broken.plan, parts=(PAD,))), tmp_path / "a.musicxml")
    assert list(tmp_path.iterdir()) == []
