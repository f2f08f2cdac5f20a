"""A problem, its moves and a chain -> many single notes moved: `moves.singles`, as the processor does it.

What every group and momentum costs as things are is kept, so that of a move only its new side is added up; a
move that is refused leaves no trace, since nothing is placed before it is taken.
"""

import numpy as np

from .lanes import ONE_DOWN, others
from .moves import SINGLE, propose_single
from .rules import (
    CHANCES,
    GUMBEL_ONE,
    KEY,
    LINKED,
    MEAN_OF,
    PER_XY,
    PER_Z,
    SHARE,
    STRAIN_WEIGHT,
    factors_cost,
    mean_cost,
    mix,
    momentum_cost,
    scramble,
    set_cost,
    strain_cost,
)
from .vns import keep
from .walk import place

OWN, LINK, NEXT, WHOLE = range(4)  # columns of `Seated.paid` and `Seated.fresh`


def price(p, s):
    """Set what every group costs by itself, by the momentum into it and by the mean of its parts."""
    for g in range(p.group.shape[0]):
        x, y, z = s.centre[g, 0], s.centre[g, 1], s.centre[g, 2]
        s.paid[g, OWN] = set_cost(p, g, s.mask[g]) + strain_cost(p, g, x, y, z)
        s.paid[g, WHOLE] = mean_cost(p, g, s.spread[g])
        s.paid[g, LINK] = momentum_cost(p, g, x, y, z, s.centre, g - 1) if p.group[g, LINKED] else 0


def move_centre(p, s, m, at, own, new):
    """Centre of effect of the group of membership m if pitch class `own` became `new`, into row `at`."""
    g = p.member_group[m]
    x, y, k = float(s.sums[g, 0]), float(s.sums[g, 1]), float(s.sums[g, 2])
    for e in range(p.entry_start[m], p.entry_start[m + 1]):
        sound, units = 3 * p.sound[e], float(p.entry[e, 1])
        x += units * (p.spelled[sound, new] - p.spelled[sound, own])
        y += units * (p.spelled[sound + 1, new] - p.spelled[sound + 1, own])
        k += units * (p.spelled[sound + 2, new] - p.spelled[sound + 2, own])
    per_xy, per_z = float(p.group[g, PER_XY]) * ONE_DOWN, float(p.group[g, PER_Z]) * ONE_DOWN
    s.there[at, 0] = int(np.floor(x * per_xy))
    s.there[at, 1] = int(np.floor(y * per_xy))
    s.there[at, 2] = int(np.floor(k * per_z))


def groups_change(p, s, v, own, new):
    """How the cost of the groups of v changes if its pitch class becomes `new`; what they would is kept."""
    change, last, whole, spread = 0, -2, 0, 0
    first, stop = p.member_start[v], p.member_start[v + 1]
    for m in range(first, stop):
        g, at = p.member_group[m], m - first
        mask = others(p, s, m, own)
        for e in range(p.entry_start[m], p.entry_start[m + 1]):
            mask |= p.bit[p.sound[e], new]
        cost = set_cost(p, g, mask)
        if p.group[g, MEAN_OF]:
            if p.group[g, MEAN_OF] != whole:
                if whole:
                    change += mean_cost(p, whole - 1, spread) - s.paid[whole - 1, WHOLE]
                whole = p.group[g, MEAN_OF]
                spread = s.spread[whole - 1]
            key = p.group[g, KEY]
            spread += p.group[g, SHARE] * (p.diameter[key, mask] - p.diameter[key, s.mask[g]])
        if p.group[g, STRAIN_WEIGHT]:
            move_centre(p, s, m, at, own, new)
            x, y, z = s.there[at, 0], s.there[at, 1], s.there[at, 2]
            cost += strain_cost(p, g, x, y, z)
            if p.group[g, LINKED]:
                if last == g - 1:
                    s.fresh[at, LINK] = momentum_cost(p, g, x, y, z, s.there, at - 1)
                else:
                    s.fresh[at, LINK] = momentum_cost(p, g, x, y, z, s.centre, g - 1)
                change += s.fresh[at, LINK] - s.paid[g, LINK]
            following = g + 1 < p.group.shape[0] and p.group[g + 1, LINKED] != 0
            if following and (m + 1 == stop or p.member_group[m + 1] != g + 1):
                s.fresh[at, NEXT] = momentum_cost(p, g + 1, x, y, z, s.centre, g + 1)
                change += s.fresh[at, NEXT] - s.paid[g + 1, LINK]
            last = g
        s.fresh[at, OWN] = cost
        change += cost - s.paid[g, OWN]
    if whole:
        change += mean_cost(p, whole - 1, spread) - s.paid[whole - 1, WHOLE]
    return change


def settle_prices(p, s, v):
    """Keep what the groups of v cost now that its move is taken."""
    first, stop = p.member_start[v], p.member_start[v + 1]
    for m in range(first, stop):
        g, at = p.member_group[m], m - first
        s.paid[g, OWN] = s.fresh[at, OWN]
        if p.group[g, MEAN_OF]:
            whole = p.group[g, MEAN_OF] - 1
            s.paid[whole, WHOLE] = mean_cost(p, whole, s.spread[whole])
        if p.group[g, STRAIN_WEIGHT] == 0:
            continue
        if p.group[g, LINKED]:
            s.paid[g, LINK] = s.fresh[at, LINK]
        following = g + 1 < p.group.shape[0] and p.group[g + 1, LINKED] != 0
        if following and (m + 1 == stop or p.member_group[m + 1] != g + 1):
            s.paid[g + 1, LINK] = s.fresh[at, NEXT]


def own_change(p, s, v, pitch):
    """How what the pitch of variable v costs by itself and by its factors would change."""
    old, change = s.x[v], 0
    for i in range(p.domain_start[v], p.domain_start[v + 1]):
        here = p.domain_pitch[i]
        change += (here == pitch) * p.domain_cost[i]
        change -= (here == old) * p.domain_cost[i]
    change -= factors_cost(p, s.x, v, False)
    s.x[v] = pitch
    change += factors_cost(p, s.x, v, False)
    s.x[v] = old
    return change


def single(p, s, v, pitch, chance, temperature, m):
    """Move variable v to a pitch, or not; returns whether it moved, and how the cost changed."""
    change = groups_change(p, s, v, s.x[v] % 12, pitch % 12) + own_change(p, s, v, pitch)
    if change * GUMBEL_ONE > temperature * m.exponential[chance % CHANCES]:
        return False, 0
    place(p, s, v, -1)
    s.x[v] = pitch
    place(p, s, v, 1)
    settle_prices(p, s, v)
    return True, change


def singles(p, m, s, r, seed, chain, sweep, temperature):
    """The single notes moved after a sweep, keeping the best pitches seen."""
    price(p, s)
    cost = s.cost[0]
    for k in range(m.rate[SINGLE]):
        chance = mix(seed + 1 + SINGLE, chain, sweep * m.rate[SINGLE] + k)
        propose_single(p, m, s, r, chance)
        done, gain = single(p, s, r.change[0, 0], r.change[0, 1], scramble(chance + 2), temperature, m)
        r.count[SINGLE, 0] += 1
        r.count[SINGLE, 1] += done
        cost += gain
    keep(s, cost)


FUNCTIONS = (
    price,
    move_centre,
    groups_change,
    settle_prices,
    own_change,
    single,
    singles,
)  # each after those it calls; `singles` takes the place of `moves.singles`
