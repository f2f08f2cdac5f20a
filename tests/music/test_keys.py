"""Keys: what moves them, what must not, and what every listener hears."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.music import local_keys as local_keys_room
from tensionbgm.music.key_profiles import PROFILES, key_scores
from tensionbgm.music.keys import bar_weights, find_key, first_bass, key_by_centre, key_by_profile
from tensionbgm.music.local_keys import confidence, key_distances, local_keys
from tensionbgm.music.notes import NOTE, KeyChange, Notes

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


# --------------------------------------------------------------------------- keys within a piece


def in_keys(*tonics, bars=12):
    """A cadence in C major, moved to each tonic in turn, for so many bars each."""
    return [
        row
        for number, tonic in enumerate(tonics)
        for row in melody([p + tonic for p in C_MAJOR * (bars // 3)], start=4 * bars * number)
    ]


@given(rows, st.integers(-12, 12))
def test_transposing_moves_every_local_key(rows, shift):
    here, there = local_keys(music(rows)), local_keys(music(moved(rows, shift)))
    assert [(k.start_quarter, (k.tonic + shift) % 12, k.mode) for k in here] == [
        (k.start_quarter, k.tonic, k.mode) for k in there
    ]


@given(rows, st.permutations(range(4)))
def test_the_order_of_notes_and_tracks_does_not_matter_to_local_keys(rows, other):
    here, there = music(rows), music([(*row[:3], other[row[3]]) for row in reversed(rows)])
    assert local_keys(here) == local_keys(there)


@given(rows)
def test_local_keys_begin_at_once_change_at_bar_lines_and_never_to_themselves(rows):
    notes = music(rows)
    keys = local_keys(notes)
    assert keys[0].start_quarter == notes.bar_quarter[0]
    assert {key.start_quarter for key in keys} <= set(notes.bar_quarter[:-1])
    assert all((a.tonic, a.mode) != (b.tonic, b.mode) for a, b in pairwise(keys))


@given(rows)
def test_no_single_key_fits_better_than_the_path(rows):
    notes = music(rows)
    fit = local_keys_room._fit(notes, first_bass(notes))
    path = local_keys_room._viterbi(fit, local_keys_room._change_cost())
    cost = local_keys_room._change_cost()[path[:-1], path[1:]].sum()
    assert fit[np.arange(len(path)), path].sum() - cost >= fit.sum(axis=0).max() - 1e-9


@given(st.lists(st.lists(st.floats(-1, 1), min_size=24, max_size=24), min_size=3, max_size=3))
def test_the_path_is_the_best_of_all_paths(rows):
    fit, cost = np.array(rows), local_keys_room._change_cost()
    every = fit[0][:, None, None] + fit[1][None, :, None] + fit[2][None, None, :]
    every = every - cost[:, :, None] - cost[None, :, :]
    a, b, c = local_keys_room._viterbi(fit, cost)
    assert every[a, b, c] == pytest.approx(every.max())


@given(rows)
def test_stretches_are_as_sure_as_a_probability_can_be(rows):
    notes = music(rows)
    sure = confidence(notes, local_keys(notes))
    assert sure.shape == (len(local_keys(notes)),)
    assert ((sure >= 0) & (sure <= 1 + 1e-9)).all()


def test_a_modulation_is_found_where_it_happens():
    keys = local_keys(music(in_keys(0, 7, 3)))
    assert [(k.start_quarter, k.tonic, k.mode) for k in keys] == [
        (0.0, 0, "major"),
        (48.0, 7, "major"),
        (96.0, 3, "major"),
    ]


def test_a_piece_in_one_key_has_one():
    assert local_keys(music(in_keys(5))) == (KeyChange(0.0, 5, "major"),)


def test_the_right_key_is_surer_than_a_wrong_one():
    notes = music(in_keys(0))
    right, wrong = (confidence(notes, (KeyChange(0.0, tonic, "major"),))[0] for tonic in (0, 6))
    assert right > 0.5 > wrong


@pytest.mark.parametrize(
    "notes",
    [
        music(melody((36, 38, 42, 36)), drum_track=0),
        Notes(np.zeros(0, NOTE), (), np.array([0.0, 4.0]), np.array([0.0, 1.0]), np.array([0.0, 0.5]), ()),
        Notes(np.zeros(0, NOTE), (), np.array([0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.5]), ()),
    ],
    ids=["percussion alone", "a silent bar", "no bar"],
)
def test_where_nothing_sounds_there_is_one_key_and_it_is_c_major(notes):
    assert local_keys(notes) == (KeyChange(0.0, 0, "major"),)
    assert confidence(notes, local_keys(notes)) == pytest.approx(1 / 24, abs=0.05)


def test_keys_are_as_far_apart_as_their_interval_alone_says():
    near = key_distances()
    turned = (np.arange(24) + 1) % 12 + 12 * (np.arange(24) // 12)
    np.testing.assert_allclose(near, near.T, atol=1e-12)
    np.testing.assert_allclose(near[np.ix_(turned, turned)], near, atol=1e-12)


def test_parallel_and_fifth_related_keys_are_nearest_and_the_tritone_is_far():
    from_c = key_distances()[0]
    assert set(np.argsort(from_c)[1:4]) == {12, 5, 7}  # C minor, F, G
    assert from_c[6] == from_c[:12].max()
    assert from_c[21] < min(from_c[18], from_c[13], from_c[23])  # A minor before F#, C# and B minor
