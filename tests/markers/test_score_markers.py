"""Markers on their way through a job: into bars, notes, report and plan, and out again."""

import dataclasses
import json
from fractions import Fraction
from itertools import pairwise

import mido
import numpy as np
import pytest
from films import saved, seen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from piece_factory import grid, piece_of, small_piece

from tensionbgm import commands, config, pipeline
from tensionbgm.errors import InputError, UsageError
from tensionbgm.forms import PPQ, Curve, Form, Marker, Plan, Section
from tensionbgm.markers import otio, otio_read, read
from tensionbgm.markers.marks import Film, Mark
from tensionbgm.markers.read import parse_file, with_edits
from tensionbgm.markers.write import marks_text
from tensionbgm.music.notes import from_piece, read_midi
from tensionbgm.render.midi import write_midi
from tensionbgm.report.build import build_report
from tensionbgm.report.markers import markers_met
from tensionbgm.saved import from_json, load, save, to_json
from tensionbgm.search.run import unsearched

ASKED = (Marker(4.2, "Door slams", 1.0, "downbeat"), Marker(9.1, "Laugh", 0.6, "any"), Marker(14.0, "Turn"))


def plan_with(markers_file, **ask):
    film = seen()
    curve = Curve(np.array([0.0, 24.0]), np.array([0.2, 0.7]), "inline")
    form = Form((Section("A", 0.0, 11.8), Section("B", 11.8, 24.0)))
    return pipeline.make_plan(film, curve, form, config.Ask(markers=str(markers_file), **ask), "film")


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("markers")
    return plan_with(saved(folder, "cues.csv", "4.2,Door slams,1,downbeat\n9.1,Laugh,0.6,any\n0:14,Turn\n"))


def test_the_bars_meet_what_the_file_names(planned):
    assert planned.markers == ASKED
    down_us = planned.grid.bar_us
    assert np.abs(down_us - 4.2e6).min() <= 40_000
    assert any("the music is to meet 3 markers" in said for said in planned.warnings)


def test_every_marker_is_an_accent_on_which_notes_are_planned_to_start(planned):
    onset_s = planned.grid.seconds(planned.slots["onset_tick"])
    for marker in ASKED:
        assert np.abs(planned.grid.cut_s - marker.time_s).min() < 1e-6
        assert np.abs(onset_s - marker.time_s).min() <= 0.04


def test_cuts_of_a_file_take_the_place_of_those_that_were_seen(tmp_path):
    edl = "TITLE: x\n" + "".join(
        f"{n:03d} R V C 00:00:00:00 00:00:01:00 01:00:{a} 01:00:{b}\n"
        for n, (a, b) in enumerate([("00:00", "05:24"), ("05:24", "20:00"), ("20:00", "24:00")], 1)
    )
    plan = plan_with(saved(tmp_path, "cut.edl", edl))
    assert plan.markers == ()
    assert plan.grid.cut_s.tolist() == [5.96, 11.8, 17.2, 20.0]


@given(
    seen_s=st.lists(st.integers(1, 1000), unique=True, max_size=8).map(sorted),
    edits=st.lists(st.integers(1, 1000), unique=True, max_size=8).map(sorted),
)
def test_every_edit_is_a_cut_and_no_cut_that_was_seen_is_lost(seen_s, edits):
    cut_s, told = np.array(seen_s, float) / 10, [edit / 10 for edit in edits]
    time, strength = with_edits(cut_s, np.full(len(cut_s), 0.9), told)
    assert (np.diff(time) >= 0).all()
    assert len(time) == len(strength)
    assert set(told) <= set(time.tolist())
    assert all(np.abs(time - cut).min() <= 0.061 for cut in cut_s)
    assert ((strength == 0.9) | (strength == 0.5)).all()


def test_a_file_at_fault_is_told_before_the_film_is_opened(tmp_path):
    from tensionbgm.checks import check_wishes

    for ask in (config.Ask(markers=str(saved(tmp_path, "a.csv", "x,y\n"))), config.Ask(markers="none.edl")):
        with pytest.raises(InputError, match=r"a\.csv|none\.edl"):
            check_wishes(ask, config.Effort(), config.Sound())
    with pytest.raises(UsageError, match="timecode"):
        check_wishes(config.Ask(timecode="1"), config.Effort(), config.Sound())


# ------------------------------------------------------------------------ a whole job


def scored(monkeypatch, film, markers_file, tmp_path):
    """The piece and the report of a job on a film that never was; nothing is searched, played or shown."""

    def told(folder, video, analysis, piece, asked, said, *_):
        return build_report(piece=piece, notes=from_piece(piece), analysis=analysis, warnings=said)

    monkeypatch.setattr("tensionbgm.video.analyze.analyze", lambda *_: film)
    monkeypatch.setattr(pipeline, "make_piece", lambda plan, *_: unsearched(plan))
    monkeypatch.setattr(pipeline, "write_everything", told)
    asked = pipeline.Asked(config.Ask(markers=markers_file and str(markers_file)))
    done = pipeline.score(tmp_path / "film.mp4", tmp_path / "out", asked, force=True)
    return done.piece, done.report


def edit_list(frames):
    """A list of a film of 24 s at 25 a second, cut after so many frames."""
    labels = [f"01:00:{n // 25:02d}:{n % 25:02d}" for n in (0, *frames, 600)]
    rows = [f"{k:03d} R V C 00:00:00:00 00:00:01:00 {a} {b}" for k, (a, b) in enumerate(pairwise(labels), 1)]
    return "TITLE: x\n" + "\n".join(rows) + "\n"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.sets(st.integers(1, 599), min_size=1, max_size=6).map(sorted), seen_s=st.booleans())
def test_the_report_measures_the_very_cuts_that_the_bars_were_laid_for(tmp_path, monkeypatch, frames, seen_s):
    film = seen(cut_s=(6.0, 11.8, 17.2) if seen_s else ())
    piece, report = scored(monkeypatch, film, saved(tmp_path, "cut.edl", edit_list(frames)), tmp_path)
    measured = [cut["cut_s"] for cut in report["metrics"]["cuts"]["each"]]
    assert measured == pytest.approx(piece.plan.grid.cut_s.tolist())
    assert report["video"]["cuts_s"] == measured
    assert set(frames) <= {round(25 * cut) for cut in measured}
    assert report["video"]["cuts_from"] == report["metrics"]["cuts"]["source"] == "picture and cut.edl"
    assert not any("no cuts were found" in said for said in report["warnings"])


def test_cuts_that_were_only_seen_are_said_to_be(tmp_path, monkeypatch):
    for markers_file in (None, saved(tmp_path, "cues.csv", "4.2,Door slams\n")):
        _, report = scored(monkeypatch, seen(), markers_file, tmp_path)
        assert report["video"]["cuts_s"] == [6.0, 11.8, 17.2]
        assert report["video"]["cuts_from"] == report["metrics"]["cuts"]["source"] == "picture"


def test_a_report_without_a_film_takes_its_cuts_from_the_plan(planned):
    piece = unsearched(planned)
    assert build_report(piece=piece, notes=from_piece(piece))["metrics"]["cuts"]["source"] == "plan"


@pytest.mark.parametrize("name", ["cues.csv", "cues.edl", "cues.fcpxml", "cues.otio"])
def test_a_file_of_markers_is_read_once_a_job(tmp_path, monkeypatch, name):
    film, path = Film(Fraction(25), Fraction(24)), tmp_path / name
    path.write_text(marks_text([Mark(Fraction(4), "Door slams")], path, film, "A film"))
    reads = []
    monkeypatch.setattr(otio, "_read_apart", lambda path, text: reads.append("otio") or otio_read.read(text))
    opened = read._bytes
    monkeypatch.setattr(read, "_bytes", lambda *given: reads.append("file") or opened(*given))
    piece, _ = scored(monkeypatch, seen(), path, tmp_path)
    assert [marker.name for marker in piece.plan.markers] == ["Door slams"]
    assert len(reads) == len(set(reads))


# ------------------------------------------------------------------------ the plan, the notes, the report


def marked(piece, *markers):
    return dataclasses.replace(piece, plan=dataclasses.replace(piece.plan, markers=markers))


def test_a_plan_keeps_its_markers_and_a_plan_from_before_has_none(tmp_path):
    plan = marked(small_piece(), *ASKED).plan
    save(plan, tmp_path / "plan.json")
    assert load(Plan, tmp_path / "plan.json").markers == ASKED
    old = to_json(plan)
    del old["markers"]
    assert from_json(Plan, old).markers == ()


def test_the_midi_file_names_the_markers_where_they_are(tmp_path):
    piece = marked(small_piece(), Marker(1.25, "Door slams"), Marker(3.1, "Über"))
    write_midi(piece, tmp_path / "a.mid")
    texts = {text: time_s for time_s, text in read_midi(tmp_path / "a.mid").markers}
    tick_s = 0.5 / PPQ
    assert texts["Door slams"] == pytest.approx(1.25, abs=tick_s)
    conductor = mido.MidiFile(tmp_path / "a.mid", charset="utf-8").tracks[0]
    assert "Über" in [message.text for message in conductor if message.type == "marker"]


def test_an_accent_that_is_a_marker_is_called_by_its_name_alone(tmp_path):
    piece = small_piece()
    bars = dataclasses.replace(piece.plan.grid, cut_s=np.array([1.0, 2.0]), cut_weight=np.ones(2))
    piece = dataclasses.replace(piece, plan=dataclasses.replace(piece.plan, grid=bars))
    write_midi(marked(piece, Marker(2.0, "Bang")), tmp_path / "a.mid")
    texts = [text for _, text in read_midi(tmp_path / "a.mid").markers]
    assert "cut 1.000s" in texts
    assert "Bang" in texts
    assert "cut 2.000s" not in texts


def test_met_is_measured_on_heard_beats_of_the_kind_that_was_asked():
    # two bars of 4/4 at half a second a beat; notes on beats 1 and 2 of the first bar, 3 of the second
    piece = piece_of([(0, PPQ, 0, 0, 60), (PPQ, PPQ, 0, 0, 62), (6 * PPQ, PPQ, 0, 0, 64)], grid([4, 4]))
    asked = [
        Marker(0.51, "on beat 2", beat="any"),
        Marker(0.51, "wants a strong beat", beat="strong"),
        Marker(2.9, "wants a strong beat", beat="strong"),
        Marker(2.1, "downbeat 2 is silent", beat="downbeat"),
    ]
    met = markers_met(asked, from_piece(piece))
    assert [round(m["met_ms"]) for m in met] == [-10, -510, 100, -2100]
    assert set(met[0]) == {"name", "time_s", "beat", "met_ms"}


def test_without_notes_nothing_is_met():
    assert markers_met([Marker(1.0, "m")], from_piece(piece_of([])))[0]["met_ms"] is None


# ------------------------------------------------------------------------ back into the editing program


@pytest.fixture
def job(tmp_path):
    piece = marked(small_piece(), Marker(2.0, "Bang", 0.5, "downbeat"), Marker(3.3, "Off"))
    folder = tmp_path / "job"
    folder.mkdir()
    save(piece.plan, folder / "plan.json")
    write_midi(piece, folder / "music.mid")
    (folder / "report.json").write_text(json.dumps({"video": {"fps": 29.97}}))
    return folder


@pytest.mark.parametrize("suffix", [".csv", ".edl", ".fcpxml", ".otio"])
def test_a_jobs_structure_is_written_and_read_back(job, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    made = commands.markers(job, out, kinds="sections,cuts,markers,bars")
    names = [mark.name for mark in parse_file(out).markers]
    assert len(names) == len(made.data["markers"])
    assert {"A", "B", "bar 1", "bar 8"} <= set(names)
    assert any(name.startswith("Bang") for name in names)


def test_what_the_music_reached_is_told(job, tmp_path):
    made = commands.markers(job, tmp_path / "out.csv", kinds="marker")
    assert [(m["name"], m["note"].split(",")[0]) for m in made.data["markers"]] == [
        ("Bang", "met"),
        ("Off", "missed"),
    ]


def test_a_plan_without_music_tells_what_was_asked_alone(job, tmp_path):
    (job / "music.mid").unlink()
    made = commands.markers(job / "plan.json", tmp_path / "out.csv", kinds="marker")
    assert [m["note"] for m in made.data["markers"]] == ["", ""]


def test_without_a_report_files_of_frames_ask_for_the_rate(job, tmp_path):
    (job / "report.json").unlink()
    with pytest.raises(InputError, match="--rate"):
        commands.markers(job, tmp_path / "out.edl")
    assert commands.markers(job, tmp_path / "out.edl", rate="25").place == tmp_path / "out.edl"


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        ({"kinds": "verses"}, "kinds"),
        ({"kinds": ""}, "kinds"),
        ({"rate": "0"}, "rate"),
        ({"timecode": "1"}, "timecode"),
    ],
)
def test_wishes_that_mean_nothing_are_refused(job, tmp_path, wish, fault):
    with pytest.raises(UsageError, match=fault):
        commands.markers(job, tmp_path / "out.csv", **wish)


def test_nothing_is_overwritten_unasked(job, tmp_path):
    out = saved(tmp_path, "out.csv", "mine")
    with pytest.raises(InputError, match="already exists"):
        commands.markers(job, out)
    assert out.read_text() == "mine"
