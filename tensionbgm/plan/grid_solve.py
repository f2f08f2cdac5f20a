"""`Instance` -> `Solution`: CP-SAT picks the phrases; the same instance gives the same bars on every run.

One worker, a fixed seed and a limit on deterministic time instead of the clock keep it so.  The chain
found by dynamic programming is the first plan and, as returns can only add cost, a proven bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from tensionbgm.plan.grid_instance import UNIT, Instance
from tensionbgm.plan.grid_path import FAR, Paths, find_paths, step_cost
from tensionbgm.plan.grid_phrases import PPM, Phrases, make_phrases
from tensionbgm.plan.grid_rules import RULES, Variables, return_rate

MAX_KEPT = 3_000  # phrases handed to CP-SAT
EFFORT = 5.0  # deterministic time, about seconds of one core


@dataclass(frozen=True)
class Solution:
    """Bars by phrases, what they cost, and what any plan must cost at least."""

    phrases: tuple[tuple[int, int, tuple[int, ...]], ...]  # (start anchor, end anchor, quarters of each bar)
    status: str  # OPTIMAL | FEASIBLE
    objective: float  # accents
    bound: float  # accents


def solve(instance: Instance, effort: float = EFFORT) -> Solution | None:
    """The best grid found, or None if no chain of phrases keeps the hard rules.

    Parameters
    ----------
    instance : Instance
    effort : float
        limit of the solver's deterministic time; about seconds on one core
    """
    phrases = make_phrases(instance)
    paths = find_paths(instance, phrases)
    if not paths.best:
        return None
    first = _full_cost(instance, phrases, paths.best)
    chosen, cost, bound = _improve(instance, phrases, paths, first, effort)
    rows = [
        (int(phrases.source[p]), int(phrases.target[p]), tuple(phrases.bars(p)))
        for p in sorted(chosen, key=lambda p: int(phrases.source[p]))
    ]
    status = "OPTIMAL" if cost <= bound else "FEASIBLE"
    return Solution(tuple(rows), status, cost / UNIT, min(bound, cost) / UNIT)


def _improve(
    instance: Instance, phrases: Phrases, paths: Paths, cost: int, effort: float
) -> tuple[list[int], int, int]:
    """CP-SAT over the phrases that can still pay: phrases chosen, their cost, a bound on any plan's cost."""
    order = np.argsort(paths.through, kind="stable")
    able = order[paths.through[order] < min(cost + 1, FAR)]
    able = np.union1d(able[:MAX_KEPT], paths.best)
    left_out = np.setdiff1d(np.flatnonzero(paths.through < cost), able)
    model = cp_model.CpModel()
    x = _variables(model, instance, phrases, paths, able)
    total = sum(rule(model, x) for rule in RULES)
    model.add(total >= paths.cost)
    model.minimize(total)
    _hint(model, x, paths)
    solver = _solver(effort)
    status = solver.solve(model)
    bound = paths.cost
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        chosen = [int(p) for p, on in zip(able, x.played, strict=True) if solver.boolean_value(on)]
        bound = max(bound, int(np.ceil(solver.best_objective_bound - 0.5)))
        if len(left_out):  # a plan with a phrase CP-SAT never saw costs at least the chain through it
            bound = min(bound, int(paths.through[left_out].min()))
        found = _full_cost(instance, phrases, tuple(chosen))
        if found <= cost:
            return chosen, found, bound
    return list(paths.best), cost, bound


def _solver(effort: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = effort
    solver.parameters.interleave_search = True
    solver.parameters.linearization_level = 2
    return solver


def _variables(
    model: cp_model.CpModel, instance: Instance, phrases: Phrases, paths: Paths, kept: np.ndarray
) -> Variables:
    counts = [section_counts(instance, phrases, int(p)) for p in kept]
    return Variables(
        instance,
        phrases,
        kept,
        [model.new_bool_var(f"phrase{p}") for p in kept],
        paths.band,
        [model.new_bool_var(f"band{b}") for b in range(len(paths.band))],
        np.array([bars for bars, _ in counts]),
        np.array([beats for _, beats in counts]),
    )


def _hint(model: cp_model.CpModel, x: Variables, paths: Paths) -> None:
    """Give CP-SAT the chain of the dynamic programme as its first plan."""
    on = np.isin(x.kept, paths.best).astype(np.int64)
    for variable, value in zip(x.played, on, strict=True):
        model.add_hint(variable, int(value))
    for variable, measure in x.hints:
        model.add_hint(variable, measure(on))


def section_counts(instance: Instance, phrases: Phrases, phrase: int) -> tuple[np.ndarray, np.ndarray]:
    """Bars and quarters of a phrase in each section, (s,) each; a section starts at its nearest bar line."""
    start = int(instance.anchor_us[phrases.source[phrase]])
    stop = int(instance.anchor_us[phrases.target[phrase]])
    beat = np.concatenate([[0], np.cumsum(phrases.bars(phrase))])
    line = start + beat * phrases.period_us[phrase]
    boundary = instance.boundary_us
    place = np.abs(line[None, :] - boundary[:, None]).argmin(axis=1)
    place = np.where(boundary < start, 0, np.where(boundary >= stop, len(line) - 1, place))
    edge = np.concatenate([[0], place, [len(line) - 1]]).astype(int)
    return np.diff(edge), np.diff(beat[edge])


def _full_cost(instance: Instance, phrases: Phrases, chain: tuple[int, ...]) -> int:
    """Cost of a chain with everything, returns included [1 / UNIT accents]."""
    rows = np.array(sorted(chain, key=lambda p: int(phrases.source[p])))
    steps = step_cost(np.diff(phrases.level[rows]), instance.prices)
    beats = np.zeros(len(instance.label), np.int64)
    bars = np.zeros(len(instance.label), np.int64)
    for phrase in rows:
        own_bars, own_beats = section_counts(instance, phrases, int(phrase))
        bars += own_bars
        beats += own_beats
    return int(phrases.cost[rows].sum() + steps.sum()) + _returns_cost(instance, bars, beats)


def _returns_cost(instance: Instance, bars: np.ndarray, beats: np.ndarray) -> int:
    prices, length = instance.prices, np.diff(instance.section_us)
    cost = 0
    for first, again in instance.returns:
        if min(length[first], length[again]) <= 0:
            continue
        rate = return_rate(instance)
        apart = abs(int(beats[first] * rate[first] - beats[again] * rate[again]))
        cost += round(prices.return_tempo * UNIT) // PPM * max(0, apart - round(prices.return_free * PPM))
        alike = bars[first] == bars[again] and beats[first] == beats[again]
        close = max(length[first], length[again]) <= prices.return_ratio * min(length[first], length[again])
        cost += round(prices.unequal * UNIT) * int(close and not alike)
    return cost
