"""Pairs of film and music -> a trained matching network: crops and contrastive losses.

A stretch of film must find its own music among that of other songs, and among other stretches of its own
song: two tasks, two losses (InfoNCE [OLV18]_, both ways).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from tensionbgm.errors import InputError
from tensionbgm.model.match_net import WIDTH, MatchNet
from tensionbgm.model.match_songs import Pair
from tensionbgm.model.training import fingerprint, trained

EDGE_S = 30  # intros and outros are left out, or position in the song would be learnt
LOWEST = -1e9  # score of what is no candidate
WEIGHTS = {"energy": 1.0, "harmony": 0.5}  # of each part's own losses, beside 1 for the sum among other songs


@dataclass(frozen=True)
class MatchSettings:
    """How to train."""

    steps: int = 800
    songs: int = 24  # in a batch
    stretches: int = 4  # of each
    length_s: int = 24  # of a stretch
    width: int = WIDTH
    rate: float = 3e-3  # highest learning rate
    warm: int = 100  # steps in which it rises
    decay: float = 0.05  # of the weights (AdamW)
    keep: float = 0.998  # of the averaged weights at each step
    save_every: int = 100  # steps


@dataclass(frozen=True)
class MatchBatch:
    """Stretches of film and of the music that goes with them."""

    inputs: tuple[torch.Tensor, ...]  # as `MatchNet.forward` takes them
    song: torch.Tensor  # int64 (b,): which song each is of
    first: torch.Tensor  # int64 (b,): its first second

    def candidates(self, length_s: int) -> tuple[torch.Tensor, torch.Tensor]:
        """bool (b, b): itself and all of other songs; itself and what lies apart in its own song."""
        same, own = self.song[:, None] == self.song, torch.eye(len(self.song), dtype=torch.bool)
        apart = (self.first[:, None] - self.first).abs() >= length_s // 2
        return ~same | own, (same & apart) | own


def stack(pairs: Sequence[Pair], first: Sequence[int], length_s: int) -> tuple[torch.Tensor, ...]:
    """Stretches of `length_s` seconds as `MatchNet.forward` takes them."""
    spans = [slice(f, f + length_s) for f in first]
    rows = (
        [p.film.seen[:, s] for p, s in zip(pairs, spans, strict=True)],
        [p.film.level for p in pairs],
        [p.music.energy[:, s] for p, s in zip(pairs, spans, strict=True)],
        [p.music.harmony[:, s] for p, s in zip(pairs, spans, strict=True)],
        [p.music.level for p in pairs],
    )
    return tuple(torch.from_numpy(np.stack(r)) for r in rows)


def first_second(pair: Pair, length_s: int, rng: np.random.Generator, edge_s: int = EDGE_S) -> int:
    """Where a stretch begins: anywhere `edge_s` from both ends, in the middle of songs too short for that."""
    room = pair.seconds - length_s - 2 * edge_s
    return edge_s + int(rng.integers(room + 1)) if room >= 0 else max(0, (pair.seconds - length_s) // 2)


def draw_match_batch(pairs: Sequence[Pair], settings: MatchSettings, rng: np.random.Generator) -> MatchBatch:
    """Some songs, some stretches of each."""
    chosen = rng.choice(len(pairs), min(settings.songs, len(pairs)), replace=False)
    song = np.repeat(chosen, settings.stretches)
    length_s = min(settings.length_s, min(pairs[i].seconds for i in chosen.tolist()))
    crops = [pairs[i] for i in song.tolist()]
    first = [first_second(pair, length_s, rng) for pair in crops]
    inputs = stack(crops, first, length_s)
    return MatchBatch(inputs, torch.from_numpy(song), torch.tensor(first))


def match_loss(net: MatchNet, batch: MatchBatch, length_s: int) -> torch.Tensor:
    """Sum of the contrastive losses."""
    scores = net(*batch.inputs)
    others, own = batch.candidates(length_s)
    loss = contrast(sum(scores.values()), others)  # type: ignore[arg-type]
    for name, weight in WEIGHTS.items():
        loss = loss + weight * (contrast(scores[name], others) + contrast(scores[name], own))
    return loss


def contrast(score: torch.Tensor, candidate: torch.Tensor) -> torch.Tensor:
    """InfoNCE [OLV18]_ of each film among the music, and of each music among the films; (b, b) each."""
    masked, target = score.masked_fill(~candidate, LOWEST), torch.arange(len(score))
    return (functional.cross_entropy(masked, target) + functional.cross_entropy(masked.T, target)) / 2


def train_match(
    pairs: Sequence[Pair],
    seed: int,
    settings: MatchSettings | None = None,
    checkpoint: Path | None = None,
    tick: Callable[[float], None] = lambda _: None,
) -> MatchNet:
    """A network trained on all the pairs given.

    Parameters
    ----------
    pairs : sequence of Pair
        at least two
    seed : int
    settings : MatchSettings, optional
    checkpoint : Path, optional
        file to go on from if it is there, and to write every `save_every` steps
    tick : callable (fraction 0..1) -> None
        told of every step; may raise to stop, and the work goes on from the last checkpoint

    Returns
    -------
    net : MatchNet
        with the averaged weights, in evaluation mode

    Raises
    ------
    InputError
        there are too few pairs, or the checkpoint is of another training
    """
    if len(pairs) < 2:
        raise InputError("there are fewer than two songs to learn from; give the whole set")
    settings = settings or MatchSettings()

    def start() -> MatchNet:
        net = MatchNet(settings.width)
        net.standardise(np.stack([p.film.level for p in pairs]), np.stack([p.music.level for p in pairs]))
        return net

    return trained(
        start,
        lambda net, rng: match_loss(net, draw_match_batch(pairs, settings, rng), settings.length_s),
        lambda step: _rate(settings, step),
        seed,
        settings,
        fingerprint(x for pair in pairs for rows in (pair.film, pair.music) for x in vars(rows).values()),
        checkpoint,
        tick,
    )


def _rate(settings: MatchSettings, step: int) -> float:
    """Rises along a line, falls along a cosine."""
    rise = min(1.0, (step + 1) / settings.warm)
    return settings.rate * rise * (0.5 + 0.5 * math.cos(math.pi * step / settings.steps))
