"""`Instance` -> `Solution`: CP-SAT picks the phrases; the same instance gives the same bars on every run.

One worker, a fixed seed and a limit on deterministic time instead of the clock keep it so.  The chain
found by dynamic programming is the first plan and, as returns can only add cost, a proven bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from tensionbgm.plan.grid_instance import UNIT, Instance
from tensionbgm.plan.grid_path import FAR, BandPaths, find_paths, step_cost
from tensionbgm.plan.grid_phrases import PPM, Phrases, make_phrases
from tensionbgm.plan.grid_rules import RULES, Variables, return_rate
from tensionbgm.progress import Watch

MAX_KEPT = 1_500  # phrases handed to CP-SAT at once
EFFORT = 2.0  # deterministic time, about seconds of one core
SHARE = 0.35  # of what is left, for the next band


@dataclass(frozen=True)
class Solution:
    """Bars by phrases, what they cost, and what any plan must cost at least."""

    phrases: tuple[tuple[int, int, tuple[int, ...]], ...]  # (start anchor, end anchor, quarters of each bar)
    status: str  # OPTIMAL | FEASIBLE
    objective: float  # accents
    bound: float  # accents


@dataclass(frozen=True)
class Found:
    """The outcome of one band."""

    chain: tuple[int, ...]  # phrases
    cost: int  # [1 / UNIT accents]
    bound: int  # of any plan in the band
    effort: float  # deterministic time spent


def solve(instance: Instance, effort: float = EFFORT, watch: Watch | None = None) -> Solution | None:
    """The best grid found, or None if no chain of phrases keeps the hard rules.

    The bound holds for all chains of the phrases considered (bar lines on or close by the anchors).
    Bands of tempi are searched one by one, the one with the cheapest chain first; those whose bound is
    no better than the best plan so far need no search.

    Parameters
    ----------
    instance : Instance
    effort : float
        limit of the solver's deterministic time; about seconds on one core
    watch : Watch, optional
    """
    phrases = make_phrases(instance)
    bands = find_paths(instance, phrases)
    if not bands:
        return None
    plans = [(_full_cost(instance, phrases, band.best), band.best) for band in bands]
    cost, chain = min(plans, key=lambda plan: plan[0])
    bound, left = cost, effort
    for rank, band in enumerate(bands):
        if rank and band.cost >= cost:
            break
        if watch:
            watch.tick(rank / len(bands))
        start = chain if set(chain) <= set(band.kept.tolist()) else band.best
        found = _search(instance, phrases, band, start, cost, left * SHARE)
        left -= found.effort
        bound = min(bound, found.bound)
        if found.cost < cost:
            cost, chain = found.cost, found.chain
    rows = [(int(phrases.source[p]), int(phrases.target[p]), tuple(phrases.bars(p))) for p in chain]
    bound = min(bound, cost)
    return Solution(tuple(rows), "OPTIMAL" if cost == bound else "FEASIBLE", cost / UNIT, bound / UNIT)


def _search(
    instance: Instance, phrases: Phrases, band: BandPaths, start: tuple[int, ...], ceiling: int, effort: float
) -> Found:
    """CP-SAT over the phrases of a band that can be part of a plan cheaper than `ceiling`."""
    order = np.argsort(band.through, kind="stable")
    able = np.union1d(band.kept[order[band.through[order] < ceiling][:MAX_KEPT]], start)
    left_out = band.through[~np.isin(band.kept, able)]
    model = cp_model.CpModel()
    x = _variables(model, instance, phrases, able)
    total = sum(rule(model, x) for rule in RULES)
    model.add(total >= band.cost)
    model.minimize(total)
    _hint(model, x, start)
    solver = _solver(effort)
    status = solver.solve(model)
    # A plan with a phrase CP-SAT never saw costs at least the cheapest chain through that phrase.
    unseen = int(left_out.min(initial=FAR))
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(start, FAR, min(band.cost, unseen), solver.response_proto.deterministic_time)
    played = [int(p) for p, on in zip(able, x.played, strict=True) if solver.boolean_value(on)]
    chain = tuple(sorted(played, key=lambda p: int(phrases.source[p])))
    bound = max(band.cost, min(unseen, int(np.ceil(solver.best_objective_bound - 0.5))))
    return Found(chain, _full_cost(instance, phrases, chain), bound, solver.response_proto.deterministic_time)


def _solver(effort: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = max(effort, 0.01)
    solver.parameters.linearization_level = 2
    # It would put the default handler back when done: from then on Ctrl-C would kill us in mid-writing.
    solver.parameters.catch_sigint_signal = False
    return solver


def _variables(model: cp_model.CpModel, instance: Instance, phrases: Phrases, kept: np.ndarray) -> Variables:
    counts = [section_counts(instance, phrases, int(p)) for p in kept]
    played = [model.new_bool_var(f"phrase{p}") for p in kept]
    bars, beats = (np.array(count) for count in zip(*counts, strict=True))
    return Variables(instance, phrases, kept, played, bars, beats)


def _hint(model: cp_model.CpModel, x: Variables, chain: tuple[int, ...]) -> None:
    """Give CP-SAT a first plan."""
    on = np.isin(x.kept, chain).astype(np.int64)
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
        rate = return_rate(instance)
        apart = abs(int(beats[first] * rate[first] - beats[again] * rate[again]))
        cost += round(prices.return_tempo * UNIT) // PPM * max(0, apart - round(prices.return_free * PPM))
        alike = bars[first] == bars[again] and beats[first] == beats[again]
        close = max(length[first], length[again]) <= prices.return_ratio * min(length[first], length[again])
        cost += round(prices.unequal * UNIT) * int(close and not alike)
    return cost
