import numpy as np
import pyloudnorm
import pytest
from audio_pieces import RATE, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.render.loudness import hop_power, integrated_lufs, peak_envelope, true_peak_db
from tensionbgm.render.master import REACH, limiter_gain, master

peaks = st.lists(st.floats(0.0, 8.0), min_size=1, max_size=60)


@given(levels=peaks, ceiling=st.floats(0.05, 1.0), stretch=st.integers(1, 400))
def test_no_peak_passes_the_limiter(levels, ceiling, stretch):
    peak = np.repeat(np.array(levels, np.float32), stretch)
    gain = limiter_gain(peak, ceiling)
    assert (peak * gain <= ceiling * (1 + 1e-6)).all()
    assert (gain >= 0).all()
    assert (gain <= 1).all()


@given(at=st.integers(0, 9_999), ceiling=st.floats(0.1, 0.9))
def test_far_from_a_peak_the_limiter_does_nothing(at, ceiling):
    peak = np.full(10_000, ceiling / 2, np.float32)
    peak[at] = 1.0
    far = np.abs(np.arange(10_000) - at) > 2 * REACH
    assert (limiter_gain(peak, ceiling)[far] == 1.0).all()


def test_the_limiter_turns_down_smoothly():
    peak = np.full(RATE, 0.5, np.float32)
    peak[RATE // 2] = 4.0
    gain = limiter_gain(peak, 1.0)
    assert gain[RATE // 2] <= 0.25
    assert np.abs(np.diff(gain)).max() < 0.005  # no click


@settings(max_examples=15, deadline=None)
@given(seconds=st.integers(5, 40).map(lambda n: n / 10), level_db=st.floats(-50, -6), seed=st.integers(0, 99))
def test_loudness_agrees_with_pyloudnorm(seconds, level_db, seed):
    sound = noise(seconds, level_db, seed)
    sound *= np.linspace(0.05, 1, len(sound), dtype=np.float32)[:, None]
    expected = pyloudnorm.Meter(RATE).integrated_loudness(sound.astype(float))
    assert integrated_lufs(sound) == pytest.approx(expected, abs=0.15)


def test_a_full_scale_tone_of_1_khz_measures_minus_3_lufs_in_one_channel():
    tone = np.zeros((5 * RATE, 2), np.float32)
    tone[:, 0] = np.sin(2 * np.pi * 997 * np.arange(5 * RATE) / RATE)
    assert integrated_lufs(tone) == pytest.approx(-3.01, abs=0.05)  # BS.1770, annex 1


def test_true_peak_sees_what_lies_between_the_samples():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * RATE / 4 * time + np.pi / 4)[:, None].repeat(2, 1).astype(np.float32)
    assert np.abs(tone).max() < 0.71
    assert true_peak_db(tone[100:-100]) == pytest.approx(0.0, abs=0.3)


def test_peaks_and_powers_do_not_depend_on_the_blocks_they_are_measured_in():
    sound = noise(23.0, -20)
    assert len(peak_envelope(sound)) == len(sound)
    np.testing.assert_allclose(
        peak_envelope(sound)[470_000:490_000], peak_envelope(sound[460_000:500_000])[10_000:30_000], rtol=1e-5
    )
    assert len(hop_power(sound)) == 230


@pytest.mark.parametrize("level_db", [-50, -30, -12])
def test_mastering_reaches_loudness_and_peak(level_db):
    sound = noise(8.0, level_db)
    sound[::9600] *= 8  # sharp peaks
    made = master(sound, -16.0, -1.0)
    out = sound * made.gain[:, None]
    assert integrated_lufs(out) == pytest.approx(-16.0, abs=0.2)
    assert true_peak_db(out) <= -1.0
    assert made.lufs == pytest.approx(integrated_lufs(out), abs=1e-6)


@pytest.mark.parametrize("frames", [0, 1, 1000, 19_000])
def test_silence_and_very_short_sound_are_mastered_without_a_fault(frames):
    made = master(np.zeros((frames, 2), np.float32), -16.0, -1.0)
    assert np.isfinite(made.gain).all()
    short = noise(0.3, -20)[:frames]
    assert true_peak_db(short * master(short, -16.0, -1.0).gain[:, None]) <= -1.0
