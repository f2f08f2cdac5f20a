"""A problem, a chain -> the cost of a variable's groups by its pitch class: `rules.groups_cost`, in lanes.

What `rules.py` says of one pitch is done here for all twelve pitch classes at once, in loops over twelve
doubles, which LLVM makes vector instructions of.  All numbers are whole and below 2**53, where doubles are
exact: products of sums, squares of distances, and of misfits times weights (`ready.prepared` sees to it).  So
the costs are the same to the unit, as `test_wide` holds.  Lengths and what is looked up by them are loops of
their own, since LLVM computes what it looks up by without vector instructions.
"""

import numpy as np

from .ready import (
    AFTER,
    BEFORE,
    BESIDE,
    BETWEEN,
    CENTRE,
    FIRST,
    GROUP,
    HAS_SET,
    HAS_STRAIN,
    HAS_WIDTH,
    IN_KEY,
    LANES,
    MAP,
    OF_DIAMETER,
    OF_MEAN,
    OF_MOMENTUM,
    OF_STRAIN,
    SOUND,
    STOP,
    UNITS,
    WAY,
    XY,
    Z,
)
from .rules import (
    DIAMETER,
    LENGTHS,
    MEAN_OF,
    MOMENTUM,
    SHARE,
    SHARE_SHIFT,
    SPAN,
    STRAIN,
    cover_cost,
)

COST, SPREAD = 0, LANES  # where rows of `Seated.row` begin
FARTHEST = float(LENGTHS - 1)
SHARE_DOWN = 2.0**-SHARE_SHIFT


def paid_for(level, aim, band, weight):
    """What a level costs, as `rules.misfit`; the weight is brought down."""
    beyond = abs(level - aim) - band
    beyond = beyond if beyond > 0.0 else 0.0
    return np.floor(beyond * beyond * weight + 0.5)


def whole_length(dx, dy, dz):
    """Length of a vector, as `rules.distance`, where the tables end at most."""
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    return np.int32(length if length < FARTHEST else FARTHEST)


def others(p, s, m, own):
    """Pitch classes of the group of membership m without its variable, which has pitch class `own`."""
    g, first, stop = p.member[m, GROUP], p.member[m, FIRST], p.member[m, STOP]
    mask = s.mask[g]
    if stop == first + 1:
        pc = p.pc_map[p.member[m, MAP] + own]
        return mask & ~((s.counts[g, pc] == 1) << pc)
    for e in range(first, stop):
        pc, count = p.pc_map[p.entry[e, 0] + own], 0
        for other in range(first, stop):
            count += p.pc_map[p.entry[other, 0] + own] == pc
        if s.counts[g, pc] == count:
            mask &= ~(1 << pc)
    return mask


def gather_sets(p, s, n, m, mask):
    """Pitch classes of the group of membership m with each pitch class; `mask` is the set without it."""
    sound, short = p.member[m, SOUND], np.int32(mask)
    for i in range(n):
        s.set[i] = short | p.bit[sound, i]
    for e in range(p.member[m, FIRST] + 1, p.member[m, STOP]):
        for i in range(n):
            s.set[i] |= p.bit[p.sound[e], i]


def judge_width(p, s, n, m):
    """Add what diameters cost a group."""
    g, key, row = p.member[m, GROUP], p.member[m, IN_KEY], s.row
    aim, band, weight = p.judge[g, OF_DIAMETER], p.judge[g, OF_DIAMETER + 1], p.judge[g, OF_DIAMETER + 2]
    for i in range(n):
        row[COST + i] += paid_for(float(p.width[key, np.uint32(s.set[i])]), aim, band, weight)


def judge_set(p, s, n, m):
    """Add what the lack of members of a chord costs, and widen the spread of a mean."""
    g, key, row = p.member[m, GROUP], p.member[m, IN_KEY], s.row
    if p.group[g, SPAN]:
        for i in range(n):
            row[COST + i] += cover_cost(p, g, s.set[i])
    if p.group[g, MEAN_OF]:
        share, before = p.group[g, SHARE], p.diameter[key, s.mask[g]]
        for i in range(n):
            row[SPREAD + i] += share * (p.diameter[key, np.uint32(s.set[i])] - before)


def take_out(p, s, m, own):
    """Sums of the group of membership m without its variable, which has pitch class `own`."""
    g, sound, units = p.member[m, GROUP], 3 * p.member[m, SOUND], float(p.member[m, UNITS])
    x = float(s.sums[g, 0]) - units * p.spelled[sound, own]
    y = float(s.sums[g, 1]) - units * p.spelled[sound + 1, own]
    k = float(s.sums[g, 2]) - units * p.spelled[sound + 2, own]
    for e in range(p.member[m, FIRST] + 1, p.member[m, STOP]):
        sound, units = 3 * p.sound[e], float(p.entry[e, 1])
        x -= units * p.spelled[sound, own]
        y -= units * p.spelled[sound + 1, own]
        k -= units * p.spelled[sound + 2, own]
    return x, y, k


def gather_sums(p, s, n, m):
    """What the entries of membership m add to the sums by pitch class, into `s.added`."""
    added = s.added
    for i in range(n):
        added[0, i], added[1, i], added[2, i] = 0.0, 0.0, 0.0
    for e in range(p.member[m, FIRST], p.member[m, STOP]):
        sound, units = 3 * p.sound[e], float(p.entry[e, 1])
        for i in range(n):
            added[0, i] += units * p.spelled[sound, i]
            added[1, i] += units * p.spelled[sound + 1, i]
            added[2, i] += units * p.spelled[sound + 2, i]


def measure(p, s, n, m, at, spelled, sound, units, own):
    """Centres of a group into rows `at` of the lanes, and their lengths from its key."""
    g, lane, length = p.member[m, GROUP], s.lane, s.length
    x, y, k = take_out(p, s, m, own)
    xy, z = p.judge[g, XY], p.judge[g, Z]
    cx, cy, cz = p.judge[g, CENTRE], p.judge[g, CENTRE + 1], p.judge[g, CENTRE + 2]
    for i in range(n):
        here_x = np.floor((x + units * spelled[sound, i]) * xy)
        here_y = np.floor((y + units * spelled[sound + 1, i]) * xy)
        here_z = np.floor((k + units * spelled[sound + 2, i]) * z)
        lane[at, i], lane[at + 1, i], lane[at + 2, i] = here_x, here_y, here_z
        length[i] = whole_length(here_x - cx, here_y - cy, here_z - cz)


def measure_between(p, s, n, m, own):
    """Lengths from the centres of a group to its key, and to the groups before and after as things are."""
    g, length, spelled, sound = p.member[m, GROUP], s.length, p.spelled, 3 * p.member[m, SOUND]
    x, y, k = take_out(p, s, m, own)
    xy, z, units = p.judge[g, XY], p.judge[g, Z], float(p.member[m, UNITS])
    cx, cy, cz = p.judge[g, CENTRE], p.judge[g, CENTRE + 1], p.judge[g, CENTRE + 2]
    bx, by, bz = float(s.centre[g - 1, 0]), float(s.centre[g - 1, 1]), float(s.centre[g - 1, 2])
    ax, ay, az = float(s.centre[g + 1, 0]), float(s.centre[g + 1, 1]), float(s.centre[g + 1, 2])
    for i in range(n):
        here_x = np.floor((x + units * spelled[sound, i]) * xy)
        here_y = np.floor((y + units * spelled[sound + 1, i]) * xy)
        here_z = np.floor((k + units * spelled[sound + 2, i]) * z)
        length[i] = whole_length(here_x - cx, here_y - cy, here_z - cz)
        length[LANES + i] = whole_length(here_x - bx, here_y - by, here_z - bz)
        length[2 * LANES + i] = whole_length(here_x - ax, here_y - ay, here_z - az)


def judge_between(p, s, n, g):
    """Add what the lengths cost that `measure_between` found."""
    length, row, a = s.length, s.row, g + 1
    s_aim, s_band, s_weight = p.judge[g, OF_STRAIN], p.judge[g, OF_STRAIN + 1], p.judge[g, OF_STRAIN + 2]
    b_aim, b_band, b_weight = (
        p.judge[g, OF_MOMENTUM],
        p.judge[g, OF_MOMENTUM + 1],
        p.judge[g, OF_MOMENTUM + 2],
    )
    a_aim, a_band, a_weight = (
        p.judge[a, OF_MOMENTUM],
        p.judge[a, OF_MOMENTUM + 1],
        p.judge[a, OF_MOMENTUM + 2],
    )
    for i in range(n):
        strain = float(p.level[STRAIN, np.uint32(length[i])])
        before = float(p.level[MOMENTUM, np.uint32(length[LANES + i])])
        after = float(p.level[MOMENTUM, np.uint32(length[2 * LANES + i])])
        cost = paid_for(strain, s_aim, s_band, s_weight)
        cost += paid_for(before, b_aim, b_band, b_weight)
        row[COST + i] += cost + paid_for(after, a_aim, a_band, a_weight)


def judge_lengths(p, s, n, component, g, of):
    """Add what lengths cost a group."""
    aim, band, weight, row = p.judge[g, of], p.judge[g, of + 1], p.judge[g, of + 2], s.row
    for i in range(n):
        row[COST + i] += paid_for(float(p.level[component, np.uint32(s.length[i])]), aim, band, weight)


def judge_mean(p, s, n, g):
    """Add what the mean diameter of a group's parts costs, as `rules.mean_cost`."""
    for i in range(n):
        length = s.row[SPREAD + i] * SHARE_DOWN
        s.length[i] = np.int32(length if length < FARTHEST else FARTHEST)
    judge_lengths(p, s, n, DIAMETER, g, OF_MEAN)


def judge_links(p, s, n, m, at):
    """Add what the momentum into and out of a group costs whose centres are in rows `at` of the lanes."""
    g, way, lane, length = p.member[m, GROUP], p.member[m, WAY], s.lane, s.length
    if way & BESIDE:
        for i in range(n):
            dx, dy = lane[at, i] - lane[at - 3, i], lane[at + 1, i] - lane[at - 2, i]
            length[i] = whole_length(dx, dy, lane[at + 2, i] - lane[at - 1, i])
        judge_lengths(p, s, n, MOMENTUM, g, OF_MOMENTUM)
    for into in range(g if way & BEFORE else g + 1, g + (2 if way & AFTER else 1)):
        other = g - 1 if into == g else g + 1
        x, y, z = float(s.centre[other, 0]), float(s.centre[other, 1]), float(s.centre[other, 2])
        for i in range(n):
            length[i] = whole_length(lane[at, i] - x, lane[at + 1, i] - y, lane[at + 2, i] - z)
        judge_lengths(p, s, n, MOMENTUM, into, OF_MOMENTUM)


def weigh_groups(p, s, v):
    """Cost of all groups of variable v by its pitch class: `rules.groups_cost`, in lanes."""
    own, row = s.x[v] % LANES, s.row
    n = s.lane.shape[1] & ~3  # a number that LLVM does not know, but that fours fit
    for i in range(n):
        row[COST + i] = 0.0
    whole, first = 0, p.member_start[v]
    for m in range(first, p.member_start[v + 1]):
        g, at, way = p.member[m, GROUP], 3 * (m - first), p.member[m, WAY]
        gather_sets(p, s, n, m, others(p, s, m, own))
        if way & HAS_WIDTH:
            judge_width(p, s, n, m)
        if way & HAS_SET:
            if p.group[g, MEAN_OF] and p.group[g, MEAN_OF] != whole:
                if whole:
                    judge_mean(p, s, n, whole - 1)
                whole = p.group[g, MEAN_OF]
                for i in range(n):
                    row[SPREAD + i] = s.spread[whole - 1]
            judge_set(p, s, n, m)
        if way & HAS_STRAIN == 0:
            continue
        alone = p.member[m, STOP] == p.member[m, FIRST] + 1
        if alone and way & BETWEEN == BETWEEN:
            measure_between(p, s, n, m, own)
            judge_between(p, s, n, g)
            continue
        if alone:
            measure(p, s, n, m, at, p.spelled, 3 * p.member[m, SOUND], float(p.member[m, UNITS]), own)
        else:
            gather_sums(p, s, n, m)
            measure(p, s, n, m, at, s.added, 0, 1.0, own)
        judge_lengths(p, s, n, STRAIN, g, OF_STRAIN)
        judge_links(p, s, n, m, at)
    if whole:
        judge_mean(p, s, n, whole - 1)


FUNCTIONS = (
    paid_for,
    whole_length,
    others,
    gather_sets,
    judge_width,
    judge_set,
    take_out,
    gather_sums,
    measure,
    measure_between,
    judge_between,
    judge_lengths,
    judge_mean,
    judge_links,
    weigh_groups,
)  # each after those it calls
