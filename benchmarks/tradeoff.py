"""How much the music suffers for the curve's sake: fit and faults against the weight of tonal tension.

`table()` gives Markdown; `python -m benchmarks tradeoff` prints it.  Ten of the thirty drawn curves, the
same plans, composed at multiples of the shipped `search.groups.WEIGHTS`, which are in bold.
"""

from __future__ import annotations

from unittest import mock

import numpy as np

from benchmarks.drawn import TONAL, Fit, cases, judge, planned, written
from benchmarks.markdown import head, line
from tensionbgm.config import Effort
from tensionbgm.forms import Plan
from tensionbgm.report.rules import BACH
from tensionbgm.search import groups
from tensionbgm.search.dynamics import shape_dynamics
from tensionbgm.search.run import compose

TIMES = (0, 0.05, 0.15, 0.4, 1, 2, 5)  # the shipped weights
EVERY = 3  # curve


def fits(plans: list[Plan], times: float) -> list[Fit]:
    """The plans composed at so many times the shipped weights."""
    with mock.patch.object(groups, "WEIGHTS", {name: times * w for name, w in groups.WEIGHTS.items()}):
        pieces = [shape_dynamics(compose(plan, Effort(effort="draft"))) for plan in plans]
    return [judge(plan.title, plan, written(piece)) for plan, piece in zip(plans, pieces, strict=True)]


def row(times: float, found: list[Fit]) -> str:
    """One line of the table."""
    means = [
        np.mean([v for f in found if (v := f.figures[name]) is not None]) for name in ("r", "rmse", *TONAL)
    ]
    faults = [np.mean([f.faults[fault] for f in found]) for fault in BACH]
    name = "**1**" if times == 1 else f"{times}"
    cells = [name, *(f"{m:.3f}" for m in means), f"{sum(faults):.2f}", *(f"{f:.2f}" for f in faults)]
    return line(*cells)


def table() -> str:
    """Markdown: a row a weight, and Bach's faults below."""
    plans = [planned(case) for case in cases()[::EVERY]]
    heads = ["weights", "r", "RMSE", *(f"{name} r" for name in TONAL), "faults"]
    heads += [fault.replace("_", " ") for fault in BACH]
    bach = ["Bach's chorales", *[""] * 5, f"{sum(BACH.values()):.2f}", *(f"{f:.2f}" for f in BACH.values())]
    rows = [row(times, fits(plans, times)) for times in TIMES]
    note = "Faults per 100 notes; draft effort; weights as multiples of those shipped."
    return "\n".join([*head(*heads), *rows, line(*bach), "", note])


if __name__ == "__main__":
    print(table())
