"""write_midi: what a sequencer reads back is the piece, to the tick and the microsecond."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from piece_factory import DRUMS, PAD, STRINGS, grid, piece_of, pieces, small_piece

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Key, Piece, Section
from tensionbgm.render.midi import notes_by_part, write_midi


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("midi")


def written(piece: Piece, folder: Path) -> mido.MidiFile:
    path = folder / "music.mid"
    write_midi(piece, path)
    return mido.MidiFile(path, charset="utf-8")


def at_ticks(track: mido.MidiTrack) -> list[tuple[int, mido.Message]]:
    return list(zip(np.cumsum([m.time for m in track]).tolist(), track, strict=True))


def notes_of(track: mido.MidiTrack) -> list[tuple[int, int, int, int]]:
    """(onset, end, pitch, velocity) of a track; fails if a key is struck while down or left down."""
    down: dict[int, tuple[int, int]] = {}
    notes = []
    for tick, message in at_ticks(track):
        if message.type == "note_on":
            assert message.note not in down, "struck while down"
            down[message.note] = (tick, message.velocity)
        elif message.type == "note_off":
            onset, velocity = down.pop(message.note)
            notes.append((onset, tick, message.note, velocity))
    assert not down, "left down"
    return sorted(notes)


def meta(midi: mido.MidiFile, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    return [(tick, m) for tick, m in at_ticks(midi.tracks[0]) if m.type == kind]


@settings(max_examples=60, deadline=None)
@given(piece=pieces())
def test_what_is_read_back_is_what_sounds(folder: Path, piece: Piece) -> None:
    midi = written(piece, folder)
    for track, notes in zip(midi.tracks[1:], notes_by_part(piece), strict=True):
        expected = sorted((n["onset_tick"], n["end_tick"], n["pitch"], n["velocity"]) for n in notes)
        assert notes_of(track) == [tuple(map(int, n)) for n in expected]


@settings(max_examples=60, deadline=None)
@given(piece=pieces())
def test_only_notes_that_collide_are_changed(piece: Piece) -> None:
    slots, heard = piece.plan.slots, notes_by_part(piece)
    for part in range(len(piece.plan.parts)):
        mine = np.flatnonzero(slots["part"] == part)
        onset, pitch = slots["onset_tick"][mine], piece.pitch[mine]
        assert {*zip(onset.tolist(), pitch.tolist(), strict=True)} == {
            *zip(heard[part]["onset_tick"].tolist(), heard[part]["pitch"].tolist(), strict=True)
        }
        for i in mine:
            start, end = int(slots["onset_tick"][i]), int(slots["onset_tick"][i] + slots["duration_tick"][i])
            struck = onset[(pitch == piece.pitch[i]) & (onset >= start) & (onset < end)]
            if struck.size == 1:  # nobody else touches this key while it is down
                same = (heard[part]["onset_tick"] == start) & (heard[part]["pitch"] == piece.pitch[i])
                assert heard[part]["end_tick"][same].tolist() == [end]


@settings(max_examples=40, deadline=None)
@given(piece=pieces())
def test_every_tick_sounds_at_the_time_of_the_grid(folder: Path, piece: Piece) -> None:
    midi, bars = written(piece, folder), piece.plan.grid
    tempi = [(tick, m.tempo) for tick, m in meta(midi, "set_tempo")]
    starts = [tick for tick, _ in tempi] + [int(bars.bar_tick[-1])]
    time_us = sum((b - a) * tempo for (a, tempo), b in zip(tempi, starts[1:], strict=True))
    assert time_us == int(bars.bar_us[-1]) * PPQ
    assert len({m.tempo for _, m in meta(midi, "set_tempo")}) == len(set(bars.bar_tempo_us.tolist()))
    assert all(a != b for (_, a), (_, b) in pairwise(tempi)), "a tempo said twice"


def test_every_track_ends_with_the_last_bar(folder: Path) -> None:
    piece = small_piece()
    for track in written(piece, folder).tracks:
        assert sum(m.time for m in track) == piece.plan.grid.bar_tick[-1]


def test_the_last_note_off_falls_at_the_end_of_the_last_bar(folder: Path) -> None:
    piece = piece_of([(0, 480, 0, 0, 60), (3360, 9999, 0, 0, 64)])
    assert notes_of(written(piece, folder).tracks[1])[-1][1] == piece.plan.grid.bar_tick[-1]


def test_the_same_piece_gives_the_same_bytes(tmp_path: Path) -> None:
    write_midi(small_piece(), tmp_path / "a.mid")
    write_midi(small_piece(), tmp_path / "b.mid")
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mid", "b.mid"]


def test_the_order_of_slots_does_not_matter(tmp_path: Path) -> None:
    piece = small_piece()
    turned = np.random.default_rng(1).permutation(len(piece.pitch))
    plan = replace(piece.plan, slots=piece.plan.slots[turned])
    write_midi(piece, tmp_path / "a.mid")
    write_midi(Piece(plan, piece.pitch[turned], piece.velocity[turned]), tmp_path / "b.mid")
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


def test_the_conductor_says_meters_keys_and_markers_where_they_change(folder: Path) -> None:
    midi, bars = written(small_piece(), folder), small_piece().plan.grid
    tick = bars.bar_tick.tolist()
    meters = [(at, m.numerator, m.denominator) for at, m in meta(midi, "time_signature")]
    assert meters == [(0, 4, 4), (tick[3], 3, 4), (tick[4], 4, 4)]
    keys = [(at, m.key) for at, m in meta(midi, "key_signature")]
    assert keys == [(0, "Am"), (tick[4], "Cm"), (tick[6], "Bm")]
    tempi = [(at, m.tempo) for at, m in meta(midi, "set_tempo")]
    assert tempi == [(0, 500_000), (tick[4], 461_538), (tick[6], 480_000)]
    markers = [(at, m.text) for at, m in meta(midi, "marker")]
    assert [m for m in markers if "cut" not in m[1]] == [
        (0, "A"), (tick[4], "B"), (tick[6], "A (return, +2)"),
    ]  # fmt: skip
    assert [m for m in markers if "cut" in m[1]][:2] == [(1920, "cut 2.000s"), (3130, "cut 3.260s")]


def test_a_part_brings_its_name_instrument_and_balance(folder: Path) -> None:
    track = written(small_piece(), folder).tracks[2]
    assert track.name == PAD.name
    told = {m.control: m.value for m in track if m.type == "control_change"}
    assert told == {7: round(100 * 10 ** (-3 / 40)), 10: 76, 91: 64}
    assert [m.program for m in track if m.type == "program_change"] == [60]
    assert {m.channel for m in track if not m.is_meta} == {1}


def test_a_part_without_notes_still_has_its_track(folder: Path) -> None:
    midi = written(piece_of([]), folder)
    assert [t.name for t in midi.tracks] == ["A film", "Violins", "Horns", "Basses", "Drums"]


def test_all_keys_can_be_written(folder: Path) -> None:
    for mode in ("major", "minor"):
        for tonic in range(12):
            midi = written(piece_of([], keys=(Key(0, tonic, mode),)), folder)
            name = meta(midi, "key_signature")[0][1].key
            natural = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
            assert (natural + name.count("#") - name.count("b")) % 12 == tonic
            assert name.endswith("m") == (mode == "minor")


def test_a_title_in_any_script_survives(folder: Path) -> None:
    assert written(piece_of([], title="夜の海 \udcff\x07Ünde"), folder).tracks[0].name == "夜の海 ?Ünde"


@pytest.mark.parametrize(
    "broken",
    [
        lambda p: replace(p, pitch=p.pitch[:-1]),
        lambda p: replace(p, pitch=np.full_like(p.pitch, 128)),
        lambda p: replace(p, velocity=np.zeros_like(p.velocity)),
        lambda p: replace(p, plan=replace(p.plan, parts=(STRINGS,))),
        lambda p: replace(p, plan=replace(p.plan, parts=(*p.plan.parts[:3], replace(DRUMS, channel=16)))),
        lambda p: replace(p, plan=replace(p.plan, keys=(Key(99, 0, "major"),))),
        lambda p: replace(p, plan=replace(p.plan, grid=grid([4], [2**24]))),
        lambda p: replace(p, plan=replace(p.plan, grid=grid([4]))),
        lambda p: replace(p, plan=replace(p.plan, grid=replace(p.plan.grid, sections=(Section("A", 0, 1),)))),
    ],
)
def test_a_piece_that_contradicts_itself_is_refused_in_one_line(tmp_path: Path, broken) -> None:
    with pytest.raises(InputError, match=r"^piece: .*; .*$"):
        write_midi(broken(small_piece()), tmp_path / "music.mid")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_midi(small_piece(), tmp_path / "nowhere" / "music.mid")
