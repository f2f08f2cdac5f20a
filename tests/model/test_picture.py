"""What the network reads of a film does not depend on what films differ in without being livelier."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_films import Take, film

from tensionbgm.errors import InputError
from tensionbgm.forms import Analysis
from tensionbgm.model.picture import CHANNELS, FILM_CHANNELS, Seconds, channels, presence, seconds_of
from tensionbgm.saved import from_json, to_json


def drawn(seconds: int, seed: int = 0, cuts: int = 6) -> Seconds:
    rng = np.random.default_rng(seed)
    cut = rng.choice(np.arange(1, seconds), min(cuts, seconds - 1), replace=False) if seconds > 1 else []
    return Seconds(np.exp(rng.normal(1.5, 1.0, seconds)), np.sort(np.asarray(cut, int)))


def backwards(seen: Seconds) -> Seconds:
    return Seconds(seen.change[::-1].copy(), np.sort(len(seen.change) - seen.cut))


@given(st.integers(1, 400), st.integers(0, 50), st.integers(0, 99))
def test_a_film_played_backwards_has_its_channels_backwards(seconds, cuts, seed):
    seen = drawn(seconds, seed, cuts)
    assert channels(backwards(seen)) == pytest.approx(channels(seen)[:, ::-1], abs=1e-4)


@given(st.integers(1, 300), st.floats(0.0, 255.0), st.floats(0.0, 6.0), st.integers(0, 99))
def test_channels_are_finite_and_bounded_for_any_film(seconds, most, spread, seed):
    rng = np.random.default_rng(seed)
    change = np.minimum(most * np.exp(rng.normal(0, spread, seconds)), 255.0)
    cut = np.flatnonzero(rng.random(seconds) < rng.random())
    found = channels(Seconds(change, cut[cut > 0]))
    assert found.shape == (CHANNELS, seconds)
    assert np.abs(found).max() <= 6.0 + 1e-4


@given(st.floats(0.6, 1.6), st.integers(0, 99))
def test_a_factor_on_all_change_is_hardly_seen_inside_the_film(factor, seed):
    seen = Seconds(5 + drawn(120, seed).change, drawn(120, seed).cut)
    same, scaled = channels(seen), channels(replace(seen, change=factor * seen.change))
    assert scaled[:-FILM_CHANNELS] == pytest.approx(same[:-FILM_CHANNELS], abs=0.12)


def test_a_film_that_never_changes_has_nothing_to_read():
    rng = np.random.default_rng(0)
    noise = np.abs(rng.normal(0.05, 0.02, 60))  # what a codec makes of a still picture
    assert presence(Seconds(noise, np.zeros(0, int))) == 0.0
    assert presence(Seconds(noise, np.array([30]))) == 1.0
    assert presence(drawn(60, cuts=0)) == 1.0


def test_seconds_are_means_and_cuts_go_to_the_nearest_second():
    made = film([Take("a", 3.6), Take("b", 4.0), Take("c", 2.0)])
    made = replace(made, change=np.floor(made.motion.time_s))
    seen = seconds_of(made)
    assert seen.change == pytest.approx(np.arange(10))
    assert list(seen.cut) == [4, 8]


def test_an_analysis_without_change_is_read_from_its_flow():
    made = film([Take("a", 8.0, 0.02), Take("b", 8.0, 0.2)])
    seen = seconds_of(made)
    assert np.median(seen.change[8:]) == pytest.approx(10 * np.median(seen.change[:8]), rel=0.3)


def test_an_analysis_written_before_change_was_measured_still_reads():
    data = to_json(film([Take("a", 3.0)]))
    del data["change"]
    assert len(from_json(Analysis, data).change) == 0


def test_change_that_does_not_fit_the_motion_is_told():
    made = replace(film([Take("a", 3.0)]), change=np.ones(4))
    with pytest.raises(InputError, match="4 samples of change for 15 of motion; analyse the film again"):
        seconds_of(made)
