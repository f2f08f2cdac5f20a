"""report.json holds every promised field, is plain JSON, and is the same for the same job."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tensionbgm.forms import Curve
from tensionbgm.music.notes import from_piece
from tensionbgm.report import build

PROMISED = {
    "": "version seed device effort command video curve form plan metrics warnings timings_s",
    "video": "path duration_s fps vfr rotation cuts_s has_audio speech_s",
    "curve": "source times_s target achieved components",
    "curve components": "diameter momentum strain energy",
    "form 0": "label start_s end_s start_bar bars repeats transpose",
    "plan": "tempo_map meter key chords cp_sat harmony",
    "plan cp_sat": "status objective bound",
    "metrics": "tension cuts patterns rules prior search",
    "metrics tension": "pearson spearman rmse by_component control_shuffled control_reversed "
    "control_unoptimised irreducible",
    "metrics cuts": "n hit_40ms hit_100ms mean_abs_ms p95_ms end_error_ms chance_40ms chance_100ms "
    "control_shuffled_hit_40ms",
    "metrics patterns": "constrained_notes satisfied compression_ratio",
    "metrics rules": "out_of_range voice_crossings parallel_fifths_octaves unresolved_leaps",
    "metrics search": "moves moves_per_s cost_start cost_end lower_bound gap bound_note proven accepted",
}


@pytest.fixture(scope="module")
def report(job):
    return build.build_report(piece=job.piece, notes=from_piece(job.piece), analysis=job.analysis)


@pytest.mark.parametrize("place", PROMISED)
def test_every_promised_field_is_there(report, place):
    value = report
    for step in place.split():
        value = value[int(step)] if step.isdigit() else value[step]
    assert set(PROMISED[place].split()) <= set(value)


def test_the_same_job_gives_the_same_report(job, report):
    again = build.build_report(piece=job.piece, notes=from_piece(job.piece), analysis=job.analysis)
    assert json.dumps(again) == json.dumps(report)


def test_a_report_survives_the_disk(report, tmp_path):
    build.write_report(report, tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == report
    assert [f.name for f in tmp_path.iterdir()] == ["report.json"]


def test_a_name_that_is_no_unicode_is_still_written(report, tmp_path):
    odd = {**report, "video": {**report["video"], "path": "a\udcff.mp4"}}
    build.write_report(odd, tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["video"]["path"] == "a\udcff.mp4"


def test_not_a_number_never_reaches_the_file():
    assert build.plain({"a": np.array([1.0, np.nan]), "b": (np.inf, np.int16(3))}) == {
        "a": [1.0, None],
        "b": [None, 3],
    }


def test_a_flat_curve_gives_null_and_a_warning(job):
    flat = Curve(np.array([0.0]), np.array([0.5]), "inline")
    piece = replace(job.piece, plan=replace(job.piece.plan, curve=flat))
    report = build.build_report(piece=piece, notes=from_piece(piece), analysis=job.analysis)
    assert report["metrics"]["tension"]["pearson"] is None
    assert any("flat" in warning for warning in report["warnings"])
    json.dumps(report, allow_nan=False)


def test_a_piece_without_a_film_is_reported_too(job):
    piece = replace(job.piece, search=None)
    report = build.build_report(piece=piece, notes=from_piece(piece))
    assert report["video"] is None
    assert report["metrics"]["search"] is None
    assert report["metrics"]["cuts"]["n"] == 14


def test_an_unmeasured_prior_is_null_and_says_why(report):
    assert report["metrics"]["prior"] is None
    assert report["metrics"]["prior_note"]


def test_what_ties_make_unreachable_is_told_or_null(job, report):
    assert report["metrics"]["tension"]["irreducible"] is None
    lost = {"diameter": 0.04, "momentum": 0.02, "strain": 0.03, "curve": 0.0400000000001}
    told = build.build_report(piece=job.piece, notes=from_piece(job.piece), irreducible=lost)
    assert told["metrics"]["tension"]["irreducible"] == {**lost, "curve": 0.04}


def test_warnings_are_said_once(job):
    said = [*job.analysis.warnings, "new"]
    report = build.build_report(
        piece=job.piece, notes=from_piece(job.piece), analysis=job.analysis, warnings=said
    )
    assert report["warnings"] == ["the sound breaks off at 59.2 s", "new"]


def test_analyze_speaks_the_shapes_of_the_report(job, report):
    found = build.analysis_json(job.analysis, job.piece.plan.curve, job.form)
    assert found["video"] == report["video"]
    assert set(found["form"][0]) == set(report["form"][0])
    assert set(found["curve"]) <= set(report["curve"])
    assert len(found["shots"]["shots_s"]) == len(found["shots"]["cuts_s"]) + 2
    json.dumps(found, allow_nan=False)
