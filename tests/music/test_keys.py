"""Keys: what moves them, what must not, and what every listener hears."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.music.key_profiles import PROFILES, key_scores
from tensionbgm.music.keys import bar_weights, find_key, key_by_centre, key_by_profile
from tensionbgm.music.notes import NOTE, Notes

quarter = st.integers(0, 63).map(lambda n: n / 4)
length = st.integers(1, 40).map(lambda n: n / 4)
rows = st.lists(st.tuples(quarter, length, st.integers(40, 84), st.integers(0, 3)), min_size=1, max_size=40)
WAYS = [key_by_profile, key_by_centre]
C_MAJOR = (60, 64, 67, 65, 69, 72, 67, 71, 74, 60, 64, 67)
A_MINOR = (57, 60, 64, 62, 65, 69, 64, 68, 71, 57, 60, 64)


def music(rows, drum_track=None):
    """Notes from (onset [quarters], duration [quarters], pitch, track), in bars of four."""
    table = np.zeros(len(rows), NOTE)
    for note, (onset, duration, pitch, track) in zip(table, rows, strict=True):
        note["onset_quarter"], note["duration_quarter"], note["pitch"] = onset, duration, pitch
        note["track"], note["drum"], note["velocity"] = track, track == drum_track, 80
    table.sort(order=["onset_quarter", "track", "pitch"])
    end = (table["onset_quarter"] + table["duration_quarter"]).max(initial=0.0)
    return Notes(table, ("",) * 4, np.arange(0, end + 4, 4.0), np.array([0.0, 1e5]), np.array([0.0, 5e4]), ())


def moved(rows, shift):
    return [(onset, duration, pitch + shift, track) for onset, duration, pitch, track in rows]


def melody(pitches, start=0, track=0):
    return [(float(start + i), 1.0, pitch, track) for i, pitch in enumerate(pitches)]


@pytest.mark.parametrize("way", WAYS)
@given(rows, st.integers(-12, 12))
def test_transposing_moves_the_key_and_leaves_its_certainty(way, rows, shift):
    here, there = way(music(rows)), way(music(moved(rows, shift)))
    assert (there.tonic - here.tonic - shift) % 12 == 0
    assert (there.mode, there.confidence) == (here.mode, pytest.approx(here.confidence))


@pytest.mark.parametrize("way", WAYS)
@given(rows, st.permutations(range(4)))
def test_the_order_of_notes_and_tracks_does_not_matter(way, rows, other):
    here, there = music(rows), music([(*row[:3], other[row[3]]) for row in reversed(rows)])
    assert way(here).tonic == way(there).tonic
    assert way(here).confidence == pytest.approx(way(there).confidence)


@pytest.mark.parametrize("way", WAYS)
@given(rows)
def test_confidence_is_a_probability_and_the_best_of_24(way, rows):
    assert 1 / 24 - 1e-9 <= way(music(rows)).confidence <= 1


@given(rows)
def test_find_key_says_what_the_profiles_say(rows):
    found = key_by_profile(music(rows))
    assert find_key(music(rows)) == (found.tonic, found.mode)


@pytest.mark.parametrize("way", WAYS)
def test_cadences_are_in_the_keys_they_are_written_in(way):
    assert (way(music(melody(C_MAJOR))).tonic, way(music(melody(C_MAJOR))).mode) == (0, "major")
    assert (way(music(melody(A_MINOR))).tonic, way(music(melody(A_MINOR))).mode) == (9, "minor")


@pytest.mark.parametrize("way", WAYS)
def test_percussion_alone_is_in_c_major_and_known_to_say_nothing(way):
    found = way(music(melody((36, 38, 42, 36)), drum_track=0))
    assert (found.tonic, found.mode, found.confidence) == (0, "major", pytest.approx(1 / 24))


def test_a_cadence_is_surer_than_one_note():
    assert key_by_profile(music(melody(C_MAJOR))).confidence > key_by_profile(music(melody((60,)))).confidence


def test_the_opening_decides_where_halves_disagree():
    in_two_keys = melody(C_MAJOR * 3) + melody([p + 6 for p in C_MAJOR * 3], start=36)
    assert find_key(music(in_two_keys)) == (0, "major")


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValueError, match="lydian"):
        key_by_profile(music(melody(C_MAJOR)), "lydian")


@pytest.mark.parametrize("profile", PROFILES)
@given(weight=st.lists(st.integers(0, 50), min_size=12, max_size=12), tonic=st.integers(0, 11))
def test_scores_are_correlations_with_each_rotated_profile(profile, weight, tonic):
    scores = key_scores(np.array(weight), profile)
    assert scores.shape == (24,)
    for mode, degrees in enumerate(PROFILES[profile]):
        expected = 0.0 if np.ptp(weight) == 0 else np.corrcoef(weight, np.roll(degrees, tonic))[0, 1]
        assert scores[12 * mode + tonic] == pytest.approx(expected, abs=1e-9)


@given(rows)
def test_bar_weights_are_what_sounds_in_each_bar(rows):
    notes = music(rows)
    expected = np.zeros((len(notes.bar_quarter) - 1, 12))
    for onset, duration, pitch, _ in rows:
        for bar in range(len(expected)):
            inside = min(onset + duration, notes.bar_quarter[bar + 1]) - max(onset, notes.bar_quarter[bar])
            expected[bar, pitch % 12] += max(inside, 0.0)
    np.testing.assert_allclose(bar_weights(notes), expected, atol=1e-6)
