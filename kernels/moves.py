"""A problem, its moves and a chain -> the chain a few sweeps on, by single and compound moves.

A sweep of the heat bath (`walk.step`) is followed by compound moves: lists of (variable, new pitch) that
are set one after another and kept or undone together, by the rule of Metropolis [MRRTT53]_; and pairs of
variables that are drawn jointly by heat bath.  Every new pitch is of its variable's domain, so no
sequence of moves can break what domains and ties ensure.

COPY proposes in one direction alone: a chain with it is a search, not a sampler.
"""

from typing import NamedTuple

import numpy as np

from .rules import CHANCES, GUMBEL_ONE, OCTAVE, mix, scramble
from .vns import keep, set_pitch
from .walk import put, step, weigh

SWAP, SLICE, SHIFT, COPY, EIGHTH, SINGLE = range(6)
KINDS = 6
LONGEST = 32  # variables one compound move changes at most
BLOCK = 8  # pitches of the first variable of a pair that are weighed, around the one it has
WIDEST = 128  # pitches of a domain at most


class Moves(NamedTuple):
    """What may be changed together; all arrays int64."""

    rate: np.ndarray  # (KINDS,) moves of each kind after a sweep
    swap: np.ndarray  # (a, 2) variables that may exchange pitches
    slice: np.ndarray  # (b, 2) variables that sound together
    run: np.ndarray  # (r,) variables of every voice, one after another in time, each once
    run_end: np.ndarray  # (r,) where in `run` the voice of each ends
    shift: np.ndarray  # (d, 2) how a block is shifted: semitones, and places in the domain instead
    copy: np.ndarray  # (c, 3) places in `run` of one bar and of a like one that takes its pitches, notes
    exponential: np.ndarray  # (CHANCES,) quantiles of the exponential distribution times GUMBEL_ONE


class Room(NamedTuple):
    """Where chains work, and what they count; int64.  N chains, or one chain's share."""

    change: np.ndarray  # (N, LONGEST, 3) variable, new pitch, old pitch
    count: np.ndarray  # (N, KINDS, 2) moves proposed, accepted


def empty_room(chains):
    """Room for this many chains."""
    shapes = ((LONGEST, 3), (KINDS, 2))
    return Room(*(np.zeros((chains, *shape), np.int64) for shape in shapes))


def no_moves():
    """No compound moves: the heat bath alone."""
    none = np.zeros(0, np.int64)
    pairs = np.zeros((0, 2), np.int64)
    return Moves(np.zeros(KINDS, np.int64), pairs, pairs, none, none, pairs, np.zeros((0, 3), np.int64), none)


def room_of(room, n):
    """Chain number n's room, as views."""
    return Room(room.change[n], room.count[n])


def nearest(p, v, pitch):
    """Place in the tables of domains of the pitch of variable v nearest to this; the lower of equals."""
    i = p.domain_start[v]
    while i + 1 < p.domain_start[v + 1] and p.domain_pitch[i + 1] <= pitch:
        i += 1
    if i + 1 < p.domain_start[v + 1] and p.domain_pitch[i + 1] - pitch < pitch - p.domain_pitch[i]:
        i += 1
    return i


def propose_swap(p, m, s, r, chance):
    """Two variables exchange pitches; returns how many changes were listed, 0 if they cannot."""
    k = chance % m.swap.shape[0]
    a, b = m.swap[k, 0], m.swap[k, 1]
    r.change[0, 0], r.change[0, 1], r.change[1, 0], r.change[1, 1] = a, s.x[b], b, s.x[a]
    if s.x[a] == s.x[b]:
        return 0
    for i in range(2):
        if p.domain_pitch[nearest(p, r.change[i, 0], r.change[i, 1])] != r.change[i, 1]:
            return 0
    return 2


def propose_shift(p, m, s, r, chance):
    """Successive variables of a voice move together; returns how many changes were listed."""
    first = chance % m.run.shape[0]
    more = scramble(chance + 1)
    length = 2 + more % 7
    if first + length > m.run_end[first]:
        return 0
    d = (more >> 8) % m.shift.shape[0]
    for k in range(length):
        v = m.run[first + k]
        i = nearest(p, v, s.x[v]) + m.shift[d, 1]
        if i < p.domain_start[v] or i >= p.domain_start[v + 1]:
            return 0
        pitch = p.domain_pitch[i] + m.shift[d, 0]
        if p.domain_pitch[nearest(p, v, pitch)] != pitch:
            return 0
        r.change[k, 0], r.change[k, 1] = v, pitch
    return length


def propose_copy(p, m, s, r, chance):
    """A bar takes the pitches of another, or the nearest it can; returns how many changes were listed."""
    k, n = chance % m.copy.shape[0], 0
    for i in range(m.copy[k, 2]):
        v = m.run[m.copy[k, 1] + i]
        pitch = p.domain_pitch[nearest(p, v, s.x[m.run[m.copy[k, 0] + i]])]
        if pitch != s.x[v]:
            r.change[n, 0], r.change[n, 1] = v, pitch
            n += 1
    return n


def propose_single(p, m, s, r, chance):
    """A variable takes any other pitch of its domain; returns how many changes were listed."""
    v = m.run[chance % m.run.shape[0]]
    first, size = p.domain_start[v], p.domain_start[v + 1] - p.domain_start[v]
    at = first + scramble(chance + 1) % (size - 1)
    r.change[0, 0], r.change[0, 1] = v, p.domain_pitch[at + (p.domain_pitch[at] >= s.x[v])]
    return 1


def propose_octave(p, m, s, r, chance):
    """A variable goes an octave up or down; returns how many changes were listed, 0 if it cannot."""
    v = m.run[chance % m.run.shape[0]]
    pitch = s.x[v] + (OCTAVE if scramble(chance + 1) & 1 else -OCTAVE)
    if p.domain_pitch[nearest(p, v, pitch)] != pitch:
        return 0
    r.change[0, 0], r.change[0, 1] = v, pitch
    return 1


def propose(p, m, s, r, kind, chance):
    """List the changes of one move; returns how many."""
    if kind == SWAP:
        return propose_swap(p, m, s, r, chance)
    if kind == SHIFT:
        return propose_shift(p, m, s, r, chance)
    if kind == COPY:
        return propose_copy(p, m, s, r, chance)
    return propose_octave(p, m, s, r, chance)


def attempt(p, m, s, r, n, chance, temperature):
    """Make the n changes listed, and keep or undo them; returns whether kept and how the cost changed."""
    change = 0
    for i in range(n):
        r.change[i, 2] = s.x[r.change[i, 0]]
        change += set_pitch(p, s, r.change[i, 0], r.change[i, 1])
    if change * GUMBEL_ONE <= temperature * m.exponential[chance % CHANCES]:
        return True, change
    for i in range(n - 1, -1, -1):
        put(p, s, r.change[i, 0], r.change[i, 2])
    return False, 0


def redraw_pair(p, s, r, a, b, chance, temperature):
    """Draw pitches for two variables jointly by heat bath; returns whether they moved, and how the cost did.

    Of the first, the pitches of one block of its domain are weighed, of the second all; where the blocks
    begin does not depend on the pitches, so that the draw is as likely one way as back.
    """
    first_a, first_b, stop_b = p.domain_start[a], p.domain_start[b], p.domain_start[b + 1]
    old_a, old_b, cost, size_a = s.x[a], s.x[b], s.scratch[12:], p.domain_start[a + 1] - first_a
    here = nearest(p, a, old_a) - first_a
    begin = here - (here + chance % BLOCK) % BLOCK
    best_a, best_b, best, best_score, any_yet = old_a, old_b, 0, 0, False
    for k in range(-1, BLOCK):  # first a where b stands, then b with each pitch of a: one place to weigh at
        i = begin + k
        if k >= 0:
            if i < 0 or i >= size_a:
                continue
            put(p, s, a, p.domain_pitch[first_a + i])
        weigh(p, s, a if k < 0 else b, cost)
        if k < 0:
            for j in range(BLOCK):
                if 0 <= begin + j < size_a:
                    r.change[j, 2] = cost[begin + j] - cost[here]
            continue
        now_b = cost[nearest(p, b, old_b) - first_b]
        for j in range(stop_b - first_b):
            change = r.change[k, 2] + cost[j] - now_b
            score = change * GUMBEL_ONE
            if temperature > 0:
                score -= temperature * p.gumbel[scramble(chance + (i * WIDEST + j) * 0x9E3779B1) % CHANCES]
            if not any_yet or score < best_score:
                best_a, best_b = p.domain_pitch[first_a + i], p.domain_pitch[first_b + j]
                best, best_score, any_yet = change, score, True
    put(p, s, a, best_a)
    put(p, s, b, best_b)
    return best_a != old_a or best_b != old_b, best


def roam(p, m, s, r, seed, chain, sweep, temperature):
    """The moves that follow a sweep, but for pairs and single notes; returns how the cost changed."""
    change = 0
    for kind in range(SINGLE):
        if kind == SLICE:
            continue
        for k in range(m.rate[kind]):
            chance = mix(seed + 1 + kind, chain, sweep * m.rate[kind] + k)
            done, gain, n = False, 0, propose(p, m, s, r, kind, chance)
            if n > 0:
                done, gain = attempt(p, m, s, r, n, scramble(chance + 2), temperature)
            r.count[kind, 0] += 1
            r.count[kind, 1] += done
            change += gain
    return change


def wander(p, m, s, r, seed, chain, sweep, temperature):
    """Make the moves that follow a sweep, but for pairs and single notes, keeping the best pitches seen."""
    keep(s, s.cost[0] + roam(p, m, s, r, seed, chain, sweep, temperature))


def pairs(p, m, s, r, seed, chain, sweep, temperature):
    """Draw pairs of variables jointly after a sweep, keeping the best pitches seen."""
    cost = s.cost[0]
    for k in range(m.rate[SLICE]):
        chance = mix(seed + 1 + SLICE, chain, sweep * m.rate[SLICE] + k)
        i = chance % m.slice.shape[0]
        done, gain = redraw_pair(p, s, r, m.slice[i, 0], m.slice[i, 1], scramble(chance + 2), temperature)
        r.count[SLICE, 0] += 1
        r.count[SLICE, 1] += done
        cost += gain
    keep(s, cost)


def singles(p, m, s, r, seed, chain, sweep, temperature):
    """Move single notes after a sweep, keeping the best pitches seen."""
    cost = s.cost[0]
    for k in range(m.rate[SINGLE]):
        chance = mix(seed + 1 + SINGLE, chain, sweep * m.rate[SINGLE] + k)
        n = propose_single(p, m, s, r, chance)
        done, gain = attempt(p, m, s, r, n, scramble(chance + 2), temperature)
        r.count[SINGLE, 0] += 1
        r.count[SINGLE, 1] += done
        cost += gain
    keep(s, cost)


def heat_bath(p, s, seed, chain, first_sweep, temperature):
    """Sweep over all variables once for each temperature, keeping the best pitches seen."""
    n = s.x.size
    for k in range(temperature.size):
        sweep, cost = first_sweep + k, s.cost[0]
        for i in range(n):
            v = i if sweep % 2 == 0 else n - 1 - i
            if p.domain_start[v + 1] - p.domain_start[v] > 1:
                cost += step(p, s, v, mix(seed, chain, (sweep + 1) * n + v), temperature[k])
        keep(s, cost)


def anneal(p, m, s, r, seed, chain, first_sweep, temperature):
    """A sweep of the heat bath, then other moves, for each temperature.

    `first_sweep` counts the sweeps done before, so that many short calls equal one long one.
    """
    for k in range(temperature.size):
        heat_bath(p, s, seed, chain, first_sweep + k, temperature[k : k + 1])
        wander(p, m, s, r, seed, chain, first_sweep + k, temperature[k])
        pairs(p, m, s, r, seed, chain, first_sweep + k, temperature[k])
        singles(p, m, s, r, seed, chain, first_sweep + k, temperature[k])


FUNCTIONS = (
    room_of,
    nearest,
    propose_swap,
    propose_shift,
    propose_copy,
    propose_single,
    propose_octave,
    propose,
    attempt,
    redraw_pair,
    roam,
    wander,
    pairs,
    singles,
    heat_bath,
    anneal,
)  # each after those it calls
