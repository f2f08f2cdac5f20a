"""The spiral array against the distances its inventor's constants imply."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.music import spiral

PUBLISHED = {1: 1.4606, 4: 1.4606, 3: 1.7889, 2: 2.1292, 5: 2.3094, 6: 2.9665, 8: 2.9212}


@pytest.mark.parametrize(("fifths", "distance"), PUBLISHED.items())
def test_intervals_lie_as_far_apart_as_published(fifths, distance):
    assert np.linalg.norm(spiral.position(fifths) - spiral.position(0)) == pytest.approx(distance, abs=1e-4)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20))
def test_distance_depends_on_the_interval_alone(a, b, shift):
    here = np.linalg.norm(spiral.position(a) - spiral.position(b))
    there = np.linalg.norm(spiral.position(a + shift) - spiral.position(b + shift))
    assert here == pytest.approx(there)


def test_position_is_the_sine_and_cosine_of_the_definition():
    k = np.arange(-9, 10)
    expected = np.stack([np.sin(k * np.pi / 2), np.cos(k * np.pi / 2), k * spiral.RISE], axis=-1)
    np.testing.assert_allclose(spiral.position(k), expected, atol=1e-12)


def test_the_tonic_triad_lies_nearer_its_key_than_any_other_triad():
    for mode, triad in (("major", spiral.major_triad), ("minor", spiral.minor_triad)):
        key = spiral.key_point(mode)
        tonic = np.linalg.norm(triad(0) - key)
        others = [
            np.linalg.norm(other(root) - key)
            for root in range(-5, 7)
            for other in (spiral.major_triad, spiral.minor_triad)
            if not (root == 0 and other is triad)
        ]
        assert tonic < min(others)


@given(st.sampled_from(["major", "minor"]), st.integers(-12, 12), st.floats(0, 1), st.floats(0, 1))
def test_a_key_moves_along_the_spiral_as_its_notes_do(mode, tonic, alpha, beta):
    shape = spiral.Shape(0.4, (0.6, 0.3, 0.1), alpha, beta)
    here = np.linalg.norm(spiral.key_point(mode, 0, shape) - spiral.position(3, shape.rise))
    there = np.linalg.norm(spiral.key_point(mode, tonic, shape) - spiral.position(tonic + 3, shape.rise))
    assert here == pytest.approx(there)


def test_a_minor_key_leans_on_the_dominants_its_shape_names():
    natural = spiral.key_point("minor", 0, spiral.Shape(alpha=0.0, beta=1.0))
    w = np.array(spiral.WEIGHTS)
    np.testing.assert_allclose(natural, w @ np.stack([spiral.minor_triad(k) for k in (0, 1, -1)]))
    mixed = spiral.key_point("minor", 0, spiral.Shape(alpha=0.75, beta=0.75))
    expected = natural + 0.75 * w[1] * (spiral.major_triad(1) - spiral.minor_triad(1))
    expected += 0.25 * w[2] * (spiral.major_triad(-1) - spiral.minor_triad(-1))
    np.testing.assert_allclose(mixed, expected)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="lydian"):
        spiral.key_point("lydian")


@given(st.integers(0, 4095))
def test_the_diameter_table_holds_the_largest_distance(mask):
    members = [spiral.position(spiral.FIFTHS[pc]) for pc in range(12) if mask >> pc & 1]
    expected = max((np.linalg.norm(a - b) for a in members for b in members), default=0.0)
    assert spiral.diameter_table()[mask] == pytest.approx(expected)


@given(st.integers(0, 4095), st.permutations(range(-6, 6)), st.floats(0.3, 0.5))
def test_a_diameter_table_is_made_for_any_spelling_and_rise(mask, spelling, rise):
    members = [spiral.position(spelling[pc], rise) for pc in range(12) if mask >> pc & 1]
    expected = max((np.linalg.norm(a - b) for a in members for b in members), default=0.0)
    assert spiral.diameter_table(tuple(spelling), rise)[mask] == pytest.approx(expected)


@given(st.sets(st.integers(0, 11)), st.integers(0, 11))
def test_rotating_a_mask_moves_the_tonic_to_bit_zero(pcs, tonic):
    mask = sum(1 << pc for pc in pcs)
    assert int(spiral.rotate(mask, tonic)) == sum(1 << (pc - tonic) % 12 for pc in pcs)


@given(
    st.lists(st.floats(0, 10), min_size=12, max_size=12).filter(lambda w: sum(w) > 0.1), st.integers(0, 11)
)
def test_the_centre_of_effect_moves_with_the_key(weight, shift):
    here = spiral.centre_of_effect(np.array(weight), 0)
    there = spiral.centre_of_effect(np.roll(weight, shift), shift)
    np.testing.assert_allclose(here, there, atol=1e-9)
