"""Figures of the matching benchmark are at chance where chance reigns, at their best where none does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.video_match import CANDIDATES, area, found, ranks, shares_beaten, sign_test
from tensionbgm.model.match_train import EDGE_S, first_second


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_scores_drawn_at_random_are_at_chance():
    judged = found([rng_of(k).random((6, 80, 80)) for k in range(3)])
    assert judged.rank.mean() == pytest.approx(30.5, abs=1.5)
    assert judged.percentile.mean() == pytest.approx(0.5, abs=0.03)
    assert judged.p > 0.01


def test_a_model_that_knows_is_first_and_beyond_doubt():
    judged = found([rng_of(0).random((2, 70, 70)) + 2 * np.eye(70)])
    assert (judged.rank == 1).all()
    assert (judged.percentile == 1).all()
    assert judged.p < 1e-3


def test_a_model_that_always_says_the_same_is_at_chance():
    judged = found([np.zeros((2, 70, 70))])
    assert (judged.rank == (CANDIDATES + 1) / 2).all()
    assert (judged.percentile == 0.5).all()
    assert judged.p == 1.0


@given(st.integers(0, 2**32 - 1))
def test_ranks_and_shares_say_the_same_where_all_songs_are_candidates(seed):
    score = rng_of(seed).integers(0, 9, (CANDIDATES, CANDIDATES)).astype(float)
    rank = ranks(score, rng_of(1))
    assert shares_beaten(score).diagonal() == pytest.approx(1 - (rank - 1) / (CANDIDATES - 1))


@given(st.integers(0, 2**32 - 1), st.integers(4, 20))
def test_area_of_a_score_and_of_its_opposite_are_one_together(seed, count):
    score = rng_of(seed).integers(0, 5, (count, count)).astype(float)
    far = np.abs(np.arange(count)[:, None] - np.arange(count)) >= 3
    assert area(score, far) + area(-score, far) == pytest.approx(1.0)


def test_signs_are_tested_on_one_side():
    assert sign_test(np.full(30, 0.2)) < 1e-3
    assert sign_test(np.full(30, -0.2)) > 0.999
    assert sign_test(np.array([0.1, -0.1])) > 0.2


@given(st.integers(30, 400), st.integers(0, 999))
def test_stretches_lie_inside_their_song(seconds, seed):
    from types import SimpleNamespace

    song = SimpleNamespace(seconds=seconds)
    first = first_second(song, 24, rng_of(seed))  # type: ignore[arg-type]
    assert 0 <= first <= seconds - 24
    if seconds >= 24 + 2 * EDGE_S:
        assert EDGE_S <= first <= seconds - 24 - EDGE_S
