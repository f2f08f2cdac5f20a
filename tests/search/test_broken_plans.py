"""A plan.json changed by hand is composed or refused in a line; it never breaks the program."""

import copy
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm import config, saved
from tensionbgm.errors import InputError
from tensionbgm.forms import Plan
from tensionbgm.music.notes import from_piece
from tensionbgm.report.build import build_report
from tensionbgm.search.check import check_plan
from tensionbgm.search.run import compose, unsearched

GOOD = json.loads(json.dumps(saved.to_json(ensemble_plan(2))))
NASTY = (
    None,
    True,
    -1,
    0,
    2**40,
    2**70,
    1e308,
    float("nan"),
    float("inf"),
    -0.5,
    "",
    "\ud800",
    [],
    {},
    [[1]],
)


def places(node, path=()):
    """Where something can be put: a path of keys for each leaf and branch, long lists sampled."""
    if path:
        yield path
    keys = node if isinstance(node, dict) else range(min(len(node), 3)) if isinstance(node, list) else ()
    for key in keys:
        yield from places(node[key], (*path, key))


def with_value(path, value):
    data = copy.deepcopy(GOOD)
    node = data
    for key in path[:-1]:
        node = node[key]
    if value == "delete":
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return data


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(places(GOOD))), st.sampled_from((*NASTY, "delete")))
def test_a_value_changed_by_hand_is_composed_or_refused(path, value):
    try:
        plan = saved.from_json(Plan, with_value(path, value))
        check_plan(plan)
        piece = compose(plan, config.Effort("draft"))
    except InputError:
        return
    if len(plan.slots):  # there is no file of no notes to report on
        build_report(piece=piece, notes=from_piece(piece), unoptimised=from_piece(unsearched(plan)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("slots", "rows", 0, 0), 2**63),
        (("grid", "bar_tempo_us", "values"), 1e308),
        (("grid", "bar_beats", "values"), -0.5),
        (("grid", "bar_section", "values", 0), 99),
        (("curve", "time_s", 1), "delete"),
        (("parts", 0, "level_db"), 1e308),
        (("parts", 0, "name"), "\ud800"),
    ],
)
def test_these_once_broke_the_program(path, value):
    with pytest.raises(InputError):
        check_plan(saved.from_json(Plan, with_value(path, value)))


def test_a_plan_that_never_ends_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="plain file"):
        saved.load(Plan, tmp_path / "pipe")


def test_a_plan_of_a_million_brackets_is_no_json(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 1_000_000)
    with pytest.raises(InputError, match="JSON"):
        saved.load(Plan, tmp_path / "deep.json")


@pytest.mark.parametrize(
    ("low", "high"), [([0.1], [0.9]), (None, [0.9, 0.9]), ([0.1, 0.1], [0.9, float("nan")])]
)
def test_a_band_that_is_none_is_refused(low, high):
    data = with_value(("curve", "low"), low)
    data["curve"]["high"] = high
    with pytest.raises(InputError, match="no band"):
        check_plan(saved.from_json(Plan, data))
