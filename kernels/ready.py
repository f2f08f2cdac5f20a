"""A problem, a chain -> both made ready for the processor: tables as `lanes.py` and `singles.py` read them.

What does not change is brought into doubles, or into rows of small numbers that lie as they are read.
"""

from collections import namedtuple

import numpy as np

from .rules import (
    DIAMETER,
    DIAMETER_AIM,
    DIAMETER_BAND,
    DIAMETER_WEIGHT,
    KEY,
    LENGTHS,
    LINKED,
    MEAN_AIM,
    MEAN_BAND,
    MEAN_OF,
    MEAN_WEIGHT,
    MOMENTUM_AIM,
    MOMENTUM_BAND,
    MOMENTUM_WEIGHT,
    PER_XY,
    PER_Z,
    SCRATCH,
    SPAN,
    STRAIN_AIM,
    STRAIN_BAND,
    STRAIN_WEIGHT,
    TENSION_HALF,
    TENSION_SHIFT,
    Chain,
    Problem,
)

LANES = 12
EXACT = 2**53  # below it every whole number is a double
EXACT_SINGLE = 2**24  # and a single
# columns of `Prepared.judge`: of three numbers aim, band and weight, the first
OF_DIAMETER, OF_MOMENTUM, OF_STRAIN, OF_MEAN = 0, 3, 6, 9
CENTRE, XY, Z = 12, 15, 16  # centre of the key; what durations are divided by
# columns of `Prepared.member`; of its first entry where the map begins, units, and `sound`
GROUP, WAY, IN_KEY, FIRST, STOP, MAP, UNITS, SOUND = range(8)
# bits of WAY: of the group the strain, the diameter, other things of its set of notes; momentum from another
# group of the variable, from one that is none, and on to one that is none
HAS_STRAIN, HAS_WIDTH, HAS_SET, BESIDE, BEFORE, AFTER = 1, 2, 4, 8, 16, 32
BETWEEN = BEFORE + AFTER

# a `Problem` with what does not change in it made ready: R = keys * K
Prepared = namedtuple(
    "Prepared",
    (
        *Problem._fields,
        "spelled",  # (3 R, 12) float64: x, y and k of what each map makes of each pitch class in each key
        "bit",  # (R, 12) int32: that pitch class, as a set
        "sound",  # (e,) int64: which of the R each entry is
        "tone",  # (d,) int32: pitch class of each pitch of a domain
        "member",  # (m, 8) int32: what is to be known of a membership
        "judge",  # (G, 17) float64: what each group is judged by
        "level",  # (3, LENGTHS) float32, since small tables stay near at hand: `scale`
        "width",  # (keys, 4096) float32: level of each diameter
    ),
)
# a `Chain` with a place to work at
Seated = namedtuple(
    "Seated",
    (
        *Chain._fields,
        "lane",  # (3 M, 12) float64: centre of effect of each of a variable's groups, by pitch class
        "added",  # (3, 12) float64: what a variable adds to the sums of a group, by pitch class
        "row",  # (2 * 12,) float64
        "length",  # (3 * 12,) int32: lengths on the spiral array
        "drawn",  # (128,) int32: chance of each pitch of a domain
        "set",  # (12,) int32: pitch classes of a group
        "paid",  # (G + 1, 4) float64: what each group costs now, `singles.OWN` and so on
        "fresh",  # (1 + M, 4) float64: the same of a variable's groups after a move, from row 1 on
        "there",  # (1 + M, 3) float64: their centres after it
    ),
)


def prepared(problem):
    """The problem made ready.

    Raises
    ------
    ValueError
        its numbers are too large: a double would not hold the square of a misfit times its weight; or a
        weight is negative
    """
    p = problem
    weights = p.group[:, [DIAMETER_WEIGHT, MOMENTUM_WEIGHT, STRAIN_WEIGHT, MEAN_WEIGHT]]
    weight = weights.max(initial=0)
    aim = p.group[:, [DIAMETER_AIM, MOMENTUM_AIM, STRAIN_AIM, MEAN_AIM]]
    most = max(int(p.scale.max()), int(aim.max(initial=0)), -int(aim.min(initial=0)))
    if int(weight) * (2 * most) ** 2 + TENSION_HALF >= EXACT:
        raise ValueError(f"a weight of {weight} for misfits of up to {most} levels is too large to be exact")
    if most >= EXACT_SINGLE:
        raise ValueError(f"levels of up to {most} are too large to be exact")
    if weights.min(initial=0) < 0 or p.cover_cost.min() < 0:
        raise ValueError("a weight is negative")
    maps, keys = p.pc_map.reshape(-1, LANES), len(p.spell)
    spelled = p.spell[:, maps].transpose(0, 1, 3, 2).reshape(-1, LANES).astype(np.float64)
    owner = np.repeat(p.member_group, np.diff(p.entry_start))
    sound = p.group[owner, KEY] * len(maps) + p.entry[:, 0] // LANES
    return Prepared(
        *p._replace(gumbel=p.gumbel.astype(np.int32)),
        np.ascontiguousarray(spelled),
        np.ascontiguousarray(np.tile(1 << maps, (keys, 1)).astype(np.int32)),
        sound,
        (p.domain_pitch % LANES).astype(np.int32),
        members(p, sound),
        judged(p),
        p.scale.astype(np.float32),
        p.scale[DIAMETER][np.minimum(p.diameter, LENGTHS - 1)].astype(np.float32),
    )


def members(p, sound):
    """What is to be known of each membership, int32 (m, 8)."""
    g, first = p.member_group, p.entry_start[:-1]
    owner = np.searchsorted(p.member_start, np.arange(len(g)), side="right")
    strained, wide = p.group[:, STRAIN_WEIGHT] != 0, p.group[:, DIAMETER_WEIGHT] != 0
    linked = np.append(p.group[:, LINKED] != 0, False)
    sets = (p.group[:, SPAN] != 0) | (p.group[:, MEAN_OF] != 0)
    adjoin = (g[1:] == g[:-1] + 1) & (owner[1:] == owner[:-1])
    beside = np.append(False, adjoin & strained[g[:-1]])[: len(g)]
    way = HAS_STRAIN + np.where(linked[g], np.where(beside, BESIDE, BEFORE), 0)
    way += AFTER * (linked[g + 1] & ~np.append(adjoin, False)[: len(g)])
    way = np.where(strained[g], way, 0) + HAS_WIDTH * wide[g] + HAS_SET * sets[g]
    last, entry = p.entry_start[1:], p.entry[first]
    table = [g, way, p.group[g, KEY], first, last, entry[:, 0], entry[:, 1], sound[first]]
    return np.ascontiguousarray(np.stack(table, axis=1).astype(np.int32))


def judged(p):
    """What each group is judged by, float64 (G, 17): weights and what sums are multiplied by brought down."""
    diameter = [DIAMETER_AIM, DIAMETER_BAND, DIAMETER_WEIGHT]
    momentum = [MOMENTUM_AIM, MOMENTUM_BAND, MOMENTUM_WEIGHT]
    strain, mean = [STRAIN_AIM, STRAIN_BAND, STRAIN_WEIGHT], [MEAN_AIM, MEAN_BAND, MEAN_WEIGHT]
    aims = p.group[:, diameter + momentum + strain + mean]
    table = np.concatenate([aims, p.key_point[p.group[:, KEY]], p.group[:, [PER_XY, PER_Z]]], axis=1)
    down = np.ones(table.shape[1])
    down[[OF_DIAMETER + 2, OF_MOMENTUM + 2, OF_STRAIN + 2, OF_MEAN + 2]] = 2.0**-TENSION_SHIFT
    down[[XY, Z]] = 2.0**-16
    return table * down


def seated(chain, most):
    """The chain with a place to work at, for variables in so many groups at most."""
    most = max(most, 1)
    short = (np.zeros(size, np.int32) for size in (3 * LANES, SCRATCH - LANES, LANES))
    prices = (np.zeros(shape) for shape in ((len(chain.mask) + 1, 4), (most + 1, 4), (most + 1, 3)))
    return Seated(
        *chain, np.zeros((3 * most, LANES)), np.zeros((3, LANES)), np.zeros(2 * LANES), *short, *prices
    )
