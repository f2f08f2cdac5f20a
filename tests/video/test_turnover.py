"""Where one place slowly becomes another is found; what stays the same place is not divided."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.video.turnover import BESIDE, turnovers


def places(lengths: list[int], noise: float, seed: int, blend: int = 0) -> np.ndarray:
    """Embeddings of places seen so many pictures long, with a part common to all."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((64, len(lengths) + 1)))[0].T
    rows = []
    for k, length in enumerate(lengths):
        rows += [0.5 * axes[-1] + axes[k] + noise * rng.standard_normal(64) / 8 for _ in range(length)]
    rows = np.array(rows)
    for edge in np.cumsum(lengths)[:-1]:
        for j in range(-blend, blend):
            share = (j + blend + 0.5) / (2 * blend)
            rows[edge + j] = (1 - share) * rows[edge - blend - 1] + share * rows[edge + blend]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(2 * BESIDE, 20), min_size=1, max_size=6),
    st.floats(0, 0.5),
    st.integers(0, 99),
    st.integers(0, 1),
)
def test_every_change_of_place_is_found_where_it_is_and_nothing_else(lengths, noise, seed, blend):
    rows = places(lengths, noise, seed, blend)
    time_s = 0.5 * np.arange(len(rows))
    found = turnovers(time_s, rows)
    truth = 0.5 * np.cumsum(lengths)[:-1] - 0.25
    assert len(found) == len(truth)
    np.testing.assert_allclose(found, truth, atol=0.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 99))
def test_a_camera_that_turns_slowly_changes_no_place(count, seed):
    rng = np.random.default_rng(seed)
    first, last = np.linalg.qr(rng.standard_normal((64, 2)))[0].T
    angle = np.linspace(0, np.pi / 2, count)[:, None]
    rows = np.cos(angle) * first + np.sin(angle) * last
    assert turnovers(0.5 * np.arange(count), rows) == [] or count < 12


def test_few_pictures_or_black_ones_are_no_change():
    assert turnovers(np.zeros(0), np.zeros((0, 8))) == []
    assert turnovers(np.arange(20.0), np.zeros((20, 8))) == []
