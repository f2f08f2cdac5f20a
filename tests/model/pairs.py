"""Films with music that never were: loudness follows the picture, so that there is something to learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tensionbgm.model.match_music import QUALITIES, Heard, music_rows
from tensionbgm.model.match_songs import Pair, film_rows
from tensionbgm.model.picture import Seconds


def drawn(number: int, seconds: int) -> tuple[Seconds, Heard]:
    """A film, and music whose loudness is its smoothed log change."""
    rng = np.random.default_rng(number)
    slow = gaussian_filter1d(rng.standard_normal(seconds), 4, mode="wrap")
    slow = slow / slow.std()
    change = np.exp(1.5 + slow + 0.3 * rng.standard_normal(seconds))
    cut = np.flatnonzero(rng.random(seconds) < 0.2)
    root = np.repeat(rng.integers(0, 12, seconds // 2 + 1), 2)[:seconds]
    heard = Heard(
        0.1 * np.exp(0.4 * slow), rng.integers(0, 9, seconds).astype(float), root,
        rng.integers(1, len(QUALITIES), seconds), (np.diff(root, prepend=-1) != 0).astype(float),
        int(rng.integers(12)), bool(rng.integers(2)),
    )  # fmt: skip
    return Seconds(change, cut[cut > 0]), heard


def pair(number: int, seconds: int = 150, split: str = "train") -> Pair:
    """A pair for the network."""
    film, heard = drawn(number, seconds)
    return Pair(f"{number:03d}", split, film_rows(film), music_rows(heard))


def write_pairs(folder: Path, splits: list[str], seconds: int = 150) -> None:
    """A folder with what the matching model reads of the packed MuVi-Sync."""
    films, heard = zip(*(drawn(k, seconds) for k in range(len(splits))), strict=True)
    at, edges = np.arange(seconds), np.arange(len(splits) + 1) * seconds
    begun = [np.maximum.accumulate(np.where(np.isin(at, film.cut), at, 0)) for film in films]

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(h, name) for h in heard])

    changes = [np.flatnonzero(h.changes) for h in heard]
    np.savez(
        folder / "muvi_sync.npz",
        id=np.array([f"{k:03d}" for k in range(len(splits))]), split=np.array(splits), offset=edges,
        motion=np.concatenate([film.change for film in films]).astype(np.float32),
        scene_offset=np.concatenate([at - b for b in begun]).astype(np.int16),
        loudness=joined("loudness").astype(np.float32), note_density=joined("density").astype(np.uint8),
        chord_root=joined("root").astype(np.int8), chord_quality=joined("quality").astype(np.int8),
        chord_quality_names=np.array(QUALITIES),
        key_root=np.array([h.tonic for h in heard], np.int8),
        key_minor=np.array([h.minor for h in heard], np.int8),
        seg_offset=np.concatenate([[0], np.cumsum([len(c) for c in changes])]),
        seg_start=np.concatenate(changes).astype(np.float32),
    )  # fmt: skip
