"""MorpheuS's task: what is sought is measured on the notes, and what is found is best where that is known."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from exact_plans import windows_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from music_notes import music as music_of

from tensionbgm.kernels import cpu, rules
from tensionbgm.music import morpheus
from tensionbgm.music.notes import Notes
from tensionbgm.music.scores import read_score
from tensionbgm.search import morpheus_beam
from tensionbgm.search.morpheus_solve import fitting_weights, improve, solve
from tensionbgm.search.morpheus_task import SHARES, profile, task, weighted, written
from tensionbgm.search.morpheus_ties import repeats
from tensionbgm.search.problem import empty_state
from tensionbgm.search.skeleton import optimum


def template(rows: list[tuple[float, float, int, int]]) -> Notes:
    """A piece of (onset, duration, pitch, track)."""
    return music_of([(onset, duration, pitch, 80, track, False) for onset, duration, pitch, track in rows])


def templates(least: int = 2, most: int = 8, long: int = 12) -> st.SearchStrategy[Notes]:
    """Pieces of few notes, long and short, on a grid of sixteenths, with silences."""
    row = st.tuples(st.integers(0, long), st.integers(1, 8), st.integers(48, 72), st.integers(0, 1))
    made = st.lists(row, min_size=least, max_size=most)
    return made.map(lambda rows: template([(a / 4, d / 4, pitch, track) for a, d, pitch, track in rows]))


def counted(problem: rules.Problem, x: np.ndarray) -> np.ndarray:
    """What the kernels say that pitches (k, V) of the variables cost, int64 (k,)."""
    state = empty_state(problem, len(x))
    state.x[:] = x
    cpu.restart(problem, state, threads=1)
    return state.cost[:, 0].copy()


@settings(max_examples=40)
@given(music=templates(), seed=st.integers(0, 99))
def test_the_problem_costs_the_squares_of_what_is_measured_on_the_notes(music, seed):
    posed = task(music)
    rng, start = np.random.default_rng(seed), posed.posed.problem.domain_start
    x = posed.posed.problem.domain_pitch[rng.integers(start[:-1], start[1:])]
    away = (profile(music, posed.pitches(x)) - posed.target) * rules.RADIUS
    slack = 16 * np.abs(away).sum() + 64 * away.size  # centres are cut down to whole units, a few of them
    assert abs(counted(posed.posed.problem, x[None])[0] - (away**2).sum()) <= slack


@given(music=templates(), seed=st.integers(0, 99))
def test_f_is_the_sum_of_its_parts_and_nothing_for_the_template(music, seed):
    posed = task(music)
    pitch = posed.drawn(seed)
    over, found, _ = morpheus.measure(written(music, pitch), "8th")
    parts = [
        np.linalg.norm(getattr(found, name) - getattr(morpheus.measure(music, "8th")[1], name)) / len(over)
        for name in ("diameter", "momentum", "strain")
    ]
    assert posed.cost(pitch) == pytest.approx(float(np.sum(SHARES * parts / posed.ceiling)))
    assert posed.cost(music.notes["pitch"]) == 0


@given(music=templates(), seed=st.integers(0, 99), moved=st.lists(st.integers(-1, 1), min_size=8, max_size=8))
def test_f_does_not_hear_octaves(music, seed, moved):
    posed = task(music)
    pitch = posed.drawn(seed)
    other = pitch + 12 * np.array(moved)[: len(pitch)]
    np.testing.assert_allclose(profile(music, pitch), profile(music, other), atol=1e-12)


@settings(max_examples=40)
@given(music=templates(), target=templates(), seed=st.integers(0, 9), tie=st.booleans())
def test_a_beam_s_cost_is_what_the_kernels_count(music, target, seed, tie):
    higher = int(music.notes["pitch"][-1]) - int(music.notes["pitch"][0])
    ties = [(len(music.notes) - 1, 0, higher)] if tie else []
    posed = task(music, ties=ties, target=borrowed(target, music))
    path = morpheus_beam.search(posed.posed.problem, morpheus_beam.steps(posed.posed.problem), 300, seed)
    assert path.cost == counted(posed.posed.problem, path.x[None])[0]


@settings(max_examples=25)
@given(music=templates(2, 3), target=templates(), tie=st.booleans())
def test_a_beam_with_room_for_all_finds_the_best_of_all_pitches(music, target, tie):
    higher = int(music.notes["pitch"][-1]) - int(music.notes["pitch"][0])
    ties = [(len(music.notes) - 1, 0, higher)] if tie else []
    problem = task(music, ties=ties, target=borrowed(target, music)).posed.problem
    domains = [problem.domain_pitch[a:b] for a, b in itertools.pairwise(problem.domain_start)]
    every = np.array(list(itertools.product(*domains)), np.int64)
    path = morpheus_beam.search(problem, morpheus_beam.steps(problem), 10**6)
    assert path.exact
    assert path.cost == counted(problem, every).min()


def borrowed(other: Notes, music: Notes) -> np.ndarray:
    """The profile of another piece, over and over, for as many windows."""
    wanted, lent = profile(music, music.notes["pitch"]).shape[1], profile(other, other.notes["pitch"])
    return lent[:, np.arange(wanted) % lent.shape[1]]


@pytest.mark.parametrize("form", [[0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 3]])
def test_a_wide_beam_and_exact_elimination_agree_where_no_note_is_held(form):
    problem = windows_problem(form, voices=2, seed=len(set(form)))
    path = morpheus_beam.search(problem, morpheus_beam.steps(problem), 10**6)
    assert path.cost == optimum(problem).cost
    np.testing.assert_array_equal(counted(problem, path.x[None]), path.cost)


@settings(max_examples=15)
@given(music=templates(4), target=templates(), seed=st.integers(0, 9))
def test_what_is_found_keeps_ties_and_ranges_and_never_gets_worse(music, target, seed):
    higher = int(music.notes["pitch"][-1]) - int(music.notes["pitch"][0])
    posed = task(music, ties=[(len(music.notes) - 1, 0, higher)], target=borrowed(target, music))
    rounds = list(itertools.islice(improve(posed, seed), 3))
    cost = [posed.cost(pitch) for pitch in rounds]
    assert cost == sorted(cost, reverse=True)
    for pitch in rounds:
        assert pitch[-1] == pitch[0] + higher
        assert ((posed.low <= pitch) & (pitch <= posed.high)).all()


def test_a_round_that_finds_nothing_better_keeps_what_there_was(monkeypatch):
    music = template([(k / 2, 0.5, 60 + 5 * k % 13, 0) for k in range(12)])
    posed = task(music, target=np.zeros((3, 12)))
    low = posed.posed.problem.domain_pitch[posed.posed.problem.domain_start[:-1]] + np.arange(12) % 12
    rounds = improve(posed)
    first = next(rounds)
    monkeypatch.setattr(
        "tensionbgm.search.morpheus_solve.search",
        lambda *_: morpheus_beam.Path(low, 0, False, 0),
    )
    monkeypatch.setattr("tensionbgm.search.morpheus_solve._settled", lambda _, x: x)
    assert posed.cost(posed.pitches(low)) > posed.cost(first)
    np.testing.assert_array_equal(next(rounds), first)


def test_weights_make_the_gradient_of_the_squares_that_of_f():
    posed = task(template([(k / 2, 0.5, 60 + 5 * k % 13, 0) for k in range(12)]))
    distance = np.array([0.3, 0.1, 0.2])
    squares, plain = 2 * fitting_weights(posed, distance) * distance, SHARES / posed.ceiling
    np.testing.assert_allclose(squares / squares[0], plain / plain[0])


def test_another_weight_changes_the_cost_of_its_component_alone():
    posed = task(template([(k / 2, 0.5, 60 + 7 * k % 12, 0) for k in range(12)]))
    problem = posed.posed.problem
    x = np.full((1, posed.free), 60)
    each = [counted(weighted(problem, row), x)[0] for row in np.eye(3) * 2 + 1]
    plain = counted(weighted(problem, np.ones(3)), x)[0]
    assert sum(each) == 5 * plain


def test_repeats_are_tied_to_the_first_of_their_kind():
    notes = [(0, 1, 60), (0.5, 0.5, 64), (2, 1, 62), (2.5, 0.5, 66), (4, 1, 62), (4.5, 0.5, 65)]
    music = template([(a, d, p, 0) for a, d, p in notes])
    assert repeats(music, 2) == ((2, 0, 2), (3, 1, 2))


@given(music=templates(most=12, long=16))
def test_the_template_keeps_the_ties_of_its_repeats(music):
    pitch = music.notes["pitch"].astype(int)
    for note, followed, higher in repeats(music, 1):
        assert pitch[note] == pitch[followed] + higher


def test_tasks_that_contradict_themselves_are_refused():
    music = template([(0, 1, 60, 0), (1, 1, 62, 0), (2, 1, 64, 0)])
    with pytest.raises(ValueError, match="tied itself"):
        task(music, ties=[(1, 0, 0), (2, 1, 0)])
    with pytest.raises(ValueError, match="no pitch in common"):
        task(music, ties=[(1, 0, 12)])
    with pytest.raises(ValueError, match="6 windows"):
        task(music, target=np.zeros((3, 5)))


def test_a_beam_refuses_what_is_more_than_tension():
    problem = windows_problem([0, 1])
    costly = problem._replace(domain_cost=problem.domain_cost + 1)
    with pytest.raises(ValueError, match="cost something"):
        morpheus_beam.steps(costly)


@pytest.mark.parametrize("quarters", [None, 2.0])
def test_the_prelude_in_c_gets_exactly_the_tension_it_had_from_other_notes(quarters):
    music21 = pytest.importorskip("music21")
    music = read_score(Path(music21.__file__).parent / "corpus" / "bach" / "bwv846.mxl")
    posed = task(music, ties=repeats(music, quarters) if quarters else ())
    one, again, other = (solve(posed, seed=seed) for seed in (0, 0, 1))
    assert posed.cost(one) == pytest.approx(0, abs=1e-9)
    assert np.mean((one - music.notes["pitch"]) % 12 != 0) > 0.1
    np.testing.assert_array_equal(one, again)
    assert quarters or (one != other).any()  # ties leave few ways
