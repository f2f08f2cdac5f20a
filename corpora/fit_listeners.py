"""Folders of listeners' ratings -> listeners.json: what each component of tension weighs.

Run `python -m tensionbgm.corpora.fit_listeners RATINGS -o corpora/listeners.json`; RATINGS holds the sets
`tensemusic` [BRP24]_ and `navarro2020_progressions` [NCBSM20]_.

The model is that of `music.salience.integrate`.  Its weights are the non-negative ridge solution for the
deviations from each piece's mean, every piece counting alike within its set; then `SHRINK` of them is
replaced by `BELIEF`, for what these ratings cannot tell: the velocities of a transcription are its
confidence, and say nothing of loudness, which weighs most where it was measured [BRP24]_ [Farbood12]_.
How late each set's raters are is chosen from a short list by the mean correlation with the pieces fitted.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.music import tension
from tensionbgm.music.notes import Notes, read_midi
from tensionbgm.music.salience import Term, Weights, integrate
from tensionbgm.music.windows import windows

SCALE = {  # component: how long it is felt [s], and the raw values that count as 0 and 1
    "loudness": (6.0, -20.0, 10.0),
    "density": (6.0, 0.0, 5.0),
    "turnover": (6.0, 0.0, 4.0),
    "top": (12.0, 48.0, 100.0),
    "roughness": (0.5, 0.0, 0.8),
    "key_distance": (0.5, 0.0, 1.6),
}
BELIEF = {
    "loudness": 0.35,
    "density": 0.10,
    "turnover": 0.10,
    "top": 0.20,
    "roughness": 0.15,
    "key_distance": 0.10,
}
SHRINK = 0.25
RIDGE = 0.05  # of the variance that a component's level has on average
BUILT_SHARE, BUILT_S = 0.3, 30.0
SETS = {  # weight; how late raters may be [s]; when their sliders have left the place they rested at [s]
    "tensemusic": (1.0, (0.0, 1.0, 2.0, 3.0), 3.0),
    "navarro2020": (0.2, (0.0, 0.5, 1.0), 2.0),
}
WINDOW_S = 1.0  # the components are measured over windows this long, one after another
STEP_S = 0.25  # model and ratings are compared this often

Design = tuple[np.ndarray, np.ndarray]  # components (n, c) and tension (n,) at the same moments


@dataclass(frozen=True, eq=False)
class Rated:
    """A piece, and how tense listeners found it."""

    name: str
    set: str
    work: str  # pieces of one work are never split between fitting and testing
    raw: dict[str, np.ndarray]  # float (w,) by component
    raw_s: np.ndarray  # float (w,): end of each window [s]
    time_s: np.ndarray  # float (t,)
    ratings: np.ndarray  # float (t, raters); nan where a rater said nothing

    @functools.cached_property
    def tension(self) -> np.ndarray:
        """Mean of the raters, each standardised first, so that all count alike, float (t,)."""
        away = self.ratings - np.nanmean(self.ratings, axis=0)
        spread = np.nanstd(away, axis=0)
        return self.mean(away[:, spread > 0] / spread[spread > 0])

    def mean(self, ratings: np.ndarray) -> np.ndarray:
        """Mean over raters (t, r) -> (t,), interpolated where nobody says anything."""
        said = np.isfinite(ratings).any(axis=1)
        return np.interp(self.time_s, self.time_s[said], np.nanmean(ratings[said], axis=1))


def components(notes: Notes) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every raw component of a piece, and when each window ends [s]."""
    keys, _ = tension.keys_of(notes)
    over = windows(notes, WINDOW_S)
    return tension.measure(notes, keys, over), notes.seconds(over.end_quarter)


# --------------------------------------------------------------------------- ratings


def read_ratings(folder: Path) -> list[Rated]:
    """Every rated piece of both sets.

    Raises
    ------
    InputError
        a set is missing
    """
    for name in ("tensemusic", "navarro2020_progressions"):
        if not (folder / name).is_dir():
            raise InputError(f"{folder}: has no folder {name}; give the folder of rating sets")
    return [*tensemusic(folder / "tensemusic"), *navarro(folder / "navarro2020_progressions")]


def tensemusic(folder: Path) -> list[Rated]:
    """Excerpts of a minute or two, their MIDI transcribed from the recording [BRP24]_.

    The raw ratings, or the filtered ones of a piece that has no others.
    """
    pieces, seen = [], set()
    for path in sorted(folder.glob("raw_*.npz")):
        with np.load(path) as table:
            audio = Path(str(table["piece"])).stem
            ratings, time_s = table["ratings"].astype(float), table["time"].astype(float)
        seen.add(audio)
        pieces.append(_transcribed(folder, path.stem.removeprefix("raw_"), audio, time_s, ratings))
    for path in sorted(folder.glob("filtered10hz_*.npz")):
        audio = path.stem.removeprefix("filtered10hz_")
        if audio not in seen:
            with np.load(path) as table:
                ratings, time_s = table["ratings"].astype(float), table["time"].astype(float)
            pieces.append(_transcribed(folder, audio, audio, time_s, ratings))
    return pieces


def _transcribed(folder: Path, name: str, audio: str, time_s: np.ndarray, ratings: np.ndarray) -> Rated:
    notes = read_midi(folder / "midi_basic_pitch" / f"{audio}.mid")
    raw, raw_s = components(notes)
    composer = name.lower().split("_")[0]
    within = time_s <= notes.end_s
    return Rated(name, "tensemusic", composer, raw, raw_s, time_s[within], ratings[within])


def navarro(folder: Path) -> list[Rated]:
    """Chord progressions, rated four times a second; series of different lengths end together [NCBSM20]_.

    Progression 3 is left out: its MIDI file holds progression 9.
    """
    series: dict[int, list[np.ndarray]] = {}
    for path in sorted(folder.glob("p*.txt")):
        for number, text in re.findall(r"AUDIO/e(\d+)\.wav([^;A]*)", path.read_text(encoding="utf-8")):
            series.setdefault(int(number), []).append(np.array(text.split(), float))
    works = {8: 2, 10: 4, 11: 4}  # these share most of their chords
    pieces = []
    for number in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12):
        longest = max(map(len, series[number]))
        ratings = np.full((longest, len(series[number])), np.nan)
        for rater, values in enumerate(series[number]):
            ratings[longest - len(values) :, rater] = values
        raw, raw_s = components(read_midi(folder / "midi" / f"Progression{number}.mid"))
        work = f"progression {works.get(number, number)}"
        pieces.append(Rated(f"P{number}", "navarro2020", work, raw, raw_s, np.arange(longest) / 4, ratings))
    return pieces


# --------------------------------------------------------------------------- fitting


def fit(
    pieces: list[Rated], built_share: float = BUILT_SHARE, shrink: float = SHRINK, smoothing: float = 1.0
) -> Weights:
    """The weights that follow these pieces' ratings best.

    Parameters
    ----------
    pieces : list of Rated
        of one set or more
    built_share : float
        as in `Weights`
    shrink : float
        share of `BELIEF` in the weights, 0..1
    smoothing : float
        factor on all time constants, >= 0

    Returns
    -------
    weights : Weights
        its lag is that of the first piece's set
    """
    sets = list(dict.fromkeys(piece.set for piece in pieces))
    best, found, lag = -np.inf, np.zeros(len(SCALE)), 0.0
    for lags in itertools.product(*(SETS[name][1] for name in sets)):
        lag_s = dict(zip(sets, lags, strict=True))
        designs = [(p.set, design(p, lag_s[p.set], built_share, smoothing)) for p in pieces]
        weight = solve(designs)
        score = float(np.mean([SETS[name][0] * correlation(x @ weight, y) for name, (x, y) in designs]))
        if score > best:
            best, found, lag = score, weight / max(float(weight.sum()), 1e-12), lags[0]
    mixed = (1 - shrink) * found + shrink * np.array([BELIEF[name] for name in SCALE])
    return Weights(terms(mixed, smoothing), built_share, BUILT_S, WINDOW_S, lag)


def terms(weight: np.ndarray, smoothing: float = 1.0) -> dict[str, Term]:
    """Terms of the model with these weights, in the order of `SCALE`."""
    return {
        name: Term(float(w), smoothing * time_s, calm, tense)
        for (name, (time_s, calm, tense)), w in zip(SCALE.items(), weight, strict=True)
    }


@functools.cache
def design(piece: Rated, lag_s: float, built_share: float, smoothing: float) -> Design:
    """Each component as the model integrates it, and the tension reported `lag_s` later."""
    at, columns = moments(piece, lag_s), []
    for name, term in terms(np.ones(len(SCALE)), smoothing).items():
        alone = Weights({name: term}, built_share, BUILT_S, WINDOW_S, 0.0)
        column = integrate(alone.levels(piece.raw), piece.raw_s, alone)
        columns.append(np.interp(at, piece.raw_s, column))
    return np.stack(columns, axis=1), np.interp(at + lag_s, piece.time_s, piece.tension)


def moments(piece: Rated, lag_s: float) -> np.ndarray:
    """When model and ratings are compared, on the model's clock, float (n,) [s]."""
    end_s = min(piece.raw_s[-1], piece.time_s[-1] - lag_s)
    return np.arange(SETS[piece.set][2], end_s, STEP_S)


def solve(designs: list[tuple[str, Design]]) -> np.ndarray:
    """Non-negative ridge regression of standardised tension on components, float (c,)."""
    from scipy.optimize import nnls

    count = len(designs[0][1][0].T)
    square, product, spread = np.zeros((count, count)), np.zeros(count), 0.0
    for name, (x, y) in designs:
        share = SETS[name][0] / sum(other == name for other, _ in designs)
        x, y = x - x.mean(axis=0), y - y.mean()
        square += share * x.T @ x / len(x)
        product += share * x.T @ y / len(x) / max(float(y.std()), 1e-9)
        spread += share * float(np.mean(x.var(axis=0)))
    root = np.linalg.cholesky(square + RIDGE * spread * np.eye(count)).T
    return nnls(root, np.linalg.solve(root.T, product))[0]


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's r; 0 where either does not change."""
    return float(np.corrcoef(x, y)[0, 1]) if min(x.std(), y.std()) > 1e-12 else 0.0


def as_json(weights: Weights, pieces: list[Rated]) -> dict[str, Any]:
    """The table that ships."""
    sets = {name: sum(piece.set == name for piece in pieces) for name in SETS}
    rows = {
        name: dataclasses.asdict(term) | {"weight": round(term.weight, 6)}
        for name, term in weights.terms.items()
    }
    rest = {name: getattr(weights, name) for name in ("built_share", "built_s", "step_s", "lag_s")}
    return {"pieces": sets, "terms": rows, **rest}


def main() -> None:
    """Fit the weights to the ratings in the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="fit_listeners", description=__doc__.splitlines()[0])
    parser.add_argument("ratings", type=Path, help="folder with tensemusic and navarro2020_progressions")
    parser.add_argument("-o", "--out", type=Path, default=Path("listeners.json"))
    args = parser.parse_args()
    pieces = read_ratings(args.ratings)
    args.out.write_text(json.dumps(as_json(fit(pieces), pieces), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
