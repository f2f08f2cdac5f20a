"""What listeners feel: causal, absolute, steady where the music is steady."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.music.salience import Term, Weights, integrate, smooth, trend_salience, weights

TWO = Weights(
    {"loudness": Term(0.6, 4.0, -30.0, 10.0), "density": Term(0.4, 1.0, 0.0, 5.0)},
    built_share=0.3,
    built_s=20.0,
    step_s=0.5,
    lag_s=2.0,
)
level = st.floats(0.0, 1.0)
series = st.lists(st.tuples(level, level, st.floats(0.05, 3.0)), min_size=2, max_size=40)


def unpack(rows):
    loudness, density, step = np.array(rows).T
    return {"loudness": loudness, "density": density}, np.cumsum(step)


@given(series, st.integers(1, 39), st.booleans())
def test_the_future_changes_nothing(rows, now, from_silence):
    levels, time_s = unpack(rows)
    now = min(now, len(time_s))
    whole = integrate(levels, time_s, TWO, from_silence)
    changed = {name: np.where(np.arange(len(time_s)) < now, x, 1 - x) for name, x in levels.items()}
    np.testing.assert_array_equal(integrate(changed, time_s, TWO, from_silence)[:now], whole[:now])


@given(series, st.floats(-100.0, 100.0), st.booleans())
def test_it_does_not_matter_when_the_music_begins(rows, offset_s, from_silence):
    levels, time_s = unpack(rows)
    here = integrate(levels, time_s, TWO, from_silence)
    there = integrate(levels, time_s + offset_s, TWO, from_silence)
    np.testing.assert_allclose(here, there, atol=1e-9)


@given(series, st.booleans())
def test_the_composite_stays_between_calm_and_tense(rows, from_silence):
    composite = integrate(*unpack(rows), TWO, from_silence)
    assert (composite >= -1e-12).all()
    assert (composite <= 1 + 1e-12).all()


@given(series, st.sampled_from(["loudness", "density"]), st.data(), st.booleans())
def test_a_stretch_with_more_of_anything_is_tenser_from_then_on(rows, name, data, from_silence):
    levels, time_s = unpack(rows)
    first = data.draw(st.integers(0, len(time_s) - 1))
    last = data.draw(st.integers(first + 1, len(time_s)))
    more = dict(levels)
    more[name] = levels[name].copy()
    more[name][first:last] += 0.25
    gain = integrate(more, time_s, TWO, from_silence) - integrate(levels, time_s, TWO, from_silence)
    np.testing.assert_allclose(gain[:first], 0.0, atol=1e-12)
    assert (gain[first:last] > 0).all()
    assert (gain[last:] >= -1e-12).all()


@given(level, level, st.integers(2, 30), st.floats(0.05, 3.0))
def test_music_that_was_always_so_has_one_tension(loudness, density, n, step):
    levels = {"loudness": np.full(n, loudness), "density": np.full(n, density)}
    composite = integrate(levels, np.arange(n) * step, TWO, from_silence=False)
    np.testing.assert_allclose(composite, 0.6 * loudness + 0.4 * density, atol=1e-9)


@given(level, level)
def test_steady_music_after_silence_builds_up_to_that_tension(loudness, density):
    levels = {"loudness": np.full(800, loudness), "density": np.full(800, density)}
    composite = integrate(levels, np.arange(800) * 0.5, TWO)
    assert (np.diff(composite) >= -1e-12).all()
    np.testing.assert_allclose(composite[-1], 0.6 * loudness + 0.4 * density, atol=1e-6)


@given(series, st.integers(2, 5), st.booleans())
def test_a_finer_axis_changes_little_where_levels_are_held(rows, parts, from_silence):
    levels, time_s = unpack(rows)
    time_s = np.concatenate([2 * time_s[:1] - time_s[1:2], time_s])  # the first window is like the second
    coarse_s, edges = time_s[1:], np.arange(len(time_s))
    fine_s = np.interp(np.arange(1, (len(time_s) - 1) * parts + 1) / parts, edges, time_s)
    held = {name: np.repeat(x, parts) for name, x in levels.items()}
    coarse = integrate(levels, coarse_s, TWO, from_silence)
    fine = integrate(held, fine_s, TWO, from_silence)
    last = parts - 1  # where a coarse window ends
    for name, x in levels.items():  # one integrator is exact
        one = smooth(held[name], fine_s, 4.0)[last::parts]
        np.testing.assert_allclose(one, smooth(x, coarse_s, 4.0), atol=1e-9)
    np.testing.assert_allclose(fine[last::parts], coarse, atol=TWO.built_share * 3.0 / TWO.built_s)


def test_after_silence_smoothing_rises_by_one_minus_one_over_e_in_its_time_constant():
    time_s = np.arange(0.1, 10.1, 0.1)
    rise = smooth(np.ones(100), time_s, 4.0, before=0.0)
    assert rise[39] == pytest.approx(1 - np.exp(-1), abs=1e-9)


@given(series)
def test_without_a_time_constant_nothing_is_smoothed(rows):
    levels, time_s = unpack(rows)
    np.testing.assert_array_equal(smooth(levels["loudness"], time_s, 0.0), levels["loudness"])


def test_smoothing_weighs_all_that_was_heard_and_the_recent_more():
    value, time_s = np.array([0.0, 1.0, 0.5]), np.array([1.0, 2.0, 3.0])
    age = np.exp(-np.array([2.0, 1.0, 0.0]) / 4.0)
    assert smooth(value, time_s, 4.0)[-1] == pytest.approx(age @ value / age.sum())
    assert smooth(value, time_s, 1e9)[-1] == pytest.approx(0.5)


def test_a_rest_before_the_first_note_is_soon_forgotten():
    time_s = np.arange(0.5, 10.0, 0.5)
    value = np.where(time_s <= 0.5, 0.0, 1.0)
    assert smooth(value, time_s, 8.0)[8] > 0.85  # an integrator that began at rest would be at 0.4


def test_a_component_that_is_missing_is_named():
    with pytest.raises(KeyError, match="density"):
        integrate({"loudness": np.zeros(3)}, np.arange(3.0), TWO)
    with pytest.raises(KeyError, match="density"):
        TWO.levels({"loudness": np.zeros(3)})


def test_raw_values_beyond_calm_and_tense_count_as_these():
    levels = TWO.levels({"loudness": np.array([-60.0, -10.0, 30.0]), "density": np.array([0.0, 2.5, 9.0])})
    np.testing.assert_allclose(levels["loudness"], [0.0, 0.5, 1.0])
    np.testing.assert_allclose(levels["density"], [0.0, 0.5, 1.0])


def test_shipped_weights_add_up_and_more_of_anything_is_never_calmer():
    shipped = weights()
    assert sum(term.weight for term in shipped.terms.values()) == pytest.approx(1.0, abs=1e-6)
    assert all(term.weight >= 0 and term.tense > term.calm for term in shipped.terms.values())
    assert 0.0 <= shipped.built_share < 1.0


# --------------------------------------------------------------------------- trend salience

AXIS_S = np.arange(0.0, 60.0, 0.5)


def test_a_longer_trend_counts_more_than_its_slope():
    steady = trend_salience({"loudness": AXIS_S}, AXIS_S, {"loudness": 1.0})
    halting = trend_salience(
        {"loudness": np.where(AXIS_S < 30, AXIS_S, 60 - AXIS_S)}, AXIS_S, {"loudness": 1.0}
    )
    assert (np.diff(steady) > 0).all()
    assert AXIS_S[halting.argmax()] == pytest.approx(30.0, abs=3.0)  # the window looks 3 s ahead


@given(
    st.lists(st.floats(-10.0, 10.0), min_size=20, max_size=60), st.floats(0.1, 50.0), st.floats(-99.0, 99.0)
)
def test_trend_salience_knows_no_unit_and_no_zero(values, factor, offset):
    value = np.array(values, float)
    time_s = np.arange(len(value)) * 0.5
    here = trend_salience({"x": value}, time_s, {"x": 2.0})
    there = trend_salience({"x": value * factor + offset}, time_s + 7.0, {"x": 1.0})
    np.testing.assert_allclose(here, there, atol=1e-6)


def test_where_nothing_changes_tension_tires():
    tired = trend_salience({"x": np.ones(len(AXIS_S))}, AXIS_S, {"x": 1.0})
    assert (np.diff(tired) <= 1e-12).all()
    assert tired[0] > tired[-1]


def test_trend_salience_is_standardised_and_a_negative_weight_turns_it():
    rng = np.random.default_rng(3)
    value = rng.normal(size=len(AXIS_S)).cumsum()
    up = trend_salience({"x": value}, AXIS_S, {"x": 1.0})
    down = trend_salience({"x": value}, AXIS_S, {"x": -1.0})
    assert up.mean() == pytest.approx(0.0, abs=1e-9)
    assert up.std() == pytest.approx(1.0)
    np.testing.assert_allclose(up, -down, atol=1e-9)
