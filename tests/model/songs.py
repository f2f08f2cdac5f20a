"""Songs that never were: energy follows the picture's change, so that a network has something to learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tensionbgm.model.muvi_sync import TONES, Song
from tensionbgm.model.picture import Seconds


def song(number: int, seconds: int = 90, split: str = "train") -> Song:
    """A song whose energy is the smoothed log change of its picture."""
    rng = np.random.default_rng(number)
    slow = gaussian_filter1d(rng.standard_normal(seconds), 6, mode="wrap")
    slow = slow / slow.std()
    change = np.exp(1.5 + slow + 0.3 * rng.standard_normal(seconds))
    cut = np.flatnonzero(rng.random(seconds) < 0.2)
    energy = slow.astype(np.float32)
    boundary = np.arange(30, seconds - 30, 20)
    return Song(
        f"{number:03d}", split, Seconds(change, cut[cut > 0]), energy, energy, energy,
        np.zeros(seconds, np.float32), boundary,
    )  # fmt: skip


def write_set(folder: Path, splits: list[str], seconds: int = 90) -> None:
    """A folder in the shape of the packed MuVi-Sync."""
    count, rng = len(splits), np.random.default_rng(0)
    total = count * seconds
    songs = [song(k, seconds) for k in range(count)]
    offsets = []
    for made in songs:
        begun = np.maximum.accumulate(
            np.where(np.isin(np.arange(seconds), made.film.cut), np.arange(seconds), 0)
        )
        offsets.append(np.arange(seconds) - begun)
    np.savez(
        folder / "muvi_sync.npz",
        id=np.array([s.id for s in songs]), split=np.array(splits),
        offset=np.arange(count + 1) * seconds,
        motion=np.concatenate([s.film.change for s in songs]).astype(np.float32),
        scene_offset=np.concatenate(offsets).astype(np.int16),
        loudness=rng.random(total).astype(np.float32),
        note_density=rng.integers(0, 9, total).astype(np.uint8),
        chord_root=rng.integers(-1, 12, total).astype(np.int8),
        chord_quality=rng.integers(0, len(TONES), total).astype(np.int8),
        chord_quality_names=np.array(list(TONES)),
    )  # fmt: skip
    energy = np.concatenate([s.energy for s in songs]).astype(np.float16)
    np.savez(folder / "muvi_sync_targets.npz", energy9=energy, loud9=energy, nd9=energy)


def same(a, b) -> bool:
    """Whether two networks have the same weights to the bit."""
    return all((x == y).all() for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
