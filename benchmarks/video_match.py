"""MuVi-Sync -> does the matching model find a film's own music, among 60 pieces and in its own song?

Run `python -m benchmarks.video_match [--cache DIR]`.  The weights that ship are judged on the official test
split (75 songs they were not trained on); five folds by song, trained here (a minute each on one core) and
kept in the cache (default `.benchmarks/video_match`), judge all songs.

- Stretches last 24 s.  *Middle*: at least 30 s from both ends.  *Same place*: all candidates from the same
  share of the middle of their songs, so that position can say nothing.
- Other songs: a film's stretch against one of its own music and 59 of other songs, `DRAWS` draws of
  stretches, each with every song asked once among 60 drawn of the songs.
- p: `SHUFFLES` times films are given to songs of their fold at random, for all draws alike; share, one
  added, in which the mean percentile is as high as the true one.
- Own song: a film's stretch against those of its own music at other times, 24 s or more away, 6 s apart;
  the share it beats, mean over songs (AUC; 0.5 by chance); p by flipping signs of songs' differences from it.
- Rearranged: a minute from the middle taken for a film, against 59 rearrangements of its music, as the
  figure `matching` of a finished piece is.  *Top 3*: share among the best 3 of 60, 5 % by chance.
- Motion x loudness: mean product of log change and loudness, both less the song's mean; r: their
  correlation in the stretch.
- *Constants* are those of a whole song (how loud, how dense, how often cut): legitimate, but of no use to
  whoever composes for a given film; the rows "energy" and "harmony" do without.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from benchmarks.markdown import head, line
from tensionbgm.model import match_net, match_train, training
from tensionbgm.model.energy_net import Mirror
from tensionbgm.model.match_fit import checkpoint_of
from tensionbgm.model.match_model import SHIPPED, load_match, match_rows, save_match, scores
from tensionbgm.model.match_music import MusicRows
from tensionbgm.model.match_net import MatchNet
from tensionbgm.model.match_songs import FilmRows, Pair, read_pairs
from tensionbgm.model.match_train import EDGE_S, first_second, train_match

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "muvi_sync"
CACHE = ROOT / ".benchmarks" / "video_match"
FOLDS, SEED = 5, 7
LENGTH_S, APART_S, MINUTE_S = 24, 6, 60
CANDIDATES, DRAWS, SHUFFLES = 60, 40, 10_000
TOP = (1, 5, 10, 20)
MODELS = {
    "motion x loudness": ("product",),
    "motion, loudness: r": ("r",),
    "harmony": ("harmony",),
    "**energy**": ("energy",),
    "energy and harmony": ("energy", "harmony"),
    "constants of the song alone": ("level",),
    "energy, harmony and constants": ("energy", "harmony", "level"),
}
MOVING = [name for name, parts in MODELS.items() if "level" not in parts]


Judged = list[tuple[list[Pair], MatchNet]]  # songs, and a network that never saw them


def table(keep: Path = CACHE) -> str:
    """Markdown: what ships on the test split, then five folds."""
    if not DATA.is_dir():
        return f"MuVi-Sync is not at {DATA}; nothing was measured.\n"
    pairs = read_pairs(DATA)
    test: Judged = [([p for p in pairs if p.split == "test"], load_match(SHIPPED))]
    folds = folds_of(pairs)
    five: Judged = [
        ([p for p, own in zip(pairs, folds, strict=True) if own == fold], fold_net(pairs, fold, keep))
        for fold in range(FOLDS)
    ]
    parts = (
        [f"**The weights that ship, on the official test split** ({len(test[0][0])} songs)."],
        other_songs(test, ("middle", "same place", "anywhere")), own_song(test), rearranged(test),
        [f"**Five folds by song** ({len(pairs)} songs)."],
        other_songs(five, ("middle", "same place")), own_song(five), rearranged(five),
    )  # fmt: skip
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# --------------------------------------------------------------------------- networks


def folds_of(pairs: Sequence[Pair]) -> np.ndarray:
    return np.random.default_rng(SEED).permutation(len(pairs)) % FOLDS


def fold_net(pairs: list[Pair], fold: int, keep: Path) -> MatchNet:
    """A network trained on all folds but one; from the cache, if it was trained so before."""
    keep.mkdir(parents=True, exist_ok=True)
    learnt = [p for p, own in zip(pairs, folds_of(pairs), strict=True) if own != fold]
    path = keep / f"fold{fold}-{recipe(learnt)}.safetensors"
    if not path.exists():
        save_match(train_match(learnt, SEED + fold, checkpoint=checkpoint_of(path)), path, {})
        checkpoint_of(path).unlink(missing_ok=True)
    return load_match(path)


def recipe(pairs: Sequence[Pair]) -> str:
    """A name for everything a network depends on: what it reads, the seed and the source that trains it."""
    digest = hashlib.sha256(str(SEED).encode())
    for noun in (noun for pair in pairs for noun in (pair.film, pair.music)):
        for rows in vars(noun).values():
            digest.update(np.round(rows, 4).tobytes())
    for source in (match_net, match_train, training, Mirror):
        digest.update(inspect.getsource(source).encode())
    return digest.hexdigest()[:12]


# --------------------------------------------------------------------------- scores


@dataclass(frozen=True)
class Stretches:
    """Stretches of film and the music of the same seconds."""

    films: list[FilmRows]
    music: list[MusicRows]


def cut_out(pairs: Sequence[Pair], first: Sequence[int], length_s: int = LENGTH_S) -> Stretches:
    """A stretch of each."""
    films, music = [], []
    for pair, f in zip(pairs, first, strict=True):
        s = slice(f, f + length_s)
        films.append(FilmRows(pair.film.seen[:, s], pair.film.level))
        heard = pair.music
        music.append(MusicRows(heard.energy[:, s], heard.harmony[:, s], heard.level))
    return Stretches(films, music)


def all_scores(net: MatchNet, cut: Stretches) -> dict[str, np.ndarray]:
    """Every film against every piece, float (b, b), by each of `MODELS`."""
    said = scores(net, cut.films, cut.music)
    motion, loud = np.stack([f.seen[0] for f in cut.films]), np.stack([m.energy[0] for m in cut.music])
    said["product"] = motion @ loud.T / motion.shape[1]
    said["r"] = standard(motion) @ standard(loud).T / motion.shape[1]
    return {name: np.asarray(sum(said[part] for part in parts), float) for name, parts in MODELS.items()}


def standard(rows: np.ndarray) -> np.ndarray:
    return (rows - rows.mean(axis=1, keepdims=True)) / (rows.std(axis=1, keepdims=True) + 1e-9)


def places(pairs: Sequence[Pair], where: str, draw: int) -> list[int]:
    """First seconds of a draw's stretches."""
    rng = np.random.default_rng([SEED, draw])
    if where == "same place":
        share = rng.random()
        return [EDGE_S + int(share * max(0, p.seconds - 2 * EDGE_S - LENGTH_S)) for p in pairs]
    return [first_second(p, LENGTH_S, rng, EDGE_S if where == "middle" else 0) for p in pairs]


# --------------------------------------------------------------------------- other songs


@dataclass(frozen=True)
class Found:
    """How films found their music."""

    rank: np.ndarray  # float (draws, songs), 1..60
    percentile: np.ndarray  # float (songs,): share of all other songs beaten, mean over draws
    p: float

    def cells(self) -> list[str]:
        """Cells of a row."""
        shares = [f"{100 * (self.rank <= k).mean():.1f}" for k in TOP]
        percentile = f"{self.percentile.mean():.3f} ± {error_of(self.percentile):.3f}"
        return [*shares, f"{self.rank.mean():.1f}", percentile, probability(self.p)]


def found(tables: Sequence[np.ndarray]) -> Found:
    """From scores (draws, films, songs) of each fold."""
    rng = np.random.default_rng(SEED)
    beaten = [np.mean([shares_beaten(score) for score in table], axis=0) for table in tables]
    own = np.concatenate([share.diagonal() for share in beaten])
    given = np.zeros(SHUFFLES)
    for share in beaten:
        at = np.arange(len(share))
        given += [share[at, rng.permutation(at)].sum() for _ in range(SHUFFLES)]
    p = (1 + np.sum(given / len(own) >= own.mean())) / (1 + SHUFFLES)
    rank = [
        [ranks(score, np.random.default_rng([SEED, k])) for k, score in enumerate(table)] for table in tables
    ]
    return Found(np.concatenate(rank, axis=1), own, float(p))


def shares_beaten(score: np.ndarray) -> np.ndarray:
    """For each film, the share of the other songs that each song beats; ties half; float (films, songs)."""
    return (rankdata(score, axis=1) - 1) / (score.shape[1] - 1)


def ranks(score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rank of each film's own music among 59 others drawn; ties halfway; float (films,)."""
    count, rank = len(score), []
    for k in range(count):
        others = rng.choice(np.delete(np.arange(count), k), CANDIDATES - 1, replace=False)
        ahead = (score[k, others] > score[k, k]).sum() + 0.5 * (score[k, others] == score[k, k]).sum()
        rank.append(1.0 + ahead)
    return np.array(rank)


def draws_of(pairs: Sequence[Pair], net: MatchNet, where: str) -> dict[str, np.ndarray]:
    """Scores (draws, songs, songs) by each model."""
    each = [all_scores(net, cut_out(pairs, places(pairs, where, k))) for k in range(DRAWS)]
    return {name: np.stack([e[name] for e in each]) for name in MODELS}


def other_songs(judged: Judged, wheres: Sequence[str]) -> list[str]:
    """Own music among that of other songs; songs of a fold among one another."""
    rows = []
    for where in wheres:
        drawn = [draws_of(pairs, net, where) for pairs, net in judged]
        for name in MODELS:
            rows.append(line(where, name, *found([d[name] for d in drawn]).cells()))
        for name in ("**energy**", "energy, harmony and constants"):
            strange = [np.roll(d[name], 1, axis=1) for d in drawn]  # the next film in each one's place
            rows.append(line(where, f"{name}, another film's picture", *found(strange).cells()))
    chance = [f"{100 * k / CANDIDATES:.1f}" for k in TOP]
    return [
        f"Own music among 60 stretches of different songs ({DRAWS} draws; ± standard error over songs):", "",
        *head("stretches", "model", *(f"P@{k} %" for k in TOP), "mean rank", "percentile", "p"),
        line("", "chance", *chance, "30.5", "0.500", ""), *rows,
    ]  # fmt: skip


# --------------------------------------------------------------------------- own song


def own_song(judged: Judged) -> list[str]:
    """Own music among that of the same song at other times."""
    rows = []
    for where, edge_s in (("middle", EDGE_S), ("anywhere", 0)):
        areas: dict[str, list[float]] = {name: [] for name in MOVING}
        other: list[float] = []
        for pairs, net in judged:
            for k, pair in enumerate(pairs):
                first = np.arange(edge_s, pair.seconds - edge_s - LENGTH_S + 1, APART_S)
                far = np.abs(first[:, None] - first) >= LENGTH_S
                if not far.any():
                    continue
                cut = cut_out([pair] * len(first), first.tolist())
                said = all_scores(net, cut)
                for name in MOVING:
                    areas[name].append(area(said[name], far))
                stranger = strange(pairs, k, first)
                if stranger is not None:
                    other.append(area(all_scores(net, Stretches(stranger, cut.music))["**energy**"], far))
        for name, values in (*areas.items(), ("**energy**, another film's picture", other)):
            rows.append(line(where, name, *mean_cells(np.array(values))))
        gain = np.array(areas["**energy**"]) - np.array(areas["motion x loudness"])
        cells = f"{gain.mean():+.3f} ± {error_of(gain):.3f}", probability(sign_test(gain)), str(len(gain))
        rows.append(line(where, "**energy** less motion x loudness", *cells))
    return ["Own music among that of the same song, 24 s or more away:", "",
            *head("stretches", "model", "AUC", "p", "songs"), *rows]  # fmt: skip


def strange(pairs: Sequence[Pair], k: int, first: np.ndarray) -> list[FilmRows] | None:
    """The same seconds of the next film that is long enough."""
    for step in range(1, len(pairs)):
        other = pairs[(k + step) % len(pairs)]
        if other.seconds >= first[-1] + LENGTH_S:
            return cut_out([other] * len(first), first.tolist()).films
    return None


def area(score: np.ndarray, far: np.ndarray) -> float:
    """Share of the candidates that each film's own music beats; ties half; mean over films."""
    own = score.diagonal()[:, None]
    beats = (score < own) + 0.5 * (score == own)
    asked = far.any(axis=1)
    return float(((beats * far).sum(axis=1)[asked] / far.sum(axis=1)[asked]).mean())


def mean_cells(values: np.ndarray) -> list[str]:
    """Mean with its standard error, p, and how many."""
    return [
        f"{values.mean():.3f} ± {error_of(values):.3f}",
        probability(sign_test(values - 0.5)),
        str(len(values)),
    ]


def error_of(values: np.ndarray) -> float:
    """Standard error of the mean."""
    return float(values.std(ddof=1) / len(values) ** 0.5)


def sign_test(difference: np.ndarray) -> float:
    """How often the mean is as high when each song's difference may change its sign."""
    rng = np.random.default_rng(SEED)
    flips = rng.choice((-1.0, 1.0), (SHUFFLES, len(difference))) @ difference / len(difference)
    return float((1 + np.sum(flips >= difference.mean() - 1e-12)) / (1 + SHUFFLES))


def probability(p: float) -> str:
    return f"{p:.4f}" if p > 1 / (1 + SHUFFLES) + 1e-12 else f"< {1 / SHUFFLES:.4f}"


# --------------------------------------------------------------------------- as the figure is


def rearranged(judged: Judged) -> list[str]:
    """A minute of music among its rearrangements."""
    rows = []
    for name in ("energy", "harmony"):
        values: dict[str, list[float]] = {"": [], ", another film's picture": []}
        for pairs, net in judged:
            first = [(p.seconds - MINUTE_S) // 2 for p in pairs]
            cut = cut_out(pairs, first, MINUTE_S)
            for k, music in enumerate(cut.music):
                for said, film in zip(values, (cut.films[k], cut.films[k - 1]), strict=True):
                    values[said].append(match_rows(net, film, music, (name,)).percentile)
        for said, shares in values.items():
            v = np.array(shares)
            top = 100 * np.mean(v >= 1 - 2.5 / 59)
            rows.append(line(name + said, *mean_cells(v), f"{top:.1f}"))
    return ["A minute from the middle against 59 rearrangements of its music:", "",
            *head("model", "percentile", "p", "songs", "top 3 %"), *rows]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="video_match", description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="where networks are kept")
    print(table(parser.parse_args().cache))
