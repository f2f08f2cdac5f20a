"""OpenTimelineIO in, hit points out: added up exactly, whatever holds what."""

import json
import zipfile
from fractions import Fraction

import opentimelineio as otio
import pytest
from films import film, read_here, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.markers.read import read_hits

NTSC = Fraction(30000, 1001)


def time(value, rate=25.0):
    return otio.opentime.RationalTime(value, rate)


def span(start, duration, rate=25.0):
    return otio.opentime.TimeRange(time(start, rate), time(duration, rate))


def marker(name, at, rate=25.0):
    return otio.schema.Marker(name, span(at, 1, rate))


def clip(start, duration, *markers, rate=25.0, name="clip"):
    made = otio.schema.Clip(name, source_range=span(start, duration, rate))
    made.markers.extend(markers)
    return made


def timeline(*items, start=None, markers=()):
    made = otio.schema.Timeline("T", global_start_time=start)
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.extend(items)
    made.tracks.append(track)
    made.tracks.markers.extend(markers)
    return made


def text_of(noun):
    return otio.core.serialize_json_to_string(noun)


def read(tmp_path, noun, shot=None, name="a.otio"):
    return read_hits(saved(tmp_path, name, text_of(noun)), shot or film())


def found(hits):
    return [(m.time_s, m.name) for m in hits.markers]


def test_markers_of_the_timeline_and_of_clips_count_and_are_told_apart(tmp_path):
    gap = otio.schema.Gap(source_range=span(0, 50))
    noun = timeline(
        clip(1000, 100, marker("on clip", 1025), marker("cut off", 999), marker("cut off", 1100)),
        gap,
        clip(7, 25, marker("on second clip [downbeat]", 8)),
        start=time(90_000),
        markers=[marker("on timeline", 10)],
    )
    hits = read(tmp_path, noun)
    assert found(hits) == [(0.4, "on timeline"), (1.0, "on clip"), (6.04, "on second clip")]
    assert hits.markers[2].beat == "downbeat"
    assert any("1 timeline marker and 2 clip markers" in note for note in hits.notes)
    assert any("left out: 2 markers in parts of clips that are cut off" in note for note in hits.notes)


def test_clips_in_clips_and_transitions(tmp_path):
    inner = otio.schema.Track("in", source_range=span(20, 60))
    inner.extend([clip(0, 50), clip(300, 50, marker("deep", 310))])
    dissolve = otio.schema.Transition(in_offset=time(5), out_offset=time(5))
    noun = timeline(clip(0, 25), dissolve, inner, clip(0, 25, marker("after", 1)))
    assert found(read(tmp_path, noun)) == [(2.6, "deep"), (3.44, "after")]


def test_cuts_of_the_first_picture_track_count_where_there_are_no_markers(tmp_path):
    assert read(tmp_path, timeline(clip(5, 50), clip(9, 25), clip(1, 25))).edit_s == (2.0, 3.0)


def test_markers_given_in_timecode_are_told_by_lying_beyond_the_end(tmp_path):
    noun = timeline(clip(0, 500), start=time(90_000), markers=[marker("m", 90_050)])
    assert found(read(tmp_path, noun)) == [(2.0, "m")]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(1, 10_000), min_size=1, max_size=12), at=st.integers(0, 10**4))
def test_positions_do_not_drift_at_rates_that_are_no_decimal(tmp_path, monkeypatch, lengths, at):
    read_here(monkeypatch)
    rate = float(NTSC)
    last = clip(17, 10**5, marker("m", 17 + at, rate), rate=rate)
    noun = timeline(*(clip(3, length, rate=rate) for length in lengths), last)
    (hit,) = read(tmp_path, noun, film(NTSC, 10**5)).markers
    assert hit.time_s == float((sum(lengths) + at) / NTSC)


def test_an_archive_and_a_folder_hold_the_same(tmp_path):
    text = text_of(timeline(clip(0, 500), markers=[marker("m", 50)]))
    with zipfile.ZipFile(tmp_path / "a.otioz", "w") as archive:
        archive.writestr("content.otio", text)
    (tmp_path / "a.otiod").mkdir()
    saved(tmp_path / "a.otiod", "content.otio", text)
    for name in ("a.otioz", "a.otiod"):
        assert found(read_hits(tmp_path / name, film())) == [(2.0, "m")]


def test_the_first_timeline_of_a_collection_counts(tmp_path):
    noun = otio.schema.SerializableCollection(
        "all", [clip(0, 1), timeline(clip(0, 500), markers=[marker("m", 50)])]
    )
    assert found(read(tmp_path, noun)) == [(2.0, "m")]


def test_an_older_schema_is_read(tmp_path):
    data = json.loads(text_of(timeline(clip(0, 500), markers=[marker("m", 50)])))
    data["tracks"]["markers"][0]["OTIO_SCHEMA"] = "Marker.1"
    data["tracks"]["markers"][0]["range"] = data["tracks"]["markers"][0].pop("marked_range")
    assert found(read_hits(saved(tmp_path, "a.otio", json.dumps(data)), film())) == [(2.0, "m")]


def broken(change):
    data = json.loads(text_of(timeline(clip(0, 500), markers=[marker("m", 50)])))
    change(data["tracks"])
    return json.dumps(data)


# A timeline that lost its type, around clips of an older version: the library ends with its process.
LOST = json.loads(text_of(timeline(clip(0, 500))).replace("Clip.2", "Clip.1"))
KILLS = json.dumps({name: value for name, value in LOST.items() if name != "OTIO_SCHEMA"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is no OpenTimelineIO"),
        ("{}", "holds no timeline"),
        ("[1, 2]", "holds no timeline"),
        ("null", "holds no timeline"),
        ("[" * 10**6, "is no OpenTimelineIO that its library can read"),
        (KILLS, "is no OpenTimelineIO that its library can read"),
        ('{"OTIO_SCHEMA": "Timeline.99"}', "is no OpenTimelineIO"),
        ('{"OTIO_SCHEMA": "Timeline.1", "tracks": 5}', "is no OpenTimelineIO"),
        (text_of(otio.schema.Clip("x")), "holds no timeline"),
        (text_of(timeline(otio.schema.Clip("unknown length"))), "an item without a time"),
        (
            broken(lambda t: t["markers"][0]["marked_range"]["start_time"].update(value=float("nan"))),
            "without a time",
        ),
        (
            broken(lambda t: t["markers"][0]["marked_range"]["start_time"].update(value=-5)),
            "none in the film",
        ),
        (
            broken(lambda t: t["markers"][0]["marked_range"]["start_time"].update(rate=0)),
            "an item without a time",
        ),
        (broken(lambda t: t["markers"][0].update(name=5)), "is no OpenTimelineIO"),
        (broken(lambda t: t["children"][0]["children"][0].update(source_range="x")), "is no OpenTimelineIO"),
    ],
)
def test_faults(tmp_path, text, fault):
    with pytest.raises(InputError, match=r"a\.otio: .*; ") as told:
        read_hits(saved(tmp_path, "a.otio", text), film())
    assert fault in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"content.otio"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="is no archive of a timeline"):
        read_hits(saved(tmp_path, "a.otioz", content), film())


def test_an_archive_without_a_timeline_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.otioz", "w") as archive:
        archive.writestr("version.txt", "1")
    with pytest.raises(InputError, match="is no archive of a timeline"):
        read_hits(tmp_path / "a.otioz", film())


def test_an_archive_that_grows_is_refused_before_it_fills_the_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.otioz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.otio", b" " * 70_000_000)
    with pytest.raises(InputError, match="is larger than 64 MB"):
        read_hits(tmp_path / "a.otioz", film())
