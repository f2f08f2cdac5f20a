"""Textures: what each kind of part is given to play."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.forms import PPQ
from tensionbgm.plan import bass, figures, line, motifs, pace, pads, palettes, percussion, phrases, slots
from tensionbgm.plan import staffing as staffs
from tensionbgm.plan.key import Mood
from tensionbgm.plan.slots import Note

masks = st.sets(st.integers(0, 11), min_size=2, max_size=5).map(lambda pcs: sum(1 << pc for pc in pcs))


@given(st.integers(1, 400))
def test_phrases_fill_a_section_with_at_most_five_bars_each(n: int):
    lengths = phrases.split_phrases(n)
    assert sum(lengths) == n
    assert max(lengths) <= 5
    assert all(length == 4 for length in lengths[:-1])


@given(low=st.integers(0, 120), width=st.integers(0, 30), mask=st.integers(0, 4095), wish=st.floats(0, 127))
def test_the_nearest_pitch_is_allowed_and_none_is_nearer(low: int, width: int, mask: int, wish: float):
    high = min(low + width, 127)
    found = slots.nearest(wish, low, high, mask)
    fits = [p for p in range(low, high + 1) if mask >> (p % 12) & 1]
    assert (found == -1) == (not fits)
    if fits:
        assert found in fits
        assert abs(found - wish) == min(abs(p - wish) for p in fits)


def triad(root: int, minor: bool) -> int:
    return 1 << root % 12 | 1 << (root + 3 + (not minor)) % 12 | 1 << (root + 7) % 12


@given(
    st.lists(st.tuples(st.integers(0, 11), st.booleans()), min_size=2, max_size=8),
    st.sampled_from([(74, 67, 60, 52), (72, 64, 55)]),
)
def test_voicings_are_complete_in_order_and_move_little(
    roots: list[tuple[int, bool]], middles: tuple[int, ...]
):
    last = middles
    for root, minor in roots:
        chord = triad(root, minor)
        now = pads.voicing(chord, middles, last)
        assert {p % 12 for p in now} == {pc for pc in range(12) if chord >> pc & 1}
        assert list(now) == sorted(now, reverse=True)
        assert len(set(now)) == len(now)
        assert all(abs(p - m) <= pads.REACH for p, m in zip(now, middles, strict=True))
        assert np.mean([abs(a - b) for a, b in zip(now, last, strict=True)]) <= 6
        last = now


@given(masks, st.integers(36, 60), st.integers(61, 90))
def test_a_ladder_rises_through_chord_tones(mask: int, low: int, high: int):
    rungs = figures.ladder(mask, low, high, 0)
    assert all(a < b for a, b in itertools.pairwise(rungs))
    assert all(mask >> (p % 12) & 1 and low <= p <= high for p in rungs)


def test_every_figure_and_pattern_is_well_formed():
    for shapes in (figures.SHAPES, figures.WALTZES, figures.MARCHES):
        assert set(shapes) == set(figures.SHAPES)
        assert all(any(rung is not None for rung in shape) for shape in shapes.values())
    assert all(len(shape) % 3 == 0 for shape in figures.WALTZES.values())
    for kit in percussion.KITS.values():
        for metre in (2, 3, 4):
            levels = [kit.pattern(metre, level) for level in range(len(phrases.LEVELS) + 1)]
            for pattern in (p for level in levels for p in level.values()):
                assert len(pattern) == 4 * metre
                assert set(pattern) <= set(".123456789")
    for metre, styles in bass.FIGURES.items():
        for figure in (f for style in styles.values() for f in style):
            assert all(at + length <= metre for at, length, _ in figure)
    for beats, feels in ((2, motifs.CELLS), (3, motifs.TRIPLE)):
        for cells in (c for feel in feels.values() for c in feel):
            assert all(sum(abs(x) for x in cell) == beats for cell in cells)


def a_bar(level: int = 2, target: float = 0.5, beats: int = 4, beat_s: float = 0.6) -> phrases.Bar:
    return phrases.Bar(
        index=0, start_tick=0, beats=beats, beat_s=beat_s, section=0, material=0, place=0, source=0,
        phrase=0, in_phrase=0, n_phrase=4, transpose=0, target=target, energy=target, level=level,
        phrase_level=level, opens=True, closes=False, ending="",
    )  # fmt: skip


@given(
    beats=st.integers(1, 6),
    steps=st.sampled_from(pace.PACES),
    span=st.tuples(st.integers(0, 5), st.integers(1, 6)),
    slowing=st.booleans(),
)
def test_a_pace_fills_its_chord_from_the_first_tick_to_the_last(
    beats: int, steps: pace.Pace, span: tuple[int, int], slowing: bool
):
    start, stop = sorted({min(span[0], beats - 1) * PPQ, min(sum(span), beats) * PPQ})
    strokes = pace.strokes(a_bar(beats=beats), steps, start, stop, slowing)
    assert strokes[0][0] == start
    assert all(on + length == after for (on, length), (after, _) in itertools.pairwise([*strokes, (stop, 0)]))
    assert all(length > 0 for _, length in strokes)


@given(target=st.floats(0, 1), level=st.integers(0, 4), beat_s=st.floats(0.3, 1.2), fastest=st.integers(2, 4))
def test_paces_rise_from_slow_to_quick_and_none_is_too_quick_to_play(
    target: float, level: int, beat_s: float, fastest: int
):
    bar = a_bar(level, target, beat_s=beat_s)
    choices = pace.paces(bar, fastest)
    assert choices
    notes = [sum(choice) / len(choice) for choice in choices]
    assert notes == sorted(notes)
    quickest = max(max(choice) for choice in choices)
    assert quickest <= fastest
    assert quickest <= 2 or beat_s / 4 >= pace.QUICKEST_S
    heard = [pace.density(bar, len(pace.strokes(bar, c, 0, 4 * PPQ, False))) for c in choices]
    assert heard == sorted(heard)


@pytest.mark.parametrize(
    "palette",
    [palettes.cast(e, np.random.default_rng(s)) for e in palettes.ENSEMBLES.values() for s in range(8)],
    ids=lambda p: p.name,
)
def test_every_palette_can_play_at_every_level(palette: palettes.Palette):
    for level in range(5):
        lines = {p.line for p in palette.players if p.levels[0] <= level <= p.levels[1]}
        assert lines >= {"theme", "figure", "pad", "bass", "drums"}
    calm = [p for p in palette.players if p.levels[0] == 0]
    loud = [p for p in palette.players if p.levels[1] == 4]
    assert len(loud) > len(calm)
    for player in palette.players:
        if player.line == "theme":
            assert player.part.low <= palette.theme_low + 12 * player.octave + 6
            assert player.part.high >= palette.theme_high + 12 * player.octave - 8
        if player.line == "bass":
            assert palette.bass_style in bass.FOURS
            assert palette.drum_style in percussion.KITS
            assert palette.feel in motifs.CELLS
            assert palette.feel in motifs.TRIPLE
        if player.line == "figure":
            assert len(player.shapes) >= 2
            assert set(player.shapes) <= set(figures.SHAPES)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ensemble", palettes.ENSEMBLES.values(), ids=lambda e: e.name)
def test_as_tension_rises_players_come_in_one_by_one_and_nobody_needed_is_missing(
    ensemble: palettes.Ensemble, seed: int
):
    rising = np.linspace(0, 1, 201)
    bars = tuple(
        dataclasses.replace(a_bar(phrases.level_of(t), float(t)), index=i, steady=float(t))
        for i, t in enumerate(rising)
    )
    band = staffs.staff(palettes.cast(ensemble, np.random.default_rng(seed)), bars)
    playing = [{p.part.name for p in band.players if p.plays(bar.level, bar.steady)} for bar in bars]
    lines = {p.part.name: p.line for p in band.players}
    assert all({lines[n] for n in now} >= {"theme", "figure", "pad", "bass", "drums"} for now in playing)
    entering = [now - before for before, now in itertools.pairwise(playing)]
    assert all(len({n for n in new if lines[n] != "theme"}) <= 2 for new in entering)
    few = staffs.staff(palettes.cast(ensemble, np.random.default_rng(seed)), bars[:: len(bars) // 4])
    assert all(p.waits == 0 for p in few.players)


def test_quick_films_are_electronic_dark_ones_cinematic_and_quiet_warm_ones_acoustic():
    rng = np.random.default_rng(0)
    assert palettes.choose_palette(None, Mood(0.3, 0.6, cuts_per_min=30), rng).name == "electronic"
    assert palettes.choose_palette(None, Mood(-0.6, 0.6), rng).name == "cinematic"
    assert palettes.choose_palette(None, Mood(0.8, 0.1), rng).name == "acoustic"
    assert palettes.choose_palette("cinematic", Mood(0.8, 0.1), rng).name == "cinematic"


@given(seed=st.integers(0, 200), n=st.integers(1, 9))
def test_a_contour_moves_by_step_and_leaps_once_at_most(seed: int, n: int):
    steps = motifs.contour(n, np.random.default_rng(seed))
    moves = np.abs(np.diff(steps))
    assert len(steps) == n
    assert (moves > 1).sum() <= 1
    assert moves.max(initial=0) <= 4


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 50))
def test_a_rhythm_fits_bars_of_any_length(beats: int, other: int, seed: int):
    rng = np.random.default_rng(seed)
    rhythm = motifs.fit(motifs.rhythm_of(motifs.CELLS["driving"][seed % 3], beats, rng), other)
    for (on, length), following in zip(rhythm, [*rhythm[1:], (float(other), 0.0)], strict=True):
        assert length > 0
        assert on + length <= max(following[0], on + 1e-9) + 1e-9


@given(st.integers(-20, 20), st.integers(0, 11), st.sampled_from(["major", "minor"]))
def test_seven_scale_steps_are_an_octave(step: int, tonic: int, mode: str):
    assert line.step_pitch(step + 7, tonic, mode, 70) - line.step_pitch(step, tonic, mode, 70) == 12


def test_a_tie_is_given_up_where_it_leaves_no_pitch():
    c, d = 1 << 0, 1 << 2
    notes = [
        Note(0, PPQ, 0, 0, 60, 72, c, c, key=("a",)),
        Note(PPQ, PPQ, 0, 0, 60, 72, c, c, key=("a",)),
        Note(2 * PPQ, PPQ, 0, 0, 60, 72, d, d, key=("a",)),
        Note(3 * PPQ, PPQ, 0, 0, 62, 74, d, d, key=("a",), shift=2),
    ]
    ties = slots._ties(notes)
    assert ties[0] == ties[1] == ties[3]
    assert ties[2] != ties[0]
