"""A network and losses -> the network descended step by step, with its averaged weights and checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import torch

from tensionbgm.errors import InputError

Net = TypeVar("Net", bound=torch.nn.Module)


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

    def descend(self, loss_of: Callable[[Net], torch.Tensor], rate: float) -> None:
        """One step down the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        loss = loss_of(self.net)
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
            reason = str(fault).splitlines()[0] if str(fault) else type(fault).__name__
            raise InputError(f"{path}: cannot go on from it ({reason}); delete it to begin again") from fault
        except Exception as fault:  # the unpickler's own errors
            raise InputError(f"{path}: is no checkpoint; delete it to begin again") from fault
