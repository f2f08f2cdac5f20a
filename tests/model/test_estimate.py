from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_films import Take, film

from tensionbgm.config import ARCS, Shape
from tensionbgm.errors import InputError, UsageError
from tensionbgm.model.arcs import position_curve
from tensionbgm.model.energy_model import predict
from tensionbgm.model.estimate import estimate, estimate_curve, seen

takes = st.lists(
    st.builds(
        Take,
        place=st.sampled_from("ABCD"),
        length_s=st.floats(0.1, 40.0),
        motion_wps=st.floats(0.0, 3.0),
        brightness=st.floats(0.0, 1.0),
    ),
    min_size=1,
    max_size=12,
)

CALM, WILD = 0.02, 0.5
CALM_ACTION_CALM = (
    [Take("A", 5, CALM), Take("B", 6, CALM), Take("C", 4, CALM)]
    + [Take("DEFGHIJ"[k], 2, WILD) for k in range(7)]
    + [Take("K", 6, CALM), Take("A", 10, CALM)]
)


@settings(max_examples=60, deadline=None)
@given(takes)
def test_any_film_gets_a_smooth_curve_inside_the_range(shots):
    curve = estimate_curve(film(shots))
    assert curve.time_s[0] == 0
    assert curve.time_s[-1] == pytest.approx(sum(t.length_s for t in shots))
    assert np.all(np.diff(curve.time_s) > 0)
    assert np.all((curve.value >= 0.05) & (curve.value <= 0.98))
    per_s = np.abs(np.diff(curve.value)) / np.diff(curve.time_s)
    assert per_s.max() < 0.8  # a full swing takes more than a second


@settings(max_examples=30, deadline=None)
@given(takes)
def test_the_same_film_gets_the_same_curve(shots):
    one, two = estimate(film(shots)), estimate(film(shots))
    assert np.array_equal(one.curve.value, two.curve.value)
    assert one.form == two.form


def test_action_between_calm_is_the_strongest_part_and_turns_at_the_joins():
    curve = estimate_curve(film(CALM_ACTION_CALM))
    calm, action, after = curve.mean(np.array([0.0, 15, 29]), np.array([15.0, 29, 45]))
    assert action > calm + 0.3
    assert action > after + 0.3
    assert 0.85 <= curve.value.max() <= 0.95
    half = (curve.value.max() + curve.value.min()) / 2
    above = curve.time_s[curve.value > half]
    assert above[0] == pytest.approx(15, abs=2)
    assert above[-1] == pytest.approx(29, abs=2.5)


def test_a_film_played_backwards_gets_its_tension_backwards():
    forth = film([Take("A", 12, CALM), Take("B", 12, 0.08), Take("C", 12, WILD)])
    back = film([Take("C", 12, WILD), Take("B", 12, 0.08), Take("A", 12, CALM)])
    thirds = np.array([0.0, 12, 24]), np.array([12.0, 24, 36])
    assert np.all(np.diff(estimate_curve(forth).mean(*thirds)) > 0.1)
    assert np.all(np.diff(estimate_curve(back).mean(*thirds)) < -0.1)


def test_a_slow_build_is_a_slow_build():
    curve = estimate_curve(film([Take("A", 1.0, float(m)) for m in np.geomspace(0.01, 0.6, 60)]))
    assert np.corrcoef(curve.time_s, curve.value)[0, 1] > 0.9


def test_cuts_alone_raise_the_tension():
    slow, quick = [Take("A", 10), Take("B", 10)], [Take("CD"[k % 2], 1.0) for k in range(20)]
    curve = estimate_curve(film([*slow, *quick]))
    assert curve.mean(20, 40) > curve.mean(0, 20) + 0.2


def test_a_calm_film_does_not_swing_from_end_to_end():
    curve = estimate_curve(film([Take("A", 15, 0.011), Take("B", 15, 0.014), Take("C", 15, 0.012)]))
    assert np.ptp(curve.value) < 0.4
    wild = estimate_curve(film([Take("A", 15, 0.5), Take("B", 15, 0.55), Take("C", 15, 0.5)]))
    assert np.ptp(wild.value) < 0.4
    assert wild.value.mean() > curve.value.mean() + 0.1


@settings(max_examples=30, deadline=None)
@given(takes, st.sampled_from(ARCS), st.floats(0.1, 0.9), st.floats(0, 10))
def test_any_wish_gets_a_curve_inside_the_range_and_inside_its_band(shots, arc, intensity, gain):
    curve = estimate_curve(film(shots), Shape(arc, intensity, gain))
    assert np.all((curve.value >= 0.05) & (curve.value <= 0.98))
    assert np.all((curve.low <= curve.value + 1e-4) & (curve.value <= curve.high + 1e-4))
    assert np.all((curve.low >= 0) & (curve.high <= 1))


@pytest.mark.parametrize("intensity", [0.1, 0.2, 0.5, 0.8, 0.9])
def test_intensity_is_the_mean_of_the_curve_and_keeps_its_order(intensity):
    made = film(CALM_ACTION_CALM)
    plain, asked = estimate_curve(made), estimate_curve(made, Shape(intensity=intensity))
    assert asked.value.mean() == pytest.approx(intensity, abs=0.01)
    assert np.unique(asked.value).size > 0.8 * np.unique(plain.value).size
    assert np.all(np.diff(asked.value[np.argsort(plain.value, kind="stable")]) > -2e-4)


def test_without_gain_the_picture_says_nothing_and_with_more_it_says_more():
    made = film(CALM_ACTION_CALM)
    arc = position_curve(45.0)
    none, one, more = (estimate_curve(made, Shape(energy_gain=g)) for g in (0.0, 0.5, 1.0))
    assert np.corrcoef(arc.value, none.value)[0, 1] > 0.999
    rise = [c.mean(15, 29) - c.mean(29, 45) for c in (none, one, more)]
    assert rise[0] < rise[1] < rise[2]


@pytest.mark.parametrize(("name", "way"), [("rise", 1), ("fall", -1)])
def test_a_still_film_follows_the_arc_asked_for(name, way):
    curve = estimate_curve(film([Take("A", 30, 0.0)]), Shape(name))
    assert np.all(way * np.diff(curve.value) > -1e-3)
    assert way * (curve.value[-1] - curve.value[0]) > 0.2
    assert np.ptp(estimate_curve(film([Take("A", 30, 0.0)]), Shape("flat")).value) < 1e-3


def test_an_arc_there_is_not_is_refused():
    with pytest.raises(UsageError, match="one of arch, rise"):
        estimate_curve(film([Take("A", 30)]), Shape("wave"))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.floats(8, 20), st.sampled_from([CALM, WILD])), min_size=2, max_size=5),
    st.integers(0, 99),
)
def test_what_the_picture_adds_is_reversed_with_the_film(parts, seed):
    forth = film([Take("ABCDE"[k], *part) for k, part in enumerate(parts)], seed)
    edge = np.concatenate([[0.0], np.cumsum([length for length, _ in parts])])
    back = replace(
        forth,
        motion=replace(
            forth.motion,
            time_s=edge[-1] - forth.motion.time_s[::-1],
            magnitude=forth.motion.magnitude[::-1],
            subject=forth.motion.subject[::-1],
            brightness=forth.motion.brightness[::-1],
        ),
        shots=replace(forth.shots, cut_s=edge[-1] - edge[1:-1][::-1], boundary_s=edge[-1] - edge[1:-1][::-1]),
    )
    one, two = (seen(each, predict(each)) for each in (forth, back))
    # Not exactly: the network adds a little of where in the film something happens.
    assert one.contrast == pytest.approx(two.contrast, abs=0.15)
    assert one.contrast * np.abs(one.share - two.share[::-1]).mean() < 0.1


@settings(max_examples=25, deadline=None)
@given(
    st.text("CW", min_size=2, max_size=5).filter(lambda word: len(set(word)) == 2),
    st.floats(8, 20),
    st.integers(0, 99),
)
def test_wild_parts_are_tenser_than_calm_ones_in_any_order_and_it_turns_where_they_join(word, length, seed):
    shots = []
    for k, letter in enumerate(word):
        count = 2 if letter == "C" else round(length / 2)
        shots += [Take("ABCDE"[k], length / count, CALM if letter == "C" else WILD) for _ in range(count)]
    curve = estimate_curve(film(shots, seed))
    edge = length * np.arange(len(word) + 1)
    mean = curve.mean(edge[:-1], edge[1:])
    wild = np.array([letter == "W" for letter in word])
    assert mean[wild].min() > mean[~wild].max() + 0.1
    for k in np.flatnonzero(wild[1:] != wild[:-1]):
        around = np.linspace(edge[k], edge[k + 2], 800)
        above = curve.at(around) > (mean[k] + mean[k + 1]) / 2
        turns = around[1:][above[1:] != above[:-1]]
        assert np.abs(turns - edge[k + 1]).min() < 1.5


def test_a_still_film_gets_the_arc_and_a_warning():
    still = estimate(film([Take("A", 20, 0.0)]))
    assert "nothing moves" in still.warnings[0]
    assert np.argmax(still.curve.value) == pytest.approx(0.72 * len(still.curve.value), abs=2)
    arc = position_curve(20.0)
    assert np.corrcoef(arc.value, still.curve.value)[0, 1] > 0.99


def test_a_film_with_contrast_gets_no_warning():
    assert estimate(film(CALM_ACTION_CALM)).warnings == ()


def test_flashes_of_motion_across_a_cut_do_not_count():
    plain = film([Take("A", 15, CALM), Take("B", 15, CALM)])
    plain.motion.magnitude[75] = 5.0  # the flow of one frame pair across the cut
    assert np.ptp(estimate_curve(plain).value) < 0.4


@pytest.mark.parametrize("length_s", [0.04, 0.5, 1.0, 1800.0])
def test_very_short_and_very_long_films_are_estimated(length_s):
    result = estimate(film([Take("A", length_s / 2, CALM), Take("B", length_s / 2, WILD)]))
    n = len(result.curve.time_s)
    assert n == max(2, round(2 * length_s) + 1)
    assert result.form.sections[-1].end_s == result.curve.time_s[-1]


def test_motion_that_could_not_be_measured_is_bridged():
    odd = film(CALM_ACTION_CALM)
    odd.motion.magnitude[30:34] = np.nan
    assert np.isfinite(estimate_curve(odd).value).all()


def test_a_film_without_length_is_refused():
    with pytest.raises(InputError, match="no length"):
        estimate(film([Take("A", 0.0)]))
