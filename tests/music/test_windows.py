"""Windows of every kind, and ribbons over them, beside a slow form that looks at every moment."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music_notes import music

from tensionbgm.music import spiral
from tensionbgm.music.notes import KeyChange
from tensionbgm.music.ribbons import ribbons
from tensionbgm.music.windows import NAMED, UNITS, parse, windows

TICK = UNITS // 4  # every onset and end of `rows` lies on a 16th
rows = st.lists(
    st.tuples(
        st.integers(0, 31).map(lambda n: n / 4), st.integers(1, 12).map(lambda n: n / 4), st.integers(30, 90)
    ),
    min_size=1,
    max_size=14,
)
specs = st.one_of(st.sampled_from(NAMED), st.floats(0.1, 9.0))
keys = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 11), st.sampled_from(["major", "minor"])),
    min_size=1,
    max_size=3,
    unique_by=lambda key: key[0],
).map(lambda found: tuple(KeyChange(float(at), tonic, mode) for at, tonic, mode in sorted(found)))


@given(rows, specs)
def test_windows_cover_the_music_from_its_start_to_its_end(notes, spec):
    piece = music(notes)
    over = windows(piece, spec)
    end = max(onset + duration for onset, duration, _ in notes)
    assert over.start[0] == 0
    assert over.end[-1] == round(end * UNITS)
    assert (over.end > over.start).all()
    assert (np.diff(over.start) > 0).all()
    assert ((over.before >= 0) & (over.before <= np.arange(len(over)))).all()
    if spec != "sliding":
        np.testing.assert_array_equal(over.start[1:], over.end[:-1])


@pytest.mark.parametrize(
    ("spec", "length"), [("16th", 0.25), ("beat", 1.0), ("bar", 4.0), (1.0, 2.0), ("1", 2)]
)
def test_a_window_is_as_long_as_its_name_says(spec, length):
    over = windows(music([(0, 16, 60)]), spec)
    np.testing.assert_allclose(over.end_quarter - over.start_quarter, length)


def test_six_eight_has_two_beats_to_a_bar():
    piece = music([(0, 6, 60)], bars=[0, 3, 6], beats=[0, 1.5, 3, 4.5, 6])
    assert windows(piece, "beat").start_quarter.tolist() == [0, 1.5, 3, 4.5]


@pytest.mark.parametrize("text", ["", "half", "-1", "0", "nan", "inf", "1e9", "0.001", "bars"])
def test_what_is_no_window_is_refused(text):
    with pytest.raises(ValueError, match="is no window"):
        parse(text)


@given(rows, specs, keys)
def test_ribbons_are_what_a_look_at_every_moment_gives(notes, spec, in_keys):
    piece = music(notes)
    over = windows(piece, spec)
    found = ribbons(piece, in_keys, over)
    centre = []
    for w, (start, end) in enumerate(zip(over.start.tolist(), over.end.tolist(), strict=True)):
        key = _key_at(in_keys, start)
        weight = np.zeros(12)
        spread = heard = 0.0
        edges = sorted({start, end, *(at for at in _edges(notes, in_keys) if start < at < end)})
        for a, b in pairwise(edges):
            now = [p for onset, duration, p in notes if onset * UNITS <= a < (onset + duration) * UNITS]
            np.add.at(weight, [p % 12 for p in now], b - a)
            if now:
                heard += b - a
                spread += (b - a) * _farthest(now, _key_at(in_keys, a).tonic)
        centre.append(weight)
        assert found.diameter[w] == pytest.approx(spread / max(heard, 1), abs=1e-9)
        here, before = (spiral.centre_of_effect(centre[i], key.tonic) for i in (w, over.before[w]))
        strain = np.nan_to_num(np.linalg.norm(here - spiral.key_point(key.mode)))
        assert found.strain[w] == pytest.approx(strain, abs=1e-9)
        assert found.momentum[w] == pytest.approx(np.nan_to_num(np.linalg.norm(here - before)), abs=1e-9)


def _edges(notes, in_keys):
    for onset, duration, _ in notes:
        yield from (round(onset * UNITS), round((onset + duration) * UNITS))
    yield from (round(key.start_quarter * UNITS) for key in in_keys)


def _key_at(in_keys, at):
    begun = [key for key in in_keys if key.start_quarter * UNITS <= at]
    return begun[-1] if begun else in_keys[0]


def _farthest(pitches, tonic):
    points = spiral.position(spiral.fifths(np.array(pitches), tonic))
    return np.linalg.norm(points[:, None] - points[None], axis=-1).max()


@given(rows, st.sampled_from(["16th", "beat", "bar"]))
def test_doubling_a_note_in_the_octave_leaves_its_diameter(notes, spec):
    over = windows(music(notes), spec)
    doubled = [*notes, *((onset, duration, pitch + 12) for onset, duration, pitch in notes)]
    one, two = (ribbons(music(r), (KeyChange(0.0, 0, "major"),), over) for r in (notes, doubled))
    np.testing.assert_allclose(one.diameter, two.diameter, atol=1e-12)
    np.testing.assert_allclose(one.strain, two.strain, atol=1e-12)


@pytest.mark.parametrize(("bar", "beat"), [(6.0, 1.5), (3.0, 1.5), (4.0, 1.0), (3.0, 1.0)])
def test_sliding_windows_are_a_bar_long_and_a_beat_apart_and_look_back_a_bar(bar, beat):
    bars = np.arange(0, 8 * bar + 1e-9, bar)
    piece = music([(0, 8 * bar, 60)], bars=bars, beats=np.arange(0, 8 * bar + 1e-9, beat))
    over = windows(piece)
    np.testing.assert_allclose(over.end_quarter - over.start_quarter, bar)
    np.testing.assert_allclose(np.diff(over.start_quarter), beat)
    far = over.start_quarter >= bar
    np.testing.assert_allclose((over.start_quarter - over.start_quarter[over.before])[far], bar)


def test_more_windows_than_anyone_can_read_are_refused():
    with pytest.raises(ValueError, match="give longer ones"):
        windows(music([(0, 60_000, 60)]), 0.02)
