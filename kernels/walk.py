"""A problem and a chain -> the chain a few sweeps on: the walk, in plain Python (read `rules.py` first).

The search is annealing by heat bath.  A step visits one variable, weighs every pitch of its domain
with all else fixed, and draws one with probability proportional to exp(-cost / temperature), by the
Gumbel-max trick: argmin(cost - temperature * gumbel) [Maddison14]_.  At temperature 0 the best pitch
wins.  Chance is a function of (seed, chain, step, candidate), not a generator's state.
"""

from .rules import (
    CHANCES,
    GUMBEL_ONE,
    KEY,
    LINKED,
    MEAN_OF,
    PER_XY,
    PER_Z,
    SHARE,
    Chain,
    factors_cost,
    groups_cost,
    mean_cost,
    mix,
    momentum_cost,
    scramble,
    set_cost,
    strain_cost,
)


def chain_of(state, n):
    """Chain number n, as views: what is written to it is written to the state."""
    return Chain(
        state.x[n],
        state.best_x[n],
        state.cost[n],
        state.sums[n],
        state.counts[n],
        state.mask[n],
        state.centre[n],
        state.spread[n],
        state.scratch[n],
    )


def place(p, s, v, sign):
    """Put variable v into its groups at its pitch (sign 1), or take it out (sign -1)."""
    for m in range(p.member_start[v], p.member_start[v + 1]):
        g = p.member_group[m]
        before = s.mask[g]
        for e in range(p.entry_start[m], p.entry_start[m + 1]):
            pc = p.pc_map[p.entry[e, 0] + s.x[v] % 12]
            units = sign * p.entry[e, 1]
            for axis in range(3):
                s.sums[g, axis] += units * p.spell[p.group[g, KEY], pc, axis]
            s.counts[g, pc] += sign
            if s.counts[g, pc] == 0:
                s.mask[g] &= ~(1 << pc)
            else:
                s.mask[g] |= 1 << pc
        s.centre[g, 0] = (s.sums[g, 0] * p.group[g, PER_XY]) >> 16
        s.centre[g, 1] = (s.sums[g, 1] * p.group[g, PER_XY]) >> 16
        s.centre[g, 2] = (s.sums[g, 2] * p.group[g, PER_Z]) >> 16
        if p.group[g, MEAN_OF]:
            key = p.group[g, KEY]
            change = p.diameter[key, s.mask[g]] - p.diameter[key, before]
            s.spread[p.group[g, MEAN_OF] - 1] += p.group[g, SHARE] * change


def put(p, s, v, pitch):
    """Give variable v another pitch."""
    place(p, s, v, -1)
    s.x[v] = pitch
    place(p, s, v, 1)


def draw(p, s, seed, chain):
    """Give every variable a random pitch of its domain."""
    for v in range(p.domain_start.size - 1):
        size = p.domain_start[v + 1] - p.domain_start[v]
        s.x[v] = p.domain_pitch[p.domain_start[v] + mix(seed, chain, v) % size]


def start(p, s, seed, chain):
    """Begin a chain: a random pitch of each domain, the sums, and the cost from scratch."""
    draw(p, s, seed, chain)
    restart(p, s)
    s.cost[1] = s.cost[0]
    for v in range(s.x.size):
        s.best_x[v] = s.x[v]


def restart(p, s):
    """Set the sums and the cost of a chain from its pitches alone."""
    for g in range(p.group.shape[0]):
        s.mask[g] = 0
        s.spread[g] = 0
        for pc in range(12):
            s.counts[g, pc] = 0
        for axis in range(3):
            s.sums[g, axis] = 0
            s.centre[g, axis] = 0
    for v in range(s.x.size):
        place(p, s, v, 1)
    s.cost[0] = total_cost(p, s)


def total_cost(p, s):
    """Cost of everything at the chain's pitches, its sums being right."""
    cost = p.constant[0]
    for v in range(s.x.size):
        for i in range(p.domain_start[v], p.domain_start[v + 1]):
            if p.domain_pitch[i] == s.x[v]:
                cost += p.domain_cost[i]
        cost += factors_cost(p, s.x, v, True)
    for g in range(p.group.shape[0]):
        x, y, z = s.centre[g, 0], s.centre[g, 1], s.centre[g, 2]
        cost += set_cost(p, g, s.mask[g]) + strain_cost(p, g, x, y, z) + mean_cost(p, g, s.spread[g])
        if p.group[g, LINKED]:
            cost += momentum_cost(p, g, x, y, z, s.centre, g - 1)
    return cost


def weigh(p, s, v, cost):
    """Cost of each pitch of the domain of variable v with all else fixed, into `cost`."""
    old = s.x[v]
    place(p, s, v, -1)
    for pc in range(12):
        s.scratch[pc] = -1
    for i in range(p.domain_start[v], p.domain_start[v + 1]):
        pitch = p.domain_pitch[i]
        pc = pitch % 12
        if s.scratch[pc] < 0:
            s.scratch[pc] = groups_cost(p, s, v, pitch)
        s.x[v] = pitch
        cost[i - p.domain_start[v]] = p.domain_cost[i] + s.scratch[pc] + factors_cost(p, s.x, v, False)
    s.x[v] = old
    place(p, s, v, 1)


def step(p, s, v, chance, temperature):
    """Draw a new pitch for variable v by heat bath; returns how the cost changed.

    `temperature` is in cost units, `chance` a 32-bit number.
    """
    first, cost = p.domain_start[v], s.scratch[12:]
    old = s.x[v]
    weigh(p, s, v, cost)
    chosen, chosen_score, old_cost = 0, 0, 0
    for i in range(p.domain_start[v + 1] - first):
        score = cost[i] * GUMBEL_ONE
        if temperature > 0:
            score -= temperature * p.gumbel[scramble(chance + i * 0x9E3779B1) % CHANCES]
        if i == 0 or score < chosen_score:
            chosen, chosen_score = i, score
        if p.domain_pitch[first + i] == old:
            old_cost = cost[i]
    if p.domain_pitch[first + chosen] != old:
        put(p, s, v, p.domain_pitch[first + chosen])
    return cost[chosen] - old_cost


FUNCTIONS = (chain_of, place, put, total_cost, restart, draw, start, weigh, step)  # each after those it calls
