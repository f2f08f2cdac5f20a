"""Pitches, a judge -> pitches that cost little and that the judge finds likely: delayed acceptance [CF05]_.

Few variables, as a bar's or a voice's, are drawn anew by two sweeps of the heat bath, there and back: as
likely one way as the other under exp(-cost / T), so the costs have accepted them already.  Then the judge,
who may be slow, is asked, and the draw is kept with probability min(1, p(new) / p(old)).  So the chain's
distribution is exp(-cost / T) times what the judge gives.  Several chains go side by side, and the judge
is asked about all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tensionbgm.forms import Plan
from tensionbgm.kernels import cpu, rules
from tensionbgm.search import factors
from tensionbgm.search.moves import exponential_table
from tensionbgm.search.problem import Posed, empty_state
from tensionbgm.search.rows import starts

PART, DRAW, TAKE = 2**22, 2**22 + 1, 2**22 + 2  # where chance is drawn: beyond any chain


class Judge(Protocol):
    """Says how likely music is."""

    def __call__(self, pitch: np.ndarray, /) -> np.ndarray:
        """MIDI pitches of every slot, int (n, slots) -> their log-probability, float (n,) [nats]."""


@dataclass(frozen=True)
class Judged:
    """Chains after a step."""

    x: np.ndarray  # int64 (n, V)
    cost: np.ndarray  # int64 (n,) [cost units]
    logp: np.ndarray  # float (n,) [nats]
    taken: np.ndarray  # bool (n,): whether the judge let the last draw pass


def parts_of(plan: Plan, posed: Posed) -> list[np.ndarray]:
    """Free variables of every bar, and of every voice in it, int64 (k,) each."""
    slots, variable = plan.slots[posed.pitched], posed.variable
    free = np.diff(posed.problem.domain_start) > 1
    bar = np.searchsorted(plan.grid.bar_tick, slots["onset_tick"], side="right") - 1
    rows = [np.flatnonzero(bar == b) for b in np.unique(bar)]
    rows += [line[bar[line] == b] for line in factors.lines_of(slots) for b in np.unique(bar[line])]
    kept = (np.unique(variable[row]) for row in rows)
    return [v[free[v]] for v in kept if free[v].any()]


def walk(
    problem: rules.Problem,
    x: np.ndarray,
    judge: Judge,
    parts: list[np.ndarray],
    steps: int,
    temperature: int,
    seed: int = 0,
) -> Iterator[Judged]:
    """Chains from `x`, int64 (n, V), one step after another.

    Parameters
    ----------
    judge : Judge
        here of the variables' pitches, int (n, V)
    parts : list of int (k,)
        variables that are drawn anew together; a step takes one
    temperature : int
        above 0 [cost units]
    """
    state = empty_state(problem, len(x))
    now = Judged(x.copy(), _costs(problem, x), np.asarray(judge(x), float), np.ones(len(x), bool))
    heat, chance = np.full(2, temperature, np.int64), exponential_table() / rules.GUMBEL_ONE
    for step in range(steps):
        freed = _freed(problem, parts[int(rules.mix(seed, PART, step)) % len(parts)])
        state.x[...] = now.x
        cpu.restart(freed, state)
        cpu.anneal(freed, state, int(rules.mix(seed, DRAW, step)), 0, heat)
        logp = np.asarray(judge(state.x), float)
        dice = rules.mix(seed + step, TAKE, np.arange(len(x))) % rules.CHANCES
        taken = logp - now.logp >= -chance[dice]
        drawn = np.where(taken[:, None], state.x, now.x)
        now = Judged(drawn, _costs(problem, drawn), np.where(taken, logp, now.logp), taken)
        yield now


def refine(
    problem: rules.Problem,
    x: np.ndarray,
    judge: Judge,
    parts: list[np.ndarray],
    steps: int,
    temperature: int,
    seed: int = 0,
) -> np.ndarray:
    """The best pitches a walk comes by, int64 (V,): least cost - temperature * logp; `x` is the first."""
    best, least = x, _costs(problem, x[None])[0] - temperature * float(judge(x[None])[0])
    for now in walk(problem, x[None], judge, parts, steps if parts else 0, temperature, seed):
        total = now.cost[0] - temperature * now.logp[0]
        if total < least:
            best, least = now.x[0], total
    return best


def _costs(problem: rules.Problem, x: np.ndarray) -> np.ndarray:
    """Cost of each row of pitches, int64 (n,)."""
    state = empty_state(problem, len(x))
    state.x[...] = x
    cpu.restart(problem, state)
    return state.cost[:, 0].copy()


def _freed(problem: rules.Problem, part: np.ndarray) -> rules.Problem:
    """The problem with nothing to choose but for these variables.

    The one pitch the others are left with is the first of their domain, not theirs: it is never looked at,
    for what has no choice is not visited.
    """
    size = np.diff(problem.domain_start)
    free = np.zeros(len(size), bool)
    free[part] = True
    kept = np.repeat(free, size)
    kept[problem.domain_start[:-1]] = True
    return problem._replace(
        domain_start=starts(np.where(free, size, 1)),
        domain_pitch=problem.domain_pitch[kept],
        domain_cost=problem.domain_cost[kept],
    )
