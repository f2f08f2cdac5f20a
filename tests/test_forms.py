"""The nouns: what is written is read back; what is broken is refused by name."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm import saved
from tensionbgm.errors import InputError
from tensionbgm.forms import Curve, Form, Grid, Section, Solver

points = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=2, max_size=20, unique_by=lambda p: round(p[0], 3)
)


def curve_of(pairs):
    time, value = np.array(sorted(pairs)).T
    return Curve(time, value, "inline")


def grid(beats=(4, 4, 3), tempo=(500_000, 500_000, 600_000)):
    sections = (Section("A", 0.0, 4.0), Section("B", 4.0, 5.8))
    return Grid(
        np.array(beats), np.array(tempo), np.array([0, 0, 1]), sections, np.array([1.0]), np.array([0.5]),
        Solver("OPTIMAL", 1.0, 1.0),
    )  # fmt: skip


@given(points)
def test_a_curve_survives_writing(tmp_path_factory, pairs):
    path = tmp_path_factory.getbasetemp() / "curve.json"
    curve = curve_of(pairs)
    saved.save(curve, path)
    back = saved.load(Curve, path)
    np.testing.assert_array_equal(back.time_s, curve.time_s)
    np.testing.assert_array_equal(back.value, curve.value)


@given(points, st.floats(0, 100), st.floats(0.01, 50))
def test_the_mean_of_a_curve_agrees_with_fine_sampling(pairs, start, length):
    curve = curve_of(pairs)
    fine = curve.at(np.linspace(start, start + length, 20001)).mean()
    assert curve.mean(start, start + length) == pytest.approx(fine, abs=2e-2)


@given(points, st.floats(0, 100), st.floats(0.01, 50))
def test_the_mean_of_a_curve_stays_within_its_range(pairs, start, length):
    curve = curve_of(pairs)
    assert curve.value.min() - 1e-9 <= curve.mean(start, start + length) <= curve.value.max() + 1e-9


def test_a_grid_counts_time_in_whole_microseconds():
    assert grid().bar_us.tolist() == [0, 2_000_000, 4_000_000, 5_800_000]
    assert grid().bar_tick.tolist() == [0, 1920, 3840, 5280]
    assert grid().seconds(np.array([960, 4320])).tolist() == pytest.approx([1.0, 4.6])
    assert grid().ticks(4.6) == pytest.approx(4320)


def test_a_grid_survives_writing(tmp_path):
    saved.save(grid(), tmp_path / "grid.json")
    back = saved.load(Grid, tmp_path / "grid.json")
    assert back.sections == grid().sections
    assert back.bar_us.tolist() == grid().bar_us.tolist()
    assert back.bar_beats.dtype == grid().bar_beats.dtype


BROKEN = {
    "no JSON": "{",
    "another noun": '{"kind": "Form", "sections": []}',
    "a list": "[]",
    "a missing field": '{"kind": "Curve", "time_s": [0.0]}',
    "an unknown field": '{"kind": "Curve", "time_s": [0.0], "value": [0.0], "source": "x", "more": 1}',
    "text for numbers": '{"kind": "Curve", "time_s": ["a"], "value": [0.0], "source": "x"}',
    "a wrong kind": '{"kind": "Curve", "time_s": [0.0], "value": [0.0], "source": 3}',
    "an evil dtype": '{"kind": "Curve", "time_s": {"dtype": "O", "values": [1]}, "value": [], "source": "x"}',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_refused_with_their_name(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"broken\.json"):
        saved.load(Curve, path)


def test_optional_fields_and_tuples_are_read_back():
    form = Form((Section("A", 0.0, 1.0), Section("A", 1.0, 2.0, repeats=0, transpose=2)))
    assert saved.from_json(Form, json.loads(json.dumps(saved.to_json(form)))) == form
