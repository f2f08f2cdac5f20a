"""Windows' states and factors' tables -> least costs: exact search and lower bounds, in plain Python.

Nothing here is decorated; `exact.py` compiles it together with `rules.py`, whose costs it adds up.
All numbers are integers, so an optimum found here is the optimum of the search to the unit.
"""

from .rules import (
    KEY,
    LINKED,
    MOMENTUM,
    MOMENTUM_AIM,
    MOMENTUM_BAND,
    MOMENTUM_WEIGHT,
    PER_XY,
    PER_Z,
    STRAIN,
    STRAIN_AIM,
    STRAIN_BAND,
    STRAIN_WEIGHT,
    bend_cost,
    distance,
    heard,
    isqrt,
    line_cost,
    misfit,
    momentum_misfit,
    parallel_cost,
    scaled,
    set_cost,
    strain_cost,
    vertical_cost,
)

ARITY = 4  # variables one factor judges together at most
OF_LINE, OF_VERTICAL, OF_BEND, OF_PARALLEL = range(4)  # tables, as `fill_factor` knows them

# --------------------------------------------------------------------------- windows


def place_states(p, g, sums, centre):
    """Centre of effect of group g for each row of sums X, Y, K (n, 3), into `centre` [1/1024 radius]."""
    for i in range(sums.shape[0]):
        centre[i, 0] = (sums[i, 0] * p.group[g, PER_XY]) >> 16
        centre[i, 1] = (sums[i, 1] * p.group[g, PER_XY]) >> 16
        centre[i, 2] = (sums[i, 2] * p.group[g, PER_Z]) >> 16


def judge_states(p, g, centre, mask, cost):
    """Add to `cost` (n,) what group g costs by itself at each state: its set of notes, and strain."""
    for i in range(centre.shape[0]):
        cost[i] += set_cost(p, g, mask[i]) + strain_cost(p, g, centre[i, 0], centre[i, 1], centre[i, 2])


def judge_sets(p, g, mask, cost):
    """What each set of pitch classes costs group g, into `cost` (n,)."""
    for i in range(mask.shape[0]):
        cost[i] = set_cost(p, g, mask[i])


def link_states(p, g, before, after, cost):
    """Add to `cost` (n, m) the momentum into group g, from every centre before to every centre after."""
    for i in range(before.shape[0]):
        for j in range(after.shape[0]):
            way = distance(after[j, 0], after[j, 1], after[j, 2], before, i)
            cost[i, j] += momentum_misfit(p, g, scaled(p, MOMENTUM, way))


def least_sums(one, two, best, choice):
    """Min-plus product: best[i, j] = min over s of one[s, i] + two[s, j], and the first s that gives it."""
    for s in range(one.shape[0]):
        for i in range(one.shape[1]):
            for j in range(two.shape[1]):
                cost = one[s, i] + two[s, j]
                if s == 0 or cost < best[i, j]:
                    best[i, j] = cost
                    choice[i, j] = s


# --------------------------------------------------------------------------- windows as boxes


def nearest_misfit(low, high, aim, weight, band):
    """Least misfit of a tension somewhere in low..high."""
    value = low if aim < low else high if aim > high else aim
    return misfit(value, aim, weight, band)


def apart(a_low, a_high, b_low, b_high):
    """Least and greatest distance of two numbers known to lie in low..high each."""
    near = 0
    if a_low > b_high:
        near = a_low - b_high
    elif b_low > a_high:
        near = b_low - a_high
    far, other = a_high - b_low, b_high - a_low
    if other > far:
        far = other
    return near, far


def box_misfit(p, component, low, high, i, other_low, other_high, j, aim, weight, band):
    """Least misfit of the distance between a point of box i and a point of another's box j."""
    x_near, x_far = apart(low[i, 0], high[i, 0], other_low[j, 0], other_high[j, 0])
    y_near, y_far = apart(low[i, 1], high[i, 1], other_low[j, 1], other_high[j, 1])
    z_near, z_far = apart(low[i, 2], high[i, 2], other_low[j, 2], other_high[j, 2])
    near = isqrt(x_near * x_near + y_near * y_near + z_near * z_near)
    far = isqrt(x_far * x_far + y_far * y_far + z_far * z_far)
    return nearest_misfit(scaled(p, component, near), scaled(p, component, far), aim, weight, band)


def advance_boxes(p, g, best, low, high, next_low, next_high, next_best):
    """One window of a chain of boxes: least cost of reaching each box of group g, into `next_best`.

    `best`, `low`, `high` are those of the window before; without a link its least cost counts.
    """
    least = best[0]
    for i in range(best.size):
        if best[i] < least:
            least = best[i]
    for j in range(next_best.size):
        reach = least
        if p.group[g, LINKED]:
            aim, weight = p.group[g, MOMENTUM_AIM], p.group[g, MOMENTUM_WEIGHT]
            band = p.group[g, MOMENTUM_BAND]
            for i in range(best.size):
                cost = best[i] + box_misfit(
                    p, MOMENTUM, low, high, i, next_low, next_high, j, aim, weight, band
                )
                if i == 0 or cost < reach:
                    reach = cost
        strain = 0
        if p.group[g, STRAIN_WEIGHT]:
            aim, weight, key = p.group[g, STRAIN_AIM], p.group[g, STRAIN_WEIGHT], p.group[g, KEY]
            there, band = p.key_point, p.group[g, STRAIN_BAND]
            strain = box_misfit(p, STRAIN, next_low, next_high, j, there, there, key, aim, weight, band)
        next_best[j] = reach + strain


# --------------------------------------------------------------------------- factors


def fill_factor(p, name, i, scope, ends, table):
    """Add to `table` what row i costs at every combination of its variables' pitches.

    Parameters
    ----------
    name : int
        OF_LINE, OF_VERTICAL, OF_BEND or OF_PARALLEL
    scope : (ARITY,)
        the variables, -1 where there are fewer; the last one's pitches run fastest in the table
    ends : (ARITY, 2)
        of each slot of the row: where in the scope its variable stands, and its map
    """
    for row in range(table.size):
        pitch_a, pitch_b, pitch_c, pitch_d, rest = 0, 0, 0, 0, row
        for k in range(ARITY - 1, -1, -1):
            v = scope[k]
            if v < 0:
                continue
            size = p.domain_start[v + 1] - p.domain_start[v]
            pitch = p.domain_pitch[p.domain_start[v] + rest % size]
            rest = rest // size
            pitch_a = heard(p, ends[0, 1], pitch) if ends[0, 0] == k else pitch_a
            pitch_b = heard(p, ends[1, 1], pitch) if ends[1, 0] == k else pitch_b
            pitch_c = heard(p, ends[2, 1], pitch) if ends[2, 0] == k else pitch_c
            pitch_d = heard(p, ends[3, 1], pitch) if ends[3, 0] == k else pitch_d
        if name == OF_LINE:
            table[row] += line_cost(p, i, pitch_a, pitch_b)
        elif name == OF_VERTICAL:
            table[row] += vertical_cost(p, i, pitch_a, pitch_b)
        elif name == OF_BEND:
            table[row] += bend_cost(p, i, pitch_a, pitch_b, pitch_c)
        else:
            table[row] += parallel_cost(p, i, pitch_a, pitch_b, pitch_c, pitch_d)


def factor_margin(f, k, domain_size, factor, table_start, table, message_start, message, margin):
    """Least reparametrised cost of factor f for each value of its k-th variable, into `margin`."""
    size = domain_size[factor[f, k]]
    for value in range(size):
        margin[value] = 1 << 60
    for row in range(table_start[f + 1] - table_start[f]):
        cost, rest, own = table[table_start[f] + row], row, 0
        for i in range(ARITY - 1, -1, -1):
            if factor[f, i] >= 0:
                value = rest % domain_size[factor[f, i]]
                rest = rest // domain_size[factor[f, i]]
                cost -= message[message_start[f, i] + value]
                if i == k:
                    own = value
        if cost < margin[own]:
            margin[own] = cost


def ascend(
    backward,
    domain_start,
    domain_size,
    cost,
    factor,
    table_start,
    table,
    message_start,
    message,
    touch_start,
    touch,
    margin,
):
    """One pass over all variables that moves costs between factors and variables; no total changes.

    Every factor gives a variable what it costs at least for each of its values; the variable gives the
    sum on, in equal shares, to the factors that the pass has yet to finish [Kolmogorov15]_.

    Parameters
    ----------
    backward : int
        1: from the last variable to the first
    domain_start, domain_size : (V + 1,), (V,)
    cost : (d,)
        of each value by itself; changed in place
    factor : (F, ARITY)
        its variables, -1 where it has fewer
    table_start, table : (F + 1,), (t,)
        cost of each combination of values, the last variable's running fastest
    message_start, message : (F, ARITY), (m,)
        what has been taken from the factor; changed in place
    touch_start, touch : (V + 1,), (k, 4)
        factor, which of its variables, whether it goes on to later ones, and to earlier ones
    margin : (largest domain,)
        scratch
    """
    n = domain_size.size
    for step in range(n):
        v = n - 1 - step if backward else step
        first, last = touch_start[v], touch_start[v + 1]
        later, earlier = 1, 1
        for t in range(first, last):
            f, k = touch[t, 0], touch[t, 1]
            factor_margin(f, k, domain_size, factor, table_start, table, message_start, message, margin)
            for value in range(domain_size[v]):
                message[message_start[f, k] + value] += margin[value]
                cost[domain_start[v] + value] += margin[value]
            later += touch[t, 2]
            earlier += touch[t, 3]
        shares = later if later > earlier else earlier
        for value in range(domain_size[v]):
            share = cost[domain_start[v] + value] // shares
            for t in range(first, last):
                if touch[t, 3 if backward else 2]:
                    message[message_start[touch[t, 0], touch[t, 1]] + value] -= share
                    cost[domain_start[v] + value] -= share


FUNCTIONS = (
    place_states,
    judge_states,
    judge_sets,
    link_states,
    least_sums,
    nearest_misfit,
    apart,
    box_misfit,
    advance_boxes,
    fill_factor,
    factor_margin,
    ascend,
)
