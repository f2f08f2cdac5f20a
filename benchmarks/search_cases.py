"""What the search is measured on: films of a minute and of other lengths as plans, and tension alone.

The plans are A B A in every palette, with the climax at two thirds.  The instances of tension alone have a
minute of six voices in rhythms by chance, windows of a quarter, a half and a bar, and targets that wander.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from tensionbgm.config import PALETTES, Ask
from tensionbgm.forms import PPQ, SLOT, Curve, Grid, Key, Part, Plan, Section, Solver
from tensionbgm.kernels import rules
from tensionbgm.plan.key import Mood
from tensionbgm.plan.plan import plan_piece
from tensionbgm.search.groups import WEIGHTS
from tensionbgm.search.morpheus_task import first_groups
from tensionbgm.search.problem import Posed, pose
from tensionbgm.search.rows import starts
from tensionbgm.search.skeleton import tonal

TEMPO_US = 625_000  # 96 quarters a minute: a bar lasts 2.5 s
SECTION_BARS = 8
INSTANCE_BARS, INSTANCE_VOICES, INSTANCE_RETURN = 30, 6, 8
SIXTEENTHS, SHARES = (1, 2, 4, 8), (0.2, 0.37, 0.25, 0.18)  # durations, and how often each comes
SCALES = (1, 2, 4)  # windows [quarters]
SPANS = {  # of targets [radii]: longer windows hold more notes, are wider and move less
    1: {"diameter": (1.5, 3.5), "momentum": (0.1, 1.4), "strain": (0.3, 1.6)},
    2: {"diameter": (2.0, 4.0), "momentum": (0.1, 0.9), "strain": (0.3, 1.6)},
    4: {"diameter": (2.5, 4.5), "momentum": (0.1, 0.6), "strain": (0.3, 1.6)},
}


def film_plan(minutes: float, palette: str = PALETTES[0]) -> Plan:
    """A plan of this length: A B A in every minute, the letters new in each."""
    count = max(round(3 * minutes), 3)
    bars = round(24 * minutes) // count
    edge_s = np.arange(count + 1) * bars * 4 * TEMPO_US / 1e6
    sections = tuple(
        Section(f"S{k - k % 3 + k % 3 % 2}", float(a), float(b), k - 2 if k % 3 == 2 else None)
        for k, (a, b) in enumerate(itertools.pairwise(edge_s))
    )
    grid = _grid(np.full(count * bars, 4), np.repeat(np.arange(count), bars), sections, TEMPO_US)
    curve = Curve(np.array([0.0, 2 / 3, 1.0]) * float(edge_s[-1]), np.array([0.15, 0.9, 0.2]), "inline")
    mood = Mood(**{field.name: 0.5 for field in dataclasses.fields(Mood)})
    return plan_piece(grid, curve, Ask(palette=palette, seed=1), mood, palette)


def plans() -> list[Plan]:
    """A minute in each palette."""
    return [film_plan(1.0, name) for name in PALETTES]


def instance(tied: bool, seed: int = 0) -> tuple[Plan, Posed]:
    """Tension alone on three scales; `tied`: the first eight bars return again and again."""
    rng = np.random.default_rng(seed)
    slots = _rhythms(rng, tied)
    waves = {name: (rng.uniform(20, 60), rng.uniform()) for name in WEIGHTS}  # period [quarters], phase
    scales = [_scale(waves, slots, quarters) for quarters in SCALES]
    plan, posed = scales[-1]
    return plan, dataclasses.replace(posed, problem=_merged([one.problem for _, one in scales]))


def _rhythms(rng: np.random.Generator, tied: bool) -> np.ndarray:
    """Slots of six voices that may take any pitch class."""
    rows, period = [], INSTANCE_RETURN * 16
    for voice in range(INSTANCE_VOICES):
        at, stop = 0, period if tied else INSTANCE_BARS * 16
        while at < stop:
            long = min(int(rng.choice(SIXTEENTHS, p=SHARES)), stop - at)
            for turn in range(0, INSTANCE_BARS * 16, period if tied else INSTANCE_BARS * 16):
                if turn + at < INSTANCE_BARS * 16:
                    rows.append((turn + at, long, voice, voice * period * 4 + at))
            at += long
    rows.sort()
    slots = np.zeros(len(rows), SLOT)
    onset, duration, slots["voice"], slots["tie"] = np.array(rows).T
    end = np.minimum(onset + duration, INSTANCE_BARS * 16)
    slots["onset_tick"], slots["duration_tick"] = onset * PPQ // 4, (end - onset) * PPQ // 4
    slots["low"], slots["high"], slots["allowed"], slots["aim"], slots["velocity"] = 60, 71, 0xFFF, -1, 80
    return slots


def _scale(waves: dict[str, tuple[float, float]], slots: np.ndarray, quarters: int) -> tuple[Plan, Posed]:
    """Windows of so many quarters, each with aims for all three components."""
    w = INSTANCE_BARS * 4 // quarters
    end_s = INSTANCE_BARS * 2.0
    grid = _grid(np.full(w, quarters), np.zeros(w, int), (Section("A", 0.0, end_s),), 500_000)
    curve = Curve(np.array([0.0, end_s]), np.array([0.1, 0.9]), "inline")
    part = Part("Choir", "pad", 52, 0, 0, 127)
    plan = Plan("Tension", 0, PALETTES[0], grid, (Key(0, 0, "major"),), (), (part,), slots, curve)
    targets = {}
    for name, (low, high) in SPANS[quarters].items():
        period, phase = waves[name]
        wave = np.sin(2 * np.pi * ((np.arange(w) + 0.5) * quarters / period + phase))
        targets[name] = low + (high - low) * (0.5 + 0.5 * wave)
    posed = pose(plan, targets, clouds=True)
    problem = first_groups(tonal(posed.problem), w)
    return plan, dataclasses.replace(posed, problem=problem)


def _grid(
    bar_beats: np.ndarray, bar_section: np.ndarray, sections: tuple[Section, ...], tempo_us: int
) -> Grid:
    return Grid(
        bar_beats=bar_beats,
        bar_tempo_us=np.full(len(bar_beats), tempo_us),
        bar_section=bar_section,
        sections=sections,
        cut_s=np.zeros(0),
        cut_weight=np.zeros(0),
        solver=Solver("OPTIMAL", 0.0, 0.0),
    )


def _merged(problems: list[rules.Problem]) -> rules.Problem:
    """One problem with the groups of all, which differ in nothing else."""
    rows = []  # (variable, group, number of entries, first entry)
    groups = entries = 0
    for one in problems:
        owner = np.repeat(np.arange(len(one.member_start) - 1), np.diff(one.member_start))
        size = np.diff(one.entry_start)
        rows.append(
            np.stack([owner, one.member_group + groups, size, one.entry_start[:-1] + entries], axis=1)
        )
        groups, entries = groups + len(one.group), entries + len(one.entry)
    member = np.concatenate(rows)
    member = member[np.lexsort((member[:, 1], member[:, 0]))]
    entry = np.concatenate([one.entry for one in problems])
    order = np.concatenate([np.arange(first, first + size) for size, first in member[:, 2:]])
    count = np.bincount(member[:, 0], minlength=len(problems[0].member_start) - 1)
    return problems[0]._replace(
        group=np.concatenate([one.group for one in problems]),
        member_start=starts(count),
        member_group=np.ascontiguousarray(member[:, 1]),
        entry_start=starts(member[:, 2]),
        entry=np.ascontiguousarray(entry[order]),
    )
