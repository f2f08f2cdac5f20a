"""How fast the kernels are: pitches weighed, and single notes moved, in a second on one core.

`table()` gives Markdown; `python -m benchmarks.search_speed` prints it, in about a minute.

The first instance is a minute of tension alone, with diameter, momentum and strain wanted of every quarter,
half and bar (`search_cases.instance`).  The others are whole plans.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.markdown import head, line
from benchmarks.search_cases import instance, plans
from tensionbgm.forms import Plan
from tensionbgm.kernels import cpu
from tensionbgm.kernels.moves import Moves, no_moves
from tensionbgm.search import engine
from tensionbgm.search.moves import compound
from tensionbgm.search.problem import Posed, empty_state, pose

SWEEPS = 40
SINGLES = 200.0  # a note and sweep: the sweep itself hardly counts
HEATS = 4  # temperatures at which single notes are moved
TIMES = 5


def spent_s(posed: Posed, changes: Moves, temperature: np.ndarray) -> float:
    """Processor time of an annealing, the best of some [s]."""
    chains = cpu.Chains(posed.problem, empty_state(posed.problem, 1), changes, threads=1)
    chains.start(0)
    chains.anneal(0, 0, temperature[:1])
    spent = []
    for k in range(TIMES):
        began = time.process_time()
        chains.anneal(0, k, temperature)
        spent.append(time.process_time() - began)
    return min(spent)


def candidates_per_s(posed: Posed) -> float:
    """Pitches weighed by the heat bath in a second of processor time."""
    return SWEEPS * posed.candidates / spent_s(posed, no_moves(), engine.temperatures(SWEEPS))


def singles_per_s(plan: Plan, posed: Posed) -> float:
    """Notes by chance given a pitch by chance, or not [Metropolis], in a second of processor time."""
    changes = compound(plan, posed, (0.0, 0.0, 0.0, 0.0, 0.0, SINGLES))
    heat = engine.temperatures(HEATS + engine.GREEDY_SWEEPS)[:HEATS]
    return HEATS * int(changes.rate.sum()) / spent_s(posed, changes, heat)


def table() -> str:
    """Markdown: millions a second."""
    lines = head("instance", "notes", "candidates [M/s]", "single moves [M/s]")
    cases = {"a minute of tension alone, three scales": instance(False)}
    cases |= {f"{plan.palette}, all costs": (plan, pose(plan)) for plan in plans()}
    for name, (plan, posed) in cases.items():
        notes = len(posed.problem.domain_start) - 1
        figures = candidates_per_s(posed), singles_per_s(plan, posed)
        lines.append(line(name, str(notes), *(f"{figure / 1e6:.1f}" for figure in figures)))
    note = "One core; a candidate is a pitch weighed with all else fixed; moves are made from hot to cold."
    return "\n".join([*lines, "", note])


if __name__ == "__main__":
    print(table())
