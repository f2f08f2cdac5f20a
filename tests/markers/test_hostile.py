"""Whatever lies in a file: hit points inside the film, or one line that names the file, fault and remedy."""

import os
import zipfile

import pytest
from films import film, read_here, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_edl import LOCATORS, RESOLVE
from test_fcpxml import HEAD, TAIL, project
from test_otio import clip, marker, text_of, timeline

from tensionbgm.errors import InputError, UsageError
from tensionbgm.markers import read
from tensionbgm.markers.read import PARSERS, XML, parse_first, read_hits

GOOD = {
    ".csv": "time,name,weight,beat\n1:02.5,Bang,0.5,downbeat\n00:00:02:12,Door,,any\n",
    ".edl": LOCATORS + RESOLVE,
    ".fcpxml": HEAD
    + project('<gap offset="0s" start="1s" duration="9s"><marker start="2s" value="m"/></gap>')
    + TAIL,
    ".otio": text_of(timeline(clip(0, 500, marker("c", 5)), markers=[marker("m", 50)])),
}
fuzz = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def told_or_inside(path, shot):
    try:
        hits = read_hits(path, shot)
    except InputError as fault:
        line = str(fault)
        assert line.startswith(f"{path}: ")
        assert "; " in line
        assert len(line) < len(str(path)) + 400
        assert "\n" not in line
        return
    assert all(0 <= m.time_s <= shot.duration and 0 <= m.weight <= 1 for m in hits.markers)
    assert [m.time_s for m in hits.markers] == sorted(m.time_s for m in hits.markers)
    assert all(m.name.isprintable() and m.name for m in hits.markers)


@pytest.mark.parametrize("suffix", sorted({*PARSERS, *XML}))
@fuzz
@given(
    content=st.one_of(
        st.binary(max_size=400), st.text(max_size=400).map(lambda t: t.encode("utf-8", "replace"))
    )
)
def test_any_bytes(tmp_path, monkeypatch, suffix, content):
    read_here(monkeypatch)  # none of these is a timeline
    told_or_inside(saved(tmp_path, f"a{suffix}", content), film())


@st.composite
def changed(draw, text):
    """The text with a few characters taken out and others put in."""
    at, cut = draw(st.integers(0, len(text))), draw(st.integers(0, 30))
    traps = ["NaN", "9" * 20, "-1", "1e999", "null", "0", '"', "<", "&x;", ";", "99:99:99:99"]
    put = draw(st.one_of(st.text(max_size=12), st.sampled_from(traps)))
    return (text[:at] + put + text[at + cut :]).encode("utf-8", "replace")


@pytest.mark.parametrize("suffix", [".csv", ".edl", ".fcpxml"])
@fuzz
@given(data=st.data())
def test_good_files_with_something_changed(tmp_path, suffix, data):
    told_or_inside(saved(tmp_path, f"a{suffix}", data.draw(changed(GOOD[suffix]))), film(duration=3600))


@settings(fuzz, max_examples=8)
@given(content=changed(GOOD[".otio"]))
def test_a_timeline_with_something_changed(tmp_path, content):
    told_or_inside(saved(tmp_path, "a.otio", content), film(duration=3600))


@pytest.mark.parametrize("suffix", sorted(GOOD))
def test_good_files_are_good(tmp_path, suffix):
    assert read_hits(saved(tmp_path, f"a{suffix}", GOOD[suffix]), film(duration=3600)).markers


@pytest.mark.parametrize("suffix", sorted(GOOD))
def test_files_larger_than_the_limit_are_refused_unread(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(read, "LARGEST_BYTES", 100)
    with pytest.raises(InputError, match="is larger than"):
        read_hits(saved(tmp_path, f"a{suffix}", b"x" * 101), film())


@pytest.mark.parametrize("suffix", sorted(GOOD))
def test_a_million_markers_are_refused(tmp_path, suffix):
    text = {
        ".csv": "1,m\n" * 1_000_000,
        ".edl": "* LOC: 01:00:01:00 RED m\n" * 1_000_000,
        ".fcpxml": HEAD
        + project('<gap offset="0s">' + '<marker start="1s" value="m"/>' * 20_000 + "</gap>")
        + TAIL,
        ".otio": text_of(timeline(clip(0, 500), markers=[marker("m", 50) for _ in range(5000)])),
    }[suffix]
    with pytest.raises(InputError, match="holds more than 500 markers; keep"):
        read_hits(saved(tmp_path, f"a{suffix}", text), film())


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(InputError, match="no plain file"):
        read_hits(tmp_path / "a.csv", film())


@pytest.mark.parametrize("name", ["none.csv", "none.otioz", "none.fcpxmld"])
def test_a_missing_file_is_told(tmp_path, name):
    with pytest.raises(InputError, match="cannot be read"):
        read_hits(tmp_path / name, film())


@pytest.mark.parametrize("name", ["a.aaf", "a.xml", "a", "a.mp4"])
def test_other_kinds_are_refused_by_name(tmp_path, name):
    with pytest.raises(InputError, match=r"give \.csv, \.edl, \.fcpxml, \.otio and \.otioz"):
        read_hits(saved(tmp_path, name, "1,A\n"), film())


def test_text_in_another_encoding_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no text in UTF-8 \(byte 2\); save it as UTF-8"):
        read_hits(saved(tmp_path, "a.csv", "1,Übung\n".encode("latin-1")), film())


@pytest.mark.parametrize("text", ["", "1:00", "01:00:00", "25", "01:00:99:00", "x"])
def test_what_is_no_timecode_of_the_first_frame_is_refused(text):
    with pytest.raises(UsageError, match="give one like 01:00:00:00"):
        parse_first(text)


def test_labels_that_are_not_placed_are_not_asked_for_their_time(tmp_path):
    text = "time,name,kind\n5,a,marker\n01:00:00;00,b,section\n"
    assert [m.name for m in read_hits(saved(tmp_path, "a.csv", text), film(25)).markers] == ["a"]


def test_a_broken_archive_is_told(tmp_path):
    path = tmp_path / "a.otioz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("content.otio", GOOD[".otio"])
    broken = bytearray(path.read_bytes())
    broken[60:70] = bytes(255 - byte for byte in broken[60:70])
    path.write_bytes(broken)
    told_or_inside(path, film())


def test_a_line_of_blanks_takes_no_time_worth_telling(tmp_path):
    blank = " " * 500_000
    told_or_inside(saved(tmp_path, "a.edl", f"1{blank}x\n{LOCATORS}"), film())
    told_or_inside(saved(tmp_path, "a.csv", f"time,name\n1,a{blank}[b\n"[:100_000]), film())
