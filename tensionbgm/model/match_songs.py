"""A folder with MuVi-Sync [KPH24]_ as arrays -> pairs: what is seen of a film, and what is heard with it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.model.match_music import QUALITIES, Heard, MusicRows, music_rows
from tensionbgm.model.muvi_sync import FILES, film_of
from tensionbgm.model.picture import (
    CUTS_PER_S,
    FLOOR,
    LEVEL,
    LONGEST_SHOT_S,
    REACH,
    TURN_S,
    Seconds,
    shot_lengths,
    turn,
)

SEEN = 3 + 2 * len(TURN_S)  # rows of a film
SEEN_LEVELS = 4


@dataclass(frozen=True, eq=False)
class FilmRows:
    """What the model reads of a film."""

    seen: np.ndarray  # float32 (`SEEN`, n), less the film's mean; see `film_rows`
    level: np.ndarray  # float32 (`SEEN_LEVELS`,): log change, log cut rate; spreads of change, of shot length


@dataclass(frozen=True, eq=False)
class Pair:
    """A music video, in seconds [s, s + 1)."""

    id: str
    split: str  # train | val | test | none
    film: FilmRows
    music: MusicRows

    @property
    def seconds(self) -> int:
        """Its length [s]."""
        return self.film.seen.shape[1]


def film_rows(film: Seconds) -> FilmRows:
    """Rows of a film.

    Log change less its median; new shot or not, half on either side of the cut; log length of the shot; how
    much change and cuts turn over each of `TURN_S`.  They are the energy network's channels of old, written
    out here so that weights of the one do not hang on channels of the other.
    """
    log_change = np.log(film.change + FLOOR)
    median = float(np.median(log_change))
    moved = np.clip(log_change - median, -REACH, REACH)
    new = np.zeros(len(moved))
    new[film.cut] += 0.5
    new[film.cut - 1] += 0.5
    length = np.log(shot_lengths(film).clip(1.0, LONGEST_SHOT_S))
    turns = [turn(x, half) for half in TURN_S for x in (moved, 2.0 * new)]
    rows = np.stack([moved, new, length, *turns])
    rate = np.log(np.clip(new.mean(), *CUTS_PER_S)) + 1.0
    level = [np.clip(median, *LEVEL) - 1.6, rate, moved.std(), length.std()]
    moving = rows - rows.mean(axis=1, keepdims=True)
    return FilmRows(moving.astype(np.float32), np.array(level, np.float32))


def read_pairs(folder: Path) -> list[Pair]:
    """Every song of the set, in its order.

    Raises
    ------
    InputError
        the file is missing, or holds something else
    """
    path = folder / FILES[0]
    if not path.is_file():
        raise InputError(f"{folder}: has no {FILES[0]}; give the folder of MuVi-Sync packed as arrays")
    try:
        with np.load(path) as packed:
            table = {key: packed[key] for key in packed.files}
        edges = pairwise(table["offset"].astype(int)), pairwise(table["seg_offset"].astype(int))
        return [_pair(table, j, slice(*a), slice(*b)) for j, (a, b) in enumerate(zip(*edges, strict=True))]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as fault:
        raise InputError(
            f"{folder}: is not MuVi-Sync as its README describes it ({fault}); pack it again"
        ) from fault


def _pair(table: dict[str, Any], j: int, span: slice, chords: slice) -> Pair:
    number = np.array([QUALITIES.index(str(name)) for name in table["chord_quality_names"]])
    count = span.stop - span.start
    begun = np.clip(table["seg_start"][chords].astype(int), 0, count - 1)
    heard = Heard(
        table["loudness"][span].astype(float), table["note_density"][span].astype(float),
        table["chord_root"][span].astype(int), number[table["chord_quality"][span].astype(int)],
        np.bincount(begun, minlength=count).astype(float),
        int(table["key_root"][j]), bool(table["key_minor"][j]),
    )  # fmt: skip
    film = film_of(table["motion"][span], table["scene_offset"][span])
    return Pair(str(table["id"][j]), str(table["split"][j]), film_rows(film), music_rows(heard))
