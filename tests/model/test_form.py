from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_films import Take, film, labels, of_places

from tensionbgm.errors import InputError
from tensionbgm.forms import Curve
from tensionbgm.model.estimate import estimate, estimate_curve
from tensionbgm.model.form import MOST_SECTIONS, estimate_form

takes = st.lists(
    st.builds(
        Take,
        place=st.sampled_from("ABCDEFGH"),
        length_s=st.floats(0.1, 60.0),
        motion_wps=st.floats(0.0, 1.0),
        brightness=st.floats(0.0, 1.0),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(takes)
def test_sections_tile_the_film_and_labels_are_in_order(shots):
    form = estimate(film(shots)).form
    assert 1 <= len(form.sections) <= MOST_SECTIONS
    assert form.sections[0].start_s == 0
    assert form.sections[-1].end_s == pytest.approx(sum(t.length_s for t in shots))
    firsts: dict[str, int] = {}
    for i, section in enumerate(form.sections):
        assert section.end_s > section.start_s
        if section.label not in firsts:
            assert section.label == chr(ord("A") + len(firsts))
            firsts[section.label] = i
            assert section.repeats is None
        else:
            assert section.repeats == firsts[section.label]
    for one, two in pairwise(form.sections):
        assert one.end_s == two.start_s
        assert one.label != two.label


@settings(max_examples=40, deadline=None)
@given(takes)
def test_sections_are_long_enough_for_music(shots):
    form = estimate(film(shots)).form
    if len(form.sections) > 1:
        assert min(s.end_s - s.start_s for s in form.sections) >= 2.5 - 1e-6


@pytest.mark.parametrize("word", ["ABACA", "ABCABCABC", "ABAC", "ABCDE", "AB", "ABBA"])
def test_places_that_return_bring_their_label(word):
    film_ = of_places(word)
    expected = "".join(a for a, b in pairwise(word + " ") if a != b)
    assert labels(estimate(film_).form) == expected
    cuts = [0.0, *film_.shots.boundary_s, film_.video.duration_s]
    assert all(s.start_s in cuts for s in estimate(film_).form.sections)


def test_a_place_that_returns_for_three_seconds_keeps_its_section():
    shots = [Take("A", 3.4), Take("B", 6), Take("A", 2.7), Take("C", 6), Take("A", 3)]
    assert labels(estimate(film(shots)).form) == "ABACA"


def test_a_montage_of_quick_shots_is_one_section():
    shots = [Take("A", 8), *(Take("CDEFGHI"[k], 1.5) for k in range(7)), Take("B", 8)]
    form = estimate(film(shots)).form
    assert labels(form) == "ABC"
    assert (form.sections[1].start_s, form.sections[1].end_s) == (8.0, 18.5)


def test_a_short_insert_does_not_divide_its_place():
    shots = [Take("A", 6), Take("B", 0.6), Take("A", 6), Take("C", 8)]
    assert labels(estimate(film(shots)).form) == "AB"


def test_a_film_without_returns_gets_none():
    for seed in range(5):
        shots = [Take(letter, 3.5) for letter in "ABCDEFGHIJ"]
        form = estimate(film(shots, seed=seed)).form
        assert all(s.repeats is None for s in form.sections)


def test_the_same_place_by_day_and_by_night_are_not_one():
    shots = [Take("A", 8, brightness=0.9), Take("B", 8), Take("A", 8, brightness=0.05)]
    assert labels(estimate(film(shots)).form) == "ABC"


def test_a_short_film_is_one_section():
    assert labels(estimate(of_places("ABA", 3.0)).form) == "A"


def test_a_single_take_is_divided_where_the_curve_turns():
    take = film([Take("A", 75)])
    curve = Curve(np.array([0, 24, 26, 49, 51, 75.0]), np.array([0.2, 0.2, 0.8, 0.8, 0.2, 0.2]), "inline")
    form = estimate_form(take, curve)
    assert labels(form) == "ABA"
    assert [s.start_s for s in form.sections[1:]] == pytest.approx([25, 50], abs=1.5)


def test_a_take_that_only_builds_does_not_return():
    take = film([Take("A", 75)])
    form = estimate_form(take, Curve(np.array([0, 75.0]), np.array([0.1, 0.9]), "inline"))
    assert len(form.sections) >= 3
    assert all(s.repeats is None for s in form.sections)


def test_a_take_whose_light_changes_does_not_return():
    take = film([Take("A", 75)])
    take.motion.brightness[:] = np.where(take.motion.time_s < 50, 0.5, 0.9)
    curve = Curve(np.array([0, 24, 26, 49, 51, 75.0]), np.array([0.2, 0.2, 0.8, 0.8, 0.2, 0.2]), "inline")
    assert labels(estimate_form(take, curve)) == "ABC"


def test_a_long_film_has_few_long_sections_and_keeps_its_returns():
    rng = np.random.default_rng(1)
    length_s, place = rng.uniform(1.2, 8, 165), rng.choice(list("ABCDEFGHIJKLM"), 165)
    shots = [Take(str(p), float(s)) for p, s in zip(place, length_s, strict=True)]
    form = estimate(film(shots)).form
    assert len(form.sections) <= MOST_SECTIONS
    assert min(s.end_s - s.start_s for s in form.sections) >= 5
    scene = [Take("A", 60), Take("B", 50), Take("A", 40), Take("C", 90), Take("A", 60), Take("B", 55)]
    form = estimate(film(scene)).form
    starts = [s.start_s for s in form.sections]
    assert {0.0, 60.0, 110.0, 150.0, 240.0, 300.0} <= set(starts)
    first = {start: s.label for start, s in zip(starts, form.sections, strict=True)}
    assert first[110.0] in {s.label for s in form.sections if s.start_s < 60}
    assert first[240.0] in {s.label for s in form.sections if s.start_s < 60}


def test_a_half_hour_of_one_take_stays_bounded():
    form = estimate(film([Take("A", 1800.0)])).form
    assert 10 <= len(form.sections) <= MOST_SECTIONS


def test_an_analysis_whose_shots_and_embeddings_differ_is_refused():
    odd = of_places("ABC")
    odd = dataclasses.replace(odd, embedding=odd.embedding[:2])
    with pytest.raises(InputError, match="2 shot embeddings for 3 shots"):
        estimate_form(odd, estimate_curve(odd))
