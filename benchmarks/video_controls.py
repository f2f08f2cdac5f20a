"""Songs -> what simple models say of their energy: the controls of `video_model`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d

from benchmarks.video_figures import Said
from tensionbgm.model.energy_net import position_of
from tensionbgm.model.muvi_sync import Song
from tensionbgm.model.picture import FLOOR, Seconds, channels

SMOOTH_S = 4.0  # of the heuristic: the best of 0, 2, 4, 6 on all songs
RIDGE = 30.0


def heuristic(film: Seconds) -> Said:
    """z(log change) + z(cuts), smoothed."""
    new = np.zeros(len(film.change))
    new[film.cut] = 1.0
    log_change = np.log(film.change + FLOOR)
    value = standard(gaussian_filter1d(log_change, SMOOTH_S)) + standard(gaussian_filter1d(new, SMOOTH_S))
    return Said(value, value, new)


def regression(learnt: Sequence[Song], judged: Sequence[Song], seen: bool) -> list[Said]:
    """Ridge regression on the networks' channels of position, and with `seen` of the picture, smoothed."""
    square, product = 0.0, 0.0
    for song in learnt:
        x = design(song, seen)
        square, product = square + x.T @ x, product + x.T @ np.stack([song.energy, song.loudness], 1)
    weight = np.linalg.solve(square + RIDGE * np.eye(len(square)), product)
    answers = (design(song, seen) @ weight for song in judged)
    return [Said(x[:, 0], x[:, 1], np.zeros(len(x))) for x in answers]


def design(song: Song, seen: bool) -> np.ndarray:
    """float (n, c)."""
    total = len(song.energy)
    rows = [np.ones(total), *position_of(np.arange(total) + 0.5, total).astype(float)]
    if seen:
        rows += [
            gaussian_filter1d(x, sigma) for x in channels(song.film).astype(float) for sigma in (2.0, 8.0)
        ]
    return np.stack(rows, axis=1)


def standard(value: np.ndarray) -> np.ndarray:
    return (value - value.mean()) / max(float(value.std()), 1e-9)
