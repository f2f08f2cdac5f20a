"""`Analysis` -> `EnergyEstimate`: what music videos' music would do to such a picture, and how sure that is.

The networks were trained on MuVi-Sync [KPH24]_ (`energy_fit`); `weights/energy.md` is their card.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tensionbgm.errors import InputError, brief
from tensionbgm.forms import Analysis
from tensionbgm.model.picture import Seconds, presence, seconds_of
from tensionbgm.model.safetensors import read_tensors, write_tensors
from tensionbgm.model.threads import one_thread

if TYPE_CHECKING:
    from tensionbgm.model.energy_net import EnergyNet

SHIPPED = Path(__file__).parent / "weights" / "energy.safetensors"
FORMAT = "tensionbgm energy 1"
MOST_NETS, WIDEST, LONGEST_DILATION = 16, 512, 512  # what a file may ask for
EDGE_S = 15.0  # at the ends of a song the band is calibrated apart: there the position says most


@dataclass(frozen=True)
class EnergyEstimate:
    """What the picture, and where in the film it is, say of the music's energy; every array is float (n,).

    Energy is in units z: 0 is the mean over all seconds of the training set, 1 its standard deviation; it is
    0.6 loudness + 0.4 note density over about 9 s.  How tense a film is as a whole cannot be read off it.
    The residual of a still film is 0 throughout, that of a film played backwards is the residual backwards.
    """

    time_s: np.ndarray  # 0.5, 1.5, ...: middles of whole seconds, the last one at most at the film's end
    q10: np.ndarray  # energy [z]: a tenth of songs lie below
    q50: np.ndarray  # energy [z], the median: picture and position together
    q90: np.ndarray  # energy [z]: a tenth of songs lie above
    boundary: np.ndarray  # 0..1: how likely a section of the music begins within about 2 s of each second
    position: np.ndarray  # energy [z], the median with the picture hidden: what position alone says
    residual: np.ndarray  # energy [z], q50 - position: what the picture adds, wherever in the film it is
    presence: float  # 0..1: how much there was to read in the picture; it is a factor of `residual`


@dataclass(frozen=True)
class EnergyModel:
    """Networks whose answers are averaged, and how far their bands must be stretched to hold."""

    nets: tuple[EnergyNet, ...]
    stretch: np.ndarray  # float (2, 2): at the ends, in the middle; below the median, above it


@dataclass(frozen=True)
class Answer:
    """Mean of the networks' answers, float (n,) each, before the picture's presence is weighed."""

    centre: np.ndarray  # median energy [z]
    below: np.ndarray  # from the 10 % quantile to the median [z], > 0
    above: np.ndarray  # from the median to the 90 % quantile [z], > 0
    loudness: np.ndarray  # [z]
    density: np.ndarray  # [z]
    boundary: np.ndarray  # 0..1


def predict(analysis: Analysis, weights: Path | None = None) -> EnergyEstimate:
    """Energy tension of a film, second by second.

    Parameters
    ----------
    analysis : Analysis
        a film of any length > 0; `change`, `motion`, `shots` and the duration are read
    weights : Path, optional
        a file `tensionbgm train video` wrote; default: the one that ships

    Returns
    -------
    estimate : EnergyEstimate
        the same to the bit for the same analysis on the same machine, on however many threads

    Raises
    ------
    InputError
        the film has no length, its arrays do not match, or the weights cannot be read
    """
    model = load_model(weights or SHIPPED)
    film, duration_s = seconds_of(analysis), analysis.video.duration_s
    time_s = np.minimum(np.arange(len(film.change)) + 0.5, duration_s)
    return estimate_energy(model, film, time_s, duration_s)


def estimate_energy(
    model: EnergyModel, film: Seconds, time_s: np.ndarray, duration_s: float
) -> EnergyEstimate:
    """The same, from a film's seconds and where [s] they lie in a film of `duration_s`."""
    seen = ask(model, film, time_s, duration_s)
    hidden = ask(model, film, time_s, duration_s, seen=False)
    share = presence(film)
    centre, below, above, edge = (
        share * a + (1 - share) * b
        for a, b in (
            (seen.centre, hidden.centre),
            (seen.below, hidden.below),
            (seen.above, hidden.above),
            (seen.boundary, hidden.boundary),
        )
    )
    stretch = model.stretch[np.where(at_edge(time_s, duration_s), 0, 1)]
    return EnergyEstimate(
        time_s, centre - stretch[:, 0] * below, centre, centre + stretch[:, 1] * above, edge,
        hidden.centre, share * (seen.centre - hidden.centre), share,
    )  # fmt: skip


def ask(
    model: EnergyModel,
    film: Seconds,
    time_s: np.ndarray,
    duration_s: float,
    seen: bool = True,
    placed: bool = True,
) -> Answer:
    """What the networks say, with picture and position shown or hidden."""
    import torch

    from tensionbgm.model.energy_net import position_of
    from tensionbgm.model.picture import channels

    count = len(time_s)
    picture = torch.from_numpy(channels(film))[None]
    position = torch.from_numpy(position_of(time_s, duration_s))[None]
    known = torch.tensor([float(seen)]), torch.tensor([float(placed)]), torch.ones(1, count)
    with one_thread(), torch.inference_mode():
        said = [net(picture, position, *known)[0].numpy().astype(float) for net in model.nets]
    centre, below, above, loudness, density, edge, _ = np.moveaxis(np.array(said), 1, 0)
    below, above = np.logaddexp(0.0, below), np.logaddexp(0.0, above)
    chance = 1 / (1 + np.exp(-edge))
    return Answer(*(x.mean(axis=0) for x in (centre, below, above, loudness, density, chance)))


def at_edge(time_s: np.ndarray, duration_s: float) -> np.ndarray:
    """bool (n,): times that count as the first or last `EDGE_S` of a song, in proportion in short films."""
    from tensionbgm.model.energy_net import SHORTEST_S

    edge_s = EDGE_S * min(1.0, duration_s / SHORTEST_S)
    return (time_s < edge_s) | (time_s > duration_s - edge_s)


# --------------------------------------------------------------------------- the file


def save_model(model: EnergyModel, path: Path, about: dict[str, str]) -> None:
    """Write networks, stretch and words about them as safetensors."""
    tensors = {"stretch": model.stretch.astype(np.float64)}
    for k, net in enumerate(model.nets):
        tensors |= {f"{k}.{name}": value.numpy() for name, value in net.state_dict().items()}
    shape = {"width": str(model.nets[0].width), "dilations": " ".join(map(str, model.nets[0].dilations))}
    write_tensors(path, tensors, {"format": FORMAT, "nets": str(len(model.nets)), **shape, **about})


def load_model(path: Path) -> EnergyModel:
    """Read what `save_model` wrote.

    Raises
    ------
    InputError
        the file cannot be read, or holds something else
    """
    from tensionbgm.model.energy_net import EnergyNet

    tensors, about = read_tensors(path)
    if about.get("format") != FORMAT:
        raise InputError(
            f"{path}: holds no energy model of this version; train it with `tensionbgm train video`"
        )
    import torch

    try:
        width, count = int(about["width"]), int(about["nets"])
        dilations = tuple(int(word) for word in about["dilations"].split())
        if not (1 <= count <= MOST_NETS and 1 <= width <= WIDEST and dilations):
            raise ValueError(f"{count} networks, {width} wide")
        if not all(1 <= dilation <= LONGEST_DILATION for dilation in dilations):
            raise ValueError(f"dilations {dilations}")
        if not (tensors["stretch"] >= 0).all():
            raise ValueError("a band is turned inside out")
        nets = []
        for k in range(count):
            net = EnergyNet(width, dilations)
            own = {n.partition(".")[2]: v for n, v in tensors.items() if n.startswith(f"{k}.")}
            net.load_state_dict({name: torch.from_numpy(value) for name, value in own.items()})
            nets.append(net.eval())
        return EnergyModel(tuple(nets), tensors["stretch"].reshape(2, 2))
    except (KeyError, ValueError, RuntimeError) as fault:
        raise InputError(f"{path}: its weights do not fit ({brief(fault)}); train them again") from fault
