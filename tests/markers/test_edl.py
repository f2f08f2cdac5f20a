"""EDL in, hit points out: locators, Resolve's markers, and cuts where there are neither."""

from fractions import Fraction

import pytest
from films import film, saved

from tensionbgm.errors import InputError
from tensionbgm.markers.read import read_hits

NTSC = Fraction(30000, 1001)
CUTS = """TITLE: Holiday
FCM: NON-DROP FRAME
001  REEL_1 V     C        00:00:04:05 00:00:09:05 00:59:50:00 00:59:55:00
* FROM CLIP NAME:  beach.mov
002  MY REEL AA/V  C        00:01:04:05 00:01:14:05 00:59:55:00 01:00:05:00
002  REEL_2 V     D    010 01:00:00:00 01:00:20:00 01:00:05:00 01:00:25:00
M2   REEL_2       050.0    01:00:00:00
003  MUSIC  A2    C        00:00:00:00 00:01:00:00 00:59:50:00 01:00:50:00
004  BL     V     C        00:00:00:00 00:00:25:00 01:00:25:00 01:00:50:00
"""
LOCATORS = CUTS + "* LOC: 00:59:57:12 RED     Door slams [downbeat]\n* LOC: 01:00:10:00 Redemption\n"
RESOLVE = """TITLE: Timeline 1
FCM: NON-DROP FRAME

001  001      V     C        01:00:05:00 01:00:05:01 01:00:05:00 01:00:05:01
 |C:ResolveColorBlue |M:Marker 1 |D:1

002  001      V     C        01:00:42:21 01:00:42:22 01:00:42:21 01:00:42:22
a note to it |C:ResolveColorGreen |M:Laugh [any] |D:1
"""


def read(tmp_path, text, shot):
    return read_hits(saved(tmp_path, "a.edl", text), shot)


def test_cuts_count_where_there_are_no_markers_and_a_dissolve_lies_in_its_middle(tmp_path):
    hits = read(tmp_path, CUTS, film(duration=60))
    assert hits.edit_s == (5.0, 15.2, 35.0)
    assert hits.markers == ()
    assert any("3 cuts in it are taken for those of the film" in note for note in hits.notes)


def test_locators_count_before_cuts(tmp_path):
    hits = read(tmp_path, LOCATORS, film(duration=60))
    assert [(m.time_s, m.name, m.beat) for m in hits.markers] == [
        (7.48, "Door slams", "downbeat"),
        (20.0, "Redemption", "strong"),
    ]
    assert hits.edit_s == ()
    assert any("2 locators" in note for note in hits.notes)


def test_a_leader_before_the_hour_is_no_film_if_the_list_is_longer_by_it(tmp_path):
    hits = read(tmp_path, LOCATORS, film(duration=50))
    assert [(m.time_s, m.name) for m in hits.markers] == [(10.0, "Redemption")]
    assert any('"Door slams" at -2.520 s' in note for note in hits.notes)


def test_markers_of_resolve_are_read(tmp_path):
    hits = read(tmp_path, RESOLVE, film(duration=60))
    assert [(m.time_s, m.name, m.beat) for m in hits.markers] == [
        (5.0, "Marker 1", "strong"),
        (42.84, "Laugh", "any"),
    ]


def test_drop_frame_is_read_by_its_semicolons_or_by_its_header(tmp_path):
    body = "001  AX V C {0} 01:02:00{1}02 {0} 01:02:00{1}02\n* LOC: 01:01:00{1}02 RED Bang\n"
    said = "FCM: DROP FRAME\n" + body.format("01:00:00:00", ":")
    seen = body.format("01:00:00;00", ";")
    for text in (said, seen):
        (marker,) = read(tmp_path, text, film(NTSC, 119.9)).markers
        assert marker.time_s == pytest.approx(1800 * 1001 / 30000, abs=1e-9)


def test_a_header_says_drop_frame_of_films_that_have_none_and_is_passed_over(tmp_path):
    text = (
        "FCM: DROP FRAME\n001  AX V C 01:00:00:00 01:01:00:00 01:00:00:00 01:01:00:00\n* LOC: 01:00:01:00 A\n"
    )
    assert read(tmp_path, text, film(25)).markers[0].time_s == 1.0


def test_lines_that_look_like_events_and_are_none_are_told(tmp_path):
    text = LOCATORS + "005 BAD V X 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n"
    assert any('"005 BAD V X' in note for note in read(tmp_path, text, film()).notes)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("TITLE: nothing\n", "holds neither events nor locators"),
        ("* LOC: 01:00:75:00 RED Bang\n", 'line 1: "01:00:75:00" has more than 59'),
        ("* LOC: 01:00:01:27 RED Bang\n", "line 1: 01:00:01:27 names frame 27"),
        ("* LOC: 01:00:01;07 RED Bang\n", "line 1: 01:00:01;07 is drop-frame"),
        ("001 AX V C 00:00:00:00 00:01:00:00 00:00:00:00 00:01:00:00\n", "no cut inside the film"),
    ],
)
def test_faults(tmp_path, text, fault):
    with pytest.raises(InputError, match=r"a\.edl: ") as told:
        read(tmp_path, text, film())
    assert fault in str(told.value)


def test_what_an_earlier_score_said_of_a_marker_is_not_its_name(tmp_path):
    text = LOCATORS.replace("Redemption", "Redemption (met, +3 ms)").replace("slams", "slams (if met, so)")
    names = [m.name for m in read(tmp_path, text, film(duration=60)).markers]
    assert names == ["Door slams (if met, so)", "Redemption"]


def test_a_long_name_keeps_its_wishes(tmp_path):
    text = LOCATORS.replace("Redemption", "R" * 300 + " [any 0.5]")
    mark = read(tmp_path, text, film(duration=60)).markers[1]
    assert (mark.name, mark.weight, mark.beat) == ("R" * 200, 0.5, "any")
