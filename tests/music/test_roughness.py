"""Roughness: equal to published values of thousands of chords, and a component of any window."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tensionbgm.music import roughness as room
from tensionbgm.music.notes import NOTE, Notes

CHORDS = (
    Path(__file__).parents[2].parent / "shared" / "data" / "tension_ratings" / "dcd" / "DCD_predictors.csv"
)
patient = settings(deadline=None)  # the first example fills tables
MODELS = {
    "hutch_78_roughness": room.hutchinson,
    "seth_93_roughness": room.sethares,
    "vass_01_roughness": room.vassilakis,
}


def held(rows, pace_s=0.5):
    """Notes from (onset, duration, pitch[, drum]) in quarters, at a steady tempo."""
    table = np.array([(a, b, a * pace_s, b * pace_s, p, 80, 0, any(d)) for a, b, p, *d in rows], NOTE)
    knots = np.array([0.0, 1e3])
    return Notes(table, ("one",), np.arange(0, 41, 4.0), knots, knots * pace_s, ())


quarter = st.integers(0, 63).map(lambda n: n / 4)
note = st.tuples(quarter, st.integers(1, 16).map(lambda n: n / 4), st.integers(24, 96))
rows = st.lists(note, min_size=1, max_size=30)
tick = st.integers(0, 16 * 480).map(lambda n: n / 480)
window_lists = st.lists(st.tuples(tick, tick.map(lambda x: x / 2 + 1 / 480)), min_size=1, max_size=6)
chords = st.lists(st.integers(24, 96), min_size=1, max_size=6, unique=True)
without_seconds = chords.filter(lambda c: all(b - a > 1 for a in c for b in c if b > a))


def measure(notes, windows):
    start, long = np.array(sorted(windows)).T
    return room.roughness(notes, start, start + long)


def one_by_one(pitches):
    """A set's roughness by the table of pairs."""
    return room.of_sets(np.ones((1, len(pitches))), np.array(pitches))[0]


# --------------------------------------------------------------------------- properties of chords


@patient
@given(chords, st.randoms())
def test_models_ignore_the_order_of_pitches_and_unisons(pitches, random):
    again = [*pitches, pitches[0]]
    random.shuffle(again)
    for model in MODELS.values():
        assert model(again) == pytest.approx(model(pitches))


@patient
@given(without_seconds, st.integers(1, 12))
def test_without_a_semitone_a_chord_is_rougher_where_it_is_lower(pitches, down):
    lower = [p - down for p in pitches]
    for model in (room.sethares, room.vassilakis):
        assert model(lower) >= model(pitches)
    if len(pitches) > 1 and max(pitches) - min(pitches) < 12:
        assert room.hutchinson(lower) >= room.hutchinson(pitches)


@patient
@given(chords.filter(lambda c: len(c) < 3))
def test_the_table_of_pairs_is_exact_for_one_note_and_two(pitches):
    assert one_by_one(pitches) == pytest.approx(room.hutchinson(pitches), abs=1e-12)


def test_a_semitone_is_rougher_than_a_fifth_and_a_fifth_than_an_octave():
    for model in (*MODELS.values(), one_by_one):
        semitone, third, fifth, octave = (model([60, 60 + n]) for n in (1, 4, 7, 12))
        assert semitone > third > fifth > octave


# --------------------------------------------------------------------------- properties of windows


@patient
@given(rows, window_lists)
def test_a_window_is_the_mean_of_its_moments(rows, windows):
    notes = held(rows)
    for (start, long), found in zip(sorted(windows), measure(notes, windows), strict=True):
        edge = np.unique([start, start + long, *(t for a, b, _ in rows for t in (a, a + b))])
        edge = edge[(edge >= start) & (edge <= start + long)]
        total = sounds = 0.0
        for a, b in pairwise(edge):
            chord = sorted({p for on, d, p in rows if on <= a and on + d >= b})
            if chord:
                total, sounds = total + (b - a) * one_by_one(chord), sounds + b - a
        assert found == pytest.approx(total / sounds if sounds else 0.0, abs=1e-9)


@patient
@given(rows, window_lists, st.randoms())
def test_order_splitting_tempo_and_drums_do_not_matter(rows, windows, random):
    other = [(a + h * b / 2, b / 2, p) for a, b, p in rows for h in (0, 1)]
    other += [(a, b, 38, True) for a, b, _ in rows[:5]]
    random.shuffle(other)
    a, b = measure(held(rows), windows), measure(held(other, pace_s=0.2), windows)
    np.testing.assert_allclose(a, b, atol=1e-9)


@patient
@given(rows)
def test_windows_of_music_without_rests_sum_to_the_whole(rows):
    notes = held([*rows, (0.0, 20.0, 36)])
    edge = np.array([0.0, 1.75, 6.5, 7.0, 20.0])
    parts = room.roughness(notes, edge[:-1], edge[1:]) * np.diff(edge)
    whole = room.roughness(notes, edge[:1], edge[-1:]) * 20
    assert parts.sum() == pytest.approx(whole[0])


@patient
@given(rows, window_lists)
def test_stretching_music_and_windows_together_changes_nothing(rows, windows):
    twice = [(2 * a, 2 * b, p) for a, b, p in rows]
    a = measure(held(rows), windows)
    b = measure(held(twice), [(2 * start, 2 * long) for start, long in windows])
    np.testing.assert_allclose(a, b, atol=1e-9)


def test_silence_is_not_rough():
    notes = held([(0.0, 1.0, 60), (0.0, 1.0, 61), (4.0, 1.0, 38, True)])
    found = measure(notes, [(0.0, 2.0), (2.0, 2.0), (4.0, 1.0)])
    assert found == pytest.approx([one_by_one([60, 61]), 0.0, 0.0])


# --------------------------------------------------------------------------- published values

PUBLISHED = {  # as listed with the Durham Chord Dataset, computed by the R package incon
    (52, 53): (0.494278824219666, 0.661875857227909, 2.01090387198865),
    (40, 43): (0.301621958178567, 0.929072628149082, 2.40683746559124),
    (64, 65, 68, 69, 70, 74): (0.728834182252566, 4.18077445831755, 10.8294158259458),
}


@pytest.mark.parametrize("pitches", PUBLISHED)
def test_models_give_the_published_roughness(pitches):
    assert [model(pitches) for model in MODELS.values()] == pytest.approx(PUBLISHED[pitches], rel=1e-9)


@pytest.mark.skipif(not CHORDS.is_file(), reason="the published roughness of 4,755 chords is not here")
def test_models_and_table_agree_with_the_published_chords():
    with CHORDS.open(newline="") as file:
        table = list(csv.DictReader(file))
    pitches = [[int(p) for p in row["midi"].split("-")] for row in table]
    for name, model in MODELS.items():
        found = [model(p) for p in pitches[::20]]
        assert found == pytest.approx([float(row[name]) for row in table[::20]], rel=1e-9)
    published = [float(row["hutch_78_roughness"]) for row in table]
    assert spearmanr([one_by_one(p) for p in pitches], published).statistic > 0.99
