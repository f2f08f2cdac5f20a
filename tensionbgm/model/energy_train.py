"""Songs -> trained networks, and the losses they descend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from tensionbgm.errors import InputError
from tensionbgm.model.energy_batch import Batch, draw_batch
from tensionbgm.model.energy_net import DILATIONS, WIDTH, EnergyNet
from tensionbgm.model.muvi_sync import Song
from tensionbgm.model.training import fingerprint, trained

QUANTILES = (0.1, 0.5, 0.9)
# Weights in the loss, by hand, beside quantiles with 1.  The first keeps the answer's variance from
# shrinking, the second asks for the shape inside a song.
AGREEMENT, WITHIN = 0.15, 0.3


@dataclass(frozen=True)
class Settings:
    """How to train."""

    steps: int = 600
    width: int = WIDTH
    dilations: tuple[int, ...] = DILATIONS
    rate: float = 4e-3  # highest learning rate
    warm: float = 0.15  # share of the steps in which it rises
    decay: float = 0.02  # of the weights (AdamW)
    keep: float = 0.998  # of the averaged weights at each step
    save_every: int = 50  # steps


def train(
    songs: Sequence[Song],
    seed: int,
    settings: Settings | None = None,
    checkpoint: Path | None = None,
    tick: Callable[[float], None] = lambda _: None,
) -> EnergyNet:
    """A network trained on all the songs given.

    Parameters
    ----------
    songs : sequence of Song
    seed : int
    settings : Settings, optional
    checkpoint : Path, optional
        file to go on from if it is there, and to write every `save_every` steps
    tick : callable (fraction 0..1) -> None
        told of every step; may raise to stop, and the work goes on from the last checkpoint

    Returns
    -------
    net : EnergyNet
        with the averaged weights, in evaluation mode

    Raises
    ------
    InputError
        there are no songs, or the checkpoint is of another training
    """
    if not songs:
        raise InputError("there are no songs to learn from; give the whole set")
    settings = settings or Settings()
    everything = list(songs)
    return trained(
        lambda: EnergyNet(settings.width, settings.dilations),
        lambda net, rng: loss_of(net, draw_batch(everything, rng)),
        lambda step: _rate(settings, step),
        seed,
        settings,
        fingerprint(x for s in songs for x in (s.film.change, s.film.cut, s.energy, s.loudness, s.density)),
        checkpoint,
        tick,
    )


def _rate(settings: Settings, step: int) -> float:
    """Rises along a line, falls along a cosine."""
    done, warm = (step + 1) / settings.steps, settings.warm
    if done < warm:
        return settings.rate * done / warm
    return settings.rate * (0.5 + 0.5 * math.cos(math.pi * (done - warm) / (1 - warm)))


# --------------------------------------------------------------------------- losses


def loss_of(net: EnergyNet, batch: Batch) -> torch.Tensor:
    """Sum of what energy, loudness, density, boundaries and novelty are off by."""
    values = [torch.from_numpy(x) for x in vars(batch).values()]
    picture, position, seen, placed, inside, target, inner = values
    said = net(picture, position, seen, placed, inside)
    centre, below, above, loud, dense, edge, new = said.unbind(1)
    energy, loudness, density, soon, novel = target.unbind(1)
    low, high = centre - functional.softplus(below), centre + functional.softplus(above)
    quantiles = zip(QUANTILES, (low, centre, high), strict=True)
    pinball = sum(_mean(_pinball(energy - value, tau), inside) for tau, value in quantiles)
    squares = _mean((loud - loudness) ** 2 + (dense - density) ** 2, inside)
    alike = 1.5 - _within(centre, energy, inside) - 0.5 * _within(loud, loudness, inside)
    turns = functional.binary_cross_entropy_with_logits(edge, soon, reduction="none")
    novelty = _mean((new - novel) ** 2, inner)
    agreement = _concordance(centre[inside > 0], energy[inside > 0])
    energetic = pinball + 0.5 * squares + AGREEMENT * (1 - agreement) + WITHIN * alike
    return energetic + 0.6 * _mean(turns, inner) + 0.3 * novelty


def _mean(value: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (value * weight).sum() / weight.sum().clamp(min=1.0)


def _pinball(error: torch.Tensor, tau: float) -> torch.Tensor:
    """Quantile loss [KB78]_."""
    return torch.maximum(tau * error, (tau - 1) * error)


def _within(said: torch.Tensor, true: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Mean correlation inside a crop."""
    size = inside.sum(1, keepdim=True)
    x, y = ((v - (v * inside).sum(1, keepdim=True) / size) * inside for v in (said, true))
    return ((x * y).sum(1) / ((x**2).sum(1) * (y**2).sum(1) + 0.1).sqrt()).mean()


def _concordance(said: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Lin's concordance correlation coefficient [Lin89]_."""
    x, y = said - said.mean(), true - true.mean()
    return 2 * (x * y).mean() / ((x**2).mean() + (y**2).mean() + (said.mean() - true.mean()) ** 2)
