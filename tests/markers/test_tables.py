"""CSV in, hit points out: as people write it, and as editing programs export it."""

from fractions import Fraction

import pytest
from films import film, saved

from tensionbgm.errors import InputError
from tensionbgm.forms import Marker
from tensionbgm.markers.marks import MOST
from tensionbgm.markers.read import read_hits


def markers(tmp_path, text, shot=None):
    return read_hits(saved(tmp_path, "a.csv", text), shot or film()).markers


@pytest.mark.parametrize(
    "text",
    [
        "2.5,Bang,0.5,downbeat\n1:00,End\n",
        "time,name,weight,beat\n2.5,Bang,0.5,downbeat\n1:00,End,,\n",
        "Name\tBeat\tWeight\tIn\nBang\tDownbeat\t0.5\t2.5\nEnd\t\t\t60\n",
        "\ufeff# cues\n\n2.5, Bang ,0.5,downbeat\n1:00.000,End\n",
        "time;name;weight;beat\n2.5;Bang;0.5;downbeat\n60;End\n",
        "60,End\n2.5,Bang [downbeat 0.5]\n",
        "2.5,Bang,0.5,downbeat\n00:01:00:00,End\n",
    ],
)
def test_ways_to_write_the_same(tmp_path, text):
    assert markers(tmp_path, text) == (Marker(2.5, "Bang", 0.5, "downbeat"), Marker(60.0, "End"))


def test_a_first_row_that_looks_like_heads_but_has_a_time_is_a_row(tmp_path):
    assert markers(tmp_path, "1,In\n2,Marker\n") == (Marker(1.0, "In"), Marker(2.0, "Marker"))


def test_the_beat_may_stand_where_the_weight_does(tmp_path):
    assert markers(tmp_path, "1,Bang,any\n") == (Marker(1.0, "Bang", 1.0, "any"),)


def test_a_table_of_another_program_in_utf_16_is_read(tmp_path):
    text = "Marker Name\tDescription\tIn\tOut\tMarker Type\nÜber\t\t00:00:02:00\t00:00:02:00\tComment\n"
    (marker,) = read_hits(saved(tmp_path, "a.txt", text.encode("utf-16")), film()).markers
    assert (marker.name, marker.time_s) == ("Über", 2.0)


@pytest.mark.parametrize(
    ("rate", "label", "seconds"),
    [
        (Fraction(25), "00:00:10:05", 10.2),
        (Fraction(25), "01:00:10:05", 10.2),
        (Fraction(24000, 1001), "01:00:10:00", 240 * 1001 / 24000),
        (Fraction(30000, 1001), "01:00:10;00", 300 * 1001 / 30000),
        (Fraction(30000, 1001), "10:00:10:00", 300 * 1001 / 30000),
    ],
)
def test_the_whole_hour_is_the_first_frame(tmp_path, rate, label, seconds):
    (marker,) = markers(tmp_path, f"{label},Bang\n", film(rate))
    assert marker.time_s == pytest.approx(seconds, abs=1e-9)


def test_the_user_says_where_the_film_begins(tmp_path):
    path = saved(tmp_path, "a.csv", "00:59:52:00,Bang\n01:00:02:00,End\n2.5,Middle\n")
    hits = read_hits(path, film(first="00:59:50:00"))
    assert [(m.time_s, m.name) for m in hits.markers] == [(2.0, "Bang"), (2.5, "Middle"), (12.0, "End")]


def test_what_was_taken_for_the_first_frame_is_told(tmp_path):
    hits = read_hits(saved(tmp_path, "a.csv", "01:00:02:00,Bang\n"), film())
    assert any("01:00:00:00 is taken for the film's first frame" in note for note in hits.notes)


def test_markers_outside_the_film_are_named_and_left_out(tmp_path):
    hits = read_hits(saved(tmp_path, "a.csv", "1,In\n61,Late\n99,Later\n"), film())
    assert [m.name for m in hits.markers] == ["In"]
    assert any('"Late" at 61.000 s, "Later" at 99.000 s' in note for note in hits.notes)


def test_a_film_no_marker_lies_in_is_refused(tmp_path):
    with pytest.raises(InputError, match=r'1 marker, and none in the film: "Late" at 61.000 s; .*--timecode'):
        markers(tmp_path, "61,Late\n")


def test_a_film_of_varying_rate_is_warned_of_where_timecode_is_used(tmp_path):
    from dataclasses import replace

    shot = replace(film(), steady=False)
    said = [read_hits(saved(tmp_path, "a.csv", f"{at},Bang\n"), shot).notes for at in ("2.0", "00:00:02:00")]
    assert [any("does not keep" in note for note in notes) for notes in said] == [False, True]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds no markers"),
        ("time,name\n", "holds no markers"),
        ("nan,Bang\n", 'line 1: "nan" is no time'),
        ("1,A\n-2,Bang\n", 'line 2: "-2" is no time'),
        ("when,what\n1,A\n", 'line 1: "when" is no time'),
        ("00:00:02:30,Bang\n", "line 1: 00:00:02:30 names frame 30"),
        ("00:00:02;10,Bang\n", "line 1: 00:00:02;10 is drop-frame"),
        ("1,A,2\n", 'line 1: weight "2" is no number from 0 to 1'),
        ("1,A,nan\n", 'line 1: weight "nan"'),
        ("1,Bang, now,1\n", 'line 1: weight "now"'),
        ("1,A,1,upbeat\n", 'line 1: no beat is called "upbeat"; give downbeat, strong, any'),
    ],
)
def test_a_fault_names_its_line(tmp_path, text, fault):
    with pytest.raises(InputError, match=r"a\.csv: .*; .*") as told:
        markers(tmp_path, text)
    assert fault in str(told.value)
    assert "\n" not in str(told.value)


def test_more_markers_than_music_can_meet_are_refused(tmp_path):
    markers(tmp_path, "".join(f"{n / 10},m{n}\n" for n in range(MOST)))
    with pytest.raises(InputError, match=f"holds more than {MOST} markers; keep"):
        markers(tmp_path, "".join(f"{n / 10},m{n}\n" for n in range(MOST + 1)))
