"""Rows of films and of music -> how well each goes with each: three pairs of encoders, one score.

A pair of encoders takes a stretch of film and one of music of the same length into one space, second by
second; the score is the cosine of the two paths.  Energy and harmony have a pair each; a third reads what
is the same all through a film and a piece.  The score is their sum, so that it can be taken with any of
them left out.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tensionbgm.model.energy_net import Mirror
from tensionbgm.model.match_music import ENERGY, HARMONY, LEVELS
from tensionbgm.model.match_songs import SEEN, SEEN_LEVELS

WIDTH, SPACE = 16, 6  # of the layers between, of the space the two meet in
DILATIONS = (1, 2, 4)  # seconds; 19 s are seen around each
DROPOUT, LEVEL_DROPOUT = 0.1, 0.2
SHARP = {"energy": 2.0, "harmony": 2.0, "level": 1.0}  # log of what cosines are multiplied by, at first
PARTS = tuple(SHARP)


class Encoder(nn.Module):
    """(b, rows, n) -> (b, SPACE, n), at any length; played backwards it gives its answer backwards."""

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.enter = Mirror(rows, width, 5)
        self.look = nn.ModuleList(Mirror(width, width, 3, dilation) for dilation in DILATIONS)
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in DILATIONS)
        self.leave = nn.Conv1d(width, SPACE, 1)
        self.drop = nn.Dropout1d(DROPOUT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the class says."""
        x = self.enter(x)
        for look, mix in zip(self.look, self.mix, strict=True):
            x = x + self.drop(mix(functional.gelu(look(x))))
        return self.leave(functional.gelu(x))  # type: ignore[no-any-return]


class MatchNet(nn.Module):
    """The model; `forward` scores b films against c pieces of music, (b, c), for each of `PARTS`."""

    seen_mean: torch.Tensor
    seen_spread: torch.Tensor
    heard_mean: torch.Tensor
    heard_spread: torch.Tensor

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.width = width
        self.see = nn.ModuleDict({name: Encoder(SEEN, width) for name in ("energy", "harmony")})
        self.hear = nn.ModuleDict({"energy": Encoder(ENERGY, width), "harmony": Encoder(HARMONY, width)})
        self.see_level, self.hear_level = _levels(SEEN_LEVELS, width), _levels(LEVELS, width)
        self.sharp = nn.Parameter(torch.tensor(list(SHARP.values())))
        for name, count in (("seen", SEEN_LEVELS), ("heard", LEVELS)):  # of the set it learns from
            self.register_buffer(f"{name}_mean", torch.zeros(count))
            self.register_buffer(f"{name}_spread", torch.ones(count))

    def standardise(self, seen: np.ndarray, heard: np.ndarray) -> None:
        """Take mean and spread of levels, (songs, count) each, from the songs learnt from."""
        for name, values in (("seen", seen), ("heard", heard)):
            getattr(self, f"{name}_mean").copy_(torch.from_numpy(values.mean(axis=0)))
            getattr(self, f"{name}_spread").copy_(torch.from_numpy(values.std(axis=0).clip(1e-3)))

    def forward(
        self,
        seen: torch.Tensor,
        seen_level: torch.Tensor,
        energy: torch.Tensor,
        harmony: torch.Tensor,
        heard_level: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Films (b, SEEN, n) and (b, SEEN_LEVELS); music (c, ENERGY, n), (c, HARMONY, n), (c, LEVELS)."""
        film = self.see_level((seen_level - self.seen_mean) / self.seen_spread)
        music = self.hear_level((heard_level - self.heard_mean) / self.heard_spread)
        paths = {
            "energy": (self.see["energy"](seen), self.hear["energy"](energy)),
            "harmony": (self.see["harmony"](seen), self.hear["harmony"](harmony)),
            "level": (film, music),
        }
        sharp = dict(zip(PARTS, self.sharp.exp(), strict=True))
        return {name: sharp[name] * cosines(*pair) for name, pair in paths.items()}


def cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(b, ...), (c, ...) -> cosine of each with each (b, c)."""
    return functional.normalize(a.flatten(1)) @ functional.normalize(b.flatten(1)).T


def _levels(count: int, width: int) -> nn.Sequential:
    sizes = (count, width, SPACE)
    layers: list[nn.Module] = []
    for inward, outward in pairwise(sizes):
        layers += [nn.Linear(inward, outward), nn.GELU(), nn.Dropout(LEVEL_DROPOUT)]
    return nn.Sequential(*layers[:-2])
