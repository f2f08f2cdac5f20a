"""Tonal Pitch Space: Lerdahl's published distances, and surface tension of any window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.music import lerdahl
from tensionbgm.music.lerdahl import Chord
from tensionbgm.music.notes import NOTE, KeyChange, Notes


def held(rows, pace_s=0.5):
    """Notes from (onset, duration, pitch[, drum]) in quarters, at a steady tempo."""
    table = np.array([(a, b, a * pace_s, b * pace_s, p, 80, 0, any(d)) for a, b, p, *d in rows], NOTE)
    knots = np.array([0.0, 1e3])
    return Notes(table, ("one",), np.arange(0, 41, 4.0), knots, knots * pace_s, ())


patient = settings(deadline=None)  # the first example fills tables
TWO_KEYS = (KeyChange(0.0, 9, "minor"), KeyChange(7.0, 0, "major"))
TONIC = Chord(0, "major", 0, "major")

quarter = st.integers(0, 63).map(lambda n: n / 4)
note = st.tuples(quarter, st.integers(1, 16).map(lambda n: n / 4), st.integers(36, 84))
rows = st.lists(note, min_size=1, max_size=20)
tick = st.integers(0, 16 * 480).map(lambda n: n / 480)
window_lists = st.lists(st.tuples(tick, tick.map(lambda x: x / 2 + 1 / 480)), min_size=1, max_size=6)
pitch_classes, modes = st.integers(0, 11), st.sampled_from(["major", "minor"])
chords = st.builds(Chord, pitch_classes, st.sampled_from(list(lerdahl.TRIADS)), pitch_classes, modes)
voicings = st.lists(st.integers(36, 84), min_size=1, max_size=6)


def measure(notes, windows, keys=TWO_KEYS):
    """Both components, float (2, w)."""
    start, long = np.array(sorted(windows)).T
    span = start, start + long, keys
    return np.array([lerdahl.surface_tension(notes, *span), lerdahl.tonic_distance(notes, *span)])


def moved(chord, shift):
    return Chord((chord.root + shift) % 12, chord.quality, (chord.tonic + shift) % 12, chord.mode)


# --------------------------------------------------------------------------- properties of chords


@patient
@given(chords, chords, pitch_classes)
def test_transposing_both_chords_leaves_their_distance(x, y, shift):
    assert lerdahl.chord_distance(moved(x, shift), moved(y, shift)) == lerdahl.chord_distance(x, y)


@patient
@given(chords, chords)
def test_only_a_chord_whose_basic_space_is_known_is_not_away(x, y):
    known = all(b <= a for a, b in zip(lerdahl.basic_space(x), lerdahl.basic_space(y), strict=True))
    assert lerdahl.chord_distance(x, x) == 0
    assert lerdahl.chord_distance(x, y) >= (0 if known else 1)


@patient
@given(chords)
def test_the_levels_of_a_basic_space_lie_one_within_the_next(chord):
    a, b, c, d = lerdahl.basic_space(chord)
    assert a < b < c < d


@patient
@given(voicings, pitch_classes, modes, st.integers(-12, 12), st.randoms())
def test_transposing_order_and_inner_octaves_leave_chord_and_surface(pitches, tonic, mode, shift, random):
    other = [p + shift for p in pitches]
    other += [p + 12 for p in other if p + 12 <= max(other)]
    random.shuffle(other)
    here, there = (
        lerdahl.best_chord(pitches, tonic, mode),
        lerdahl.best_chord(other, (tonic + shift) % 12, mode),
    )
    assert there == moved(here, shift)
    assert lerdahl.surface_dissonance(other, there) == lerdahl.surface_dissonance(pitches, here)


# --------------------------------------------------------------------------- properties of windows


@patient
@given(voicings, modes, pitch_classes)
def test_a_window_of_one_chord_has_the_figures_of_the_chord(pitches, mode, tonic):
    key = (KeyChange(0.0, tonic, mode),)
    found = measure(held([(0.0, 4.0, p) for p in pitches]), [(0.5, 2.0)], key)
    chord = lerdahl.best_chord(pitches, tonic, mode)
    place = 12 * list(lerdahl.TRIADS).index(chord.quality) + (chord.root - tonic) % 12
    assert found[0] == lerdahl.surface_dissonance(pitches, chord)
    assert found[1] == lerdahl.tonic_distances(mode)[place]


@patient
@given(rows, window_lists, st.integers(-12, 12))
def test_transposing_music_and_keys_together_changes_nothing(rows, windows, shift):
    there = [(a, b, p + shift) for a, b, p in rows]
    keys = tuple(KeyChange(k.start_quarter, (k.tonic + shift) % 12, k.mode) for k in TWO_KEYS)
    np.testing.assert_allclose(measure(held(rows), windows), measure(held(there), windows, keys), atol=1e-9)


@patient
@given(rows, window_lists, st.randoms())
def test_order_splitting_tempo_drums_and_unisons_do_not_matter(rows, windows, random):
    other = [(a + h * b / 2, b / 2, p) for a, b, p in rows for h in (0, 1)]
    other += [(a, b, 38, True) for a, b, _ in rows[:5]] + rows[:3]
    random.shuffle(other)
    a, b = measure(held(rows), windows), measure(held(other, pace_s=0.2), windows)
    np.testing.assert_allclose(a, b, atol=1e-9)


@patient
@given(rows)
def test_a_whole_is_at_least_as_dissonant_as_its_parts_each_under_its_own_chord(rows):
    notes = held([*rows, (0.0, 20.0, 36)])
    edge = np.array([0.0, 1.75, 6.5, 7.0, 20.0])
    parts = lerdahl.surface_tension(notes, edge[:-1], edge[1:], TWO_KEYS) * np.diff(edge)
    whole = 20 * lerdahl.surface_tension(notes, edge[:1], edge[-1:], TWO_KEYS)[0]
    assert parts.sum() <= whole + 1e-9


@patient
@given(rows, window_lists)
def test_stretching_music_windows_and_keys_together_changes_nothing(rows, windows):
    twice = [(2 * a, 2 * b, p) for a, b, p in rows]
    keys = tuple(KeyChange(2 * k.start_quarter, k.tonic, k.mode) for k in TWO_KEYS)
    a = measure(held(rows), windows)
    b = measure(held(twice), [(2 * start, 2 * long) for start, long in windows], keys)
    np.testing.assert_allclose(a, b, atol=1e-9)


# --------------------------------------------------------------------------- published distances


@pytest.mark.parametrize(
    ("root", "quality", "distance"),
    [
        (2, "minor", 8),
        (4, "minor", 7),
        (5, "major", 5),
        (7, "major", 5),
        (9, "minor", 7),
        (11, "diminished", 8),
    ],
)
def test_diatonic_chords_are_as_far_from_the_tonic_as_published(root, quality, distance):
    chord = Chord(root, quality, 0, "major")
    assert lerdahl.chord_distance(TONIC, chord) == distance
    assert lerdahl.chord_distance(chord, TONIC) == distance


@pytest.mark.parametrize(
    ("tonic", "mode", "distance"),
    [(7, "major", 7), (5, "major", 7), (9, "minor", 7), (0, "minor", 7), (4, "minor", 9), (2, "minor", 10)],
)
def test_tonics_of_the_nearest_regions_are_as_far_as_published(tonic, mode, distance):
    assert lerdahl.chord_distance(TONIC, Chord(tonic, mode, tonic, mode)) == distance


def test_the_basic_space_of_the_tonic_is_as_published():
    depth = sum(np.isin(np.arange(12), list(level)).astype(int) for level in lerdahl.basic_space(TONIC))
    assert depth.tolist() == [4, 0, 1, 0, 2, 1, 0, 3, 0, 1, 0, 1]


# --------------------------------------------------------------------------- surface


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ((48, 55, 64, 72), 0),  # root position, root on top
        ((48, 55, 60, 64), 1),  # third on top
        ((52, 55, 60, 72), 2),  # first inversion
        ((48, 58, 64, 72), 1),  # a seventh
        ((48, 55, 64, 65, 72), 3),  # a note of the key
        ((48, 55, 64, 66, 72), 4),  # a note outside it
    ],
)
def test_each_fault_of_a_voicing_counts_as_published(pitches, expected):
    assert lerdahl.surface_dissonance(pitches, TONIC) == expected


def test_a_seventh_chord_is_heard_by_its_root():
    for pitches, root, quality in (
        ((55, 59, 62, 65), 7, "major"),
        ((62, 65, 67, 71), 7, "major"),
        ((57, 60, 62, 66), 2, "major"),
        ((59, 62, 65, 69), 11, "diminished"),
    ):
        assert lerdahl.best_chord(pitches, 0, "major") == Chord(root, quality, 0, "major")


def test_a_cadence_tightens_to_the_dominant_and_is_released():
    cadence = [(48, 55, 64, 72), (53, 57, 60, 69), (55, 59, 62, 65), (48, 55, 64, 72)]
    assert lerdahl.sequential_tension(cadence, 0, "major").tolist() == [0, 6, 9, 5]


def test_silence_has_no_tension():
    notes = held([(0.0, 1.0, 60), (0.0, 1.0, 61), (4.0, 1.0, 38, True)])
    np.testing.assert_array_equal(measure(notes, [(0.0, 2.0), (2.0, 2.0), (4.0, 1.0)])[:, 1:], 0)
