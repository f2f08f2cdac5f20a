"""A problem, a chain -> the cost of a variable's groups by its pitch class: `rules.groups_cost`, in lanes.

What `rules.py` says of one pitch is done here for all twelve pitch classes at once, in loops of one operation
after another over rows of twelve doubles, which LLVM makes vector instructions of.  All numbers are whole and
below 2**53, where doubles are exact: products of sums, squares of distances, and of misfits times weights
(`prepared` sees to it).  So the costs are the same to the unit, as `test_wide` holds.
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
    MOMENTUM,
    MOMENTUM_AIM,
    MOMENTUM_BAND,
    MOMENTUM_WEIGHT,
    PER_XY,
    PER_Z,
    SHARE,
    SHARE_SHIFT,
    SPAN,
    STRAIN,
    STRAIN_AIM,
    STRAIN_BAND,
    STRAIN_WEIGHT,
    TENSION_HALF,
    TENSION_SHIFT,
    Chain,
    Problem,
    cover_cost,
)

LANES = 12
COST, LENGTH, LEVEL, SPREAD = 0, LANES, 2 * LANES, 3 * LANES  # where rows of `Desk.row` begin
ROWS = 4 * LANES
EXACT = 2**53  # below it every whole number is a double
FARTHEST = float(LENGTHS - 1)
ONE_DOWN, TENSION_DOWN, SHARE_DOWN = 2.0**-16, 2.0**-TENSION_SHIFT, 2.0**-SHARE_SHIFT

# a `Problem` with what does not change in it made ready: R = keys * K
Prepared = namedtuple(
    "Prepared",
    (
        *Problem._fields,
        "spelled",  # (3 R, 12) float64: x, y and k of what each map makes of each pitch class in each key
        "bit",  # (R, 12) int64: that pitch class, as a set
        "sound",  # (e,) int64: which of the R each entry is
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
        "row",  # (ROWS,) float64
        "set",  # (12,) int64: pitch classes of a group
        "paid",  # (G, 4) int64: what each group costs now, `singles.OWN` and so on
        "fresh",  # (M, 4) int64: the same of a variable's groups after a move
        "there",  # (M, 3) int64: their centres after it
    ),
)


def prepared(problem):
    """The problem made ready.

    Raises
    ------
    ValueError
        its numbers are too large: a double would not hold the square of a misfit times its weight
    """
    p = problem
    weight = p.group[:, [DIAMETER_WEIGHT, MOMENTUM_WEIGHT, STRAIN_WEIGHT, MEAN_WEIGHT]].max(initial=0)
    aim = p.group[:, [DIAMETER_AIM, MOMENTUM_AIM, STRAIN_AIM, MEAN_AIM]]
    most = max(int(p.scale.max()), int(aim.max(initial=0)), -int(aim.min(initial=0)))
    if int(weight) * (2 * most) ** 2 + TENSION_HALF >= EXACT:
        raise ValueError(f"a weight of {weight} for misfits of up to {most} levels is too large to be exact")
    maps, keys = p.pc_map.reshape(-1, LANES), len(p.spell)
    spelled = p.spell[:, maps].transpose(0, 1, 3, 2).reshape(-1, LANES).astype(np.float64)
    owner = np.repeat(p.member_group, np.diff(p.entry_start))
    return Prepared(
        *p,
        np.ascontiguousarray(spelled),
        np.ascontiguousarray(np.tile(1 << maps, (keys, 1))),
        p.group[owner, KEY] * len(maps) + p.entry[:, 0] // LANES,
        p.scale.astype(np.float32),
        p.scale[DIAMETER][np.minimum(p.diameter, LENGTHS - 1)].astype(np.float32),
    )


def seated(chain, most):
    """The chain with a place to work at, for variables in so many groups at most."""
    most = max(most, 1)
    whole = (np.zeros(shape, np.int64) for shape in (LANES, (len(chain.mask), 4), (most, 4), (most, 3)))
    return Seated(*chain, np.zeros((3 * most, LANES)), np.zeros(ROWS), *whole)


# --------------------------------------------------------------------------- groups


def add_misfits(row, n, aim, weight, band):
    """Add to the costs what levels cost, as `rules.misfit`."""
    aim, weight, band = float(aim), float(weight), float(band)
    for i in range(n):
        beyond = abs(row[LEVEL + i] - aim) - band
        beyond = beyond if beyond > 0.0 else 0.0
        row[COST + i] += np.floor((beyond * beyond * weight + TENSION_HALF) * TENSION_DOWN)


def look_up(p, row, n, component):
    """Levels of the lengths, as `rules.scaled`."""
    for i in range(n):
        row[LEVEL + i] = p.level[component, np.uint32(row[LENGTH + i])]


def lengths_to(lane, row, n, at, x, y, z):
    """Lengths from the centres at rows `at` of the lanes to a point, as `rules.distance`."""
    x, y, z = float(x), float(y), float(z)
    for i in range(n):
        dx, dy, dz = lane[at, i] - x, lane[at + 1, i] - y, lane[at + 2, i] - z
        length = np.floor(np.sqrt(dx * dx + dy * dy + dz * dz))
        row[LENGTH + i] = length if length < FARTHEST else FARTHEST


def lengths_between(lane, row, n, at, other):
    """Lengths from the centres at rows `at` of the lanes to those at rows `other`."""
    for i in range(n):
        dx = lane[at, i] - lane[other, i]
        dy = lane[at + 1, i] - lane[other + 1, i]
        dz = lane[at + 2, i] - lane[other + 2, i]
        length = np.floor(np.sqrt(dx * dx + dy * dy + dz * dz))
        row[LENGTH + i] = length if length < FARTHEST else FARTHEST


def place_centres(p, s, n, m, at, own):
    """Centres of effect of the group of membership m with each pitch class, into rows `at` of the lanes.

    `own` is the pitch class that the variable has, and is taken out of it.
    """
    g, first = p.member_group[m], p.entry_start[m]
    x, y, k = float(s.sums[g, 0]), float(s.sums[g, 1]), float(s.sums[g, 2])
    per_xy, per_z = float(p.group[g, PER_XY]) * ONE_DOWN, float(p.group[g, PER_Z]) * ONE_DOWN
    lane = s.lane
    for e in range(first, p.entry_start[m + 1]):
        sound, units = 3 * p.sound[e], float(p.entry[e, 1])
        x -= units * p.spelled[sound, own]
        y -= units * p.spelled[sound + 1, own]
        k -= units * p.spelled[sound + 2, own]
    if p.entry_start[m + 1] == first + 1:
        sound, units = 3 * p.sound[first], float(p.entry[first, 1])
        for i in range(n):
            lane[at, i] = np.floor((x + units * p.spelled[sound, i]) * per_xy)
            lane[at + 1, i] = np.floor((y + units * p.spelled[sound + 1, i]) * per_xy)
            lane[at + 2, i] = np.floor((k + units * p.spelled[sound + 2, i]) * per_z)
        return
    for i in range(n):
        lane[at, i], lane[at + 1, i], lane[at + 2, i] = x, y, k
    for e in range(first, p.entry_start[m + 1]):
        sound, units = 3 * p.sound[e], float(p.entry[e, 1])
        for i in range(n):
            lane[at, i] += units * p.spelled[sound, i]
            lane[at + 1, i] += units * p.spelled[sound + 1, i]
            lane[at + 2, i] += units * p.spelled[sound + 2, i]
    for i in range(n):
        lane[at, i] = np.floor(lane[at, i] * per_xy)
        lane[at + 1, i] = np.floor(lane[at + 1, i] * per_xy)
        lane[at + 2, i] = np.floor(lane[at + 2, i] * per_z)


def others(p, s, m, own):
    """Pitch classes of the group of membership m without its variable, which has pitch class `own`."""
    g, first, stop = p.member_group[m], p.entry_start[m], p.entry_start[m + 1]
    mask = s.mask[g]
    for e in range(first, stop):
        pc, count = p.pc_map[p.entry[e, 0] + own], 0
        for other in range(first, stop):
            count += p.pc_map[p.entry[other, 0] + own] == pc
        if s.counts[g, pc] == count:
            mask &= ~(1 << pc)
    return mask


def judge_lanes(p, s, n, m, mask):
    """Add what the sets of pitch classes cost, as `rules.set_cost`, and widen the spread of a mean.

    `mask` is the set without the variable.
    """
    g, row = p.member_group[m], s.row
    key = p.group[g, KEY]
    first = p.entry_start[m]
    for i in range(n):
        s.set[i] = mask | p.bit[p.sound[first], i]
    for e in range(first + 1, p.entry_start[m + 1]):
        for i in range(n):
            s.set[i] |= p.bit[p.sound[e], i]
    if p.group[g, DIAMETER_WEIGHT]:
        for i in range(n):
            row[LEVEL + i] = p.width[key, np.uint64(s.set[i])]
        add_misfits(row, n, p.group[g, DIAMETER_AIM], p.group[g, DIAMETER_WEIGHT], p.group[g, DIAMETER_BAND])
    if p.group[g, SPAN]:
        for i in range(n):
            row[COST + i] += cover_cost(p, g, s.set[i])
    if p.group[g, MEAN_OF]:
        share, before = p.group[g, SHARE], p.diameter[key, s.mask[g]]
        for i in range(n):
            row[SPREAD + i] += share * (p.diameter[key, np.uint64(s.set[i])] - before)


def judge_mean(p, row, n, g):
    """Add what the mean diameter of a group's parts costs, as `rules.mean_cost`."""
    for i in range(n):
        length = np.floor(row[SPREAD + i] * SHARE_DOWN)
        row[LENGTH + i] = length if length < FARTHEST else FARTHEST
    look_up(p, row, n, DIAMETER)
    add_misfits(row, n, p.group[g, MEAN_AIM], p.group[g, MEAN_WEIGHT], p.group[g, MEAN_BAND])


def judge_momentum(p, row, n, g):
    """Add what ways of these lengths into group g cost, as `rules.momentum_cost`."""
    look_up(p, row, n, MOMENTUM)
    add_misfits(row, n, p.group[g, MOMENTUM_AIM], p.group[g, MOMENTUM_WEIGHT], p.group[g, MOMENTUM_BAND])


def weigh_groups(p, s, v):
    """Cost of all groups of variable v by its pitch class: `rules.groups_cost`, in lanes."""
    own = s.x[v] % 12
    row, lane, n = s.row, s.lane, s.lane.shape[1] & ~3  # a number that LLVM does not know, but that fours fit
    for i in range(n):
        row[COST + i] = 0.0
    last, whole, first, stop = -2, 0, p.member_start[v], p.member_start[v + 1]
    for m in range(first, stop):
        g, at = p.member_group[m], 3 * (m - first)
        if p.group[g, MEAN_OF] and p.group[g, MEAN_OF] != whole:
            if whole:
                judge_mean(p, row, n, whole - 1)
            whole = p.group[g, MEAN_OF]
            for i in range(n):
                row[SPREAD + i] = s.spread[whole - 1]
        judge_lanes(p, s, n, m, others(p, s, m, own))
        if p.group[g, STRAIN_WEIGHT] == 0:
            continue
        place_centres(p, s, n, m, at, own)
        key = p.group[g, KEY]
        lengths_to(lane, row, n, at, p.key_point[key, 0], p.key_point[key, 1], p.key_point[key, 2])
        look_up(p, row, n, STRAIN)
        add_misfits(row, n, p.group[g, STRAIN_AIM], p.group[g, STRAIN_WEIGHT], p.group[g, STRAIN_BAND])
        if p.group[g, LINKED]:
            if last == g - 1:
                lengths_between(lane, row, n, at, at - 3)
            else:
                there = s.centre
                lengths_to(lane, row, n, at, there[g - 1, 0], there[g - 1, 1], there[g - 1, 2])
            judge_momentum(p, row, n, g)
        following = g + 1 < p.group.shape[0] and p.group[g + 1, LINKED] != 0
        if following and (m + 1 == stop or p.member_group[m + 1] != g + 1):
            there = s.centre
            lengths_to(lane, row, n, at, there[g + 1, 0], there[g + 1, 1], there[g + 1, 2])
            judge_momentum(p, row, n, g + 1)
        last = g
    if whole:
        judge_mean(p, row, n, whole - 1)


FUNCTIONS = (
    add_misfits,
    look_up,
    lengths_to,
    lengths_between,
    place_centres,
    others,
    judge_lanes,
    judge_mean,
    judge_momentum,
    weigh_groups,
)  # each after those it calls
