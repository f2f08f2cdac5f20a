"""Finished folders are measured again, stand beside controls, and what is missing is said in a line."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from piece_factory import BEAT, grid, piece_of, small_piece

from tensionbgm import commands
from tensionbgm.__main__ import main
from tensionbgm.errors import InputError
from tensionbgm.film_match import see_film, shots_of
from tensionbgm.forms import Piece
from tensionbgm.music.notes import from_piece, read_midi
from tensionbgm.music.tension import tension_profile
from tensionbgm.progress import Watch
from tensionbgm.render.midi import write_midi
from tensionbgm.report.build import build_report, write_report
from tensionbgm.report.evaluate import FIGURES, evaluation_table, figures, means, read_output
from tensionbgm.video.encode import write_film

SECONDS = 24
LOUD = 60 + 50 * np.sin(np.arange(SECONDS) / 3.0)  # of the music, and how much the film moves


def written(folder: Path, piece: Piece, film: Path | None = None, shown_s: float = SECONDS) -> dict:
    """A folder as `score` leaves it, without sound and pictures; its report."""
    folder.mkdir(exist_ok=True)
    write_midi(piece, folder / "music.mid")
    notes = read_midi(folder / "music.mid")
    report = build_report(piece=piece, notes=notes, unoptimised=from_piece(piece))
    if film:
        report["video"] = {"path": str(film), "duration_s": shown_s, "gradual_s": []}
    write_report(report, folder / "report.json")
    return report


def wave(sign: int = 1, cuts: tuple[float, ...] = (8.0,)) -> Piece:
    """A note a second for `SECONDS`, as loud as `LOUD` says, or the other way round."""
    count = SECONDS // 4
    given = {"cut_s": np.array(cuts), "cut_weight": np.ones(len(cuts))}
    bars = grid([4] * count, [1_000_000] * count, **given)
    notes = [(BEAT * k, BEAT, 0, 0, 60 + k % 5) for k in range(SECONDS)]
    return piece_of(notes, bars, velocity=[int(60 + sign * (loud - 60)) for loud in LOUD])


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A folder with a film that moves as the wave is loud, and one that stands still."""
    folder, rng = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    grain = rng.uniform(-1, 1, (10 * SECONDS, 36, 64, 3))
    depth = np.repeat(np.exp(LOUD / 25), 10)[:, None, None, None]
    write_film(folder / "wave.mp4", (128 + depth * grain).clip(0, 255).astype(np.uint8), fps=10)
    write_film(folder / "still.mp4", np.full((10 * SECONDS, 36, 64, 3), 90, np.uint8), fps=10)
    return folder


def test_figures_are_those_of_the_report(tmp_path):
    told = written(tmp_path / "a", small_piece())["metrics"]
    found, notes = figures(read_output(tmp_path / "a"))
    assert notes == ()
    assert tuple(found) == FIGURES
    for name, where, what in (
        ("tension_r", "tension", "pearson"),
        ("rmse", "tension", "rmse"),
        ("r_shuffled", "tension", "control_shuffled"),
        ("r_reversed", "tension", "control_reversed"),
        ("r_unoptimised", "tension", "control_unoptimised"),
        ("hit_40ms", "cuts", "hit_40ms"),
        ("chance_100ms", "cuts", "chance_100ms"),
        ("shuffled_40ms", "cuts", "control_shuffled_hit_40ms"),
        ("end_error_ms", "cuts", "end_error_ms"),
    ):
        assert found[name] == pytest.approx(told[where][what], abs=1e-3), name
    rules = told["rules"]
    faults = sum(rules[name] for name in rules["per_100_notes"])
    assert found["faults_per_100"] == pytest.approx(100 * faults / rules["notes"])


def test_distance_of_the_curve_reversed_is_measured_as_if_it_had_been_drawn_so(tmp_path):
    written(tmp_path / "a", small_piece())
    output = read_output(tmp_path / "a")
    found, _ = figures(output)
    profile = tension_profile(output.notes)
    target = output.curve.mean(profile.start_s, profile.end_s)[::-1]
    assert found["rmse_reversed"] == pytest.approx(np.sqrt(np.mean((target - profile.intensity) ** 2)))
    assert found["rmse"] < found["rmse_reversed"]


def test_music_that_was_changed_since_is_measured_as_it_is_and_told(tmp_path):
    written(tmp_path / "a", wave())
    write_midi(wave(-1), tmp_path / "a" / "music.mid")
    _, notes = figures(read_output(tmp_path / "a"))
    assert "is not what report.json was written of" in notes[0]


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.floats(-10, 10)), min_size=len(FIGURES), max_size=len(FIGURES)),
        max_size=5,
    )
)
def test_a_table_has_a_line_a_folder_whatever_is_missing(columns):
    rows = {f"f{k}": dict(zip(FIGURES, values, strict=True)) for k, values in enumerate(columns)}
    table = evaluation_table(rows).splitlines()
    assert len(table) == 2 + len(rows) + (len(rows) > 1)
    mean = means(list(rows.values()))
    for name in FIGURES:
        known = [row[name] for row in rows.values() if row[name] is not None]
        assert mean[name] == (pytest.approx(np.mean(known)) if known else None)


def test_the_command_matches_pieces_with_their_films(tmp_path, films, capsys):
    written(tmp_path / "good", wave(), films / "wave.mp4")
    written(tmp_path / "bad", wave(-1), films / "wave.mp4")
    assert main(["evaluate", str(tmp_path / "good"), str(tmp_path / "bad"), "--json", "--quiet"]) == 0
    data = json.loads(capsys.readouterr().out)
    good, bad = (data["folders"][str(tmp_path / name)] for name in ("good", "bad"))
    assert good["match_rank"] < 10
    assert bad["match_rank"] > 30
    assert good["preferred"] is None  # both are for the same film: there is no stranger
    assert data["mean"]["match_rank"] == pytest.approx((good["match_rank"] + bad["match_rank"]) / 2)
    assert data["chance"]["match_rank"] == 30.5
    assert data["notes"] == []


def test_a_piece_is_compared_with_pieces_for_other_films(tmp_path, films):
    written(tmp_path / "own", wave(), films / "wave.mp4")
    written(tmp_path / "other", wave(-1, ()), films / "still.mp4")
    _, data, notes = commands.evaluate([tmp_path / "own", tmp_path / "other"])
    own = data["folders"][str(tmp_path / "own")]
    assert (own["preferred"], own["preferred_by_product"]) == (1.0, 1.0)
    assert data["folders"][str(tmp_path / "other")]["match_rank"] is None
    assert [note for note in notes if "its picture never changes" in note]


def test_a_film_that_is_elsewhere_is_looked_for_where_the_user_says(tmp_path, films, capsys):
    written(tmp_path / "a", wave(), Path("/nowhere/wave.mp4"))
    assert main(["evaluate", str(tmp_path / "a"), "--quiet"]) == 0
    shown = capsys.readouterr()
    assert "tension r" in shown.out
    assert "no matching: /nowhere/wave.mp4: the film is not there; give --videos DIR" in shown.err
    assert main(["evaluate", str(tmp_path / "a"), "--videos", str(films), "--quiet"]) == 0
    assert "no matching" not in capsys.readouterr().err


def test_a_report_of_an_earlier_version_is_told(tmp_path, films):
    report = written(tmp_path / "a", wave(), films / "wave.mp4")
    del report["video"]["gradual_s"]
    write_report(report, tmp_path / "a" / "report.json")
    _, notes = figures(read_output(tmp_path / "a"))
    assert "knows of no gradual transitions" in notes[0]


def test_another_film_and_no_film_are_told(tmp_path, films):
    written(tmp_path / "a", wave(), films / "wave.mp4", shown_s=30.0)
    written(tmp_path / "b", wave())
    _, _, notes = commands.evaluate([tmp_path / "a", tmp_path / "b"])
    assert "lasts 24.0 s and not 30.0 s; give the film that was scored" in notes[0]
    assert "was composed without a film" in notes[1]


def test_a_film_is_seen_second_by_second(films):
    seen = see_film(films / "wave.mp4", shots_of(np.array([8.2]), np.array([[15.0, 16.4]])), 24.0, Watch())
    assert len(seen.change) == SECONDS
    assert np.corrcoef(np.log(seen.change), LOUD)[0, 1] > 0.9
    assert list(seen.cut) == [8, 16]


def test_a_folder_that_is_missing_or_incomplete_is_one_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "report.json").write_text("{}")
    for place, fault in (
        ("nowhere", "is no folder"), ("empty", "has no report.json"), ("half", "has no music.mid"),
    ):  # fmt: skip
        assert main(["evaluate", str(tmp_path / place), "--quiet"]) == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        assert fault in shown.err
        assert len(shown.err.splitlines()) == 1
    with pytest.raises(InputError, match="give the one the films lie in"):
        commands.evaluate([tmp_path / "empty"], tmp_path / "nowhere")


BREAKS = {
    "not json": lambda report: "{",
    "a list": lambda report: [],
    "no curve": lambda report: {k: v for k, v in report.items() if k != "curve"},
    "an early version": lambda report: report | {"curve": {"times_s": [], "target": []}},
    "a curve of words": lambda report: changed(report, "curve", "asked", {"times_s": ["a"], "value": [1]}),
    "a curve that is none": lambda report: changed(report, "curve", "asked", {"times_s": [0], "value": []}),
    "a curve out of range": lambda report: changed(report, "curve", "asked", {"times_s": [0], "value": [9]}),
    "metrics of another kind": lambda report: report | {"metrics": 7},
    "cuts that run back": lambda report: changed(
        report, "metrics", "cuts", {"each": [{"cut_s": s, "strength": 1} for s in (2, 1)]}
    ),
    "no end": lambda report: report | {"video": {"path": "x", "duration_s": 1e12}},
    "no length": lambda report: report | {"video": {"path": "x", "duration_s": -1}},
    "transitions of another kind": lambda report: (
        report | {"video": {"path": "x", "duration_s": 9, "gradual_s": [[1, 2, 3]]}}
    ),
    "a seed of words": lambda report: report | {"seed": "x"},
    "deep": lambda report: "[" * 100_000,
}


def changed(report: dict, room: str, name: str, value: object) -> dict:
    return report | {room: report[room] | {name: value}}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_report_is_one_line(tmp_path, capsys, how):
    report = written(tmp_path / "a", wave())
    broken = BREAKS[how](report)
    (tmp_path / "a" / "report.json").write_text(broken if isinstance(broken, str) else json.dumps(broken))
    assert main(["evaluate", str(tmp_path / "a"), "--quiet"]) == 1
    shown = capsys.readouterr()
    assert str(tmp_path / "a" / "report.json") in shown.err
    assert "score the film again" in shown.err
    assert len(shown.err.splitlines()) == 1
