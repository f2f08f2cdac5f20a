"""A folder with MuVi-Sync [KPH24]_ as arrays -> pairs: what is seen of a film, and what is heard with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm.model.match_music import QUALITIES, Heard, MusicRows, music_rows
from tensionbgm.model.muvi_sync import FILES, Table, film_of, read_set
from tensionbgm.model.picture import (
    CUTS_PER_S,
    LEVEL,
    LONGEST_SHOT_S,
    TURN_S,
    Seconds,
    new_shots,
    relative_change,
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
    much change and cuts turn over each of `TURN_S`.  The choice is this model's own, lest its weights hang on
    the energy network's channels.
    """
    (moved, median), new = relative_change(film), new_shots(film)
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
    return read_set(folder, FILES[:1], ("offset", "seg_offset"), _pair)


def _pair(table: Table, j: int, span: slice, chords: slice) -> Pair:
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
