"""Output appears whole or not at all, and never over something of the user's."""

import pytest

from tensionbgm.errors import InputError
from tensionbgm.folder import file_written_aside, refuse_unwritable, written_aside


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


def test_what_another_job_finished_meanwhile_is_kept(tmp_path):
    with pytest.raises(InputError, match="already holds"), written_aside(tmp_path / "out") as aside:
        (aside / "music.mid").write_text("ours")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "music.mid").write_text("theirs")
    assert (tmp_path / "out" / "music.mid").read_text() == "theirs"
    assert listing(tmp_path) == ["out", "out/music.mid"]


def test_work_for_a_folder_that_is_there_is_done_inside_it(tmp_path):
    (tmp_path / "out").mkdir()  # it may be a mounted disk: nothing can be renamed into it from outside
    with written_aside(tmp_path / "out") as aside:
        (aside / "music.mid").write_text("x")
        assert (tmp_path / "out") in aside.parents
    assert listing(tmp_path) == ["out", "out/music.mid"]


def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_replaced(tmp_path):
    (tmp_path / "out" / "b").mkdir(parents=True)
    (tmp_path / "out" / "a").write_text("old")
    out = tmp_path / "out"
    with pytest.raises(InputError, match="in its place"), written_aside(out, force=True) as aside:
        (aside / "a").write_text("new")
        (aside / "b").write_text("new")
    assert (tmp_path / "out" / "a").read_text() == "old"


def test_stems_of_an_earlier_job_go_when_they_are_not_written_again(tmp_path):
    (tmp_path / "out" / "stems").mkdir(parents=True)
    for name in ("stems/01-old.wav", "stems/02-both.wav", "stems/mine.wav"):
        (tmp_path / "out" / name).write_text("old")
    with written_aside(tmp_path / "out", True, ["stems/01-old.wav", "stems/02-both.wav"]) as aside:
        (aside / "stems").mkdir()
        (aside / "stems" / "02-both.wav").write_text("new")
    assert listing(tmp_path / "out") == ["stems", "stems/02-both.wav", "stems/mine.wav"]
    assert (tmp_path / "out" / "stems" / "02-both.wav").read_text() == "new"


def test_folders_made_on_the_way_go_again_with_the_fault(tmp_path):
    with pytest.raises(RuntimeError), written_aside(tmp_path / "a" / "b" / "out"):
        raise RuntimeError
    assert listing(tmp_path) == []


def test_a_link_to_nowhere_is_not_replaced(tmp_path):
    (tmp_path / "out").symlink_to("nowhere")
    with pytest.raises(InputError), written_aside(tmp_path / "out", force=True):
        pass
    with pytest.raises(InputError), file_written_aside(tmp_path / "out"):
        pass
    assert (tmp_path / "out").is_symlink()


def test_a_full_disk_is_told_with_the_users_own_name(tmp_path):
    with pytest.raises(InputError, match=r"out: cannot be written \(No space") as told:  # noqa: SIM117
        with written_aside(tmp_path / "out") as aside:
            raise OSError(28, "No space left on device", str(aside / "music.wav"))
    assert ".partial" not in str(told.value)


def test_a_place_that_cannot_be_written_to_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        refuse_unwritable(tmp_path / "file" / "out")
