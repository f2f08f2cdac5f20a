"""Either network is trained the same every time, also after an interruption."""

from functools import partial

import pytest
from pairs import pair
from songs import same, song

from tensionbgm.errors import Cancelled, InputError
from tensionbgm.model.energy_train import Settings, train
from tensionbgm.model.match_train import MatchSettings, train_match


def energy():
    brief = partial(Settings, width=8, dilations=(1, 2))
    return [song(k) for k in range(24)], lambda songs, seed, steps, save_every, *rest: train(
        songs, seed, brief(steps=steps, save_every=save_every), *rest
    )


def matching():
    brief = partial(MatchSettings, songs=6, width=4)
    return [pair(k) for k in range(8)], lambda pairs, seed, steps, save_every, *rest: train_match(
        pairs, seed, brief(steps=steps, save_every=save_every), *rest
    )


@pytest.fixture(scope="module", params=[energy, matching])
def training(request):
    """Songs, and a short training: (songs, seed, steps, save_every, checkpoint, tick) -> net."""
    return request.param()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(training):
    songs, trained = training
    assert same(trained(songs, 3, 4, 50), trained(songs, 3, 4, 50))
    assert not same(trained(songs, 3, 4, 50), trained(songs, 4, 4, 50))


def test_training_goes_on_after_an_interruption_as_if_nothing_had_been(training, tmp_path):
    songs, trained = training
    calls = []

    def stop_once(fraction: float) -> None:
        calls.append(fraction)
        if len(calls) == 8:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        trained(songs, 1, 12, 5, tmp_path / "c", stop_once)
    resumed = trained(songs, 1, 12, 5, tmp_path / "c", stop_once)
    assert calls[8] == pytest.approx(5 / 12)  # from the last checkpoint on
    assert same(resumed, trained(songs, 1, 12, 5))


def test_a_checkpoint_of_another_training_is_refused(training, tmp_path):
    songs, trained = training
    trained(songs, 1, 2, 1, tmp_path / "c")
    with pytest.raises(InputError, match="begun with another seed, other settings or other songs"):
        trained(songs, 2, 2, 1, tmp_path / "c")
    with pytest.raises(InputError, match="or other songs"):
        trained(songs[1:], 1, 2, 1, tmp_path / "c")
    (tmp_path / "c").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="delete it to begin again"):
        trained(songs, 2, 2, 1, tmp_path / "c")
