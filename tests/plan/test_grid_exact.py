"""On tiny films every chain of phrases, and every filling of a phrase, is tried: nothing cheaper exists."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm import config
from tensionbgm.forms import Form, Marker, Section
from tensionbgm.plan import grid_check, grid_instance, grid_lattice, grid_path
from tensionbgm.plan.grid import to_grid
from tensionbgm.plan.grid_phrases import make_phrases
from tensionbgm.plan.grid_solve import Solution, solve


@pytest.fixture(autouse=True)
def _few_anchors(monkeypatch):
    monkeypatch.setattr(grid_instance, "LEAN_US", ())


def tiny(gaps, labels, tempo="85-115", weight=None, markers=()):
    """An instance whose sections begin at its cuts, and its form."""
    edges = np.concatenate([[0.0], np.cumsum(gaps)])
    sections = tuple(Section(n, a, b) for n, a, b in zip(labels, edges[:-1], edges[1:], strict=True))
    cuts = edges[1:-1]
    weight = np.ones(len(cuts)) if weight is None else np.asarray(weight)
    form = Form(sections)
    ask = config.Ask(tempo=tempo)
    return grid_instance.make_instance(form, cuts, weight, edges[-1], ask, markers=markers), form


def chains(phrases, instance):
    """Every chain of phrases within some band of tempi and without a jump."""
    end = len(instance.anchor_us) - 1
    limit = round(instance.prices.step_limit * 1e6)
    stack = [[p] for p in np.flatnonzero(phrases.source == 0)]
    bands = grid_path.make_bands(instance)
    while stack:
        chain = stack.pop()
        if phrases.target[chain[-1]] == end:
            level = phrases.level[chain]
            if any(grid_path.in_band(level, int(b), instance.prices).all() for b in bands):
                yield chain
            continue
        for p in np.flatnonzero(phrases.source == phrases.target[chain[-1]]):
            if abs(phrases.level[p] - phrases.level[chain[-1]]) <= limit:
                stack.append([*chain, p])


def as_grid(instance, form, phrases, chain):
    rows = tuple((int(phrases.source[p]), int(phrases.target[p]), tuple(phrases.bars(p))) for p in chain)
    empty = np.zeros(0)
    return to_grid(instance, Solution(rows, "FEASIBLE", 0.0, 0.0), form, empty, empty)


@settings(deadline=None, max_examples=15)
@given(
    gaps=st.lists(st.floats(1.5, 4.5), min_size=2, max_size=4),
    labels=st.lists(st.sampled_from("AB"), min_size=4, max_size=4),
    beat=st.sampled_from([None, "downbeat", "strong", "any"]),
)
def test_no_chain_is_cheaper_than_the_one_found(gaps, labels, beat):
    markers = [Marker(0.6 * sum(gaps), "here", beat=beat)] if beat else []
    instance, form = tiny(gaps, labels[: len(gaps)], markers=markers)
    phrases = make_phrases(instance)
    costs = [
        grid_check.cost(instance, as_grid(instance, form, phrases, chain))
        for chain in chains(phrases, instance)
    ]
    solution = solve(instance)
    assert (solution is None) == (costs == [])
    if solution is not None:
        assert solution.objective == pytest.approx(min(costs), rel=1e-5, abs=0.01)
        assert solution.status == "OPTIMAL"


@settings(deadline=None, max_examples=30)
@given(
    start=st.floats(0.3, 4),
    more=st.floats(0.3, 4),
    rest=st.floats(0.4, 3),
    meter=st.sampled_from([2, 3, 4]),
    beat=st.sampled_from([None, "downbeat", "strong", "any"]),
)
def test_no_filling_of_a_phrase_is_cheaper_than_its_bars(start, more, rest, meter, beat):
    duration = start + more + rest
    cuts, form = np.array([start, start + more]), Form((Section("A", 0.0, duration),))
    ask = config.Ask(meter=f"{meter}/4", tempo="80-130")
    markers = [Marker(0.45 * duration, "here", beat=beat)] if beat else []
    instance = grid_instance.make_instance(form, cuts, np.array([1.0, 0.6]), duration, ask, markers=markers)
    phrases = make_phrases(instance)
    whole = np.flatnonzero((phrases.source == 0) & (phrases.target == len(instance.anchor_us) - 1))
    for phrase in whole[:3]:
        n = int(phrases.beats[phrase])
        best = min(_price(instance, form, n, filling) for filling in _fillings(n, tuple(instance.bar_cost)))
        assert phrases.cost[phrase] / grid_instance.UNIT == pytest.approx(best, rel=1e-5, abs=0.01)


def _fillings(n, lengths):
    for count in range(1, n // min(lengths) + 1):
        yield from (bars for bars in itertools.product(lengths, repeat=count) if sum(bars) == n)


def _price(instance, form, n, bars):
    solution = Solution(((0, len(instance.anchor_us) - 1, tuple(bars)),), "FEASIBLE", 0.0, 0.0)
    return grid_check.cost(instance, to_grid(instance, solution, form, np.zeros(0), np.zeros(0)))


def test_the_cheapest_chain_through_a_phrase_is_the_cheapest():
    instance, _ = tiny([2.2, 3.1, 2.7, 1.9], "ABCD")
    phrases = make_phrases(instance)
    through = np.full(len(phrases.cost), grid_path.FAR)
    for chain in chains(phrases, instance):
        steps = grid_path.step_cost(np.diff(phrases.level[chain]), instance.prices)
        through[chain] = np.minimum(through[chain], phrases.cost[chain].sum() + steps.sum())
    found = np.full(len(phrases.cost), grid_path.FAR)
    for band in grid_path.find_paths(instance, phrases):
        found[band.kept] = np.minimum(found[band.kept], band.through)
    np.testing.assert_array_equal(found, through)


@settings(deadline=None, max_examples=20)
@given(
    gaps=st.lists(st.floats(0.6, 2.5), min_size=2, max_size=3),
    weight=st.lists(st.floats(0.1, 1), min_size=2, max_size=2),
    meter=st.sampled_from([2, 3, 4]),
)
def test_no_bars_on_the_lattice_are_cheaper_than_those_it_finds(gaps, weight, meter):
    edges = np.cumsum(gaps)
    form = Form((Section("A", 0.0, edges[-1]),))
    ask = config.Ask(meter=f"{meter}/4", tempo="80-130")
    cuts = edges[:-1]
    instance = grid_instance.make_instance(form, cuts, np.array(weight[: len(cuts)]), edges[-1], ask)
    lattice = grid_lattice.make_lattice(instance, 50_000)
    periods = np.array([10, 11, 12])
    costs = [
        _lattice_price(instance, lattice, bars) for bars in _ways(instance, len(lattice.down) - 1, periods)
    ]
    found = grid_lattice.best_bars(instance, lattice, periods)
    assert (found is None) == (costs == [])
    if found:
        assert found[0] == pytest.approx(min(costs), abs=1e-3)
        assert _lattice_price(instance, lattice, found[1]) == pytest.approx(found[0], abs=1e-3)


def _ways(instance, moments, periods, before=None):
    """Every row of bars that fills so many moments without a jump of tempo."""
    if moments == 0:
        yield []
        return
    limit = round(instance.prices.step_limit * 1e6)
    for period in periods.tolist():
        if before and abs(round(np.log(period) * 1e6) - round(np.log(before) * 1e6)) > limit:
            continue
        for beats in instance.bar_cost:
            if beats * period <= moments:
                rest = _ways(instance, moments - beats * period, periods, period)
                yield from ([(beats, period), *more] for more in rest)


def _lattice_price(instance, lattice, bars):
    prices, step, moment, cost = instance.prices, lattice.step_us, 0, 0.0
    for index, (beats, period) in enumerate(bars):
        away = abs(np.log(period * step / instance.preferred_us))
        cost += instance.bar_cost[beats] / 1e6 + prices.preference * away * beats * period * step / 1e6
        for beat in range(1, beats):
            table = lattice.strong if (beats, beat) == (4, 2) else lattice.weak
            cost -= table[moment + beat * period]
        for sixteenth in (n for n in range(4 * beats) if n % 4):
            quarter, part = divmod(sixteenth, 4)
            cost -= lattice.between[moment + quarter * period + round(period * part / 4)]
        moment += beats * period
        cost -= lattice.down[moment]
        if index:
            apart = abs(round(np.log(period) * 1e6) - round(np.log(bars[index - 1][1]) * 1e6))
            cost += int(grid_path.step_cost(np.array([apart]), prices)[0]) / 1e6
    beats, period = bars[-1]
    short = max(0.0, 1 - beats * period * step / prices.ring_us)
    return cost + prices.ring * short + prices.last_odd * (beats != instance.meter)


def test_a_bound_is_never_above_what_was_found():
    rng = np.random.default_rng(2)
    for _ in range(3):
        instance, _ = tiny(rng.uniform(2, 6, 9), list("ABABABABA"))
        solution = solve(instance, effort=0.05)
        assert solution is not None
        assert solution.bound <= solution.objective


class TestTheChecker:
    """It sees what is wrong: each fault put into a sound grid is named."""

    @pytest.fixture
    def sound(self):
        instance, form = tiny([4.0, 4.0, 4.0], "ABA")
        solution = solve(instance)
        grid = to_grid(instance, solution, form, np.array([4.0, 8.0]), np.ones(2))
        assert grid_check.violations(instance, grid) == []
        return instance, grid

    @pytest.mark.parametrize(
        ("field", "change", "says"),
        [
            ("bar_beats", lambda a: np.where(np.arange(len(a)) == 0, 7, a), "7 quarters"),
            ("bar_tempo_us", lambda a: a + 500, "ends"),
            ("bar_tempo_us", lambda a: np.where(np.arange(len(a)) == 1, a * 12 // 10, a), "jumps"),
            ("bar_section", lambda a: a[::-1], "shared out"),
            ("bar_section", lambda a: np.maximum(a - 1, 0), "shared out"),
        ],
    )
    def test_it_names_the_fault(self, sound, field, change, says):
        instance, grid = sound
        broken = replace(grid, **{field: change(getattr(grid, field))})
        assert any(says in fault for fault in grid_check.violations(instance, broken))

    @pytest.mark.parametrize(
        ("cut_s", "price"),
        [(2.0, 0.0), (3.0, 0.04), (2.5, 0.56), (2.25, 0.72), (2.125, 0.72), (2.15, 0.7241)],
    )
    def test_a_cut_costs_what_its_beat_does_not_save(self, cut_s, price):
        form = Form((Section("A", 0.0, 6.0),))
        instance, without = (
            grid_instance.make_instance(form, cuts, cuts * 0 + 0.8, 6.0, config.Ask(tempo="120"))
            for cuts in (np.array([cut_s]), np.zeros(0))
        )
        bars = Solution(((0, len(instance.anchor_us) - 1, (4, 4, 4)),), "FEASIBLE", 0.0, 0.0)
        grid = to_grid(instance, bars, form, np.zeros(0), np.zeros(0))
        more = grid_check.cost(instance, grid) - grid_check.cost(without, grid)
        assert more == pytest.approx(price, abs=1e-4)
