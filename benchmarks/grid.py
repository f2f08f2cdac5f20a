"""How well the planned bars meet the cuts, beside chance and controls: `python -m benchmarks grid`.

Accents are strong beats: downbeats, and beat 3 of 4/4.  Controls: *shuffled* keeps the plan and permutes the
film's shots; *120* is a fixed grid of 4/4 at 120; *nearest tempo* is the best of all steady tempi 72 to 140
in steps of 0.1, phase free: what a searcher without changes of tempo or odd bars can reach.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from benchmarks.grid_films import KINDS, Film, films, five_minutes
from tensionbgm import config
from tensionbgm.forms import Grid, Shots
from tensionbgm.plan.grid import plan_grid
from tensionbgm.plan.grid_markers import strong_us

ROUNDING_S = 1e-6
SAME_TEMPO = 2e-3

COLUMNS = {  # of the table, and how each is told
    "films": "count",
    "cuts": "number",
    "spaced 40": "percent",
    "leading 40": "percent",
    "40 ms": "percent",
    "100 ms": "percent",
    "mean ms": "number",
    "p95 ms": "number",
    "chance 40": "percent",
    "chance 100": "percent",
    "shuffled 40": "percent",
    "120 bpm 40": "percent",
    "nearest tempo 40": "percent",
    "tempo spread": "percent",
    "largest step": "percent",
    "changes a minute": "number",
    "odd bars": "percent",
    "end error us": "number",
    "proven": "percent",
    "gap": "number",
    "CPU s": "number",
}


def strong_beats(grid: Grid) -> np.ndarray:
    """Times of downbeats, of beat 3 of 4/4, and of the end [s]."""
    return strong_us(grid) / 1e6


def error_s(cut_s: np.ndarray, beat_s: np.ndarray) -> np.ndarray:
    """Distance of each cut from the nearest beat [s]."""
    after = np.clip(np.searchsorted(beat_s, cut_s), 1, len(beat_s) - 1)
    return np.minimum(np.abs(beat_s[after] - cut_s), np.abs(cut_s - beat_s[after - 1]))


def share(error: np.ndarray, weight: np.ndarray, within_s: float) -> float:
    """Weighted share of the cuts within so much of a beat; NaN of none."""
    return float(weight[error <= within_s + ROUNDING_S].sum() / weight.sum()) if weight.sum() else np.nan


def two_beats(grid: Grid) -> float:
    """Two quarters at the mean tempo [s]."""
    return 2 * float(np.average(grid.bar_tempo_us, weights=grid.bar_beats)) / 1e6


def spaced(grid: Grid, duration_s: float) -> np.ndarray:
    """Which cuts are two beats or more from every other one and from both ends."""
    shot = np.diff(np.concatenate([[0.0], grid.cut_s, [duration_s]]))
    return np.minimum(shot[:-1], shot[1:]) >= two_beats(grid)


def leading(grid: Grid, duration_s: float) -> np.ndarray:
    """Which cuts lead: two beats or more from every weightier leader and from both ends."""
    gap, leads = two_beats(grid), np.zeros(len(grid.cut_s), bool)
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


def nearest_tempo(film: Film, weight: np.ndarray) -> float:
    """The best weighted share within 40 ms of one steady tempo, any phase."""
    best = 0.0
    for bpm in np.arange(72, 140.05, 0.1):
        half = 120 / bpm
        place = (film.cut_s[None] - np.arange(0, half, 0.02)[:, None]) % half
        hit = np.minimum(place, half - place) <= 0.04 + ROUNDING_S
        best = max(best, float((hit @ weight).max() / weight.sum()))
    return best


def plan(film: Film) -> tuple[Grid, float]:
    """The film's bars and the processor time they took [s]."""
    shots = Shots(film.cut_s, film.strength, np.zeros((0, 2)), film.cut_s)
    began = time.process_time()
    grid = plan_grid(film.form, shots, film.duration_s, config.Ask())
    return grid, time.process_time() - began


def measure(film: Film) -> dict[str, float]:
    """All figures of one film."""
    grid, spent = plan(film)
    beat_s, weight = strong_beats(grid), grid.cut_weight
    error, step = error_s(film.cut_s, beat_s), np.abs(np.diff(np.log(grid.bar_tempo_us)))
    apart, leads = spaced(grid, film.duration_s), leading(grid, film.duration_s)
    end_us = abs(int(grid.bar_us[-1]) - round(film.duration_s * 1e6))
    assert end_us <= film.frame_s * 1e6
    return {
        "cuts": len(error),
        "spaced 40": share(error[apart], weight[apart], 0.04),
        "leading 40": share(error[leads], weight[leads], 0.04),
        "40 ms": share(error, weight, 0.04),
        "100 ms": share(error, weight, 0.1),
        "mean ms": float(np.average(error, weights=weight) * 1e3),
        "p95 ms": float(np.percentile(error, 95) * 1e3),
        "chance 40": chance(beat_s, 0.04),
        "chance 100": chance(beat_s, 0.1),
        "shuffled 40": shuffled(film, beat_s, weight, 0.04),
        "120 bpm 40": share(error_s(film.cut_s, np.arange(0, film.duration_s + 1, 1.0)), weight, 0.04),
        "nearest tempo 40": nearest_tempo(film, weight),
        "tempo spread": float(grid.bar_tempo_us.max() / grid.bar_tempo_us.min() - 1),
        "largest step": float(np.expm1(step.max(initial=0.0))),
        "changes a minute": float((step > SAME_TEMPO).sum() / film.duration_s * 60),
        "odd bars": float((grid.bar_beats != 4).mean()),
        "end error us": end_us,
        "proven": float(grid.solver.status == "OPTIMAL"),
        "gap": grid.solver.objective - grid.solver.bound,
        "CPU s": spent,
    }


def table() -> str:
    """The report's section on the grid, in Markdown."""
    began = time.perf_counter()
    rows = [(film, measure(film)) for film in films()]
    text = [_row(["film", *COLUMNS]), "|" + "---|" * (len(COLUMNS) + 1)]
    text += [_line(film.name, [row]) for film, row in rows if film.kind == "constructed"]
    text += [_line(f"{kind}, mean", [row for film, row in rows if film.kind == kind]) for kind in KINDS]
    returns = [row for film, row in rows if len(film.form.sections) > 1]
    text.append(_line("edited, of these with returns, mean", returns))
    text.append(_line("all random, mean", [row for film, row in rows if film.kind != "constructed"]))
    worst, slowest = (max(row[key] for _, row in rows) for key in ("end error us", "CPU s"))
    text.append(
        f"\nWorst end error {worst:.0f} us; slowest {slowest:.1f} s of one core; "
        f"the table took {time.perf_counter() - began:.0f} s."
    )
    text += [_solved(five_minutes(labels)) for labels in ("A", "ABACAB")]
    text.append(
        "\n40 and 100: weighted share within so many ms of a strong beat.  Spaced: of cuts two beats or more "
        "from every other cut and from both ends; leading: two beats or more from every weightier leader, "
        "however many lesser cuts lie between.  Nearest tempo chooses its phase freely and need not end with "
        "the film.  The gap is between the plan found and the proven bound, in accents."
    )
    return "\n".join(text)


def _solved(film: Film) -> str:
    grid, spent = plan(film)
    solver = grid.solver
    return (
        f"{film.name}: {solver.status}, objective {solver.objective:.2f}, bound {solver.bound:.2f}, "
        f"gap {solver.objective - solver.bound:.2f} accents, {spent:.1f} s of one core."
    )


def _line(name: str, rows: Sequence[dict[str, float]]) -> str:
    cells = [name]
    for key, kind in COLUMNS.items():
        values = [row[key] for row in rows if kind != "count" and np.isfinite(row[key])]
        mean = float(np.mean(values)) if values else np.nan
        told = {"count": str(len(rows)), "percent": f"{100 * mean:.0f} %", "number": f"{mean:.1f}"}
        cells.append(told[kind].removesuffix(".0") if kind == "count" or values else "-")
    return _row(cells)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(table())
