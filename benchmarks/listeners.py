"""Rated pieces -> how well models of tension follow listeners they were not fitted to, beside controls.

Run `python -m benchmarks.listeners`.

Each figure is a mean over pieces of the correlation between a model and the mean of the raters.  Models
are fitted to all pieces but those of one composer (of one progression and its like) and tested there:
weights and lag, that is; the constants in `fit_listeners` were settled with these figures in sight.
*Detrended* is Spearman's r after a straight line is taken from both: tension mostly rises through an
excerpt, and what merely rises gets a good r for nothing.  Intervals are of 95 %, by drawing composers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm.corpora import fit_listeners
from tensionbgm.corpora.fit_listeners import SCALE, Rated, correlation, fit, moments, terms
from tensionbgm.music.salience import Weights, integrate, smooth, trend_salience

RATINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "tension_ratings"
EXCERPTS, CHORDS = "tensemusic", "navarro2020"
LAG_S = 2.0  # for what is not fitted
DRAWS = 2000
FARBOOD = {"density": 2.0, "top": 3.0, "loudness": 3.0, "roughness": 1.0}  # [Farbood12]_
TENSEMUSIC = {"loudness": 0.49, "top": 0.21, "roughness": 0.14, "strain": 0.07, "density": -0.02}  # [BRP24]_
MULTISCALE = {  # [BRP24]_: weight, attentional window, memory window [s]
    "loudness": (0.47, 3.0, 3.0),
    "top": (0.10, 5.0, 12.0),
    "strain": (0.20, 7.0, 12.0),
    "roughness": (0.07, 3.0, 4.0),
}


@dataclass(frozen=True)
class Tested:
    """What a model says of a piece, and how late it expects the raters to be."""

    piece: Rated
    value: np.ndarray  # float (w,), at piece.raw_s
    lag_s: float


Model = Callable[[Rated, Weights], np.ndarray]


def table() -> str:
    """Markdown: models and controls.  Takes a minute or two."""
    if not RATINGS.is_dir():
        return f"The listeners' ratings are not at {RATINGS}; nothing was measured.\n"
    pieces = fit_listeners.read_ratings(RATINGS)
    composers = len({p.work for p in pieces if p.set == EXCERPTS})
    lines = [
        f"{count(pieces, EXCERPTS)} excerpts by {composers} composers, transcribed to MIDI, and "
        f"{count(pieces, CHORDS)} chord progressions. Nothing was fitted on what it is tested on, unless it "
        "says in-sample: weights and lag come from other works (time constants and shares are the same for "
        "all, and were settled with these figures in sight). Detrended: what is left of Spearman's r once "
        "a straight line is taken from both, for tension mostly rises through an excerpt. Intervals: 95 %.",
        "",
        "| model | excerpts: Spearman | Pearson | Spearman, plain mean of raters | detrended "
        "| chords: Spearman | Pearson |",
        "|---|---|---|---|---|---|---|",
        *(row(name, tested) for name, tested in models(pieces)),
        "",
        "| control | Spearman |",
        "|---|---|",
        *(f"| {name} | {interval(*found)} |" for name, found in controls(pieces)),
    ]
    return "\n".join(lines) + "\n"


# --------------------------------------------------------------------------- models


def models(pieces: list[Rated]) -> list[tuple[str, list[Tested]]]:
    """Every model and what it says of every piece."""
    shipped = held_out(pieces, felt)
    late = [dataclasses.replace(t, lag_s=0.0) for t in shipped]
    within = fit(pieces)
    free = [Tested(p, felt(p, fit([p], shrink=0.0)), within.lag_s) for p in pieces]
    single = [(f"only {name}, smoothed", unfitted(pieces, alone(name))) for name in SCALE]
    return [
        ("**shipped: smoothed sum, a share built up**", shipped),
        ("the same, without the raters' lag", late),
        ("the same, not starting from silence", held_out(pieces, lambda p, w: felt(p, w, False))),
        ("nothing built up", held_out(pieces, felt, built_share=0.0)),
        (
            "static sum: nothing smoothed, nothing built up",
            held_out(pieces, felt, built_share=0.0, smoothing=0.0),
        ),
        ("fitted alone, nothing believed beforehand", held_out(pieces, felt, shrink=0.0)),
        ("trend salience, the shipped model's weights", held_out(pieces, salience)),
        ("trend salience, weights of Farbood 2012", unfitted(pieces, trends(FARBOOD))),
        ("trend salience, weights of TenseMusic", unfitted(pieces, trends(TENSEMUSIC))),
        ("the same at several time scales", unfitted(pieces, multiscale)),
        ("only time since the start", unfitted(pieces, lambda p: p.raw_s)),
        *single,
        ("shipped weights, in-sample", [Tested(p, felt(p, within), within.lag_s) for p in pieces]),
        ("weights of each piece's own, in-sample bound", free),
    ]


def held_out(pieces: list[Rated], model: Model, **settings: float) -> list[Tested]:
    """The model's word on each piece, fitted to the pieces of other works."""
    tested = []
    for work in dict.fromkeys((p.set, p.work) for p in pieces):
        weights = fit([p for p in pieces if (p.set, p.work) != work], **settings)
        tested += [Tested(p, model(p, weights), weights.lag_s) for p in pieces if (p.set, p.work) == work]
    return tested


def unfitted(pieces: list[Rated], model: Callable[[Rated], np.ndarray]) -> list[Tested]:
    """The word of a model that has nothing to fit."""
    return [Tested(p, model(p), LAG_S) for p in pieces]


def felt(piece: Rated, weights: Weights, from_silence: bool = True) -> np.ndarray:
    """The composite."""
    return integrate(weights.levels(piece.raw), piece.raw_s, weights, from_silence)


def salience(piece: Rated, weights: Weights) -> np.ndarray:
    """Trend salience of the levels, with the composite's weights."""
    by_name = {name: term.weight for name, term in weights.terms.items()}
    return trend_salience(weights.levels(piece.raw), piece.raw_s, by_name)


def trends(weight: dict[str, float]) -> Callable[[Rated], np.ndarray]:
    """Trend salience of raw components, with these weights."""
    return lambda piece: trend_salience(piece.raw, piece.raw_s, weight)


def multiscale(piece: Rated) -> np.ndarray:
    """TenseMusic's sum of each feature's own trend salience."""
    value = np.zeros(len(piece.raw_s))
    for name, (weight, attention_s, memory_s) in MULTISCALE.items():
        value += weight * trend_salience(piece.raw, piece.raw_s, {name: 1.0}, attention_s, memory_s)
    return value


def alone(name: str) -> Callable[[Rated], np.ndarray]:
    """One component, smoothed as the shipped model does."""
    term = terms(np.ones(len(SCALE)))[name]
    return lambda piece: smooth(term.level(piece.raw[name]), piece.raw_s, term.time_s)


# --------------------------------------------------------------------------- scores


def row(name: str, tested: list[Tested]) -> str:
    excerpts = [t for t in tested if t.piece.set == EXCERPTS]
    chords = [t for t in tested if t.piece.set == CHORDS]
    works = [t.piece.work for t in excerpts]
    pairs = [pair(t) for t in excerpts]
    plain = [pair(t, t.piece.mean(t.piece.ratings)) for t in excerpts]
    near = [pair(dataclasses.replace(t, lag_s=0.0)) for t in chords]
    cells = [
        interval([spearman(x, y) for x, y in pairs], works),
        interval([correlation(x, y) for x, y in pairs], works),
        f"{np.mean([spearman(x, y) for x, y in plain]):.2f}",
        interval([spearman(detrended(x), detrended(y)) for x, y in pairs], works),
        interval([spearman(x, y) for x, y in near], [t.piece.work for t in chords]),
        f"{np.mean([correlation(x, y) for x, y in near]):.2f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def pair(tested: Tested, tension: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Model and raters (default: each standardised) at the same moments of the music."""
    piece, at = tested.piece, moments(tested.piece, tested.lag_s)
    said = piece.tension if tension is None else tension
    return np.interp(at, piece.raw_s, tested.value), np.interp(at + tested.lag_s, piece.time_s, said)


def controls(pieces: list[Rated]) -> list[tuple[str, tuple[list[float], list[str]]]]:
    """The shipped model on excerpts against ratings that are not theirs; and one rater against the others."""
    shipped = [t for t in held_out(pieces, felt) if t.piece.set == EXCERPTS]
    works = [t.piece.work for t in shipped]
    own = [pair(t) for t in shipped]
    other, turned = [], []
    for t, (x, y) in zip(shipped, own, strict=True):
        strange = [
            stretched(v, len(x))
            for u, (_, v) in zip(shipped, own, strict=True)
            if u.piece.work != t.piece.work
        ]
        other.append(float(np.mean([spearman(x, v) for v in strange])))
        turns = np.linspace(0.25, 0.75, 11) * len(y)
        turned.append(float(np.mean([spearman(x, np.roll(y, int(by))) for by in turns])))
    raters, plain = zip(*(one_against_others(t.piece) for t in shipped), strict=True)
    chords = [p for p in pieces if p.set == CHORDS]
    return [
        ("shipped model, ratings of another piece, stretched to length", (other, works)),
        ("shipped model, its ratings turned by a quarter to three quarters", (turned, works)),
        ("one rater against the mean of the others", (list(raters), works)),
        ("the same, detrended", (list(plain), works)),
        (
            "chords: one rater against the mean of the others",
            ([one_against_others(p)[0] for p in chords], [p.work for p in chords]),
        ),
    ]


def one_against_others(piece: Rated) -> tuple[float, float]:
    """Mean over raters of Spearman's r with the mean of the others, as it is and detrended."""
    at = moments(piece, 0.0)
    found = []
    for rater in range(piece.ratings.shape[1]):
        own = piece.ratings[:, rater : rater + 1]
        if np.isfinite(own).mean() < 0.5 or np.nanstd(own) == 0:
            continue
        one = np.interp(at, piece.time_s, piece.mean(own))
        rest = np.interp(at, piece.time_s, piece.mean(np.delete(piece.ratings, rater, axis=1)))
        found.append((spearman(one, rest), spearman(detrended(one), detrended(rest))))
    raw, flat = np.mean(found, axis=0)
    return float(raw), float(flat)


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    from scipy.stats import rankdata

    return correlation(rankdata(np.round(x, 9)), rankdata(np.round(y, 9)))


def detrended(x: np.ndarray) -> np.ndarray:
    """Without its least-squares line."""
    at = np.arange(len(x)) - (len(x) - 1) / 2
    return x - x.mean() - at * (at @ x) / (at @ at)


def stretched(x: np.ndarray, length: int) -> np.ndarray:
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(x)), x)


def interval(values: list[float], works: list[str]) -> str:
    """Mean and its 95 % interval, drawing works with replacement."""
    rng = np.random.default_rng(0)
    value, names = np.asarray(values), sorted(set(works))
    members = [value[np.array([w == name for w in works])] for name in names]
    sums, sizes = np.array([m.sum() for m in members]), np.array([len(m) for m in members])
    drawn = rng.integers(0, len(names), (DRAWS, len(names)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return f"{value.mean():.2f} ({low:.2f} to {high:.2f})"


def count(pieces: list[Rated], name: str) -> int:
    return sum(p.set == name for p in pieces)


if __name__ == "__main__":
    print(table())
