"""The whole planner: what must hold for every plan, whatever the film."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm import saved
from tensionbgm.config import PALETTES, Ask
from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Curve, Grid, Plan, Section, Solver
from tensionbgm.music import scale
from tensionbgm.plan import pace
from tensionbgm.plan.key import Mood
from tensionbgm.plan.plan import describe, plan_piece


def make_grid(
    beats: list[int],
    tempo_us: int = 600_000,
    lengths: list[int] | None = None,
    labels: str = "A",
    transpose: int = 0,
    cuts: list[float] | None = None,
    weights: list[float] | None = None,
) -> Grid:
    """A grid with sections of the given bar lengths; equal labels are returns, shifted by `transpose`."""
    n = len(beats)
    lengths = lengths or [n]
    edges = np.concatenate([[0], np.cumsum(lengths)])
    beat = np.asarray(beats, np.int64)
    line_s = np.concatenate([[0], np.cumsum(beat * tempo_us)]) / 1e6
    first: dict[str, int] = {}
    sections = []
    for i, label in enumerate(labels[: len(lengths)]):
        repeats = first.get(label)
        first.setdefault(label, i)
        start, end = float(line_s[edges[i]]), float(line_s[edges[i + 1]])
        sections.append(Section(label, start, end, repeats, transpose if repeats is not None else 0))
    cut = np.asarray(cuts or [], float)
    weight = np.asarray(weights if weights is not None else np.ones(len(cut)), float)
    return Grid(
        beat,
        np.full(n, tempo_us, np.int64),
        np.repeat(np.arange(len(lengths)), lengths),
        tuple(sections),
        cut,
        weight,
        Solver("OPTIMAL", 0.0, 0.0),
    )


def arch(grid: Grid, low: float = 0.1, high: float = 0.95) -> Curve:
    """Calm, a climax at two thirds, calm again."""
    end = float(grid.bar_us[-1]) / 1e6
    return Curve(np.array([0.0, 0.66 * end, end]), np.array([low, high, low]), "inline")


def flat(value: float) -> Curve:
    return Curve(np.array([0.0, 1.0]), np.array([value, value]), "inline")


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    n_sections = draw(st.integers(1, 6))
    lengths = draw(st.lists(st.integers(1, 14), min_size=n_sections, max_size=n_sections))
    labels = draw(st.text("ABC", min_size=n_sections, max_size=n_sections))
    meter = draw(st.sampled_from([2, 3, 4]))
    odd = draw(st.sets(st.integers(0, sum(lengths) - 1), max_size=4))
    beats = [draw(st.integers(1, 6)) if b in odd else meter for b in range(sum(lengths))]
    tempo_us = draw(st.integers(300_000, 1_000_000))
    end_s = sum(beats) * tempo_us / 1e6
    cuts = sorted(draw(st.lists(st.floats(0, end_s), max_size=20, unique=True)))
    weights = [draw(st.floats(0, 1)) for _ in cuts]
    return make_grid(beats, tempo_us, lengths, labels, draw(st.integers(-5, 6)), cuts, weights)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    times = sorted(draw(st.lists(st.floats(0, 120), min_size=1, max_size=6, unique_by=lambda t: round(t, 2))))
    values = [draw(st.floats(0, 1)) for _ in times]
    return Curve(np.array(times), np.array(values), "inline")


asks = st.builds(
    Ask,
    palette=st.sampled_from([None, *PALETTES]),
    seed=st.integers(0, 99),
    key=st.sampled_from([None, "D minor", "Ab"]),
)
moods = st.builds(Mood, valence=st.floats(-1, 1), energy=st.floats(0, 1))


def pitches_of(slot: np.void) -> set[int]:
    return {p for p in range(slot["low"], slot["high"] + 1) if int(slot["allowed"]) >> (p % 12) & 1}


@settings(max_examples=40, deadline=None)
@given(grid=grids(), curve=curves(), ask=asks, mood=moods)
def test_every_plan_keeps_the_rules_of_slots(grid: Grid, curve: Curve, ask: Ask, mood: Mood):
    plan = plan_piece(grid, curve, ask, mood, "t")
    slots, end = plan.slots, int(grid.bar_tick[-1])
    assert len(slots) > 0
    assert (slots["onset_tick"] >= 0).all()
    assert (slots["duration_tick"] > 0).all()
    assert (slots["onset_tick"] + slots["duration_tick"] <= end).all()
    assert ((slots["velocity"] >= 1) & (slots["velocity"] <= 127)).all()
    assert (slots["part"] >= 0).all()
    assert (slots["part"] < len(plan.parts)).all()
    order = np.lexsort((slots["voice"], slots["part"], slots["onset_tick"]))
    np.testing.assert_array_equal(order, np.arange(len(slots)))
    for slot in slots:
        part = plan.parts[slot["part"]]
        assert part.low <= slot["low"] <= slot["high"] <= part.high
        assert pitches_of(slot)
        if part.role == "percussion":
            assert slot["low"] == slot["high"]


@settings(max_examples=25, deadline=None)
@given(grid=grids(), curve=curves(), ask=asks)
def test_lines_are_monophonic_and_ties_have_a_common_pitch(grid: Grid, curve: Curve, ask: Ask):
    slots = plan_piece(grid, curve, ask, Mood(), "t").slots
    last: dict[tuple[int, int], int] = {}
    common: dict[int, set[int]] = {}
    for slot in slots:
        line = (int(slot["part"]), int(slot["voice"]))
        assert slot["onset_tick"] >= last.get(line, 0)
        last[line] = int(slot["onset_tick"]) + int(slot["duration_tick"])
        base = {p - int(slot["shift"]) for p in pitches_of(slot)}
        tie = int(slot["tie"])
        common[tie] = common.get(tie, base) & base
    assert all(common.values())


@settings(max_examples=25, deadline=None)
@given(grid=grids(), curve=curves(), ask=asks)
def test_chords_cover_the_piece_and_the_end_is_the_tonic_held_to_the_last_tick(
    grid: Grid, curve: Curve, ask: Ask
):
    plan = plan_piece(grid, curve, ask, Mood(), "t")
    assert plan.chords[0].start_tick == 0
    assert plan.chords[-1].end_tick == grid.bar_tick[-1]
    for before, after in zip(plan.chords, plan.chords[1:], strict=False):
        assert before.end_tick == after.start_tick
    key, last = plan.keys[-1], plan.chords[-1]
    assert (last.root, last.bass) == (key.tonic, key.tonic)
    ends = plan.slots["onset_tick"] + plan.slots["duration_tick"]
    lasting = {plan.parts[p].role for p in plan.slots["part"][ends == grid.bar_tick[-1]]}
    assert {"pad", "bass", "melody"} <= lasting


@settings(max_examples=10, deadline=None)
@given(grid=grids(), curve=curves(), ask=asks)
def test_a_plan_is_the_same_for_the_same_seed_and_survives_its_file(
    grid: Grid, curve: Curve, ask: Ask, tmp_path_factory: pytest.TempPathFactory
):
    one, two = (plan_piece(grid, curve, ask, Mood(), "t") for _ in range(2))
    assert one.slots.tobytes() == two.slots.tobytes()
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    saved.save(one, path)
    back = saved.load(Plan, path)
    np.testing.assert_array_equal(back.slots, one.slots)
    assert (back.chords, back.parts, back.keys, back.palette) == (
        one.chords,
        one.parts,
        one.keys,
        one.palette,
    )


def test_another_seed_gives_another_piece():
    grid = make_grid([4] * 24)
    plans = [plan_piece(grid, arch(grid), Ask(palette="cinematic", seed=s), Mood(), "t") for s in range(6)]
    assert len({p.keys[0] for p in plans}) > 2
    assert len({tuple(c.symbol for c in p.chords) for p in plans}) == 6
    tunes = {tuple(p.slots["onset_tick"][p.slots["part"] == 0]) for p in plans}
    assert len(tunes) > 3


def test_every_role_plays_and_there_are_at_least_five_parts():
    grid = make_grid([4] * 16)
    for palette in PALETTES:
        for curve in (flat(0.05), flat(0.5), flat(1.0)):
            plan = plan_piece(grid, curve, Ask(palette=palette), Mood(), "t")
            assert {p.role for p in plan.parts} >= {"melody", "arpeggio", "pad", "bass", "percussion"}
            assert len({p.channel for p in plan.parts}) == len(plan.parts)
            assert all((p.channel == 9) == (p.role == "percussion") for p in plan.parts)


def test_palettes_differ_in_instruments_and_rhythm():
    grid = make_grid([4] * 16)
    plans = [plan_piece(grid, flat(0.7), Ask(palette=p, key="C"), Mood(), "t") for p in PALETTES]
    programs = [{part.program for part in p.parts} for p in plans]
    assert all(len(a & b) <= 4 for a in programs for b in programs if a is not b)
    bass = [
        tuple(p.slots["onset_tick"][[p.parts[i].name.endswith(("Bass", "bass")) for i in p.slots["part"]]])
        for p in plans
    ]
    assert len(set(bass)) == 3


@pytest.mark.parametrize("transpose", [0, 3, -2])
def test_a_return_repeats_the_theme_and_the_chords_of_its_first_section(transpose: int):
    grid = make_grid([4] * 28, lengths=[8, 8, 8, 4], labels="ABAC", transpose=transpose)
    plan = plan_piece(grid, flat(0.5), Ask(palette="cinematic", seed=3), Mood(), "t")
    melody = plan.slots[plan.slots["part"] == 0]
    bar = PPQ * 4
    first = melody[(melody["onset_tick"] >= 2 * bar) & (melody["onset_tick"] < 8 * bar)]
    again = melody[(melody["onset_tick"] >= 18 * bar) & (melody["onset_tick"] < 24 * bar)]
    np.testing.assert_array_equal(first["onset_tick"] + 16 * bar, again["onset_tick"])
    np.testing.assert_array_equal(first["tie"], again["tie"])
    assert (again["shift"] - first["shift"] == transpose).all()
    here = [c.root for c in plan.chords if c.start_tick < 8 * bar]
    there = [(c.root - transpose) % 12 for c in plan.chords if 16 * bar <= c.start_tick < 24 * bar]
    assert here == there


def test_the_music_is_denser_and_fuller_where_the_curve_is_high():
    grid = make_grid([4] * 40)
    for palette in PALETTES:
        plan = plan_piece(grid, arch(grid), Ask(palette=palette, seed=1), Mood(), "t")
        bar = plan.slots["onset_tick"] // (4 * PPQ)
        count = np.bincount(bar, minlength=40)
        tension = plan.curve.mean(grid.bar_us[:-1] / 1e6, grid.bar_us[1:] / 1e6)
        assert np.corrcoef(count, tension)[0, 1] > 0.75
        parts = [len(set(plan.slots["part"][bar == b])) for b in range(40)]
        assert np.mean(parts[23:30]) >= np.mean(parts[:7]) + 2.5


def test_every_band_is_about_as_dense_as_the_bar_asks():
    """Whoever plays and however fast the beat, the attacks a second follow the curve."""
    missed, spread = [], []
    for palette in PALETTES:
        for seed, tempo_us in enumerate((500_000, 600_000, 700_000)):
            grid = make_grid([4] * 24, tempo_us)
            plan = plan_piece(grid, arch(grid), Ask(palette=palette, seed=seed), Mood(), "t")
            bar_s = grid.bar_us / 1e6
            onset_s = np.unique(grid.seconds(plan.slots["onset_tick"]))
            attacks = np.histogram(onset_s, bar_s)[0] / np.diff(bar_s)
            reached = scale.level("density", np.log2(1 + attacks))[:-1]
            target = plan.curve.mean(bar_s[:-1], bar_s[1:])[:-1]
            asked = pace.CALM + (pace.TENSE - pace.CALM) * target
            missed.append(np.abs(reached - asked).mean())
            spread.append(np.corrcoef(reached, asked)[0, 1])
    assert np.mean(missed) < 0.12
    assert np.mean(spread) > 0.6


def test_a_cut_on_a_sixteenth_is_marked_and_one_between_is_not_forced():
    cuts = [9.6, 9.6 + 0.45, 14.4 + 0.075]  # a downbeat, three 16ths later, half way between two 16ths
    grid = make_grid([4] * 16, cuts=cuts)
    plain = plan_piece(make_grid([4] * 16), flat(0.5), Ask(palette="cinematic"), Mood(), "t").slots
    slots = plan_piece(grid, flat(0.5), Ask(palette="cinematic"), Mood(), "t").slots

    def at(table: np.ndarray, tick: int) -> np.ndarray:
        return table[table["onset_tick"] == tick]

    for cut in cuts[:2]:
        tick = round(cut / 0.6 * PPQ)
        assert len(at(slots, tick)) > len(at(plain, tick))
        assert at(slots, tick)["velocity"].max() > plain["velocity"].mean() + 10
    between = round(cuts[2] / 0.6 * PPQ)
    assert len(slots[np.abs(slots["onset_tick"] - between) < 60]) == len(
        plain[np.abs(plain["onset_tick"] - between) < 60]
    )


def test_a_calm_theme_that_comes_back_loud_comes_higher():
    grid = make_grid([4] * 20, lengths=[8, 8, 4], labels="AAB")
    curve = Curve(np.array([0.0, 19.0, 19.2, 48.0]), np.array([0.3, 0.3, 0.9, 0.9]), "inline")
    higher = []
    for seed in range(5):
        plan = plan_piece(grid, curve, Ask(palette="cinematic", seed=seed), Mood(), "t")
        calm = plan.slots[(plan.slots["part"] == 0) & (plan.slots["onset_tick"] < 8 * 4 * PPQ)]
        loud = plan.slots[(plan.slots["part"] == 1) & (plan.slots["onset_tick"] < 16 * 4 * PPQ)]
        higher.append(loud["aim"].mean() - calm["aim"].mean())
    assert np.mean(higher) > 6


def test_a_film_of_one_bar_gets_one_chord():
    plan = plan_piece(make_grid([3]), flat(0.3), Ask(), Mood(), "t")
    assert len(plan.chords) == 1


def test_a_key_that_is_none_is_refused_in_a_line():
    with pytest.raises(InputError, match="'H minor'"):
        plan_piece(make_grid([4]), flat(0.3), Ask(key="H minor"), Mood(), "t")


def test_the_description_has_a_line_for_every_bar():
    grid = make_grid([4] * 5)
    assert len(describe(plan_piece(grid, flat(0.3), Ask(), Mood(), "t")).splitlines()) == 6


def test_thirty_minutes_of_bars_are_planned():
    grid = make_grid([4] * 300, 500_000, [30] * 10, "ABACABDABA")
    plan = plan_piece(grid, arch(grid), Ask(), Mood(), "t")
    assert plan.chords[-1].end_tick == 300 * 4 * PPQ


def test_films_of_different_kinds_get_all_three_palettes():
    dark, plain = make_grid([4] * 16), make_grid([4] * 16)
    quick = make_grid([4] * 16, cuts=[1.2 * k for k in range(1, 30)])
    for seed in range(5):
        ask = Ask(seed=seed)
        assert plan_piece(dark, flat(0.6), ask, Mood(-0.5, 0.6), "t").palette == "cinematic"
        assert plan_piece(quick, flat(0.6), ask, Mood(0.3, 0.6), "t").palette == "electronic"
        assert plan_piece(plain, flat(0.3), ask, Mood(0.5, 0.35), "t").palette == "acoustic"


def test_two_seeds_are_two_bands():
    grid = make_grid([4] * 24)
    for palette in PALETTES:
        plans = [plan_piece(grid, arch(grid), Ask(palette=palette, seed=s), Mood(), "t") for s in range(8)]
        bands = {tuple(part.name for part in plan.parts) for plan in plans}
        assert len(bands) >= 6


def test_no_part_but_drums_plays_a_few_bars_only():
    grid = make_grid([4] * 40)
    for palette in PALETTES:
        for seed in range(4):
            plan = plan_piece(grid, arch(grid), Ask(palette=palette, seed=seed), Mood(), "t")
            for number, part in enumerate(plan.parts):
                bars = set(plan.slots["onset_tick"][plan.slots["part"] == number] // (4 * PPQ))
                assert len(bars) >= 4 or part.role == "percussion" or part.name == "Timpani"


def test_what_falls_silent_off_the_tonic_closes_on_the_next_downbeat():
    grid = make_grid([4] * 24, lengths=[8, 8, 8], labels="ABC")
    curve = Curve(
        np.array([0.0, 19.1, 19.3, 38.3, 38.5, 60.0]), np.array([0.2, 0.2, 0.9, 0.9, 0.1, 0.1]), "inline"
    )
    for palette in PALETTES:
        for seed in range(3):
            plan = plan_piece(grid, curve, Ask(palette=palette, seed=seed), Mood(), "t")
            bar = plan.slots["onset_tick"] // (4 * PPQ)
            tonic = [c for c in plan.chords if c.start_tick < 16 * 4 * PPQ][-1].root == plan.keys[0].tonic
            loud = {p for p in set(plan.slots["part"][bar == 15]) if plan.parts[p].role == "pad"}
            assert tonic or all(((bar == 16) & (plan.slots["part"] == p)).any() for p in loud)
