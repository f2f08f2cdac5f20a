"""What is written is read back the same: exactly in CSV, to the frame in the files that only know frames."""

from fractions import Fraction
from pathlib import Path

import pytest
from films import FRAMED, film, films, frame, marks_in, read_here
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.markers.marks import Film, Mark, join_wishes, plain, split_wishes
from tensionbgm.markers.read import parse_file, read_hits
from tensionbgm.markers.timecode import Timecode
from tensionbgm.markers.write import marks_text


@pytest.fixture(autouse=True)
def _one_process(monkeypatch):
    read_here(monkeypatch)


once = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def through(folder: Path, suffix: str, marks, film: Film):
    path = folder / f"marks{suffix}"
    path.write_text(marks_text(marks, path, film, "A film"), encoding="utf-8")
    return path


@once
@given(st.data())
def test_csv_keeps_all_of_a_mark_to_the_microsecond(tmp_path, data):
    marks = data.draw(marks_in(film(duration=3600)))
    read = parse_file(through(tmp_path, ".csv", marks, film())).markers
    for wrote, got in zip(marks, read, strict=True):
        assert (got.at, got.name, got.weight, got.beat, got.kind) == (
            wrote.at, wrote.name, wrote.weight, wrote.beat, wrote.kind,
        )  # fmt: skip


@pytest.mark.parametrize("suffix", FRAMED)
@once
@given(data=st.data())
def test_files_of_frames_keep_frame_name_weight_and_beat(tmp_path, suffix, data):
    shot = data.draw(films())
    marks = [Mark(mark.at, mark.name, mark.weight, mark.beat) for mark in data.draw(marks_in(shot))]
    hits = read_hits(through(tmp_path, suffix, marks, shot), shot)
    expected = {(frame(m.time, shot), m.name, m.weight, m.beat) for m in marks}
    assert {(frame(m.time_s, shot), m.name, m.weight, m.beat) for m in hits.markers} == expected


@pytest.mark.parametrize("suffix", FRAMED)
@once
@given(data=st.data())
def test_times_in_files_of_frames_are_off_by_half_a_frame_at_most_even_after_an_hour(tmp_path, suffix, data):
    shot = data.draw(films())
    shot = Film(shot.rate, Fraction(3600), first=shot.first)
    marks = [Mark(Fraction(data.draw(st.integers(3590 * 10**6, 3599 * 10**6)), 10**6), "late")]
    (marker,) = read_hits(through(tmp_path, suffix, marks, shot), shot).markers
    assert abs(Fraction(marker.time_s) - marks[0].time) <= Fraction(1, 2) / shot.rate + Fraction(1, 10**9)


@given(
    name=st.text(max_size=40).map(plain),
    weight=st.integers(0, 1000),
    beat=st.sampled_from(["downbeat", "any", "strong"]),
)
def test_a_name_carries_its_wishes(name, weight, beat):
    mark = Mark(Fraction(0), name, weight / 1000, beat)
    assert split_wishes(join_wishes(mark)) == (name, weight / 1000, beat)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("Door slams", ("Door slams", 1.0, "strong")),
        ("Door slams [downbeat]", ("Door slams", 1.0, "downbeat")),
        ("Door slams [any, 0.5]", ("Door slams", 0.5, "any")),
        ("[0.25]", ("", 0.25, "strong")),
        ("Scene [12]", ("Scene [12]", 1.0, "strong")),
        ("Cue [downbeat any]", ("Cue [downbeat any]", 1.0, "strong")),
    ],
)
def test_wishes_in_names(text, wishes):
    assert split_wishes(text) == wishes


def test_the_earlier_scores_own_marks_are_no_demands(tmp_path):
    marks = [
        Mark(Fraction(0), "A", kind="section"),
        Mark(Fraction(3), "Bang"),
        Mark(Fraction(4), "cut", kind="cut"),
    ]
    for suffix in (".csv", ".otio"):
        hits = read_hits(through(tmp_path, suffix, marks, film()), film())
        assert [marker.name for marker in hits.markers] == ["Bang"]
        assert any("left out: 2 marks of an earlier score" in note for note in hits.notes)


def test_a_foreign_reader_finds_the_same_locators_in_our_edl(tmp_path):
    cmx = pytest.importorskip("otio_cmx3600_adapter.cmx_3600")
    marks = [Mark(Fraction(1), "A"), Mark(Fraction(1), "Bang"), Mark(Fraction(5, 2), "Ünd")]
    text = through(tmp_path, ".edl", marks, film()).read_text(encoding="utf-8")
    clips = cmx.read_from_string(text, rate=25).find_clips()
    found = [(m.marked_range.start_time.value - 90_000, m.name) for clip in clips for m in clip.markers]
    assert found == [(25, "A"), (25, "Bang"), (62, "Ünd")]


def test_a_foreign_reader_finds_the_same_markers_in_our_otio(tmp_path):
    otio = pytest.importorskip("opentimelineio")
    path = through(
        tmp_path, ".otio", [Mark(Fraction(2), "Bang", note="met, +3 ms")], film(Fraction(30000, 1001))
    )
    timeline = otio.adapters.read_from_file(str(path))
    (marker,) = timeline.tracks.markers
    assert (marker.name, marker.comment, marker.marked_range.start_time.value) == ("Bang", "met, +3 ms", 60)
    start = timeline.global_start_time
    assert otio.opentime.to_timecode(start, start.rate, drop_frame=False) == "01:00:00:00"


@pytest.mark.parametrize("suffix", FRAMED)
def test_a_first_label_that_the_rate_does_not_have_is_refused(suffix):
    shot = Film(Fraction(25), Fraction(60), first=Timecode(1, 0, 0, 0, drop=True))
    with pytest.raises(InputError, match="drop-frame"):
        marks_text([Mark(Fraction(1), "A")], Path(f"a{suffix}"), shot, "T")


@pytest.mark.parametrize("name", ["a.aaf", "a", "a.xml"])
def test_kinds_that_are_not_written_are_refused(name):
    with pytest.raises(InputError, match=r"\.csv, \.edl, \.fcpxml, \.otio"):
        marks_text([], Path(name), film(), "T")


@pytest.mark.parametrize("suffix", FRAMED)
def test_files_of_frames_need_a_rate(suffix):
    with pytest.raises(InputError, match="--rate"):
        marks_text([], Path(f"a{suffix}"), None, "T")
