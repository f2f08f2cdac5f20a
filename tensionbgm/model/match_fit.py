"""A folder with MuVi-Sync [KPH24]_ -> the matching model's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tensionbgm.errors import InputError
from tensionbgm.model.match_model import save_match
from tensionbgm.model.match_songs import read_pairs
from tensionbgm.progress import Watch

if TYPE_CHECKING:
    from tensionbgm.model.match_net import MatchNet


def fit_match(
    data: Path, out: Path, seed: int = 0, watch: Watch | None = None, notes: Path | None = None
) -> MatchNet:
    """Train the matching model and write it; an interrupted training goes on where it was.

    It learns from the official training split alone.

    Parameters
    ----------
    data : Path
        folder with `muvi_sync.npz`
    out : Path
        file to write
    seed : int
        same seed, same weights
    watch : Watch, optional
        hears of the stages "read" and "train", can stop the work
    notes : Path, optional
        what the checkpoint is called, but for its ending; it goes when the work is done (default: `out`)

    Raises
    ------
    InputError
        the data is missing or at fault, the file cannot be written, or a checkpoint is of another training
    Cancelled
        the watch said so
    """
    from tensionbgm.model.match_train import train_match

    watch = watch or Watch()
    with watch.stage("read"):
        learnt = [pair for pair in read_pairs(data) if pair.split == "train"]
    checkpoint = checkpoint_of(notes or out)
    about = {"data": "MuVi-Sync, official split, train", "songs": str(len(learnt)), "seed": str(seed)}
    try:
        with watch.stage("train"):
            net = train_match(learnt, seed, checkpoint=checkpoint, tick=watch.tick)
        save_match(net, out, about)
        checkpoint.unlink(missing_ok=True)
    except OSError as fault:
        raise InputError(f"{out}: cannot be written ({fault.strerror}); choose another place") from fault
    return net


def checkpoint_of(notes: Path) -> Path:
    """Where a training is kept until it is done."""
    return notes.with_name(f"{notes.name}.checkpoint")
