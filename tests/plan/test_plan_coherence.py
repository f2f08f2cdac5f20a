"""What a listener recognises: the theme in every section, returns, repeated phrases, developed motifs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.config import PALETTES, Ask
from tensionbgm.forms import PPQ, Curve, Grid, Marker, Plan, Section, Solver
from tensionbgm.plan import ideas, line, motifs, phrases
from tensionbgm.plan.key import Mood
from tensionbgm.plan.palettes import ENSEMBLES
from tensionbgm.plan.plan import plan_piece


def film(labels: str, lengths: list[int], values: list[float], beats: int = 4) -> tuple[Grid, Curve]:
    """A grid of sections of so many bars, and a curve that stays around each section's value."""
    n, tempo_us = sum(lengths), 550_000
    line_s = np.arange(n + 1) * beats * tempo_us / 1e6
    edge = np.concatenate([[0], np.cumsum(lengths)])
    first: dict[str, int] = {}
    sections = []
    for i, label in enumerate(labels):
        repeats = first.get(label)
        first.setdefault(label, i)
        sections.append(Section(label, float(line_s[edge[i]]), float(line_s[edge[i + 1]]), repeats))
    times = np.concatenate([[line_s[a] + 0.01, line_s[b] - 0.01] for a, b in itertools.pairwise(edge)])
    grid = Grid(
        np.full(n, beats, np.int64),
        np.full(n, tempo_us, np.int64),
        np.repeat(np.arange(len(lengths)), lengths),
        tuple(sections),
        np.zeros(0),
        np.zeros(0),
        Solver("OPTIMAL", 0.0, 0.0),
    )
    return grid, Curve(times, np.repeat(values, 2).astype(float), "inline")


def section_of(plan: Plan) -> np.ndarray:
    """Section of every slot."""
    bar = np.searchsorted(plan.grid.bar_tick, plan.slots["onset_tick"], side="right") - 1
    return plan.grid.bar_section[np.clip(bar, 0, plan.grid.n_bars - 1)]


def roles(plan: Plan) -> np.ndarray:
    """Role of every slot."""
    return np.array([part.role for part in plan.parts])[plan.slots["part"]]


def tied_share(plan: Plan, again: int, first: int) -> float:
    """Share of a section's pitched notes that are tied to an earlier one's; the film's end left out."""
    section, pitched = section_of(plan), roles(plan) != "percussion"
    before_end = plan.slots["onset_tick"] < plan.grid.bar_tick[-3]
    known = plan.slots["tie"][pitched & (section == first)]
    here = plan.slots["tie"][pitched & before_end & (section == again)]
    return float(np.isin(here, known).mean())


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    labels=st.text("ABCDEFG", min_size=8, max_size=8),
    values=st.lists(st.floats(0, 1), min_size=8, max_size=8),
    palette=st.sampled_from(PALETTES),
    beats=st.sampled_from([2, 3, 4]),
)
def test_the_theme_sounds_in_every_section(
    lengths: list[int], labels: str, values: list[float], palette: str, beats: int
):
    grid, curve = film(labels[: len(lengths)], lengths, values[: len(lengths)], beats)
    plan = plan_piece(grid, curve, Ask(palette=palette), Mood(), "t")
    sung = set(section_of(plan)[roles(plan) == "melody"].tolist())
    assert sung == set(range(len(lengths)))


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_most_of_a_return_is_the_same_music(palette: str, value: float):
    grid, curve = film("ABAC", [4, 5, 4, 4], [value, 0.5, value, 0.4])
    for seed in range(3):
        plan = plan_piece(grid, curve, Ask(palette=palette, seed=seed), Mood(), "t")
        assert tied_share(plan, 2, 0) > 0.75


@pytest.mark.parametrize("palette", PALETTES)
def test_a_return_in_another_temper_keeps_the_rhythm_and_the_contour_of_the_tune(palette: str):
    grid, curve = film("ABAC", [4, 5, 4, 4], [0.2, 0.5, 0.8, 0.4])
    plan = plan_piece(grid, curve, Ask(palette=palette), Mood(), "t")
    section, melody = section_of(plan), roles(plan) == "melody"
    doubled = {i for i, part in enumerate(plan.parts) if part.name in DOUBLING}
    melody &= ~np.isin(plan.slots["part"], list(doubled))
    first, again = (plan.slots[melody & (section == k)] for k in (0, 2))
    start = [int(plan.grid.bar_tick[b]) for b in (0, 9)]
    assert set(first["onset_tick"] - start[0]) == set(again["onset_tick"] - start[1])
    both = ((first, start[0]), (again, start[1]))
    tune = [dict(zip(s["onset_tick"] - at, s["aim"], strict=True)) for s, at in both]
    turns = [np.sign(np.diff([heard[t] for t in sorted(heard)])) for heard in tune]
    assert np.mean(turns[0] * turns[1] == -1) <= 0.25  # other chords may level a step, seldom turn it round
    assert np.corrcoef(*[[heard[t] for t in sorted(heard)] for heard in tune])[0, 1] > 0.5


def test_a_longer_return_says_a_short_theme_again_and_goes_on():
    grid, curve = film("ABAC", [2, 4, 6, 4], [0.5] * 4)
    plan = plan_piece(grid, curve, Ask(palette="cinematic"), Mood(), "t")
    assert tied_share(plan, 2, 0) > 0.6


def test_a_short_return_at_the_end_states_the_theme_before_the_last_chord():
    grid, curve = film("ABCA", [2, 4, 4, 2], [0.4] * 4)
    plan = plan_piece(grid, curve, Ask(palette="acoustic"), Mood(), "t")
    section, melody = section_of(plan), roles(plan) == "melody"
    first = set(plan.slots["tie"][melody & (section == 0)])
    assert len(first & set(plan.slots["tie"][melody & (section == 3)])) >= 2


def test_phrases_inside_a_section_repeat_where_the_curve_stays():
    grid, curve = film("A", [20], [0.5])
    bars = phrases.lay_out(grid, curve)
    repeated = [bar for bar in bars if bar.source != bar.place]
    assert len(repeated) >= 6


def test_many_labels_are_developments_of_one_theme():
    grid, curve = film(
        "ABCDEFGHCI", [3, 2, 2, 5, 4, 2, 2, 3, 4, 2], [0.4, 0.55, 0.3, 0.5, 0.9, 0.9, 0.8, 0.7, 0.2, 0.2]
    )
    found = ideas.ideas_of(phrases.lay_out(grid, curve))
    assert {idea.root for idea in found.values()} == {0}
    assert found[0].kind == "plain"
    assert len({(idea.kind, idea.lift) for idea in found.values()}) >= 3


def test_a_long_film_has_a_second_theme_and_no_third():
    grid, curve = film("ABCBAD", [12, 12, 8, 12, 12, 8], [0.3, 0.7, 0.5, 0.7, 0.3, 0.2])
    found = ideas.ideas_of(phrases.lay_out(grid, curve))
    assert {idea.root for idea in found.values()} == {0, 1}


DOUBLING = {p.part.name for e in ENSEMBLES.values() for seat in e.seats for p in seat if p.line == "double"}
MOTIFS = st.builds(
    lambda seed, busy, beats: motifs.new_motif("lilting", busy, beats, np.random.default_rng(seed)),
    st.integers(0, 99),
    st.integers(0, 2),
    st.just(4),
)


@given(MOTIFS)
def test_developments_keep_what_makes_the_motif(motif: motifs.Motif):
    pair = (motif, motif)
    assert motifs.develop("plain", pair, 4) == pair
    upside_down = motifs.develop("inverted", pair, 4)[0]
    assert upside_down.rhythm == motif.rhythm
    assert upside_down.steps == tuple(-s for s in motif.steps)
    slow, on = motifs.develop("augmented", pair, 4)
    assert [length for _, length in slow.rhythm[:-1]] == [
        2 * x for _, x in motif.rhythm[: len(slow.rhythm) - 1]
    ]
    assert slow.rhythm[0][0] == on.rhythm[0][0] * 1.0 == 0.0 or motif.rhythm[0][0] > 0
    pieces = motifs.develop("fragmented", pair, 4)[0]
    half = [on for on, _ in pieces.rhythm if on < 2]
    assert half == [on for on, _ in motif.rhythm if on < 2]
    assert [on + 2 for on in half] == [on for on, _ in pieces.rhythm if on >= 2]


@given(MOTIFS, st.sampled_from(motifs.KINDS))
def test_developed_motifs_stay_in_their_bar(motif: motifs.Motif, kind: str):
    for made in motifs.develop(kind, (motif, motif), 4):
        assert len(made.rhythm) == len(made.steps)
        ends = [on + length for on, length in made.rhythm]
        assert all(a <= b + 1e-9 for a, (b, _) in zip(ends, made.rhythm[1:], strict=False))
        assert ends[-1] <= 4


@given(
    st.lists(
        st.tuples(st.integers(60, 84), st.sampled_from([0x91, 0x221, 0x884, 0xAB5])), min_size=1, max_size=12
    )
)
def test_a_line_keeps_to_its_chords_and_register_and_leaps_no_tritone_it_can_avoid(
    asked: list[tuple[int, int]],
):
    places = [line.Place(wanted, mask, mask) for wanted, mask in asked]
    found = line.write_line(places, 60, 84, None)
    assert len(found) == len(places)
    assert all(mask >> (p % 12) & 1 and 60 <= p <= 84 for p, (_, mask) in zip(found, asked, strict=True))


def test_a_line_runs_in_no_parallel_octaves_with_the_bass_if_it_can_help_it():
    c, d = 0x91, 0x224  # C major over C, D minor over D
    places = [line.Place(72, c, c), line.Place(74, d, d, bass=50, bass_before=48)]
    a, b = line.write_line(places, 60, 84, None)
    assert not ((a - 48) % 12 == (b - 50) % 12 and (a - 48) % 12 in (0, 7) and b > a)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(60, 72), st.sampled_from([0x91, 0x221, 0x884])), min_size=1, max_size=5)
)
def test_no_line_is_cheaper_than_the_one_written(asked: list[tuple[int, int]]):
    places = [line.Place(wanted, mask, mask) for wanted, mask in asked]

    def cost(pitches: tuple[int, ...]) -> float:
        total = line._own(pitches[0], places[0])
        for i in range(1, len(places)):
            before = pitches[i - 2] if i > 1 else None
            total += line._own(pitches[i], places[i])
            total += line._move(places[i - 1], places[i], pitches[i - 1], pitches[i])
            total += line.UNANSWERED * line.is_unanswered(before, pitches[i - 1], pitches[i])
        return total

    best = min(map(cost, itertools.product(*(line._candidates(place, 60, 76) for place in places))))
    assert abs(cost(tuple(line.write_line(places, 60, 76, None))) - best) < 1e-9


def test_a_leap_is_answered_by_turning_back_by_less():
    wrong = [line.is_unanswered(60, 70, after) for after in (72, 60, 70)]
    right = [line.is_unanswered(*notes) for notes in ((60, 70, 67), (60, 67, 69), (None, 70, 72))]
    assert (wrong, right) == ([True] * 3, [False] * 3)


def test_no_voice_leaps_into_a_phrase_without_a_breath():
    grid, curve = film("ABA", [8, 8, 8], [0.2, 0.9, 0.95])
    for seed in range(6):
        plan = plan_piece(grid, curve, Ask(palette="cinematic", seed=seed), Mood(), "t")
        melody = [i for i, part in enumerate(plan.parts) if part.role == "melody"]
        for part in melody:
            own = plan.slots[plan.slots["part"] == part]
            leaps = np.flatnonzero(np.abs(np.diff(own["aim"].astype(int))) > 12)
            rest = own["onset_tick"][1:] - own["onset_tick"][:-1] - own["duration_tick"][:-1]
            assert (rest[leaps] >= PPQ).all()


def test_the_melody_reaches_its_top_where_the_film_does():
    grid, curve = film("ABC", [8, 8, 8], [0.2, 0.9, 0.3])
    tops = []
    for seed in range(6):
        plan = plan_piece(grid, curve, Ask(palette="cinematic", seed=seed), Mood(), "t")
        section, melody = section_of(plan), roles(plan) == "melody"
        top = [plan.slots["aim"][melody & (section == k)].max() for k in range(3)]
        tops.append(int(np.argmax(top)))
    assert tops.count(1) >= 5


@pytest.mark.parametrize(("beats", "strong"), [(2, {0, 1}), (3, {0}), (4, {0, 2})])
def test_each_metre_has_patterns_of_its_own(beats: int, strong: set[int]):
    grid, curve = film("A", [12], [0.5], beats)
    plan = plan_piece(grid, curve, Ask(palette="cinematic"), Mood(), "t")
    drums = plan.slots[roles(plan) == "percussion"]
    kick = drums[drums["low"] == 36]["onset_tick"] % (beats * PPQ) // PPQ
    assert set(kick.tolist()) <= strong


def test_two_films_with_one_seed_are_two_pieces():
    keys = set()
    for length in range(8, 20):
        grid, curve = film("A", [length], [0.5])
        keys.add(plan_piece(grid, curve, Ask(), Mood(), "t").keys[0])
    assert len(keys) >= 4


def test_the_melody_is_louder_than_the_pads_under_it():
    grid, curve = film("AB", [6, 6], [0.1, 0.9])
    for palette in PALETTES:
        plan = plan_piece(grid, curve, Ask(palette=palette), Mood(), "t")
        for k in (0, 1):
            here = section_of(plan) == k
            loud = {
                r: np.median(plan.slots["velocity"][here & (roles(plan) == r)]) for r in ("melody", "pad")
            }
            assert loud["melody"] >= loud["pad"] + 15


@pytest.mark.parametrize("beats", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(30))
def test_an_off_beat_motif_is_answered_in_a_bar_of_any_length(beats, seed):
    dice = np.random.default_rng(seed)
    late = motifs.Motif(((beats / 2, beats / 2),), (0,))
    said = motifs.answer(late, "driving", 1, beats, dice)
    assert len(said.rhythm) == len(said.steps) >= 1


@settings(max_examples=20, deadline=None)
@given(
    values=st.lists(st.sampled_from([0.1, 0.5, 0.95]), min_size=4, max_size=4),
    palette=st.sampled_from(PALETTES),
    beats=st.sampled_from([3, 4]),
)
def test_force_that_breaks_off_into_calm_leaves_a_hole_in_which_only_the_melody_sounds(
    values, palette, beats
):
    grid, curve = film("ABCD", [4] * 4, values, beats)
    plan = plan_piece(grid, curve, Ask(palette=palette), Mood(), "t")
    falls = [bar for bar in phrases.lay_out(grid, curve) if bar.turn == "fall"]
    assert {bar.index for bar in falls} <= {4, 8, 12}
    assert all(values[bar.index // 4 - 1] > values[bar.index // 4] for bar in falls)
    assert len(falls) >= sum(a - b > 0.8 for a, b in itertools.pairwise(values[:-1]))
    onset, end = plan.slots["onset_tick"], plan.slots["onset_tick"] + plan.slots["duration_tick"]
    for bar in falls:
        stop = bar.start_tick + (beats + 1) // 2 * PPQ
        inside = (end > bar.start_tick + PPQ) & (onset < stop)
        assert set(roles(plan)[inside].tolist()) <= {"melody"}
        struck = (onset == bar.start_tick) & (roles(plan) != "melody")
        assert struck.any()


@pytest.mark.parametrize("palette", PALETTES)
def test_two_falls_in_a_row_leave_two_holes(palette):
    grid, _ = film("A", [12], [0.5])
    line_s = grid.bar_us / 1e6
    curve = Curve(
        np.array([0.0, line_s[5] - 0.01, line_s[5], line_s[6] - 0.01, line_s[6]]),
        np.array([0.95, 0.95, 0.5, 0.5, 0.05]),
        "inline",
    )
    cut = replace(grid, cut_s=line_s[[5, 6]], cut_weight=np.ones(2))
    falls = [bar for bar in phrases.lay_out(cut, curve) if bar.turn == "fall"]
    assert [bar.index for bar in falls] == [5, 6]
    plan = plan_piece(cut, curve, Ask(palette=palette), Mood(), "t")
    end = plan.slots["onset_tick"] + plan.slots["duration_tick"]
    for bar in falls:
        inside = (end > bar.start_tick + PPQ) & (plan.slots["onset_tick"] < bar.start_tick + 2 * PPQ)
        assert set(roles(plan)[inside].tolist()) <= {"melody"}


@settings(max_examples=15, deadline=None)
@given(
    palette=st.sampled_from(PALETTES),
    seed=st.integers(0, 20),
    beat=st.sampled_from([1, 2, 3]),
    weight=st.floats(0, 1),
)
def test_a_marker_in_a_hole_is_struck(palette, seed, beat, weight):
    grid, curve = film("AB", [4, 4], [0.95, 0.1])
    tick = int(grid.bar_tick[4]) + beat * PPQ
    time_s = float(grid.seconds(tick))
    marked = replace(grid, cut_s=np.array([time_s]), cut_weight=np.array([weight]))
    marker = Marker(time_s, "door", weight, "any")
    plan = plan_piece(marked, curve, Ask(palette=palette, seed=seed), Mood(), "t", markers=[marker])
    assert (plan.slots["onset_tick"] == tick).any()


def test_a_strongest_cut_on_a_downbeat_turns_the_music_inside_a_section():
    grid, _ = film("A", [16], [0.5])
    line_s = grid.bar_us / 1e6
    curve = Curve(
        np.array([line_s[8] - 0.01, line_s[8], line_s[12] - 0.01, line_s[12]]),
        np.array([0.2, 0.95, 0.95, 0.1]),
        "inline",
    )
    for weight, turns in ((1.0, {8: "drop", 12: "fall"}), (0.3, {})):
        cut = replace(grid, cut_s=line_s[[8, 12]] + 0.03, cut_weight=np.full(2, weight))
        assert {bar.index: bar.turn for bar in phrases.lay_out(cut, curve) if bar.turn} == turns
