"""The pieces of the video room on drawn pictures: motion, likeness of small pictures, spans, albums."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.forms import Shots
from tensionbgm.video.decode import turn
from tensionbgm.video.motion import MotionMeter, colours, global_motion
from tensionbgm.video.pictures import Album, Gallery
from tensionbgm.video.small import correlation, difference, palette_distance
from tensionbgm.video.speech import LONGEST_PAUSE_S, merge

NO_SHOTS = Shots(np.zeros(0), np.zeros(0), np.zeros((0, 2)), np.zeros(0))


def texture(seed: int = 0, height: int = 400, width: int = 1200) -> np.ndarray:
    rng = np.random.Generator(np.random.PCG64(seed))
    coarse = rng.integers(0, 256, (height // 10, width // 10, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def window(ground: np.ndarray, x: float, y: float) -> np.ndarray:
    move = np.array([[1.0, 0, -x], [0, 1, -y]])
    return cv2.warpAffine(ground, move, (320, 180), flags=cv2.INTER_LINEAR)


def pan(fps: float, speed_px_s: tuple[float, float], seconds: float = 2.0, shots: Shots = NO_SHOTS):
    meter, ground = MotionMeter(), texture()
    for k in range(round(seconds * fps)):
        t = k / fps
        meter.add(t, window(ground, 300 + speed_px_s[0] * t, 100 + speed_px_s[1] * t))
    return meter.finish(seconds, 5.0, shots, np.zeros(0))


@pytest.mark.parametrize("fps", [12.5, 24, 25, 30, 50, 60])
def test_a_pan_is_as_fast_at_every_frame_rate(fps):
    # The window moves right by 32 px/s: the picture moves left by a tenth of its width each second.
    motion = pan(fps, (32.0, 0.0))
    assert np.median(motion.magnitude) == pytest.approx(0.1, rel=0.06)
    assert np.median(motion.camera) == pytest.approx(0.1, rel=0.06)
    assert np.median(motion.subject) < 0.02
    assert np.all(np.abs(np.cos(motion.direction_rad) + 1) < 0.05)


def test_what_moves_up_points_up():
    motion = pan(25, (0.0, 40.0))
    assert np.median(motion.direction_rad) == pytest.approx(np.pi / 2, abs=0.1)


def test_a_subject_before_a_still_ground_is_no_camera_motion():
    meter, ground, thing = MotionMeter(), texture(), texture(9)
    for k in range(50):
        picture = window(ground, 300, 100)
        picture[60:110, 20 + 4 * k : 90 + 4 * k] = thing[:50, : min(70, 300 - 4 * k)]
        meter.add(k / 25, picture)
    motion = meter.finish(2.0, 5.0, NO_SHOTS, np.zeros(0))
    assert np.median(motion.subject) > 3 * np.median(motion.camera)


def test_a_cut_is_no_motion():
    def film(shots: Shots):
        meter = MotionMeter()
        for k in range(50):
            meter.add(k / 25, window(texture(1 if k < 25 else 2), 300, 100))
        return meter.finish(2.0, 5.0, shots, np.zeros(0))

    cut = Shots(np.array([1.0]), np.ones(1), np.zeros((0, 2)), np.array([1.0]))
    assert film(NO_SHOTS).magnitude.max() > 0.04
    assert film(cut).magnitude.max() < 1e-3


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_have_no_motion_and_no_colour(level):
    meter = MotionMeter()
    for k in range(20):
        meter.add(k / 25, np.full((180, 320, 3), level, np.uint8))
    motion = meter.finish(0.8, 5.0, NO_SHOTS, np.zeros(0))
    assert motion.magnitude.max() == 0
    assert motion.brightness == pytest.approx(level / 255, abs=0.01)
    assert motion.saturation.max() == 0
    assert np.all(motion.warmth == 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 25), st.floats(0.04, 40.0), st.integers(2, 400), st.integers(2, 400))
def test_motion_is_finite_and_evenly_spaced_for_any_film(count, duration_s, height, width):
    if height * width > 40_000:
        return
    rng = np.random.Generator(np.random.PCG64(count))
    time_s = np.sort(rng.uniform(0, duration_s, count)) if count > 1 else np.zeros(1)
    meter = MotionMeter()
    for t in time_s - time_s[0]:
        meter.add(float(t), rng.integers(0, 256, (height, width, 3), np.uint8))
    motion = meter.finish(duration_s, 5.0, NO_SHOTS, np.zeros(0))
    for values in vars(motion).values():
        assert len(values) == max(1, round(duration_s * 5))
        assert np.isfinite(values).all()
    assert np.allclose(np.diff(motion.time_s), 0.2)
    assert 0 <= motion.brightness.min() <= motion.brightness.max() <= 1
    assert 0 <= motion.saturation.min() <= motion.saturation.max() <= 1
    assert np.abs(motion.warmth).max() <= 1


@given(*(st.floats(-5, 5) for _ in range(2)), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_a_similarity_is_its_own_global_motion(shift_x, shift_y, scale, roll):
    x, y = np.meshgrid((np.arange(16) + 0.5) / 16 * 160 - 80, (np.arange(9) + 0.5) / 9 * 90 - 45)
    flow = np.stack([shift_x + scale * x - roll * y, shift_y + scale * y + roll * x], -1)
    assert np.allclose(global_motion(flow, 160, 90), flow, atol=1e-6)


def test_warm_pictures_are_warm():
    red, blue = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    assert colours(red)[2] == pytest.approx(1)
    assert colours(blue)[2] == pytest.approx(-1)
    assert colours(red)[1] == pytest.approx(1)


def test_a_moved_picture_is_alike_and_another_is_not():
    a = cv2.resize(window(texture(), 300, 100), (48, 27), interpolation=cv2.INTER_AREA)
    b = cv2.resize(window(texture(), 315, 106), (48, 27), interpolation=cv2.INTER_AREA)
    c = cv2.resize(window(texture(3), 300, 100), (48, 27), interpolation=cv2.INTER_AREA)
    assert correlation(a, b) > 0.8 > 0.5 > correlation(a, c)
    assert difference(a, a) == palette_distance(a, a) == 0
    assert palette_distance(a, 255 - a // 2) > 0.3


@pytest.mark.parametrize(
    ("signs", "corner"),
    [
        ([[1, 0], [0, 1]], (0, 0)),
        ([[-1, 0], [0, -1]], (2, 3)),
        ([[0, 1], [-1, 0]], (3, 0)),
        ([[0, -1], [1, 0]], (0, 2)),
    ],
)
def test_the_first_pixel_goes_where_the_display_matrix_sends_it(signs, corner):
    picture = np.zeros((3, 4), np.uint8)
    picture[0, 0] = 1
    turned = turn(picture, np.array(signs))
    assert turned[corner] == 1
    assert turned.shape == ((3, 4) if signs[0][0] else (4, 3))


def test_a_quarter_turn_is_counter_clockwise():
    picture = np.arange(12).reshape(3, 4)
    assert np.array_equal(turn(picture, np.array([[0, 1], [-1, 0]])), np.rot90(picture))


spans = st.lists(st.tuples(st.floats(-1, 20), st.floats(0, 3)), max_size=12).map(
    lambda s: np.array(sorted((a, a + b) for a, b in s)).reshape(-1, 2)
)


@given(spans, st.floats(0.1, 15))
def test_merged_speech_is_in_order_inside_the_film_and_apart(span_s, duration_s):
    merged = merge(span_s, duration_s)
    assert merged.shape[1] == 2
    assert np.all(merged[:, 1] > merged[:, 0])
    assert np.all((merged >= 0) & (merged <= duration_s))
    assert np.all(merged[1:, 0] - merged[:-1, 1] >= LONGEST_PAUSE_S)
    for start_s, end_s in np.clip(span_s, 0, duration_s):
        covered = np.any((merged[:, 0] <= start_s) & (end_s <= merged[:, 1]))
        assert covered or start_s == end_s


@given(st.integers(1, 500), st.integers(1, 30))
def test_an_album_never_holds_more_than_it_should_and_covers_the_film(count, wanted):
    album = Album(64, 0.05)
    for k in range(count):
        album.add(k / 25, lambda k=k: np.full((2, 2, 3), k % 256, np.uint8))
    assert len(album.time_s) < 64
    thumbnails = album.thumbnails(wanted, max(count / 25, 0.04))
    assert len(thumbnails.time_s) == len(thumbnails.rgb) <= wanted
    assert np.all(np.diff(thumbnails.time_s) > 0)
    if count > 100 and wanted > 4:
        assert thumbnails.time_s[0] < count / 25 / 4 < count / 25 * 3 / 4 < thumbnails.time_s[-1]


def test_every_shot_has_a_picture_of_its_own_however_short():
    gallery, small = Gallery(), []
    level = np.repeat(np.arange(30) * 8, 3)  # 30 shots of three frames
    for k, grey in enumerate(level):
        rgb = np.full((90, 160, 3), grey, np.uint8)
        rgb[:40] = 255 - rgb[:40] if (k // 3) % 2 else rgb[:40]
        small.append(cv2.resize(rgb, (48, 27)))
        gallery.add(k / 25, rgb, small[-1])
    start_s = np.arange(30) * 3 / 25
    shots = gallery.of_shots(start_s, start_s + 3 / 25, np.arange(90) / 25, np.stack(small))
    assert [int(pictures[0][-1, 0, 0]) for pictures in shots] == list(range(0, 240, 8))
