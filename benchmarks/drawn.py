"""Thirty drawn curves -> how far the written music follows each of them, beside controls.

`table()` gives Markdown; `python -m benchmarks drawn` prints it.  A curve is laid over a film of half a
minute to a minute and a half that exists only as its cuts and sections, half of them with a section that
returns; music is planned, composed and shaped as `score` does it, written as MIDI and read back.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.job import FILMS
from benchmarks.markdown import head, line
from tensionbgm.config import Ask, Effort
from tensionbgm.forms import Curve, Form, Piece, Plan, Section, Shots
from tensionbgm.music import scale
from tensionbgm.music.notes import Notes, read_midi
from tensionbgm.music.tension import Profile, measure, moment_profile
from tensionbgm.music.windows import windows
from tensionbgm.plan.grid import plan_grid
from tensionbgm.plan.key import Mood
from tensionbgm.plan.plan import plan_piece
from tensionbgm.render.midi import write_midi
from tensionbgm.report.fit import pearson
from tensionbgm.report.rules import BACH, rule_counts
from tensionbgm.search.dynamics import rms, shape_dynamics
from tensionbgm.search.run import compose, unsearched

TONAL = ("diameter", "momentum", "strain")
LENGTHS_S = (30.0, 60.0, 90.0)
POINTS = 400
FORMS = ("ABCD", "ABAC", "ABCA", "ABCB")
RATED = 8
SPLINES = 8
# What is asked for in nine cases of ten: correlations at least so high, errors at most so large.
BARS = {"r": 0.95, "rmse": 0.08, **dict.fromkeys(TONAL, 0.90)}

Shape = Callable[[np.ndarray], np.ndarray]
SHAPES: dict[str, Shape] = {
    "ramp up": lambda t: t,
    "ramp down": lambda t: 1 - t,
    "ramp up, from .3 to .7": lambda t: 0.3 + 0.4 * t,
    "step up": lambda t: np.where(t < 0.5, 0.2, 0.8),
    "step down": lambda t: np.where(t < 0.4, 0.85, 0.15),
    "stairs": lambda t: 0.1 + 0.27 * np.floor(t * 3.999),
    "arch": lambda t: np.sin(np.pi * t),
    "valley": lambda t: 0.9 - 0.8 * np.sin(np.pi * t),
    "late arch": lambda t: np.sin(np.pi * t**2.2),
    "early arch": lambda t: np.sin(np.pi * t**0.45),
    "two arches": lambda t: np.abs(np.sin(2 * np.pi * t)),
    "sawtooth": lambda t: 0.1 + 0.8 * (3 * t % 1),
    "sawtooth, falling": lambda t: 0.9 - 0.8 * (2 * t % 1),
    "plateau": lambda t: np.clip(4 * np.minimum(t, 1 - t), 0, 1) * 0.8 + 0.1,
}


@dataclass(frozen=True)
class Case:
    """A curve over a film."""

    name: str
    curve: Curve
    form: Form
    shots: Shots
    seed: int


@dataclass(frozen=True)
class Fit:
    """What came of it."""

    name: str
    figures: dict[str, float | None]
    faults: dict[str, float]

    @property
    def met(self) -> dict[str, bool]:
        """Whether each figure is as good as asked."""
        met = {}
        for name, bar in BARS.items():
            value = self.figures[name]
            met[name] = value is not None and (value <= bar if name == "rmse" else value >= bar)
        return met


def cases() -> list[Case]:
    """The thirty; fewer where the rated pieces are not at hand."""
    return [_case(k, name, value) for k, (name, value) in enumerate(_shapes())]


def _shapes() -> Iterator[tuple[str, np.ndarray]]:
    at = np.linspace(0, 1, POINTS)
    for name, shape in SHAPES.items():
        yield name, np.clip(shape(at), 0, 1)
    for k in range(SPLINES):
        rng = np.random.default_rng(100 + k)
        knots = np.linspace(0, 1, int(rng.integers(4, 9)))
        yield f"random spline {k + 1}", _spline(knots, rng.uniform(0.05, 0.95, len(knots)), at)
    yield from itertools.islice(_rated(at), RATED)


def _spline(knots: np.ndarray, value: np.ndarray, at: np.ndarray) -> np.ndarray:
    from scipy.interpolate import PchipInterpolator

    return np.clip(PchipInterpolator(knots, value)(at), 0, 1)


def _rated(at: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Mean tension ratings of real pieces, smoothed over a fortieth of the piece and put on 0.05..0.95."""
    folder = FILMS.parent / "tension_ratings" / "tensemusic"
    for path in sorted(folder.glob("filtered10hz_*.npz")):
        with np.load(path, allow_pickle=False) as data:
            ratings = next(data[k] for k in data.files if data[k].ndim == 2)
        mean = np.nanmean(ratings, axis=int(np.argmin(ratings.shape)))
        trace = np.interp(at, np.linspace(0, 1, len(mean)), mean)
        trace = np.convolve(np.pad(trace, 5, mode="edge"), np.ones(11) / 11, mode="valid")
        yield (
            f"rated {path.stem.removeprefix('filtered10hz_')}",
            0.05 + 0.9 * (trace - trace.min()) / np.ptp(trace),
        )


def _case(k: int, name: str, value: np.ndarray) -> Case:
    rng, end_s = np.random.default_rng(k), LENGTHS_S[k % len(LENGTHS_S)]
    label = FORMS[k % len(FORMS)]
    edge = np.concatenate([[0], np.cumsum(rng.uniform(0.7, 1.3, len(label)))])
    edge *= end_s / edge[-1]
    sections = tuple(
        Section(letter, float(a), float(b), label.index(letter) if label.index(letter) < i else None)
        for i, (letter, (a, b)) in enumerate(zip(label, itertools.pairwise(edge), strict=True))
    )
    inner = rng.uniform(1, end_s - 1, int(end_s / 8))
    cut_s = np.unique(np.round(np.concatenate([edge[1:-1], inner]) * 25) / 25)
    shots = Shots(cut_s, rng.uniform(0.3, 1, len(cut_s)), np.zeros((0, 2)), cut_s)
    curve = Curve(np.linspace(0, end_s, len(value)), np.asarray(value, float), "drawn")
    return Case(name, curve, Form(sections), shots, seed=k)


def planned(case: Case) -> Plan:
    """The plan `score` would make for such a film."""
    ask, end_s = Ask(seed=case.seed), float(case.curve.time_s[-1])
    energy = float(case.curve.mean(0.0, end_s))
    grid = plan_grid(case.form, case.shots, end_s, ask, preferred_bpm=80 + 44 * energy)
    valence = float(np.random.default_rng(case.seed).uniform(-1, 1))
    return plan_piece(grid, case.curve, ask, Mood(valence, energy), case.name)


def written(piece: Piece) -> Notes:
    """The notes of a piece, written to a file and read back."""
    with tempfile.TemporaryDirectory() as folder:
        write_midi(piece, Path(folder) / "music.mid")
        return read_midi(Path(folder) / "music.mid")


def judge(name: str, plan: Plan, notes: Notes) -> Fit:
    """Fit of the written notes to the plan's curve: sliding bars for the whole, bars for what is tonal."""
    profile = moment_profile(notes)
    asked = plan.curve.mean(profile.start_s, profile.end_s)
    bars = bar_levels(notes, profile)
    edge_s = plan.grid.bar_us / 1e6
    by_bar = plan.curve.mean(edge_s[:-1], edge_s[1:])
    rules = rule_counts(notes, plan.parts)["per_100_notes"]
    pairs = {c: (by_bar[: len(bars[c])], bars[c][: len(by_bar)]) for c in TONAL}
    pairs["momentum"] = (pairs["momentum"][0][1:], pairs["momentum"][1][1:])  # nothing came before the first
    figures = {
        "r": pearson(asked, profile.intensity),
        "rmse": rms(asked - profile.intensity),
        **{c: pearson(*pairs[c]) for c in TONAL},
        **{f"{c} rmse": rms(pairs[c][0] - pairs[c][1]) for c in TONAL},
        "reversed": pearson(asked[::-1], profile.intensity),
        "faults": sum(rules[fault] for fault in BACH),
    }
    return Fit(name, figures, {fault: rules[fault] for fault in BACH})


def bar_levels(notes: Notes, profile: Profile) -> dict[str, np.ndarray]:
    """Levels of the components of tonal tension in each bar of the file, float (n_bars,) each."""
    raw = measure(notes, profile.keys, windows(notes, "bar"), TONAL)
    return {name: scale.level(name, value) for name, value in raw.items()}


def composed(case: Case, effort: str = "draft") -> tuple[Fit, Fit]:
    """The finished piece, and the same plan before anything was searched."""
    plan = planned(case)
    piece = shape_dynamics(compose(plan, Effort(effort=effort)))
    return judge(case.name, plan, written(piece)), judge(case.name, plan, written(unsearched(plan)))


def table() -> str:
    """Markdown: a row a curve, the share that meets what is asked, and the faults beside Bach's."""
    return "\n".join(_lines([composed(case, "normal") for case in cases()]))


def _lines(pairs: list[tuple[Fit, Fit]]) -> list[str]:
    heads = ["curve", "r", "RMSE", *(f"{c} r" for c in TONAL), *(f"{c} RMSE" for c in TONAL), "faults"]
    heads += ["reversed r", "unoptimised r", "unoptimised RMSE"]
    lines = head(*heads)
    names = ["r", "rmse", *TONAL, *(f"{c} rmse" for c in TONAL), "faults", "reversed"]
    for fit, control in pairs:
        cells = [_number(fit.figures[name]) for name in names]
        cells += [_number(control.figures[name]) for name in ("r", "rmse")]
        lines.append(line(fit.name, *cells))
    mean = [_mean([fit.figures[name] for fit, _ in pairs]) for name in names]
    mean += [_mean([control.figures[name] for _, control in pairs]) for name in ("r", "rmse")]
    lines.append(line("**mean**", *mean))
    lines += ["", "Share that meets what is asked: " + _shares([fit for fit, _ in pairs]), ""]
    faults = [
        f"{fault.replace('_', ' ')} {np.mean([f.faults[fault] for f, _ in pairs]):.3f} ({BACH[fault]:.3f})"
        for fault in BACH
    ]
    return [*lines, "Faults per 100 notes, mean, and in Bach's chorales: " + ", ".join(faults) + "."]


def _shares(fits: list[Fit]) -> str:
    return ", ".join(
        f"{name} {'<=' if name == 'rmse' else '>='} {bar}: {100 * np.mean([f.met[name] for f in fits]):.0f} %"
        for name, bar in BARS.items()
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _mean(values: list[float | None]) -> str:
    return _number(float(np.mean([v for v in values if v is not None])))


if __name__ == "__main__":
    print(table())
