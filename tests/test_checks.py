"""What a job refuses before it begins."""

import json

import pytest

from tensionbgm import checks, config
from tensionbgm.errors import InputError, UsageError


def test_the_film_is_not_replaced_by_its_scored_copy_even_when_forced(tmp_path):
    film = tmp_path / checks.FILM
    film.write_bytes(b"film")
    with pytest.raises(InputError, match="overwritten by its scored copy"):
        checks.check_place(film, tmp_path, force=True)
    checks.check_place(film, tmp_path / "other", force=False)


@pytest.mark.parametrize("content", ["", "[]", '{"sound": null}', '{"sound": {"stems": 5}}', "[" * 99999])
def test_a_report_that_is_not_ours_names_no_stems(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    assert checks.earlier_stems(tmp_path) == []


def test_only_plain_names_of_stems_are_believed(tmp_path):
    names = ["01-harp.wav", "../../film.wav", "/etc/passwd", "01-harp.wav/../x.wav", "mine.wav"]
    (tmp_path / "report.json").write_text(json.dumps({"sound": {"stems": names}}))
    assert checks.earlier_stems(tmp_path) == ["stems/01-harp.wav"]


@pytest.mark.parametrize(
    "wishes",
    [
        (config.Ask(key="H"), config.Effort(), config.Sound()),
        (config.Ask(tempo="fast"), config.Effort(), config.Sound()),
        (config.Ask(), config.Effort(effort="huge"), config.Sound()),
        (config.Ask(), config.Effort(device="tpu"), config.Sound()),
        (config.Ask(), config.Effort(), config.Sound(soundfont="none.sf2")),
        (config.Ask(curve="none.csv"), config.Effort(), config.Sound()),
    ],
)
def test_a_wish_that_means_nothing_is_told_before_the_film_is_opened(wishes):
    with pytest.raises((InputError, UsageError)):
        checks.check_wishes(*wishes)


def test_music_that_memory_cannot_hold_is_refused(tmp_path):
    with pytest.raises(InputError, match="at most 60"):
        checks.check_duration(tmp_path / "a.mid", 3601.0)
