"""Output appears whole or not at all, and never over something of the user's."""

import pytest

from tensionbgm.errors import InputError
from tensionbgm.folder import file_written_aside, written_aside


def listing(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_a_finished_folder_appears_whole(tmp_path):
    with written_aside(tmp_path / "out") as aside:
        (aside / "stems").mkdir()
        (aside / "stems" / "a.wav").write_text("a")
        assert not (tmp_path / "out").exists()
    assert listing(tmp_path) == ["out", "out/stems", "out/stems/a.wav"]


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_folder_leaves_nothing(tmp_path, fault):
    with pytest.raises(fault), written_aside(tmp_path / "out") as aside:
        (aside / "half").write_text("x")
        raise fault
    assert listing(tmp_path) == []


def test_existing_output_is_kept_without_force(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(InputError, match="--force"), written_aside(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "mine").read_text() == "mine"


def test_force_replaces_our_files_and_leaves_the_users(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    (tmp_path / "out" / "music.mid").write_text("old")
    with written_aside(tmp_path / "out", force=True) as aside:
        (aside / "music.mid").write_text("new")
    assert (tmp_path / "out" / "mine").read_text() == "mine"
    assert (tmp_path / "out" / "music.mid").read_text() == "new"
    assert listing(tmp_path) == ["out", "out/mine", "out/music.mid"]


def test_a_file_in_the_place_of_the_folder_is_refused_even_with_force(tmp_path):
    (tmp_path / "out").write_text("a file")
    for force in (False, True):
        with pytest.raises(InputError), written_aside(tmp_path / "out", force=force):
            pass
    assert (tmp_path / "out").read_text() == "a file"


def test_a_single_file_is_replaced_only_when_it_is_finished(tmp_path):
    target = tmp_path / "demo.mp4"
    target.write_text("old")
    with pytest.raises(InputError, match="already exists"), file_written_aside(target):
        pass
    with pytest.raises(RuntimeError), file_written_aside(target, force=True) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    with file_written_aside(target, force=True) as aside:
        aside.write_text("new")
    assert listing(tmp_path) == ["demo.mp4"]
    assert target.read_text() == "new"
