"""What chords cost by how real harmony goes on."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.plan import progressions
from tensionbgm.plan.chords import QUALITIES, vocabulary

MODES = ("major", "minor")


def index(mode: str) -> dict[str, int]:
    return {chord.name: k for k, chord in enumerate(vocabulary(mode))}


@pytest.mark.parametrize("mode", MODES)
def test_what_may_follow_is_a_distribution_that_leaves_out_the_chord_itself(mode: str):
    n = len(vocabulary(mode))
    first, second, third = progressions.alone(mode), progressions.after(mode), progressions.after_two(mode)
    np.testing.assert_allclose(first.sum(), 1)
    np.testing.assert_allclose(second.sum(axis=1), 1)
    np.testing.assert_allclose(third.sum(axis=2), 1)
    other = ~np.eye(n, dtype=bool)
    assert (first > 0).all()
    assert (second[other] > 0).all()
    assert (second[~other] == 0).all()
    assert (third[:, other] > 0).all()
    assert (third[:, ~other] == 0).all()


@pytest.mark.parametrize("mode", MODES)
def test_costs_add_up_to_the_surprise_of_a_chord_after_two(mode: str):
    lone, points = progressions.alone(mode), progressions.POINTS
    whole = progressions.rarity(mode) + progressions.progression_cost(mode) + progressions.leading_cost(mode)
    nats = (whole - progressions.NEUTRAL) / points - np.log(lone.max())
    n = len(lone)
    a, b, c = (k.ravel() for k in np.indices((n, n, n)))
    moves = (a != b) & (b != c)
    surprise = -np.log(progressions.after_two(mode)[a, b, c][moves])
    np.testing.assert_allclose(nats[a, b, c][moves], surprise, atol=1e-9)


@pytest.mark.parametrize("mode", MODES)
def test_every_cost_is_finite_and_staying_costs_nothing(mode: str):
    costs = [
        progressions.rarity(mode),
        progressions.progression_cost(mode),
        progressions.leading_cost(mode),
        progressions.opening_cost(mode),
        progressions.pedal_cost(mode),
        *(progressions.ending_cost(mode, kind) for kind in progressions.ENDINGS),
    ]
    assert all(np.isfinite(cost).all() for cost in costs)
    assert (np.diagonal(progressions.progression_cost(mode)) == 0).all()


def test_the_dominant_goes_to_the_tonic_rather_than_back():
    for mode, home, four in (("major", "I", "IV"), ("minor", "i", "iv")):
        at, cost = index(mode), progressions.progression_cost(mode) + progressions.rarity(mode)
        for dominant in ("V", "V7"):
            assert cost[at[dominant], at[home]] < cost[at[dominant], at[four]]
        assert cost[at["V7/V"], at["V"]] < cost[at["V7/V"], at[home]]
        assert cost[at["V7"], at[home]] < cost[at["V7"], at["N"]]


def test_a_six_four_goes_to_its_dominant():
    for mode, name in (("major", "I64"), ("minor", "i64")):
        follow = progressions.after(mode)[index(mode)[name]]
        likeliest = {vocabulary(mode)[k].name for k in np.argsort(-follow)[:2]}
        assert likeliest == {"V", "V7"}


def test_secondary_dominants_go_to_their_goals_more_often_than_chance_would():
    for mode in MODES:
        after, alone, at = progressions.after(mode), progressions.alone(mode), index(mode)
        for k, chord in enumerate(vocabulary(mode)):
            if chord.name.startswith("V7/") and chord.function == "X":
                goals = [at[name] for name in chord.goals if name in at and at[name] != k]
                assert after[k, goals].sum() > 1.5 * alone[goals].sum(), chord.name


def test_cadences_rank_as_they_are_taught():
    at, close = index("major"), progressions.ending("major", "close")
    half = progressions.ending("major", "half")
    assert close[at["V7"], at["I"]] > close[at["V"], at["I"]] > close[at["IV"], at["I"]]
    assert close[at["V7"], at["I"]] > close[at["V7"], at["vi"]]
    assert half[at["I64"], at["V"]] > half[at["IV"], at["I"]]
    cost = progressions.ending_cost("major", "close")
    assert cost[at["V7"], at["I"]] < 0 < cost[at["V"], at["IV"]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", sorted(progressions.ENDINGS))
def test_endings_and_openings_are_distributions(mode: str, kind: str):
    np.testing.assert_allclose(progressions.ending(mode, kind).sum(), 1)
    np.testing.assert_allclose(progressions.opening(mode).sum(), 1)
    assert progressions.opening(mode).argmax() == index(mode)["I" if mode == "major" else "i"]


@pytest.mark.parametrize("mode", MODES)
def test_every_chord_of_the_vocabulary_is_itself(mode: str):
    for k, chord in enumerate(vocabulary(mode)):
        assert progressions.place(chord.root, chord.quality, chord.bass, mode) == k


@given(st.integers(-12, 12), st.sampled_from(sorted(QUALITIES)), st.integers(-9, 9), st.sampled_from(MODES))
def test_a_chord_stands_for_one_that_shares_its_root_or_has_lost_it(
    root: int, quality: str, bass: int, mode: str
):
    found = progressions.place(root, quality, bass, mode)
    if found is not None:
        chord = vocabulary(mode)[found]
        assert chord.root == root or (chord.root, chord.quality) == (root - 4, "7")


def test_real_chords_find_the_place_they_are_known_by():
    at = index("major")
    for (root, quality, bass), name in {
        (5, "dim", -3): "V7/7", (2, "m", -3): "ii", (1, "7", -2): "V7", (1, "7", -1): "V/1",
        (2, "M", 0): "V7/V", (-1, "sus2", 0): "IVadd9", (0, "M", 1): "I64", (6, "dim", 0): "V7/V/3",
    }.items():  # fmt: skip
        assert progressions.place(root, quality, bass, "major") == at[name]
    assert progressions.place(0, "M", 0, "minor") is None


@pytest.mark.parametrize("mode", MODES)
def test_a_pedal_chord_is_dear_unless_a_neighbour_keeps_the_bass(mode: str):
    at, cost = index(mode), progressions.pedal_cost(mode)
    home, four = ("I", "IV") if mode == "major" else ("i", "iv")
    lone, one, both = (cost[at[a], at["V/1"], at[b]] for a, b in ((four, "V"), (four, home), (home, home)))
    assert lone > one > both == 0
    assert (cost[:, at[home]] == 0).all()


def test_all_that_ships_is_read():
    read = set()

    class Watched(dict):
        def __getitem__(self, name):
            read.add(name)
            return super().__getitem__(name)

    sets = {name: Watched(table) for name, table in progressions._sets().items()}
    with mock.patch.object(progressions, "_sets", return_value=sets):
        progressions.counts.__wrapped__("major", 2)
        progressions.opening.__wrapped__("major")
        progressions.pedal_cost.__wrapped__("major")
    for_people = {"pieces", "chords"}  # how much was counted
    assert all(set(table) == read | for_people for table in sets.values())
