"""Music becomes rows that tell how it rises and falls, and nothing of how it was mastered."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pairs import write_pairs

from tensionbgm.errors import InputError
from tensionbgm.model.match_music import (
    ENERGY,
    HARMONY,
    LEVELS,
    QUALITIES,
    Heard,
    chord_tones,
    heard_of,
    music_rows,
    nearest_chords,
)
from tensionbgm.model.match_songs import SEEN, SEEN_LEVELS, read_pairs
from tensionbgm.music.notes import NOTE, KeyChange, Notes


def played(rows: list[tuple[float, float, int, int]]) -> Notes:
    """Notes at 60 quarters a minute: (onset, seconds, pitch, velocity)."""
    table = np.zeros(len(rows), NOTE)
    for note, (onset, length, pitch, velocity) in zip(table, rows, strict=True):
        note["onset_quarter"] = note["onset_s"] = onset
        note["duration_quarter"] = note["duration_s"] = length
        note["pitch"], note["velocity"] = pitch, velocity
    line = np.array([0.0, 400.0])
    return Notes(table, ("piano",), np.arange(0.0, 400.0, 4.0), line, line, (KeyChange(0.0, 0, "major"),))


@st.composite
def music(draw, least=1):
    n = draw(st.integers(least, 60))
    quality = draw(arrays(int, n, elements=st.integers(0, len(QUALITIES) - 1)))
    root = np.where(quality == 0, -1, draw(arrays(int, n, elements=st.integers(0, 11))))
    return Heard(
        draw(arrays(float, n, elements=st.floats(0, 1))), draw(arrays(float, n, elements=st.floats(0, 60))),
        root, quality, draw(arrays(float, n, elements=st.integers(0, 9))), draw(st.integers(0, 11)),
        draw(st.booleans()),
    )  # fmt: skip


@given(music())
def test_rows_of_any_music_are_finite_and_relative_to_the_piece(heard):
    rows = music_rows(heard)
    count = len(heard.loudness)
    assert rows.energy.shape == (ENERGY, count)
    assert rows.harmony.shape == (HARMONY, count)
    assert rows.level.shape == (LEVELS,)
    for row in (*rows.energy, *rows.harmony):
        assert np.isfinite(row).all()
        assert abs(float(row.mean())) < 1e-3
    assert np.isfinite(rows.level).all()


@given(music(least=2), st.floats(0.01, 1.0))
def test_how_loud_a_piece_was_mastered_leaves_its_rise_and_fall_alone(heard, gain):
    if np.std(heard.loudness**0.6) < 1e-3:
        return
    quieter = Heard(gain * heard.loudness, *list(vars(heard).values())[1:])
    assert music_rows(quieter).energy == pytest.approx(music_rows(heard).energy, abs=1e-3)


@given(music(), st.integers(0, 11))
def test_a_piece_in_another_key_has_the_same_harmony(heard, up):
    moved = Heard(
        heard.loudness, heard.density, np.where(heard.root < 0, -1, (heard.root + up) % 12), heard.quality,
        heard.changes, (heard.tonic + up) % 12, heard.minor,
    )  # fmt: skip
    assert np.array_equal(music_rows(moved).harmony, music_rows(heard).harmony)


def test_every_chord_is_found_by_its_notes():
    quality = np.repeat(np.arange(1, len(QUALITIES)), 12)
    root = np.tile(np.arange(12), len(QUALITIES) - 1)
    tones = chord_tones(root, quality)
    assert np.array_equal(chord_tones(*nearest_chords(3.0 * tones)), tones)
    assert [int(x[0]) for x in nearest_chords(np.zeros((1, 12)))] == [-1, 0]


notes = st.lists(
    st.tuples(st.floats(0, 20), st.floats(0.05, 9), st.integers(30, 90), st.integers(1, 127)), min_size=1,
    max_size=12,
)  # fmt: skip


@given(notes)
def test_density_counts_the_notes_that_sound_in_each_second(rows):
    heard = heard_of(played(rows), 24.0)
    for second, count in enumerate(heard.density):
        assert count == sum(on < second + 1 and on + length > second for on, length, _, _ in rows)


@given(notes)
def test_loudness_is_the_root_of_the_mean_power_and_silence_is_silent(rows):
    heard = heard_of(played(rows), 40.0)
    for second, loud in enumerate(heard.loudness):
        shared = [
            (v / 127) ** 2 * max(0.0, min(on + length, second + 1) - max(on, second))
            for on, length, _, v in rows
        ]
        assert loud == pytest.approx(sum(shared) ** 0.5, abs=1e-5)
    assert heard.root[35] == -1


def test_a_triad_is_heard_as_one_chord_for_as_long_as_it_sounds():
    heard = heard_of(played([(1.0, 3.0, pitch, 80) for pitch in (57, 60, 64)]), 5.0)
    assert list(heard.root) == [-1, 9, 9, 9, -1]
    assert [QUALITIES[q] for q in heard.quality] == ["N", "min", "min", "min", "N"]
    assert list(heard.changes) == [1, 1, 0, 0, 1]


def test_the_set_is_read_by_its_own_definitions(tmp_path):
    write_pairs(tmp_path, ["train", "test"], seconds=90)
    found = read_pairs(tmp_path)
    assert [(p.id, p.split, p.seconds) for p in found] == [("000", "train", 90), ("001", "test", 90)]
    assert found[0].film.seen.shape == (SEEN, 90)
    assert found[0].film.level.shape == (SEEN_LEVELS,)


def test_a_set_that_is_missing_or_something_else_is_told(tmp_path):
    with pytest.raises(InputError, match=r"has no muvi_sync\.npz"):
        read_pairs(tmp_path)
    np.savez(tmp_path / "muvi_sync.npz", offset=np.array([0, 3]))
    with pytest.raises(InputError, match="is not MuVi-Sync as its README describes it"):
        read_pairs(tmp_path)
