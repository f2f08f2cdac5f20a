"""Markers that no bars meet together -> the fewest that clash, and what would let them be met, in one line.

The fewest are found by halving: QuickXplain (Junker, AAAI 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tensionbgm.forms import Marker
from tensionbgm.plan.grid_instance import UNIT, Instance
from tensionbgm.plan.grid_path import each_path
from tensionbgm.plan.grid_phrases import make_phrases

WIDER = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4)  # other tempi tried
AROUND_US = 8_000_000  # for them, bar lines are nailed no further than this from a marker that clashes
QUICKEST, SLOWEST = 60e6 / 240, 60e6 / 30  # the periods that can be asked for [microseconds]


@dataclass(frozen=True)
class Clash:
    """A smallest set of markers that cannot all be met, and the tempi at which they can."""

    markers: tuple[Marker, ...]
    slower_bpm: float | None  # nearest lowest and highest tempo that would do, alone
    quicker_bpm: float | None


def find_clash(instance: Instance, markers: Sequence[Marker], missed: Marker) -> Clash:
    """What clashes in an instance whose markers cannot all be met.

    The markers returned cannot be met together, but without any one of them the others can.

    Parameters
    ----------
    missed : Marker
        one that the nearest plan does not meet; what clashes with it is looked for around it
    """
    bare = _without_cuts(instance)
    met: dict[tuple[Marker, ...], bool] = {}

    def meets(some: tuple[Marker, ...]) -> bool:
        some = tuple(sorted(some, key=lambda marker: (marker.time_s, marker.name)))
        if some not in met:
            met[some] = can_meet(bare, some)
        return met[some]

    near = sorted(markers, key=lambda marker: (abs(marker.time_s - missed.time_s), marker.name))
    around, count = tuple(near[:1]), 1
    while count < len(near) and meets(around):
        count *= 2
        around = tuple(near[:count])
    fewest = tuple(sorted(smallest_clash(meets, around), key=lambda marker: marker.time_s))
    return Clash(fewest, *(_nearest_tempo(bare, fewest, way) for way in (1, -1)))


def smallest_clash(
    meets: Callable[[tuple[Marker, ...]], bool], markers: tuple[Marker, ...]
) -> tuple[Marker, ...]:
    """Fewest markers, none of which can be left out, that cannot be met together."""

    def search(kept: tuple[Marker, ...], grew: bool, rest: tuple[Marker, ...]) -> tuple[Marker, ...]:
        if grew and not meets(kept):
            return ()
        if len(rest) <= 1:
            return rest
        early, late = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        of_late = search(kept + early, True, late)
        of_early = search(kept + of_late, bool(of_late), early)
        return of_early + of_late

    return search((), False, markers)


def can_meet(instance: Instance, markers: Sequence[Marker]) -> bool:
    """Is there a chain of phrases that meets all these markers?"""
    named = sorted(markers, key=lambda marker: marker.time_s)
    asked = replace(
        instance,
        marker_us=np.array([round(marker.time_s * 1e6) for marker in named], np.int64),
        marker_beat=tuple(marker.beat for marker in named),
    )
    missed = asked.prices.marker * asked.prices.missed * UNIT
    return any(paths.cost < missed for paths in each_path(asked, make_phrases(asked)))


def told(clash: Clash, markers: Sequence[Marker], off_us: np.ndarray, tempo: str) -> str:
    """The clash in one line: who clashes, the nearest plan, the ways out.

    Parameters
    ----------
    off_us : float (m,)
        how late the beat of each marker is in the nearest plan [microseconds]
    tempo : str
        the range that was asked for
    """
    names = _listed([f'"{m.name}" ({m.time_s:.3f} s, {_BEAT[m.beat]})' for m in clash.markers])
    fault = f"{names} clash" if len(clash.markers) > 1 else f"{names} cannot be met"
    ways = ["accept that with --nearest"]
    tempi = [f"{bpm:.1f}" for bpm in (clash.slower_bpm, clash.quicker_bpm) if bpm]
    if tempi:
        ways.insert(0, f"let the tempo reach {' or '.join(tempi)}")
    ways.insert(0, "move a marker" if len(clash.markers) > 1 else "move it")
    return (
        f"markers: {fault}: no bars at tempo {tempo} put them on such beats within 40 ms; "
        f"the nearest plan has {misses_told(markers, off_us)}; {', '.join(ways[:-1])}, or {ways[-1]}"
    )


def misses_told(markers: Sequence[Marker], off_us: np.ndarray) -> str:
    """Which beats are how late or early."""
    return _listed(
        [
            f'the {_BEAT[m.beat]} for "{m.name}" {abs(us) / 1e3:.0f} ms {"late" if us > 0 else "early"}'
            for m, us in zip(markers, off_us.tolist(), strict=True)
        ]
    )


_BEAT = {"downbeat": "downbeat", "strong": "strong beat", "any": "beat"}


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _without_cuts(instance: Instance) -> Instance:
    """The same moments for bar lines, but no cut asks for anything."""
    return replace(instance, cut_us=instance.cut_us[:0], cut_cost=instance.cut_cost[:0])


def _near(instance: Instance, markers: Sequence[Marker]) -> Instance:
    """Fewer moments for bar lines: what can be met with them can be met with all."""
    anchor = instance.anchor_us
    apart = np.abs(anchor[:, None] - np.array([1e6 * marker.time_s for marker in markers])).min(axis=1)
    kept = (apart <= AROUND_US) | (anchor == 0) | (anchor == instance.end_us)
    return replace(instance, anchor_us=anchor[kept])


def _nearest_tempo(instance: Instance, markers: Sequence[Marker], way: int) -> float | None:
    """How far the range must reach to slower (1) or quicker (-1) tempi for the markers to be met."""
    shortest, longest = instance.period_us
    sparse = _near(instance, markers)
    for share in WIDER:
        if way > 0:
            edge, wide = longest * (1 + share), (shortest, longest * (1 + share))
        else:
            edge, wide = shortest / (1 + share), (shortest / (1 + share), longest)
        if not QUICKEST <= edge <= SLOWEST:
            return None
        if can_meet(replace(sparse, period_us=wide), markers):
            return 60e6 / edge
    return None
