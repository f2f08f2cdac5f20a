"""Plan -> groups: spans of time whose tonal tension, or whose chord, the sounding notes should make.

Bars carry strain, momentum and the mean diameter of their beats, chords their members.  Bars come first,
in order, because each is linked to the one before; then beats, in order, so that those of a bar adjoin.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.forms import PPQ, Plan
from tensionbgm.kernels import rules
from tensionbgm.music import scale, spiral
from tensionbgm.search import costs
from tensionbgm.search.rows import starts

UNITS = 8  # units of duration in a quarter
# points a bar for a misfit of the whole scale, from the trade-off of fit and faults (benchmarks/tradeoff.py)
WEIGHTS = {"diameter": 200.0, "momentum": 200.0, "strain": 200.0}
# how far from its aim a component may be at no cost, in levels of the scale (0..1)
TOLERANCE = {"diameter": 0.0, "momentum": 0.0, "strain": 0.0}
LEVEL = 1024  # the kernels' unit of a level of tension


def build(
    plan: Plan,
    slots: np.ndarray,
    role: np.ndarray,
    variable: np.ndarray,
    way: np.ndarray,
    n: int,
    targets: dict[str, np.ndarray],
    tolerance: dict[str, float],
) -> dict[str, np.ndarray]:
    """The arrays of `Problem` that concern groups; `slots`, `role`, `variable`, `way` leave percussion out.

    `way` int (m,) says where the map of each slot begins in `pc_map`; `tolerance` is in levels (0..1).
    """
    bar, beat = plan.grid.bar_tick, np.arange(0, plan.grid.bar_tick[-1] + PPQ, PPQ)
    chord = np.array([[c.start_tick, c.end_tick] for c in plan.chords], np.int64).reshape(-1, 2)
    spans = np.concatenate([_spans(bar), _spans(beat), chord])
    member = _memberships(slots, spans)
    table = np.zeros((len(spans), rules.GROUP_COLUMNS), np.int64)
    total = np.bincount(member[:, 0], member[:, 2], len(spans)).astype(np.int64)
    bar_of = np.clip(np.searchsorted(bar, spans[:, 0], side="right") - 1, 0, plan.grid.n_bars - 1)
    first_bar = np.array([k.start_bar for k in plan.keys])
    key = np.clip(np.searchsorted(first_bar, bar_of, side="right") - 1, 0, None)
    table[:, rules.KEY] = key
    table[:, rules.PER_XY] = (rules.RADIUS << 16) // np.maximum(total, 1)
    table[:, rules.PER_Z] = np.rint(spiral.RISE * (rules.RADIUS << 16) / np.maximum(total, 1)).astype(
        np.int64
    )
    _tension(table, plan.grid.n_bars, total, targets, tolerance)
    beats = slice(plan.grid.n_bars, plan.grid.n_bars + len(beat) - 1)
    _means(table, beats, bar_of[beats], _sounding(slots, beat))
    _chords(table, plan, member, role, plan.grid.n_bars + len(beat) - 1)
    return {"group": table, "scale": levels(), **_keys(plan), **_members(member, variable, way, n)}


def wanted(plan: Plan) -> dict[str, np.ndarray]:
    """Raw "diameter", "momentum" and "strain" that the curve asks of each bar, float (n_bars,) each.

    Each is asked to be at the level of the curve by itself, not only their blend: what follows in all its
    components is heard to follow.
    """
    edge = plan.grid.bar_us / 1e6
    level = plan.curve.mean(edge[:-1], edge[1:])
    return {name: scale.raw(name, level) for name in WEIGHTS}


def levels() -> np.ndarray:
    """What a length counts as: its level on the scale of real music, int64 (3, LENGTHS) [1/1024]."""
    length = np.arange(rules.LENGTHS) / rules.RADIUS
    names = {rules.DIAMETER: "diameter", rules.MOMENTUM: "momentum", rules.STRAIN: "strain"}
    return np.stack([np.rint(scale.level(names[row], length) * LEVEL) for row in range(3)]).astype(np.int64)


def lengths() -> np.ndarray:
    """Lengths that count as what they are: aims are then in 1/1024 radius, int64 (3, LENGTHS)."""
    return np.tile(np.arange(rules.LENGTHS), (3, 1))


def _spans(edge: np.ndarray) -> np.ndarray:
    return np.stack([edge[:-1], edge[1:]], axis=1).astype(np.int64)


def _memberships(slots: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Which slot sounds in which span: rows (span, slot, units of duration), int64 (m, 3)."""
    begin = slots["onset_tick"].astype(np.int64)
    end = begin + slots["duration_tick"]
    rows = [np.zeros((0, 3), np.int64)]
    for g, (first, last) in enumerate(spans):
        stop = np.searchsorted(begin, last, side="left")  # slots are sorted by onset
        inside = np.flatnonzero(end[:stop] > first)
        ticks = np.minimum(end[inside], last) - np.maximum(begin[inside], first)
        units = np.maximum((ticks * UNITS + PPQ // 2) // PPQ, 1)
        rows.append(np.stack([np.full(len(inside), g), inside, units], axis=1))
    return np.concatenate(rows).astype(np.int64)


def _sounding(slots: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """How long anything sounds between successive edges, int64 (len(edge) - 1,) [ticks]."""
    heard = np.zeros(int(edge[-1]) + 1, np.int64)
    begin = slots["onset_tick"].astype(np.int64)
    np.add.at(heard, np.minimum(begin, edge[-1]), 1)
    np.add.at(heard, np.minimum(begin + slots["duration_tick"], edge[-1]), -1)
    ticks = np.concatenate([[0], np.cumsum(np.cumsum(heard)[:-1] > 0)])
    return np.diff(ticks[edge])


def weight_of(name: str) -> int:
    """Weight of a squared misfit of a component, in the kernels' unit."""
    return round(WEIGHTS[name] * rules.POINT * 2**rules.TENSION_SHIFT / LEVEL**2)


def _tension(
    table: np.ndarray,
    n_bars: int,
    total: np.ndarray,
    targets: dict[str, np.ndarray],
    tolerance: dict[str, float],
) -> None:
    """Aims, bands and weights of bars; what is silent is left alone."""
    sounding = total[:n_bars] > 0
    for name, aim, weight, band in (
        ("strain", rules.STRAIN_AIM, rules.STRAIN_WEIGHT, rules.STRAIN_BAND),
        ("momentum", rules.MOMENTUM_AIM, rules.MOMENTUM_WEIGHT, rules.MOMENTUM_BAND),
        ("diameter", rules.MEAN_AIM, rules.MEAN_WEIGHT, rules.MEAN_BAND),
    ):
        table[:n_bars, band] = round(tolerance[name] * LEVEL)
        level = scale.level(name, np.asarray(targets[name], float))
        table[:n_bars, aim] = np.rint(level * LEVEL).astype(np.int64)
        table[:n_bars, weight] = np.where(sounding, weight_of(name), 0)
    same_key = table[1:n_bars, rules.KEY] == table[: n_bars - 1, rules.KEY]
    table[1:n_bars, rules.LINKED] = sounding[1:] & sounding[:-1] & same_key


def _means(table: np.ndarray, beats: slice, bar: np.ndarray, ticks: np.ndarray) -> None:
    """Each beat's share of the mean diameter of its bar: that of the time anything sounds."""
    whole = np.bincount(bar, ticks, minlength=beats.start)[bar]
    share = np.rint(ticks * 2**rules.SHARE_SHIFT / np.maximum(whole, 1)).astype(np.int64)
    table[beats, rules.SHARE] = share
    table[beats, rules.MEAN_OF] = np.where(share > 0, bar + 1, 0)
    alone = np.bincount(bar, share > 0, minlength=beats.start)[bar] == 1
    here = np.flatnonzero(alone & (share > 0)) + beats.start  # the mean of one beat is that beat's own
    of = table[here, rules.MEAN_OF] - 1
    table[here, rules.DIAMETER_AIM] = table[of, rules.MEAN_AIM]
    table[here, rules.DIAMETER_BAND] = table[of, rules.MEAN_BAND]
    table[here, rules.DIAMETER_WEIGHT] = table[of, rules.MEAN_WEIGHT]
    table[of, rules.MEAN_WEIGHT] = 0
    table[here, rules.MEAN_OF] = 0


def _chords(table: np.ndarray, plan: Plan, member: np.ndarray, role: np.ndarray, first: int) -> None:
    """What each chord needs, if enough of the accompaniment sounds to supply it."""
    accompaniment = np.isin(role[member[:, 1]], (costs.ARPEGGIO, costs.PAD, costs.BASS))
    voices = np.bincount(member[accompaniment, 0], minlength=len(table))
    for g, chord in enumerate(plan.chords, first):
        third = sum(1 << (chord.root + k) % 12 for k in (3, 4)) & chord.pcs
        root = 1 << chord.root & chord.pcs
        colour = chord.pcs & ~third & ~root & ~(1 << (chord.root + 7) % 12)
        table[g, rules.ROOT] = root if voices[g] >= 1 else 0
        table[g, rules.THIRD] = third if voices[g] >= 2 else 0
        table[g, rules.COLOUR] = colour if voices[g] >= 3 and colour.bit_count() == 1 else 0
        quarters = min((chord.end_tick - chord.start_tick) / PPQ, 4.0)
        table[g, rules.SPAN] = max(round(rules.WEIGHT_ONE * quarters / 2), 1)


def _keys(plan: Plan) -> dict[str, np.ndarray]:
    """Spelling, centre and diameters of each key of the plan."""
    k = np.stack([spiral.fifths(np.arange(12), key.tonic) for key in plan.keys])
    x, y = np.array([0, 1, 0, -1])[k % 4], np.array([1, 0, -1, 0])[k % 4]
    point = np.stack([spiral.key_point(key.mode) for key in plan.keys])
    diameter = np.stack(
        [spiral.diameter_table()[spiral.rotate(np.arange(4096), key.tonic)] for key in plan.keys]
    )
    return {
        "spell": np.stack([x, y, k], axis=-1).astype(np.int64),
        "key_point": np.rint(point * rules.RADIUS).astype(np.int64),
        "diameter": np.rint(diameter * rules.RADIUS).astype(np.int64),
    }


def _members(member: np.ndarray, variable: np.ndarray, way: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """Memberships by variable, then by group; equal maps of one variable in one group made one entry."""
    key = np.stack([variable[member[:, 1]], member[:, 0], way[member[:, 1]]], axis=1).astype(np.int64)
    entry, index = np.unique(key.reshape(-1, 3), axis=0, return_inverse=True)
    units = np.bincount(index.ravel(), member[:, 2], len(entry)).astype(np.int64)
    both, first = np.unique(entry[:, :2], axis=0, return_index=True)
    count = np.bincount(both[:, 0], minlength=n)
    return {
        "member_start": starts(count),
        "member_group": np.ascontiguousarray(both[:, 1]),
        "entry_start": np.append(first, len(entry)).astype(np.int64),
        "entry": np.ascontiguousarray(np.stack([entry[:, 2], units], axis=1)),
    }
