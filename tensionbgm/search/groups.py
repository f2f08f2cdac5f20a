"""Plan -> groups: spans of time whose tonal tension, or whose chord, the sounding notes should make.

Windows of a scale, bars unless asked otherwise, carry strain, momentum and the mean diameter of their
moments (`moments`); chords their members.  Windows come in order, because each is linked to the one before;
then their moments, so that those of a window adjoin; then the next scale's, and the chords.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tensionbgm.forms import PPQ, Plan
from tensionbgm.kernels import rules
from tensionbgm.music import scale, spiral
from tensionbgm.search import costs, scales
from tensionbgm.search.moments import NONE, Moments, moments
from tensionbgm.search.rows import starts

UNITS = 8  # units of duration in a quarter
# points a bar for a misfit of the whole scale, from the trade-off of fit and faults (benchmarks/tradeoff.py)
WEIGHTS = {"diameter": 200.0, "momentum": 200.0, "strain": 200.0}
# Standard deviation of the levels asked for that these weights are for.  What moves less is followed as
# closely for its size: weights grow with the inverse of the variance, up to so many times.
SPREAD, CLOSEST = 0.25, 6.0
# how far from its aim a component may be at no cost, in levels of the scale (0..1)
TOLERANCE = {"diameter": 0.0, "momentum": 0.0, "strain": 0.0}
SCALES = ("bar",)  # windows that tension is asked of
LEVEL = 1024  # the kernels' unit of a level of tension


def build(
    plan: Plan,
    slots: np.ndarray,
    role: np.ndarray,
    variable: np.ndarray,
    way: np.ndarray,
    n: int,
    targets: Mapping[str, dict[str, np.ndarray]],
    tolerance: dict[str, float],
    closely: bool,
    clouds: bool,
) -> dict[str, np.ndarray]:
    """The arrays of `Problem` that concern groups; `slots`, `role`, `variable`, `way` leave percussion out.

    `way` int (m,) says where the map of each slot begins in `pc_map`; `targets` are those of every scale
    (`scales.SCALES`) that is asked for; `tolerance` is in levels (0..1).  What moves less is followed more
    closely if `closely`; with `clouds` the diameter of a window is that of all its notes.
    """
    bar = plan.grid.bar_tick
    chord = np.array([[c.start_tick, c.end_tick] for c in plan.chords], np.int64).reshape(-1, 2)
    edges = {name: scales.edges(plan, name) for name in targets}
    same = _same(variable, way)
    parts = {name: NONE if clouds else moments(slots, same, edge) for name, edge in edges.items()}
    pieces = [piece for name, edge in edges.items() for piece in _windows(slots, edge, parts[name])]
    start, member = _joined([*pieces, (chord[:, 0], _memberships(slots, chord))])
    table = np.zeros((len(start), rules.GROUP_COLUMNS), np.int64)
    total = np.bincount(member[:, 0], member[:, 2], len(start)).astype(np.int64)
    bar_of = np.clip(np.searchsorted(bar, start, side="right") - 1, 0, plan.grid.n_bars - 1)
    first_bar = np.array([k.start_bar for k in plan.keys])
    table[:, rules.KEY] = np.clip(np.searchsorted(first_bar, bar_of, side="right") - 1, 0, None)
    table[:, rules.PER_XY] = (rules.RADIUS << 16) // np.maximum(total, 1)
    table[:, rules.PER_Z] = np.rint(spiral.RISE * (rules.RADIUS << 16) / np.maximum(total, 1)).astype(
        np.int64
    )
    first = 0
    for name, target in targets.items():
        edge, part = edges[name], parts[name]
        windows = slice(first, first + len(edge) - 1)
        share = np.diff(edge) / np.diff(bar)[bar_of[windows]] / len(targets)
        _tension(table[windows], total[windows] > 0, share, target, tolerance, closely)
        if clouds:
            _own(table[windows])
        _means(table, windows, part)
        first = windows.stop + len(part.window)
    _chords(table, plan, member, role, first)
    return {"group": table, "scale": levels(), **_keys(plan), **_members(member, variable, way, n)}


def wanted(plan: Plan, name: str = "bar") -> dict[str, np.ndarray]:
    """Raw "diameter", "momentum" and "strain" that the curve asks of each window of a scale, float (w,) each.

    Each is asked to be at the level of the curve by itself, not only their blend: what follows in all its
    components is heard to follow.
    """
    edge = scales.seconds(plan, name)
    level = plan.curve.mean(edge[:-1], edge[1:])
    return {component: scale.raw(component, level) for component in WEIGHTS}


def levels() -> np.ndarray:
    """What a length counts as: its level on the scale of real music, int64 (3, LENGTHS) [1/1024]."""
    length = np.arange(rules.LENGTHS) / rules.RADIUS
    names = {rules.DIAMETER: "diameter", rules.MOMENTUM: "momentum", rules.STRAIN: "strain"}
    return np.stack([np.rint(scale.level(names[row], length) * LEVEL) for row in range(3)]).astype(np.int64)


def lengths() -> np.ndarray:
    """Lengths that count as what they are: aims are then in 1/1024 radius, int64 (3, LENGTHS)."""
    return np.tile(np.arange(rules.LENGTHS), (3, 1))


def _same(variable: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Equal numbers for slots of one variable by one map, int (m,)."""
    _, index = np.unique(np.stack([variable, way], axis=1), axis=0, return_inverse=True)
    return index.ravel()


Rows = tuple[np.ndarray, np.ndarray]  # where groups begin (g,) [ticks]; (group, slot, units) of theirs (m, 3)


def _windows(slots: np.ndarray, edge: np.ndarray, part: Moments) -> list[Rows]:
    """The windows of a scale, and their moments; what is in a moment is there, for no matter how long."""
    member = np.concatenate([part.member, np.ones((len(part.member), 1), np.int64)], axis=1)
    return [(edge[:-1], _memberships(slots, _spans(edge))), (edge[part.window], member)]


def _joined(pieces: list[Rows]) -> Rows:
    """Groups of several pieces, one after another."""
    before = starts([len(begin) for begin, _ in pieces])
    member = [rows + np.array([n, 0, 0]) for n, (_, rows) in zip(before, pieces, strict=False)]
    return np.concatenate([begin for begin, _ in pieces]), np.concatenate(member)


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


def weight_of(name: str, share: np.ndarray | float = 1.0) -> np.ndarray:
    """Weight of a squared misfit of a component, times a share, in the kernels' unit."""
    full = WEIGHTS[name] * rules.POINT * 2**rules.TENSION_SHIFT / LEVEL**2
    return np.rint(full * np.asarray(share)).astype(np.int64)


def _tension(
    table: np.ndarray,
    sounding: np.ndarray,
    share: np.ndarray,
    targets: dict[str, np.ndarray],
    tolerance: dict[str, float],
    closely: bool,
) -> None:
    """Aims, bands and weights of the windows of a scale (w,), in place; what is silent is left alone.

    A window has its share of the weight of a bar, so that what pulls is as much whatever the scales are.
    """
    for name, aim, weight, band in (
        ("strain", rules.STRAIN_AIM, rules.STRAIN_WEIGHT, rules.STRAIN_BAND),
        ("momentum", rules.MOMENTUM_AIM, rules.MOMENTUM_WEIGHT, rules.MOMENTUM_BAND),
        ("diameter", rules.MEAN_AIM, rules.MEAN_WEIGHT, rules.MEAN_BAND),
    ):
        table[:, band] = round(tolerance[name] * LEVEL)
        level = scale.level(name, np.asarray(targets[name], float))
        table[:, aim] = np.rint(level * LEVEL).astype(np.int64)
        pull = closeness(level[sounding]) if closely else 1.0
        table[:, weight] = np.where(sounding, weight_of(name, pull * share), 0)
    same_key = table[1:, rules.KEY] == table[:-1, rules.KEY]
    table[1:, rules.LINKED] = sounding[1:] & sounding[:-1] & same_key


def closeness(level: np.ndarray) -> float:
    """How much more than usual a misfit counts, 1..`CLOSEST`, where these levels are asked for."""
    spread = float(np.std(level)) if len(level) else 0.0
    return float(np.clip((SPREAD / max(spread, 1e-9)) ** 2, 1.0, CLOSEST))


MEAN = [rules.MEAN_AIM, rules.MEAN_BAND, rules.MEAN_WEIGHT]
OWN = [rules.DIAMETER_AIM, rules.DIAMETER_BAND, rules.DIAMETER_WEIGHT]


def _own(table: np.ndarray) -> None:
    """Windows whose diameter is that of all their notes, in place."""
    table[:, OWN] = table[:, MEAN]
    table[:, rules.MEAN_WEIGHT] = 0


def _means(table: np.ndarray, windows: slice, part: Moments) -> None:
    """Each moment's share of the mean diameter of its window, in place; moments follow the windows."""
    here = np.arange(windows.stop, windows.stop + len(part.window))
    whose = part.window + windows.start
    table[here, rules.SHARE] = np.rint(part.share * 2**rules.SHARE_SHIFT).astype(np.int64)
    table[here, rules.MEAN_OF] = whose + 1
    alone = np.bincount(whose, minlength=windows.stop)[whose] == 1
    here, whose = here[alone], whose[alone]  # the mean of one moment is that moment's own
    table[here[:, None], OWN] = table[whose[:, None], MEAN]
    table[whose, rules.MEAN_WEIGHT] = 0
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
