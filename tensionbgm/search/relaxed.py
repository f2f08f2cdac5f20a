"""Problem -> factor tables of its voice leading, and a lower bound of what they and the pitches cost.

Costs are moved between pitches and factors so that the sum of each one's own minimum rises; the total
of any piece stays what it is, so the sum bounds the optimum from below (the dual of the local-polytope
relaxation, by sequential reweighted messages [Kolmogorov15]_).
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np

from tensionbgm.kernels import chain, rules
from tensionbgm.search.rows import starts

FINE = 64  # costs are multiplied by this, so that shares keep their fractions
ENDS = {  # columns of the variable and the map of each slot of a row
    "line": ((rules.A, rules.A_MAP), (rules.B, rules.B_MAP)),
    "vertical": ((rules.A, rules.A_MAP), (rules.B, rules.B_MAP)),
    "bend": ((rules.A, rules.A_MAP), (rules.B, rules.B_MAP), (rules.C, rules.C_MAP)),
    "parallel": (
        *((rules.A, rules.A_MAP), (rules.B, rules.B_MAP)),
        *((rules.C, rules.C_MAP), (rules.D, rules.D_MAP)),
    ),
}
LARGEST = (
    20_000  # combinations of a factor's pitches; where there are more its least possible cost, 0, counts
)


@dataclass(frozen=True)
class Factors:
    """Tables of cost over the places of pitches in their domains; F factors."""

    variables: np.ndarray  # int64 (F, 4), -1 where a factor has fewer
    start: np.ndarray  # int64 (F + 1,)
    table: np.ndarray  # int64 (t,), the last variable's place running fastest
    dropped: int  # factors too large for a table


@dataclass(frozen=True)
class Relaxed:
    """Factors, and costs moved between them and the pitches."""

    problem: rules.Problem
    factors: Factors
    cost: np.ndarray  # int64 (d,): of each pitch by itself [cost units / FINE]
    message_start: np.ndarray  # int64 (F, 4)
    message: np.ndarray  # int64 (m,): taken from each factor for each pitch [cost units / FINE]

    def ascend(self, passes: int, arity: int = chain.ARITY) -> None:
        """Move costs, forward and backward in turn; in place.

        Factors of more than `arity` variables are let be: their tables are by far the largest.
        """
        from tensionbgm.kernels import exact

        domain, variables = self.problem.domain_start, self.factors.variables
        small = (variables >= 0).sum(axis=1) <= arity
        touch_start, touch = _touches(np.where(small[:, None], variables, -1), len(domain) - 1)
        margin = np.zeros(int(np.diff(domain).max(initial=1)), np.int64)
        own = (
            self.factors.variables,
            self.factors.start,
            self.factors.table,
            self.message_start,
            self.message,
        )
        for k in range(passes):
            exact.ascend(k % 2, domain, np.diff(domain), self.cost, *own, touch_start, touch, margin)

    def least(self) -> np.ndarray:
        """Place in the domains of each variable's cheapest pitch, as costs now lie, int64 (V,)."""
        edge = itertools.pairwise(self.problem.domain_start.tolist())
        return np.array([a + int(self.cost[a:b].argmin()) for a, b in edge], np.int64)

    def bound(self) -> int:
        """Sum of all minima: no pitches cost less [cost units]."""
        from tensionbgm.kernels import exact

        f, domain = self.factors, self.problem.domain_start
        size, margin = np.diff(domain), np.zeros(int(np.diff(domain).max(initial=1)), np.int64)
        total = sum(int(self.cost[a:b].min()) for a, b in itertools.pairwise(domain))
        for k in range(len(f.variables)):
            exact.factor_margin(
                k, 0, size, f.variables, f.start, f.table, self.message_start, self.message, margin
            )
            total += int(margin[: size[f.variables[k, 0]]].min())
        return -(-total // FINE)


def relax(problem: rules.Problem, cost: np.ndarray | None = None) -> Relaxed:
    """The voice leading of a problem, nothing moved yet; `cost` int64 (d,) of the pitches, else their own."""
    made = factors(problem)
    cost = (problem.domain_cost if cost is None else cost) * FINE
    size = np.append(np.diff(problem.domain_start), 0)[made.variables]  # variable -1 has none
    start = (np.cumsum(size) - size.ravel()).reshape(size.shape)
    made = dataclasses.replace(made, table=made.table * FINE)
    return Relaxed(problem, made, cost, start, np.zeros(int(size.sum()), np.int64))


def factors(problem: rules.Problem) -> Factors:
    """Every factor of a problem as a table, those of the same variables made one."""
    found: dict[tuple[int, ...], np.ndarray] = {}
    dropped = 0
    for name, ends in ENDS.items():
        rows = getattr(problem, name)
        for i in np.flatnonzero(rows[:, rules.OWNER]).tolist():
            scope = tuple(sorted({int(rows[i, variable]) for variable, _ in ends}))
            if np.prod([_size(problem, v) for v in scope], dtype=float) > LARGEST:
                dropped += 1
                continue
            cost = _table(problem, name, i, scope)
            found[scope] = found[scope] + cost if scope in found else cost
    scopes = sorted(found)
    padded = [scope + (-1,) * (chain.ARITY - len(scope)) for scope in scopes]
    flat = [found[scope] for scope in scopes]
    start = starts([len(table) for table in flat])
    table = np.concatenate([*flat, np.zeros(0, np.int64)]).astype(np.int64)
    return Factors(np.array(padded, np.int64).reshape(-1, chain.ARITY), start, table, dropped)


def _size(problem: rules.Problem, v: int) -> int:
    return int(problem.domain_start[v + 1] - problem.domain_start[v])


def _table(problem: rules.Problem, name: str, i: int, scope: tuple[int, ...]) -> np.ndarray:
    """Cost of row i at every combination of its variables' pitches, the last one's running fastest."""
    from tensionbgm.kernels import exact

    row, ends = getattr(problem, name)[i], np.full((chain.ARITY, 2), -1, np.int64)
    for k, (variable, way) in enumerate(ENDS[name]):
        ends[k] = scope.index(int(row[variable])), row[way]
    padded = np.array(scope + (-1,) * (chain.ARITY - len(scope)), np.int64)
    table = np.zeros(int(np.prod([_size(problem, v) for v in scope])), np.int64)
    exact.fill_factor(problem, tuple(ENDS).index(name), i, padded, ends, table)
    return table


def _touches(variables: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """By variable: its factors, which of theirs it is, whether they have later ones, and earlier ones."""
    factor, which = np.nonzero(variables >= 0)
    own = variables[factor, which]
    last = variables.max(axis=1, initial=-1)[factor]
    touch = np.stack([factor, which, last > own, variables[factor, 0] < own], axis=1).astype(np.int64)
    start = starts(np.bincount(own, minlength=n))
    return start, np.ascontiguousarray(touch[np.argsort(own, kind="stable")])
