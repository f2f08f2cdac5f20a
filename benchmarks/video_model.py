"""MuVi-Sync -> how well the music's energy and its sections can be told from the picture, beside controls.

Run `python -m benchmarks.video_model [--cache DIR]`.  From nothing it takes about a quarter of an hour on one
quiet core, most of it training; networks are kept in the cache (default `.benchmarks/video_model`) under a
name made of everything they depend on, so that a second run gives the same figures sooner.

Five folds by song: each song is judged by networks that never saw it.  All figures are of seconds.

- R2, CCC: over all seconds of all songs, variance explained and concordance [Lin89]_ of the median.
- within: mean over songs of Pearson's r inside the song; trimmed: without its first and last 15 s.
- gain: trimmed r less that of position alone (ridge regression, the best found); t of the paired differences.
- boundaries: as `video_figures` says.
- excerpts: 60 s from the middle; r inside the excerpt.
- held: share of seconds inside the 80 % band.  Bands of a fold are calibrated on the other folds' answers.
- channels: quantiles over the seconds of all songs, and of real films of other kinds read by `analyze`.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, line
from benchmarks.video_controls import heuristic, regression
from benchmarks.video_figures import Said, chance, pooled, r, sections, trimmed
from tensionbgm.model import energy_batch, energy_fit, energy_net, energy_train, novelty, picture, training
from tensionbgm.model.energy_batch import cropped
from tensionbgm.model.energy_fit import stretches, train_model
from tensionbgm.model.energy_model import SHIPPED, Answer, EnergyModel, ask, at_edge, load_model, save_model
from tensionbgm.model.energy_net import EnergyNet
from tensionbgm.model.muvi_sync import Song, read_songs
from tensionbgm.model.picture import Seconds, channels, seconds_of
from tensionbgm.video.analyze import analyze

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "muvi_sync"
CACHE = ROOT / ".benchmarks" / "video_model"
VIDEOS = ROOT.parent / "shared" / "data" / "videos"
FILMS = (
    "real/sintel_trailer_52s.mp4", "real/bbb_intro_30s.webm", "real/spirit43_summary_16s.mp4",
    "real/home_cockatoo_14s.mp4", "real/talking_man_40s.mp4", "real/traffic_bridge_vfr_20s.mp4",
    "real/football_juggling_10s.mp4", "real/handheld_city_8s.avi", "real/abcabcabc_transitions_27s.mp4",
    "derived/calm_action_calm.mp4", "derived/known_cuts_13shots.mp4", "derived/abaca_near.mp4",
)  # fmt: skip
CHANNEL_NAMES = (
    "log change", "new shot", "shot length",
    *(f"{what} over {s:.0f} s" for s in picture.SMOOTH_S for what in ("change", "cuts")),
    *(f"{what} turns, {s} s" for s in picture.TURN_S for what in ("change", "cuts")),
    "level of change", "level of cuts",
)  # fmt: skip
FOLDS, SEED = 5, 7
EXCERPT_S = 60


def table(keep: Path = CACHE) -> str:
    """Markdown: the model and its controls on five folds, on excerpts and on the official test split."""
    if not DATA.is_dir():
        return f"MuVi-Sync is not at {DATA}; nothing was measured.\n"
    songs = read_songs(DATA)
    folds = np.random.default_rng(SEED).permutation(len(songs)) % FOLDS
    models = [fold_model(songs, folds, fold, keep) for fold in range(FOLDS)]
    judged = Judged(songs, folds, models)
    parts = (five_folds(judged), excerpts(judged), bands(judged), official(songs), films(songs))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# --------------------------------------------------------------------------- networks


def fold_model(songs: list[Song], folds: np.ndarray, fold: int, keep: Path) -> EnergyModel:
    """Networks trained on all folds but one; from the cache, if they were trained so before."""
    keep.mkdir(parents=True, exist_ok=True)
    learnt = [song for song, own in zip(songs, folds, strict=True) if own != fold]
    nets: list[EnergyNet] = []
    for seed in energy_fit.seeds(SEED + fold):
        path = keep / f"fold{fold}-seed{seed}-{recipe()}.safetensors"
        if not path.exists():
            save_model(train_model(learnt, [], [seed], path.with_suffix("")), path, {"fold": str(fold)})
            energy_fit.checkpoints(path.with_suffix(""), 1)[0].unlink(missing_ok=True)
        nets += load_model(path).nets
    return EnergyModel(tuple(nets), np.ones((2, 2)))


@cache
def recipe() -> str:
    """A name for everything the networks depend on: the data and the source that trains."""
    digest = hashlib.sha256((DATA / "muvi_sync.npz").read_bytes())
    for module in (energy_batch, energy_net, energy_train, novelty, picture, training):
        digest.update(inspect.getsource(module).encode())
    digest.update(f"{FOLDS} {SEED}".encode())
    return digest.hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Judged:
    """The songs, and for each the model that never saw it."""

    songs: list[Song]
    folds: np.ndarray
    models: list[EnergyModel]

    def said(self, what: Callable[[EnergyModel, Song, int], Said]) -> list[Said]:
        """A model's word on each song, by number."""
        return [
            what(self.models[fold], song, k)
            for k, (song, fold) in enumerate(zip(self.songs, self.folds, strict=True))
        ]

    def learnt(self, fold: int) -> list[Song]:
        """The songs a fold's model was trained on."""
        return [song for song, own in zip(self.songs, self.folds, strict=True) if own != fold]

    def stranger(self, k: int) -> Song:
        """Another song of the same fold."""
        mates = np.flatnonzero(self.folds == self.folds[k])
        return self.songs[mates[(int(np.searchsorted(mates, k)) + 1) % len(mates)]]


def answer(model: EnergyModel, song: Song, film: Seconds, seen: bool = True, placed: bool = True) -> Said:
    """The networks' word, as a `Said`."""
    total = len(song.energy)
    said = ask(model, film, np.arange(total) + 0.5, total, seen, placed)
    return Said(said.centre, said.loudness, said.boundary)


def stretched(film: Seconds, length: int) -> Seconds:
    """The film, faster or slower, so that it lasts `length` seconds."""
    total = len(film.change)
    at = np.linspace(0, total - 1, length)
    cut = np.unique(np.rint(film.cut * length / total).astype(int))
    return Seconds(np.interp(at, np.arange(total), film.change), cut[(cut > 0) & (cut < length)])


def folded(judged: Judged, seen: bool) -> list[Said]:
    """The regression's word on each song, fitted on the other folds."""
    said: dict[str, Said] = {}
    for fold in range(FOLDS):
        own = [song for song, f in zip(judged.songs, judged.folds, strict=True) if f == fold]
        answers = regression(judged.learnt(fold), own, seen)
        said |= {song.id: x for song, x in zip(own, answers, strict=True)}
    return [said[song.id] for song in judged.songs]


# --------------------------------------------------------------------------- tables


def five_folds(judged: Judged) -> list[str]:
    """All models on all songs."""
    songs = judged.songs
    placed = folded(judged, seen=False)
    flat = [Said(*(np.zeros(len(s.energy)) for _ in range(3))) for s in songs]
    rows = [
        ("constant", flat),
        ("heuristic: change + cuts", [heuristic(s.film) for s in songs]),
        ("position alone, ridge regression", placed),
        ("position and picture, ridge regression", folded(judged, seen=True)),
        (
            "networks, picture hidden: position alone",
            judged.said(lambda m, s, _: answer(m, s, s.film, seen=False)),
        ),
        (
            "networks, another film's picture",
            judged.said(lambda m, s, k: answer(m, s, stretched(judged.stranger(k).film, len(s.energy)))),
        ),
        (
            "networks, position hidden: picture alone",
            judged.said(lambda m, s, _: answer(m, s, s.film, placed=False)),
        ),
        ("**networks**", judged.said(lambda m, s, _: answer(m, s, s.film))),
    ]
    base = trimmed(songs, placed, "energy")
    return [
        f"{len(songs)} songs, {sum(len(s.energy) for s in songs):,} s; five folds by song.",
        "",
        *head(
            "model", "R2", "CCC", "within r", "trimmed r", "gain (t)", "loudness: within", "trimmed",
            "boundaries: AUC", "F@3s",
        ),
        *(line(name, *cells(songs, said, base)) for name, said in rows),
        line("chance", *[""] * 7, "0.500", f"{chance(songs):.3f}"),
    ]  # fmt: skip


def cells(songs: Sequence[Song], said: Sequence[Said], base: np.ndarray) -> list[str]:
    own = trimmed(songs, said, "energy")
    difference = own - base
    spread = float(difference.std(ddof=1)) / len(songs) ** 0.5
    t = f"{difference.mean():+.3f} ({difference.mean() / spread:.1f})" if spread > 0 else ""
    r2, ccc = pooled(songs, said)
    auc, hits = sections(songs, said)
    within = np.mean([r(v.energy, s.energy) for v, s in zip(said, songs, strict=True)])
    loud = np.mean([r(v.loudness, s.loudness) for v, s in zip(said, songs, strict=True)])
    loud_trimmed = trimmed(songs, said, "loudness").mean()
    numbers = (r2, ccc, within, own.mean())
    return [
        *(f"{x:.3f}" for x in numbers), t, f"{loud:.3f}", f"{loud_trimmed:.3f}", f"{auc:.3f}", f"{hits:.3f}",
    ]  # fmt: skip


def excerpts(judged: Judged) -> list[str]:
    """A minute from the middle: no intro, no outro."""
    named: dict[str, list[tuple[float, float]]] = {}
    for song, fold in zip(judged.songs, judged.folds, strict=True):
        model, total = judged.models[fold], len(song.energy)
        first = (total - EXCERPT_S) // 2
        span = slice(first, first + EXCERPT_S)
        film, at = cropped(song.film, first, EXCERPT_S), np.arange(total)[span] + 0.5
        whole = answer(model, song, song.film)
        answers = {
            "heuristic": heuristic(film),
            "networks, position alone": short(ask(model, film, at, total, seen=False)),
            "networks, the minute alone, position hidden": short(ask(model, film, at, total, placed=False)),
            "networks, the minute alone, position known": short(ask(model, film, at, total)),
            "networks, whole song, the minute cut out": Said(
                whole.energy[span], whole.loudness[span], whole.boundary[span]
            ),
        }
        for name, said in answers.items():
            pair = r(said.energy, song.energy[span]), r(said.loudness, song.loudness[span])
            named.setdefault(name, []).append(pair)
    rows = []
    for name, pairs in named.items():
        mean, error = np.mean(pairs, axis=0), np.std(pairs, axis=0) / len(pairs) ** 0.5
        rows.append(line(name, *(f"{m:.3f} ± {e:.3f}" for m, e in zip(mean, error, strict=True))))
    return [f"{EXCERPT_S} s from the middle of each song (± standard error):", "",
            *head("model", "energy: r", "loudness: r"), *rows]  # fmt: skip


def short(said: Answer) -> Said:
    return Said(said.centre, said.loudness, said.boundary)


def bands(judged: Judged) -> list[str]:
    """How often the 80 % band holds, bands calibrated on the other folds."""
    answers = [whole(judged.models[f], s) for s, f in zip(judged.songs, judged.folds, strict=True)]
    pairs = list(zip(answers, judged.songs, strict=True))
    inside: list[tuple[float, float, float, float]] = []
    for fold in range(FOLDS):
        by = stretches(p for p, own in zip(pairs, judged.folds, strict=True) if own != fold)
        for (said, song), own in zip(pairs, judged.folds, strict=True):
            if own == fold:
                inside.append((*held(said, song, by), *held(said, song, np.ones((2, 2)))))
    rows = np.nanmean(inside, axis=0)
    return [
        "Seconds inside the 80 % band (mean over songs):", "", *head("band", "first and last 15 s", "middle"),
        line("as trained", f"{rows[2]:.3f}", f"{rows[3]:.3f}"),
        line("**calibrated**", f"{rows[0]:.3f}", f"{rows[1]:.3f}"),
    ]  # fmt: skip


def whole(model: EnergyModel, song: Song) -> Answer:
    total = len(song.energy)
    return ask(model, song.film, np.arange(total) + 0.5, total)


def held(said: Answer, song: Song, by: np.ndarray) -> tuple[float, float]:
    """Share of the seconds at the ends and in the middle that lie inside the band."""
    edge = at_edge(np.arange(len(song.energy)) + 0.5, len(song.energy))
    row = np.where(edge, 0, 1)
    low, high = said.centre - by[row, 0] * said.below, said.centre + by[row, 1] * said.above
    inside = (song.energy >= low) & (song.energy <= high)
    return float(inside[edge].mean()), float(inside[~edge].mean())


def official(songs: list[Song]) -> list[str]:
    """What ships, on the official splits it was not trained on."""
    model, rows = load_model(SHIPPED), []
    learnt = [song for song in songs if song.split == "train"]
    for split in ("val", "test"):
        own = [song for song in songs if song.split == split]
        answers = [whole(model, song) for song in own]
        said = [short(answer) for answer in answers]
        placed = regression(learnt, own, seen=False)
        base = trimmed(own, placed, "energy")
        band = np.nanmean([held(a, s, model.stretch) for a, s in zip(answers, own, strict=True)], axis=0)
        rows += [
            line(f"{split}, position alone, ridge regression", *cells(own, placed, base), "", ""),
            line(
                f"**{split}, networks**",
                *cells(own, said, base),
                *(f"{share:.3f}" for share in band),
            ),
        ]
    return [
        "The weights that ship, on the official splits (75 songs each; bands were calibrated on *val*):", "",
        *head(
            "split", "R2", "CCC", "within r", "trimmed r", "gain (t)", "loudness: within", "trimmed",
            "boundaries: AUC", "F@3s", "held: ends", "middle",
        ),
        *rows,
    ]  # fmt: skip


def films(songs: list[Song]) -> list[str]:
    """Do films of other kinds look to the network like what it learnt from?"""
    read = [seconds_of(analyze(VIDEOS / name)) for name in FILMS if (VIDEOS / name).is_file()]
    if not read:
        return [f"The films are not at {VIDEOS}; their channels were not measured."]
    learnt = np.concatenate([channels(song.film) for song in songs], axis=1)
    seen = np.concatenate([channels(film) for film in read], axis=1)
    rows = []
    for name, known, new in zip(CHANNEL_NAMES, learnt, seen, strict=True):
        low, high = np.quantile(known, [0.01, 0.99])
        share = np.mean((new >= low - 1e-6) & (new <= high + 1e-6))
        quantiles = (
            " ".join(f"{q:+.2f}" for q in np.quantile(x, [0.05, 0.25, 0.5, 0.75, 0.95])) for x in (known, new)
        )
        rows.append(line(name, *quantiles, f"{share:.2f}"))
    return [
        f"Channels of the songs, and of {len(read)} films of other kinds ({seen.shape[1]} s): quantiles 5, "
        "25, 50, 75, 95 %; share of the films' seconds inside the songs' 1 to 99 %:", "",
        *head("channel", "songs", "films", "inside"), *rows,
    ]  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="video_model", description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="where networks are kept")
    print(table(parser.parse_args().cache))
