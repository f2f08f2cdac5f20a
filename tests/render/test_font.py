import contextlib
import hashlib
import struct
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.render import soundfont
from tensionbgm.render.font import find_font
from tensionbgm.render.font_subset import KITS, PROGRAMS, subset
from tensionbgm.render.soundfont import BadFont

OURS = resources.files("tensionbgm.render") / "sound-font" / "tensionbgm.sf3"


@pytest.fixture(scope="module")
def ours() -> soundfont.SoundFont:
    return soundfont.read(OURS.read_bytes())


@pytest.fixture(scope="module")
def small(ours):
    """Two instruments and nothing else, quick to expand."""
    return subset(ours, (0, 73), ())


@given(
    cut=st.integers(0, 60_000),
    flips=st.lists(st.tuples(st.integers(0, 59_999), st.integers(0, 255)), max_size=8),
)
def test_a_damaged_font_is_refused_or_read_but_never_breaks_the_program(small_bytes, cut, flips):
    data = bytearray(small_bytes[-60_000:] if cut % 2 else small_bytes)
    for at, value in flips:
        data[at % len(data)] = value
    with contextlib.suppress(BadFont):
        soundfont.expand(soundfont.read(bytes(data[: len(data) - cut])))


@pytest.fixture(scope="module")
def small_bytes(ours):
    return soundfont.write(subset(ours, (112, 108), ()))


def test_our_font_holds_what_it_promises(ours):
    presets = ours.table[b"phdr"][:-1]
    held = {(int(p["bank"]), int(p["program"])) for p in presets}
    assert held == {(0, program) for program in PROGRAMS} | {(128, kit) for kit in KITS}
    assert len(OURS.read_bytes()) < 9_000_000
    assert b"Frank Wen" in ours.info[b"ICOP"]


def test_the_licence_lies_beside_the_font():
    text = (resources.files("tensionbgm.render") / "sound-font" / "LICENSE-tensionbgm.sf3.md").read_text()
    assert "Permission is hereby granted, free of charge" in text
    assert "Michael Cowgill" in text


def test_a_subset_of_a_subset_is_the_same_as_the_subset(ours):
    once = soundfont.write(subset(ours, (0, 48), (0,)))
    assert once == soundfont.write(subset(ours, (0, 48), (0,)))
    again = subset(soundfont.read(once), (0, 48), (0,))
    assert again.smpl == soundfont.read(once).smpl


def test_expanding_keeps_every_loop_inside_its_sample(ours):
    wide = soundfont.expand(ours)
    samples = wide.table[b"shdr"][:-1]
    assert not wide.compressed
    assert (samples["end"] * 2 <= len(wide.smpl)).all()
    assert (samples["loop_start"] >= samples["start"]).all()
    assert (samples["loop_end"] <= samples["end"]).all()
    packed = ours.table[b"shdr"][:-1]
    np.testing.assert_array_equal(
        samples["loop_end"] - samples["loop_start"], packed["loop_end"] - packed["loop_start"]
    )


def test_a_font_written_and_read_is_the_same(small):
    again = soundfont.read(soundfont.write(small))
    assert again.smpl == small.smpl
    for name, table in small.table.items():
        assert again.table[name].tobytes() == table.tobytes()


def test_a_list_chunk_without_its_pad_byte_is_found(small):
    data = soundfont.write(small)
    at = data.index(b"sdta") + 4
    (size,) = struct.unpack_from("<I", data, at + 4)
    odd = size - 1 if size % 2 == 0 else size
    cut = data[: at + 4] + struct.pack("<I", odd) + data[at + 8 : at + 8 + odd]
    lists = struct.pack("<I", 4 + 8 + odd)
    cut = cut[: at - 8] + lists + cut[at - 4 :] + data[at + 8 + size + size % 2 :]
    assert soundfont.read(cut).table[b"shdr"].tobytes() == small.table[b"shdr"].tobytes()


def test_the_expanded_font_is_kept_and_survives_a_half_written_one(tmp_path, small):
    path = tmp_path / "two.sf3"
    path.write_bytes(soundfont.write(small))
    font = find_font(path, cache=tmp_path / "cache")
    first = font.path.read_bytes()
    font.path.write_bytes(first[:1000])
    assert find_font(path, cache=tmp_path / "cache").path.read_bytes() == first
    assert font.source == "asked"
    assert font.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_runs_at_once_do_not_disturb_each_other(tmp_path, small):
    path = tmp_path / "two.sf3"
    path.write_bytes(soundfont.write(small))
    with ThreadPoolExecutor(4) as pool:
        fonts = list(pool.map(lambda _: find_font(path, cache=tmp_path / "cache"), range(4)))
    assert len({font.path for font in fonts}) == 1
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".sf2"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "is not a file"), (b"", "not a SoundFont"), (b"ID3 a song", "not a SoundFont")],
)
def test_what_is_no_font_is_refused_in_one_line(tmp_path, content, words):
    path = tmp_path / "wrong.sf2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words) as fault:
        find_font(path)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_font_cut_off_is_refused(tmp_path, small):
    path = tmp_path / "cut.sf3"
    path.write_bytes(soundfont.write(small)[:-5000])
    with pytest.raises(InputError, match="cut off"):
        find_font(path)


def test_a_font_too_big_is_refused_unread(tmp_path):
    path = tmp_path / "huge.sf2"
    with path.open("wb") as file:
        file.truncate(1_500_000_000)
    with pytest.raises(InputError, match="bigger than"):
        find_font(path)


def test_without_a_wish_some_font_is_found(tmp_path):
    font = find_font("ours", cache=Path(tmp_path))
    assert (font.source, font.licence) == ("ours", "MIT")
    assert font.path.suffix == ".sf2"
