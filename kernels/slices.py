"""A problem, a chain and a few of its variables -> the best pitches these can have while the rest stays.

Depth-first branch and bound [LawlerWood66]_: the variables are given pitches in order, cheapest first.  A
factor is paid by the last of its free variables, a group when the last of its free members is in place.
The lower bound of what is left is, for each variable to come, the least cost of a pitch together with the
factors that tie it to fixed notes alone; factors among free variables, and groups, cost nothing or more.
"""

from typing import NamedTuple

import numpy as np

from .rules import (
    A_MAP,
    B_MAP,
    C_MAP,
    D_MAP,
    LINKED,
    MEAN_OF,
    A,
    B,
    C,
    D,
    bend_cost,
    heard,
    line_cost,
    mean_cost,
    momentum_cost,
    parallel_cost,
    set_cost,
    strain_cost,
    vertical_cost,
)
from .vns import keep
from .walk import place

FREE = 8  # variables of a neighbourhood at most
WIDE = 64  # pitches of each
NODE, IMPROVED, PROVEN, SEEN = range(4)  # what is counted


class Slices(NamedTuple):
    """Neighbourhoods of a problem; int64."""

    start: np.ndarray  # (H + 1,) into the one below
    variable: np.ndarray  # (h,) free together, at most FREE, in the order they are given pitches


class Bench(NamedTuple):
    """Where neighbourhoods are solved; int64.  N chains, or one chain's share."""

    rank: np.ndarray  # (N, V) place among the free variables from 1 on, 0 where fixed
    done: np.ndarray  # (N, G) the rank at which a group is complete, 0 where nothing of it is free
    meant: np.ndarray  # (N, G) the rank at which all parts of its mean are complete
    cost: np.ndarray  # (N, FREE, WIDE) of each pitch by itself, rising
    value: np.ndarray  # (N, FREE, WIDE) and which it is, as a place in the domain
    left: np.ndarray  # (N, FREE + 1) least cost of the variables from here on
    paid: np.ndarray  # (N, FREE + 1) cost of the variables before
    at: np.ndarray  # (N, FREE) which of its pitches a variable has
    best: np.ndarray  # (N, FREE) the best pitches found
    count: np.ndarray  # (N, 4) nodes, neighbourhoods improved, solved to the end, seen


def empty_bench(problem, chains):
    """Room for this many chains."""
    shapes = (
        (problem.domain_start.size - 1,),
        *((problem.group.shape[0],),) * 2,
        *((FREE, WIDE),) * 2,
        *((FREE + 1,),) * 2,
        *((FREE,),) * 2,
        (4,),
    )
    return Bench(*(np.zeros((chains, *shape), np.int64) for shape in shapes))


def bench_of(bench, n):
    """Chain number n's share, as views."""
    return Bench(
        bench.rank[n],
        bench.done[n],
        bench.meant[n],
        bench.cost[n],
        bench.value[n],
        bench.left[n],
        bench.paid[n],
        bench.at[n],
        bench.best[n],
        bench.count[n],
    )


def sounded(p, x, table, i, slot, way):
    """MIDI pitch of a slot of row i: columns of its variable and of its map."""
    return heard(p, table[i, way], x[table[i, slot]])


def others_rank(rank, v, table, i, slot_a, slot_b, slot_c, slot_d):
    """The highest rank among the variables of row i other than v."""
    last = 0
    for slot in (slot_a, slot_b, slot_c, slot_d):
        other = table[i, slot]
        if other != v and rank[other] > last:
            last = rank[other]
    return last


def rows_cost(p, x, rank, v, low, high):
    """Cost of the factors of v of whose other variables the highest rank lies in low..high."""
    cost = 0
    for i in range(p.line_start[v], p.line_start[v + 1]):
        if low <= others_rank(rank, v, p.line, i, A, B, A, B) <= high:
            a, b = sounded(p, x, p.line, i, A, A_MAP), sounded(p, x, p.line, i, B, B_MAP)
            cost += line_cost(p, i, a, b)
    for i in range(p.vertical_start[v], p.vertical_start[v + 1]):
        if low <= others_rank(rank, v, p.vertical, i, A, B, A, B) <= high:
            a, b = sounded(p, x, p.vertical, i, A, A_MAP), sounded(p, x, p.vertical, i, B, B_MAP)
            cost += vertical_cost(p, i, a, b)
    for i in range(p.bend_start[v], p.bend_start[v + 1]):
        if low <= others_rank(rank, v, p.bend, i, A, B, C, A) <= high:
            a, b = sounded(p, x, p.bend, i, A, A_MAP), sounded(p, x, p.bend, i, B, B_MAP)
            cost += bend_cost(p, i, a, b, sounded(p, x, p.bend, i, C, C_MAP))
    for i in range(p.parallel_start[v], p.parallel_start[v + 1]):
        if low <= others_rank(rank, v, p.parallel, i, A, B, C, D) <= high:
            a, b = sounded(p, x, p.parallel, i, A, A_MAP), sounded(p, x, p.parallel, i, B, B_MAP)
            c, d = sounded(p, x, p.parallel, i, C, C_MAP), sounded(p, x, p.parallel, i, D, D_MAP)
            cost += parallel_cost(p, i, a, b, c, d)
    return cost


def closed_groups(p, s, q, v, rank):
    """Cost of the groups, means and links of v that are complete at this rank, all in place."""
    cost, done, last = 0, q.done, 0
    for m in range(p.member_start[v], p.member_start[v + 1]):
        g = p.member_group[m]
        whole = p.group[g, MEAN_OF]
        if whole and whole != last and q.meant[whole - 1] == rank:
            cost += mean_cost(p, whole - 1, s.spread[whole - 1])
            last = whole
        if done[g] != rank:
            continue
        x, y, z = s.centre[g, 0], s.centre[g, 1], s.centre[g, 2]
        cost += set_cost(p, g, s.mask[g]) + strain_cost(p, g, x, y, z)
        if p.group[g, LINKED] and done[g - 1] <= rank:
            cost += momentum_cost(p, g, x, y, z, s.centre, g - 1)
        if g + 1 < p.group.shape[0] and p.group[g + 1, LINKED] and done[g + 1] < rank:
            cost += momentum_cost(p, g + 1, x, y, z, s.centre, g + 1)
    return cost


def open_slice(p, w, s, q, h):
    """Take the variables of slice h out, and set down what each pitch costs by itself; returns how many."""
    first = w.start[h]
    n = w.start[h + 1] - first
    for k in range(n):
        v = w.variable[first + k]
        q.rank[v] = k + 1
        place(p, s, v, -1)
        for m in range(p.member_start[v], p.member_start[v + 1]):
            g = p.member_group[m]
            q.done[g] = k + 1
            if p.group[g, MEAN_OF]:
                q.meant[p.group[g, MEAN_OF] - 1] = k + 1
    for k in range(n):
        v = w.variable[first + k]
        old, q.best[k] = s.x[v], s.x[v]
        for i in range(p.domain_start[v + 1] - p.domain_start[v]):
            s.x[v] = p.domain_pitch[p.domain_start[v] + i]
            cost = p.domain_cost[p.domain_start[v] + i] + rows_cost(p, s.x, q.rank, v, 0, 0)
            j = i
            while j > 0 and q.cost[k, j - 1] > cost:
                q.cost[k, j], q.value[k, j] = q.cost[k, j - 1], q.value[k, j - 1]
                j -= 1
            q.cost[k, j], q.value[k, j] = cost, i
        s.x[v] = old
    q.left[n] = 0
    for k in range(n - 1, -1, -1):
        q.left[k] = q.left[k + 1] + q.cost[k, 0]
    return n


def close_slice(p, w, s, q, h):
    """Put the variables of slice h back at the best pitches found."""
    for k in range(w.start[h + 1] - w.start[h]):
        v = w.variable[w.start[h] + k]
        q.rank[v] = 0
        s.x[v] = q.best[k]
        place(p, s, v, 1)
        for m in range(p.member_start[v], p.member_start[v + 1]):
            g = p.member_group[m]
            q.done[g] = 0
            if p.group[g, MEAN_OF]:
                q.meant[p.group[g, MEAN_OF] - 1] = 0


def try_pitch(p, w, s, q, h, k, at):
    """Give the k-th variable of slice h its at-th pitch; returns what is paid with it and before."""
    v = w.variable[w.start[h] + k]
    s.x[v] = p.domain_pitch[p.domain_start[v] + q.value[k, at]]
    place(p, s, v, 1)
    cost = q.paid[k] + q.cost[k, at] + rows_cost(p, s.x, q.rank, v, 1, k)
    return cost + closed_groups(p, s, q, v, k + 1)


def solve_slice(p, w, s, q, h, budget):
    """Find the best pitches of slice h; returns how the cost changed, and whether they are proven best.

    `budget` is how many pitches may be tried.
    """
    n, least, nodes, k = open_slice(p, w, s, q, h), 0, 0, 0
    now, trying, found = 0, 1, 0
    q.paid[0] = 0
    # the first way down, `trying`, is along the pitches there are: its cost is the one to beat
    while k >= 0:
        v = w.variable[w.start[h] + k]
        size = p.domain_start[v + 1] - p.domain_start[v]
        at = q.at[k]
        if trying:
            at = 0
            while p.domain_pitch[p.domain_start[v] + q.value[k, at]] != q.best[k]:
                at += 1
        elif at >= size or q.paid[k] + q.cost[k, at] + q.left[k + 1] >= least or nodes >= budget:
            k -= 1
            if k >= 0:
                place(p, s, w.variable[w.start[h] + k], -1)
                q.at[k] += 1
            continue
        nodes += 1
        cost = try_pitch(p, w, s, q, h, k, at)
        if k + 1 < n and (trying or cost + q.left[k + 1] < least):
            k += 1
            q.at[k], q.paid[k] = 0, cost
            continue
        if trying:
            now, least, trying = cost, cost, 0
            for j in range(n - 1, 0, -1):
                place(p, s, w.variable[w.start[h] + j], -1)
            k, v = 0, w.variable[w.start[h]]
            q.at[0] = -1
        elif k + 1 == n and cost < least:
            least, found = cost, 1
            for j in range(n):
                q.best[j] = s.x[w.variable[w.start[h] + j]]
        place(p, s, v, -1)
        q.at[k] += 1
    close_slice(p, w, s, q, h)
    q.count[NODE] += nodes
    q.count[IMPROVED] += found
    q.count[PROVEN] += nodes < budget
    q.count[SEEN] += 1
    return least - now, nodes < budget


def solve_slices(p, w, s, q, first, stop, budget):
    """Solve slices first..stop one after another, keeping what each gains."""
    cost = s.cost[0]
    for h in range(first, stop):
        change, _ = solve_slice(p, w, s, q, h, budget)
        cost += change
    keep(s, cost)


FUNCTIONS = (
    bench_of,
    sounded,
    others_rank,
    rows_cost,
    closed_groups,
    open_slice,
    close_slice,
    try_pitch,
    solve_slice,
    solve_slices,
)  # each after those it calls
