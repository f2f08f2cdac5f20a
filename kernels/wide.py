"""A problem, a chain -> every pitch of a variable weighed, one drawn: `walk.step`, as the processor does it.

Groups are judged for all pitch classes at once (`lanes.py`), factors row by row for all pitches: what a row
says, and what its other slots sound, is looked up once.
"""

import numpy as np

from .lanes import COST, weigh_groups
from .ready import FIRST, GROUP, IN_KEY, LANES, STOP
from .rules import (
    A_CHORD,
    A_MAP,
    B_CHORD,
    B_MAP,
    C_MAP,
    CHANCES,
    D_MAP,
    GUMBEL_ONE,
    KIND,
    LEARNED,
    MEAN_OF,
    MIDDLE_CHORD,
    PER_XY,
    PER_Z,
    SHARE,
    STRONG,
    TONIC,
    WEIGHT,
    A,
    B,
    C,
    D,
    bend_points,
    heard,
    line_points,
    parallel_points,
    scramble,
    vertical_points,
)


def weigh_lines(p, x, v, cost):
    """Add what the lines of variable v cost, as `rules.line_cost`."""
    first = p.domain_start[v]
    size = p.domain_start[v + 1] - first
    for r in range(p.line_start[v], p.line_start[v + 1]):
        kind, weight, learned, tonic = (
            p.line[r, KIND],
            p.line[r, WEIGHT],
            p.line[r, LEARNED],
            p.line[r, TONIC],
        )
        a_chord, b_chord, a_way, b_way = (
            p.line[r, A_CHORD],
            p.line[r, B_CHORD],
            p.line[r, A_MAP],
            p.line[r, B_MAP],
        )
        a_own, b_own = p.line[r, A] == v, p.line[r, B] == v
        a, b = heard(p, a_way, x[p.line[r, A]]), heard(p, b_way, x[p.line[r, B]])
        for i in range(size):
            pitch = p.domain_pitch[first + i]
            if a_own:
                a = heard(p, a_way, pitch)
            if b_own:
                b = heard(p, b_way, pitch)
            cost[i] += (line_points(p, kind, learned, tonic, a_chord, b_chord, a, b) * weight) >> 4


def weigh_verticals(p, x, v, cost):
    """Add what the verticals of variable v cost, as `rules.vertical_cost`."""
    first = p.domain_start[v]
    size = p.domain_start[v + 1] - first
    for r in range(p.vertical_start[v], p.vertical_start[v + 1]):
        kind, weight = p.vertical[r, KIND], p.vertical[r, WEIGHT]
        a_chord, b_chord = p.vertical[r, A_CHORD], p.vertical[r, B_CHORD]
        a_way, b_way = p.vertical[r, A_MAP], p.vertical[r, B_MAP]
        a_own, b_own = p.vertical[r, A] == v, p.vertical[r, B] == v
        a, b = heard(p, a_way, x[p.vertical[r, A]]), heard(p, b_way, x[p.vertical[r, B]])
        for i in range(size):
            pitch = p.domain_pitch[first + i]
            if a_own:
                a = heard(p, a_way, pitch)
            if b_own:
                b = heard(p, b_way, pitch)
            cost[i] += (vertical_points(p, kind, a_chord, b_chord, a, b) * weight) >> 4


def weigh_bends(p, x, v, cost):
    """Add what the bends of variable v cost, as `rules.bend_cost`."""
    first = p.domain_start[v]
    size = p.domain_start[v + 1] - first
    for r in range(p.bend_start[v], p.bend_start[v + 1]):
        kind, weight, chord, strong = (
            p.bend[r, KIND],
            p.bend[r, WEIGHT],
            p.bend[r, MIDDLE_CHORD],
            p.bend[r, STRONG],
        )
        a_way, b_way, c_way = p.bend[r, A_MAP], p.bend[r, B_MAP], p.bend[r, C_MAP]
        a_own, b_own, c_own = p.bend[r, A] == v, p.bend[r, B] == v, p.bend[r, C] == v
        a, b, c = (
            heard(p, a_way, x[p.bend[r, A]]),
            heard(p, b_way, x[p.bend[r, B]]),
            heard(p, c_way, x[p.bend[r, C]]),
        )
        for i in range(size):
            pitch = p.domain_pitch[first + i]
            if a_own:
                a = heard(p, a_way, pitch)
            if b_own:
                b = heard(p, b_way, pitch)
            if c_own:
                c = heard(p, c_way, pitch)
            cost[i] += (bend_points(p, kind, chord, strong, a, b, c) * weight) >> 4


def weigh_parallels(p, x, v, cost):
    """Add what the parallels of variable v cost, as `rules.parallel_cost`."""
    first = p.domain_start[v]
    size = p.domain_start[v + 1] - first
    for r in range(p.parallel_start[v], p.parallel_start[v + 1]):
        a_own, b_own = p.parallel[r, A] == v, p.parallel[r, B] == v
        c_own, d_own = p.parallel[r, C] == v, p.parallel[r, D] == v
        a_way, b_way = p.parallel[r, A_MAP], p.parallel[r, B_MAP]
        c_way, d_way = p.parallel[r, C_MAP], p.parallel[r, D_MAP]
        a, b = heard(p, a_way, x[p.parallel[r, A]]), heard(p, b_way, x[p.parallel[r, B]])
        c, d = heard(p, c_way, x[p.parallel[r, C]]), heard(p, d_way, x[p.parallel[r, D]])
        if (a == b and not a_own and not b_own) or (c == d and not c_own and not d_own):
            continue  # the other voice stays, so nothing moves along with v
        weight = p.parallel[r, WEIGHT]
        for i in range(size):
            pitch = p.domain_pitch[first + i]
            if a_own:
                a = heard(p, a_way, pitch)
            if b_own:
                b = heard(p, b_way, pitch)
            if c_own:
                c = heard(p, c_way, pitch)
            if d_own:
                d = heard(p, d_way, pitch)
            cost[i] += (parallel_points(p, a, b, c, d) * weight) >> 4


def weigh(p, s, v, cost):
    """Cost of each pitch of the domain of variable v with all else fixed, into `cost`."""
    weigh_groups(p, s, v)
    first = p.domain_start[v]
    for i in range(p.domain_start[v + 1] - first):
        cost[i] = p.domain_cost[first + i] + int(s.row[COST + p.tone[first + i]])
    weigh_lines(p, s.x, v, cost)
    weigh_verticals(p, s.x, v, cost)
    weigh_bends(p, s.x, v, cost)
    weigh_parallels(p, s.x, v, cost)


def put(p, s, v, pitch):
    """Give variable v another pitch, as `walk.put`."""
    own, new = s.x[v] % LANES, pitch % LANES
    s.x[v] = pitch
    for m in range(p.member_start[v], p.member_start[v + 1]):
        g, key, first, stop = p.member[m, GROUP], p.member[m, IN_KEY], p.member[m, FIRST], p.member[m, STOP]
        x, y, k, before = s.sums[g, 0], s.sums[g, 1], s.sums[g, 2], s.mask[g]
        mask = before
        for e in range(first, stop):
            pc = p.pc_map[p.entry[e, 0] + own]
            s.counts[g, pc] -= 1
            mask &= ~((s.counts[g, pc] == 0) << pc)
        for e in range(first, stop):
            here, there = p.pc_map[p.entry[e, 0] + own], p.pc_map[p.entry[e, 0] + new]
            s.counts[g, there] += 1
            mask |= 1 << there
            x += p.entry[e, 1] * (p.spell[key, there, 0] - p.spell[key, here, 0])
            y += p.entry[e, 1] * (p.spell[key, there, 1] - p.spell[key, here, 1])
            k += p.entry[e, 1] * (p.spell[key, there, 2] - p.spell[key, here, 2])
        s.sums[g, 0], s.sums[g, 1], s.sums[g, 2], s.mask[g] = x, y, k, mask
        s.centre[g, 0], s.centre[g, 1] = (x * p.group[g, PER_XY]) >> 16, (y * p.group[g, PER_XY]) >> 16
        s.centre[g, 2] = (k * p.group[g, PER_Z]) >> 16
        if p.group[g, MEAN_OF] and mask != before:
            change = p.diameter[key, mask] - p.diameter[key, before]
            s.spread[p.group[g, MEAN_OF] - 1] += p.group[g, SHARE] * change


def step(p, s, v, chance, temperature):
    """Draw a new pitch for variable v by heat bath, as `walk.step`; returns how the cost changed."""
    first, cost, old = p.domain_start[v], s.scratch[12:], s.x[v]
    size = p.domain_start[v + 1] - first
    weigh(p, s, v, cost)
    for i in range(size):
        s.drawn[i] = scramble(chance + i * 0x9E3779B1) % CHANCES
    chosen, least, old_cost = 0, 0, 0
    for i in range(size):
        score = cost[i] * GUMBEL_ONE - temperature * p.gumbel[np.uint32(s.drawn[i])]
        if i == 0 or score < least:
            chosen, least = i, score
        if p.domain_pitch[first + i] == old:
            old_cost = cost[i]
    if p.domain_pitch[first + chosen] != old:
        put(p, s, v, p.domain_pitch[first + chosen])
    return cost[chosen] - old_cost


FUNCTIONS = (
    weigh_lines,
    weigh_verticals,
    weigh_bends,
    weigh_parallels,
    weigh,
    put,
    step,
)  # each after those it calls; `weigh`, `put` and `step` take the place of those of `walk`
