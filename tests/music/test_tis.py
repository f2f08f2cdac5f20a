"""Tonal Interval Space: what turns it, what leaves it, and its distances as published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.music import tis
from tensionbgm.music.notes import NOTE, KeyChange, Notes


def held(rows, pace_s=0.5):
    """Notes from (onset, duration, pitch[, drum]) in quarters, at a steady tempo."""
    table = np.array([(a, b, a * pace_s, b * pace_s, p, 80, 0, any(d)) for a, b, p, *d in rows], NOTE)
    knots = np.array([0.0, 1e3])
    return Notes(table, ("one",), np.arange(0, 41, 4.0), knots, knots * pace_s, ())


def chroma(*pitches):
    return np.isin(np.arange(12), np.array(pitches) % 12)


patient = settings(deadline=None)  # the first example fills tables
IN_C = (KeyChange(0.0, 0, "major"),)
TWO_KEYS = (KeyChange(0.0, 9, "minor"), KeyChange(7.0, 0, "major"))
MAJOR_SEVENTH = (0, 4, 7, 11)

quarter = st.integers(0, 63).map(lambda n: n / 4)
note = st.tuples(quarter, st.integers(1, 16).map(lambda n: n / 4), st.integers(36, 96))
rows = st.lists(note, min_size=1, max_size=30)
tick = st.integers(0, 16 * 480).map(lambda n: n / 480)
window_lists = st.lists(st.tuples(tick, tick.map(lambda x: x / 2 + 1 / 480)), min_size=1, max_size=6)
masks = st.integers(1, 4095)


def measure(notes, windows, keys=TWO_KEYS):
    """All four components, float (4, w)."""
    start, long = np.array(sorted(windows)).T
    span, before = (start, start + long), np.maximum(np.arange(len(start)) - 1, 0)
    return np.array(
        [
            tis.tis_dissonance(notes, *span),
            tis.tis_key_distance(notes, *span, keys),
            tis.tis_tonic_distance(notes, *span, keys),
            tis.tis_motion(notes, *span, before),
        ]
    )


def set_of(mask):
    return mask >> np.arange(12) & 1


# --------------------------------------------------------------------------- properties of the space


@patient
@given(masks, masks, st.integers(0, 11))
def test_transposing_turns_the_space_and_leaves_every_distance(a, b, shift):
    here = [tis.vector(set_of(m)) for m in (a, b)]
    there = [tis.vector(np.roll(set_of(m), shift)) for m in (a, b)]
    assert tis.distance(*there) == pytest.approx(tis.distance(*here), abs=1e-9)
    assert tis.angle(*there) == pytest.approx(tis.angle(*here), abs=1e-6)
    assert tis.dissonance(np.roll(set_of(a), shift)) == pytest.approx(tis.dissonance(set_of(a)))


@patient
@given(masks, masks)
def test_no_two_sets_are_further_apart_than_one(a, b):
    assert 0 <= tis.distance(*(tis.vector(set_of(m)) for m in (a, b))) <= 1 + 1e-12


@patient
@given(masks, st.floats(0.1, 1e6))
def test_how_strong_a_chord_is_does_not_matter(mask, strength):
    np.testing.assert_allclose(tis.vector(set_of(mask) * strength), tis.vector(set_of(mask)), atol=1e-9)


# --------------------------------------------------------------------------- properties of windows


@patient
@given(rows, window_lists, st.integers(-12, 12))
def test_transposing_music_and_keys_together_changes_nothing(rows, windows, shift):
    moved = [(a, b, p + shift) for a, b, p in rows]
    keys = tuple(KeyChange(k.start_quarter, (k.tonic + shift) % 12, k.mode) for k in TWO_KEYS)
    here, there = measure(held(rows), windows), measure(held(moved), windows, keys)
    np.testing.assert_allclose(here, there, atol=1e-6)


@patient
@given(rows, window_lists, st.randoms())
def test_order_splitting_octave_doubling_tempo_and_drums_do_not_matter(rows, windows, random):
    other = [(a + h * b / 2, b / 2, p) for a, b, p in rows for h in (0, 1)]
    other += [(a, b, p + 12) for a, b, p in rows[:7]]
    other += [(a, b, 38, True) for a, b, _ in rows[:5]]
    random.shuffle(other)
    a, b = measure(held(rows), windows), measure(held(other, pace_s=0.2), windows)
    np.testing.assert_allclose(a, b, atol=1e-6)


@patient
@given(rows)
def test_dissonance_of_music_without_rests_sums_to_the_whole(rows):
    notes = held([*rows, (0.0, 20.0, 36)])
    edge = np.array([0.0, 1.75, 6.5, 7.0, 20.0])
    parts = tis.tis_dissonance(notes, edge[:-1], edge[1:]) * np.diff(edge)
    assert parts.sum() == pytest.approx(20 * tis.tis_dissonance(notes, edge[:1], edge[-1:])[0])


@patient
@given(rows, window_lists)
def test_stretching_music_windows_and_keys_together_changes_nothing(rows, windows):
    twice = [(2 * a, 2 * b, p) for a, b, p in rows]
    keys = tuple(KeyChange(2 * k.start_quarter, k.tonic, k.mode) for k in TWO_KEYS)
    a = measure(held(rows), windows)
    b = measure(held(twice), [(2 * start, 2 * long) for start, long in windows], keys)
    np.testing.assert_allclose(a, b, atol=1e-6)


@patient
@given(rows, window_lists)
def test_every_component_keeps_to_its_range(rows, windows):
    found = measure(held(rows), windows)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found.max(axis=1) <= np.array([1, np.pi, np.pi, 1]) + 1e-12).all()


# --------------------------------------------------------------------------- pinned examples


def test_a_window_of_one_chord_has_the_figures_of_the_chord():
    notes = held([(0.0, 4.0, 60 + p) for p in MAJOR_SEVENTH] + [(4.0, 4.0, 65 + p) for p in (0, 4, 7)])
    found = measure(notes, [(0.0, 4.0), (4.0, 4.0)], IN_C)
    first, second = tis.vector(chroma(*MAJOR_SEVENTH)), tis.vector(chroma(5, 9, 0))
    assert found[0] == pytest.approx(tis.dissonance(np.array([chroma(*MAJOR_SEVENTH), chroma(5, 9, 0)])))
    assert found[1] == pytest.approx(tis.angle(np.array([first, second]), tis.key_vector(0, "major")))
    assert found[2] == pytest.approx(tis.angle(np.array([first, second]), tis.tonic_vector(0, "major")))
    assert found[3] == pytest.approx(np.array([0.0, tis.distance(second, first)]))


def test_chords_grow_more_dissonant_from_the_unison_to_the_cluster():
    one, fifth, triad, seventh, cluster, all_twelve = (
        tis.dissonance(chroma(*pitches))
        for pitches in ((0,), (0, 7), (0, 4, 7), (0, 4, 7, 10), (0, 1, 2, 3), range(12))
    )
    assert one == pytest.approx(0)
    assert one < fifth < triad < seventh < cluster < all_twelve
    assert all_twelve == pytest.approx(1)


def test_a_semitone_is_the_farthest_pair_of_notes_and_the_fifth_the_nearest():
    single = tis.vector(np.eye(12))
    apart = tis.distance(single, single[0])
    assert np.argmax(apart) in (1, 11)
    assert apart.max() == pytest.approx(1)
    assert np.argmin(apart[1:]) + 1 in (5, 7)


def test_the_tonic_is_nearest_its_own_key():
    for mode in ("major", "minor"):
        apart = [float(tis.angle(tis.tonic_vector(t, mode), tis.key_vector(0, mode))) for t in range(12)]
        assert np.argmin(apart) == 0


def test_the_key_in_force_where_a_window_begins_counts():
    notes = held([(0.0, 20.0, p) for p in (60, 64, 67)])
    found = measure(notes, [(6.9, 2.0), (7.0, 2.0)])
    far = float(tis.angle(tis.tonic_vector(0, "major"), tis.tonic_vector(9, "minor")))
    assert found[2] == pytest.approx([far, 0.0], abs=1e-6)


def test_silence_has_no_tension():
    notes = held([(0.0, 1.0, 60), (0.0, 1.0, 61), (4.0, 1.0, 38, True)])
    found = measure(notes, [(0.0, 2.0), (2.0, 2.0), (4.0, 1.0)])
    np.testing.assert_array_equal(found[:, 1:], 0)
