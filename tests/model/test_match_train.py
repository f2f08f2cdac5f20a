"""The matching network learns, and what was learnt is kept."""

import numpy as np
import pytest
from pairs import pair, write_pairs

from tensionbgm.__main__ import main
from tensionbgm.errors import Cancelled, InputError
from tensionbgm.model import match_train
from tensionbgm.model.match_fit import fit_match
from tensionbgm.model.match_model import load_match
from tensionbgm.model.match_train import EDGE_S, MatchSettings, draw_match_batch, first_second, train_match
from tensionbgm.progress import Watch

BRIEF = MatchSettings(steps=12, songs=6, width=4, save_every=5)


@pytest.fixture(scope="module")
def pairs():
    return [pair(k) for k in range(8)]


@pytest.fixture
def brief(monkeypatch):
    """Trainings of a few steps, whatever is asked."""
    monkeypatch.setattr(match_train, "MatchSettings", lambda: BRIEF)


def test_nothing_is_learnt_from_one_song(pairs):
    with pytest.raises(InputError, match="fewer than two songs"):
        train_match(pairs[:1], 0, BRIEF)


def test_candidates_are_other_songs_or_other_times_of_ones_own(pairs):
    batch = draw_match_batch(pairs, BRIEF, np.random.default_rng(0))
    others, own = (x.numpy() for x in batch.candidates(24))
    song, first = batch.song.numpy(), batch.first.numpy()
    assert others.diagonal().all()
    assert own.diagonal().all()
    apart = ~np.eye(len(song), dtype=bool)
    assert not (others & own & apart).any()
    assert (song[np.nonzero(others & apart)[0]] != song[np.nonzero(others & apart)[1]]).all()
    a, b = np.nonzero(own & apart)
    assert (song[a] == song[b]).all()
    assert (abs(first[a] - first[b]) >= 12).all()


def test_stretches_lie_between_intro_and_outro():
    rng, long, short = np.random.default_rng(0), pair(0, 120), pair(0, 60)
    begun = {first_second(long, 24, rng) for _ in range(400)}
    assert (min(begun), max(begun)) == (EDGE_S, 120 - EDGE_S - 24)
    assert first_second(short, 24, rng) == 18


def test_the_command_trains_and_tidies_up(tmp_path, brief, capsys):
    data, out = tmp_path / "set", tmp_path / "out.safetensors"
    data.mkdir()
    write_pairs(data, ["train"] * 6 + ["val", "test"])
    assert main(["train", "match", "--data", str(data), "-o", str(out), "--quiet"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert load_match(out).width == BRIEF.width
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.safetensors", "set"]
    assert main(["train", "match", "--data", str(data), "-o", str(out), "--quiet"]) == 1
    assert "already exists; give --force" in capsys.readouterr().err


def test_a_set_that_is_missing_is_named(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["train", "match", "--data", str(tmp_path), "-o", str(out), "--quiet"]) == 1
    assert "has no muvi_sync.npz" in capsys.readouterr().err
    assert not out.exists()


def test_a_stopped_training_leaves_its_checkpoint_and_no_weights(tmp_path, brief):
    write_pairs(tmp_path, ["train"] * 4)
    calls = iter(range(99))
    with pytest.raises(Cancelled):
        fit_match(tmp_path, tmp_path / "out", watch=Watch(cancelled=lambda: next(calls) > 12))
    assert (tmp_path / "out.checkpoint").exists()
    assert not (tmp_path / "out").exists()
