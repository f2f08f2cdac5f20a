"""Sections the user gives: read back as they were told, or refused in one line that names the fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_films import labels

from tensionbgm.errors import InputError
from tensionbgm.forms import Form
from tensionbgm.model.given_form import check_form, read_form
from tensionbgm.report.build import form_json


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", "Chorus", "x_2"]), st.floats(0.6, 90)), min_size=1, max_size=20
    )
)
def test_sections_are_read_as_told_and_cover_the_film(told):
    starts = [0.0]
    for _, length in told[:-1]:
        starts.append(round(starts[-1] + length, 3))
    duration = starts[-1] + told[-1][1]
    form = read_form(
        ",".join(f"{label}:{start}" for (label, _), start in zip(told, starts, strict=True)), duration
    )
    assert [s.label for s in form.sections] == [label for label, _ in told]
    assert [s.start_s for s in form.sections] == starts
    assert [s.end_s for s in form.sections] == [*starts[1:], duration]
    for k, section in enumerate(form.sections):
        earlier = [s.label for s in form.sections[:k]]
        assert section.repeats == (earlier.index(section.label) if section.label in earlier else None)


def test_times_are_those_of_curves():
    form = read_form("A:0; B:25%; A:1:30", 120.0)
    assert [s.start_s for s in form.sections] == [0.0, 30.0, 90.0]
    assert labels(form) == "ABA"


@pytest.mark.parametrize(
    "wrap", [lambda rows: rows, lambda rows: {"form": rows}, lambda rows: {"grid": {"sections": rows}}]
)
def test_a_report_and_a_plan_are_read_back_after_editing(tmp_path: Path, wrap):
    rows = form_json(read_form("A:0,B:10,C:20", 30.0))
    rows[2] |= {"label": "A'", "transpose": 2, "repeats": None}
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(wrap(rows)))
    form = read_form(str(path), 30.0)
    assert labels(form) == "ABA"
    assert (form.sections[2].repeats, form.sections[2].transpose) == (0, 2)
    assert isinstance(form, Form)


@pytest.mark.parametrize("spec", ["A:0,B:10%,C:20", "A:0;B:12,5", "A:0"])
def test_what_some_film_can_have_is_not_refused_before_the_film_is_known(spec):
    check_form(spec)
    read_form(spec, 60.0)


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path):
    path = tmp_path / "form.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([{"label": "A", "start_s": 0}]).encode())
    assert labels(read_form(str(path), 30.0)) == "A"
    with pytest.raises(InputError, match="is a folder"):
        read_form(f"{tmp_path}/", 30.0)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("A", "label:start"),
        ("A:0,B", "label:start"),
        ("A:0,B:x", "label:start"),
        ("1:0", "label:start"),
        ("A:5,B:10", "begin at 0"),
        ("A:0,B:20,C:10", "in order of time"),
        ("A:0,B:0.1", "0.5 s or more"),
        ("A:0,B:29.9", "the film ends at 30.00 s"),
        ("A:0,B:nan", "in order of time"),
        (",".join(f"A:{k}" for k in range(100)), "1 to 64"),
        ("none.json", "no such file"),
        ("no/such", "no such file"),
    ],
)
def test_what_is_no_form_is_refused(spec, says):
    with pytest.raises(InputError, match=says) as fault:
        read_form(spec, 30.0)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[", "not JSON"),
        ("{}", "holds no sections"),
        ("[]", "0 sections"),
        ("[3]", "section 1 is none"),
        ('[{"label": "A"}]', "section 1 is none"),
        ('[{"label": "A", "start_s": true}]', "section 1 is none"),
        (f'[{{"label": "A", "start_s": 1{"0" * 400}}}]', "section 1 is none"),
        ('[{"label": "A", "start_s": 0, "transpose": 40}]', "40 semitones"),
        ('[{"label": "A", "start_s": 0, "transpose": 1e999}]', "inf semitones"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, content, says):
    path = tmp_path / "form.json"
    path.write_text(content)
    with pytest.raises(InputError, match=says):
        read_form(str(path), 30.0)
