"""Where the music is struck harder: markers on the beats laid for them, cuts on the nearest 16th."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plan_piece import arch, make_grid

from tensionbgm.config import PALETTES, Ask
from tensionbgm.forms import BEATS, PPQ, Grid, Marker
from tensionbgm.plan.accents import accents
from tensionbgm.plan.grid_markers import make_accents
from tensionbgm.plan.key import Mood
from tensionbgm.plan.plan import plan_piece


@st.composite
def marked_grids(draw: st.DrawFn) -> tuple[Grid, list[Marker], list[int]]:
    """Bars of any length, markers up to 40 ms from beats of their kind, cuts anywhere; and those beats."""
    beats = draw(st.lists(st.integers(2, 7), min_size=4, max_size=10))
    grid = make_grid(beats, draw(st.integers(250_000, 1_000_000)))
    strong = {int(t) for t in grid.bar_tick[:-1]}
    strong |= {int(t) + 2 * PPQ for t, n in zip(grid.bar_tick, beats, strict=False) if n == 4}
    of_kind = {"downbeat": grid.bar_tick[:-1].tolist(), "strong": sorted(strong)}
    of_kind["any"] = list(range(0, int(grid.bar_tick[-1]), PPQ))
    ticks, markers, end_s = [], [], float(grid.bar_us[-1]) / 1e6
    for beat in draw(st.lists(st.sampled_from(BEATS), min_size=1, max_size=5)):
        ticks.append(draw(st.sampled_from(of_kind[beat])))
        off_s = draw(st.floats(-0.0399, 0.0399))
        time_s = float(np.clip(grid.seconds(ticks[-1]) + off_s, 0, end_s - 1e-3))
        markers.append(Marker(time_s, "m", draw(st.floats(0, 1)), beat))
    cuts = np.array(sorted(draw(st.lists(st.floats(0, end_s), max_size=12))))
    cut_s, weight = make_accents(cuts, np.ones(len(cuts)), None, markers, end_s)
    return dataclasses.replace(grid, cut_s=cut_s, cut_weight=weight), markers, ticks


@given(marked_grids())
def test_a_marker_is_an_accent_on_its_very_beat_at_any_tempo_and_no_cut_takes_its_place(case):
    grid, markers, ticks = case
    found = {accent.tick: accent.weight for accent in accents(grid, markers)}
    for marker, tick in zip(markers, ticks, strict=True):
        assert found.get(tick, -1.0) >= marker.weight


@given(marked_grids())
def test_markers_alone_are_struck_nowhere_else(case):
    grid, markers, ticks = case
    times = {marker.time_s for marker in markers}
    alone = np.isin(grid.cut_s, list(times))
    grid = dataclasses.replace(grid, cut_s=grid.cut_s[alone], cut_weight=grid.cut_weight[alone])
    assert {accent.tick for accent in accents(grid, markers)} == set(ticks)


@given(marked_grids())
def test_without_markers_no_accent_is_further_than_40_ms_from_a_cut(case):
    grid, _, _ = case
    for accent in accents(grid):
        assert np.abs(grid.seconds(accent.tick) - grid.cut_s).min() <= 0.04 + 1e-9


@settings(max_examples=12, deadline=None)
@given(marked_grids(), st.sampled_from(PALETTES))
def test_a_note_is_planned_to_start_on_the_beat_of_every_marker(case, palette):
    grid, markers, ticks = case
    plan = plan_piece(grid, arch(grid, low=0.3), Ask(palette=palette), Mood(), "t", markers=markers)
    assert plan.markers == tuple(markers)
    assert set(ticks) <= set(plan.slots["onset_tick"].tolist())


def test_at_240_a_marker_39_ms_after_its_downbeat_is_struck_there_and_not_on_the_sixteenth_after():
    cut = 4 * 4 * 0.25 + 0.039  # a 16th lasts 62.5 ms
    grid = make_grid([4] * 8, 250_000, cuts=[cut])
    on_beat = accents(grid, [Marker(cut, "drop", beat="downbeat")])
    assert [accent.tick for accent in on_beat] == [4 * 4 * PPQ]
    assert [accent.tick for accent in accents(grid)] == [4 * 4 * PPQ + PPQ // 4]
