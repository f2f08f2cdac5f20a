"""Scores in MusicXML and kern: the notes a musician reads, and every broken file told in one line."""

import zipfile

import numpy as np
import pytest

from tensionbgm.errors import InputError
from tensionbgm.music.notes import KeyChange
from tensionbgm.music.scores import read_score

HEAD = (
    '<?xml version="1.0"?><score-partwise version="4.0"><part-list>{list}</part-list>{parts}</score-partwise>'
)
NAME = '<score-part id="P{n}"><part-name>{name}</part-name></score-part>'
SET_UP = (
    "<attributes><divisions>2</divisions><key><fifths>-1</fifths><mode>minor</mode></key>"
    "<time><beats>6</beats><beat-type>8</beat-type></time>{more}</attributes>"
)
TEMPO = '<direction><direction-type><words>Andante</words></direction-type><sound tempo="60"/></direction>'
FORTE = "<direction><direction-type><dynamics><ff/></dynamics></direction-type></direction>"


def note(step, octave, duration, tie="", chord=False):
    marks = "".join(f'<tie type="{t}"/>' for t in tie.split())
    return (
        f"<note>{'<chord/>' if chord else ''}<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{marks}<voice>1</voice></note>"
    )


def score(tmp_path, *parts, name="a.musicxml"):
    """A file of parts, each the content of its measures."""
    listed = "".join(NAME.format(n=n, name=f"Voice {n}") for n in range(len(parts)))
    bodies = "".join(
        f'<part id="P{n}">'
        + "".join(f'<measure number="{m}">{bar}</measure>' for m, bar in enumerate(part, 1))
        + "</part>"
        for n, part in enumerate(parts)
    )
    path = tmp_path / name
    path.write_text(HEAD.format(list=listed, parts=bodies), encoding="utf-8")
    return path


def first_bar(*notes, more=""):
    return SET_UP.format(more=more) + TEMPO + "".join(notes)


def test_notes_bars_beats_tempo_and_key_are_read(tmp_path):
    bars = [first_bar(note("D", 4, 6)), note("F", 4, 3) + note("A", 4, 3)]
    read = read_score(score(tmp_path, bars))
    assert read.notes["pitch"].tolist() == [62, 65, 69]
    assert read.notes["onset_quarter"].tolist() == [0, 3, 4.5]
    assert read.notes["onset_s"].tolist() == [0, 3, 4.5]
    assert read.bar_quarter.tolist() == [0, 3, 6]
    assert read.beats.tolist() == [0, 1.5, 3, 4.5, 6]
    assert read.keys == (KeyChange(0.0, 2, "minor"),)
    assert read.track_names == ("Voice 0",)


def test_tied_notes_are_one_and_repeated_notes_are_two(tmp_path):
    tied = [first_bar(note("D", 4, 6, "start")), note("D", 4, 6, "stop")]
    twice = [first_bar(note("D", 4, 6)), note("D", 4, 6)]
    assert read_score(score(tmp_path, tied)).notes["duration_quarter"].tolist() == [6]
    assert read_score(score(tmp_path, twice)).notes["duration_quarter"].tolist() == [3, 3]


def test_a_transposing_instrument_is_read_at_sounding_pitch(tmp_path):
    clarinet = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    read = read_score(score(tmp_path, [first_bar(note("D", 5, 6), more=clarinet)]))
    assert read.notes["pitch"].tolist() == [72]


def test_a_dynamic_mark_holds_until_the_next(tmp_path):
    bars = [first_bar(note("D", 4, 6)), FORTE + note("E", 4, 6), note("F", 4, 6)]
    velocity = read_score(score(tmp_path, bars)).notes["velocity"].tolist()
    assert velocity[0] < velocity[1] == velocity[2]


def test_parts_and_chords_keep_their_notes(tmp_path):
    chord = [first_bar(note("C", 4, 6), note("E", 4, 6, chord=True))]
    read = read_score(score(tmp_path, chord, [first_bar(note("C", 3, 6))]))
    assert sorted(zip(read.notes["track"].tolist(), read.notes["pitch"].tolist(), strict=True)) == [
        (0, 60),
        (0, 64),
        (1, 48),
    ]


def test_a_compressed_score_reads_as_the_plain_one(tmp_path):
    plain = score(tmp_path, [first_bar(note("D", 4, 6))])
    packed = tmp_path / "a.mxl"
    inside = '<container><rootfiles><rootfile full-path="a.musicxml"/></rootfiles></container>'
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("META-INF/container.xml", inside)
        file.write(plain, "a.musicxml")
        file.writestr("__MACOSX/._a.musicxml", b"\0\5\x16\7")
    np.testing.assert_array_equal(read_score(packed).notes, read_score(plain).notes)


def test_kern_is_read(tmp_path):
    path = tmp_path / "a.krn"
    path.write_text(
        "**kern\t**kern\n*k[]\t*k[]\n*a:\t*a:\n*M2/4\t*M2/4\n4A\t4c\n4B\t4d\n=\t=\n2c\t2e\n=\t=\n*-\t*-\n"
    )
    read = read_score(path)
    assert sorted(read.notes["pitch"].tolist()) == [57, 59, 60, 60, 62, 64]
    assert read.keys == (KeyChange(0.0, 9, "minor"),)
    assert read.bar_quarter.tolist() == [0, 2, 4]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("none.musicxml", None, "no such file"),
        ("text.musicxml", "not xml at all", "not a readable score"),
        ("empty.musicxml", "", "not a readable score"),
        ("half.musicxml", HEAD[:60], "not a readable score"),
        ("bomb.xml", BOMB, "entities"),
        ("other.xml", "<svg/>", "score"),
        ("packed.mxl", "PK junk", "not a readable score"),
        ("words.krn", "hello\nworld\n", "score"),
        ("silent.musicxml", HEAD.format(list=NAME.format(n=0, name="x"), parts='<part id="P0"/>'), "score"),
        ("film.mp4", "ftyp", "no kind that can be read"),
    ],
)
def test_what_is_no_score_is_refused_in_one_line(tmp_path, name, content, fault):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=fault) as told:
        read_score(path)
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_a_midi_file_by_any_name_is_read_as_midi(tmp_path):
    import mido

    track = mido.MidiTrack([mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=480)])
    path = tmp_path / "song.data"
    mido.MidiFile(tracks=[track]).save(path)
    assert read_score(path).notes["pitch"].tolist() == [60]


def test_a_tie_on_one_note_of_a_chord_holds_that_note_alone(tmp_path):
    bars = [
        first_bar(note("C", 4, 6, "start"), note("E", 4, 6, chord=True)),
        note("C", 4, 6, "stop") + note("E", 4, 6, chord=True),
    ]
    read = read_score(score(tmp_path, bars))
    lengths = zip(read.notes["pitch"].tolist(), read.notes["duration_quarter"].tolist(), strict=True)
    assert sorted(lengths) == [(60, 6), (64, 3), (64, 3)]


@pytest.mark.parametrize("beats", ["3+2", "2+2+3"])
def test_an_additive_meter_is_read(tmp_path, beats):
    path = score(tmp_path, [first_bar(note("D", 4, 6))])
    path.write_text(path.read_text().replace("<beats>6</beats>", f"<beats>{beats}</beats>"))
    assert read_score(path).beats[1] == 0.5


def test_the_two_staves_of_a_piano_are_one_part(tmp_path):
    two = "<staves>2</staves>"
    lower = "<backup><duration>6</duration></backup>" + note("C", 3, 6).replace(
        "<voice>1</voice>", "<voice>2</voice><staff>2</staff>"
    )
    upper = note("C", 5, 6).replace("</voice>", "</voice><staff>1</staff>")
    bars = [
        SET_UP.format(more="").replace("<time>", "<time>").replace("</time>", f"</time>{two}") + upper + lower
    ]
    read = read_score(score(tmp_path, bars))
    assert sorted(read.notes["pitch"].tolist()) == [48, 72]
    assert read.track_names == ("Voice 0",)


@pytest.mark.parametrize("inside", ["score.xml", "score.mxl", "__MACOSX/score.xml"])
def test_entities_are_refused_wherever_a_compressed_score_keeps_them(tmp_path, inside):
    packed = tmp_path / "a.mxl"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(
            "META-INF/container.xml",
            f'<container><rootfiles><rootfile full-path="{inside}"/></rootfiles></container>',
        )
        file.writestr(inside, BOMB)
    with pytest.raises(InputError, match="entities"):
        read_score(packed)
