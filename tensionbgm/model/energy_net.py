"""Channels of a picture and of its position -> energy, loudness, density, boundaries: the network.

Two branches that only meet in their sum, so that what the picture adds does not depend on the position.
The picture's is convolutional in time with kernels that are their own mirror images, so that a film played
backwards has its answer backwards and the order of an intro can't be learnt; the position's sees one second
at a time, so that a short film may pass through its positions faster than a long one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tensionbgm.model.picture import CHANNELS

WIDTH = 48
DILATIONS = (1, 2, 4, 8, 16, 32)  # seconds; the picture is seen 65 s around
SHARES = np.linspace(0.0, 1.0, 21)  # of the film: knots of its position
SINCE_S = np.array([0, 4, 8, 12, 16, 20, 30, 40, 50, 60, 75, 90, 105, 120, 150, 180.0])  # and before its end
POSITION = 4 + len(SHARES) + 2 * len(SINCE_S)  # channels that tell where in the film
OUTPUTS = 7  # median energy, spread below, spread above, loudness, density, boundary (logit), novelty
SHORTEST_S, LONGEST_S = 150.0, 600.0  # films that are shorter or longer pass through the positions of these
DROPOUT = 0.1


class Mirror(nn.Conv1d):
    """A convolution whose kernel is the same forwards and backwards."""

    def __init__(self, inward: int, outward: int, taps: int, dilation: int = 1) -> None:
        super().__init__(inward, outward, taps, padding=dilation * (taps // 2), dilation=dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(b, inward, n) -> (b, outward, n)."""
        kernel = (self.weight + self.weight.flip(2)) / 2
        return functional.conv1d(x, kernel, self.bias, 1, self.padding, self.dilation)  # type: ignore[arg-type]


class Block(nn.Module):
    """A residual step of the picture's branch."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.look = Mirror(width, width, 3, dilation)
        self.mix = nn.Conv1d(width, width, 1)
        self.drop = nn.Dropout1d(DROPOUT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(b, width, n) -> (b, width, n)."""
        return x + self.drop(self.mix(functional.gelu(self.look(x))))


class EnergyNet(nn.Module):
    """The network, for films of any length.

    `forward` takes the picture (b, `CHANNELS`, n), the position (b, `POSITION`, n), whether each film's
    picture and position are known (b,), 0 or 1, and which seconds are film (b, n), 0 or 1 (what lies outside
    is kept at nothing); it gives (b, `OUTPUTS`, n).
    """

    def __init__(self, width: int = WIDTH, dilations: tuple[int, ...] = DILATIONS) -> None:
        super().__init__()
        self.width, self.dilations = width, dilations
        self.enter = Mirror(CHANNELS + 1, width, 5)
        self.blocks = nn.ModuleList(Block(width, dilation) for dilation in dilations)
        self.place = nn.Sequential(
            nn.Conv1d(POSITION + 1, width, 1), nn.GELU(), nn.Conv1d(width, width, 1), nn.GELU()
        )
        self.seen = nn.Conv1d(width, OUTPUTS, 1)
        self.placed = nn.Conv1d(width, OUTPUTS, 1, bias=False)
        self.line = nn.Conv1d(POSITION, OUTPUTS, 1, bias=False)

    def forward(
        self,
        picture: torch.Tensor,
        position: torch.Tensor,
        seen: torch.Tensor,
        placed: torch.Tensor,
        inside: torch.Tensor,
    ) -> torch.Tensor:
        """As the class says."""
        seen, placed = seen[:, None, None] * inside[:, None], placed[:, None, None] * inside[:, None]
        x = self.enter(torch.cat([picture * seen, seen], 1)) * inside[:, None]
        for block in self.blocks:
            x = block(x) * inside[:, None]
        where = self.place(torch.cat([position * placed, placed], 1))
        return self.seen(functional.gelu(x)) + self.placed(where) + self.line(position * placed)


def position_of(time_s: np.ndarray, duration_s: float) -> np.ndarray:
    """float32 (`POSITION`, n): where in the film each time [s] lies."""
    length_s = float(np.clip(duration_s, SHORTEST_S, LONGEST_S))
    share = np.clip(time_s / duration_s, 0.0, 1.0)
    since_s, until_s = share * length_s, (1.0 - share) * length_s
    flat = np.full(len(time_s), 2 * np.log(length_s / 240))
    rows = np.stack([2 * share - 1, np.log1p(since_s) / 3 - 1, np.log1p(until_s) / 3 - 1, flat])
    places = hats(share, SHARES), hats(since_s, SINCE_S), hats(until_s, SINCE_S)
    return np.concatenate([rows, *places]).astype(np.float32)


def hats(value: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Linear splines, float (k, n), 0..1: column sums are 1; outside the knots the outer ones count."""
    left = np.clip(np.searchsorted(knots, value, "right") - 1, 0, len(knots) - 2)
    share = np.clip((value - knots[left]) / (knots[left + 1] - knots[left]), 0.0, 1.0)
    rows, at = np.zeros((len(knots), len(value))), np.arange(len(value))
    rows[left, at], rows[left + 1, at] = 1.0 - share, share
    return rows
