"""A place that comes back: its music to the note where the curve agrees, else its theme varied."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_plan_coherence import film, tied_share

from tensionbgm.config import Ask
from tensionbgm.forms import Plan
from tensionbgm.plan.key import Mood
from tensionbgm.plan.phrases import lay_out
from tensionbgm.plan.plan import plan_piece
from tensionbgm.plan.returns import SAME, apart_by, exact_of, labelled
from tensionbgm.plan.theme import themes_of


def plan_of(labels: str, values: list[float]) -> Plan:
    grid, curve = film(labels, [8] * len(labels), values)
    return plan_piece(grid, curve, Ask(palette="cinematic", seed=3), Mood(0.3, 0.5), "Film")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_section_has_its_own_music_or_that_of_an_earlier_one_the_curve_hardly_differs_from(first, again):
    target = np.array([*first, *again, *first])
    a, b = len(first), len(first) + len(again)
    found = exact_of([(0, 0, a), (1, a, b), (2, b, len(target))], {0: 0, 1: 0, 2: 0}, target)
    for section, source in found.items():
        assert source <= section
        assert found[source] == source
    assert found[2] == 0  # the first bars once more, exactly
    assert (found[1] == 0) == (apart_by(np.array(first), np.array(again)) <= SAME)


def test_other_themes_are_never_shared():
    assert exact_of([(0, 0, 2), (1, 2, 4)], {0: 0, 1: 1}, np.full(4, 0.5)) == {0: 0, 1: 1}


def test_a_return_at_the_same_tension_is_tied_and_keeps_its_label():
    plan = plan_of("ABA", [0.3, 0.7, 0.3])
    assert [s.label for s in plan.grid.sections] == ["A", "B", "A"]
    assert tied_share(plan, 2, 0) > 0.8


def test_a_return_at_another_tension_is_a_variation_says_so_and_is_not_tied():
    plan = plan_of("ABAA", [0.2, 0.5, 0.8, 0.8])
    assert [s.label for s in plan.grid.sections] == ["A", "B", "A'", "A'"]
    assert tied_share(plan, 2, 0) == 0
    assert tied_share(plan, 3, 2) > 0.7
    assert sum("comes back over other chords, as A'" in word for word in plan.grid.warnings) == 1


def test_labels_and_words_are_the_same_when_a_plan_is_labelled_again():
    plan = plan_of("ABA", [0.2, 0.5, 0.8])
    exact = {bar.section: bar.material for bar in lay_out(plan.grid, plan.curve) if not bar.intro}
    assert (
        labelled(plan.grid, exact) == plan.grid or labelled(plan.grid, exact).warnings == plan.grid.warnings
    )
    assert [s.label for s in labelled(plan.grid, exact).sections] == ["A", "B", "A'"]


@pytest.mark.parametrize("values", [[0.25, 0.5, 0.6], [0.3, 0.6, 0.85]])
def test_a_variation_is_made_of_the_motifs_of_what_it_varies(values, monkeypatch):
    heard = {}

    def spy(draft, bass):
        heard["draft"] = draft
        return themes_of(draft, bass)

    monkeypatch.setattr("tensionbgm.plan.theme.themes_of", spy)
    plan_of("ABA", values)
    ideas = heard["draft"].ideas
    assert ideas[2] == ideas[0]
