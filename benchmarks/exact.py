"""How far from the best: exact instances solved by dynamic programming, and real plans against a lower bound.

`table()` gives Markdown; `python -m benchmarks.exact` prints it, in under three minutes.

The eight instances have 120 windows of a quarter each, four or five notes that may take any pitch class
of C major, and targets that wander; in half of them the first third returns as the last.  Only tonal
tension counts.  The controls are random pitches, annealing alone, and the variable neighbourhood search of
MorpheuS on the same cost; "the search" is `engine.solve` as `compose` calls it.
"""

from __future__ import annotations

import itertools
import time

import numpy as np

from benchmarks.markdown import head, line
from benchmarks.search import plans
from tensionbgm.config import EFFORTS, Effort
from tensionbgm.forms import PPQ, SLOT, Curve, Grid, Key, Part, Plan, Section, Solver
from tensionbgm.kernels import cpu, rules
from tensionbgm.search import engine, run, vns
from tensionbgm.search.bound import Bound, bound
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.skeleton import optimum, tonal

WINDOWS, SEED = 120, 0
INSTANCES = tuple(itertools.product((4, 5), (False, True), (0, 1)))  # notes a window, tied, seed
EVALUATIONS = (1_000_000, 10_000_000)
BASELINE_EVALUATIONS = (1_000_000,)  # each takes ten times as long
SPANS = {"diameter": (1.0, 3.0), "momentum": (0.1, 1.6), "strain": (0.3, 1.8)}  # of targets [radii]
DIATONIC = 0xAB5
BEAM = 50


def windows_problem(voices: int, seed: int, tied: bool = False) -> rules.Problem:
    """Tonal tension alone of windows a quarter long, for slow waves with a jitter as targets."""
    rng, at = np.random.default_rng(seed), np.arange(WINDOWS)
    targets = {}
    for name, (low, high) in SPANS.items():
        wave = np.sin(2 * np.pi * (at / rng.uniform(20, 60) + rng.uniform()))
        targets[name] = low + (high - low) * (0.5 + 0.35 * wave + rng.uniform(-0.15, 0.15, WINDOWS))
    return tonal(pose(_windows_plan(voices, tied), targets, clouds=True).problem)


def _windows_plan(voices: int, tied: bool) -> Plan:
    end_s, back = WINDOWS / 2, 2 * WINDOWS // 3
    material = [w - back if tied and w >= back else w for w in range(WINDOWS)]
    grid = Grid(
        bar_beats=np.ones(WINDOWS, int),
        bar_tempo_us=np.full(WINDOWS, 500_000),
        bar_section=np.zeros(WINDOWS, int),
        sections=(Section("A", 0.0, end_s),),
        cut_s=np.zeros(0),
        cut_weight=np.zeros(0),
        solver=Solver("OPTIMAL", 0.0, 0.0),
    )
    rows = [
        (w * PPQ, PPQ, 0, v, 60, 71, DIATONIC, 0, -1, 0, 80, material[w] * voices + v, 0, 0)
        for w in range(WINDOWS)
        for v in range(voices)
    ]
    curve = Curve(np.array([0.0, end_s]), np.array([0.1, 0.9]), "inline")
    part = Part("Choir", "pad", 52, 0, 0, 127)
    return Plan(
        "Windows", 0, "cinematic", grid, (Key(0, 0, "major"),), (), (part,), np.array(rows, SLOT), curve
    )


def annealed(problem: rules.Problem, evaluations: int, seed: int) -> tuple[int, int]:
    """Cost found by one chain that weighs so many pitches, and that of the pitches it began with."""
    state = empty_state(problem, 1)
    cpu.start(problem, state, seed, threads=1)
    first = int(state.cost[0, 0])
    sweeps = max(evaluations // len(problem.domain_pitch), 1)
    cpu.anneal(problem, state, seed, 0, engine.temperatures(sweeps), threads=1)
    return int(state.cost[0, 1]), first


def searched(problem: rules.Problem, seed: int) -> int:
    """Cost the search ends at, whatever the effort."""
    return engine.solve(problem, run.SCHEDULES["draft"], cpu, seed).cost


def exact_row(voices: int, tied: bool, seed: int) -> str:
    """One instance: its optimum, and how far above it the others end."""
    problem = windows_problem(voices, seed, tied)
    began = time.perf_counter()
    best = optimum(problem)
    spent = time.perf_counter() - began
    found = [optimum(problem, beam=BEAM).cost, annealed(problem, 1, seed)[1]]
    found += [annealed(problem, n, seed)[0] for n in EVALUATIONS]
    found += [vns.search(problem, n, seed).cost for n in BASELINE_EVALUATIONS]
    found.append(searched(problem, seed))
    gaps = [f"{100 * (cost / best.cost - 1):.1f} %" for cost in found]
    name = f"{voices} notes a window, {'A B A' if tied else 'through-composed'}, seed {seed}"
    cells = [name, f"{best.cost / rules.POINT:.2f}", f"{spent:.2f}", *gaps]
    return line(*cells)


def real_row(plan: Plan) -> str:
    """One plan: the bound, and what the search reaches at every effort."""
    problem = pose(plan).problem
    began = time.perf_counter()
    least = bound(problem)
    spent = time.perf_counter() - began
    cells = [plan.palette, f"{spent:.2f}", *_shares(least)]
    for effort in EFFORTS:
        facts = run.compose(plan, Effort(effort=effort)).search
        assert facts is not None
        cells.append(f"{facts.cost_end:.1f} ({100 * least.gap(round(facts.cost_end * rules.POINT)):.1f} %)")
    return line(*cells)


def _shares(least: Bound) -> list[str]:
    parts = (least.cost, least.voice_leading, least.sets + least.skeleton)
    return [f"{part / rules.POINT:.1f}" for part in parts]


def table() -> str:
    """Markdown: exact instances, then real plans."""
    for n in (1, 100):
        vns.search(windows_problem(4, SEED), n)  # compiled before anything is timed
    optimum(windows_problem(4, SEED))
    bound(pose(plans()[0]).problem, 1)
    exact = ["instance", "optimum [points]", "found in [s]", f"beam of {BEAM}", "chance"]
    exact += [f"annealing, {n // 1_000_000} M" for n in EVALUATIONS]
    exact += [f"MorpheuS's VNS, {n // 1_000_000} M" for n in BASELINE_EVALUATIONS]
    exact.append("the search")
    real = [
        "plan",
        "bound found in [s]",
        "lower bound [points]",
        "of it voice leading",
        "of it tension",
        *EFFORTS,
    ]
    return "\n".join(
        [
            *head(*exact),
            *(exact_row(*instance) for instance in INSTANCES),
            "",
            "Above the optimum, for so many pitches weighed.",
            "",
            *head(*real),
            *(real_row(plan) for plan in plans()),
            "",
            "A minute each; in brackets how far above the optimum the cost can lie at most.",
        ]
    )


if __name__ == "__main__":
    print(table())
