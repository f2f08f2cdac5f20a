"""Problem of tonal tension alone -> its exact optimum, by dynamic programming over centres of effect.

What windows cost depends on each one's sums X, Y, K and set of pitch classes, and on nothing else of
its notes; momentum couples one window's sums to the next one's.  So the best piece is the best path
through states, found by min-plus elimination [Dechter99]_: Viterbi's algorithm where windows follow one
another, and where tied sections return, each section is one chain whose costs are summed over its
occurrences, conditioned on its ends.

f = min over s of sum_c node_c(s_c) + sum_(a, b) edge_ab(s_a, s_b)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from tensionbgm.kernels import rules
from tensionbgm.search import states

FACTORS = ("line", "vertical", "bend", "parallel")
Pair = tuple[int, int]


@dataclass(frozen=True)
class Optimum:
    """The least cost there is, and pitches that have it."""

    cost: int  # [cost units]
    x: np.ndarray  # int64 (V,)
    states: int  # of all windows together


@dataclass(frozen=True)
class _Window:
    """Groups that hear the same variables: one window, in all its occurrences."""

    variables: tuple[int, ...]
    view: dict[int, int]  # of each group
    states: states.States


def tonal(problem: rules.Problem, keep_pitch_costs: bool = False) -> rules.Problem:
    """The same problem with nothing but its groups to pay for."""
    none = np.zeros_like(problem.line_start)
    bare = {f"{name}_start": none for name in FACTORS}
    bare |= {name: getattr(problem, name)[:0] for name in FACTORS}
    cost = problem.domain_cost if keep_pitch_costs else np.zeros_like(problem.domain_cost)
    return problem._replace(domain_cost=cost, **bare)


def optimum(problem: rules.Problem, beam: int | None = None, limit: int = states.LIMIT) -> Optimum:
    """The exact optimum of a problem without factors whose windows share no notes.

    Parameters
    ----------
    problem : rules.Problem
        every variable sounds in one window, or in every occurrence of a window that returns
    beam : int, optional
        states kept of each window as it is left behind, the cheapest so far; then no longer exact

    Raises
    ------
    ValueError
        it has factors; a note is held or tied over from one window into another; a window has more
        than `limit` states; or sections are interleaved so that three windows hang together
    """
    if any(len(getattr(problem, name)) for name in FACTORS):
        raise ValueError("factors couple notes across windows: no exact search; ask for a bound")
    if problem.group[:, rules.MEAN_OF].any():
        raise ValueError("mean diameters couple windows: no exact search; ask for a bound")
    if beam is not None and beam < 1:
        raise ValueError(f"a beam of {beam} states")
    windows = _windows(problem, limit)
    node, link = _nodes(problem, windows), _links(problem, windows)
    constant, chosen = _eliminate(problem, windows, node, link, beam)
    x = problem.domain_pitch[_cheapest(problem)]
    for window, state in zip(windows, chosen, strict=True):
        x[list(window.variables)] = window.states.pitches(state)
    lone = np.diff(problem.member_start) == 0
    paid = int(problem.domain_cost[_cheapest(problem)[lone]].sum()) + int(problem.constant[0])
    return Optimum(constant + paid, x, sum(len(w.states.cost) for w in windows))


def _cheapest(problem: rules.Problem) -> np.ndarray:
    """Place of the first of each variable's cheapest pitches, int (V,)."""
    edge = itertools.pairwise(problem.domain_start)
    return np.array([a + int(np.argmin(problem.domain_cost[a:b])) for a, b in edge], np.int64)


def _windows(problem: rules.Problem, limit: int) -> list[_Window]:
    heard = states.members(problem)
    alike: dict[tuple[int, ...], list[int]] = {}
    for g, member in enumerate(heard):
        alike.setdefault(tuple(sorted(member)), []).append(g)
    every = [v for variables in alike for v in variables]
    if len(every) != len(set(every)):
        raise ValueError("a note is held or tied over into another window: no exact search; ask for a bound")
    made = []
    for variables, groups in alike.items():
        view, views = _views(problem, heard, variables, groups)
        options = [states.option(problem, v, [(key, entry[v]) for key, entry in views]) for v in variables]
        made.append(_Window(variables, view, states.reach(options, len(views), limit)))
    return made


def _views(
    problem: rules.Problem, heard: list[dict[int, np.ndarray]], variables: tuple[int, ...], groups: list[int]
) -> tuple[dict[int, int], list[tuple[int, dict[int, np.ndarray]]]]:
    """Which view each group takes of its variables, and the key and entries of each distinct one."""
    found: dict[tuple, int] = {}
    view: dict[int, int] = {}
    views: list[tuple[int, dict[int, np.ndarray]]] = []
    for g in groups:
        key = int(problem.group[g, rules.KEY])
        same = (key, *(heard[g][v].tobytes() for v in variables))
        if same not in found:
            found[same] = len(views)
            views.append((key, heard[g]))
        view[g] = found[same]
    return view, views


def _nodes(problem: rules.Problem, windows: list[_Window]) -> list[np.ndarray]:
    """What each state of each window costs by itself, over all its occurrences."""
    from tensionbgm.kernels import exact

    node = []
    for window in windows:
        cost = window.states.cost.copy()
        for g, view in window.view.items():
            exact.judge_states(problem, g, _centre(problem, window, g), window.states.mask[:, view], cost)
        node.append(cost)
    return node


def _centre(problem: rules.Problem, window: _Window, g: int) -> np.ndarray:
    """Centre of effect of group g in each state of its window, int64 (n, 3) [1/1024 radius]."""
    from tensionbgm.kernels import exact

    sums = np.ascontiguousarray(window.states.sums[:, window.view[g]])
    centre = np.empty_like(sums)
    exact.place_states(problem, g, sums, centre)
    return centre


def _links(problem: rules.Problem, windows: list[_Window]) -> dict[Pair, list[int]]:
    """Groups linked to the one before, by the pair of windows that links (a <= b)."""
    owner = {g: w for w, window in enumerate(windows) for g in window.view}
    link: dict[Pair, list[int]] = {}
    for g in np.flatnonzero(problem.group[:, rules.LINKED]).tolist():
        a, b = sorted((owner[g - 1], owner[g]))
        link.setdefault((a, b), []).append(g)
    return link


def _table(problem: rules.Problem, windows: list[_Window], pair: Pair, groups: list[int]) -> np.ndarray:
    """Momentum of all links of two windows, int64 (states of a, states of b)."""
    from tensionbgm.kernels import exact

    a, b = (windows[w] for w in pair)
    cost = np.zeros((len(a.states.cost), len(b.states.cost)), np.int64)
    for g in groups:
        forward = g in b.view and (g - 1) in a.view
        before, after = (a, b) if forward else (b, a)
        one, two = _centre(problem, before, g - 1), _centre(problem, after, g)
        exact.link_states(problem, g, one, two, cost if forward else cost.T)
    return cost


def _eliminate(
    problem: rules.Problem,
    windows: list[_Window],
    node: list[np.ndarray],
    link: dict[Pair, list[int]],
    beam: int | None,
) -> tuple[int, list[int]]:
    """Least cost, and the state of each window that has it; windows with fewest neighbours go first."""
    for w in range(len(windows)):
        for g in link.pop((w, w), []):  # a window that follows itself
            node[w] += np.diagonal(_table(problem, windows, (w, w), [g]))
    graph = _Graph(problem, windows, node, link)
    constant, trail = 0, []
    left = set(range(len(windows)))
    while left:
        w = min(left, key=lambda k: (len(graph.near[k]), k))
        left.discard(w)
        near = sorted(graph.near[w])
        if len(near) > 2:
            raise ValueError("sections are too interleaved for exact search; ask for a bound")
        alive = _alive(node[w], beam)
        choice = graph.remove(w, near, alive)
        if not near:
            constant += int(node[w].min())
        trail.append((w, near, alive[choice]))
    state = [0] * len(windows)
    for w, near, choice in reversed(trail):
        state[w] = int(choice[tuple(state[k] for k in near)])
    return constant, state


def _alive(cost: np.ndarray, beam: int | None) -> np.ndarray:
    """States kept, rising: all, or the cheapest."""
    return np.sort(np.argsort(cost, kind="stable")[:beam])


class _Graph:
    """Windows not yet eliminated: their costs, and tables of cost between neighbours."""

    def __init__(
        self,
        problem: rules.Problem,
        windows: list[_Window],
        node: list[np.ndarray],
        link: dict[Pair, list[int]],
    ) -> None:
        self.problem, self.windows, self.node, self.link = problem, windows, node, link
        self.made: dict[Pair, np.ndarray] = {}
        self.near: list[set[int]] = [set() for _ in windows]
        for a, b in link:
            self.near[a].add(b)
            self.near[b].add(a)

    def take(self, w: int, other: int, alive: np.ndarray) -> np.ndarray:
        """Remove the table between two windows; int64 (alive states of w, states of the other)."""
        pair = (min(w, other), max(w, other))
        table = self.made.pop(pair, None)
        if groups := self.link.pop(pair, []):
            linked = _table(self.problem, self.windows, pair, groups)
            table = linked if table is None else table + linked
        assert table is not None
        self.near[other].discard(w)
        return table[alive] if pair[0] == w else table.T[alive]

    def remove(self, w: int, near: list[int], alive: np.ndarray) -> np.ndarray:
        """Fold window w into its neighbours; returns its best alive state for each state of theirs."""
        from tensionbgm.kernels import exact

        cost = self.node[w][alive]
        if not near:
            return np.asarray(np.argmin(cost))
        one = self.take(w, near[0], alive) + cost[:, None]
        if len(near) == 1:
            self.node[near[0]] += one.min(axis=0)
            return one.argmin(axis=0)
        a, b = near
        best = np.empty((len(self.node[a]), len(self.node[b])), np.int64)
        choice = np.empty_like(best)
        exact.least_sums(
            np.ascontiguousarray(one), np.ascontiguousarray(self.take(w, b, alive)), best, choice
        )
        self.made[a, b] = self.made[a, b] + best if (a, b) in self.made else best
        self.near[a].add(b)
        self.near[b].add(a)
        return choice
