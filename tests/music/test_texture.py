"""Texture of windows: turnover, top and compass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.music.notes import NOTE, Notes
from tensionbgm.music.texture import compass, top, turnover

QUARTER_S = 0.5
notes_of = st.lists(
    st.tuples(
        st.integers(0, 31).map(lambda n: n / 4),
        st.integers(1, 16).map(lambda n: n / 4),
        st.integers(30, 100),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)
WHOLE = (np.array([0.0]), np.array([12.0]))


def music(rows):
    """Notes from (onset, duration, pitch[, drum]) in quarters."""
    table = np.zeros(len(rows), NOTE)
    for note, row in zip(table, rows, strict=True):
        note["onset_quarter"], note["duration_quarter"], note["pitch"] = row[:3]
        note["velocity"], note["drum"] = 80, len(row) > 3 and row[3]
    table["onset_s"] = table["onset_quarter"] * QUARTER_S
    table["duration_s"] = table["duration_quarter"] * QUARTER_S
    table.sort(order=["onset_quarter", "track", "pitch"])
    knots = np.array([0.0, 1e5])
    return Notes(table, ("one",), np.arange(0, 20, 4.0), knots, knots * QUARTER_S, ())


def by_hand(rows, start, end, step=0.25):
    """Turnover, top and compass by looking at every 16th."""
    rows = [row for row in rows if not row[3]]
    begun = sum(start <= onset < end for onset, *_ in rows)
    held = [[p for o, d, p, _ in rows if o <= at < o + d] for at in np.arange(start, end, step)]
    heard = [h for h in held if h]
    sounding_s = sum(len(h) for h in held) * step * QUARTER_S
    rate = begun / max(sounding_s, 0.25 * (end - start) * QUARTER_S)
    high = np.mean([max(h) for h in heard]) if heard else 60.0
    low = np.mean([min(h) for h in heard]) if heard else 60.0
    return np.log2(1 + rate), high, high - low


@given(notes_of, st.integers(0, 8), st.integers(1, 12))
def test_texture_is_what_one_counts_by_hand(rows, start, length):
    window = np.array([float(start)]), np.array([float(start + length)])
    found = [f(music(rows), *window)[0] for f in (turnover, top, compass)]
    np.testing.assert_allclose(found, by_hand(rows, start, start + length), atol=1e-9)


@given(notes_of, st.integers(-12, 12))
def test_transposing_moves_the_top_and_nothing_else(rows, shift):
    moved = [(onset, duration, pitch + shift, drum) for onset, duration, pitch, drum in rows]
    here, there = music(rows), music(moved)
    pitched = any(not row[3] for row in rows)
    sounds = pitched and min(row[0] for row in rows if not row[3]) < 12.0
    np.testing.assert_allclose(turnover(here, *WHOLE), turnover(there, *WHOLE))
    np.testing.assert_allclose(compass(here, *WHOLE), compass(there, *WHOLE), atol=1e-9)
    np.testing.assert_allclose(top(there, *WHOLE) - top(here, *WHOLE), shift if sounds else 0.0, atol=1e-9)


def test_a_voice_doubled_turns_over_as_fast():
    line = [(k / 2, 0.5, 60) for k in range(24)]
    doubled = line + [(onset, duration, pitch + 12) for onset, duration, pitch in line]
    assert turnover(music(doubled), *WHOLE) == pytest.approx(turnover(music(line), *WHOLE))


def test_shorter_notes_turn_over_faster_and_a_held_chord_hardly():
    quarters = [(float(k), 1.0, 60) for k in range(12)]
    eighths = [(k / 2, 0.5, 60) for k in range(24)]
    chord = [(0.0, 12.0, pitch) for pitch in (48, 55, 60, 64)]
    slow, fast = turnover(music(quarters), *WHOLE)[0], turnover(music(eighths), *WHOLE)[0]
    assert slow == pytest.approx(np.log2(1 + 2.0))  # a note every 0.5 s
    assert fast == pytest.approx(np.log2(1 + 4.0))
    assert turnover(music(chord), *WHOLE)[0] == pytest.approx(np.log2(1 + 1 / 6))


def test_silence_is_calm():
    window = np.array([8.0]), np.array([12.0])
    early = music([(0.0, 1.0, 72)])
    assert (turnover(early, *window), compass(early, *window), top(early, *window)) == (0.0, 0.0, 60.0)
