"""Cut alignment, curve fit, rule counts and pattern facts say what is in the notes, flattering or not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tensionbgm.forms import Curve, Part
from tensionbgm.music.notes import NOTE, Notes, from_piece
from tensionbgm.music.tension import tension_profile
from tensionbgm.report import cuts, fit, patterns, rules, written

PARTS = (
    Part("Flute", "melody", 73, 0, 60, 96),
    Part("Horn", "counter", 60, 1, 41, 77),
    Part("Bass", "bass", 43, 2, 28, 55),
)
times = st.lists(st.floats(0, 60), min_size=1, max_size=30, unique=True).map(lambda x: np.sort(np.array(x)))


def notes_of(rows, bars=4, parts=PARTS):
    """Notes at 120 quarters a minute from rows of (quarter, quarters, pitch, track[, velocity])."""
    table = np.zeros(len(rows), NOTE)
    for i, row in enumerate(rows):
        table[i]["onset_quarter"], table[i]["duration_quarter"], table[i]["pitch"], table[i]["track"] = row[
            :4
        ]
        table[i]["velocity"] = row[4] if len(row) > 4 else 80
    table["onset_s"], table["duration_s"] = table["onset_quarter"] / 2, table["duration_quarter"] / 2
    table = table[np.lexsort((table["pitch"], table["track"], table["onset_quarter"]))]
    lines = 4.0 * np.arange(bars + 1)
    return Notes(table, tuple(p.name for p in parts), lines, lines, lines / 2, ())


def line_of(*pitches, role="melody"):
    start = np.arange(len(pitches), dtype=float)
    return written.Line(role, start, start + 1, np.array(pitches))


# --------------------------------------------------------------------------- cuts


@settings(deadline=None)
@given(accent_s=times, tolerance=st.sampled_from([0.04, 0.1, 1.0]))
def test_chance_is_what_random_cuts_hit(accent_s, tolerance):
    duration_s = 60.0
    grid = (np.arange(6000) + 0.5) * duration_s / 6000
    hit = cuts.hit_share(grid, accent_s, tolerance)
    assert cuts.chance_share(accent_s, tolerance, duration_s) == pytest.approx(
        hit, abs=2 * len(accent_s) / 6000 + 1e-9
    )


@settings(deadline=None)
@given(cut_s=times, accent_s=times)
def test_the_nearest_accent_is_nearest(cut_s, accent_s):
    error = cuts.nearest_error_s(cut_s, accent_s)
    np.testing.assert_allclose(np.abs(error), np.abs(cut_s[:, None] - accent_s[None]).min(axis=1), atol=1e-12)


def test_an_error_is_positive_where_the_music_is_late():
    assert cuts.nearest_error_s(np.array([1.0]), np.array([1.2]))[0] == pytest.approx(0.2)


def test_more_accents_raise_the_chance_line_with_the_hits():
    sparse, dense = np.arange(0, 60, 2.0), np.arange(0, 60, 0.08)
    assert cuts.chance_share(sparse, 0.04, 60) == pytest.approx(0.04, abs=0.002)
    assert cuts.chance_share(dense, 0.04, 60) == pytest.approx(1.0, abs=0.002)


def test_a_strong_beat_without_a_note_is_no_accent():
    heard = cuts.find_accents(notes_of([(0, 4, 60, 0), (8, 4, 60, 0), (10, 1, 62, 0)]))
    assert heard.accent_s.tolist() == [0.0, 4.0, 5.0]


def test_a_lone_loud_chord_off_the_beat_is_an_accent():
    rows = [(q, 1, 60, 0, 40) for q in range(16)] + [(5.5, 1, 60, 0, 127), (5.5, 1, 64, 1, 127)]
    assert 2.75 in cuts.find_accents(notes_of(rows)).accent_s


def test_even_running_notes_are_no_accents():
    rows = [(q / 2, 0.5, 60, 0) for q in range(32)]
    assert cuts.find_accents(notes_of(rows)).accent_s.tolist() == np.arange(0, 8, 1.0).tolist()


def test_notes_a_few_milliseconds_apart_are_one_attack():
    attack_s, weight = cuts.onset_clusters(notes_of([(0, 1, 60, 0), (0.02, 1, 64, 0), (1, 1, 67, 0)]))
    assert attack_s.tolist() == [0.0, 0.5]
    assert weight.tolist() == [160.0, 80.0]


def test_alignment_counts_what_was_built_in(job):
    measured = cuts.alignment(
        job.analysis.shots.cut_s, job.analysis.shots.strength, from_piece(job.piece), 60.0
    )
    on_time = np.mean(np.arange(14) % 3 != 2)
    assert measured["n"] == 14
    assert measured["hit_40ms"] == pytest.approx(on_time)
    assert measured["p95_ms"] == pytest.approx(130, abs=1)
    assert measured["end_error_ms"] == pytest.approx(0, abs=1e-6)
    assert measured["chance_40ms"] < measured["control_shuffled_hit_40ms"] < measured["hit_40ms"]


def test_equal_shots_have_no_shuffled_control():
    assert cuts.shuffled_hit_share(np.array([1.0, 2.0, 3.0]), np.arange(4.0), 0.04, 4.0) is None


def test_a_film_without_cuts_has_no_hit_share(job):
    measured = cuts.alignment(np.zeros(0), np.zeros(0), from_piece(job.piece), 60.0)
    assert measured["n"] == 0
    assert measured["hit_40ms"] is measured["mean_abs_ms"] is measured["weighted_hit_40ms"] is None
    assert measured["end_error_ms"] is not None


def test_shuffling_is_the_same_for_the_same_seed():
    rng = np.random.default_rng(1)
    cut_s, accent_s = np.sort(rng.uniform(0, 60, 12)), np.arange(0, 60, 1.0)
    first, again = (cuts.shuffled_hit_share(cut_s, accent_s, 0.04, 60, seed=3) for _ in range(2))
    assert first == again


# --------------------------------------------------------------------------- fit


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=3, max_size=40))
def test_rank_correlation_agrees_with_scipy(values):
    a, b = np.array(values, float), np.cos(np.arange(len(values)))
    ours = fit.spearman(a, b)
    if np.ptp(a) == 0:
        assert ours is None
    else:
        assert ours == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)


def test_music_that_follows_beats_its_controls(job):
    profile = tension_profile(from_piece(job.piece))
    measured = fit.tension_fit(job.piece.plan.curve, profile)
    assert measured["pearson"] > 0.8
    assert measured["control_shuffled"] < 0.4
    assert measured["control_reversed"] < measured["pearson"]
    assert measured["shuffled_fits_better"] < 0.05
    assert measured["by_component"]["loudness"] > 0.9


def test_the_fit_is_over_the_windows_of_the_profile(job):
    profile = tension_profile(from_piece(job.piece))
    curve = Curve(profile.time_s, profile.intensity, "drawn")
    exact = replace(profile, start_s=profile.time_s, end_s=profile.time_s)
    assert fit.tension_fit(curve, exact)["rmse"] == pytest.approx(0, abs=1e-9)
    assert fit.tension_fit(curve, exact)["pearson"] == pytest.approx(1)


def test_a_flat_curve_has_no_correlation_but_a_warning(job):
    profile = tension_profile(from_piece(job.piece))
    flat = Curve(np.array([0.0, 60.0]), np.array([0.5, 0.5]), "inline")
    measured = fit.tension_fit(flat, profile)
    assert measured["pearson"] is measured["spearman"] is measured["control_shuffled"] is None
    assert measured["rmse"] > 0
    assert "flat" in fit.fit_warnings(flat, profile)[0]
    assert fit.fit_warnings(job.piece.plan.curve, profile) == []


def test_the_unoptimised_piece_is_measured_with_the_same_ruler(job):
    profile = tension_profile(from_piece(job.piece))
    measured = fit.tension_fit(job.piece.plan.curve, profile, profile)
    assert measured["control_unoptimised"] == pytest.approx(measured["pearson"])


# --------------------------------------------------------------------------- rules


def test_parallel_octaves_and_fifths_are_counted():
    assert rules.parallels(line_of(60, 62, 64), line_of(48, 50, 52)) == 2
    assert rules.parallels(line_of(67, 69), line_of(48, 50)) == 1


def test_contrary_and_oblique_motion_is_no_parallel():
    assert rules.parallels(line_of(60, 72), line_of(48, 48)) == 0
    assert rules.parallels(line_of(60, 55), line_of(48, 55)) == 0
    assert rules.parallels(line_of(64, 65), line_of(60, 62)) == 0


def test_lines_that_cross_are_counted_once_per_crossing():
    assert rules.crossings(line_of(60, 55, 54, 60, 50), line_of(57, 57, 57, 57, 57)) == 2


def test_a_leap_answered_by_a_smaller_step_back_is_resolved():
    assert rules.unresolved_leaps(line_of(60, 69, 67)) == 0
    assert rules.unresolved_leaps(line_of(60, 69, 69, 67)) == 0
    assert rules.unresolved_leaps(line_of(60, 69, 71)) == 1
    assert rules.unresolved_leaps(line_of(60, 69, 55)) == 1 + 0


def test_a_leap_over_a_rest_is_no_leap():
    rest = written.Line(
        "melody", np.array([0.0, 4.0, 5.0]), np.array([1.0, 5.0, 6.0]), np.array([60, 72, 74])
    )
    assert rules.unresolved_leaps(rest) == 0
    wide = written.Line("melody", rest.start, rest.end, np.array([60, 74, 90]))
    assert rules.leaps_over_octave(wide) == 1  # three quarters of rest go before the first


def test_the_fourth_equal_note_is_stuck():
    assert rules.stuck_notes(line_of(60, 60, 60)) == 0
    assert rules.stuck_notes(line_of(60, 60, 60, 60, 60, 62)) == 2


def test_semitones_struck_together_clash_also_over_octaves():
    assert rules.clashes(notes_of([(0, 1, 60, 0), (0, 1, 61, 1)])) == 1
    assert rules.clashes(notes_of([(0, 1, 60, 0), (0, 1, 73, 1), (0, 1, 64, 2)])) == 1
    assert rules.clashes(notes_of([(0, 1, 60, 0), (0.5, 1, 61, 1), (0, 0.25, 71, 1)])) == 0


def test_notes_outside_the_instrument_are_counted():
    counts = rules.rule_counts(notes_of([(0, 1, 59, 0), (1, 1, 60, 0), (2, 1, 97, 0), (3, 1, 56, 2)]), PARTS)
    assert counts["out_of_range"] == 3
    assert counts["per_100_notes"]["out_of_range"] == pytest.approx(75)


def test_percussion_breaks_no_rule(job):
    counts = rules.rule_counts(from_piece(job.piece), job.piece.plan.parts)
    assert counts["out_of_range"] == 0
    assert counts["notes"] == int(np.sum(job.piece.plan.slots["part"] != 5))


def test_tracks_find_their_parts_by_name_in_any_order():
    notes = notes_of([(0, 1, 40, 0), (0, 1, 70, 1)])
    notes = replace(notes, track_names=("Bass", "Flute"))
    assert written.part_of_note(notes, PARTS).tolist() == [2, 0]
    assert [v.role for v in written.lines(notes, PARTS)] == ["melody", "bass"]
    assert written.part_of_note(replace(notes, track_names=("Bass", "Tuba")), PARTS).tolist() == [2, -1]


# --------------------------------------------------------------------------- patterns


def tied(job, bars=2):
    """The piece with bars 0.. and 4.. of the bass tied, the return two semitones up."""
    slots, pitch = job.piece.plan.slots.copy(), job.piece.pitch.copy()
    for bar in range(bars):
        first, again = (
            np.flatnonzero((slots["part"] == 4) & (slots["onset_tick"] // 1920 == b)) for b in (bar, bar + 4)
        )
        slots["tie"][again], slots["shift"][again] = slots["tie"][first], 2
        pitch[again] = pitch[first] + 2
    return replace(job.piece, plan=replace(job.piece.plan, slots=slots), pitch=pitch)


def test_kept_ties_are_all_satisfied(job):
    piece = tied(job)
    facts = patterns.pattern_facts(piece, from_piece(piece))
    assert facts["constrained_notes"] == facts["satisfied"] == 4
    pitched = int(np.sum(piece.plan.slots["part"] != 5))
    assert facts["compression_ratio"] == pytest.approx(pitched / (pitched - 4))
    assert facts["written_share"] == 1.0


def test_a_wrong_note_in_the_file_is_an_unsatisfied_tie(job):
    piece = tied(job)
    notes = from_piece(piece)
    bass = np.flatnonzero((notes.notes["track"] == 4) & (notes.notes["onset_quarter"] >= 16))[0]
    table = notes.notes.copy()
    table["pitch"][bass] += 1
    assert patterns.pattern_facts(piece, replace(notes, notes=table))["satisfied"] == 3


def test_a_note_missing_from_the_file_is_an_unsatisfied_tie(job):
    piece = tied(job)
    notes = from_piece(piece)
    bass = np.flatnonzero(notes.notes["track"] == 4)[0]
    facts = patterns.pattern_facts(piece, replace(notes, notes=np.delete(notes.notes, bass)))
    assert facts["satisfied"] == 3
    assert facts["written_share"] < 1
