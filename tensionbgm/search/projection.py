"""Plan, targets by bar -> the nearest targets that its tied bars can reach, and how far those stay from them.

Two bars are *alike* when at least `MOSTLY` of the pitched time of each is in slots whose pitch, told from
the tonic and with its mode, is made of the same tie in the same way as that of a slot in the other.  Such
bars have one diameter and one strain, and where the bars before are alike too, one momentum; what the
curve asks of them apart cannot be had.  The nearest that can is the weighted mean,

    argmin over c of sum_b w_b (t_b - c)^2 = sum_b w_b t_b / sum_b w_b

and the root mean square of t - c is the irreducible part of the misfit.  Both are in levels of the scale,
as the search weighs them.  Bars are made one set with all that are alike to some bar of it.
"""

from __future__ import annotations

import itertools

import numpy as np

from tensionbgm.forms import Plan
from tensionbgm.music import scale, ties
from tensionbgm.search import groups, scales

MOSTLY = 0.8  # share of the time that makes bars alike: less leaves enough notes free to make a difference


def tied_bars(plan: Plan) -> np.ndarray:
    """The set of alike bars that each bar is of, named by its first bar; int (n_bars,)."""
    first = np.arange(plan.grid.n_bars)
    for a, b in _alike(plan):
        one, two = sorted((int(first[a]), int(first[b])))
        first[first == two] = one
    return first


def tied_steps(first: np.ndarray) -> np.ndarray:
    """The same of the steps into bars, which are alike where both their bars are; int (n_bars,)."""
    before = np.concatenate([[-1], first[:-1]])
    _, index, inverse = np.unique(
        np.stack([before, first], axis=1), axis=0, return_index=True, return_inverse=True
    )
    return index[inverse.ravel()]


def project(target: np.ndarray, first: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The nearest targets that are the same in every set.

    Parameters
    ----------
    target : float (n,)
    first : int (n,)
        the set each belongs to, named by one of its places
    weight : float (n,), optional
        how much each matters, over 0; default: all the same

    Returns
    -------
    target : float (n,)
    """
    weight = np.ones(len(target)) if weight is None else weight
    total = np.bincount(first, weight, len(target))
    mean = np.bincount(first, weight * target, len(target)) / np.where(total > 0, total, 1.0)
    alone = np.bincount(first, minlength=len(target)) == 1
    return np.where(alone[first], target, mean[first])  # what is alone stays as it is, to the last bit


def tied_windows(plan: Plan, name: str) -> np.ndarray:
    """The set of alike windows of a scale that each is of, named by its first one; int (w,).

    Windows are alike that lie at one place in alike bars.
    """
    first = tied_bars(plan)
    if name == "bar":
        return first
    edge = scales.edges(plan, name)
    bar = scales.bar_of(plan, edge)
    begin = edge[:-1] - plan.grid.bar_tick[bar]
    place = np.stack([first[bar], begin, np.diff(edge)], axis=1)
    _, index, inverse = np.unique(place, axis=0, return_index=True, return_inverse=True)
    return index[inverse.ravel()]


def reachable(
    plan: Plan, targets: dict[str, np.ndarray] | None = None, windows: str = "bar"
) -> dict[str, np.ndarray]:
    """Targets of "diameter", "momentum" and "strain" that the tied bars allow.

    Parameters
    ----------
    targets : dict of float (w,), optional
        what is wanted [radii]; default: what the curve asks for
    windows : str
        the scale of the windows: "beat", "half" or "bar"

    Returns
    -------
    targets : dict of float (w,)
        nearest in levels of the scale; what need not give way is what was wanted, to the last bit [radii]
    """
    targets = groups.wanted(plan, windows) if targets is None else targets
    raw = {}
    for name, (level, nearest) in _levels(targets, tied_windows(plan, windows)).items():
        moved = level != nearest
        raw[name] = np.where(moved, scale.raw(name, nearest), np.asarray(targets[name], float))
    return raw


def irreducible(plan: Plan, targets: dict[str, np.ndarray] | None = None) -> dict[str, float]:
    """What no notes can follow, because bars are tied that the curve wants different.

    Returns
    -------
    rms : dict
        over bars, in levels of the scale (0..1), of "diameter", "momentum" and "strain", and of "curve", the
        tension asked of each bar: as far as it should be tonal, for returns may be louder or quieter
    """
    targets = groups.wanted(plan) if targets is None else targets
    off = {name: level - nearest for name, (level, nearest) in _levels(targets, tied_bars(plan)).items()}
    edge = plan.grid.bar_us / 1e6
    curve = plan.curve.mean(edge[:-1], edge[1:])
    off["curve"] = curve - project(curve, tied_bars(plan))
    return {name: float(np.sqrt(np.mean(value**2))) for name, value in off.items()}


def _levels(targets: dict[str, np.ndarray], first: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Level of each window's target, and the nearest that can be reached, float (w,) each.

    `first` int (w,) is the set of alike windows that each is of.
    """
    sets = {"diameter": first, "momentum": tied_steps(first), "strain": first}
    level = {name: scale.level(name, np.asarray(value, float)) for name, value in targets.items()}
    return {name: (value, project(value, sets[name])) for name, value in level.items()}


def _alike(plan: Plan) -> list[tuple[int, int]]:
    """Pairs of bars that are alike."""
    bar, made, ticks = _made(plan)
    rows, index = np.unique(np.stack([made, bar], axis=1), axis=0, return_inverse=True)
    own = np.bincount(index.ravel(), ticks, len(rows))  # time in each bar of what is made in one way
    total = np.bincount(bar, ticks, plan.grid.n_bars)
    shared: dict[tuple[int, int], float] = {}  # time of the first bar that is the second's too
    edge = np.flatnonzero(np.diff(rows[:, 0], prepend=-1, append=-1))
    for begin, stop in itertools.pairwise(edge):
        for i, j in itertools.permutations(range(begin, stop), 2):
            pair = int(rows[i, 1]), int(rows[j, 1])
            shared[pair] = shared.get(pair, 0.0) + own[i]
    enough = {pair for pair, time in shared.items() if time >= MOSTLY * total[pair[0]]}
    return sorted((a, b) for a, b in enough if a < b and (b, a) in enough)


def _made(plan: Plan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each pitched slot: its bar, a number for how it is made, and its length [ticks]; (m,) each."""
    pitched = np.array([part.role != "percussion" for part in plan.parts], bool)[plan.slots["part"]]
    slots = plan.slots[pitched]
    key = ties.keys_at(plan, slots)
    tonic = np.array([k.tonic for k in plan.keys])[key]
    major = np.array([k.mode == "major" for k in plan.keys])[key]
    way = ties.of_slots(plan, slots)
    told = (way.pc[way.pc_of_slot] - tonic[:, None]) % 12
    whole = np.concatenate([slots["tie"][:, None], major[:, None], told], axis=1).astype(np.int64)
    _, made = np.unique(whole, axis=0, return_inverse=True)
    bar = np.searchsorted(plan.grid.bar_tick, slots["onset_tick"], side="right") - 1
    return bar, made.ravel(), slots["duration_tick"].astype(np.int64)
