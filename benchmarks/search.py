"""What the search is worth: its cost beside chance and beside greed, its speed, and the tension it reaches.

`table()` gives Markdown; `python -m benchmarks.search` prints it.
"""

from __future__ import annotations

import dataclasses
import itertools
import time

import numpy as np

from tensionbgm.config import EFFORTS, PALETTES, Ask, Effort
from tensionbgm.forms import Curve, Grid, Piece, Plan, Section, Solver
from tensionbgm.kernels import cpu, rules
from tensionbgm.music.notes import from_piece
from tensionbgm.music.tension import tension_profile
from tensionbgm.plan.key import Mood
from tensionbgm.plan.plan import plan_piece
from tensionbgm.search import problem, run
from tensionbgm.search.dynamics import rms, shape_dynamics

BARS, TEMPO_US = (8, 8, 8), 625_000  # a minute at 96 quarters a minute
SPEED_SWEEPS = 100


def plans() -> list[Plan]:
    """A minute of A B A in each palette, with its climax at two thirds."""
    edge_s = np.concatenate([[0], np.cumsum(BARS)]) * 4 * TEMPO_US / 1e6
    sections = tuple(
        Section(label, float(a), float(b), 0 if i == 2 else None)
        for i, (label, (a, b)) in enumerate(zip("ABA", itertools.pairwise(edge_s), strict=True))
    )
    n = sum(BARS)
    grid = Grid(
        bar_beats=np.full(n, 4),
        bar_tempo_us=np.full(n, TEMPO_US),
        bar_section=np.repeat(np.arange(3), BARS),
        sections=sections,
        cut_s=np.zeros(0),
        cut_weight=np.zeros(0),
        solver=Solver("OPTIMAL", 0.0, 0.0),
    )
    end_s = float(edge_s[-1])
    curve = Curve(np.array([0.0, 2 / 3, 1.0]) * end_s, np.array([0.15, 0.9, 0.2]), "inline")
    mood = Mood(**{field.name: 0.5 for field in dataclasses.fields(Mood)})
    return [plan_piece(grid, curve, Ask(palette=name, seed=1), mood, name) for name in PALETTES]


def greedy_cost(posed: problem.Posed, seed: int) -> float:
    """Cost [points] of the best of two descents: the heat bath at temperature 0 from the first sweep on."""
    state = problem.empty_state(posed.problem, 2)
    cpu.start(posed.problem, state, seed)
    cpu.anneal(posed.problem, state, seed, 0, np.zeros(60, np.int64))
    return float(state.cost[:, 1].min()) / rules.POINT


def candidates_per_s(posed: problem.Posed) -> float:
    """Pitches weighed in a second of processor time by one chain on one core."""
    state = problem.empty_state(posed.problem, 1)
    cpu.start(posed.problem, state, 0, threads=1)
    began = time.process_time()
    cpu.anneal(posed.problem, state, 0, 0, run.temperatures(SPEED_SWEEPS), threads=1)
    return SPEED_SWEEPS * posed.candidates / (time.process_time() - began)


def misfit(piece: Piece) -> tuple[float, float]:
    """Correlation and root mean square error of the measured tension against the curve asked for."""
    profile = tension_profile(from_piece(piece))
    asked = piece.plan.curve.mean(profile.start_s, profile.end_s)
    return float(np.corrcoef(asked, profile.intensity)[0, 1]), rms(asked - profile.intensity)


def row(plan: Plan) -> str:
    """One line of the table."""
    posed = problem.pose(plan)
    pieces = {effort: run.compose(plan, Effort(effort=effort)) for effort in EFFORTS}
    facts = [piece.search for piece in pieces.values()]
    costs = [f"{fact.cost_end:.0f}" for fact in facts if fact]
    plain, shaped = pieces["normal"], shape_dynamics(pieces["normal"])
    (r_plain, e_plain), (r_shaped, e_shaped) = misfit(plain), misfit(shaped)
    cells = [
        plan.palette,
        f"{len(plan.slots)}",
        f"{facts[0].cost_start:.0f}" if facts[0] else "",
        f"{greedy_cost(posed, plan.seed):.0f}",
        *costs,
        f"{candidates_per_s(posed) / 1e6:.2f}",
        f"{e_plain:.3f} (r {r_plain:.2f})",
        f"{e_shaped:.3f} (r {r_shaped:.2f})",
    ]
    return "| " + " | ".join(cells) + " |"


def table() -> str:
    """Markdown table: a row for each of three one-minute plans."""
    heads = [
        "plan",
        "slots",
        "chance",
        "greedy",
        *EFFORTS,
        "million candidates/s, one core",
        "tension error, plain velocities",
        "after shaping",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    note = "Costs in points, less is better; tension error is the root mean square over windows, 0..1."
    return "\n".join([*lines, *(row(plan) for plan in plans()), "", note])


if __name__ == "__main__":
    print(table())
