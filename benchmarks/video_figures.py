"""What is said of songs and what is true -> figures, for `video_model`.

Boundaries are those of `novelty.boundaries`: peaks of the music's novelty at least 30 s from both ends.

- AUC: mean over songs; seconds at most one from a boundary against all others that far from the ends.
- F@3s: as many seconds as one in 24, 9 s or more apart, by falling likelihood, far from the ends too; a hit
  is within 3 s, one to one; mean over songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from tensionbgm.model.muvi_sync import Song
from tensionbgm.model.novelty import EDGE_S

TRIM_S = 15
APART_S, EVERY_S, HIT_S = 8, 24, 3


@dataclass(frozen=True)
class Said:
    """What a model says of a song, float (n,) each."""

    energy: np.ndarray
    loudness: np.ndarray
    boundary: np.ndarray


def r(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's r; 0 where either does not change."""
    return float(np.corrcoef(x, y)[0, 1]) if min(x.std(), y.std()) > 1e-9 else 0.0


def trimmed(songs: Sequence[Song], said: Sequence[Said], name: str) -> np.ndarray:
    """r inside each song without its ends, float (songs,)."""
    inner = slice(TRIM_S, -TRIM_S)
    return np.array(
        [r(getattr(v, name)[inner], getattr(s, name)[inner]) for v, s in zip(said, songs, strict=True)]
    )


def pooled(songs: Sequence[Song], said: Sequence[Said]) -> tuple[float, float]:
    """R2 and concordance over all seconds."""
    x, y = np.concatenate([v.energy for v in said]), np.concatenate([s.energy for s in songs]).astype(float)
    shared = float(np.mean((x - x.mean()) * (y - y.mean())))
    apart = x.var() + y.var() + (x.mean() - y.mean()) ** 2
    return 1 - float(np.mean((x - y) ** 2) / y.var()), 2 * shared / float(apart)


def sections(songs: Sequence[Song], said: Sequence[Said]) -> tuple[float, float]:
    """Mean AUC and F@3s of boundaries, over songs that have any."""
    areas, hits = [], []
    for value, song in zip(said, songs, strict=True):
        if len(song.boundary):
            near = np.abs(np.arange(len(song.energy))[:, None] - song.boundary).min(axis=1) <= 1
            areas.append(area(value.boundary[EDGE_S:-EDGE_S], near[EDGE_S:-EDGE_S]))
            hits.append(f_measure(likeliest(value.boundary), song.boundary))
    return float(np.mean(areas)), float(np.mean(hits))


def area(value: np.ndarray, true: np.ndarray) -> float:
    """Area under the ROC curve; ties count half."""
    count, rank = int(true.sum()), rankdata(value)
    return float((rank[true].sum() - count * (count + 1) / 2) / (count * (len(true) - count)))


def likeliest(value: np.ndarray) -> np.ndarray:
    """As many seconds as one in `EVERY_S`, more than `APART_S` apart, by falling value; int (k,), rising."""
    left, chosen = np.full(len(value), -np.inf), []
    left[EDGE_S:-EDGE_S] = value[EDGE_S:-EDGE_S]
    while len(chosen) < max(1, round((len(value) - 2 * EDGE_S) / EVERY_S)) and np.isfinite(left.max()):
        best = int(left.argmax())
        chosen.append(best)
        left[max(0, best - APART_S) : best + APART_S + 1] = -np.inf
    return np.array(sorted(chosen))


def f_measure(found: np.ndarray, true: np.ndarray) -> float:
    """F of hits within `HIT_S`; in order, each boundary is hit once."""
    hits, at = 0, 0
    for second in found:
        while at < len(true) and true[at] < second - HIT_S:
            at += 1
        if at < len(true) and true[at] <= second + HIT_S:
            hits, at = hits + 1, at + 1
    return 2 * hits / (len(found) + len(true))


def chance(songs: Sequence[Song]) -> float:
    """F@3s of seconds drawn at random."""
    rng = np.random.default_rng(0)
    drawn = [Said(s.energy, s.loudness, rng.random(len(s.energy))) for s in songs for _ in range(5)]
    return sections([s for s in songs for _ in range(5)], drawn)[1]
