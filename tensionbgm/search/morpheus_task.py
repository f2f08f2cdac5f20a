"""A template piece -> the task of MorpheuS: its rhythm is kept, its pitches are free, its tension is the aim.

MorpheuS [HC19]_ takes a piece as template, forgets its pitches, and looks for others that have the tension
profile it had, or another that is given, in windows of an eighth note.  The cost it makes small is

f = 2 D_diameter / M_diameter + D_momentum / M_momentum + D_strain / M_strain,   D_m = |t_m - target_m| / w

for w windows, everything measured in the dialect `morpheus`.  Its normalisers M_m are the largest values of
the random pitches it happens to begin with, so that no two runs can be compared; here they are fixed, the
mean of those over `DRAWS` random beginnings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import PPQ, SLOT, Curve, Grid, Key, Part, Plan, Section, Solver
from tensionbgm.kernels import rules
from tensionbgm.music import morpheus, spiral
from tensionbgm.music.notes import Notes
from tensionbgm.search.groups import lengths
from tensionbgm.search.morpheus_ties import Tie, drawn, followed, ranges
from tensionbgm.search.problem import Posed, pose
from tensionbgm.search.rows import starts
from tensionbgm.search.skeleton import tonal

COMPONENTS = ("diameter", "momentum", "strain")
SHARES = np.array([2.0, 1.0, 1.0])  # of the components in f
DRAWS = 20  # random beginnings that the normalisers are the mean of
WINDOW = "8th"
PER_QUARTER = 2  # windows
OCTAVE = 12
AIMS = (rules.DIAMETER_AIM, rules.MOMENTUM_AIM, rules.STRAIN_AIM)
WEIGHTS = (rules.DIAMETER_WEIGHT, rules.MOMENTUM_WEIGHT, rules.STRAIN_WEIGHT)


@dataclass(frozen=True)
class Task:
    """What is to be composed: n notes, w windows."""

    template: Notes
    target: np.ndarray  # float (3, w): `COMPONENTS` [radii]
    ceiling: np.ndarray  # float (3,): the normalisers M [radii]; 1 where all are 0
    low: np.ndarray  # int (n,): lowest pitch of each note
    high: np.ndarray  # int (n,)
    ties: tuple[Tie, ...]
    plan: Plan  # a bar for each window
    posed: Posed

    @property
    def free(self) -> int:
        """Pitches that are not tied to others."""
        return len(self.posed.problem.domain_start) - 1

    def distances(self, pitch: np.ndarray) -> np.ndarray:
        """D of each component, measured on the notes, float (3,) [radii]."""
        away = profile(self.template, pitch) - self.target
        return np.sqrt((away**2).sum(axis=1)) / away.shape[1]

    def cost(self, pitch: np.ndarray) -> float:
        """f of the notes, int (n,): at least 0."""
        return float(SHARES @ (self.distances(pitch) / self.ceiling))

    def drawn(self, seed: int) -> np.ndarray:
        """Random pitches that keep ranges and ties, int (n,): where MorpheuS begins."""
        return drawn(self.low, self.high, self.ties, seed)

    def pitches(self, x: np.ndarray) -> np.ndarray:
        """Pitch of each note, int (n,), from those of the variables of the problem."""
        return self.posed.pitch(self.plan, x).astype(np.int64)


def task(
    template: Notes,
    staff: np.ndarray | None = None,
    ties: Sequence[Tie] = (),
    target: np.ndarray | None = None,
    wide: bool = False,
) -> Task:
    """The task that a template sets.

    Parameters
    ----------
    template : Notes
        n notes, none of them percussion
    staff : int (n,), optional
        staff of each note, whose lowest and highest pitch bound those to be found; default: its track
    ties : (note, note it follows, semitones higher) ...
    target : float (3, w), optional
        diameter, momentum and strain wanted in each window [radii]; default: the template's own
    wide : bool
        every pitch in a note's range takes part in the problem, as in MorpheuS; else an octave of them about
        the template's, for f does not hear octaves, and so the contour stays near it

    Raises
    ------
    ValueError
        the ties contradict each other, or the target is not of as many windows
    """
    staff = template.notes["track"] if staff is None else staff
    pitch, ties = template.notes["pitch"], tuple(ties)
    own = profile(template, pitch)
    target = own if target is None else np.asarray(target, float)
    if target.shape != own.shape:
        raise ValueError(f"a target of shape {target.shape} for a template of {own.shape[1]} windows")
    low, high = ranges(pitch, staff, ties)
    largest = [profile(template, drawn(low, high, ties, seed)).max(axis=1) for seed in range(DRAWS)]
    ceiling = np.mean(largest, axis=0)
    searched = (low, high) if wide else ranges(pitch, staff, ties, OCTAVE)
    plan = _plan(template, *searched, ties, target.shape[1])
    targets, exactly = dict(zip(COMPONENTS, target, strict=True)), dict.fromkeys(COMPONENTS, 0.0)
    posed = pose(plan, targets, tolerance=exactly, clouds=True)
    problem = _spelled(_aimed(first_groups(tonal(posed.problem), target.shape[1]), target))
    posed = dataclasses.replace(posed, problem=problem)
    return Task(template, target, np.where(ceiling > 0, ceiling, 1.0), low, high, ties, plan, posed)


def profile(template: Notes, pitch: np.ndarray) -> np.ndarray:
    """Diameter, momentum and strain of a template at other pitches, float (3, w) [radii]."""
    found = morpheus.measure(written(template, pitch), WINDOW)[1]
    return np.stack([getattr(found, name) for name in COMPONENTS])


def written(template: Notes, pitch: np.ndarray) -> Notes:
    """The template at other pitches, int (n,)."""
    notes = template.notes.copy()
    notes["pitch"] = pitch
    return dataclasses.replace(template, notes=notes)


def weighted(problem: rules.Problem, weight: np.ndarray) -> rules.Problem:
    """The problem with other weights of the squared misfits of the components, float (3,).

    A misfit of one unit of length [1/1024 radius] costs the weight, in cost units.
    """
    group = problem.group.copy()
    full = np.rint(np.asarray(weight) * 2.0**rules.TENSION_SHIFT).astype(np.int64)
    for column, one in zip(WEIGHTS, full, strict=True):
        group[:, column] = np.where(group[:, column] > 0, max(int(one), 1), 0)
    return problem._replace(group=group)


def first_groups(problem: rules.Problem, w: int) -> rules.Problem:
    """The problem without the groups from number w on; of w bars posed as clouds, their windows remain."""
    kept, entries = problem.member_group < w, np.diff(problem.entry_start)
    group = problem.group[:w].copy()
    n = len(problem.member_start) - 1
    owner = np.repeat(np.arange(n), np.diff(problem.member_start))
    return problem._replace(
        group=group,
        member_start=starts(np.bincount(owner[kept], minlength=n)),
        member_group=np.ascontiguousarray(problem.member_group[kept]),
        entry_start=starts(entries[kept]),
        entry=np.ascontiguousarray(problem.entry[np.repeat(kept, entries)]),
    )


# --------------------------------------------------------------------------- the problem


def _plan(template: Notes, low: np.ndarray, high: np.ndarray, ties: Sequence[Tie], w: int) -> Plan:
    """A plan with a bar of one quarter for each window: time runs at half the pace."""
    notes = template.notes
    slots = np.zeros(len(notes), SLOT)
    tick = PPQ * PER_QUARTER
    slots["onset_tick"] = np.rint(notes["onset_quarter"] * tick)
    slots["duration_tick"] = np.maximum(np.rint(notes["duration_quarter"] * tick), 1)
    slots["low"], slots["high"], slots["allowed"], slots["aim"], slots["velocity"] = low, high, 0xFFF, -1, 80
    slots["tie"], slots["shift"] = followed(len(notes), ties)
    grid = Grid(
        bar_beats=np.ones(w, int),
        bar_tempo_us=np.full(w, 500_000),
        bar_section=np.zeros(w, int),
        sections=(Section("A", 0.0, w / 2),),
        cut_s=np.zeros(0),
        cut_weight=np.zeros(0),
        solver=Solver("OPTIMAL", 0.0, 0.0),
    )
    curve = Curve(np.array([0.0, w / 2]), np.zeros(2), "inline")
    part = Part("Template", "pad", 0, 0, 0, 127)
    return Plan("Task", 0, "acoustic", grid, (Key(0, 0, "major"),), (), (part,), slots, curve)


def _aimed(problem: rules.Problem, target: np.ndarray) -> rules.Problem:
    """Windows that carry all three aims, the diameter being that of all notes that touch them."""
    group = problem.group.copy()
    for column, row in zip(AIMS, target, strict=True):
        group[:, column] = np.rint(row * rules.RADIUS)
    sounding = group[:, rules.STRAIN_WEIGHT] > 0
    for column, here in zip(WEIGHTS, (sounding, group[:, rules.LINKED], sounding), strict=True):
        group[:, column] = here
    return weighted(problem._replace(group=group, scale=lengths()), np.ones(3))


def _spelled(problem: rules.Problem) -> rules.Problem:
    """In C major, with one name for each pitch class."""
    k = morpheus.NAMES
    spell = np.stack([np.array([0, 1, 0, -1])[k % 4], np.array([1, 0, -1, 0])[k % 4], k], axis=-1)
    diameter = spiral.diameter_table(tuple(k.tolist()))[None]
    return problem._replace(
        spell=spell[None].astype(np.int64),
        diameter=np.rint(diameter * rules.RADIUS).astype(np.int64),
        key_point=np.rint(spiral.key_point("major")[None] * rules.RADIUS).astype(np.int64),
    )
