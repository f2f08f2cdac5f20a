"""A problem and a chain -> the chain searched by variable neighbourhoods, as MorpheuS does [HC19]_.

The named baseline of the search: `change1` gives notes in order the best of their pitches and steps back
after a gain; `change_slice` does so for two notes of every group at once, every fifth loop; `swap`
exchanges pitches of two notes; when a loop changes nothing, an eighth of the notes is drawn anew and the
search goes on from there.  An evaluation is one pitch, or pair of pitches, weighed.
"""

from .rules import factors_cost, groups_cost, mix
from .walk import place, put, step

BACK = 12  # notes, or groups, stepped back after a gain
SLICE_EVERY = 5  # loops
PERTURBED = 12  # percent of the notes drawn anew


def set_pitch(p, s, v, pitch):
    """Give variable v a pitch of its domain; returns how the cost changed."""
    old = s.x[v]
    place(p, s, v, -1)
    change = 0
    for new in range(2):
        here = pitch if new else old
        s.x[v] = here
        cost = groups_cost(p, s, v, here) + factors_cost(p, s.x, v, False)
        for i in range(p.domain_start[v], p.domain_start[v + 1]):
            if p.domain_pitch[i] == here:
                cost += p.domain_cost[i]
        change += cost if new else -cost
    place(p, s, v, 1)
    return change


def keep(s, cost):
    """Remember the chain's pitches if they are the best so far."""
    s.cost[0] = cost
    if cost < s.cost[1]:
        s.cost[1] = cost
        for v in range(s.x.size):
            s.best_x[v] = s.x[v]


def change1(p, s, left):
    """Notes in order, each its best pitch; back after a gain.  Returns the evaluations left."""
    v, cost = 0, s.cost[0]
    while v < s.x.size and left > 0:
        left -= p.domain_start[v + 1] - p.domain_start[v]
        gain = step(p, s, v, 0, 0)
        cost += gain
        v = v + 1 if gain >= 0 else v - BACK
        if v < 0:
            v = 0
    keep(s, cost)
    return left


def best_pair(p, s, a, b, left):
    """Give variables a and b the best of all pairs of pitches; returns the gain and evaluations left."""
    old_a, old_b = s.x[a], s.x[b]
    best, best_a, best_b, now = 0, old_a, old_b, 0
    for i in range(p.domain_start[a], p.domain_start[a + 1]):
        now += set_pitch(p, s, a, p.domain_pitch[i])
        for j in range(p.domain_start[b], p.domain_start[b + 1]):
            now += set_pitch(p, s, b, p.domain_pitch[j])
            left -= 1
            if now < best:
                best, best_a, best_b = now, p.domain_pitch[i], p.domain_pitch[j]
    put(p, s, a, best_a)
    put(p, s, b, best_b)
    return best, left


def change_slice(p, s, sounding_start, sounding, seed, draw, left):
    """Every group in order, two of its notes at once; back after a gain.  Returns evaluations left."""
    g, cost = 0, s.cost[0]
    while g < sounding_start.size - 1 and left > 0:
        size, gain = sounding_start[g + 1] - sounding_start[g], 0
        if size > 1:
            draw += 1
            one = mix(seed, 2, draw) % size
            two = (one + 1 + mix(seed, 3, draw) % (size - 1)) % size
            a, b = sounding[sounding_start[g] + one], sounding[sounding_start[g] + two]
            gain, left = best_pair(p, s, a, b, left)
            cost += gain
        g = g + 1 if gain >= 0 else g - BACK
        if g < 0:
            g = 0
    keep(s, cost)
    return left


def has_pitch(p, v, pitch):
    """Whether a pitch is in the domain of variable v."""
    i = p.domain_start[v]
    while i + 1 < p.domain_start[v + 1] and p.domain_pitch[i] < pitch:
        i += 1
    return p.domain_pitch[i] == pitch


def swap(p, s, left):
    """Exchange pitches of two notes wherever that gains, until it does nowhere; evaluations left."""
    cost, gained = s.cost[0], True
    while gained and left > 0:
        gained = False
        for a in range(s.x.size):
            for b in range(a + 1, s.x.size):
                x, y = s.x[a], s.x[b]
                if left <= 0 or x == y or not (has_pitch(p, a, y) and has_pitch(p, b, x)):
                    continue
                left -= 1
                change = set_pitch(p, s, a, y) + set_pitch(p, s, b, x)
                if change < 0:
                    cost += change
                    gained = True
                else:
                    put(p, s, a, x)
                    put(p, s, b, y)
    keep(s, cost)
    return left


def perturb(p, s, seed, loop):
    """Draw `PERTURBED` percent of the notes anew."""
    cost, n = s.cost[0], s.x.size
    for k in range((n * PERTURBED + 99) // 100):
        v = mix(seed, 4 + 2 * loop, k) % n
        size = p.domain_start[v + 1] - p.domain_start[v]
        pitch = p.domain_pitch[p.domain_start[v] + mix(seed, 5 + 2 * loop, k) % size]
        cost += set_pitch(p, s, v, pitch)
    s.cost[0] = cost


def search(p, s, sounding_start, sounding, seed, evaluations):
    """Search until so many evaluations are made; the best pitches stay in `s.best_x`.

    Parameters
    ----------
    sounding_start, sounding : (G + 1,), (k,)
        variables of each group
    """
    left, loop = evaluations, 0
    while left > 0:
        before = s.cost[0]
        left = change1(p, s, left)
        if loop % SLICE_EVERY == SLICE_EVERY - 1:
            left = change_slice(p, s, sounding_start, sounding, seed, loop * s.x.size, left)
        left = swap(p, s, left)
        if s.cost[0] == before:
            perturb(p, s, seed, loop)
            left -= 1
        loop += 1


FUNCTIONS = (
    set_pitch,
    keep,
    change1,
    best_pair,
    change_slice,
    has_pitch,
    swap,
    perturb,
    search,
)  # each after those it calls
