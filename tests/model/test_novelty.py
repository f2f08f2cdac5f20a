"""Boundaries lie where the music turns to something new."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.model.novelty import CLOSEST_S, EDGE_S, STANDS_OUT, boundaries, novelty


def music(turns_s: list[int], seconds: int = 160) -> np.ndarray:
    rng = np.random.default_rng(1)
    level = np.cumsum(np.isin(np.arange(seconds), turns_s)) % 2
    chroma = np.zeros((seconds, 12))
    chroma[np.arange(seconds), 5 * level] = 1
    loud = 1 + level + 0.05 * rng.standard_normal(seconds)
    return novelty(loud, 3 - level + 0.05 * rng.standard_normal(seconds), chroma)


@given(st.lists(st.integers(4, 5), min_size=1, max_size=2))
def test_every_turn_of_the_music_is_a_boundary(steps):
    turns_s = list(np.cumsum([40, *[6 * step for step in steps]]))
    found = boundaries(music(turns_s))
    for turn_s in turns_s:
        assert np.abs(found - turn_s).min() <= 2


@given(st.integers(61, 400), st.integers(0, 999))
def test_boundaries_stand_out_keep_apart_and_leave_the_ends(seconds, seed):
    value = np.random.default_rng(seed).standard_normal(seconds)
    found = boundaries(value)
    assert np.all(np.diff(found) > CLOSEST_S)
    assert np.all((found >= EDGE_S) & (found < seconds - EDGE_S))
    assert np.all(value[found] >= STANDS_OUT)


def test_novelty_is_standardised_away_from_the_ends():
    inner = music([60, 100])[EDGE_S:-EDGE_S]
    assert inner.mean() == pytest.approx(0, abs=1e-9)
    assert inner.std() == pytest.approx(1)
