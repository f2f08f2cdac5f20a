"""Problem -> costs of single pitches that strain and momentum never fall below, whatever the other notes.

What is too tense pays h(|d|), where d is a centre of effect less the key's point, or less the centre before,
and h rises from the aim on.  With the convex conjugate h* and any direction u of length 1

    h(|d|) >= a |d| - h*(a) >= a u . d - h*(a),

a plane, whose value is a sum over notes, for a centre is one.  So tension can be paid together with voice
leading wherever that can.  At the best a and u nothing is lost but what those relaxations lose that are not
convex (Lagrangian duality).  What is not tense enough pays nothing here.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.kernels import rules
from tensionbgm.search import states

SLOPES = 48  # slopes of h that are tried


class Tangents:
    """The tension of a problem, and the planes below it."""

    def __init__(self, problem: rules.Problem) -> None:
        self.problem, table = problem, problem.group
        strain, linked = table[:, rules.STRAIN_WEIGHT] > 0, table[:, rules.LINKED] > 0
        self.row, self.place, self.vector = _shares(problem, strain | linked | np.append(linked[1:], False))
        lowest, highest = _reach(problem, self.row, self.place, self.vector)
        first, second = np.flatnonzero(strain), np.flatnonzero(linked)
        self.after, self.before = np.append(first, second), np.append(np.full(len(first), -1), second - 1)
        low = lowest[self.after] - self._foot(self.after, self.before, highest)
        high = highest[self.after] - self._foot(self.after, self.before, lowest)
        farthest = np.sqrt((np.maximum(np.abs(low), np.abs(high)) ** 2).sum(axis=1))
        terms = zip(self.after.tolist(), self.before.tolist(), farthest.tolist(), strict=True)
        lines = [_conjugate(_cost(problem, *term)) for term in terms]
        self.slope, self.least = np.array(lines).reshape(-1, 2, SLOPES).transpose(1, 0, 2)

    def centres(self, chosen: np.ndarray) -> np.ndarray:
        """Centres of effect, float (G, 3) [1/1024 radius], of the domains' chosen places, int (V,)."""
        taken = np.zeros(len(self.problem.domain_pitch), bool)
        taken[chosen] = True
        here = taken[self.place]
        centre = np.zeros((len(self.problem.group), 3))
        np.add.at(centre, self.row[here], self.vector[here])
        return centre

    def planes(self, centre: np.ndarray) -> tuple[np.ndarray, float]:
        """The planes that touch tension at these centres.

        Returns
        -------
        cost : float (d,)
            of each pitch of each domain [cost units]
        constant : float
            to add: the sum of both is at most what strain and momentum cost, at any pitches
        """
        way = centre[self.after] - self._foot(self.after, self.before, centre)
        length = np.sqrt((way**2).sum(axis=1))
        best = (self.slope * length[:, None] + self.least).argmax(axis=1)
        each = np.arange(len(best))
        slope, least = self.slope[each, best], self.least[each, best]
        unit = way / np.maximum(length, 1e-9)[:, None]
        pull = np.zeros_like(centre)
        np.add.at(pull, self.after, slope[:, None] * unit)
        linked = self.before >= 0
        np.add.at(pull, self.before[linked], -slope[linked, None] * unit[linked])
        # whole numbers: a root is cut off by less than 1, a centre's parts too
        cut = 1 + np.where(linked, np.abs(unit).sum(axis=1), np.maximum(unit, 0).sum(axis=1))
        key = self.problem.key_point[self.problem.group[self.after, rules.KEY]]
        foot = np.where(linked, 0.0, (unit * key).sum(axis=1))
        cost = np.bincount(
            self.place, (pull[self.row] * self.vector).sum(axis=1), len(self.problem.domain_pitch)
        )
        return cost, float((least - slope * (cut + foot)).sum())

    def _foot(self, after: np.ndarray, before: np.ndarray, centre: np.ndarray) -> np.ndarray:
        """Where the way to each centre begins: at the key's point, or at the centre before."""
        key = self.problem.key_point[self.problem.group[after, rules.KEY]]
        return np.where((before >= 0)[:, None], centre[before], key)


def _shares(problem: rules.Problem, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What pitches add to wanted groups' centres: group (n,), place in the domains (n,), vector (n, 3)."""
    row, place, vector = [], [], []
    scale = problem.group[:, [rules.PER_XY, rules.PER_XY, rules.PER_Z]] / 2**16
    for g, member in enumerate(states.members(problem)):
        if not wanted[g]:
            continue
        spell = problem.spell[problem.group[g, rules.KEY]]
        for v, entries in member.items():
            here = np.arange(problem.domain_start[v], problem.domain_start[v + 1])
            pc = problem.pc_map[entries[:, 0] + problem.domain_pitch[here][:, None] % 12]
            vector.append((spell[pc] * entries[:, 1][None, :, None]).sum(axis=1) * scale[g])
            place.append(here)
            row.append(np.full(len(here), g))
    if not row:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3))
    return np.concatenate(row), np.concatenate(place), np.concatenate(vector)


def _reach(
    problem: rules.Problem, row: np.ndarray, place: np.ndarray, vector: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of a box that holds each group's centre, float (G, 3) each [1/1024 radius]."""
    size = np.diff(problem.domain_start)
    owner = np.repeat(np.arange(len(size)), size)[place]
    low, high = np.zeros((2, len(problem.group), 3))
    edge = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(owner, prepend=-1) != 0))
    if len(edge):
        np.add.at(low, row[edge], np.minimum.reduceat(vector, edge))
        np.add.at(high, row[edge], np.maximum.reduceat(vector, edge))
    return low - 1, high + 1


def _cost(problem: rules.Problem, g: int, before: int, farthest: float) -> np.ndarray:
    """What a length costs that is too long, float (n,), up to the farthest there can be [cost units]."""
    stop = min(int(farthest) + 2, rules.LENGTHS)
    if before < 0:
        aim, level = problem.group[g, rules.STRAIN_AIM], problem.scale[rules.STRAIN, :stop]
        return rules.strain_misfit(problem, g, np.maximum(level, aim)).astype(float)
    aim, level = problem.group[g, rules.MOMENTUM_AIM], problem.scale[rules.MOMENTUM, :stop]
    return rules.momentum_misfit(problem, g, np.maximum(level, aim)).astype(float)


def _conjugate(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of lines, and where each begins, -h*, to stay just below the cost; float (SLOPES,) each."""
    length = np.arange(len(cost))
    steepest = (cost[1:] / np.maximum(length[1:] - length[cost == 0].max(initial=0), 1)).max(initial=0.0)
    slope = 1.5 * steepest * np.linspace(0, 1, SLOPES) ** 2
    return slope, (cost - slope[:, None] * length).min(axis=1)
