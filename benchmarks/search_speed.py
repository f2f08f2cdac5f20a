"""How fast the kernels are: pitches weighed in a second, and random moves, on one core.

`table()` gives Markdown; `python -m benchmarks.search_speed` prints it, in under a minute.

The first instance is a minute of tension alone: 30 bars, 6 voices, 838 notes that may take any pitch class,
with diameter, momentum and strain wanted of every quarter, half and bar.  The others are whole plans.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.search import plans
from tensionbgm.kernels import cpu, rules
from tensionbgm.search import engine
from tensionbgm.search.problem import empty_state, gumbel_table, pose
from tensionbgm.search.skeleton import tonal

BARS, SIXTEENTHS, NOTES = 30, 16, 838
LENGTHS = (1, 2, 2, 4, 4, 8)  # usual duration of each voice's notes [sixteenths]
SCALES = (4, 8, 16)  # windows [sixteenths]
SWEEPS, MOVES = 40, 20


def tension_problem(seed: int = 0) -> rules.Problem:
    """The minute of tension alone; all tables but the groups' are those of any problem."""
    note, rng = _notes(seed), np.random.default_rng(seed)
    n, end = len(note), BARS * SIXTEENTHS
    member, span = [], 0
    table = np.zeros((sum(end // size for size in SCALES), rules.GROUP_COLUMNS), np.int64)
    for size in SCALES:
        for k in range(end // size):
            held = np.minimum(note[:, 1], (k + 1) * size) - np.maximum(note[:, 0], k * size)
            inside = np.flatnonzero(held > 0)
            member += [(v, span + k, int(held[v])) for v in inside]
            total = max(int(held[inside].sum()), 1)
            table[span + k, [rules.PER_XY, rules.PER_Z]] = (rules.RADIUS << 16) // total
            table[span + k, rules.LINKED] = k > 0
        span += end // size
    for aim, weight in (
        (rules.DIAMETER_AIM, rules.DIAMETER_WEIGHT),
        (rules.MOMENTUM_AIM, rules.MOMENTUM_WEIGHT),
        (rules.STRAIN_AIM, rules.STRAIN_WEIGHT),
    ):
        table[:, aim] = rng.integers(200, 800, len(table))
        table[:, weight] = 500 << 10
    row = np.array(sorted(member), np.int64)
    start = np.concatenate([[0], np.cumsum(np.bincount(row[:, 0], minlength=n))])
    none = np.zeros(n + 1, np.int64)
    like = tonal(pose(plans()[0]).problem)
    return like._replace(
        domain_start=12 * np.arange(n + 1),
        domain_pitch=np.tile(np.arange(60, 72), n),
        domain_cost=np.zeros(12 * n, np.int64),
        **{f"{name}_start": none for name in ("line", "vertical", "bend", "parallel")},
        member_start=start.astype(np.int64),
        member_group=np.ascontiguousarray(row[:, 1]),
        entry_start=np.arange(len(row) + 1),
        entry=np.stack([np.zeros(len(row), np.int64), row[:, 2]], axis=1),
        pc_map=np.arange(12),
        group=table,
        gumbel=gumbel_table(),
    )


def _notes(seed: int) -> np.ndarray:
    """Begin and end of each note, voice by voice, int64 (NOTES, 2) [sixteenths]."""
    rng, rows = np.random.default_rng(seed), []
    for usual in LENGTHS:
        at = 0
        while at < BARS * SIXTEENTHS:
            long = int(usual * rng.choice((1, 1, 2, 3)))
            rows.append((at, min(at + long, BARS * SIXTEENTHS)))
            at += long
    return np.array(sorted(rows)[:NOTES], np.int64)


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
    lines = ["| instance | notes | candidates [M/s] |", "| --- | --- | --- |"]
    problems = {"a minute of tension alone, three scales": tension_problem()}
    problems |= {f"{plan.palette}, all costs": pose(plan).problem for plan in plans()}
    for name, problem in problems.items():
        notes = len(problem.domain_start) - 1
        lines.append(f"| {name} | {notes} | {candidates_per_s(problem) / 1e6:.1f} |")
    return "\n".join([*lines, "", "One core; a candidate is a pitch weighed with all else fixed."])


if __name__ == "__main__":
    print(table())
