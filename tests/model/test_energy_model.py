"""What the shipped networks say of films: of any length, forwards and backwards, still and wild."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_films import Take, film, of_places

from tensionbgm.errors import InputError
from tensionbgm.forms import Analysis
from tensionbgm.model.energy_model import SHIPPED, EnergyEstimate, load_model, predict
from tensionbgm.model.safetensors import write_tensors


def changing(change: np.ndarray, cut_s: list[float]) -> Analysis:
    """A film with this change (0..255), a value a second, and these cuts."""
    edge_s = [0.0, *cut_s, float(len(change))]
    made = film([Take(f"p{k}", b - a) for k, (a, b) in enumerate(pairwise(edge_s))])
    at = np.minimum(made.motion.time_s.astype(int), len(change) - 1)
    return replace(made, change=change[at])


def wild_in_the_middle(seconds: int = 90) -> Analysis:
    change = np.full(seconds, 2.0)
    change[seconds // 3 : 2 * seconds // 3] = 18.0
    cut_s = [float(s) for s in range(seconds // 3, 2 * seconds // 3, 2)]
    return changing(change, cut_s)


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


takes = st.builds(Take, st.sampled_from("abc"), st.floats(0.05, 40.0), st.floats(0.0, 0.8))


@settings(max_examples=40)
@given(st.lists(takes, min_size=1, max_size=12), st.integers(0, 9))
def test_every_film_has_an_answer_in_order_and_in_bounds(shots, seed):
    made = film(shots, seed)
    said = predict(made)
    arrays = [value for value in vars(said).values() if isinstance(value, np.ndarray)]
    assert all(len(value) == len(said.time_s) == max(1, np.ceil(made.video.duration_s)) for value in arrays)
    assert all(np.isfinite(value).all() for value in arrays)
    assert np.all((said.q10 < said.q50) & (said.q50 < said.q90))
    assert np.abs(said.q50).max() < 6
    assert np.all((said.boundary >= 0) & (said.boundary <= 1))
    assert said.residual == pytest.approx(said.q50 - said.position)
    assert np.all(np.diff(said.time_s) > 0)
    assert said.time_s[-1] <= made.video.duration_s


def test_half_an_hour_and_half_a_second_have_answers():
    assert len(predict(film([Take("a", 0.4)])).time_s) == 1
    assert len(predict(of_places("abcd" * 15, 30.0)).time_s) == 1800


@settings(max_examples=20)
@given(st.integers(5, 200), st.floats(0.0, 0.1), st.integers(0, 9))
def test_a_still_film_has_no_residual(seconds, noise, seed):
    rng = np.random.default_rng(seed)
    said = predict(changing(noise * rng.random(seconds), []))
    assert said.presence == 0
    assert np.all(said.residual == 0)
    assert said.q50 == pytest.approx(said.position)


@pytest.mark.parametrize("seed", range(6))
def test_a_film_played_backwards_has_its_residual_backwards(seed):
    rng = np.random.default_rng(seed)
    seconds = int(rng.integers(30, 240))
    slow = np.interp(
        np.arange(seconds),
        np.arange(0, seconds + 20, 12),
        rng.normal(1.5, 1.0, len(range(0, seconds + 20, 12))),
    )
    change = np.exp(slow)
    cut = np.flatnonzero(rng.random(seconds) < 0.15 * (slow > 1.5))
    cut_s = [float(c) for c in cut if c > 0]
    forth = predict(changing(change, cut_s)).residual
    back = predict(changing(change[::-1].copy(), [seconds - c for c in reversed(cut_s)])).residual[::-1]
    assert correlation(forth, back) > 0.98


def test_a_picture_that_is_wild_in_the_middle_adds_energy_there():
    said = predict(wild_in_the_middle())
    ends = np.r_[said.residual[:25], said.residual[65:]]
    assert said.residual[35:55].mean() > ends.mean() + 0.3


def test_the_position_is_the_same_whatever_is_seen():
    wild, calm = predict(wild_in_the_middle()), predict(changing(np.full(90, 3.0), []))
    assert wild.position == pytest.approx(calm.position)


@pytest.mark.parametrize("factor", [0.6, 1.6])
def test_another_codec_or_size_hardly_changes_the_residual(factor):
    made = wild_in_the_middle()
    one, other = predict(made), predict(replace(made, change=factor * made.change))
    assert correlation(one.residual, other.residual) > 0.97


def test_the_number_of_threads_changes_nothing():
    made, threads = wild_in_the_middle(), torch.get_num_threads()
    one = predict(made)
    torch.set_num_threads(2)
    try:
        two = predict(made)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(two).values(), strict=True))
    assert isinstance(one, EnergyEstimate)


def test_what_ships_is_small_and_was_trained_on_the_training_split_alone():
    assert SHIPPED.stat().st_size < 5_000_000
    assert SHIPPED.with_suffix(".md").is_file()
    model = load_model(SHIPPED)
    assert sum(p.numel() for net in model.nets for p in net.parameters()) < 250_000
    assert np.all((model.stretch > 0.5) & (model.stretch < 2))


def test_weights_of_something_else_are_refused(tmp_path):
    write_tensors(tmp_path / "w", {"a": np.zeros(3)}, {"format": "another"})
    with pytest.raises(InputError, match="holds no energy model of this version; train it"):
        predict(wild_in_the_middle(), tmp_path / "w")
    about = {"format": "tensionbgm energy 1", "nets": "1", "width": "8", "dilations": "1"}
    write_tensors(tmp_path / "w", {"stretch": np.ones((2, 2))}, about)
    with pytest.raises(InputError, match="its weights do not fit"):
        predict(wild_in_the_middle(), tmp_path / "w")


def test_a_film_without_length_is_told():
    made = wild_in_the_middle()
    with pytest.raises(InputError, match="the film has no length"):
        predict(replace(made, video=replace(made.video, duration_s=0.0)))


# --------------------------------------------------------------------------- real films

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "videos"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the films in ../shared/data/videos")


@pytest.mark.slow
@real
def test_a_real_film_played_backwards_has_its_residual_backwards(tmp_path):
    from tensionbgm.video.analyze import analyze
    from tensionbgm.video.decode import open_film
    from tensionbgm.video.encode import write_film

    with open_film(SHARED / "derived" / "calm_action_calm.mp4") as source:
        pictures = [frame.rgb for frame in source.frames(180) if frame.time_s < 26]
    for name, order in (("forth.mp4", pictures), ("back.mp4", pictures[::-1])):
        write_film(tmp_path / name, order, 25)
    forth, back = (predict(analyze(tmp_path / name)).residual for name in ("forth.mp4", "back.mp4"))
    assert correlation(forth, back[::-1]) > 0.85
    assert np.ptp(forth) > 0.2


@pytest.mark.slow
@real
def test_a_real_still_film_has_no_residual():
    from tensionbgm.video.analyze import analyze

    said = predict(analyze(SHARED / "derived" / "frozen_still_20s.mp4"))
    assert np.all(said.residual == 0)
