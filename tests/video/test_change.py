"""The change between frames is one measure, whatever the frame rate and the size of the film."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.forms import Shots
from tensionbgm.video.change import EXPONENT, GAP_S, ChangeMeter, at_standard_gap
from tensionbgm.video.decode import open_film
from tensionbgm.video.encode import write_film

NO_SHOTS = Shots(np.zeros(0), np.zeros(0), np.zeros((0, 2)), np.zeros(0))
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "videos"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the films in ../shared/data/videos")
SECONDS = 8.0
HALVES_S = np.arange(0.25, SECONDS, 0.5)


def ground(height: int = 400, width: int = 1200) -> np.ndarray:
    """A picture with detail at all scales, like a photograph."""
    rng = np.random.Generator(np.random.PCG64(5))
    total = np.zeros((height, width, 3), np.float32)
    for octave in range(8):
        cell = 2**octave
        noise = rng.standard_normal((height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * cell**0.35
    return np.clip(128 + 40 * total / total.std(), 0, 255).astype(np.uint8)


GROUND = ground()


def picture(time_s: float, height_px: int = 180) -> np.ndarray:
    """A pan that is slow, fast, slow; seen at any size alike."""
    right = 40 + 20 * time_s - 40 / np.pi * np.sin(np.pi * time_s / 3)
    move = np.array([[1.0, 0, -right], [0, 1, -100 - 3 * np.sin(time_s)]])
    small = cv2.warpAffine(GROUND, move, (320, 180), flags=cv2.INTER_LINEAR)
    if height_px == 180:
        return small
    return cv2.resize(small, (height_px * 16 // 9, height_px), interpolation=cv2.INTER_CUBIC)


def measured(frames, shots: Shots = NO_SHOTS) -> np.ndarray:
    meter = ChangeMeter()
    for time_s, rgb in frames:
        meter.add(time_s, rgb)
    return meter.finish(HALVES_S, shots, np.zeros(0))


def shown(times_s, height_px: int = 180) -> np.ndarray:
    return measured((float(t), picture(float(t), height_px)) for t in times_s)


@pytest.fixture(scope="module")
def at_25() -> np.ndarray:
    return shown(np.arange(0, SECONDS, 1 / 25))


@pytest.mark.parametrize("fps", [15, 24, 29.97, 30, 50, 60, 120])
def test_every_frame_rate_gives_the_same_change(at_25, fps):
    assert shown(np.arange(0, SECONDS, 1 / fps)) == pytest.approx(at_25, rel=0.2)


def test_a_variable_frame_rate_gives_the_same_change(at_25):
    rng = np.random.Generator(np.random.PCG64(2))
    times_s = np.cumsum(rng.uniform(1 / 60, 1 / 12, 400))
    found = shown(np.append(0.0, times_s[times_s < SECONDS]))
    assert found == pytest.approx(at_25, rel=0.25)
    assert np.corrcoef(np.log(found), np.log(at_25))[0, 1] > 0.97


@pytest.mark.parametrize(
    ("height_px", "fps"),
    [(180, 24), (180, 60), (360, 30), pytest.param(1080, 25, marks=pytest.mark.slow)],
)
def test_films_of_every_size_and_rate_give_the_same_change_after_decoding(at_25, tmp_path, height_px, fps):
    path = tmp_path / "film.mp4"
    seconds = np.arange(0, 2.0, 1 / fps)
    write_film(path, (picture(float(t), height_px) for t in seconds), fps)
    with open_film(path) as film:
        found = measured((frame.time_s, frame.rgb) for frame in film.frames(180))
    factor = found[:4] / at_25[:4]
    assert 0.6 < np.median(factor) < 1.2  # a codec leaves out detail that is not seen
    assert factor / np.median(factor) == pytest.approx(1.0, abs=0.3)  # one factor for the whole film


def test_a_frame_shown_twice_is_no_rest(at_25):
    twice = measured((k / 60, picture(k // 2 / 30)) for k in range(round(60 * SECONDS)))
    assert twice == pytest.approx(at_25, rel=0.2)


def test_a_cut_is_no_change():
    def film(shots: Shots) -> np.ndarray:
        frames = ((k / 25, np.full((18, 32, 3), 0 if k < 100 else 200, np.uint8)) for k in range(200))
        return measured(frames, shots)

    cut = Shots(np.array([4.0]), np.ones(1), np.zeros((0, 2)), np.array([4.0]))
    assert film(NO_SHOTS).max() > 10
    assert film(cut).max() == 0


def test_a_still_film_does_not_change():
    assert measured((k / 25, GROUND[:90, :160]) for k in range(200)).max() == 0


@given(st.integers(1, 8), st.floats(0.01, 20.0), st.floats(0.1, 30.0))
def test_change_is_finite_for_any_film(count, gap_s, duration_s):
    rng = np.random.Generator(np.random.PCG64(count))
    meter = ChangeMeter()
    for k in range(count):
        meter.add(k * gap_s, rng.integers(0, 256, (4, 6, 3), np.uint8))
    samples = max(1, round(duration_s * 5))
    found = meter.finish((np.arange(samples) + 0.5) / 5, NO_SHOTS, np.zeros(0))
    assert found.shape == (samples,)
    assert np.isfinite(found).all()
    assert found.min() >= 0


@given(st.floats(0, 255), st.floats(0.03, 2.0))
def test_the_standard_gap_changes_nothing_at_25_frames_a_second(difference, gap_s):
    assert at_standard_gap(difference, GAP_S) == pytest.approx(difference)
    assert at_standard_gap(difference, gap_s) * (gap_s / GAP_S) ** EXPONENT == pytest.approx(difference)


@pytest.mark.slow
@real
@pytest.mark.parametrize(("fps", "height_px"), [(60, 270), (30, 540), (12.5, 180)])
def test_a_real_film_at_another_rate_and_size_reads_the_same(tmp_path, fps, height_px):
    at_s, shown = [], []
    with open_film(SHARED / "derived" / "calm_action_calm.mp4") as film:
        for frame in film.frames(270):
            if frame.time_s >= 24:
                break
            at_s.append(frame.time_s)
            shown.append(frame.rgb)
    size = (round(height_px * 480 / 270) // 2 * 2, height_px)
    again = np.arange(0, 24, 1 / fps)
    pictures = (shown[int(np.searchsorted(at_s, t, "right")) - 1] for t in again)
    path = tmp_path / "again.mp4"
    write_film(
        path, (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures), time_s=list(again)
    )
    with open_film(SHARED / "derived" / "calm_action_calm.mp4") as film:
        one = _log_change(film)
    with open_film(path) as film:
        other = _log_change(film)
    assert np.corrcoef(one, other)[0, 1] > 0.95
    assert np.abs((other - np.median(other)) - (one - np.median(one))).mean() < 0.25


def _log_change(film) -> np.ndarray:
    """Log change of the first 24 s, a value a second, as the energy network reads it."""
    meter = ChangeMeter()
    for frame in film.frames(180):
        if frame.time_s < 24:
            meter.add(frame.time_s, frame.rgb)
    return np.log(meter.finish(np.arange(24) + 0.5, NO_SHOTS, np.zeros(0)) + 0.5)
