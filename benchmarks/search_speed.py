"""How fast the kernels are: pitches weighed in a second on one core.

`table()` gives Markdown; `python -m benchmarks.search_speed` prints it, in under a minute.

The first instance is a minute of tension alone, with diameter, momentum and strain wanted of every quarter,
half and bar (`search_cases.instance`).  The others are whole plans.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.markdown import head, line
from benchmarks.search_cases import instance, plans
from tensionbgm.kernels import cpu, rules
from tensionbgm.search import engine
from tensionbgm.search.problem import empty_state, pose

SWEEPS = 40


def candidates_per_s(problem: rules.Problem) -> float:
    """Pitches weighed by the heat bath in a second of processor time, the best of three."""
    chains = cpu.Chains(problem, empty_state(problem, 1), threads=1)
    chains.start(0)
    chains.anneal(0, 0, np.zeros(1, np.int64))
    spent = []
    for k in range(3):
        began = time.process_time()
        chains.anneal(0, k, engine.temperatures(SWEEPS))
        spent.append(time.process_time() - began)
    return SWEEPS * engine.candidates(problem) / min(spent)


def table() -> str:
    """Markdown: millions a second."""
    lines = head("instance", "notes", "candidates [M/s]")
    problems = {"a minute of tension alone, three scales": instance(False)[1].problem}
    problems |= {f"{plan.palette}, all costs": pose(plan).problem for plan in plans()}
    for name, problem in problems.items():
        notes = len(problem.domain_start) - 1
        lines.append(line(name, str(notes), f"{candidates_per_s(problem) / 1e6:.1f}"))
    return "\n".join([*lines, "", "One core; a candidate is a pitch weighed with all else fixed."])


if __name__ == "__main__":
    print(table())
