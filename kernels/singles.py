"""A problem, its moves and a chain -> many single notes moved: `moves.singles`, as the processor does it.

What every group and momentum costs as things are is kept, so that of a move only its new side is added up,
and only until it costs more than may be accepted: no group costs less than nothing.  A move that is refused
leaves no trace, since nothing is placed before it is taken.
"""

import numpy as np

from .lanes import others, paid_for, whole_length
from .moves import SINGLE, propose_single
from .ready import (
    AFTER,
    BEFORE,
    BESIDE,
    CENTRE,
    FIRST,
    GROUP,
    HAS_SET,
    HAS_STRAIN,
    HAS_WIDTH,
    IN_KEY,
    LANES,
    OF_DIAMETER,
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
    CHANCES,
    GUMBEL_ONE,
    LINKED,
    MEAN_OF,
    MOMENTUM,
    SHARE,
    SPAN,
    STRAIN,
    cover_cost,
    factors_cost,
    mean_cost,
    mix,
    momentum_cost,
    scramble,
    set_cost,
    strain_cost,
)
from .vns import keep
from .walk import put

OWN, LINK, NEXT, WHOLE = range(4)  # columns of `Seated.paid` and `Seated.fresh`


def price(p, s):
    """Set what every group costs by itself, by the momentum into it and by the mean of its parts."""
    for g in range(p.group.shape[0]):
        x, y, z = s.centre[g, 0], s.centre[g, 1], s.centre[g, 2]
        s.paid[g, OWN] = set_cost(p, g, s.mask[g]) + strain_cost(p, g, x, y, z)
        s.paid[g, WHOLE] = mean_cost(p, g, s.spread[g])
        s.paid[g, LINK] = momentum_cost(p, g, x, y, z, s.centre, g - 1) if p.group[g, LINKED] else 0


def paid_now(p, s, v):
    """What all that variable v has a part in costs as things are."""
    cost, whole = 0.0, 0
    for m in range(p.member_start[v], p.member_start[v + 1]):
        g, way = p.member[m, GROUP], p.member[m, WAY]
        into, on = (way & (BESIDE + BEFORE) != 0), (way & AFTER != 0)
        cost += s.paid[g, OWN] + s.paid[g, LINK] * into + s.paid[g + 1, LINK] * on
        if way & HAS_SET and p.group[g, MEAN_OF] and p.group[g, MEAN_OF] != whole:
            whole = p.group[g, MEAN_OF]
            cost += s.paid[whole - 1, WHOLE]
    return cost


def move_centre(p, s, m, at, own, new):
    """Centre of effect of the group of membership m if pitch class `own` became `new`, into row `at`."""
    g = p.member[m, GROUP]
    x, y, k = float(s.sums[g, 0]), float(s.sums[g, 1]), float(s.sums[g, 2])
    sound, units = 3 * p.member[m, SOUND], float(p.member[m, UNITS])
    for e in range(p.member[m, FIRST] + 1, p.member[m, STOP] + 1):
        x += units * (p.spelled[sound, new] - p.spelled[sound, own])
        y += units * (p.spelled[sound + 1, new] - p.spelled[sound + 1, own])
        k += units * (p.spelled[sound + 2, new] - p.spelled[sound + 2, own])
        if e < p.member[m, STOP]:
            sound, units = 3 * p.sound[e], float(p.entry[e, 1])
    s.there[at, 0] = np.floor(x * p.judge[g, XY])
    s.there[at, 1] = np.floor(y * p.judge[g, XY])
    s.there[at, 2] = np.floor(k * p.judge[g, Z])


def length_cost(p, component, g, of, dx, dy, dz):
    """What the length of a vector costs group g."""
    level = float(p.level[component, np.uint32(whole_length(dx, dy, dz))])
    return paid_for(level, p.judge[g, of], p.judge[g, of + 1], p.judge[g, of + 2])


def links_cost(p, s, m, at):
    """What the momentum into the group of membership m and on from it would cost, its centre in row `at`."""
    g, way, x, y, z = p.member[m, GROUP], p.member[m, WAY], s.there[at, 0], s.there[at, 1], s.there[at, 2]
    b, a = (g - 1 if g > 0 else g), (g + 1 if way & AFTER else g)
    # no branches, which would be foretold badly: both are looked up, what is not asked for weighs nothing
    own_x, own_y, own_z = s.there[at - 1, 0], s.there[at - 1, 1], s.there[at - 1, 2]
    now_x, now_y, now_z = float(s.centre[b, 0]), float(s.centre[b, 1]), float(s.centre[b, 2])
    beside = way & BESIDE != 0
    from_x, from_y, from_z = (own_x, own_y, own_z) if beside else (now_x, now_y, now_z)
    into = length_cost(p, MOMENTUM, g, OF_MOMENTUM, x - from_x, y - from_y, z - from_z)
    to_x, to_y, to_z = float(s.centre[a, 0]), float(s.centre[a, 1]), float(s.centre[a, 2])
    on = length_cost(p, MOMENTUM, a, OF_MOMENTUM, x - to_x, y - to_y, z - to_z)
    s.fresh[at, LINK] = into * (way & (BESIDE + BEFORE) != 0)
    s.fresh[at, NEXT] = on * (way & AFTER != 0)
    return s.fresh[at, LINK] + s.fresh[at, NEXT]


def groups_change(p, s, v, own, new, most):
    """How the cost of the groups of v changes if its pitch class becomes `new`, if by no more than `most`.

    Else some number above `most`.  What the groups would cost is kept.
    """
    change, whole, spread = -paid_now(p, s, v), 0, 0
    first = p.member_start[v]
    for m in range(first, p.member_start[v + 1]):
        g, way, key, at = p.member[m, GROUP], p.member[m, WAY], p.member[m, IN_KEY], m - first + 1
        mask = others(p, s, m, own) | p.bit[p.member[m, SOUND], new]
        for e in range(p.member[m, FIRST] + 1, p.member[m, STOP]):
            mask |= p.bit[p.sound[e], new]
        cost = 0.0
        if way & HAS_WIDTH:
            aim, band, weight = (
                p.judge[g, OF_DIAMETER],
                p.judge[g, OF_DIAMETER + 1],
                p.judge[g, OF_DIAMETER + 2],
            )
            cost += paid_for(float(p.width[key, mask]), aim, band, weight)
        if way & HAS_SET:
            if p.group[g, SPAN]:
                cost += cover_cost(p, g, mask)
            if p.group[g, MEAN_OF]:
                if p.group[g, MEAN_OF] != whole:
                    if whole:
                        change += mean_cost(p, whole - 1, spread)
                    whole = p.group[g, MEAN_OF]
                    spread = s.spread[whole - 1]
                spread += p.group[g, SHARE] * (p.diameter[key, mask] - p.diameter[key, s.mask[g]])
        if way & HAS_STRAIN:
            move_centre(p, s, m, at, own, new)
            dx, dy = s.there[at, 0] - p.judge[g, CENTRE], s.there[at, 1] - p.judge[g, CENTRE + 1]
            cost += length_cost(p, STRAIN, g, OF_STRAIN, dx, dy, s.there[at, 2] - p.judge[g, CENTRE + 2])
            change += links_cost(p, s, m, at)
        s.fresh[at, OWN] = cost
        change += cost
        if change > most:
            return change
    if whole:
        change += mean_cost(p, whole - 1, spread)
    return change


def settle_prices(p, s, v):
    """Keep what the groups of v cost now that its move is taken."""
    first = p.member_start[v]
    for m in range(first, p.member_start[v + 1]):
        g, way, at = p.member[m, GROUP], p.member[m, WAY], m - first + 1
        s.paid[g, OWN] = s.fresh[at, OWN]
        if p.group[g, MEAN_OF]:
            whole = p.group[g, MEAN_OF] - 1
            s.paid[whole, WHOLE] = mean_cost(p, whole, s.spread[whole])
        if way & (BESIDE + BEFORE):
            s.paid[g, LINK] = s.fresh[at, LINK]
        if way & AFTER:
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
    most = (temperature * m.exponential[chance % CHANCES]) // GUMBEL_ONE
    own, change = own_change(p, s, v, pitch), 0
    change = own + int(groups_change(p, s, v, s.x[v] % LANES, pitch % LANES, float(most - own)))
    if change > most:
        return False, 0
    put(p, s, v, pitch)
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
    paid_now,
    move_centre,
    length_cost,
    links_cost,
    groups_change,
    settle_prices,
    own_change,
    single,
    singles,
)  # each after those it calls; `singles` takes the place of `moves.singles`
