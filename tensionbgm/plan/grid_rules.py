"""The rules of the grid for CP-SAT, one function each; what a rule returns is added to the cost.

Variables: one truth value for each phrase of a band of tempi: is it played?  A phrase's own cost is known
beforehand; the rules tie phrases together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from tensionbgm.plan.grid_instance import UNIT, Instance
from tensionbgm.plan.grid_phrases import PPM, Phrases


@dataclass(frozen=True)
class Variables:
    """The unknowns, and what is known of each phrase that was kept."""

    instance: Instance
    phrases: Phrases
    kept: np.ndarray  # int (k,): phrases still in play
    played: list[cp_model.IntVar]  # (k,)
    bars: np.ndarray  # int (k, s): bar lines of the phrase in each section
    beats: np.ndarray  # int (k, s): quarters of the phrase in each section
    hints: list[tuple[cp_model.IntVar, Callable[[np.ndarray], int]]] = field(default_factory=list)


Cost = cp_model.LinearExprT
Rule = Callable[[cp_model.CpModel, Variables], Cost]


def phrases_cost_what_they_cost(model: cp_model.CpModel, x: Variables) -> Cost:
    """Cuts missed, odd bars, distance from the preferred tempo, a last bar too short."""
    return cp_model.LinearExpr.weighted_sum(x.played, x.phrases.cost[x.kept].tolist())


def phrases_make_a_chain(model: cp_model.CpModel, x: Variables) -> Cost:
    """From the first frame to the last, each phrase begins where one ends."""
    source, target = x.phrases.source[x.kept], x.phrases.target[x.kept]
    last = len(x.instance.anchor_us) - 1
    model.add_exactly_one([x.played[p] for p in np.flatnonzero(source == 0)])
    model.add_exactly_one([x.played[p] for p in np.flatnonzero(target == last)])
    for anchor in range(1, last):
        into = [x.played[p] for p in np.flatnonzero(target == anchor)]
        out = [x.played[p] for p in np.flatnonzero(source == anchor)]
        if into or out:
            model.add_at_most_one(into)
            model.add(sum(into) == sum(out))
    return 0


def tempo_changes_gently(model: cp_model.CpModel, x: Variables) -> Cost:
    """At each anchor the log tempo changes by `step_limit` at most; none is better, a small one is cheap."""
    prices = x.instance.prices
    source, target, level = (a[x.kept] for a in (x.phrases.source, x.phrases.target, x.phrases.level))
    limit, free = round(prices.step_limit * PPM), round(prices.step_free * PPM)
    cost: list[Cost] = []
    for anchor in range(1, len(x.instance.anchor_us) - 1):
        into, out = np.flatnonzero(target == anchor), np.flatnonzero(source == anchor)
        if not len(into) or not len(out):
            continue
        sign = np.zeros(len(x.kept), np.int64)
        sign[into], sign[out] = level[into], -level[out]
        size = _size_of(model, x, sign, limit, f"step{anchor}")
        more = _beyond(model, x, size, sign, free, limit, f"more{anchor}")
        cost += [round(prices.step * UNIT) // PPM * size, round(prices.step_more * UNIT) // PPM * more]
        cost.append(round(prices.change * UNIT) * _changed(model, x, size, sign, limit, f"change{anchor}"))
    return sum(cost)


def returns_resemble_their_first(model: cp_model.CpModel, x: Variables) -> Cost:
    """Sections of equal label have nearly the same tempo and, if long enough alike, the same bars."""
    prices, length = x.instance.prices, np.diff(x.instance.section_us)
    cost: list[Cost] = []
    for first, again in x.instance.returns:
        rate = return_rate(x.instance)
        weight = x.beats[:, first] * rate[first] - x.beats[:, again] * rate[again]
        limit, free = int(np.abs(weight).sum()), round(prices.return_free * PPM)
        size = _size_of(model, x, weight, limit, f"tempo{again}")
        more = _beyond(model, x, size, weight, free, limit, f"far{again}")
        cost.append(round(prices.return_tempo * UNIT) // PPM * more)
        if max(length[first], length[again]) <= prices.return_ratio * min(length[first], length[again]):
            cost.append(round(prices.unequal * UNIT) * _unequal(model, x, first, again))
    return sum(cost)


def return_rate(instance: Instance) -> np.ndarray:
    """int64 (s,): what a quarter adds to a section's tempo, relative to the preferred one [ppm]."""
    length = np.maximum(np.diff(instance.section_us), 1)
    return np.rint(instance.preferred_us * PPM / length).astype(np.int64)


RULES: tuple[Rule, ...] = (
    phrases_cost_what_they_cost,
    phrases_make_a_chain,
    tempo_changes_gently,
    returns_resemble_their_first,
)


def _size_of(
    model: cp_model.CpModel, x: Variables, weight: np.ndarray, limit: int, name: str
) -> cp_model.IntVar:
    """A variable no less than the absolute value of a weighted sum of the phrases played."""
    used = np.flatnonzero(weight)
    total = cp_model.LinearExpr.weighted_sum([x.played[p] for p in used], weight[used].tolist())
    size = model.new_int_var(0, limit, name)
    model.add(size >= total)
    model.add(size >= -total)
    x.hints.append((size, lambda on: abs(int(weight @ on))))
    return size


def _beyond(
    model: cp_model.CpModel,
    x: Variables,
    size: cp_model.IntVar,
    weight: np.ndarray,
    free: int,
    limit: int,
    name: str,
) -> cp_model.IntVar:
    """A variable no less than what `size` exceeds `free` by."""
    more = model.new_int_var(0, limit, name)
    model.add(more >= size - free)
    x.hints.append((more, lambda on: max(0, abs(int(weight @ on)) - free)))
    return more


def _changed(
    model: cp_model.CpModel, x: Variables, size: cp_model.IntVar, weight: np.ndarray, limit: int, name: str
) -> cp_model.IntVar:
    """A truth value that may be false only if `size` is so small that the tempo stays the same."""
    changed, same = model.new_bool_var(name), round(x.instance.prices.same * PPM)
    model.add(size <= same + limit * changed)
    x.hints.append((changed, lambda on: int(abs(int(weight @ on)) > same)))
    return changed


def _unequal(model: cp_model.CpModel, x: Variables, first: int, again: int) -> cp_model.IntVar:
    """A truth value that may be false only if both sections have as many bars and as many quarters."""
    unequal = model.new_bool_var(f"unequal{again}")
    difference = [(counts[:, first] - counts[:, again]).astype(np.int64) for counts in (x.bars, x.beats)]
    for weight in difference:
        total = cp_model.LinearExpr.weighted_sum(x.played, weight.tolist())
        model.add(total == 0).only_enforce_if(unequal.negated())
    x.hints.append((unequal, lambda on: int(any(weight @ on for weight in difference))))
    return unequal
