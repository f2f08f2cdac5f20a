"""How well the planned bars meet the cuts, beside chance and four controls: `python -m benchmarks.grid`.

Films: the constructed cut lists of ../shared/data/videos/derived, and 40 random ones (seeded): 15 to 150 s,
shots of log-normal length (median 1.5 to 6 s), strengths 0.4 to 1.

Accents are strong beats: downbeats, and beat 3 of 4/4.  Controls: *shuffled* keeps the plan and permutes the
film's shots; *120* is a fixed grid of 4/4 at 120; *best constant* is the best of all tempi 72 to 140 in
steps of 0.1, phase free: what a searcher without changes of tempo or odd bars can reach.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm import config
from tensionbgm.forms import Form, Grid, Section, Shots
from tensionbgm.plan.grid import plan_grid

DERIVED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "videos" / "derived"
ROUNDING_S = 1e-6


@dataclass(frozen=True)
class Film:
    """A list of cuts."""

    name: str
    cut_s: np.ndarray
    strength: np.ndarray
    duration_s: float
    form: Form


def films() -> Iterator[Film]:
    """The constructed films with a cut, then 40 random ones, the last ten with returning sections."""
    for path in sorted(DERIVED.glob("*.gt.json")):
        truth = json.loads(path.read_text())
        cuts, duration = np.array(truth["hard_cuts_s"], float), truth.get("duration_s")
        if len(cuts) and duration and "vfr" not in path.name:
            name = path.name.removesuffix(".gt.json")
            yield Film(name, cuts, np.ones(len(cuts)), duration, _whole(duration))
    rng = np.random.default_rng(2024)
    for index in range(40):
        yield _random_film(rng, index)


def _random_film(rng: np.random.Generator, index: int) -> Film:
    duration, median = rng.uniform(15, 150), rng.uniform(1.5, 6)
    cuts = np.cumsum(rng.lognormal(np.log(median), 0.5, 400))
    cuts = np.round(cuts[cuts < duration - 0.5] * 25) / 25
    strength = rng.uniform(0.4, 1, len(cuts))
    form = _whole(duration)
    if index >= 30 and len(cuts) >= 4:
        inner = np.sort(rng.choice(cuts, 3, replace=False))
        edges = [0.0, *inner.tolist(), duration]
        form = Form(tuple(Section(n, a, b) for n, a, b in zip("ABAB", edges[:-1], edges[1:], strict=True)))
    return Film(f"random {index}", cuts, strength, duration, form)


def _whole(duration_s: float) -> Form:
    return Form((Section("A", 0.0, duration_s),))


def strong_beats(grid: Grid) -> np.ndarray:
    """Times of downbeats, of beat 3 of 4/4, and of the end [s]."""
    middle = (grid.bar_us[:-1] + 2 * grid.bar_tempo_us)[grid.bar_beats == 4]
    return np.sort(np.concatenate([grid.bar_us, middle])) / 1e6


def error_s(cut_s: np.ndarray, beat_s: np.ndarray) -> np.ndarray:
    """Distance of each cut from the nearest beat [s]."""
    after = np.clip(np.searchsorted(beat_s, cut_s), 1, len(beat_s) - 1)
    return np.minimum(np.abs(beat_s[after] - cut_s), np.abs(cut_s - beat_s[after - 1]))


def share(error: np.ndarray, weight: np.ndarray, within_s: float) -> float:
    """Weighted share of the cuts within so much of a beat."""
    return float(weight[error <= within_s + ROUNDING_S].sum() / max(weight.sum(), 1e-9))


def spaced(grid: Grid, duration_s: float) -> np.ndarray:
    """Which cuts lead: two beats or more from every weightier leader and from both ends."""
    gap = 2 * float(np.average(grid.bar_tempo_us, weights=grid.bar_beats)) / 1e6
    leads = np.zeros(len(grid.cut_s), bool)
    for i in np.argsort(-grid.cut_weight, kind="stable"):
        time_s = grid.cut_s[i]
        near = np.abs(grid.cut_s[leads] - time_s).min(initial=np.inf)
        leads[i] = min(near, time_s, duration_s - time_s) >= gap
    return leads


def chance(beat_s: np.ndarray, within_s: float) -> float:
    """Share of the film's time that lies so close to a beat."""
    return float(np.minimum(2 * within_s, np.diff(beat_s)).sum() / (beat_s[-1] - beat_s[0]))


def shuffled(film: Film, beat_s: np.ndarray, weight: np.ndarray, within_s: float) -> float:
    """The same plan under the same shots in another order; mean of 20 orders."""
    rng = np.random.default_rng(7)
    shot = np.diff(np.concatenate([[0.0], film.cut_s, [film.duration_s]]))
    orders = (np.cumsum(rng.permutation(shot))[:-1] for _ in range(20))
    return float(np.mean([share(error_s(cuts, beat_s), weight, within_s) for cuts in orders]))


def best_constant(film: Film, weight: np.ndarray) -> float:
    """The best weighted share within 40 ms of one steady tempo, any phase."""
    best = 0.0
    for bpm in np.arange(72, 140.05, 0.1):
        half = 120 / bpm
        for phase in np.arange(0, half, 0.02):
            place = (film.cut_s - phase) % half
            best = max(best, share(np.minimum(place, half - place), weight, 0.04))
    return best


def measure(film: Film) -> dict[str, float]:
    """All numbers of one film."""
    shots = Shots(film.cut_s, film.strength, np.zeros((0, 2)), film.cut_s)
    began = time.process_time()
    grid = plan_grid(film.form, shots, film.duration_s, config.Ask())
    spent = time.process_time() - began
    beat_s, weight = strong_beats(grid), grid.cut_weight
    error, one = error_s(film.cut_s, beat_s), np.ones(len(weight))
    steady = np.arange(0, film.duration_s + 1, 1.0)
    lead = spaced(grid, film.duration_s)
    return {
        "cuts": len(error),
        "hit40": share(error, one, 0.04),
        "hit100": share(error, one, 0.1),
        "w40": share(error, weight, 0.04),
        "w100": share(error, weight, 0.1),
        "spaced40": share(error[lead], weight[lead], 0.04) if lead.any() else np.nan,
        "mean_ms": float(error.mean() * 1e3),
        "p95_ms": float(np.percentile(error, 95) * 1e3),
        "chance40": chance(beat_s, 0.04),
        "chance100": chance(beat_s, 0.1),
        "shuffled40": shuffled(film, beat_s, weight, 0.04),
        "at120": share(error_s(film.cut_s, steady), weight, 0.04),
        "constant": best_constant(film, weight),
        "spread": float(grid.bar_tempo_us.max() / grid.bar_tempo_us.min() - 1),
        "odd": float((grid.bar_beats != 4).mean()),
        "end_us": abs(int(grid.bar_us[-1]) - round(film.duration_s * 1e6)),
        "optimal": float(grid.solver.status == "OPTIMAL"),
        "gap": grid.solver.objective - grid.solver.bound,
        "cpu_s": spent,
    }


def table() -> str:
    """The report's section on the grid, in Markdown."""
    rows = [(film.name, measure(film)) for film in films() if len(film.cut_s)]
    head = [
        "film",
        "cuts",
        "40 ms",
        "100 ms",
        "weighted 40",
        "weighted 100",
        "spaced 40",
        "mean ms",
        "p95 ms",
    ]
    head += ["chance 40", "chance 100", "shuffled 40", "120 bpm 40", "best constant 40"]
    head += ["tempo spread", "odd bars", "end error us", "optimal", "gap", "CPU s"]
    text = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    groups = [
        ("random, mean of 30", [r for n, r in rows if n.startswith("random") and int(n.split()[1]) < 30]),
        (
            "random ABAB, mean of 10",
            [r for n, r in rows if n.startswith("random") and int(n.split()[1]) >= 30],
        ),
        ("all, mean", [r for _, r in rows]),
    ]
    for name, row in rows:
        if not name.startswith("random"):
            text.append(_line(name, row))
    for name, group in groups:
        text.append(_line(name, {key: float(np.nanmean([r[key] for r in group])) for key in group[0]}))
    worst = max(r["end_us"] for _, r in rows)
    slowest = max(r["cpu_s"] for _, r in rows)
    text.append(f"\nWorst end error {worst:.0f} us; slowest {slowest:.1f} s of one core.")
    text.append(
        "Spaced: cuts two beats or more from a weightier one and from both ends.  40 and 100: share within "
        "so many ms of a strong beat; the controls are weighted shares.  Best constant chooses its phase "
        "freely and need not end with the film."
    )
    return "\n".join(text)


def _line(name: str, row: dict[str, float]) -> str:
    percent = {"hit40", "hit100", "w40", "w100", "spaced40", "chance40", "chance100", "shuffled40", "at120"}
    percent |= {"constant", "spread", "odd", "optimal"}
    cells = [f"{100 * v:.0f} %" if k in percent else f"{v:.1f}".removesuffix(".0") for k, v in row.items()]
    return "| " + " | ".join([name, *cells]) + " |"


if __name__ == "__main__":
    print(table())
