"""Songs -> random crops in batches: what the energy network learns from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tensionbgm.model.energy_net import POSITION, position_of
from tensionbgm.model.muvi_sync import Song
from tensionbgm.model.novelty import EDGE_S
from tensionbgm.model.picture import CHANNELS, FILM_CHANNELS, Seconds, channels

WHOLE = 0.5  # share of batches that are whole songs
CROP_S = (15, 240)  # others are crops of one length, log-uniform between these
LONGEST_S = 420  # longer songs are cropped to this
SONGS = 16  # whole songs in a batch; of crops there are more, up to
CROPS = 96
UNSEEN, UNPLACED, UNLEVELLED = 0.15, 0.2, 0.3  # share of crops without picture, position, level
THINNED = 0.3  # share of crops that lose some of their cuts: other films cut less than music videos
SOON_S = 1.5  # how far from a boundary a second still counts as one, as a standard deviation
TARGETS = 5  # energy, loudness, density, boundary, novelty


@dataclass(frozen=True)
class Batch:
    """Crops of different lengths, filled up at the end."""

    picture: np.ndarray  # float32 (b, CHANNELS, n)
    position: np.ndarray  # float32 (b, POSITION, n)
    seen: np.ndarray  # float32 (b,), 0 or 1
    placed: np.ndarray  # float32 (b,)
    inside: np.ndarray  # float32 (b, n)
    target: np.ndarray  # float32 (b, TARGETS, n)
    inner: np.ndarray  # float32 (b, n): seconds in which a boundary could have been


def draw_batch(songs: list[Song], rng: np.random.Generator) -> Batch:
    """A batch: whole songs, or crops that the network takes for films."""
    if rng.random() < WHOLE:
        length, count = LONGEST_S, SONGS
    else:
        low, high = np.log(CROP_S)
        length = round(float(np.exp(rng.uniform(low, high))))
        count = min(CROPS, SONGS * 260 // max(length, 60))
    chosen = [songs[i] for i in rng.choice(len(songs), min(count, len(songs)), replace=False)]
    size = min(length, max(len(song.energy) for song in chosen))
    batch = _empty(len(chosen), size)
    for row, song in enumerate(chosen):
        _fill(batch, row, song, min(length, len(song.energy)), rng)
    return batch


def _empty(count: int, size: int) -> Batch:
    shapes = ((CHANNELS, size), (POSITION, size), (), (), (size,), (TARGETS, size), (size,))
    return Batch(*(np.zeros((count, *shape), np.float32) for shape in shapes))


def _fill(batch: Batch, row: int, song: Song, length: int, rng: np.random.Generator) -> None:
    total = len(song.energy)
    first = int(rng.integers(0, total - length + 1))
    span = slice(first, first + length)
    seen = channels(_thinned(cropped(song.film, first, length), rng))
    if rng.random() < UNLEVELLED:
        seen[-FILM_CHANNELS:] = 0.0
    at = np.arange(first, first + length)
    batch.picture[row, :, :length] = seen
    batch.position[row, :, :length] = position_of(at + 0.5, total)
    batch.seen[row] = rng.random() >= UNSEEN
    batch.placed[row] = rng.random() >= UNPLACED
    batch.inside[row, :length] = 1.0
    target = (song.energy, song.loudness, song.density, soon(song), song.novelty.clip(-3, 3))
    batch.target[row, :, :length] = [values[span] for values in target]
    batch.inner[row, :length] = (at >= EDGE_S) & (at < total - EDGE_S)


def cropped(film: Seconds, first: int, length: int) -> Seconds:
    """The film's seconds `first` .. `first + length` as a film of their own."""
    cut = film.cut - first
    return Seconds(film.change[first : first + length], cut[(cut > 0) & (cut < length)])


def _thinned(film: Seconds, rng: np.random.Generator) -> Seconds:
    if rng.random() >= THINNED:
        return film
    return replace(film, cut=film.cut[rng.random(len(film.cut)) < rng.uniform(0.1, 1.0)])


def soon(song: Song) -> np.ndarray:
    """How near each second is to a boundary, float (n,), 0..1."""
    value, at = np.zeros(len(song.energy)), np.arange(len(song.energy))
    for second in song.boundary:
        value = np.maximum(value, np.exp(-0.5 * ((at - second) / SOON_S) ** 2))
    return value
