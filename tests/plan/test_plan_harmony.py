"""Keys, chords and the choice of harmony."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.forms import Curve, Grid, Section, Solver
from tensionbgm.music import spiral, tension
from tensionbgm.plan import chords, harmony, key, phrases

MODES = ("major", "minor")


def a_grid(beats: list[int], tempo_us: int = 600_000) -> Grid:
    n = len(beats)
    end = sum(beats) * tempo_us / 1e6
    none = np.zeros(0)
    return Grid(
        np.asarray(beats, np.int64),
        np.full(n, tempo_us, np.int64),
        np.zeros(n, np.int64),
        (Section("A", 0.0, end),),
        none,
        none,
        Solver("OPTIMAL", 0.0, 0.0),
    )


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("D minor", 2, "minor"),
        ("Eb major", 3, "major"),
        ("f#m", 6, "minor"),
        ("C", 0, "major"),
        (" a ", 9, "minor"),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, tonic: int, mode: str):
    assert key.parse_key(text) == (tonic, mode)


@given(st.text(max_size=12))
def test_any_text_is_a_key_or_a_fault_in_a_line(text: str):
    fault = None
    try:
        tonic, mode = key.parse_key(text)
    except InputError as found:
        fault = found
    if fault is None:
        assert 0 <= tonic < 12
        assert mode in MODES
    assert "\n" not in str(fault)


def test_every_key_is_spelled_with_at_most_six_accidentals():
    for mode in MODES:
        for tonic in range(12):
            home = key.tonic_fifths(tonic, mode)
            names = [key.spell(home + k) for k in key.scale_fifths(mode)]
            assert len({name[0] for name in names}) == 7  # every letter once
            assert sum(len(name) - 1 for name in names) <= 6


@pytest.mark.parametrize("dark", [True, False])
def test_dark_films_are_mostly_minor_and_bright_ones_major(dark: bool):
    mood = key.Mood(valence=-0.9 if dark else 0.9)
    modes = [key.choose_key(None, mood, np.random.default_rng(s))[1] for s in range(60)]
    assert modes.count("minor" if dark else "major") > 45


def test_symbols_are_those_a_player_reads():
    named = {c.name: c for c in chords.MINOR}
    assert named["i/3"].symbol(2, "minor") == "Dm/F"
    assert named["V7"].symbol(2, "minor") == "A7"
    assert named["viio7"].symbol(2, "minor") == "C#dim7"
    assert named["N"].symbol(2, "minor") == "Eb"
    assert named["VI"].symbol(10, "minor") == "Gb"
    major = {c.name: c for c in chords.MAJOR}
    assert major["V7/V"].symbol(0, "major") == "D7"
    assert major["I64"].symbol(3, "major") == "Eb/Bb"


@pytest.mark.parametrize("mode", MODES)
def test_the_vocabulary_is_consistent(mode: str):
    words = chords.vocabulary(mode)
    names = {c.name for c in words}
    assert len(names) == len(words)
    for chord in words:
        assert set(chord.goals) & names or not chord.goals
        for tonic in range(12):
            mask = chord.mask(tonic)
            assert mask >> chord.bass_pc(tonic) & 1
            rotated = (chord.mask(0) << tonic | chord.mask(0) >> (12 - tonic)) & 0xFFF
            assert mask == rotated


@pytest.mark.parametrize("mode", MODES)
def test_strain_rises_from_tonic_over_subdominant_to_chromatic_chords(mode: str):
    index = {c.name: i for i, c in enumerate(chords.vocabulary(mode))}
    strain = np.linalg.norm(chords.blurred_centres(mode) - spiral.key_point(mode), axis=1)
    tonic, four = (index["I"], index["IV"]) if mode == "major" else (index["i"], index["iv"])
    assert strain[tonic] < strain[four] < strain[index["V7/V"]]


def test_a_secondary_dominant_brings_its_leading_note_into_the_scale():
    words = {c.name: c for c in chords.MAJOR}
    scale = key.mask_of(list(chords.chord_scale(words["V7/V"], "major")), 0)
    assert scale >> 6 & 1  # F sharp
    assert not scale >> 5 & 1  # instead of F
    minor = {c.name: c for c in chords.MINOR}
    scale = key.mask_of(list(chords.chord_scale(minor["V7"], "minor")), 9)
    assert scale >> 8 & 1  # G sharp in A minor
    assert not scale >> 7 & 1


@settings(max_examples=40, deadline=None)
@given(
    beats=st.lists(st.integers(1, 6), min_size=1, max_size=40),
    value=st.floats(0, 1),
    mode=st.sampled_from(MODES),
    seed=st.integers(0, 20),
)
def test_the_piece_opens_around_the_tonic_and_ends_on_it(
    beats: list[int], value: float, mode: str, seed: int
):
    grid = a_grid(beats)
    curve = Curve(np.array([0.0]), np.array([value]), "inline")
    bars = phrases.lay_out(grid, curve)
    spans, _ = harmony.harmonise(grid, bars, curve, 5, mode, np.random.default_rng(seed))
    assert spans[0].chord.root + spans[0].chord.bass == 0 or spans[0].chord.root == 0
    last = spans[-1].chord
    assert (last.root, last.bass, last.function) == (0, 0, "T")
    assert value > harmony.COLOURED_END or last.quality == ("M" if mode == "major" else "m")
    assert [s.start_tick for s in spans[1:]] == [s.end_tick for s in spans[:-1]]


@pytest.mark.parametrize("mode", MODES)
def test_tonal_tension_of_the_chords_follows_the_curve(mode: str):
    grid = a_grid([4] * 48)
    end = float(grid.bar_us[-1]) / 1e6
    curve = Curve(np.array([0.0, 0.3, 0.6, 1.0]) * end, np.array([0.05, 0.5, 0.95, 0.1]), "inline")
    spans, _ = harmony.harmonise(grid, phrases.lay_out(grid, curve), curve, 0, mode, np.random.default_rng(0))
    diameter = [tension.chord_profile(s.chord.mask(0), 0, mode)[0] for s in spans]
    strain = [tension.chord_profile(s.chord.mask(0), 0, mode)[1] for s in spans]
    asked = curve.at(grid.seconds(np.array([s.start_tick for s in spans])))
    far = [chords.FUNCTION_TENSION[s.chord.function] for s in spans]
    assert np.corrcoef(asked, np.array(diameter) + np.array(strain))[0, 1] > 0.4
    assert np.corrcoef(asked, far)[0, 1] > 0.4


def test_calm_music_changes_chords_less_often_than_tense_music():
    grid = a_grid([4] * 24, 500_000)
    counts = []
    for value in (0.1, 0.5, 0.9):
        curve = Curve(np.array([0.0]), np.array([value]), "inline")
        bars = phrases.lay_out(grid, curve)
        spans, _ = harmony.harmonise(grid, bars, curve, 0, "minor", np.random.default_rng(1))
        counts.append(len(harmony.merge(spans, bars, "minor")))
    assert counts[0] < counts[1] < counts[2]


@pytest.mark.parametrize("mode", MODES)
def test_tense_harmony_leads_on_and_does_not_swing(mode: str):
    grid = a_grid([4] * 24, 500_000)
    curve = Curve(np.array([0.0, 24.0]), np.array([0.6, 1.0]), "inline")
    swings = windows = 0
    for seed in range(6):
        bars = phrases.lay_out(grid, curve)
        spans, _ = harmony.harmonise(grid, bars, curve, 0, mode, np.random.default_rng(seed))
        roots = [chord.root for chord in harmony.merge(spans, bars, mode)]
        fours = list(zip(roots, roots[1:], roots[2:], roots[3:], strict=False))
        swings += sum(a == c != b == d for a, b, c, d in fours)
        windows += len(fours)
    assert swings <= 0.05 * windows  # where a bar returns after other music, nothing keeps its chord from it


def test_keys_that_are_chosen_have_few_accidentals():
    for seed in range(80):
        tonic, mode = key.choose_key(None, key.Mood(valence=0.2), np.random.default_rng(seed))
        home = key.tonic_fifths(tonic, mode)
        assert sum(len(key.spell(home + k)) - 1 for k in key.scale_fifths(mode)) <= 4
