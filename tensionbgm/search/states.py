"""Problem, group -> every way a window can sound: sums, pitch classes and the pitches that make them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.kernels import rules

LIMIT = 20_000  # states of one window that are searched exactly


@dataclass(frozen=True)
class Option:
    """What one pitch class of a variable adds to the views of a window; m options."""

    pitch: np.ndarray  # int64 (m,): the cheapest pitch of that class
    cost: np.ndarray  # int64 (m,)
    sums: np.ndarray  # int64 (m, views, 3): X, Y, K
    mask: np.ndarray  # int64 (m, views)


@dataclass(frozen=True)
class States:
    """Distinct states of a window, n of them, each with the cheapest pitches that make it."""

    sums: np.ndarray  # int64 (n, views, 3)
    mask: np.ndarray  # int64 (n, views)
    cost: np.ndarray  # int64 (n,): of the pitches by themselves
    options: tuple[Option, ...]
    way: tuple[
        tuple[np.ndarray, np.ndarray], ...
    ]  # each variable: state before it, and option, of each state

    def pitches(self, state: int) -> list[int]:
        """Pitch of each variable of the window in one of its states."""
        pitch = []
        for option, (before, which) in zip(reversed(self.options), reversed(self.way), strict=True):
            pitch.append(int(option.pitch[which[state]]))
            state = int(before[state])
        return pitch[::-1]


def members(problem: rules.Problem) -> list[dict[int, np.ndarray]]:
    """Of each group: its variables, rising, and each one's entries (map in `pc_map`, units), int64 (e, 2)."""
    found: list[dict[int, np.ndarray]] = [{} for _ in problem.group]
    owner = np.repeat(np.arange(len(problem.member_start) - 1), np.diff(problem.member_start))
    for m, (v, g) in enumerate(zip(owner, problem.member_group, strict=True)):
        found[g][int(v)] = problem.entry[problem.entry_start[m] : problem.entry_start[m + 1]]
    return found


def option(problem: rules.Problem, v: int, views: list[tuple[int, np.ndarray]]) -> Option:
    """What the pitch classes of variable v add, each at the cheapest of its pitches.

    Parameters
    ----------
    views : list of (key, entries (e, 2))
        how each view hears the variable
    """
    here = slice(problem.domain_start[v], problem.domain_start[v + 1])
    pitch, cost = problem.domain_pitch[here], problem.domain_cost[here]
    order = np.lexsort((pitch, cost, pitch % 12))
    first = order[np.flatnonzero(np.diff(pitch[order] % 12, prepend=-1))]
    sums = np.zeros((len(first), len(views), 3), np.int64)
    mask = np.zeros((len(first), len(views)), np.int64)
    for k, (key, entries) in enumerate(views):
        pc = problem.pc_map[entries[:, 0] + pitch[first][:, None] % 12]
        sums[:, k] = (problem.spell[key, pc] * entries[:, 1][:, None]).sum(axis=1)
        mask[:, k] = np.bitwise_or.reduce(1 << pc, axis=1)
    return Option(pitch[first], cost[first], sums, mask)


def reach(options: list[Option], views: int, limit: int = LIMIT) -> States:
    """All states that variables with these options can make together.

    Raises
    ------
    ValueError
        there are more than `limit`
    """
    sums, mask = np.zeros((1, views, 3), np.int64), np.zeros((1, views), np.int64)
    cost, way = np.zeros(1, np.int64), []
    for new in options:
        before = np.repeat(np.arange(len(cost)), len(new.cost))
        which = np.tile(np.arange(len(new.cost)), len(cost))
        sums, mask = sums[before] + new.sums[which], mask[before] | new.mask[which]
        cost = cost[before] + new.cost[which]
        kept = _cheapest(sums, mask, cost)
        if len(kept) > limit:
            raise ValueError(f"more than {limit} states in one window: ask for a bound instead")
        sums, mask, cost = sums[kept], mask[kept], cost[kept]
        way.append((before[kept], which[kept]))
    return States(sums, mask, cost, tuple(options), tuple(way))


def _cheapest(sums: np.ndarray, mask: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Rows of the cheapest of equal states, the first of equals."""
    state = np.concatenate([sums.reshape(len(cost), -1), mask], axis=1)
    order = np.lexsort((cost, *state.T))
    ranked = state[order]
    new = np.ones(len(order), bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    return order[new]
