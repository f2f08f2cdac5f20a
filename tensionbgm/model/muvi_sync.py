"""A folder with MuVi-Sync [KPH24]_ as arrays -> songs: what is seen, and the music's energy and turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.model.novelty import EDGE_S, boundaries, novelty
from tensionbgm.model.picture import Seconds

FILES = ("muvi_sync.npz", "muvi_sync_targets.npz")
TARGETS = ("energy9", "loud9", "nd9")
TONES = {
    "N": (), "maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8), "sus2": (0, 2, 7),
    "sus4": (0, 5, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "min7": (0, 3, 7, 10), "maj6": (0, 4, 7, 9),
    "min6": (0, 3, 7, 9), "dim7": (0, 3, 6, 9), "hdim7": (0, 3, 6, 10),
}  # fmt: skip


Table = dict[str, Any]  # arrays by name
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Song:
    """A music video, in seconds [s, s + 1)."""

    id: str
    split: str  # train | val | test | none
    film: Seconds
    energy: np.ndarray  # float32 (n,): 0.6 loudness + 0.4 note density over 9 s, standardised over the set
    loudness: np.ndarray  # float32 (n,): the same of each alone
    density: np.ndarray
    novelty: np.ndarray  # float32 (n,): as of `novelty`
    boundary: np.ndarray  # int (k,): as of `boundaries`


def read_songs(folder: Path) -> list[Song]:
    """Every song of the set, in its order.

    Raises
    ------
    InputError
        a file is missing, or holds something else
    """
    return read_set(folder, FILES, ("offset",), _song)


def read_set(
    folder: Path, files: Sequence[str], offsets: Sequence[str], make: Callable[..., Made]
) -> list[Made]:
    """What is made of every song of the set, in its order.

    Parameters
    ----------
    files : sequence of str
        those of `FILES` that are needed
    offsets : sequence of str
        arrays that say where each song's rows begin
    make : callable (table, j, *spans)
        a song, of all arrays by name, its number, and its rows by each of the offsets

    Raises
    ------
    InputError
        a file is missing, or holds something else
    """
    for name in files:
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}; give the folder of MuVi-Sync packed as arrays")
    try:
        table: Table = {}
        for name in files:
            with np.load(folder / name) as packed:
                table |= {key: packed[key] for key in packed.files}
        spans = ([slice(*ends) for ends in pairwise(table[name].astype(int))] for name in offsets)
        return [make(table, j, *rows) for j, rows in enumerate(zip(*spans, strict=True))]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as fault:
        raise InputError(
            f"{folder}: is not MuVi-Sync as its README describes it ({fault}); pack it again"
        ) from fault


def _song(table: Table, j: int, span: slice) -> Song:
    if span.stop - span.start <= 2 * EDGE_S:
        raise ValueError(f"song {j} lasts {span.stop - span.start} s; {2 * EDGE_S + 1} are the least")
    value = novelty(
        table["loudness"][span].astype(float) ** 0.6, np.sqrt(table["note_density"][span].astype(float)),
        _chroma(table, span),
    )  # fmt: skip
    energy, loudness, density = (table[key][span].astype(np.float32) for key in TARGETS)
    film = film_of(table["motion"][span], table["scene_offset"][span])
    name, split = str(table["id"][j]), str(table["split"][j])
    turns = boundaries(value)
    return Song(name, split, film, energy, loudness, density, value.astype(np.float32), turns)


def film_of(motion: np.ndarray, scene_offset: np.ndarray) -> Seconds:
    """What the set knows of a picture; the first second, which has no frame before it, is like the second."""
    change = np.array(motion, float)
    change[:1] = change[1:2]
    new = np.flatnonzero(np.diff(scene_offset.astype(int)) != 1) + 1
    return Seconds(change, new)


def _chroma(table: Table, span: slice) -> np.ndarray:
    names = [str(name) for name in table["chord_quality_names"]]
    chord = np.zeros((len(names), 12))
    for row, name in enumerate(names):
        chord[row, list(TONES[name])] = 1.0
    root, rows = table["chord_root"][span].astype(int), chord[table["chord_quality"][span].astype(int)]
    turned = (np.arange(12)[None] - np.maximum(root, 0)[:, None]) % 12
    return np.take_along_axis(rows, turned, axis=1) * (root >= 0)[:, None]
