"""A problem and a chain's pitches -> costs: the arithmetic, in plain Python (read this first).

Nothing here is decorated.  `cpu.py` and `cuda.py` compile these same functions and those of `walk.py`
(see `jit.py`), and called as they are they are the reference: integers only, so all give the same notes.
The processor weighs pitches in another way, to the same costs: `lanes.py`, `wide.py`.

Conventions
-----------
- A *variable* is a set of tied slots; each slot's *map* makes its MIDI pitch of the variable's.  A map
  below `LOOKED_UP` is so many semitones to add (no table is as fast); else it says where in `maps` to look.
- Costs are int64 in units of 1/64 point (`POINT`); weights of factors in sixteenths (`WEIGHT_ONE`).
- A *factor* is a row of a table that says which two to four slots are judged together.  Each variable
  has its own copies of the rows it takes part in, one after the other; the column OWNER is 1 in
  exactly one copy.
- A *group* is a span of time.  It keeps the sums X, Y, K (duration times position on the spiral
  array, radius 1, so integers [Chew00]_) and how many entries hold each pitch class.
- Lengths on the spiral array are in units of 1/1024 radius (`RADIUS`).
"""

import math
from typing import NamedTuple

import numpy as np

POINT = 64  # cost units in a point
WEIGHT_ONE = 16  # a factor's weight of 1.0
RADIUS = 1024  # fixed-point units in a radius of the spiral array
REACH = 48  # interval tables run from -REACH to +REACH semitones
BEND = 14  # tables of two successive intervals run from -BEND to +BEND semitones
OCTAVE = 12  # learned tables of intervals run from -OCTAVE to +OCTAVE semitones
LOOKED_UP = 1024  # maps from here on begin at this place less `LOOKED_UP` in `maps`
GUMBEL_ONE = 1024
CHANCES = 4096  # entries of the Gumbel table
SCRATCH = 12 + 128  # pitch classes, and pitches of a domain
TENSION_SHIFT = 24  # weights of squared misfits carry this many fractional bits: products stay below 2**53
TENSION_HALF = 1 << (TENSION_SHIFT - 1)  # rounds

# columns of `line` and `vertical`: slots a and b (variable, map), table row, weight, chord masks
A, A_MAP, B, B_MAP, KIND, WEIGHT, A_CHORD, B_CHORD, OWNER = range(9)
# further columns of `line`: row of what is learned, and the tonic of the key
LEARNED, TONIC = 9, 10
# columns of `bend` (three successive slots a, b, c); KIND, WEIGHT and OWNER as above; the chord under b,
# and whether b is on a strong beat
C, C_MAP, MIDDLE_CHORD, STRONG = 6, 7, 9, 10
# columns of `parallel` (voice one moves a -> b while voice two moves c -> d); all but D as above
D, D_MAP = 4, 9
# columns of `group`
PER_XY, PER_Z, KEY, LINKED = 0, 1, 2, 3
DIAMETER_AIM, MOMENTUM_AIM, STRAIN_AIM = 4, 5, 6
DIAMETER_WEIGHT, MOMENTUM_WEIGHT, STRAIN_WEIGHT = 7, 8, 9
ROOT, THIRD, COLOUR, SPAN = 10, 11, 12, 13
# 1 + the group whose mean diameter this one is part of, or 0; this one's share of it, in 2**-SHARE_SHIFT
MEAN_OF, SHARE = 14, 15
MEAN_AIM, MEAN_WEIGHT = 16, 17  # of a group's mean diameter
# how far from its aim each may be at no cost
DIAMETER_BAND, MOMENTUM_BAND, STRAIN_BAND, MEAN_BAND = 18, 19, 20, 21
GROUP_COLUMNS = 22
SHARE_SHIFT = 16
# rows of `scale`
DIAMETER, MOMENTUM, STRAIN = 0, 1, 2
LENGTHS = 6144  # entries of a row; what is longer counts as the last


class Problem(NamedTuple):
    """Everything that stays fixed; all arrays int64.  V variables, G groups."""

    domain_start: np.ndarray  # (V + 1,) into the two below
    domain_pitch: np.ndarray  # (d,) MIDI pitch of the variable, rising within a domain
    domain_cost: np.ndarray  # (d,) what the pitch costs whatever the others are
    line_start: np.ndarray  # (V + 1,)
    line: np.ndarray  # (l, 11) successive slots of a voice
    vertical_start: np.ndarray  # (V + 1,)
    vertical: np.ndarray  # (n, 9) slots that sound together; a is meant to lie above b
    bend_start: np.ndarray  # (V + 1,)
    bend: np.ndarray  # (t, 11) three successive slots of a voice
    parallel_start: np.ndarray  # (V + 1,)
    parallel: np.ndarray  # (q, 10) two voices that move at the same time
    member_start: np.ndarray  # (V + 1,)
    member_group: np.ndarray  # (m,) group the variable sounds in, rising within a variable
    entry_start: np.ndarray  # (m + 1,)
    entry: np.ndarray  # (e, 2) where its map begins in `pc_map`, units of duration
    maps: np.ndarray  # (128 M,) pitch of a variable -> pitch of a slot, one map after another
    pc_map: np.ndarray  # (12 K,) the same of pitch classes: what a map does to one depends on it alone
    group: np.ndarray  # (G, GROUP_COLUMNS)
    spell: np.ndarray  # (keys, 12, 3) x, y, k of each pitch class in each key
    key_point: np.ndarray  # (keys, 3) centre of the key [1/1024 radius]
    diameter: np.ndarray  # (keys, 4096) of each pitch-class set [1/1024 radius]
    scale: np.ndarray  # (3, LENGTHS) what a length [1/1024 radius] counts as, rising; aims are in its unit
    step_cost: np.ndarray  # (kinds, 2 REACH + 1) by interval b - a
    learned_cost: np.ndarray  # (., 12, 2 OCTAVE + 1) by the first note's degree and the interval
    leap_cost: np.ndarray  # (kinds,) for leaving or reaching a non-chord tone by more than a step
    place_cost: np.ndarray  # (kinds, 2 REACH + 1) by interval a - b
    clash_cost: np.ndarray  # (kinds, REACH + 1) by absolute interval
    lowest: np.ndarray  # (13,) lowest lower pitch of a clear interval of 0..12 semitones
    mud_cost: np.ndarray  # (1,) for each semitone below that
    bend_cost: np.ndarray  # (kinds, 2 BEND + 1, 2 BEND + 1) by the two intervals
    treat_cost: np.ndarray  # (kinds, 2, 2 BEND + 1, 2 BEND + 1) of a non-chord tone, weak and strong
    parallel_cost: np.ndarray  # (2,) octaves, fifths
    cover_cost: np.ndarray  # (3,) for want of the root, the third, the colour of a chord
    gumbel: np.ndarray  # (CHANCES,) quantiles of the Gumbel distribution times GUMBEL_ONE
    constant: np.ndarray  # (1,) what is paid whatever happens


class State(NamedTuple):
    """All chains' pitches and the sums kept up to date; int64.  N chains."""

    x: np.ndarray  # (N, V) pitch of each variable
    best_x: np.ndarray  # (N, V)
    cost: np.ndarray  # (N, 2) now, best so far
    sums: np.ndarray  # (N, G, 3) X, Y, K
    counts: np.ndarray  # (N, G, 12) entries on each pitch class
    mask: np.ndarray  # (N, G) pitch classes present
    centre: np.ndarray  # (N, G, 3) centre of effect [1/1024 radius]
    spread: np.ndarray  # (N, G) sum of the parts' diameters times their shares
    scratch: np.ndarray  # (N, SCRATCH) costs: of the 12 pitch classes, then of each pitch of a domain


class Chain(NamedTuple):
    """One chain's share of a `State`."""

    x: np.ndarray
    best_x: np.ndarray
    cost: np.ndarray
    sums: np.ndarray
    counts: np.ndarray
    mask: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    scratch: np.ndarray


# --------------------------------------------------------------------------- chance


def scramble(h):
    """A 32-bit hash of a 32-bit number (multipliers below 2**31 keep products within int64) [Wellons18]_."""
    h = h & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x21F0AAAD) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 0x735A2D97) & 0xFFFFFFFF
    return h ^ (h >> 15)


def mix(seed, chain, step):
    """A 32-bit number that looks random, for each (seed, chain, step)."""
    return scramble(scramble(scramble(seed + 0x51ED270B) + chain) + step)


def isqrt(n):
    """The whole part of the root of n, 0 <= n < 2**52.

    The root of n = k**2 is exact.  Else n <= (k + 1)**2 - 1 for its whole part k, and its root is less than
    k + 1 by more than 1 / (2 (k + 1)) >= 2**-27, while doubles below k + 1 <= 2**26 are at most 2**-27 apart:
    correctly rounded, as on every processor and device, it stays below k + 1.
    """
    return int(math.sqrt(float(n)))


# --------------------------------------------------------------------------- factors


def within(n, bound):
    """n brought into -bound..bound (numba 0.68 cannot compile min and max of integers for CUDA)."""
    if n > bound:
        return bound
    if n < -bound:
        return -bound
    return n


def heard(p, way, pitch):
    """Pitch of a slot from its variable's: so much higher, or looked up in a map."""
    if way < LOOKED_UP:
        return pitch + way
    return p.maps[way - LOOKED_UP + pitch]


def line_points(p, kind, learned, tonic, a_chord, b_chord, a, b):
    """Two successive notes a, b of a voice: the interval, how rare, and leaps from or to non-chord tones."""
    step = b - a
    cost = p.step_cost[kind, within(step, REACH) + REACH]
    cost += p.learned_cost[learned, (a + 12 - tonic) % 12, within(step, OCTAVE) + OCTAVE]
    if step > 2 or step < -2:
        if (a_chord >> (a % 12)) & 1 == 0:
            cost += p.leap_cost[kind]
        if (b_chord >> (b % 12)) & 1 == 0:
            cost += p.leap_cost[kind]
    return cost


def line_cost(p, i, a, b):
    """What row i of `line` costs."""
    kind, learned, tonic = p.line[i, KIND], p.line[i, LEARNED], p.line[i, TONIC]
    points = line_points(p, kind, learned, tonic, p.line[i, A_CHORD], p.line[i, B_CHORD], a, b)
    return (points * p.line[i, WEIGHT]) >> 4


def vertical_points(p, kind, a_chord, b_chord, a, b):
    """Two notes together, a meant above b: place, clash (a quarter of it between chord tones), mud."""
    apart = a - b
    cost = p.place_cost[kind, within(apart, REACH) + REACH]
    size = abs(within(apart, REACH))
    clash = p.clash_cost[kind, size]
    if (a_chord >> (a % 12)) & 1 and (b_chord >> (b % 12)) & 1:
        clash = clash >> 2
    cost += clash
    lower = a if a < b else b
    if size <= 12 and lower < p.lowest[size]:
        cost += p.mud_cost[0] * (p.lowest[size] - lower)
    return cost


def vertical_cost(p, i, a, b):
    """What row i of `vertical` costs."""
    points = vertical_points(p, p.vertical[i, KIND], p.vertical[i, A_CHORD], p.vertical[i, B_CHORD], a, b)
    return (points * p.vertical[i, WEIGHT]) >> 4


def bend_points(p, kind, chord, strong, a, b, c):
    """Three successive notes: leaps, trills, outlines, and the treatment of a non-chord tone."""
    first = within(b - a, BEND) + BEND
    second = within(c - b, BEND) + BEND
    cost = p.bend_cost[kind, first, second]
    if (chord >> (b % 12)) & 1 == 0:
        cost += p.treat_cost[kind, strong, first, second]
    return cost


def bend_cost(p, i, a, b, c):
    """What row i of `bend` costs."""
    points = bend_points(p, p.bend[i, KIND], p.bend[i, MIDDLE_CHORD], p.bend[i, STRONG], a, b, c)
    return (points * p.bend[i, WEIGHT]) >> 4


def parallel_points(p, a, b, c, d):
    """Voice one moves a -> b while voice two moves c -> d the same way: parallel octaves or fifths."""
    if (b - a) * (d - c) <= 0:
        return 0
    before, after = abs(a - c) % 12, abs(b - d) % 12
    if before != after:
        return 0
    if after == 0:
        return p.parallel_cost[0]
    if after == 7:
        return p.parallel_cost[1]
    return 0


def parallel_cost(p, i, a, b, c, d):
    """What row i of `parallel` costs."""
    return (parallel_points(p, a, b, c, d) * p.parallel[i, WEIGHT]) >> 4


def factors_cost(p, x, v, only_owned):
    """Cost of all factors of variable v at the pitches x; each factor once if only_owned, over all v."""
    cost = 0
    for i in range(p.line_start[v], p.line_start[v + 1]):
        if p.line[i, OWNER] or not only_owned:
            a = heard(p, p.line[i, A_MAP], x[p.line[i, A]])
            b = heard(p, p.line[i, B_MAP], x[p.line[i, B]])
            cost += line_cost(p, i, a, b)
    for i in range(p.vertical_start[v], p.vertical_start[v + 1]):
        if p.vertical[i, OWNER] or not only_owned:
            a = heard(p, p.vertical[i, A_MAP], x[p.vertical[i, A]])
            b = heard(p, p.vertical[i, B_MAP], x[p.vertical[i, B]])
            cost += vertical_cost(p, i, a, b)
    for i in range(p.bend_start[v], p.bend_start[v + 1]):
        if p.bend[i, OWNER] or not only_owned:
            a = heard(p, p.bend[i, A_MAP], x[p.bend[i, A]])
            b = heard(p, p.bend[i, B_MAP], x[p.bend[i, B]])
            c = heard(p, p.bend[i, C_MAP], x[p.bend[i, C]])
            cost += bend_cost(p, i, a, b, c)
    for i in range(p.parallel_start[v], p.parallel_start[v + 1]):
        if p.parallel[i, OWNER] or not only_owned:
            a = heard(p, p.parallel[i, A_MAP], x[p.parallel[i, A]])
            b = heard(p, p.parallel[i, B_MAP], x[p.parallel[i, B]])
            c = heard(p, p.parallel[i, C_MAP], x[p.parallel[i, C]])
            d = heard(p, p.parallel[i, D_MAP], x[p.parallel[i, D]])
            cost += parallel_cost(p, i, a, b, c, d)
    return cost


# --------------------------------------------------------------------------- groups


def scaled(p, component, length):
    """What a length on the spiral array counts as."""
    if length >= LENGTHS:
        length = LENGTHS - 1
    return p.scale[component, length]


def misfit(value, aim, weight, band):
    """Weighted square of how much farther than `band` a tension is from its aim."""
    beyond = abs(value - aim) - band
    beyond = beyond * (beyond > 0)
    return (beyond * beyond * weight + TENSION_HALF) >> TENSION_SHIFT


def diameter_misfit(p, g, width):
    """What the diameter of a group, in levels, costs."""
    return misfit(width, p.group[g, DIAMETER_AIM], p.group[g, DIAMETER_WEIGHT], p.group[g, DIAMETER_BAND])


def mean_misfit(p, g, width):
    """What the mean diameter of the parts of a group, in levels, costs."""
    return misfit(width, p.group[g, MEAN_AIM], p.group[g, MEAN_WEIGHT], p.group[g, MEAN_BAND])


def strain_misfit(p, g, strain):
    """What the strain of a group, in levels, costs."""
    return misfit(strain, p.group[g, STRAIN_AIM], p.group[g, STRAIN_WEIGHT], p.group[g, STRAIN_BAND])


def momentum_misfit(p, g, momentum):
    """What the momentum into a group, in levels, costs."""
    return misfit(momentum, p.group[g, MOMENTUM_AIM], p.group[g, MOMENTUM_WEIGHT], p.group[g, MOMENTUM_BAND])


def distance(x, y, z, points, i):
    """Length of the vector from row i of `points` to (x, y, z)."""
    dx, dy, dz = x - points[i, 0], y - points[i, 1], z - points[i, 2]
    return isqrt(dx * dx + dy * dy + dz * dz)


def cover_cost(p, g, mask):
    """What members of its chord cost that a group lacks."""
    lack = 0
    if p.group[g, ROOT] & ~mask:
        lack += p.cover_cost[0]
    if p.group[g, THIRD] & ~mask:
        lack += p.cover_cost[1]
    if p.group[g, COLOUR] & ~mask:
        lack += p.cover_cost[2]
    return (lack * p.group[g, SPAN]) >> 4


def set_cost(p, g, mask):
    """What the set of pitch classes of a group costs: its diameter, and chord members it lacks."""
    cost = 0
    if p.group[g, DIAMETER_WEIGHT]:
        width = scaled(p, DIAMETER, p.diameter[p.group[g, KEY], mask])
        cost += diameter_misfit(p, g, width)
    if p.group[g, SPAN]:
        cost += cover_cost(p, g, mask)
    return cost


def mean_cost(p, g, spread):
    """What the mean diameter of a group's parts costs: wide and narrow beats make up for each other."""
    return mean_misfit(p, g, scaled(p, DIAMETER, spread >> SHARE_SHIFT))


def strain_cost(p, g, x, y, z):
    """What the distance of a group's centre of effect from its key costs [HC16]_."""
    if p.group[g, STRAIN_WEIGHT] == 0:
        return 0
    return strain_misfit(p, g, scaled(p, STRAIN, distance(x, y, z, p.key_point, p.group[g, KEY])))


def momentum_cost(p, g, x, y, z, centre, before):
    """What the way from the centre of effect of the group before costs [HC16]_."""
    return momentum_misfit(p, g, scaled(p, MOMENTUM, distance(x, y, z, centre, before)))


def groups_cost(p, s, v, pitch):
    """Cost of all groups variable v sounds in, if v (now taken out) were put back at this pitch."""
    cost = 0
    last, last_x, last_y, last_z = -2, 0, 0, 0
    whole, spread = 0, 0  # 1 + the group whose mean diameter changes, and its sum
    stop = p.member_start[v + 1]
    for m in range(p.member_start[v], stop):
        g = p.member_group[m]
        sum_x, sum_y, sum_k = s.sums[g, 0], s.sums[g, 1], s.sums[g, 2]
        mask = s.mask[g]
        for e in range(p.entry_start[m], p.entry_start[m + 1]):
            pc = p.pc_map[p.entry[e, 0] + pitch % 12]
            units = p.entry[e, 1]
            mask = mask | (1 << pc)
            sum_x += units * p.spell[p.group[g, KEY], pc, 0]
            sum_y += units * p.spell[p.group[g, KEY], pc, 1]
            sum_k += units * p.spell[p.group[g, KEY], pc, 2]
        cost += set_cost(p, g, mask)
        if p.group[g, MEAN_OF]:
            if p.group[g, MEAN_OF] != whole:
                if whole:
                    cost += mean_cost(p, whole - 1, spread)
                whole = p.group[g, MEAN_OF]
                spread = s.spread[whole - 1]
            key = p.group[g, KEY]
            spread += p.group[g, SHARE] * (p.diameter[key, mask] - p.diameter[key, s.mask[g]])
        if p.group[g, STRAIN_WEIGHT] == 0:
            continue
        x, y = (sum_x * p.group[g, PER_XY]) >> 16, (sum_y * p.group[g, PER_XY]) >> 16
        z = (sum_k * p.group[g, PER_Z]) >> 16
        cost += strain_cost(p, g, x, y, z)
        if p.group[g, LINKED]:
            if last == g - 1:
                dx, dy, dz = x - last_x, y - last_y, z - last_z
                way = isqrt(dx * dx + dy * dy + dz * dz)
                cost += momentum_misfit(p, g, scaled(p, MOMENTUM, way))
            else:
                cost += momentum_cost(p, g, x, y, z, s.centre, g - 1)
        following = g + 1 < p.group.shape[0] and p.group[g + 1, LINKED] != 0
        if following and (m + 1 == stop or p.member_group[m + 1] != g + 1):
            cost += momentum_cost(p, g + 1, x, y, z, s.centre, g + 1)
        last, last_x, last_y, last_z = g, x, y, z
    if whole:
        cost += mean_cost(p, whole - 1, spread)
    return cost


FUNCTIONS = (
    scramble,
    mix,
    isqrt,
    within,
    heard,
    line_points,
    line_cost,
    vertical_points,
    vertical_cost,
    bend_points,
    bend_cost,
    parallel_points,
    parallel_cost,
    factors_cost,
    scaled,
    misfit,
    diameter_misfit,
    mean_misfit,
    strain_misfit,
    momentum_misfit,
    distance,
    cover_cost,
    set_cost,
    mean_cost,
    strain_cost,
    momentum_cost,
    groups_cost,
)  # in the order they are compiled: each after those it calls
