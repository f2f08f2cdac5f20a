"""Markers that no bars meet together -> the fewest that clash, and what would let them be met, in one line.

The fewest are found by halving: QuickXplain (Junker, AAAI 2004).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tensionbgm.forms import Marker
from tensionbgm.plan.grid_instance import UNIT, Instance
from tensionbgm.plan.grid_lattice import with_lines
from tensionbgm.plan.grid_path import each_path
from tensionbgm.plan.grid_phrases import OUTLOOK, make_phrases, span_us

WIDER = (0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4)  # other tempi tried
AROUND_US = 8_000_000  # for them, bar lines are nailed no further than this from a marker that clashes
TRIES = 3  # of these, at which all markers are asked for: each takes about as long as a plan
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
    # Fewer bar lines mostly do; and with fewer longer stretches of one tempo are tried.
    tried = (_near(bare, [missed]), bare)

    def meets(some: tuple[Marker, ...]) -> bool:
        some = tuple(sorted(some, key=lambda marker: (marker.time_s, marker.name)))
        if some not in met:
            met[some] = any(may_meet(lines, some) and can_meet(lines, some) for lines in tried)
        return met[some]

    near = sorted(markers, key=lambda marker: (abs(marker.time_s - missed.time_s), marker.name))
    fewest = _fewest_around(near, meets)
    if not _too_close(bare, fewest) and _meets_with_lines(bare, fewest):  # rare, and slow to ask each time
        fewest = _fewest_around(near, lambda some: meets(some) or _meets_with_lines(bare, some))
    return Clash(fewest, *(_nearest_tempo(bare, fewest, markers, way) for way in (1, -1)))


def _fewest_around(near: Sequence[Marker], meets: Callable[[tuple[Marker, ...]], bool]) -> tuple[Marker, ...]:
    """A smallest clash among the nearest markers, of more and more until there is one; in order of time."""
    count = 1
    while count < len(near) and meets(tuple(near[:count])):
        count *= 2
    fewest = smallest_clash(meets, tuple(near[:count]))
    return tuple(sorted(fewest, key=lambda marker: marker.time_s))


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
    asked = _asking(instance, markers)
    missed = _missed_cost(asked)
    return any(paths.cost < missed for paths in each_path(asked, make_phrases(asked)))


def _too_close(instance: Instance, markers: Sequence[Marker]) -> bool:
    """Whether two markers lie closer than beats of their kinds ever do, and too far apart to share one."""
    held, shortest = instance.prices.held_us, instance.period_us[0]
    if len(markers) != 2:
        return False
    apart = abs(markers[0].time_s - markers[1].time_s) * 1e6
    quarters = 1 if any(marker.beat == "any" for marker in markers) else 2
    return 2 * held < apart < quarters * shortest - 2 * held


def _meets_with_lines(instance: Instance, markers: Sequence[Marker]) -> bool:
    """The same with bar lines wherever the lattice would change tempo, as the planner has them."""
    return can_meet(with_lines(_asking(instance, markers)), markers)


def may_meet(instance: Instance, markers: Sequence[Marker]) -> bool:
    """Is there a chain of phrases over the markers that meets them all, begun and ended anywhere?

    Every chain from the first frame to the last has such a chain in it, so False proves that `can_meet` is
    False; True proves nothing.  It takes a fraction of the time.
    """
    asked = _asking(instance, markers)
    first, last = int(asked.marker_us[0]), int(asked.marker_us[-1])
    asked = replace(asked, anchor_us=_reaching(asked, first, last))
    phrases, time = make_phrases(asked), asked.anchor_us
    over = (time[phrases.source] <= last) & (time[phrases.target] > min(first, time[-1] - 1))
    kept = np.flatnonzero(over & (phrases.cost < _missed_cost(asked)))
    if not len(kept):
        return False
    # All places to begin are one, and all to end.
    begin = min(int(np.searchsorted(time, first, "right")) - 1, len(time) - 2)
    end = min(int(np.searchsorted(time, last, "right")), len(time) - 1)
    some = {name: getattr(phrases, name)[kept] for name in ("beats", "period_us", "level", "cost", "offset")}
    joined = replace(
        phrases,
        source=np.clip(phrases.source[kept], begin, end) - begin,
        target=np.clip(phrases.target[kept], begin, end) - begin,
        **some,
    )
    ends = replace(asked, anchor_us=time[begin : end + 1])
    return any(paths.cost < _missed_cost(asked) for paths in each_path(ends, joined))


def _asking(instance: Instance, markers: Sequence[Marker]) -> Instance:
    """The instance with these markers as its demands."""
    named = sorted(markers, key=lambda marker: marker.time_s)
    return replace(
        instance,
        marker_us=np.array([round(marker.time_s * 1e6) for marker in named], np.int64),
        marker_beat=tuple(marker.beat for marker in named),
    )


def _missed_cost(instance: Instance) -> float:
    """What a chain costs at least that misses a marker [1 / UNIT accents]."""
    return instance.prices.marker * instance.prices.missed * UNIT


def _reaching(instance: Instance, first: int, last: int) -> np.ndarray:
    """The anchors that phrases over the moments from `first` to `last` can leave or reach [us]."""
    time, span = instance.anchor_us, span_us(instance)
    bar = instance.meter * instance.period_us[1]
    before = max(int(np.searchsorted(time, first)) - OUTLOOK - 1, 0)
    begin = np.searchsorted(time, min(first - span, time[before] - bar))
    end = max(int(np.searchsorted(time, t, "right")) for t in (last + span, last + bar)) + OUTLOOK + 1
    return time[begin:end]


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


def _nearest_tempo(
    instance: Instance, clash: Sequence[Marker], markers: Sequence[Marker], way: int
) -> float | None:
    """How far the range must reach to slower (1) or quicker (-1) tempi for all markers to be met.

    Where those that clash would be met but others still not, there is no such tempo to name.
    """
    shortest, longest = instance.period_us
    sparse = _near(instance, clash)

    def edge(share: float) -> float:
        return longest * (1 + share) if way > 0 else shortest / (1 + share)

    def wide(share: float, of: Instance = sparse) -> Instance:
        return replace(of, period_us=(min(shortest, edge(share)), max(longest, edge(share))))

    def enough(share: float) -> bool:
        whole = wide(share, instance)
        return can_meet(whole, markers) or _meets_with_lines(whole, markers)

    shares = [share for share in WIDER if QUICKEST <= edge(share) <= SLOWEST]
    # Each range holds those before it: where they may be met in none the widest tells so.
    least = bisect_left(shares, True, key=lambda share: may_meet(wide(share), clash))
    hopeful = [share for share in shares[least:] if can_meet(wide(share), clash)]
    if not hopeful or not may_meet(wide(hopeful[-1], instance), markers):
        return None
    return next((60e6 / edge(share) for share in hopeful[:TRIES] if enough(share)), None)
