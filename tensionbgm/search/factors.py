"""Slots -> factors: rows of two to four slots that are judged together (columns as in `kernels.rules`)."""

from __future__ import annotations

import itertools

import numpy as np

from tensionbgm.forms import PPQ
from tensionbgm.kernels import rules
from tensionbgm.search import costs
from tensionbgm.search.rows import starts

PAUSE = PPQ  # a silence longer than this loosens a line [ticks]
BREAK = 4 * PPQ  # and longer than this ends it
NEIGHBOURS = 32  # slots one slot is compared with at most, the longest together first
LIGHTEST, HEAVIEST = 2, 48  # weight of a pair sounding together [sixteenths of a quarter's]


def lines_of(slots: np.ndarray) -> list[np.ndarray]:
    """Indices of the slots of each (part, voice), by onset."""
    order = np.lexsort((slots["onset_tick"], slots["voice"], slots["part"]))
    key = slots["part"][order].astype(np.int64) << 16 | slots["voice"][order].astype(np.int64) & 0xFFFF
    return [line for line in np.split(order, np.flatnonzero(np.diff(key)) + 1) if len(line)]


def leading(slots: np.ndarray, variable: np.ndarray) -> np.ndarray:
    """Slots that do not merely double another of their tie struck at the same time, int (k,), rising.

    A doubling (an octave in the flutes, a section playing in unison) is one voice in two colours: it
    counts in the tension but is not held against its own or its neighbours' lines.
    """
    key = np.stack([variable, slots["onset_tick"]], axis=1)
    return np.sort(np.unique(key, axis=0, return_index=True)[1])


def link_weight(slots: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How firmly slot b follows slot a, int (k,): 16, or 8 after a pause, or 0 after a break."""
    silence = slots["onset_tick"][b] - slots["onset_tick"][a] - slots["duration_tick"][a]
    one = rules.WEIGHT_ONE
    return np.where(silence > BREAK, 0, np.where(silence > PAUSE, one // 2, one))


def _rows(k: int, columns: int, **values: np.ndarray | int) -> np.ndarray:
    """Rows with the named columns of `rules` set."""
    rows = np.zeros((k, columns), np.int64)
    for name, value in values.items():
        rows[:, getattr(rules, name)] = value
    return rows


def _ends(variable: np.ndarray, way: np.ndarray, **ends: np.ndarray) -> dict[str, np.ndarray]:
    """Columns that say which variable each end (A=, B=, ...) of a row is, and its map."""
    columns = {name: variable[slot] for name, slot in ends.items()}
    return columns | {f"{name}_MAP": way[slot] for name, slot in ends.items()}


def line_rows(
    slots: np.ndarray,
    role: np.ndarray,
    variable: np.ndarray,
    way: np.ndarray,
    lines: list[np.ndarray],
    tonic: np.ndarray,
    minor: np.ndarray,
) -> np.ndarray:
    """Every two successive slots of a voice, int64 (l, 11); tonic and mode are those at each slot, (m,)."""
    a = np.concatenate([line[:-1] for line in lines] or [np.zeros(0, int)])
    b = np.concatenate([line[1:] for line in lines] or [np.zeros(0, int)])
    weight = link_weight(slots, a, b)
    a, b, weight = a[weight > 0], b[weight > 0], weight[weight > 0]
    learned = costs.learned_row(role[a], minor[a], slots["strength"][b] > 0)
    pairs = _pair_rows(slots, variable, way, a, b, role[a], weight)
    return np.concatenate([pairs, learned[:, None], tonic[a][:, None]], axis=1).astype(np.int64)


def _pair_rows(
    slots: np.ndarray,
    variable: np.ndarray,
    way: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    kind: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    return _rows(
        len(a),
        9,
        **_ends(variable, way, A=a, B=b),
        KIND=kind,
        WEIGHT=weight,
        A_CHORD=slots["chord"][a],
        B_CHORD=slots["chord"][b],
    )


def bend_rows(
    slots: np.ndarray, role: np.ndarray, variable: np.ndarray, way: np.ndarray, lines: list[np.ndarray]
) -> np.ndarray:
    """Every three successive slots of a melody, counter-melody or bass, int64 (t, 11)."""
    bent = [line for line in lines if len(line) > 2 and costs.by_role(costs.BENDS)[role[line[0]]] > 0]
    a, b, c = (
        np.concatenate([line[k : len(line) - 2 + k] for line in bent] or [np.zeros(0, int)]) for k in range(3)
    )
    weight = np.minimum(link_weight(slots, a, b), link_weight(slots, b, c))
    a, b, c, weight = (array[weight > 0] for array in (a, b, c, weight))
    return _rows(
        len(a),
        11,
        **_ends(variable, way, A=a, B=b, C=c),
        KIND=role[a],
        WEIGHT=weight,
        MIDDLE_CHORD=slots["chord"][b],
        STRONG=slots["strength"][b] >= costs.STRONG,
    )


def vertical_rows(slots: np.ndarray, role: np.ndarray, variable: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Slots of different voices that sound together, the one meant to be higher first, int64 (n, 9)."""
    a, b, together = _overlaps(slots, role)
    weight = np.clip(together * rules.WEIGHT_ONE // PPQ, LIGHTEST, HEAVIEST)
    struck = (slots["onset_tick"][a] == slots["onset_tick"][b]) & (slots["strength"][a] >= 2)
    weight = np.where(struck, weight * 5 // 4, weight)
    roles, same = range(len(costs.ROLES)), (slots["part"][a] == slots["part"][b]).astype(int)
    kind = np.array([[[costs.place_kind(i, j, bool(k)) for k in (0, 1)] for j in roles] for i in roles])
    return _pair_rows(slots, variable, way, a, b, kind[role[a], role[b], same], weight)


def sounding_together(slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of slots that sound at once, the one that starts first before the other, int (k,) each."""
    begin = slots["onset_tick"].astype(np.int64)
    last = np.searchsorted(begin, begin + slots["duration_tick"], side="left")  # slots are sorted by onset
    count = np.maximum(last - np.arange(len(slots)) - 1, 0)
    a = np.repeat(np.arange(len(slots)), count)
    return a, a + 1 + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)


def _overlaps(slots: np.ndarray, role: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (upper, lower) and how long they sound together [ticks]."""
    a, b = sounding_together(slots)
    begin = slots["onset_tick"].astype(np.int64)
    end = begin + slots["duration_tick"]
    other = (slots["part"][a] != slots["part"][b]) | (slots["voice"][a] != slots["voice"][b])
    # figuration over held chords consists of their notes: nothing to compare
    figure = np.isin(role[a], (costs.ARPEGGIO, costs.PAD)) & np.isin(role[b], (costs.ARPEGGIO, costs.PAD))
    keep = other & ~(figure & (role[a] != role[b]))
    a, b = a[keep], b[keep]
    together = np.minimum(end[a], end[b]) - begin[b]
    near = _nearest(a, b, together, len(slots))
    a, b, together = a[near], b[near], together[near]
    height = _height(slots, role)
    swap = height[a] < height[b]
    return np.where(swap, b, a), np.where(swap, a, b), together


def _nearest(a: np.ndarray, b: np.ndarray, together: np.ndarray, n: int) -> np.ndarray:
    """Which pairs to keep so that no slot has more than `NEIGHBOURS`, the longest first; rising."""
    crowd = np.bincount(a, minlength=n) + np.bincount(b, minlength=n)
    if not len(a) or crowd.max() <= NEIGHBOURS:
        return np.arange(len(a))
    left, kept = np.full(n, NEIGHBOURS), []
    for k in np.lexsort((np.arange(len(a)), -together)):
        if left[a[k]] and left[b[k]]:
            left[a[k]] -= 1
            left[b[k]] -= 1
            kept.append(k)
    return np.sort(np.array(kept, int))


def _height(slots: np.ndarray, role: np.ndarray) -> np.ndarray:
    """Rank of each slot's voice by how high it is meant to lie, int (m,); the bass is lowest."""
    height = np.zeros(len(slots), float)
    for line in lines_of(slots):
        aim = slots["aim"][line]
        middle = (slots["low"][line] + slots["high"][line]) / 2
        height[line] = np.where(aim >= 0, aim, middle).mean() - 200 * (role[line[0]] == costs.BASS)
        height[line] -= 1e-6 * line[0]  # no two voices are equal
    return height


def parallel_rows(
    slots: np.ndarray, role: np.ndarray, variable: np.ndarray, way: np.ndarray, lines: list[np.ndarray]
) -> np.ndarray:
    """Every place where two independent voices move at the same time, int64 (q, 10)."""
    independent = [line for line in lines if role[line[0]] != costs.ARPEGGIO]
    found = [np.zeros((0, 4), int)]
    for one, two in itertools.combinations(independent, 2):
        pair = {role[one[0]], role[two[0]]}
        same_part = slots["part"][one[0]] == slots["part"][two[0]]
        if pair == {costs.MELODY, costs.PAD} or (pair == {costs.PAD} and not same_part):
            continue  # doubling by the accompaniment is orchestration
        found.append(_moves_together(slots, one, two))
    a, b, c, d = np.concatenate(found).T
    ends = _ends(variable, way, A=a, B=b, C=c, D=d)
    return _rows(len(a), 10, **ends, WEIGHT=rules.WEIGHT_ONE)


def _moves_together(slots: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Slots (a, b) of one line and (c, d) of another with b and d struck together, int (k, 4)."""
    onset = slots["onset_tick"]
    _, i, j = np.intersect1d(onset[one[1:]], onset[two[1:]], return_indices=True)
    moves = np.stack([one[i], one[i + 1], two[j], two[j + 1]], axis=1)
    full = rules.WEIGHT_ONE
    firm = (link_weight(slots, moves[:, 0], moves[:, 1]) == full) & (
        link_weight(slots, moves[:, 2], moves[:, 3]) == full
    )
    return moves[firm]


def merged(rows: np.ndarray) -> np.ndarray:
    """Equal rows made one, their weights added: what ties repeat is judged once."""
    if not len(rows):
        return rows
    key = rows.copy()
    key[:, rules.WEIGHT] = 0
    unique, index = np.unique(key, axis=0, return_inverse=True)
    unique[:, rules.WEIGHT] = np.bincount(index.ravel(), rows[:, rules.WEIGHT]).astype(np.int64)
    return unique


def by_variable(rows: np.ndarray, ends: tuple[int, ...], n: int) -> tuple[np.ndarray, np.ndarray]:
    """A copy of each row for each of its variables, sorted by variable, the first copy marked as owner.

    Returns
    -------
    start : int64 (n + 1,)
    rows : int64 (k, columns)
    """
    at = np.concatenate([np.stack([rows[:, end], np.arange(len(rows))], axis=1) for end in ends])
    at = np.unique(at, axis=0)
    copies = rows[at[:, 1]]
    copies[:, rules.OWNER] = copies[:, rules.A] == at[:, 0]
    return starts(np.bincount(at[:, 0], minlength=n)), np.ascontiguousarray(copies)
