"""The slow gain along the curve: heard loudness follows it, however the music is scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audio_pieces import RATE, band_piece, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.forms import Curve
from tensionbgm.render.audio import render_audio
from tensionbgm.render.loudness import hop_power
from tensionbgm.render.ride import LIMIT_DB, follows_curve, frame_gain, ride_db

FLAT = Curve(np.array([0.0, 20.0]), np.array([0.5, 0.5]), "file")
ARCH = Curve(np.array([0.0, 5.0, 9.0, 13.0, 20.0]), np.array([0.1, 0.1, 0.9, 0.9, 0.1]), "inline")
powers = st.lists(st.floats(-120, 0), min_size=4, max_size=40).map(
    lambda db: np.repeat(10 ** (np.array(db) / 10), 10)
)


@settings(deadline=None)
@given(power=powers, values=st.lists(st.floats(0, 1), min_size=2, max_size=6), last_s=st.floats(0, 60))
def test_the_gain_is_bounded_and_stays_behind_the_last_onset(power, values, last_s):
    curve = Curve(np.linspace(0, 30, len(values)), np.array(values), "inline")
    gain = ride_db(power, curve, last_s)
    assert np.abs(gain).max() <= LIMIT_DB + 1e-9
    behind = gain[np.arange(len(gain)) * 0.1 >= last_s]
    assert not len(behind) or np.ptp(behind) == 0.0
    assert np.abs(np.diff(gain)).max() <= 12.0 / 10 + 1e-9  # slow: at worst from end to end in a second


def test_a_flat_curve_changes_nothing():
    power = hop_power(noise(20, -20))
    assert not ride_db(power, FLAT, 18.0).any()
    assert (frame_gain(ride_db(power, FLAT, 18.0), 20 * RATE) == 1.0).all()
    assert follows_curve(power, FLAT) is None


def test_music_louder_in_calm_than_in_the_climax_is_turned_round():
    sound = noise(20, -26)
    sound[: 5 * RATE] *= np.float32(1.5)
    sound[14 * RATE :] *= np.float32(1.5)
    before = hop_power(sound)
    gain = frame_gain(ride_db(before, ARCH, 19.0), len(sound))
    after = hop_power(sound * gain[:, None])
    assert follows_curve(before, ARCH) < -0.5
    assert follows_curve(after, ARCH) > 0.9


def test_silence_and_very_short_music_are_no_trouble():
    assert not ride_db(np.zeros(200), ARCH, 20.0).any()
    assert not len(ride_db(np.zeros(0), ARCH, 0.0))
    assert follows_curve(np.zeros(200), ARCH) is None
    assert follows_curve(np.ones(20), ARCH) is None


@pytest.mark.slow
def test_the_music_follows_a_calm_loud_calm_curve_and_the_stems_are_still_the_music(tmp_path):
    import soundfile

    piece = band_piece(20.0)
    level = replace(piece, velocity=np.full_like(piece.velocity, 70))
    arch = replace(level, plan=replace(level.plan, curve=ARCH))
    plain = render_audio(replace(level, plan=replace(level.plan, curve=FLAT)), 20.0, tmp_path, "ours")
    assert plain.follows_curve is None
    assert plain.ridden_db == (0.0, 0.0)
    assert follows_curve(hop_power(plain.music), ARCH) < 0.5
    ridden = render_audio(arch, 20.0, tmp_path, "ours")
    assert ridden.follows_curve > 0.9
    total = sum(soundfile.read(tmp_path / "stems" / name, dtype="float32")[0] for name in ridden.stems)
    np.testing.assert_allclose(total, soundfile.read(tmp_path / "music.wav", dtype="float32")[0], atol=2e-6)
