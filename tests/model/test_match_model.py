"""A film finds the music that goes with it, and says so the same way whoever stands beside it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_films import Take, film
from pairs import pair

from tensionbgm.errors import InputError
from tensionbgm.model.match_model import (
    CONTROLS,
    SHIPPED,
    SHORTEST_S,
    among,
    load_match,
    match_rows,
    matching,
    rearrangements,
    save_match,
    scores,
)
from tensionbgm.model.match_music import MusicRows
from tensionbgm.model.match_net import PARTS
from tensionbgm.model.match_songs import FilmRows
from tensionbgm.model.match_train import MatchSettings, train_match
from tensionbgm.music.notes import NOTE, KeyChange, Notes

SMALL = MatchSettings(steps=60, songs=10, width=8, rate=0.01, warm=10, keep=0.9)
SHOTS = [2.5, 4.0, 3.0, 1.5, 2.0, 5.0, 3.5, 6.0, 1.0, 1.5]
MOTION = [0.01, 0.02, 0.05, 0.2, 0.3, 0.3, 0.1, 0.02, 0.4, 0.2]


@pytest.fixture(scope="module")
def pairs():
    return [pair(k) for k in range(30)]


@pytest.fixture(scope="module")
def net(pairs):
    return train_match(pairs[:20], 0, SMALL)


def shuffled(music: MusicRows, order: np.ndarray) -> MusicRows:
    return MusicRows(music.energy[:, order], music.harmony[:, order], music.level)


def test_a_small_training_finds_the_music_of_films_it_never_saw(net, pairs):
    held = pairs[20:]
    score = scores(net, [p.film for p in held], [p.music for p in held])["energy"]
    own = score.diagonal()[:, None]
    assert np.mean(score < own) > 0.75


def test_music_shuffled_in_time_goes_worse_with_its_film(net, pairs):
    rng, better = np.random.default_rng(0), []
    for held in pairs[20:]:
        orders = [np.concatenate(rng.permutation(np.split(np.arange(150), 15))) for _ in range(10)]
        pieces = [held.music, *(shuffled(held.music, order) for order in orders)]
        score = scores(net, [held.film], pieces)["energy"][0]
        better.append(score[0] - score[1:].mean())
    assert np.mean(better) > 0
    assert np.mean(np.array(better) > 0) >= 0.9


def test_another_films_music_stands_among_its_rearrangements_as_by_chance(net, pairs):
    held = pairs[20:]
    own = [match_rows(net, p.film, p.music).percentile for p in held]
    other = [match_rows(net, held[k - 1].film, p.music).percentile for k, p in enumerate(held)]
    assert np.mean(own) > 0.9
    assert 0.2 < np.mean(other) < 0.8


@given(st.permutations(range(8)), st.permutations(range(8)))
def test_scores_do_not_depend_on_who_stands_beside(net, pairs, films, music):
    some = pairs[:8]
    straight = scores(net, [p.film for p in some], [p.music for p in some])
    turned = scores(net, [some[i].film for i in films], [some[i].music for i in music])
    for name in PARTS:
        assert turned[name] == pytest.approx(straight[name][np.ix_(films, music)], abs=1e-4)


@given(st.integers(1, 90), st.integers(0, 2**32 - 1), st.floats(0, 1e3))
def test_scores_of_anything_are_finite_and_bounded(net, count, seed, size):
    rng = np.random.default_rng(seed)
    films = [FilmRows(size * rng.standard_normal((9, count)), size * rng.standard_normal(4)) for _ in "ab"]
    music = [
        MusicRows(*(size * rng.standard_normal(shape) for shape in ((2, count), (6, count), 11)))
        for _ in "abc"
    ]
    for name, sharp in zip(PARTS, net.sharp.exp().tolist(), strict=True):
        score = scores(net, films, music)[name]
        assert score.shape == (2, 3)
        assert np.abs(score).max() <= sharp * (1 + 1e-5)


def test_scores_are_the_same_on_any_number_of_threads(net, pairs):
    threads, said = torch.get_num_threads(), []
    try:
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            said.append(scores(net, [p.film for p in pairs], [p.music for p in pairs]))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert all(np.array_equal(said[0][name], other[name]) for other in said[1:] for name in PARTS)


def test_a_film_and_its_music_both_played_backwards_go_together_as_before(net, pairs):
    one = pairs[0]
    back = np.arange(150)[::-1]
    film = FilmRows(np.ascontiguousarray(one.film.seen[:, back]), one.film.level)
    straight = scores(net, [one.film], [one.music])
    turned = scores(net, [film], [shuffled(one.music, back)])
    assert turned["energy"] == pytest.approx(straight["energy"], abs=1e-4)


@given(st.integers(SHORTEST_S, 400))
def test_rearrangements_keep_every_second_and_are_none_the_piece_itself(count):
    orders = rearrangements(count)
    assert orders.shape == (CONTROLS, count)
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(count), (CONTROLS, 1)))
    assert not (orders == np.arange(count)).all(axis=1).any()
    assert np.array_equal(orders, rearrangements(count))


@given(st.floats(-5, 5), st.lists(st.floats(-5, 5), min_size=1, max_size=80))
def test_rank_and_percentile_are_one_thing(own, controls):
    match = among(own, np.array(controls))
    assert 1 <= match.rank <= len(controls) + 1
    assert match.percentile == pytest.approx(1 - (match.rank - 1) / len(controls))


def test_a_piece_as_good_as_all_its_rearrangements_is_at_chance():
    match = among(0.3, np.full(CONTROLS, 0.3))
    assert (match.rank, match.percentile, match.z) == (30.5, 0.5, 0.0)


def test_a_model_is_read_back_as_it_was_written(net, tmp_path):
    save_match(net, tmp_path / "m", {"data": "drawn"})
    found = load_match(tmp_path / "m").state_dict()
    assert all((value == found[name]).all() for name, value in net.state_dict().items())


def test_weights_of_another_kind_are_refused(net, tmp_path):
    save_match(net, tmp_path / "m", {"format": "something else"})
    with pytest.raises(InputError, match="is no matching model"):
        load_match(tmp_path / "m")
    save_match(net, tmp_path / "n", {})
    numbers = (tmp_path / "n").read_bytes()[:-4] + np.array([np.nan], "<f4").tobytes()
    (tmp_path / "n").write_bytes(numbers)
    with pytest.raises(InputError, match="finite"):
        load_match(tmp_path / "n")


# ------------------------------------------------------------------------ finished pieces


def follows(analysis, seconds: int, sign: int = 1) -> Notes:
    """A note a second, the louder the more (or, with -1, the less) the picture moves."""
    magnitude = np.interp(np.arange(seconds) + 0.5, analysis.motion.time_s, analysis.motion.magnitude)
    z = (np.log(magnitude) - np.log(magnitude).mean()) / np.log(magnitude).std()
    table = np.zeros(seconds, NOTE)
    table["onset_quarter"] = table["onset_s"] = np.arange(seconds)
    table["duration_quarter"] = table["duration_s"] = 1.0
    table["pitch"], table["velocity"] = 60, np.clip(70 + 25 * sign * z, 5, 127).astype(int)
    line = np.array([0.0, 400.0])
    return Notes(table, ("piano",), np.arange(0.0, 400.0, 4.0), line, line, (KeyChange(0.0, 0, "major"),))


def test_music_that_rises_with_the_picture_is_preferred_to_its_rearrangements():
    seen = film([Take("p", s, m) for s, m in zip(SHOTS, MOTION, strict=True)])
    good, bad = (matching(seen, follows(seen, 30, sign)) for sign in (1, -1))
    assert good.percentile > 0.8
    assert bad.percentile < 0.4
    assert good.z > bad.z


def test_a_film_that_is_short_or_still_is_told_in_a_line():
    brief = film([Take("p", 5.0, 0.1), Take("q", 6.0, 0.3)])
    with pytest.raises(InputError, match=f"is shorter than {SHORTEST_S} s"):
        matching(brief, follows(brief, 11))
    still = film([Take("p", 40.0, 0.0)])
    with pytest.raises(InputError, match="its picture never changes"):
        matching(still, follows(film([Take("p", 40.0, 0.1)]), 40))


def test_what_ships_is_small_and_has_its_card():
    assert SHIPPED.stat().st_size < 200_000
    card = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    assert all(word in card for word in ("licence is unknown", "Split", "Figures", "limits"))


def test_what_ships_reads_films_and_music_as_it_learnt_to():
    # A change of rows or of layers asks for a training; the numbers are those of the day it was trained.
    some = [pair(1), pair(2)]
    spread = [0.8414, 0.2769, 0.787, 0.5312, 0.343, 0.5314, 0.2591, 0.4604, 0.2233]
    assert some[0].film.seen.std(axis=1) == pytest.approx(np.array(spread), abs=2e-4)
    assert some[0].film.level == pytest.approx(np.array([-0.4423, -0.6094, 0.8414, 0.787]), abs=2e-4)
    score = scores(load_match(SHIPPED), [p.film for p in some], [p.music for p in some])
    assert score["energy"] == pytest.approx(np.array([[1.671, 0.848], [0.597, 2.113]]), abs=5e-3)
    assert score["harmony"] == pytest.approx(np.array([[1.511, 1.595], [1.556, 1.427]]), abs=5e-3)
