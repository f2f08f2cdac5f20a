"""A folder with MuVi-Sync [KPH24]_ -> the energy model's file: trained, and its bands calibrated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.model.energy_model import Answer, EnergyModel, ask, at_edge, save_model
from tensionbgm.model.energy_train import QUANTILES, Settings, train
from tensionbgm.model.muvi_sync import Song, read_songs
from tensionbgm.progress import Watch

NETS = 1  # networks whose answers are averaged


def fit_energy(
    data: Path, out: Path, seed: int = 0, watch: Watch | None = None, notes: Path | None = None
) -> EnergyModel:
    """Train the energy model and write it; an interrupted training goes on where it was.

    It learns from the official training split, calibrates its bands on the validation split, and never
    looks at the test split.

    Parameters
    ----------
    data : Path
        folder with `muvi_sync.npz` and `muvi_sync_targets.npz`
    out : Path
        file to write
    seed : int
        same seed, same weights
    watch : Watch, optional
        hears of the stages "read" and "train", can stop the work
    notes : Path, optional
        what checkpoints are called, but for their ending; they go when the work is done (default: `out`)

    Raises
    ------
    InputError
        the data is missing or at fault, the file cannot be written, or a checkpoint is of another training
    Cancelled
        the watch said so
    """
    watch = watch or Watch()
    with watch.stage("read"):
        songs = read_songs(data)
    learnt, held = ([song for song in songs if song.split == split] for split in ("train", "val"))
    try:
        model = train_model(learnt, held, seeds(seed), notes or out, watch)
        about = {"data": "MuVi-Sync, official split, train", "songs": str(len(learnt)), "seed": str(seed)}
        save_model(model, out, about)
        for file in checkpoints(notes or out, NETS):
            file.unlink(missing_ok=True)
    except OSError as fault:
        raise InputError(f"{out}: cannot be written ({fault.strerror}); choose another place") from fault
    return model


def seeds(seed: int) -> tuple[int, ...]:
    """Of the networks whose answers are averaged."""
    return tuple(seed + 1000 * k for k in range(NETS))


def checkpoints(notes: Path, count: int) -> list[Path]:
    """Where each network's training is kept until all are trained."""
    return [notes.with_name(f"{notes.name}.checkpoint{k}") for k in range(count)]


def train_model(
    learnt: Sequence[Song],
    held: Sequence[Song],
    seeds: Sequence[int],
    notes: Path | None = None,
    watch: Watch | None = None,
    settings: Settings | None = None,
) -> EnergyModel:
    """Networks, one a seed, trained on some songs, calibrated on others; `notes` names checkpoints."""
    watch, nets = watch or Watch(), []
    files = checkpoints(notes, len(seeds)) if notes else [None] * len(seeds)
    with watch.stage("train"):
        for k, (seed, file) in enumerate(zip(seeds, files, strict=True)):
            part = watch.part(k / len(seeds), (k + 1) / len(seeds))
            nets.append(train(learnt, seed, settings, file, part.tick))
    return calibrated(EnergyModel(tuple(nets), np.ones((2, 2))), held)


def calibrated(model: EnergyModel, held: Sequence[Song]) -> EnergyModel:
    """The model with its bands stretched to hold on songs it has not learnt from."""
    return EnergyModel(model.nets, stretches((answer_of(model, song), song) for song in held))


def answer_of(model: EnergyModel, song: Song) -> Answer:
    """What the networks say of a whole song."""
    total = len(song.energy)
    return ask(model, song.film, np.arange(total) + 0.5, total)


def stretches(answers: Iterable[tuple[Answer, Song]]) -> np.ndarray:
    """By how much spreads must be multiplied so that a tenth lies below and a tenth above, float (2, 2).

    Split conformal prediction [LGRTW18]_ with the score (median - energy) / spread, and the reverse, at the
    ends and in the middle apart; seconds are pooled over songs.  1 where there is nothing to go by.
    """
    scores: list[list[list[np.ndarray]]] = [[[], []], [[], []]]
    for answer, song in answers:
        total = len(song.energy)
        edge = at_edge(np.arange(total) + 0.5, total)
        off = song.energy - answer.centre
        for where, row in ((edge, scores[0]), (~edge, scores[1])):
            row[0].append(-off[where] / answer.below[where])
            row[1].append(off[where] / answer.above[where])
    cells = [np.concatenate(cell) if cell else np.ones(1) for row in scores for cell in row]
    found = np.array([np.quantile(cell, QUANTILES[-1]) for cell in cells]).reshape(2, 2)
    return np.maximum(found, 0.0)  # no band turns inside out, however few songs there are
