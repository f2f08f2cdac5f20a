"""Problem of tonal tension alone -> pitches of little cost, by a beam through its windows in time.

What is still to be paid depends on the notes behind us through few numbers only: the sums and pitch classes
of the windows that go on, and the centres of effect that a momentum still waits for.  Where these agree, the
dearer of two beginnings is forgotten.  Were nothing else forgotten this would be `skeleton`'s elimination
[Dechter99]_ with notes held from window to window; in a beam only the cheapest beginnings are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.kernels import rules
from tensionbgm.search import states
from tensionbgm.search.skeleton import FACTORS

# a window packed into 56 bits: X, Y, K, each with a bias that keeps it above 0, then its pitch classes
X_BITS = Y_BITS = 14
K_BITS = 16
X_BIAS, Y_BIAS, K_BIAS = (1 << bits - 1 for bits in (X_BITS, Y_BITS, K_BITS))
EMPTY = X_BIAS + (Y_BIAS << X_BITS) + (K_BIAS << X_BITS + Y_BITS)
SUM_BITS = X_BITS + Y_BITS + K_BITS
SUMS = (1 << SUM_BITS) - 1
WHOLE = -1  # all bits
MERGED = 4  # times as many beginnings are compared as are kept
HASH = 0x9E3779B97F4A7C15  # odd: 2**64 over the golden ratio
MOST = 4  # variables given pitches at once


@dataclass(frozen=True)
class Path:
    """Pitches, and what they cost."""

    x: np.ndarray  # int64 (V,)
    cost: int  # [cost units]
    exact: bool  # no others are cheaper: nothing was forgotten but what was dearer
    weighed: int  # beginnings


@dataclass(frozen=True)
class Step:
    """Variables that are given pitches at once, in c distinct ways; they sound in t groups."""

    variables: tuple[int, ...]
    groups: tuple[int, ...]
    sums: np.ndarray  # int64 (c, t): packed, to be added
    mask: np.ndarray  # int64 (c, t): in place, to be set
    pitch: np.ndarray  # int64 (c, variables)
    done: tuple[int, ...]  # groups that are complete after it, rising

    @property
    def ways(self) -> int:
        """How many."""
        return len(self.pitch)


def steps(problem: rules.Problem) -> list[Step]:
    """Group after group in time, the variables that complete it.

    Weights and aims may be changed afterwards without changing the steps.

    Parameters
    ----------
    problem : rules.Problem
        groups that carry tension alone (`skeleton.tonal`)

    Raises
    ------
    ValueError
        it has factors, costs of pitches, chords to be covered, mean diameters or a momentum from silence
    """
    if any(len(getattr(problem, name)) for name in FACTORS) or problem.domain_cost.any():
        raise ValueError("pitches and factors cost something: no beam through tension alone")
    if problem.group[:, (rules.SPAN, rules.MEAN_OF)].any():
        raise ValueError("chords or mean diameters cost something: no beam through tension alone")
    heard = states.members(problem)
    linked = np.flatnonzero(problem.group[:, rules.LINKED])
    if not all(heard[g] and heard[g - 1] for g in linked):
        raise ValueError("a momentum from or to silence: no beam through it")
    sounds_in: dict[int, list[int]] = {}
    for g, member in enumerate(heard):
        for v in member:
            sounds_in.setdefault(v, []).append(g)
    waiting, made = [set(member) for member in heard], []
    for waits in waiting:
        unset = sorted(waits)
        for first in range(0, len(unset), MOST):
            variables = tuple(unset[first : first + MOST])
            groups = tuple(sorted({k for v in variables for k in sounds_in[v]}))
            for k in groups:
                waiting[k].difference_update(variables)
            done = tuple(k for k in groups if not waiting[k])
            made.append(Step(variables, groups, *_ways(problem, heard, variables, groups), done))
    return made


def search(problem: rules.Problem, taken: list[Step], rows: int, seed: int = 0) -> Path:
    """Follow the cheapest beginnings through the steps.

    Parameters
    ----------
    taken : list of Step
        `steps` of the problem
    rows : int
        beginnings weighed at a step, about; more find better ones, in proportionally more time
    seed : int
        which of equals is taken

    Returns
    -------
    path : Path
        variables that sound in no group get their lowest pitch
    """
    beam = _Beam(problem, seed)
    for k, step in enumerate(taken):
        following = taken[k + 1].ways if k + 1 < len(taken) else 1
        beam.advance(step, max(rows // following, 1))
    return beam.path(taken)


def _ways(
    problem: rules.Problem,
    heard: list[dict[int, np.ndarray]],
    variables: tuple[int, ...],
    groups: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct sums and pitch classes that variables can add to groups, and pitches that do."""
    sums, mask = (np.zeros((1, len(groups)), np.int64) for _ in range(2))
    pitch = np.zeros((1, 0), np.int64)
    for v in variables:
        at = [k for k, g in enumerate(groups) if v in heard[g]]
        views = [(int(problem.group[groups[k], rules.KEY]), heard[groups[k]][v]) for k in at]
        option = states.option(problem, v, views)
        own_sums, own_mask = (np.zeros((len(option.pitch), len(groups)), np.int64) for _ in range(2))
        own_sums[:, at], own_mask[:, at] = _packed(option.sums), option.mask << SUM_BITS
        sums = (sums[:, None] + own_sums).reshape(-1, len(groups))
        mask = (mask[:, None] | own_mask).reshape(-1, len(groups))
        before, which = np.divmod(np.arange(len(sums)), len(option.pitch))
        pitch = np.concatenate([pitch[before], option.pitch[which][:, None]], axis=1)
        kept = np.sort(np.unique(_hash(np.concatenate([sums, mask], axis=1)), return_index=True)[1])
        sums, mask, pitch = sums[kept], mask[kept], pitch[kept]
    return sums, mask, pitch


class _Beam:
    """The beginnings kept: a row each, with a column for every window that something waits for."""

    def __init__(self, problem: rules.Problem, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.column: dict[int, int] = {}
        self.complete: set[int] = set()
        self.met: set[int] = set()  # windows whose momentum is paid
        self.state, self.cost = np.zeros((1, 0), np.int64), np.zeros(1, np.int64)
        self.trail: list[tuple[np.ndarray, np.ndarray]] = []
        self.exact, self.weighed = True, 0

    def advance(self, step: Step, keep: int) -> None:
        """Take a step, and keep so many beginnings."""
        state = self._extended(step)
        cost = np.repeat(self.cost, step.ways) + self._judge(state, step.done)
        self.weighed += len(cost)
        best = self._cheapest(cost, MERGED * keep)
        state = self._needed(state[best])
        first = np.sort(np.unique(_hash(state), return_index=True)[1])  # the cheapest of those alike
        self.exact &= len(best) == len(cost) and len(first) <= keep
        best, self.state = best[first[:keep]], state[first[:keep]]
        self.cost = cost[best]
        self.trail.append((best // step.ways, best % step.ways))

    def path(self, taken: list[Step]) -> Path:
        """The cheapest row, followed back to its beginning."""
        x = self.problem.domain_pitch[self.problem.domain_start[:-1]]
        row = int(np.argmin(self.cost))
        cost = int(self.cost[row]) + int(self.problem.constant[0])
        for step, (before, which) in zip(reversed(taken), reversed(self.trail), strict=True):
            x[list(step.variables)] = step.pitch[which[row]]
            row = int(before[row])
        return Path(x, cost, self.exact, self.weighed)

    def _extended(self, step: Step) -> np.ndarray:
        """Every row with every way to go on, int64 (rows x ways, columns)."""
        new = [g for g in step.groups if g not in self.column]
        self.column |= {g: len(self.column) + k for k, g in enumerate(new)}
        before = np.pad(self.state, ((0, 0), (0, len(new))), constant_values=EMPTY)
        sums, mask = (np.zeros((step.ways, len(self.column)), np.int64) for _ in range(2))
        at = [self.column[g] for g in step.groups]
        sums[:, at], mask[:, at] = step.sums, step.mask
        return ((before[:, None] + sums) | mask).reshape(-1, len(self.column))

    def _judge(self, state: np.ndarray, done: tuple[int, ...]) -> np.ndarray:
        """Cost of windows just completed, and of momenta that waited for them, int64 (rows,)."""
        table, cost = self.problem.group, np.zeros(len(state), np.int64)
        self.complete.update(done)
        for g in done:
            key = table[g, rules.KEY]
            spread = self._scaled(
                rules.DIAMETER, self.problem.diameter[key, state[:, self.column[g]] >> SUM_BITS]
            )
            cost += rules.diameter_misfit(self.problem, g, spread)
            strain = self._scaled(rules.STRAIN, _length(self._centre(g, state) - self.problem.key_point[key]))
            cost += rules.strain_misfit(self.problem, g, strain)
        for g in {*done, *(g + 1 for g in done)}:
            if self._linked(g) and {g - 1, g} <= self.complete:
                apart = _length(self._centre(g, state) - self._centre(g - 1, state))
                way = self._scaled(rules.MOMENTUM, apart)
                cost += rules.momentum_misfit(self.problem, g, way)
                self.met.add(g)
        return cost

    def _scaled(self, component: int, length: np.ndarray) -> np.ndarray:
        """As `rules.scaled`, int64 (rows,)."""
        return self.problem.scale[component, np.minimum(length, rules.LENGTHS - 1)]

    def _linked(self, g: int) -> bool:
        return g < len(self.problem.group) and bool(self.problem.group[g, rules.LINKED])

    def _centre(self, g: int, state: np.ndarray) -> np.ndarray:
        """Centre of effect of a window, int64 (rows, 3) [1/1024 radius]."""
        packed = state[:, self.column[g]] & SUMS
        x = (packed & (1 << X_BITS) - 1) - X_BIAS
        y = (packed >> X_BITS & (1 << Y_BITS) - 1) - Y_BIAS
        k = (packed >> X_BITS + Y_BITS) - K_BIAS
        per_xy, per_z = self.problem.group[g, rules.PER_XY], self.problem.group[g, rules.PER_Z]
        return np.stack([x * per_xy >> 16, y * per_xy >> 16, k * per_z >> 16], axis=-1)

    def _cheapest(self, cost: np.ndarray, most: int) -> np.ndarray:
        """Rows from the cheapest up, at most so many; chance orders equals."""
        rows = np.arange(len(cost))
        if len(rows) > most:
            rows = np.flatnonzero(cost <= np.partition(cost, most)[most])
        chance = rules.mix(self.seed, len(self.trail), rows)
        return rows[np.lexsort((rows, chance, cost[rows]))[:most]]

    def _needed(self, state: np.ndarray) -> np.ndarray:
        """The columns that something waits for: windows that go on, and centres that momenta wait for."""
        kept = {}
        for g, column in self.column.items():
            if g not in self.complete:
                kept[g] = (column, WHOLE)
            elif any(self._linked(k) and k not in self.met for k in (g, g + 1)):
                kept[g] = (column, SUMS)
        self.column = {g: k for k, g in enumerate(kept)}
        which, bits = np.array(list(kept.values()), np.int64).reshape(-1, 2).T
        return state[:, which] & bits


def _packed(sums: np.ndarray) -> np.ndarray:
    """X, Y and K as one number, int64 (..., 3) -> (...)."""
    return sums[..., 0] + (sums[..., 1] << X_BITS) + (sums[..., 2] << X_BITS + Y_BITS)


def _length(way: np.ndarray) -> np.ndarray:
    """Whole part of the length of vectors, as `rules.isqrt` has it, int64 (..., 3) -> (...)."""
    return np.sqrt((way * way).sum(axis=-1).astype(float)).astype(np.int64)


def _hash(rows: np.ndarray) -> np.ndarray:
    """A 64-bit number for each row; two that share one would lose a beginning, not make a cost wrong."""
    found = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        found = (found ^ column.astype(np.uint64)) * np.uint64(HASH)
        found ^= found >> np.uint64(29)
    return found
