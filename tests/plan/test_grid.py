"""The bars of a film: properties first, then pinned films, then real cut lists."""

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm import config, saved
from tensionbgm.errors import Cancelled, InputError, UsageError
from tensionbgm.forms import Form, Grid, Section, Shots
from tensionbgm.plan import grid_check, grid_instance
from tensionbgm.plan.grid import plan_grid, to_grid
from tensionbgm.plan.grid_solve import Solution
from tensionbgm.progress import Watch

VIDEOS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "videos" / "derived"


def shots(cuts, strength=None) -> Shots:
    cut_s = np.array(cuts, float)
    return Shots(cut_s, np.ones(len(cut_s)) if strength is None else strength, np.zeros((0, 2)), cut_s)


def one_section(duration_s) -> Form:
    return Form((Section("A", 0.0, duration_s),))


def sections(labels, edges) -> Form:
    return Form(tuple(Section(n, a, b) for n, a, b in zip(labels, edges[:-1], edges[1:], strict=True)))


def strong_beats(grid: Grid) -> np.ndarray:
    downbeat = grid.bar_us / 1e6
    middle = (grid.bar_us[:-1] + 2 * grid.bar_tempo_us)[grid.bar_beats == 4] / 1e6
    return np.sort(np.concatenate([downbeat, middle]))


def error_s(grid: Grid) -> np.ndarray:
    return np.abs(grid.cut_s[:, None] - strong_beats(grid)).min(axis=1)


def checked(form, cuts, duration_s, ask, grid) -> None:
    """The grid convinces the checker, and both name the same price."""
    instance = grid_instance.make_instance(form, grid.cut_s, grid.cut_weight, duration_s, ask)
    assert grid_check.violations(instance, grid) == []
    assert grid_check.cost(instance, grid) == pytest.approx(grid.solver.objective, abs=0.02)
    assert grid.solver.bound <= grid.solver.objective + 1e-9


@st.composite
def films(draw):
    duration = draw(st.floats(8, 45))
    gaps = draw(st.lists(st.floats(0.2, 6), max_size=12))
    cuts = [c for c in np.cumsum(gaps) if c < duration]
    strength = np.array(draw(st.lists(st.floats(0, 1), min_size=len(cuts), max_size=len(cuts))))
    inner = sorted(draw(st.lists(st.sampled_from(cuts), max_size=3, unique=True))) if cuts else []
    labels = draw(st.lists(st.sampled_from("AB"), min_size=len(inner) + 1, max_size=len(inner) + 1))
    return sections(labels, [0.0, *inner, duration]), shots(cuts, strength), duration


@settings(deadline=None, max_examples=15)
@given(film=films(), meter=st.sampled_from(["2/4", "3/4", "4/4"]))
def test_the_grid_convinces_the_checker(film, meter):
    form, cuts, duration = film
    ask = config.Ask(meter=meter)
    checked(form, cuts, duration, ask, plan_grid(form, cuts, duration, ask))


@settings(deadline=None, max_examples=40)
@given(duration=st.floats(0.5, 400), tempo=st.sampled_from(["72-140", "90", "60-61", "200-240", "30"]))
def test_the_last_bar_ends_with_the_film(duration, tempo):
    grid = plan_grid(one_section(duration), shots([]), duration, config.Ask(tempo=tempo))
    assert abs(int(grid.bar_us[-1]) - round(duration * 1e6)) <= 3
    assert (grid.bar_beats >= 2).all()


@settings(deadline=None, max_examples=8)
@given(film=films())
def test_sections_cover_the_bars_in_order(film):
    form, cuts, duration = film
    grid = plan_grid(form, cuts, duration, config.Ask())
    assert sorted(set(grid.bar_section.tolist())) == list(range(len(grid.sections)))
    assert grid.sections[0].start_s == 0
    assert grid.sections[-1].end_s == pytest.approx(duration, abs=1e-5)
    for before, after in zip(grid.sections[:-1], grid.sections[1:], strict=True):
        assert before.end_s == after.start_s
    for section in grid.sections:
        if section.repeats is not None:
            assert grid.sections[section.repeats].label == section.label
            assert grid.sections[section.repeats].repeats is None


def test_the_same_film_gives_the_same_grid():
    rng = np.random.default_rng(3)
    cuts = np.cumsum(rng.uniform(1, 5, 9))
    form = sections("ABA", [0.0, cuts[2], cuts[5], 33.0])
    first, second = (plan_grid(form, shots(cuts), 33.0, config.Ask()) for _ in range(2))
    assert json.dumps(saved.to_json(first)) == json.dumps(saved.to_json(second))


def test_cuts_at_every_other_second_all_fall_on_strong_beats():
    grid = plan_grid(one_section(20.0), shots(np.arange(2, 20, 2)), 20.0, config.Ask())
    assert error_s(grid).max() < 0.001
    assert set(grid.bar_tempo_us.tolist()) == {grid.bar_tempo_us[0]}
    assert (grid.bar_beats == 4).all()


def test_equal_sections_of_equal_length_get_equal_bars():
    form = sections("ABACA", [0.0, 5.0, 10.0, 15.0, 20.0, 25.0])
    grid = plan_grid(form, shots([5, 10, 15, 20]), 25.0, config.Ask())
    first, second, third = (grid.bar_beats[grid.bar_section == s].tolist() for s in (0, 2, 4))
    assert first == second == third
    assert [s.repeats for s in grid.sections] == [None, None, 0, None, 0]


def test_returns_of_nearly_equal_length_are_drawn_to_equal_bars():
    edges = [0.0, 9.6, 21.0, 30.7, 40.0]
    alike = plan_grid(sections("ABAC", edges), shots(edges[1:-1]), 40.0, config.Ask())
    quarters = [alike.bar_beats[alike.bar_section == s].sum() for s in (0, 2)]
    assert quarters[0] == quarters[1]


def test_a_section_shorter_than_a_bar_joins_its_neighbour_and_repeats_stay_true():
    form = sections("XABAX", [0.0, 0.2, 8.0, 16.0, 24.0, 32.0])
    grid = plan_grid(form, shots([8, 16, 24]), 32.0, config.Ask())
    assert [s.label for s in grid.sections] == ["A", "B", "A", "X"]
    assert [s.repeats for s in grid.sections] == [None, None, 0, None]
    assert any("shorter than a bar" in w for w in grid.warnings)


def test_the_strongest_cut_of_a_flurry_leads():
    weight = grid_instance.accent_weights(
        np.array([5.0, 5.2, 5.4, 9.0]), np.array([0.5, 1.0, 0.6, 0.3]), None
    )
    assert weight.tolist() == pytest.approx([0.075, 1.0, 0.09, 0.3])


def test_all_cuts_stay_listed_and_importance_counts():
    cuts = [3.0, 3.1, 8.0]
    grid = plan_grid(one_section(12.0), shots(cuts), 12.0, config.Ask(), np.array([1.0, 0.5, 0.25]))
    assert grid.cut_s.tolist() == cuts
    assert grid.cut_weight[2] == 0.25


def test_a_cut_that_matters_more_wins_the_beat():
    cuts = [4.0, 9.13, 13.7]
    for leader in range(3):
        importance = np.where(np.arange(3) == leader, 1.0, 0.02)
        grid = plan_grid(one_section(18.0), shots(cuts), 18.0, config.Ask(), importance)
        assert error_s(grid)[leader] <= 0.04


def test_one_second_is_one_bar_with_a_warning():
    grid = plan_grid(one_section(1.0), shots([]), 1.0, config.Ask())
    assert grid.n_bars == 1
    assert grid.bar_us[-1] == 1_000_000
    assert any("single bar" in w and "meter 4/4 and a film of 1.00 s clash" in w for w in grid.warnings)


def test_three_seconds_hold_one_or_two_bars():
    assert plan_grid(one_section(3.0), shots([]), 3.0, config.Ask()).n_bars in (1, 2)


def test_a_last_bar_rings():
    rng = np.random.default_rng(8)
    for _ in range(5):
        duration = rng.uniform(10, 30)
        grid = plan_grid(one_section(duration), shots([]), duration, config.Ask())
        assert grid.bar_us[-1] - grid.bar_us[-2] >= 1_500_000


def test_less_than_half_a_second_is_refused():
    with pytest.raises(InputError, match="too short for a bar"):
        plan_grid(one_section(0.4), shots([]), 0.4, config.Ask())


def test_a_tempo_that_cannot_end_on_time_is_widened_and_said():
    grid = plan_grid(one_section(7.0), shots([]), 7.0, config.Ask(tempo="100"))
    assert grid.bar_us[-1] == pytest.approx(7_000_000, abs=3)
    said = next(w for w in grid.warnings if w.startswith("tempo 100:"))
    assert "the end of the film after 7.00 s" in said
    assert "94.3 or 102.9" in said
    assert 60e6 / grid.bar_tempo_us.max() > 90


def test_a_tempo_that_fits_is_kept_without_a_word():
    grid = plan_grid(one_section(24.0), shots([]), 24.0, config.Ask(tempo="100"))
    assert set(grid.bar_tempo_us.tolist()) == {600_000}
    assert grid.warnings == ()


def test_a_preferred_tempo_is_followed_inside_the_range():
    for bpm, expected in ((80, 80), (120, 120), (300, 140)):
        grid = plan_grid(one_section(120.0), shots([]), 120.0, config.Ask(), preferred_bpm=bpm)
        assert 60e6 / grid.bar_tempo_us.mean() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("tempo", ["fast", "", "120-80", "0", "20-90", "100-500", "90-", "-90", "nan", "1e2"])
def test_a_tempo_that_cannot_be_read_is_refused(tempo):
    with pytest.raises(UsageError, match="tempo"):
        plan_grid(one_section(10.0), shots([]), 10.0, config.Ask(tempo=tempo))


def test_a_meter_that_is_not_offered_is_refused():
    with pytest.raises(UsageError, match="meter"):
        plan_grid(one_section(10.0), shots([]), 10.0, config.Ask(meter="7/8"))


@pytest.mark.parametrize(
    ("cuts", "importance"),
    [([3.0, 2.0], None), ([np.nan], None), ([3.0], np.ones(2)), ([3.0], np.array([np.inf]))],
)
def test_cuts_that_contradict_themselves_are_refused(cuts, importance):
    with pytest.raises(InputError):
        plan_grid(one_section(10.0), shots(cuts), 10.0, config.Ask(), importance)


def test_cuts_outside_the_film_are_no_accents():
    grid = plan_grid(one_section(10.0), shots([0.0, 5.0, 10.0, 12.0]), 10.0, config.Ask())
    assert grid.cut_s.tolist() == [5.0]


def test_a_form_without_sections_is_refused():
    with pytest.raises(InputError, match="form"):
        plan_grid(Form(()), shots([]), 10.0, config.Ask())


def test_a_cancelled_watch_stops_the_planner():
    with pytest.raises(Cancelled):
        plan_grid(one_section(10.0), shots([]), 10.0, config.Ask(), watch=Watch(cancelled=lambda: True))


@pytest.mark.parametrize(("name", "share"), [("known_cuts_13shots", 0.95), ("calm_action_calm", 0.85)])
def test_strong_beats_meet_the_cuts_of_a_real_film(name, share):
    path = VIDEOS / f"{name}.gt.json"
    if not path.exists():
        pytest.skip("needs ../shared/data/videos")
    truth = json.loads(path.read_text())
    duration = truth["duration_s"]
    grid = plan_grid(one_section(duration), shots(truth["hard_cuts_s"]), duration, config.Ask())
    met = (grid.cut_weight * (error_s(grid) <= 0.04)).sum() / grid.cut_weight.sum()
    assert met >= share
    checked(one_section(duration), None, duration, config.Ask(), grid)


@settings(deadline=None, max_examples=40)
@given(
    rate=st.sampled_from([Fraction(24000, 1001), Fraction(24), Fraction(30000, 1001), Fraction(25)]),
    shots_frames=st.lists(st.integers(24, 4000), min_size=1, max_size=60),
    counts=st.lists(st.integers(2, 400), min_size=60, max_size=60),
)
def test_nothing_drifts_over_half_an_hour_at_any_rate(rate, shots_frames, counts):
    frames = np.cumsum([*shots_frames, max(1, int(1800 * rate) - sum(shots_frames))])
    exact_us = [int(n) * 1_000_000 / rate for n in frames]
    duration = float(exact_us[-1] / 1_000_000)
    moments = np.array([float(us) / 1e6 for us in exact_us[:-1]])
    instance = grid_instance.make_instance(
        one_section(duration), moments, np.ones(len(moments)), duration, config.Ask()
    )
    instance = replace(instance, anchor_us=np.array([0, *(round(us) for us in exact_us)]))
    phrases = tuple((i, i + 1, (n,)) for i, n in enumerate(counts[: len(frames)]))
    bars = to_grid(instance, Solution(phrases, "FEASIBLE", 0.0, 0.0), one_section(duration), moments, moments)
    late = [int(got) - us for got, us in zip(bars.bar_us[1:], exact_us, strict=False)]
    assert max(abs(us) for us in late) <= max(counts)  # half a microsecond a quarter, never added up
    assert bars.bar_us[-1] == np.sum(bars.bar_beats * bars.bar_tempo_us)


@pytest.mark.slow
def test_half_an_hour_at_23_976_ends_on_its_last_frame_and_meets_its_cuts_to_the_end():
    frames = np.arange(97, 43_100, 97)
    duration = float(Fraction(43_157 * 1001, 24_000))
    cuts = np.array([float(Fraction(int(n) * 1001, 24_000)) for n in frames])
    grid = plan_grid(one_section(duration), shots(cuts), duration, config.Ask())
    assert abs(int(grid.bar_us[-1]) - Fraction(43_157 * 1001, 24_000) * 1_000_000) <= 3
    assert (error_s(grid)[-20:] <= 0.04).mean() >= 0.95


@pytest.mark.slow
def test_half_an_hour_of_cuts_gets_its_bars():
    rng = np.random.default_rng(5)
    cuts = np.cumsum(rng.lognormal(np.log(4), 0.5, 600))
    cuts = cuts[cuts < 1799]
    edges = [0.0, *cuts[40:390:50], 1800.0]
    form = sections("ABACABAB"[: len(edges) - 1], edges)
    grid = plan_grid(form, shots(cuts), 1800.0, config.Ask())
    assert (error_s(grid) <= 0.04).mean() > 0.85
    checked(form, None, 1800.0, config.Ask(), grid)


def test_the_solver_leaves_ctrl_c_to_the_program():
    code = (
        "import os, signal, numpy as np\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job ignores it
        "from tensionbgm import config\n"
        "from tensionbgm.forms import Form, Section, Shots\n"
        "from tensionbgm.plan.grid import plan_grid\n"
        "cut_s = np.array([2.1, 4.4, 7.9])\n"
        "shots = Shots(cut_s, np.ones(3), np.zeros((0, 2)), cut_s)\n"
        "plan_grid(Form((Section('A', 0.0, 4.4), Section('B', 4.4, 12.0))), shots, 12.0, config.Ask())\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    __import__('time').sleep(1)\n"
        "except KeyboardInterrupt:\n"
        "    print('heard')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "heard\n", done.stderr
