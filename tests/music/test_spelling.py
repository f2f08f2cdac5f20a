"""Spelling: what must not change it, what it must agree with, and what every musician would write."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.music.notes import NOTE, Notes
from tensionbgm.music.spelling import spell

quarter = st.integers(0, 63).map(lambda n: n / 4)
rows = st.lists(
    st.tuples(quarter, st.integers(40, 84), st.integers(0, 3)), min_size=1, max_size=60, unique=True
)
LINE = "FCGDAEB"


def music(rows, drum_track=None):
    """Notes a quarter long from (onset [quarters], pitch, track)."""
    table = np.zeros(len(rows), NOTE)
    for note, (onset, pitch, track) in zip(table, rows, strict=True):
        note["onset_quarter"], note["pitch"], note["track"] = onset, pitch, track
        note["drum"] = track == drum_track
    table["duration_quarter"], table["velocity"] = 1.0, 80
    table.sort(order=["onset_quarter", "track", "pitch"])
    bar = np.arange(0, table["onset_quarter"].max() + 5, 4.0)
    return Notes(table, ("",) * 4, bar, np.array([0.0, 1e5]), np.array([0.0, 5e4]), ())


def name(fifths):
    turns, letter = divmod(fifths + 1, 7)
    return LINE[letter] + ("#" * turns if turns > 0 else "b" * -turns)


def spelled(pitches):
    return " ".join(name(k) for k in spell(music([(i, p, 0) for i, p in enumerate(pitches)])))


@given(rows)
def test_a_spelling_sounds_as_the_note_does(rows):
    notes = music(rows)
    np.testing.assert_array_equal(7 * spell(notes) % 12, notes.notes["pitch"] % 12)


@given(rows, st.integers(-12, 12))
def test_transposed_music_keeps_the_intervals_it_is_spelled_with(rows, shift):
    here = spell(music(rows))
    there = spell(music([(onset, pitch + shift, track) for onset, pitch, track in rows]))
    moved = there - here
    assert np.ptp(moved) == 0
    assert (moved[0] - 7 * shift) % 12 == 0


@given(rows, st.permutations(range(4)))
def test_which_track_plays_a_note_does_not_change_its_spelling(rows, other):
    here, there = music(rows), music([(onset, pitch, other[track]) for onset, pitch, track in rows])

    def spellings(notes):
        table = notes.notes
        return sorted(zip(table["onset_quarter"], table["pitch"], spell(notes), strict=True))

    assert spellings(here) == spellings(there)


@given(rows)
def test_percussion_is_not_spelled_and_spells_nothing(rows):
    notes, alone = music(rows, drum_track=0), music([row for row in rows if row[2]] or [(0, 60, 1)])
    drum = notes.notes["drum"]
    assert not spell(notes)[drum].any()
    if not drum.all():
        np.testing.assert_array_equal(spell(notes)[~drum], spell(alone))


def test_no_notes_are_spelled_as_none():
    empty = Notes(np.zeros(0, NOTE), (), np.array([0.0, 4.0]), np.array([0.0, 1.0]), np.array([0.0, 0.5]), ())
    assert spell(empty).shape == (0,)


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ((60, 62, 64, 65, 67, 69, 71, 72), "C D E F G A B C"),
        ((57, 59, 60, 62, 64, 65, 68, 69), "A B C D E F G# A"),
        ((60, 62, 63, 65, 67, 68, 71, 72), "C D Eb F G Ab B C"),
        ((64, 66, 68, 69, 71, 73, 75, 76), "E F# G# A B C# D# E"),
        ((68, 70, 72, 73, 75, 77, 79, 80), "Ab Bb C Db Eb F G Ab"),
    ],
)
def test_scales_are_spelled_as_in_every_textbook(pitches, expected):
    assert spelled(pitches * 3).startswith(expected)
