"""The energy network learns, and what was learnt is kept."""

import numpy as np
import pytest
from songs import same, song, write_set

from tensionbgm.__main__ import main
from tensionbgm.errors import Cancelled, InputError
from tensionbgm.model import energy_fit
from tensionbgm.model.energy_batch import Batch, draw_batch
from tensionbgm.model.energy_fit import answer_of, fit_energy, stretches, train_model
from tensionbgm.model.energy_model import at_edge, load_model, save_model
from tensionbgm.model.energy_net import SHORTEST_S, position_of
from tensionbgm.model.energy_train import Settings, train
from tensionbgm.model.muvi_sync import film_of, read_songs
from tensionbgm.progress import Watch

SMALL = Settings(steps=40, width=8, dilations=(1, 2), rate=0.03, keep=0.9, save_every=5)


@pytest.fixture(scope="module")
def songs():
    return [song(k) for k in range(24)]


def test_a_small_training_learns_what_there_is_to_learn(songs):
    model = train_model(songs[:16], songs[16:], [0], settings=SMALL)
    within = [np.corrcoef(answer_of(model, s).centre, s.energy)[0, 1] for s in songs[16:]]
    assert np.mean(within) > 0.6


def test_nothing_is_learnt_from_nothing():
    with pytest.raises(InputError, match="no songs"):
        train([], 0)


def test_batches_have_films_of_any_length_and_nothing_outside_them(songs):
    for seed in range(20):
        batch = draw_batch(songs, np.random.default_rng(seed))
        assert all(np.isfinite(x).all() for x in vars(batch).values())
        outside = batch.inside[:, None] == 0
        assert not np.any(batch.picture * outside)
        assert not np.any(batch.inner * (1 - batch.inside))
        assert batch.inside.sum(axis=1).min() >= 15


def test_batches_are_functions_of_their_seed(songs):
    one, other = (draw_batch(songs, np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))
    assert isinstance(one, Batch)


def test_stretched_bands_hold_four_fifths_of_what_they_were_stretched_on(songs):
    model = train_model(songs[:8], songs[8:], [0], settings=Settings(steps=3, width=8, dilations=(1,)))
    edge, inside = at_edge(np.arange(90) + 0.5, 90.0), []
    for held in songs[8:]:
        answer, row = answer_of(model, held), np.where(edge, 0, 1)
        low = answer.centre - model.stretch[row, 0] * answer.below
        high = answer.centre + model.stretch[row, 1] * answer.above
        inside.append((held.energy >= low) & (held.energy <= high))
    held = np.array(inside)
    assert held[:, edge].mean() == pytest.approx(0.8, abs=0.01)
    assert held[:, ~edge].mean() == pytest.approx(0.8, abs=0.01)


def test_bands_of_nothing_are_left_as_they_are():
    assert stretches([]) == pytest.approx(np.ones((2, 2)))


def test_a_model_is_read_back_as_it_was_written(songs, tmp_path):
    model = train_model(songs[:8], songs[8:], [0, 1], settings=Settings(steps=2, width=8, dilations=(1, 3)))
    save_model(model, tmp_path / "m", {"data": "drawn"})
    found = load_model(tmp_path / "m")
    assert all(same(a, b) for a, b in zip(model.nets, found.nets, strict=True))
    assert np.array_equal(model.stretch, found.stretch)


def test_the_command_trains_and_tidies_up(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(energy_fit, "NETS", 1)
    monkeypatch.setattr(energy_fit, "train", lambda songs, seed, _, *rest: train(songs, seed, SMALL, *rest))
    data, out = tmp_path / "set", tmp_path / "out.safetensors"
    data.mkdir()
    write_set(data, ["train"] * 6 + ["val"] * 2 + ["test"])
    assert main(["train", "video", "--data", str(data), "-o", str(out), "--quiet"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert len(load_model(out).nets) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.safetensors", "set"]
    assert main(["train", "video", "--data", str(data), "-o", str(out), "--quiet"]) == 1
    assert "already exists; give --force" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["muvi_sync.npz", "muvi_sync_targets.npz"])
def test_a_set_that_is_missing_is_named(tmp_path, capsys, missing):
    write_set(tmp_path, ["train"])
    (tmp_path / missing).unlink()
    out = tmp_path / "out"
    assert main(["train", "video", "--data", str(tmp_path), "-o", str(out), "--quiet"]) == 1
    assert f"has no {missing}" in capsys.readouterr().err
    assert not out.exists()


def test_a_set_that_is_something_else_is_told(tmp_path):
    write_set(tmp_path, ["train"])
    np.savez(tmp_path / "muvi_sync.npz", id=np.zeros(1))
    with pytest.raises(InputError, match="is not MuVi-Sync as its README describes it"):
        read_songs(tmp_path)


def test_a_stopped_training_leaves_its_checkpoint_and_no_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(energy_fit, "NETS", 1)
    monkeypatch.setattr(energy_fit, "train", lambda songs, seed, _, *rest: train(songs, seed, SMALL, *rest))
    write_set(tmp_path, ["train"] * 4 + ["val"])
    calls = iter(range(99))
    with pytest.raises(Cancelled):
        fit_energy(tmp_path, tmp_path / "out", watch=Watch(cancelled=lambda: next(calls) > 20))
    assert (tmp_path / "out.checkpoint0").exists()
    assert not (tmp_path / "out").exists()


def test_the_set_is_read_by_its_own_definitions():
    film = film_of(np.array([0.0, 3.0, 4.0, 5.0, 2.0]), np.array([0, 1, 0, 1, 0], np.int16))
    assert list(film.change) == [3.0, 3.0, 4.0, 5.0, 2.0]
    assert list(film.cut) == [2, 4]


def test_short_films_pass_through_the_positions_of_longer_ones():
    short, longer = position_of(np.arange(15) + 0.5, 15.0), position_of(10 * np.arange(15) + 5.0, SHORTEST_S)
    assert short == pytest.approx(longer, abs=1e-5)
