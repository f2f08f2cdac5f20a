import hashlib
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from audio_pieces import BAND, DRUMS, PIANO, RATE, VIOLINS, band_piece, piece_of
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Curve
from tensionbgm.render.audio import render_audio, stem_names
from tensionbgm.render.effects import ending, pan, reverberate, room
from tensionbgm.render.font import find_font
from tensionbgm.render.from_midi import read_piece
from tensionbgm.render.loudness import integrated_lufs, true_peak_db
from tensionbgm.render.midi import write_midi
from tensionbgm.render.synth import NOTE, levelling_db, part_notes, play, play_parts


@pytest.fixture(scope="module")
def font():
    return find_font("ours")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    return folder, render_audio(band_piece(9.37), 9.37, folder, "ours")


def read(path):
    return soundfile.read(path, dtype="float32")[0]


def test_every_file_is_as_long_as_the_film_to_the_frame(made):
    folder, sounds = made
    frames = round(9.37 * RATE)
    assert len(sounds.music) == frames
    for path in (folder / "music.wav", *(folder / "stems" / name for name in sounds.stems)):
        facts = soundfile.info(path)
        assert (facts.frames, facts.samplerate, facts.channels) == (frames, RATE, 2)
    assert sorted(p.name for p in folder.iterdir()) == ["music.wav", "stems"]


def test_the_stems_add_up_to_the_music(made):
    folder, sounds = made
    total = sum(read(folder / "stems" / name) for name in sounds.stems)
    np.testing.assert_allclose(total, read(folder / "music.wav"), atol=2e-6)


def test_the_music_has_the_loudness_and_the_peak_asked_for(made):
    folder, sounds = made
    music = read(folder / "music.wav")
    assert integrated_lufs(music) == pytest.approx(-16.0, abs=0.5)
    assert true_peak_db(music) <= -1.0
    assert sounds.warnings == ()


def test_the_last_frame_is_silent_and_the_end_does_not_click(made):
    _, sounds = made
    assert not sounds.music[-1].any()
    assert np.abs(np.diff(sounds.music[-2400:], axis=0)).max() < 0.02
    assert np.abs(sounds.music[-RATE : -RATE // 2]).max() > 0.05  # and music is heard until then


def test_the_same_piece_gives_the_same_bytes(made, tmp_path):
    folder, sounds = made
    render_audio(band_piece(9.37), 9.37, tmp_path, "ours")
    for name in ("music.wav", *(f"stems/{stem}" for stem in sounds.stems)):
        assert (
            hashlib.sha256((tmp_path / name).read_bytes()).digest()
            == hashlib.sha256((folder / name).read_bytes()).digest()
        )


def test_notes_begin_within_2_ms_of_the_grid(font):
    onsets = [0, 963, 1920 + 777, 2 * 1920, 2 * 1920 + 1111]
    piece = piece_of([(tick, 240, 0, 37, 120) for tick in onsets], (DRUMS,), 3, 7.77)
    (_, sound) = next(play_parts(piece, font, 7.77))
    sound = np.abs(sound).max(axis=1)
    late = []
    for onset_s in piece.plan.grid.seconds(np.array(onsets)):
        at = round(float(onset_s) * RATE)
        attack = sound[max(at - 480, 0) : at + 2400]
        late.append(np.argmax(attack > 0.1 * attack.max()) - min(at, 480))
    late = (np.array(late) - late[0]) / RATE  # the sample's own attack, heard at time 0, is no fault
    assert (np.abs(late) <= 0.002).all()


def test_a_repeated_pitch_is_not_cut_by_the_end_of_the_note_before(font):
    notes = [(0, 960, 0, 60, 90), (480, 960, 0, 60, 90)]
    piece = piece_of(notes, (VIOLINS,), 1, 2.0)
    spans = part_notes(piece, 0)
    assert spans["end_s"][0] == spans["start_s"][1]
    assert (
        np.abs(play(spans, 48, 0, font.path.read_bytes(), 2.0)[int(1.2 * RATE) : int(1.4 * RATE)]).max()
        > 1e-3
    )


def test_a_thick_loud_chord_does_not_clip(font):
    notes = np.zeros(40, NOTE)
    notes["end_s"], notes["pitch"], notes["velocity"] = 2.0, np.arange(40) + 40, 127
    sound = play(notes, 61, 0, font.path.read_bytes(), 2.0)
    assert np.abs(sound).max() > 1.0  # louder than 16 bits hold, and whole


@pytest.mark.parametrize("part", BAND, ids=lambda part: part.name)
def test_every_instrument_of_the_band_sounds_and_can_be_levelled(font, part):
    assert abs(levelling_db(part, font.path)) <= 15
    notes = np.zeros(1, NOTE)
    notes["end_s"], notes["pitch"], notes["velocity"] = 1.0, 38 if part.channel == 9 else 60, 90
    assert np.abs(play(notes, part.program, part.channel, font.path.read_bytes(), 1.0)).max() > 1e-3


def test_a_score_played_back_from_its_midi_file_has_the_same_balance(tmp_path):
    """One factor for all parts (mastering) apart from rounding; the curve is flat, so nothing is ridden."""
    piece = band_piece(6.0)
    plan = replace(piece.plan, curve=Curve(np.array([0.0, 6.0]), np.array([0.5, 0.5]), "file"))
    write_midi(replace(piece, plan=plan), tmp_path / "music.mid")
    scored = render_audio(replace(piece, plan=plan), 6.0, tmp_path, "ours")
    before = [read(tmp_path / "stems" / name) for name in scored.stems]
    again = render_audio(read_piece(tmp_path / "music.mid"), 6.0, tmp_path, "ours")
    assert again.stems == scored.stems
    after = [read(tmp_path / "stems" / name) for name in again.stems]
    for one, other in zip(before, after, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.999
        assert 20 * np.log10(other.std() / one.std()) == pytest.approx(0.0, abs=0.3)


@given(where=st.floats(-1, 1))
def test_panning_keeps_the_power_of_the_middle(where):
    sound = np.random.Generator(np.random.PCG64(0)).standard_normal((500, 1)).repeat(2, 1).astype(np.float32)
    placed = pan(sound, where)
    assert (placed**2).sum() == pytest.approx((sound**2).sum(), rel=1e-4)
    if where > 0.01:
        assert (placed[:, 1] ** 2).sum() > (placed[:, 0] ** 2).sum()


def test_the_room_decays_and_is_silent_before_its_first_reflection():
    response = room()
    energy = (response.astype(float) ** 2).sum(axis=1)
    assert not energy[: int(0.02 * RATE)].any()
    early, late = energy[: RATE // 2].sum(), energy[-RATE // 2 :].sum()
    assert 10 * np.log10(late / early) < -40
    assert np.corrcoef(response[RATE // 4 :].T)[0, 1] < 0.1  # two ears hear two rooms


def test_a_reverberated_sound_does_not_depend_on_the_blocks():
    sound = np.zeros((1_200_000, 2), np.float32)
    sound[524_200:524_400] = 0.5
    wet = reverberate(sound.copy(), 0.5)[524_200:]
    alone = reverberate(sound[524_200:].copy(), 0.5)
    np.testing.assert_allclose(wet, alone, atol=1e-6)


@given(frames=st.integers(0, 100_000))
def test_the_ending_falls_to_zero(frames):
    fade = ending(frames)
    assert len(fade) <= frames
    assert (np.diff(fade[:, 0]) <= 0).all()
    if len(fade) > 1:
        assert (fade[0, 0], fade[-1, 0]) == (1.0, 0.0)


@given(names=st.lists(st.text(max_size=30), max_size=20))
def test_stem_names_are_safe_and_differ(names):
    files = stem_names(names)
    assert len(set(files)) == len(names)
    assert all(name.isascii() and "/" not in name and not name.startswith(".") for name in files)


@pytest.mark.parametrize("duration_s", [0.05, 0.4, 3.0])
def test_very_short_films_have_music_too(tmp_path, duration_s):
    piece = piece_of([(0, 4 * PPQ, 0, 60, 100)], (PIANO,), 1, duration_s)
    sounds = render_audio(piece, duration_s, tmp_path, "ours")
    assert len(sounds.music) == round(duration_s * RATE)
    assert np.abs(sounds.music).max() > 0.01


def test_a_piece_without_notes_is_silence(tmp_path):
    sounds = render_audio(piece_of([], (PIANO,), 1, 1.0), 1.0, tmp_path, "ours")
    assert not sounds.music.any()
    assert sounds.warnings


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "stems").write_text("a file is in the way")
    with pytest.raises(InputError, match="cannot be written"):
        render_audio(band_piece(2.0), 2.0, tmp_path, "ours")
