"""The rate that timecode counts a film at is one, whichever way markers go: into a score, and out of it."""

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest
from films import read_here, saved, seen
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from piece_factory import grid, piece_of

from tensionbgm import checks, commands, config, pipeline
from tensionbgm.forms import PPQ, Video
from tensionbgm.markers.timecode import RATES, film_rate, spoken
from tensionbgm.report.build import video_json
from tensionbgm.saved import save
from tensionbgm.video.decode import open_film
from tensionbgm.video.encode import write_film

STEADY = ["24000/1001", "24", "25", "30000/1001", "30", "60"]
TICKS = [1000, 90_000, 30_000]  # a second, of time stamps


@pytest.fixture(autouse=True)
def _one_process(monkeypatch):
    read_here(monkeypatch)


def film(duration_s=3600.0, **facts):
    return dataclasses.replace(seen(), video=dataclasses.replace(seen(duration_s).video, **facts))


def round_trip(folder, analysis, times_s, suffix, timecode=None):
    """Markers in seconds, asked of a score of this film, written as a file, and asked of it again [s]."""
    rows = "".join(f"{time:.6f},m{k},1,any\n" for k, time in enumerate(times_s))
    _, hits = pipeline.read_markers(analysis, config.Ask(markers=str(saved(folder, "asked.csv", rows))))
    bars = grid([4] * round(analysis.video.duration_s / 2))
    plan = dataclasses.replace(piece_of([(0, PPQ, 0, 0, 60)], bars).plan, markers=hits.markers)
    save(plan, folder / "plan.json")
    (folder / "report.json").write_text(json.dumps({"video": video_json(analysis)}))
    out = folder / f"back{suffix}"
    commands.markers(folder, out, kinds="marker", timecode=timecode, force=True)
    _, again = pipeline.read_markers(analysis, config.Ask(markers=str(out)))
    return [marker.time_s for marker in again.markers]


one_folder = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
times = st.lists(st.integers(0, 3_599_000), min_size=1, max_size=5, unique=True).map(
    lambda found: [time / 1000 for time in sorted(found)]
)


@pytest.mark.parametrize("suffix", [".csv", ".edl", ".fcpxml", ".otio"])
@one_folder
@given(rate=st.sampled_from(STEADY).map(Fraction), asked=times, drop=st.booleans())
def test_markers_come_back_within_half_a_frame_in_steady_films(tmp_path, suffix, rate, asked, drop):
    drops = drop and rate == Fraction(30000, 1001)
    analysis = film(fps=float(rate), frame_s=float(1 / rate))
    back = round_trip(tmp_path, analysis, asked, suffix, "01:00:00;00" if drops else "01:00:00:00")
    assert back == pytest.approx(asked, abs=float(0.5 / rate) + 1e-6)


@pytest.mark.parametrize("suffix", [".csv", ".edl", ".fcpxml", ".otio"])
@one_folder
@given(asked=times, kept=st.floats(0.55, 0.97), ticks=st.sampled_from(TICKS))
@example(asked=[3599.0], kept=0.9, ticks=90_000)
def test_markers_come_back_within_half_a_frame_where_frames_are_left_out(
    tmp_path, suffix, asked, kept, ticks
):
    analysis = film(fps=30 * kept, frame_s=round(ticks / 30) / ticks, vfr=True)
    back = round_trip(tmp_path, analysis, asked, suffix)
    assert back == pytest.approx(asked, abs=0.5 / 30 + 1e-6)


@given(rate=st.sampled_from(RATES), kept=st.floats(0.55, 0.97))
def test_a_film_that_leaves_frames_out_is_counted_at_the_rate_it_was_made_at(rate, kept):
    assert film_rate(float(rate) * kept, float(1 / rate), vfr=True) == rate


@pytest.mark.parametrize(("frame_ms", "rate"), [(33, 30), (40, 25), (41, 24), (20, 50), (16, 60)])
def test_frames_told_in_milliseconds_have_the_rate_that_cameras_have(frame_ms, rate):
    assert film_rate(0.9 * rate, frame_ms / 1000, vfr=True) == rate


@given(rate=st.sampled_from(RATES), frames=st.integers(1000, 100_000), ticks=st.sampled_from(TICKS))
def test_a_steady_film_is_counted_at_its_mean_rate(rate, frames, ticks):
    end_s = round(frames / rate * ticks) / ticks
    assert film_rate(frames / end_s, round(ticks / rate) / ticks, vfr=False) == rate


def test_a_long_last_frame_does_not_make_a_film_slower():
    assert film_rate(125 / 5.46, 0.04, vfr=False) == 25
    assert film_rate(125 / 5.06, 0.04, vfr=False) == 25


@pytest.mark.parametrize("rate", ["25/2", "15", "10"])
def test_rates_of_no_camera_stay_what_they_are(rate):
    assert film_rate(float(Fraction(rate)), float(1 / Fraction(rate)), vfr=False) == Fraction(rate)


@pytest.mark.parametrize("facts", [(0.0, 0.04), (25.0, 0.0), (float("nan"), 0.04), (25.0, float("inf"))])
def test_what_is_no_rate_is_refused(facts):
    with pytest.raises(ValueError, match="no rate"):
        film_rate(*facts, vfr=True)


@pytest.mark.parametrize(("frame_s", "rate"), [(0.08, 25), (1 / 15, 30), (0.05, 60), (0.125, 24)])
def test_a_film_that_leaves_most_frames_out_is_counted_at_a_rate_that_cameras_have(frame_s, rate):
    assert film_rate(0.8 / frame_s, frame_s, vfr=True) == rate
    assert film_rate(1 / frame_s, frame_s, vfr=False) == Fraction(1 / frame_s).limit_denominator(100)


def test_a_real_film_that_leaves_frames_out_has_the_rate_of_its_frames(tmp_path):
    kept = [k for k in range(90) if k % 7 not in (2, 3)]
    pictures = np.random.default_rng(1).integers(0, 255, (len(kept), 32, 32, 3), np.uint8)
    write_film(tmp_path / "vfr.mp4", list(pictures), time_s=[k / 30 for k in kept])
    with open_film(tmp_path / "vfr.mp4") as shown:
        for _ in shown.frames(32):
            pass
        video: Video = shown.facts()
    assert video.vfr
    assert film_rate(video.fps, video.frame_s, video.vfr) == 30


# ------------------------------------------------------------------------ reports of earlier versions


def test_a_report_from_before_gives_the_rate_of_a_steady_film(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"video": {"fps": 29.97, "vfr": False}}))
    assert checks.film_rate(tmp_path) == (Fraction(30000, 1001), ())


def test_a_report_from_before_of_a_film_of_varying_rate_says_what_is_guessed(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"video": {"fps": 27.3, "vfr": True}}))
    rate, (said,) = checks.film_rate(tmp_path)
    assert f"{spoken(rate)} a second" in said
    assert "--rate" in said
    piece = piece_of([(0, PPQ, 0, 0, 60)])
    save(piece.plan, tmp_path / "plan.json")
    assert commands.markers(tmp_path, tmp_path / "a.edl", kinds="bar").warnings == (said,)
    assert commands.markers(tmp_path, tmp_path / "b.edl", kinds="bar", rate="25").warnings == ()
    assert commands.markers(tmp_path, tmp_path / "a.csv", kinds="bar").warnings == ()


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"video": null}', '{"video": 5}', '{"video": {"fps": 0}}', '{"video": {"fps": "x"}}']
    + [f'{{"video": {{"fps": 25, "frame_s": {odd}}}}}' for odd in ("0", "NaN", "-1", "[]", "null")],
)
def test_a_report_that_tells_no_rate_gives_none(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    assert checks.film_rate(tmp_path) == (None, ())
