"""Songs -> trained networks: losses, averaged weights, checkpoints.

The same songs, seed and settings give the same weights, also after an interruption: chance is drawn anew
from (seed, step) at every step.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tensionbgm.errors import InputError
from tensionbgm.model.energy_batch import Batch, draw_batch
from tensionbgm.model.energy_net import DILATIONS, WIDTH, EnergyNet
from tensionbgm.model.muvi_sync import Song

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
    work = _Work(seed, settings, _print_of(songs))
    work.resume(checkpoint)
    while work.step < settings.steps:
        tick(work.step / settings.steps)
        rng = np.random.default_rng([seed, work.step])
        torch.manual_seed(int(rng.integers(2**31)))
        work.learn(draw_batch(list(songs), rng))
        if checkpoint and work.step % settings.save_every == 0:
            work.save(checkpoint)
    return work.averaged()


def _print_of(songs: Sequence[Song]) -> str:
    """What tells these songs from others."""
    found = hashlib.sha256()
    for song in songs:
        for array in (song.film.change, song.film.cut, song.energy, song.loudness, song.density):
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


class _Work:
    """A network on its way."""

    def __init__(self, seed: int, settings: Settings, songs: str) -> None:
        torch.manual_seed(seed)
        self.settings, self.seed, self.step, self.songs = settings, seed, 0, songs
        self.net = EnergyNet(settings.width, settings.dilations)
        self.mean = {name: value.clone() for name, value in self.net.state_dict().items()}
        self.optimiser = torch.optim.AdamW(self.net.parameters(), weight_decay=settings.decay)

    def learn(self, batch: Batch) -> None:
        """One step."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        self.net.train()
        loss = loss_of(self.net, batch)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        keep = min(self.settings.keep, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            self.mean[name].mul_(keep).add_(value, alpha=1 - keep)
        self.step += 1

    def _rate(self) -> float:
        """Rises along a line, falls along a cosine."""
        done, warm = (self.step + 1) / self.settings.steps, self.settings.warm
        if done < warm:
            return self.settings.rate * done / warm
        return self.settings.rate * (0.5 + 0.5 * math.cos(math.pi * (done - warm) / (1 - warm)))

    def averaged(self) -> EnergyNet:
        """The network with its averaged weights."""
        self.net.load_state_dict(self.mean)
        return self.net.eval()

    def save(self, path: Path) -> None:
        """Write all that is needed to go on; the file is whole at any moment."""
        aside = path.with_name(path.name + ".part")
        torch.save(self._state(), aside)
        aside.replace(path)

    def _state(self) -> dict[str, Any]:
        return {
            "kind": self._kind(), "step": self.step, "net": self.net.state_dict(), "mean": self.mean,
            "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip

    def _kind(self) -> str:
        return f"{self.seed} {self.settings} {self.songs}"

    def resume(self, path: Path | None) -> None:
        """Go on from a checkpoint, if there is one."""
        if path is None or not path.exists():
            return
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            if state["kind"] != self._kind():
                raise ValueError("it was begun with another seed, other settings or other songs")
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.mean, self.step = state["mean"], state["step"]
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, AttributeError) as fault:
            reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
            raise InputError(f"{path}: cannot go on from it ({reason}); delete it to begin again") from fault
        except Exception as fault:  # the unpickler's own errors
            raise InputError(f"{path}: is no checkpoint; delete it to begin again") from fault


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
