"""`Instance`, `Grid` -> what is wrong with the grid, and what it costs, read off the bars alone.

Written apart from the way grids are made, in plain loops, so that an error in one is seen by the other.
"""

from __future__ import annotations

import math

from tensionbgm.forms import Grid
from tensionbgm.plan.grid_instance import BAR_PRICE, Instance

SAME_TEMPO = 2e-3  # a last bar takes up what is left of the film to the microsecond: no change of tempo
END_US = 1_000
HELD_US = 40_000  # what a marker may be off its beat


def violations(instance: Instance, grid: Grid) -> list[str]:
    """Every hard rule the grid breaks, a sentence each; empty if it is sound."""
    return [
        *_bar_faults(instance, grid),
        *_tempo_faults(instance, grid),
        *_section_faults(instance, grid),
        *_marker_faults(instance, grid),
    ]


def _bar_faults(instance: Instance, grid: Grid) -> list[str]:
    faults = []
    if grid.n_bars == 0 or not len(grid.bar_beats) == len(grid.bar_tempo_us) == len(grid.bar_section):
        return ["bars, tempi and sections differ in number, or there are none"]
    for bar, beats in enumerate(grid.bar_beats):
        if int(beats) not in BAR_PRICE[instance.meter]:
            faults.append(f"bar {bar} has {beats} quarters")
    if abs(int(grid.bar_us[-1]) - instance.end_us) > END_US:
        faults.append(f"the last bar ends {int(grid.bar_us[-1]) - instance.end_us} us from the film's end")
    return faults


def _tempo_faults(instance: Instance, grid: Grid) -> list[str]:
    faults, prices = [], instance.prices
    shortest, longest = instance.period_us
    period = [int(t) for t in grid.bar_tempo_us]
    for bar, us in enumerate(period):
        if not shortest * (1 - SAME_TEMPO) <= us <= longest * (1 + SAME_TEMPO):
            faults.append(f"bar {bar} has {us} us a quarter, outside what was asked")
        if bar and abs(math.log(us / period[bar - 1])) > prices.step_limit + SAME_TEMPO:
            faults.append(f"tempo jumps at bar {bar}")
    if math.log(max(period) / min(period)) > prices.spread_limit + 2 * SAME_TEMPO:
        faults.append("tempi are too far apart")
    return faults


def _section_faults(instance: Instance, grid: Grid) -> list[str]:
    faults, owner = [], [int(s) for s in grid.bar_section]
    if sorted(owner) != owner or set(owner) != set(range(len(grid.sections))):
        return ["bars are not shared out to the sections in order"]
    line = [us / 1e6 for us in grid.bar_us]
    for index, section in enumerate(grid.sections):
        first = owner.index(index)
        after = first + owner.count(index)
        if abs(section.start_s - line[first]) > 1e-6 or abs(section.end_s - line[after]) > 1e-6:
            faults.append(f"section {index} does not lie on its bar lines")
        earlier = [s.label for s in grid.sections[:index]]
        expected = earlier.index(section.label) if section.label in earlier else None
        if section.repeats != expected:
            faults.append(f"section {index} repeats {section.repeats}, not {expected}")
    return faults


def _marker_faults(instance: Instance, grid: Grid) -> list[str]:
    faults = []
    for time, kind in zip(instance.marker_us.tolist(), instance.marker_beat, strict=True):
        apart = _from_marker(grid, time, kind)
        if apart > HELD_US:
            faults.append(f"the marker at {time} us is {apart:.0f} us from a beat: {kind}")
    return faults


def _from_marker(grid: Grid, time_us: int, kind: str) -> float:
    """How far the nearest beat of the kind asked for is [us]."""
    roles = {
        "downbeat": {"downbeat"},
        "strong": {"downbeat", "strong"},
        "any": {"downbeat", "strong", "weak"},
    }
    return min(abs(beat - time_us) for beat, role in _beats(grid) if role in roles[kind])


def cost(instance: Instance, grid: Grid) -> float:
    """What the grid costs [accents]."""
    return (
        _cuts(instance, grid)
        + _odd_bars(instance, grid)
        + _tempo(instance, grid)
        + _last_bar(instance, grid)
        + _returns(instance, grid)
        + _markers(instance, grid)
    )


def _beats(grid: Grid) -> list[tuple[float, str]]:
    """Time [us] and role of each beat, the end of the film included."""
    beats = []
    for start, count, period in zip(grid.bar_us[:-1], grid.bar_beats, grid.bar_tempo_us, strict=True):
        for k in range(int(count)):
            role = "downbeat" if k == 0 else "strong" if (count, k) == (4, 2) else "weak"
            beats.append((float(start + k * period), role))
    return [*beats, (float(grid.bar_us[-1]), "downbeat")]


def _sixteenths(grid: Grid) -> list[float]:
    """Time of each 16th [us]."""
    bars = zip(grid.bar_us[:-1], grid.bar_beats, grid.bar_tempo_us, strict=True)
    return [float(start + k * period / 4) for start, count, period in bars for k in range(4 * int(count))]


def _saved(instance: Instance, time_us: int, role: str, beat_us: float) -> float:
    """Share of a cut's price that a beat, or a 16th between beats, saves."""
    prices, apart = instance.prices, abs(time_us - beat_us)
    credit = {
        "downbeat": prices.downbeat,
        "strong": prices.strong,
        "weak": prices.weak,
        "sixteenth": prices.sixteenth,
    }[role]
    if apart <= prices.near_us:
        return credit * (1 - prices.slack * apart / prices.near_us)
    if apart <= prices.past_us:
        way = (apart - prices.near_us) / (prices.past_us - prices.near_us)
        return credit * ((1 - prices.slack) * (1 - way) + prices.past * way)
    return credit * prices.past * max(0.0, (prices.far_us - apart) / (prices.far_us - prices.past_us))


def _cuts(instance: Instance, grid: Grid) -> float:
    beats, sixteenths, total = _beats(grid), _sixteenths(grid), 0.0
    for time, price in zip(instance.cut_us.tolist(), instance.cut_cost.tolist(), strict=True):
        near, role = min(beats, key=lambda beat: abs(beat[0] - time))
        between = min(sixteenths, key=lambda sixteenth: abs(sixteenth - time))
        saved = max(_saved(instance, time, role, near), _saved(instance, time, "sixteenth", between))
        total += price / 1e6 * (1 - saved)
    for time in instance.boundary_us.tolist():
        if time < instance.end_us:
            near, role = min(beats, key=lambda beat: abs(beat[0] - time))
            saved = _saved(instance, time, role, near) if role == "downbeat" else 0.0
            total += instance.prices.section * (1 - saved)
    return total


def _markers(instance: Instance, grid: Grid) -> float:
    prices, total = instance.prices, 0.0
    for time, kind in zip(instance.marker_us.tolist(), instance.marker_beat, strict=True):
        apart = _from_marker(grid, time, kind)
        if apart > prices.held_us:
            bar = max(b for b in range(grid.n_bars) if grid.bar_us[b] <= time)
            near = max(0.0, 1 - apart / int(grid.bar_tempo_us[bar]))
            total += prices.marker * (1 - (1 - prices.missed) * near)
    return total


def _odd_bars(instance: Instance, grid: Grid) -> float:
    return sum(BAR_PRICE[instance.meter][int(beats)] for beats in grid.bar_beats)


def _tempo(instance: Instance, grid: Grid) -> float:
    prices, total = instance.prices, 0.0
    for bar, (beats, period) in enumerate(zip(grid.bar_beats, grid.bar_tempo_us, strict=True)):
        away = abs(math.log(period / instance.preferred_us))
        total += prices.preference * away * int(beats) * int(period) / 1e6
        change = abs(math.log(period / grid.bar_tempo_us[bar - 1])) if bar else 0.0
        total += prices.change * (change > prices.same)
        total += prices.step * change + prices.step_more * max(0.0, change - prices.step_free)
    return total


def _last_bar(instance: Instance, grid: Grid) -> float:
    beats, prices = int(grid.bar_beats[-1]), instance.prices
    short = max(0.0, 1 - beats * int(grid.bar_tempo_us[-1]) / prices.ring_us)
    return prices.ring * short + prices.last_odd * (beats != instance.meter)


def _returns(instance: Instance, grid: Grid) -> float:
    prices, total = instance.prices, 0.0
    line = [int(us) for us in grid.bar_us]
    edge = [min(range(len(line)), key=lambda b: abs(line[b] - us)) for us in instance.section_us.tolist()]
    beat = [int(tick) // 480 for tick in grid.bar_tick]
    length = [b - a for a, b in zip(instance.section_us[:-1], instance.section_us[1:], strict=True)]
    long = [us >= instance.meter * instance.preferred_us for us in length]
    for again, name in enumerate(instance.label):
        first = next(s for s, other in enumerate(instance.label) if s == again or (other == name and long[s]))
        if first == again or not long[again]:
            continue
        bars = [edge[s + 1] - edge[s] for s in (first, again)]
        beats = [beat[edge[s + 1]] - beat[edge[s]] for s in (first, again)]
        tempo = [n * instance.preferred_us / length[s] for n, s in zip(beats, (first, again), strict=True)]
        total += prices.return_tempo * max(0.0, abs(tempo[0] - tempo[1]) - prices.return_free)
        ratio = max(length[first], length[again]) / min(length[first], length[again])
        if ratio <= prices.return_ratio and (bars[0] != bars[1] or beats[0] != beats[1]):
            total += prices.unequal
    return total
