"""Pieces, windows and keys drawn at random, for the tests of tonal tension and of its kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tensionbgm.music.notes import NOTE, KeyChange, Notes
from tensionbgm.music.windows import UNITS, Windows


class Case(NamedTuple):
    """What `music.ribbons` takes."""

    notes: Notes
    keys: tuple[KeyChange, ...]
    windows: Windows


def case(seed: int, n: int = 30, w: int = 8, drums: float = 0.1) -> Case:
    """Notes that overlap, rest and drum; windows that overlap, nest and leave gaps; up to three keys."""
    rng = np.random.default_rng(seed)
    grid = rng.choice([2, 3, 4, 480])
    table = np.zeros(n, NOTE)
    table["onset_quarter"] = rng.integers(0, 12 * grid, n) / grid
    table["duration_quarter"] = rng.integers(0, 3 * grid, n) / grid  # some of no length
    table["pitch"] = rng.integers(0, 128, n)
    table["velocity"], table["track"] = 80, rng.integers(0, 4, n)
    table["drum"] = rng.random(n) < drums
    table.sort(order=["onset_quarter", "track", "pitch"])
    bars, knots = np.arange(0.0, 17.0, 4.0), np.array([0.0, 1000.0])
    changes = np.concatenate([[0.0], np.sort(rng.integers(0, 12 * grid, rng.integers(0, 3))) / grid])
    keys = tuple(
        KeyChange(float(q), int(rng.integers(12)), "minor" if rng.random() < 0.5 else "major")
        for q in changes
    )
    return Case(Notes(table, ("voice",) * 4, bars, knots, knots / 2, ()), keys, some_windows(rng, w))


def some_windows(rng: np.random.Generator, w: int) -> Windows:
    """w windows of all lengths, each looking back on any of them."""
    start = np.sort(rng.integers(0, 13 * UNITS, w))
    end = start + rng.integers(1, 6 * UNITS, w)
    return Windows(start, end, rng.integers(0, w, w))


def pitches(seed: int, candidates: int, n: int) -> np.ndarray:
    """MIDI pitches of some candidates, int (candidates, n)."""
    return np.random.default_rng(seed + 7).integers(0, 128, (candidates, n))


def changes(seed: int, candidates: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Which notes to change and to what, int (candidates, k) each."""
    rng = np.random.default_rng(seed + 13)
    return rng.integers(0, n, (candidates, k)), rng.integers(0, 128, (candidates, k))
