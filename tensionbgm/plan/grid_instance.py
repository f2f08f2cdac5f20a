"""Form, cuts, wishes -> `Instance`: the grid problem in integers, all that a plan of bars must answer to."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tensionbgm import config
from tensionbgm.errors import InputError, UsageError
from tensionbgm.forms import Form, Marker, Shots

UNIT = 1_000_000  # costs are integers: this many make one, the price of missing one full accent
SHORTEST_S = 0.5  # below this even two quick beats do not fit
TEMPO_LIMITS = (30.0, 240.0)  # quarters a minute that can be asked for
FLURRY_S = 0.6  # cuts closer than this (about a beat) share one accent
FLURRY_SHARE = 0.15  # what a cut keeps of its weight beside a stronger one
RIVALS_S = 1.0  # no two strong beats are closer than two quarters (this at 120): of two cuts one leads
RIVAL_SHARE = 0.3  # what missing the other costs then: the music may still mark it on a weak beat
EXACT = 0.005  # "90" means 90 within half a per cent: nobody hears that
MAX_ANCHORS = 900
LEAN_US = (-34_000, 34_000)  # a bar line may also lean on a cut from either side

BAR_PRICE = {  # quarters a bar may have, by meter, and what the bar costs [accents]
    2: {2: 0.0, 3: 0.15},
    3: {3: 0.0, 2: 0.15, 4: 0.15},
    4: {4: 0.0, 2: 0.12, 3: 0.15, 5: 0.18},
}


@dataclass(frozen=True)
class Prices:
    """What is paid for what; in accents (missing a cut of weight 1 costs 1), natural logs of tempo."""

    downbeat: float = 1.0  # what is saved by a cut on the first beat of a bar
    strong: float = 0.95  # on beat 3 of 4/4
    weak: float = 0.3  # on another beat
    sixteenth: float = 0.1  # between the beats, on a 16th, where an accent can still be written
    near_us: int = 39_000  # a frame of 25 a second: heard as together (and under 40 ms after all rounding)
    past_us: int = 46_000  # from here on, little credit is left
    past: float = 0.4
    far_us: int = 120_000  # from here on, heard as apart
    slack: float = 0.08  # lost by being `near_us` off instead of exact
    section: float = 3.0  # a section's start off the bar line
    marker: float = 1_000.0  # a marker a beat or more off: beyond all the rest, so that none is missed freely
    missed: float = 0.5  # share of it that a marker costs that is missed by a hair
    held_us: int = 39_900  # a marker this close to its beat is met (40 ms after all rounding)
    preference: float = 0.03  # per second and unit of log tempo away from the preferred tempo
    change: float = 0.02  # for a change of tempo at a bar line, however small
    same: float = 0.002  # less is no change
    step: float = 1.0  # per unit of log tempo changed at a bar line
    step_free: float = 0.04  # changes up to this are hardly heard
    step_more: float = 2.0  # per unit of log tempo changed beyond that
    step_limit: float = 0.06  # no greater change
    spread_limit: float = 0.2  # between the slowest and the quickest bar of the piece
    ring_us: int = 1_500_000  # a last bar as long lets the last chord ring
    ring: float = 1.0  # for a last bar of no length at all
    last_odd: float = 0.3  # for a last bar of odd length
    unequal: float = 1.0  # a return with other bars than its first time
    return_tempo: float = 6.0  # per unit of relative tempo a return differs beyond `return_free`
    return_free: float = 0.01
    return_ratio: float = 1.12  # lengths further apart than this are not asked to have equal bars


@dataclass(frozen=True)
class Instance:
    """One grid problem; times are integer microseconds from the first frame."""

    end_us: int
    meter: int  # quarters in a plain bar
    period_us: tuple[float, float]  # shortest and longest quarter note
    preferred_us: float
    cut_us: np.ndarray  # int64 (n,), rising, inside the film
    cut_cost: np.ndarray  # int64 (n,): of missing it [1 / UNIT accents]
    boundary_us: np.ndarray  # int64 (s - 1,): where sections 1.. begin, not falling
    label: tuple[str, ...]  # (s,)
    anchor_us: np.ndarray  # int64 (k,), rising: 0, the moments a bar line may be nailed to, the end
    prices: Prices = field(default_factory=Prices)
    marker_us: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # int64 (m,), rising
    marker_beat: tuple[str, ...] = ()  # (m,): downbeat | strong | any

    @property
    def bar_cost(self) -> dict[int, int]:
        """Cost of a bar by its quarters [1 / UNIT accents]."""
        return {beats: round(price * UNIT) for beats, price in BAR_PRICE[self.meter].items()}

    @property
    def section_us(self) -> np.ndarray:
        """int64 (s + 1,): where sections begin, and the end."""
        return np.concatenate([[0], self.boundary_us, [self.end_us]])

    @property
    def returns(self) -> tuple[tuple[int, int], ...]:
        """(first, return) sections of equal label; sections shorter than a plain bar are left out."""
        long = np.diff(self.section_us) >= self.meter * self.preferred_us
        first: dict[str, int] = {}
        pairs = []
        for s in np.flatnonzero(long).tolist():
            origin = first.setdefault(self.label[s], s)
            if origin != s:
                pairs.append((origin, s))
        return tuple(pairs)


def parse_tempo(text: str) -> tuple[float, float]:
    """The range of tempi [quarters a minute] in "90" or "80-120".

    Raises
    ------
    UsageError
        the text is neither, or outside 30..240
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:[-–]\s*(\d+(?:\.\d+)?)\s*)?", text)
    if match is None:
        raise UsageError(f'tempo "{text}": not a tempo; give one like "90" or a range like "80-120"')
    low = float(match[1])
    high = float(match[2]) if match[2] else low
    if low > high:
        raise UsageError(f'tempo "{text}": the range is upside down; give "{match[2]}-{match[1]}"')
    if low < TEMPO_LIMITS[0] or high > TEMPO_LIMITS[1]:
        raise UsageError(f'tempo "{text}": outside 30-240 quarters a minute; give one inside')
    return low, high


def parse_meter(text: str) -> int:
    """Quarters in a bar of "2/4", "3/4" or "4/4".

    Raises
    ------
    UsageError
        any other meter
    """
    match = re.fullmatch(r"\s*([234])\s*/\s*4\s*", text)
    if match is None:
        raise UsageError(f'meter "{text}": not offered; give 2/4, 3/4 or 4/4')
    return int(match[1])


def accent_weights(
    cut_s: np.ndarray, strength: np.ndarray, importance: np.ndarray | None, marked: np.ndarray | None = None
) -> np.ndarray:
    """Weight of each accent, 0..1: strength times importance; little of it beside a stronger one.

    Those `marked`, bool (n,), lead whatever lies beside them.
    """
    weight = np.clip(strength * (1.0 if importance is None else importance), 0.0, 1.0)
    first = np.zeros(len(weight), bool) if marked is None else marked
    return np.where(_led(cut_s, weight, FLURRY_S, first), weight * FLURRY_SHARE, weight)


def _prices_of_missing(cut_s: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What missing each accent costs: its weight, and less beside a weightier one."""
    led = _led(cut_s, weight, RIVALS_S, np.zeros(len(weight), bool))
    small = _led(cut_s, weight, FLURRY_S, np.zeros(len(weight), bool))  # these have lost enough already
    return np.where(led & ~small, weight * RIVAL_SHARE, weight)


def _led(cut_s: np.ndarray, weight: np.ndarray, reach_s: float, first: np.ndarray) -> np.ndarray:
    """bool (n,): accents close to a weightier one that leads; those `first` lead whatever is beside them."""
    led = np.zeros(len(weight), bool)
    leaders: list[float] = []
    for i in np.lexsort((cut_s, -weight, ~first)):
        led[i] = not first[i] and any(abs(cut_s[i] - other) < reach_s for other in leaders)
        if not led[i]:
            leaders.append(float(cut_s[i]))
    return led


def make_instance(
    form: Form,
    cut_s: np.ndarray,
    weight: np.ndarray,
    duration_s: float,
    ask: config.Ask,
    preferred_bpm: float | None = None,
    markers: Sequence[Marker] = (),
) -> Instance:
    """The grid problem of a film.

    Parameters
    ----------
    cut_s, weight : float (n,)
        accents inside the film, rising [s]; their weights 0..1
    duration_s : float
        to the end of the last frame [s]
    preferred_bpm : float, optional
        tempo to prefer [quarters a minute]; clipped to the range asked for, whose middle is the default
    markers : sequence of Marker
        moments that must fall on the beat they name

    Raises
    ------
    InputError
        the film is too short for a bar
    UsageError
        tempo or meter cannot be read
    """
    if not math.isfinite(duration_s) or duration_s < SHORTEST_S:
        raise InputError(
            f"the film lasts {duration_s:.2f} s, too short for a bar of music; "
            f"give one of {SHORTEST_S} s or more"
        )
    low, high = parse_tempo(ask.tempo)
    bpm = math.sqrt(low * high) if preferred_bpm is None else min(max(preferred_bpm, low), high)
    if high / low < 1 + 2 * EXACT:
        low, high = bpm * (1 - EXACT), bpm * (1 + EXACT)
    end = round(duration_s * 1e6)
    start = [round(section.start_s * 1e6) for section in form.sections[1:]]
    boundary = np.clip(np.array(start, np.int64), 0, end)
    cut_us = np.rint(cut_s * 1e6).astype(np.int64)
    named = sorted(markers, key=lambda marker: marker.time_s)
    marker_us = np.array([round(marker.time_s * 1e6) for marker in named], np.int64)
    return Instance(
        end,
        parse_meter(ask.meter),
        (60e6 / high, 60e6 / low),
        60e6 / bpm,
        cut_us,
        np.rint(_prices_of_missing(cut_s, weight) * UNIT).astype(np.int64),
        boundary,
        tuple(section.label for section in form.sections),
        _anchors(cut_us, weight, boundary, end, marker_us),
        marker_us=marker_us,
        marker_beat=tuple(marker.beat for marker in named),
    )


def widened(instance: Instance, share: float) -> Instance:
    """The same problem with the range of tempi wider by `share` both ways."""
    shortest, longest = instance.period_us
    return replace(instance, period_us=(shortest / (1 + share), longest * (1 + share)))


def check_input(form: Form, shots: Shots, duration_s: float, importance: np.ndarray | None) -> None:
    """Raise `InputError` where form, shots or importance contradict themselves."""
    if not form.sections:
        raise InputError("form: has no sections; give one from 0 to the end at least")
    start = [section.start_s for section in form.sections]
    if not np.isfinite(start).all() or (np.diff(start) < 0).any():
        raise InputError("form: sections are not in order of time; sort them by start_s")
    if len(shots.cut_s) != len(shots.strength):
        raise InputError("shots: cut_s and strength differ in length; give each cut its strength")
    if not (np.isfinite(shots.cut_s).all() and np.isfinite(shots.strength).all()):
        raise InputError("shots: a cut's time or strength is not a number; leave that cut out")
    if (np.diff(shots.cut_s) < 0).any():
        raise InputError("shots: cuts are not in order of time; sort cut_s")
    if importance is None:
        return
    if np.shape(importance) != np.shape(shots.cut_s) or not np.isfinite(importance).all():
        raise InputError("importance: give one finite number, 0 to 1, for each cut")


def _anchors(
    cut_us: np.ndarray, weight: np.ndarray, boundary: np.ndarray, end: int, marker_us: np.ndarray
) -> np.ndarray:
    """0, section starts, markers, the cuts that lead (the weightiest if there are very many), the end."""
    order = np.lexsort((cut_us, -weight))[: MAX_ANCHORS - len(boundary)]
    chosen: list[int] = []
    taken: set[int] = set()
    nailed = {0, end, *boundary.tolist()}
    gap = 250_000  # two bar lines are never closer; the weightier of two takes the place
    for moment in [0, end, *boundary.tolist(), *cut_us[order].tolist()]:
        slots = {moment // gap - 1, moment // gap, moment // gap + 1}
        near = [m for m in chosen if m // gap in slots and abs(m - moment) < gap] if slots & taken else []
        if 0 <= moment <= end and not near:
            chosen.append(moment)
            taken.add(moment // gap)
    # Of two markers close together any may be the one that is met.
    chosen += sorted(set(marker_us.tolist()) - set(chosen))
    leaning = [m + lean for m in chosen for lean in LEAN_US if m not in nailed and 0 < m + lean < end]
    return np.array(sorted({*chosen, *leaning}), np.int64)
