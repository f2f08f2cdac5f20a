"""A network and losses -> the network trained: step by step, with averaged weights and checkpoints.

The same seed, settings and songs give the same weights, also after an interruption: chance is drawn anew from
(seed, step) at every step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch

from tensionbgm.errors import InputError, brief
from tensionbgm.model.threads import one_thread

Net = TypeVar("Net", bound=torch.nn.Module)


class Steps(Protocol):
    """What every training's settings tell."""

    @property
    def steps(self) -> int:
        """How many."""

    @property
    def decay(self) -> float:
        """Of the weights (AdamW)."""

    @property
    def keep(self) -> float:
        """Share of the averaged weights kept at each step."""

    @property
    def save_every(self) -> int:
        """Steps from checkpoint to checkpoint."""


def trained(
    make: Callable[[], Net],
    loss_at: Callable[[Net, np.random.Generator], torch.Tensor],
    rate_at: Callable[[int], float],
    seed: int,
    settings: Steps,
    songs: str,
    checkpoint: Path | None = None,
    tick: Callable[[float], None] = lambda _: None,
) -> Net:
    """A network trained, with its averaged weights, in evaluation mode.

    Parameters
    ----------
    make : callable () -> net
        the network as it begins
    loss_at : callable (net, generator) -> scalar
        the loss of one step, on whatever the generator draws
    rate_at : callable (step) -> float
        learning rate
    seed : int
    settings : Steps
        its words are part of what a checkpoint is of
    songs : str
        what tells the songs from others, as of `fingerprint`
    checkpoint : Path, optional
        file to go on from if it is there, and to write every `save_every` steps
    tick : callable (fraction 0..1) -> None
        told of every step; may raise to stop, and the work goes on from the last checkpoint

    Raises
    ------
    InputError
        the checkpoint is of another training
    """
    with one_thread():
        torch.manual_seed(seed)
        work = Work(make(), settings.decay, settings.keep, f"{seed} {settings} {songs}")
        work.resume(checkpoint)
        while work.step < settings.steps:
            tick(work.step / settings.steps)
            rng = np.random.default_rng([seed, work.step])
            torch.manual_seed(int(rng.integers(2**31)))
            work.descend(rng, loss_at, rate_at(work.step))
            if checkpoint and work.step % settings.save_every == 0:
                work.save(checkpoint)
        return work.averaged()


def fingerprint(arrays: Iterable[np.ndarray]) -> str:
    """What tells these numbers from others."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


class Work(Generic[Net]):
    """A network on its way.

    Parameters
    ----------
    net : torch.nn.Module
    decay : float
        of weights
    keep : float
        share of the running mean of the weights kept at each step, later on
    kind : str
        what this training is; only checkpoints of the same are gone on from
    """

    def __init__(self, net: Net, decay: float, keep: float, kind: str) -> None:
        self.net, self.keep, self.kind, self.step = net, keep, kind, 0
        self.mean = {name: value.clone() for name, value in net.state_dict().items()}
        self.optimiser = torch.optim.AdamW(net.parameters(), weight_decay=decay)

    def descend(
        self,
        rng: np.random.Generator,
        loss_at: Callable[[Net, np.random.Generator], torch.Tensor],
        rate: float,
    ) -> None:
        """One step down the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        loss = loss_at(self.net, rng)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        keep = min(self.keep, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            self.mean[name].mul_(keep).add_(value, alpha=1 - keep)
        self.step += 1

    def averaged(self) -> Net:
        """The network with its averaged weights."""
        self.net.load_state_dict(self.mean)
        return self.net.eval()

    def save(self, path: Path) -> None:
        """Write all that is needed to go on; the file is whole at any moment."""
        aside = path.with_name(path.name + ".part")
        state = {
            "kind": self.kind, "step": self.step, "net": self.net.state_dict(), "mean": self.mean,
            "optimiser": self.optimiser.state_dict(),
        }  # fmt: skip
        torch.save(state, aside)
        aside.replace(path)

    def resume(self, path: Path | None) -> None:
        """Go on from a checkpoint, if there is one.

        Raises
        ------
        InputError
            it is of another training, or no checkpoint
        """
        if path is None or not path.exists():
            return
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            if state["kind"] != self.kind:
                raise ValueError("it was begun with another seed, other settings or other songs")
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.mean, self.step = state["mean"], state["step"]
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, AttributeError) as fault:
            raise InputError(
                f"{path}: cannot go on from it ({brief(fault)}); delete it to begin again"
            ) from fault
        except Exception as fault:  # the unpickler's own errors
            raise InputError(f"{path}: is no checkpoint; delete it to begin again") from fault
