"""Lists of cuts for `benchmarks.grid`: the constructed films', and 200 random ones of four kinds (seeded).

Kinds: *uniform*: cuts anywhere; *bursty*: clusters of quick cuts between long shots; *regular*: one cut every
so many seconds, a period that no usual tempo divides; *edited*: shots of log-normal length, half of the films
with sections that return.  10 s to 10 min, 1 to 150 cuts, on the frames of 23.976 to 60 a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from tensionbgm.forms import Form, Section

DERIVED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "videos" / "derived"
KINDS = ("uniform", "bursty", "regular", "edited")
EACH = 50
RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60))
LEAST_SHOT_S = 0.5  # mean; quicker films are a strobe


@dataclass(frozen=True)
class Film:
    """A list of cuts."""

    name: str
    kind: str
    cut_s: np.ndarray
    strength: np.ndarray
    duration_s: float
    frame_s: float
    form: Form


def films() -> Iterator[Film]:
    """The constructed films that have a cut, then the random ones."""
    for path in sorted(DERIVED.glob("*.gt.json")):
        truth = json.loads(path.read_text())
        cuts, duration = np.array(truth["hard_cuts_s"], float), truth.get("duration_s")
        if len(cuts) and duration and "vfr" not in path.name:
            name, frame = path.name.removesuffix(".gt.json"), 1 / float(Fraction(truth["fps"]))
            yield Film(name, "constructed", cuts, np.ones(len(cuts)), duration, frame, whole(duration))
    for kind in KINDS:
        for index in range(EACH):
            yield random_film(kind, index)


def random_film(kind: str, index: int) -> Film:
    """Film `index` of a kind; the same on every machine."""
    rng = np.random.default_rng([2024, KINDS.index(kind), index])
    frame = 1 / RATES[rng.integers(len(RATES))]
    duration = float(round(np.exp(rng.uniform(np.log(10), np.log(600))) / frame) * frame)
    most = min(150, int(duration / LEAST_SHOT_S))
    count = round(float(np.exp(rng.uniform(0, np.log(most)))))
    raw = _MOMENTS[kind](rng, duration, count)
    numbers = np.unique(np.rint(raw / float(frame)).astype(int))
    cuts = np.array([float(n * frame) for n in numbers if 0 < n * frame < duration - 0.5])
    form = returning(rng, cuts, duration) if kind == "edited" and index % 2 else whole(duration)
    strength = rng.uniform(0.4, 1, len(cuts))
    return Film(f"{kind} {index}", kind, cuts, strength, duration, float(frame), form)


def five_minutes(labels: str) -> Film:
    """A film of 5 minutes with 100 cuts; in sections, from cut to cut, if there are labels."""
    rng = np.random.default_rng(5)
    cuts = np.sort(np.rint(rng.uniform(2, 298, 100) * 25) / 25)
    edges = [0.0, *cuts[:: 100 // len(labels)][1 : len(labels)].tolist(), 300.0]
    form = Form(tuple(Section(n, a, b) for n, a, b in zip(labels, edges[:-1], edges[1:], strict=True)))
    return Film(
        f"5 minutes, 100 cuts, {labels}", "uniform", cuts, rng.uniform(0.4, 1, 100), 300.0, 0.04, form
    )


def whole(duration_s: float) -> Form:
    """One section."""
    return Form((Section("A", 0.0, duration_s),))


def returning(rng: np.random.Generator, cuts: np.ndarray, duration_s: float) -> Form:
    """A B A B, from cut to cut, if there are cuts enough."""
    if len(cuts) < 4:
        return whole(duration_s)
    edges = [0.0, *np.sort(rng.choice(cuts, 3, replace=False)).tolist(), duration_s]
    return Form(tuple(Section(n, a, b) for n, a, b in zip("ABAB", edges[:-1], edges[1:], strict=True)))


def _uniform(rng: np.random.Generator, duration: float, count: int) -> np.ndarray:
    return np.sort(rng.uniform(0, duration, count))


def _bursty(rng: np.random.Generator, duration: float, count: int) -> np.ndarray:
    centre = rng.uniform(0, duration, max(1, count // 8))
    spread = rng.uniform(1, 6, len(centre))
    which = rng.integers(len(centre), size=count)
    return np.sort(rng.normal(centre[which], spread[which]))


def _regular(rng: np.random.Generator, duration: float, count: int) -> np.ndarray:
    period = max(duration / (count + rng.uniform(0.2, 0.8)), LEAST_SHOT_S)
    return np.arange(1, count + 1) * period


def _edited(rng: np.random.Generator, duration: float, count: int) -> np.ndarray:
    shot = rng.lognormal(0, 0.5, count + 1)
    return np.cumsum(shot)[:-1] * duration / shot.sum()


_MOMENTS = {"uniform": _uniform, "bursty": _bursty, "regular": _regular, "edited": _edited}
