"""`Analysis` and the notes written for it -> how well they go together, beside the same music rearranged.

The network was trained on MuVi-Sync [KPH24]_ (`match_fit`); `weights/match.md` is its card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tensionbgm.errors import InputError, brief
from tensionbgm.forms import Analysis
from tensionbgm.model.match_music import MusicRows, heard_of, music_rows
from tensionbgm.model.match_songs import FilmRows, film_rows
from tensionbgm.model.picture import Seconds, presence, seconds_of
from tensionbgm.model.safetensors import read_tensors, write_tensors
from tensionbgm.model.threads import one_thread
from tensionbgm.music.notes import Notes

if TYPE_CHECKING:
    from tensionbgm.model.match_net import MatchNet

SHIPPED = Path(__file__).parent / "weights" / "match.safetensors"
FORMAT = "tensionbgm match 1"
WIDEST = 512  # what a file may ask for
FIGURE = ("energy",)  # parts the figure is made of; what is the same all through cancels in it
SHORTEST_S = 20  # below, rearranging leaves too little that is different
SHIFTS, BACKWARDS, SHUFFLES = 20, 20, 19  # rearrangements of a piece
CONTROLS = SHIFTS + BACKWARDS + SHUFFLES
BLOCK_S, FEWEST_BLOCKS = 8, 5  # of the shuffled ones


@dataclass(frozen=True)
class Match:
    """How a piece goes with its film, among itself and `CONTROLS` rearrangements of itself."""

    rank: float  # 1 best .. `CONTROLS` + 1, ties halfway; 30.5 by chance
    percentile: float  # 0..1: share of the rearrangements it beats, ties half; 0.5 by chance
    z: float  # score less the controls' mean, in their standard deviations; 0 by chance, 0 if all are alike


def matching(analysis: Analysis, notes: Notes, weights: Path | None = None) -> Match:
    """How well the rise and fall of the music's energy goes with the picture.

    Parameters
    ----------
    analysis : Analysis
        the film: at least `SHORTEST_S` long, and not still
    notes : Notes
        the piece, as its MIDI file is read back
    weights : Path, optional
        a file `tensionbgm train match` wrote; default: the one that ships

    Returns
    -------
    match : Match
        the same to the bit for the same input on the same machine, on however many threads

    Raises
    ------
    InputError
        the film is too short or still, its arrays do not match, or the weights cannot be read
    """
    film = seconds_of(analysis)
    check_film(film, analysis.video.path)
    music = piece_rows(notes, analysis.video.duration_s)
    return match_rows(load_match(weights or SHIPPED), film_rows(film), music)


def piece_rows(notes: Notes, duration_s: float) -> MusicRows:
    """Rows of a piece under a film of `duration_s` > 0."""
    return music_rows(heard_of(notes, duration_s))


def check_film(film: Seconds, name: str) -> None:
    """Refuse a film that gives nothing to match.

    Raises
    ------
    InputError
    """
    if len(film.change) < SHORTEST_S:
        raise InputError(f"{name}: is shorter than {SHORTEST_S} s; matching needs a longer film")
    if presence(film) == 0.0:
        raise InputError(f"{name}: its picture never changes; matching needs a film that moves")


def match_rows(net: MatchNet, film: FilmRows, music: MusicRows, parts: Sequence[str] = FIGURE) -> Match:
    """The same, from rows of one length."""
    orders = np.concatenate([np.arange(film.seen.shape[1])[None], rearrangements(film.seen.shape[1])])
    pieces = [MusicRows(music.energy[:, o], music.harmony[:, o], music.level) for o in orders]
    score = sum(part[0] for name, part in scores(net, [film], pieces).items() if name in parts)
    return among(float(score[0]), np.asarray(score[1:]))


def preferred(
    net: MatchNet, film: FilmRows, own: MusicRows, others: Sequence[MusicRows]
) -> tuple[float, float] | None:
    """Share of other films' pieces that the film's own beats, ties half, 0..1; None without others.

    Pieces of another length go round until the film ends.  Second, as a control, the same share by the mean
    product of the film's log change and the music's loudness instead of the model.
    """
    if not others:
        return None
    count = film.seen.shape[1]
    pieces = [gone_round(music, count) for music in (own, *others)]
    score = sum(part[0] for name, part in scores(net, [film], pieces).items() if name in FIGURE)
    product = np.array([film.seen[0] @ piece.energy[0] / count for piece in pieces], float)
    learnt, plain = (among(float(s[0]), np.asarray(s[1:])).percentile for s in (score, product))
    return learnt, plain


def gone_round(music: MusicRows, count: int) -> MusicRows:
    """Rows of a piece that is repeated, or broken off, after `count` seconds."""
    order = np.arange(count) % music.energy.shape[1]
    return MusicRows(music.energy[:, order], music.harmony[:, order], music.level)


def among(own: float, controls: np.ndarray) -> Match:
    """Where a score stands among those of controls, float (k,); scores closer than 1e-5 count as tied."""
    ahead = float(np.sum(controls > own + 1e-5) + 0.5 * np.sum(np.abs(controls - own) <= 1e-5))
    spread = float(controls.std())
    z = (own - float(controls.mean())) / spread if spread > 1e-5 else 0.0
    return Match(1.0 + ahead, 1.0 - ahead / len(controls), z)


def rearrangements(count: int) -> np.ndarray:
    """Orders of a piece's seconds, int (`CONTROLS`, count); the same for every piece of one length.

    The piece begun elsewhere and gone round; backwards, begun anywhere; and in shuffled blocks of about
    `BLOCK_S`.  The first two kinds keep how fast the music changes as it was.
    """
    rng, at = np.random.default_rng(0), np.arange(count)
    far = max(4, count // 8)
    shifted = [np.roll(at, round(k)) for k in np.linspace(far, count - far, SHIFTS)]
    backwards = [np.roll(at[::-1], round(k)) for k in np.linspace(0, count, BACKWARDS, endpoint=False)]
    blocks = np.array_split(at, max(FEWEST_BLOCKS, count // BLOCK_S))
    shuffled: list[np.ndarray] = []
    while len(shuffled) < SHUFFLES:
        order = rng.permutation(len(blocks))
        if np.mean(order == np.arange(len(blocks))) < 0.5:
            shuffled.append(np.concatenate([blocks[i] for i in order]))
    return np.stack([*shifted, *backwards, *shuffled])


def scores(net: MatchNet, films: Sequence[FilmRows], music: Sequence[MusicRows]) -> dict[str, np.ndarray]:
    """Each film against each piece, all of one length: float (films, pieces) for each part of the model."""
    import torch

    rows = (
        [f.seen for f in films], [f.level for f in films],
        [m.energy for m in music], [m.harmony for m in music], [m.level for m in music],
    )  # fmt: skip
    with one_thread(), torch.inference_mode():
        said = net(*(torch.from_numpy(np.stack(r).astype(np.float32)) for r in rows))
        return {name: value.numpy().astype(float) for name, value in said.items()}


# --------------------------------------------------------------------------- the file


def save_match(net: MatchNet, path: Path, about: dict[str, str]) -> None:
    """Write a network and words about it as safetensors."""
    tensors = {name: value.numpy() for name, value in net.state_dict().items()}
    write_tensors(path, tensors, {"format": FORMAT, "width": str(net.width), **about})


def load_match(path: Path) -> MatchNet:
    """Read what `save_match` wrote.

    Raises
    ------
    InputError
        the file cannot be read, or holds something else
    """
    import torch

    from tensionbgm.model.match_net import MatchNet

    tensors, about = read_tensors(path)
    try:
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}")
        if not 1 <= int(about["width"]) <= WIDEST:
            raise ValueError(f"width {about['width']}")
        net = MatchNet(int(about["width"]))
        net.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as fault:
        raise InputError(f"{path}: is no matching model ({brief(fault)}); train it again") from fault
    return net.eval()
