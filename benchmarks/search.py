"""What the search is worth: cost by time beside other solvers and a bound, by length of film, and its seeds.

`table()` gives Markdown and draws `search.png`; `python -m benchmarks.search` prints it, in under twelve
minutes on two idle cores.  Seconds are those of one core.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, line
from benchmarks.search_cases import film_plan, instance, plans
from tensionbgm.config import PALETTES, Effort
from tensionbgm.forms import Plan
from tensionbgm.kernels import cpu, moves, rules, walk
from tensionbgm.search import engine, run, vns
from tensionbgm.search.bound import bound
from tensionbgm.search.moves import compound
from tensionbgm.search.neighbourhood import of_plan
from tensionbgm.search.problem import Posed, empty_state, pose

SECONDS = (1.0, 10.0, 60.0)
SHORT = SECONDS[:2]  # for solvers that gain nothing from more
MINUTES = (0.5, 1.0, 2.0, 5.0, 10.0)
SEED = 1
GREEDY_SWEEPS = 30
BOXES = 32
REFERENCE_MINUTES, REFERENCE_SWEEPS = 0.5, 2  # [minutes], sweeps: plain Python takes a second for each
PICTURE = Path(__file__).with_name("search.png")
PROTOTYPE = """The instances of tension alone are as large as those of the prototype (838 notes, 210 windows;
224 variables where tied), drawn anew, so that only shares of chance can be compared. The prototype, ten
million pitches weighed: untied, from 1,572, annealing 14.66 (0.9 %), VNS 20.7 (1.3 %); tied, from 1,633,
annealing 153.8 (9.4 %), VNS 155.6 (9.5 %). It weighed 29 million pitches a second by heat bath, untied, on
one core."""


@dataclass(frozen=True)
class Case:
    """A problem, and the plan it comes from."""

    name: str
    plan: Plan
    posed: Posed


@functools.cache
def cases() -> dict[str, Case]:
    """A minute in each palette, and a minute of tension alone, untied and tied."""
    made = [Case(plan.palette, plan, pose(plan)) for plan in plans()]
    for tied in (False, True):
        made.append(Case("tension alone" + (", tied" if tied else ""), *instance(tied)))
    return {case.name: case for case in made}


# ------------------------------------------------------------- solvers: Case, seconds -> cost, seconds spent

Reached = tuple[float, float]
Table = dict[str, dict[str, list[Reached]]]  # by case, by solver, for each of its budgets


def _timed(work: Callable[[], float]) -> Reached:
    began = time.process_time()
    return work(), time.process_time() - began


def searched(case: Case, seconds: float) -> Reached:
    """What `compose` does in a time given, in one chain."""
    problem, changes = case.posed.problem, compound(case.plan, case.posed, run.RATE)
    draft, cut = run.SCHEDULES["draft"], of_plan(case.plan, case.posed)
    return _timed(
        lambda: engine.solve(problem, draft, cpu, SEED, changes, cut, seconds, threads=1).cost / rules.POINT
    )


def heat_bath(case: Case, seconds: float) -> Reached:
    """One note after the other, in as many sweeps as the time allows."""
    sweeps = _rate(lambda n: _annealed(case.posed.problem, np.full(n, engine.HOT)), 4) * seconds
    return _timed(lambda: _annealed(case.posed.problem, engine.temperatures(max(round(sweeps), 1))))


def greedy(case: Case, seconds: float) -> Reached:
    """Descents from random pitches, one after another, the best of all."""
    best, began, seed = np.inf, time.process_time(), 0
    while time.process_time() - began < seconds:
        best = min(best, _annealed(case.posed.problem, np.zeros(GREEDY_SWEEPS), seed))
        seed += 1
    return float(best), time.process_time() - began


def neighbourhoods(case: Case, seconds: float) -> Reached:
    """MorpheuS's search."""
    weighed = _rate(lambda n: vns.search(case.posed.problem, n, SEED), 50_000) * seconds
    return _timed(lambda: vns.search(case.posed.problem, round(weighed), SEED).cost / rules.POINT)


SOLVERS: dict[str, tuple[Callable[[Case, float], Reached], tuple[float, ...]]] = {
    "search": (searched, SECONDS),
    "heat bath alone": (heat_bath, SHORT),
    "greedy descents": (greedy, SHORT),
    "MorpheuS's VNS": (neighbourhoods, SECONDS),
}


def _annealed(problem: rules.Problem, temperature: np.ndarray, seed: int = SEED) -> float:
    state = empty_state(problem, 1)
    cpu.start(problem, state, seed, threads=1)
    cpu.anneal(problem, state, seed, 0, temperature.astype(np.int64), threads=1)
    return float(state.cost[0, 1]) / rules.POINT


def _rate(work: Callable[[int], object], n: int) -> float:
    """Units of work a second, from enough of them to last a third of one."""
    work(1)
    while True:
        began = time.process_time()
        work(n)
        if (spent := time.process_time() - began) > 0.3:
            return n / spent
        n *= 3


# --------------------------------------------------------------------------- by time


def measured() -> Table:
    """Cost of each case by each solver after its seconds, each in a process of its own, a core to each."""
    jobs = [(case, solver) for solver in SOLVERS for case in cases()]
    jobs.sort(key=lambda job: -sum(SOLVERS[job[1]][1]))
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        found = list(pool.map(_job, jobs))
    table: Table = {name: {} for name in cases()}
    for (case, solver), reached in zip(jobs, found, strict=True):
        table[case][solver] = reached
    return {case: {solver: row[solver] for solver in SOLVERS} for case, row in table.items()}


def _job(job: tuple[str, str]) -> list[Reached]:
    solve, budgets = SOLVERS[job[1]]
    return [solve(cases()[job[0]], seconds) for seconds in budgets]


def by_time(found: Table, least: dict[str, float]) -> list[str]:
    """A line for each case and solver."""
    lines = head(
        "a minute of", "notes", "solver", "chance", *(f"after {s:g} s" for s in SECONDS), "lower bound"
    )
    for name, row in found.items():
        case = cases()[name]
        chance = f"{_annealed(case.posed.problem, np.zeros(0)):.0f}"
        for solver, reached in row.items():
            cells = [_reached(*one) for one in zip(reached, SECONDS, strict=False)]
            cells += ["-"] * (len(SECONDS) - len(cells))
            bare = [name, f"{len(case.posed.pitched)}", solver, chance]
            lines.append(line(*bare, *cells, f"{least[name]:.1f}"))
    return lines


def _reached(reached: Reached, seconds: float) -> str:
    """A cost, with the time where it took more than a tenth longer than it should."""
    cost, spent = reached
    return f"{cost:.1f}" + (f" ({spent:.1f} s)" if spent > 1.1 * seconds else "")


def draw(found: Table, least: dict[str, float]) -> None:
    """Cost by seconds, a panel a case."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(found), figsize=(3.2 * len(found), 3.2), layout="constrained")
    for panel, (name, row) in zip(panels, found.items(), strict=True):
        for solver, reached in row.items():
            cost, spent = zip(*reached, strict=True)
            panel.plot(spent, cost, marker="o", label=solver)
        panel.axhline(least[name], color="grey", linestyle="--", label="lower bound")
        panel.set(xscale="log", xlabel="seconds of one core", title=name)
        panel.set_xticks(SECONDS, [f"{s:g}" for s in SECONDS], minor=False)
        panel.minorticks_off()
        panel.set_ylim(bottom=0)
    panels[0].set_ylabel("cost [points]")
    panels[0].legend(fontsize="small")
    figure.savefig(PICTURE, dpi=110)
    pyplot.close(figure)


# --------------------------------------------------------------------------- by length; seeds


def by_length() -> list[str]:
    """A line for each length of film, at normal effort."""
    lines = head(
        *("film [min]", "notes", "variables", "composed in [s]", "s a minute", "million pitches/s"),
        *("cost a note [points]", "chance, a note"),
    )
    for minutes in MINUTES:
        plan = film_plan(minutes)
        began = time.perf_counter()
        facts = run.compose(plan, Effort(effort="normal")).search
        spent = time.perf_counter() - began
        assert facts is not None
        n, variables = len(plan.slots), len(np.unique(plan.slots["tie"]))
        cells = [f"{minutes:g}", f"{n}", f"{variables}", f"{spent:.2f}", f"{spent / minutes:.2f}"]
        cells += [
            f"{facts.moves_per_s / 1e6:.1f}",
            f"{facts.cost_end / n:.3f}",
            f"{facts.cost_start / n:.2f}",
        ]
        lines.append(line(*cells))
    return lines


def same_notes() -> list[str]:
    """Whether a seed's notes are the same on one thread, on two, and in plain Python."""
    plan = film_plan(1.0)
    one, two = (run.compose(plan, Effort(effort="normal"), threads=n).pitch for n in (1, 2))
    plan = film_plan(REFERENCE_MINUTES)
    posed = pose(plan)
    changes = compound(plan, posed, run.RATE)
    heat = np.append(np.full(REFERENCE_SWEEPS - 1, engine.HOT), 0).astype(np.int64)
    fast, plain = empty_state(posed.problem, 1), empty_state(posed.problem, 1)
    cpu.start(posed.problem, fast, SEED, threads=1)
    cpu.anneal(posed.problem, fast, SEED, 0, heat, 1, changes)
    chain, room = walk.chain_of(plain, 0), moves.room_of(moves.empty_room(1), 0)
    walk.start(posed.problem, chain, SEED, 0)
    moves.anneal(posed.problem, changes, chain, room, SEED, 0, 0, heat)
    alike = [np.array_equal(one, two), np.array_equal(fast.x, plain.x)]
    lines = head("same seed", "same notes")
    what = (
        "one and two threads, a minute, normal effort",
        f"compiled and plain Python, {REFERENCE_SWEEPS} sweeps",
    )
    return lines + [line(name, "yes" if same else "NO") for name, same in zip(what, alike, strict=True)]


def table() -> str:
    """Markdown: by time, by length, seeds."""
    for solve, _ in SOLVERS.values():
        solve(cases()[PALETTES[0]], 0.2)  # compiled, and in the cache, before the clock runs
    least = {
        name: bound(case.posed.problem, boxes=BOXES).cost / rules.POINT for name, case in cases().items()
    }
    found = measured()
    draw(found, least)
    note = "Costs in points, less is better; in brackets the time where it was more than a tenth longer."
    note += f"\n\n![Cost by time]({PICTURE.name})"
    return "\n".join([*by_time(found, least), "", note, "", PROTOTYPE, "", *by_length(), "", *same_notes()])


if __name__ == "__main__":
    print(table())
