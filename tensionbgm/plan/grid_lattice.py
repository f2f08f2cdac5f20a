"""`Instance` -> the same with more moments for bar lines: where the best bars on a fine lattice change tempo.

On the lattice a bar line may lie anywhere, not on cuts alone, and the tempo may change at any of them: a cut
can fall on beat 3 with the change at the bar line after it.  Dynamic programming over (moment, period) finds
the cheapest bars there, first coarsely for every band of tempi, then finely for the best.  It only proposes;
returns, exact times and proofs are left to `grid_phrases` and `grid_solve`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tensionbgm.plan.grid_instance import UNIT, Instance
from tensionbgm.plan.grid_path import FAR, step_cost
from tensionbgm.plan.grid_phrases import PPM, held, nearness

COARSE_US, FINE_US = 10_000, 5_000  # steps of the lattice; periods are whole steps too
FINE_BANDS = 2  # bands looked at finely
BAND_STEP = 0.06  # bands of tempo begin this far apart (log)
NEVER = np.float32(1e12)


@dataclass(frozen=True)
class Lattice:
    """Moments `step_us` apart, from the first frame to the last, and what beats there save [accents]."""

    step_us: float
    down: np.ndarray  # float32 (n + 1,): as downbeat
    strong: np.ndarray  # float32 (n + 1,): as beat 3 of 4/4
    weak: np.ndarray  # float32 (n + 1,): as another beat
    between: np.ndarray  # float32 (n + 1,): as a 16th between the beats


def with_lines(instance: Instance) -> Instance:
    """The instance with the moments where the lattice's best bars change tempo among its anchors."""
    if not len(instance.cut_us) + len(instance.boundary_us) + len(instance.marker_us):
        return instance
    coarse = make_lattice(instance, COARSE_US)
    ranked = []
    for low in _bands(instance):
        periods = _periods(instance, coarse, low)
        found = best_bars(instance, coarse, periods) if len(periods) else None
        if found:
            ranked.append((found[0], low))
    fine = make_lattice(instance, FINE_US)
    lines: set[int] = set()
    for _, low in sorted(ranked)[:FINE_BANDS]:
        periods = _periods(instance, fine, low)
        found = best_bars(instance, fine, periods)
        lines |= set(_changes(found[1], fine.step_us) if found else ())
    anchors = sorted({*instance.anchor_us.tolist(), *lines})
    return replace(instance, anchor_us=np.array(anchors, np.int64))


def make_lattice(instance: Instance, step_us: int) -> Lattice:
    """What beats save at each moment; the step is stretched a little so that the film's end is one."""
    count = max(1, round(instance.end_us / step_us))
    step, prices = instance.end_us / count, instance.prices
    saved = np.zeros((4, count + 1))

    def add(moment: int, price: float, credit: tuple[float, ...], reach_us: float, marker: bool) -> None:
        low = max(0, int((moment - reach_us) / step))
        at = np.arange(low, min(count, int((moment + reach_us) / step) + 1) + 1)
        away = np.abs(at * step - moment)
        share = held(away, instance.preferred_us, prices) if marker else nearness(away, prices)
        saved[:, at] += price * np.outer(credit, share * (away <= reach_us))

    for cut, cost in zip(instance.cut_us.tolist(), instance.cut_cost.tolist(), strict=True):
        add(cut, cost / UNIT, (prices.downbeat, prices.strong, prices.weak, 0.0), prices.far_us, False)
        # So near, lest a cut be paid for as on the beat and beside it.
        add(cut, cost / UNIT, (0.0, 0.0, 0.0, prices.sixteenth), prices.past_us, False)
    for boundary in instance.boundary_us.tolist():
        add(boundary, prices.section, (1.0, 0.0, 0.0, 0.0), prices.far_us, False)
    for time, kind in zip(instance.marker_us.tolist(), instance.marker_beat, strict=True):
        credit = (1.0, float(kind != "downbeat"), float(kind == "any"), 0.0)
        # Half a quarter, lest two beats be paid for one marker.
        add(time, prices.marker, credit, instance.preferred_us / 2, True)
    return Lattice(step, *saved.astype(np.float32))


def best_bars(
    instance: Instance, lattice: Lattice, periods: np.ndarray
) -> tuple[float, list[tuple[int, int]]] | None:
    """Cheapest bars from the first moment to the last.

    Parameters
    ----------
    periods : int (k,)
        the lengths a quarter may have, rising [steps of the lattice]

    Returns
    -------
    cost : float
        up to a constant [accents]
    bars : list of (quarters, period in steps)
    """
    count, reach = len(lattice.down) - 1, 5 * int(periods.max()) + 1
    down, strong, weak = (np.concatenate([np.zeros(reach, np.float32), a]) for a in _saved(lattice))
    within = np.concatenate([np.zeros((reach, len(periods)), np.float32), _sixteenths(lattice, periods)])
    change, taste = _change_costs(instance, periods), _taste(instance, lattice, periods)
    # Moments are shifted by `reach`, so that no bar looks back before the beginning of the table.
    begin = np.full((count + 1 + reach, len(periods)), NEVER, np.float32)
    begin[reach] = 0
    quarters = np.zeros((count + 1, len(periods)), np.int8)
    came = np.zeros((count + 1, len(periods)), np.int16)
    column = np.arange(len(periods))
    last = np.full(len(periods), NEVER)
    block = min(instance.bar_cost) * int(periods.min())  # moments so close have no bar between them
    for first in range(1, count + 1, block):
        moment = np.arange(first, min(first + block, count + 1))
        back = [moment[:, None] + reach - k * periods for k in range(6)]
        best = np.full((len(moment), len(periods)), NEVER, np.float32)
        inner = np.zeros_like(best)
        at = {k: weak[back[k]] for k in range(1, 5)}
        for bar in range(1, 6):
            inner = inner + within[back[bar], column]
            if bar in instance.bar_cost:
                cost = begin[back[bar], column] - inner + (instance.bar_cost[bar] / UNIT + bar * taste)
                if bar == 4:
                    cost -= strong[back[2]] - at[2]
                if moment[-1] == count:
                    cost[-1] += _ending(instance, bar, periods * lattice.step_us)
                better = cost < best
                best[better] = cost[better]
                quarters[moment[0] : moment[-1] + 1][better] = bar
            if bar < 5:
                inner = inner + at[bar]
        best -= down[back[0][:, 0], None]
        last = best[-1]
        total = best[:, :, None] + change
        pick = total.argmin(axis=1)
        came[moment] = pick
        begin[moment + reach] = np.take_along_axis(total, pick[:, None], axis=1)[:, 0]
    if last.min() >= NEVER / 2:
        return None
    return float(last.min()), _trace(quarters, came, periods, int(last.argmin()))


def _saved(lattice: Lattice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return lattice.down, lattice.strong, lattice.weak


def _sixteenths(lattice: Lattice, periods: np.ndarray) -> np.ndarray:
    """float32 (n + 1, k): what 16ths save within a quarter that begins at each moment, by its period."""
    count = len(lattice.between)
    known = np.concatenate([lattice.between, np.zeros(int(periods.max()), np.float32)])
    at = np.arange(count)[:, None]
    return sum(known[at + np.rint(periods * part / 4).astype(int)] for part in (1, 2, 3))


def _trace(quarters: np.ndarray, came: np.ndarray, periods: np.ndarray, column: int) -> list[tuple[int, int]]:
    """The bars that led to the last moment with the period of `column`."""
    bars, moment = [], len(quarters) - 1
    while moment > 0:
        bars.append((int(quarters[moment, column]), int(periods[column])))
        moment -= bars[-1][0] * bars[-1][1]
        column = int(came[moment, column])
    return bars[::-1]


def _changes(bars: list[tuple[int, int]], step_us: float) -> list[int]:
    """Moments at which the period changes [microseconds]."""
    line = np.cumsum([beats * period for beats, period in bars])
    return [
        round(int(at) * step_us)
        for at, (_, before), (_, after) in zip(line, bars[:-1], bars[1:], strict=False)
        if before != after
    ]


def _bands(instance: Instance) -> np.ndarray:
    """Shortest period of each band, log."""
    low, high = np.log(np.array(instance.period_us))
    top = max(high - instance.prices.spread_limit, low)
    return np.append(np.arange(low, top, BAND_STEP), top)


def _periods(instance: Instance, lattice: Lattice, low: float) -> np.ndarray:
    """Periods of a band [steps]."""
    shortest = np.exp(low) / lattice.step_us
    longest = min(np.exp(low + instance.prices.spread_limit), instance.period_us[1]) / lattice.step_us
    return np.arange(int(np.ceil(shortest - 1e-9)), int(longest + 1e-9) + 1)


def _change_costs(instance: Instance, periods: np.ndarray) -> np.ndarray:
    """float32 (k, k): cost of going from a period to another at a bar line."""
    level = np.rint(np.log(periods) * PPM).astype(np.int64)
    cost = step_cost(level[:, None] - level[None], instance.prices)
    return np.where(cost < FAR, cost / UNIT, NEVER).astype(np.float32)


def _taste(instance: Instance, lattice: Lattice, periods: np.ndarray) -> np.ndarray:
    """float32 (k,): cost of a quarter's distance from the preferred tempo."""
    period = periods * lattice.step_us
    away = np.abs(np.log(period / instance.preferred_us))
    return (instance.prices.preference * away * period / 1e6).astype(np.float32)


def _ending(instance: Instance, bar: int, period_us: np.ndarray) -> np.ndarray:
    """Extra cost of the film's last bar."""
    prices = instance.prices
    short = np.clip(1 - bar * period_us / prices.ring_us, 0, None)
    return prices.ring * short + prices.last_odd * (bar != instance.meter)
