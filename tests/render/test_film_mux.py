import shutil
from dataclasses import replace

import av
import numpy as np
import pytest
from audio_pieces import RATE, SHARED, clicks, look_at, noise

from tensionbgm.errors import InputError
from tensionbgm.render.audio import score_film
from tensionbgm.render.film import measure_lengths, mux
from tensionbgm.render.film_sound import film_sound, first_pts
from tensionbgm.render.loudness import true_peak_db

COPIED = (
    "derived/speech_at_known_times.mp4",
    "derived/vfr_dropped_frames.mp4",
    "derived/known_cuts_13shots_vfr.mp4",
    "derived/rotated_90_display_matrix.mp4",
    "derived/hevc_drone.mov",
    "derived/vp9_sintel.webm",
    "derived/h264_bbb.mkv",
    "derived/mjpeg_car.avi",
    "derived/cover_art_first_stream.mp4",
    "derived/one_frame.mp4",
    "derived/clip_0p4s.mp4",
    "derived/truncated_half_faststart.mp4",
    "derived/corrupt_middle.mp4",
    "derived/odd size 427x241 – ünï 'quoted'.mp4",
    "real/talking_man_40s.mp4",
    "real/phone_selfie_rot_flip_1s.mp4",
    "real/pixel_motion_photo_2s.mp4",
    "real/no_duration_dark.webm",
    "real/lecture_slides_vfr_10s.mov",
    "real/president_statement_9s_12fps.mp4",
)
CODED_AGAIN = ("derived/dog.gif", "real/empty_room_2s.gif", "real/popcorn_macro_12s.ogv")


def film(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path


def muxed(path, out):
    video, time_s = look_at(path)
    sound, click_s = clicks(video.duration_s)
    warnings = mux(path, sound, out, video)
    return video, time_s, click_s, warnings


def assert_in_step(out, video, time_s, click_s):
    """Pictures at their times, clicks at theirs, both ends within one frame of the film's."""
    again, shown_s = look_at(out)
    assert len(shown_s) == len(time_s)
    np.testing.assert_allclose(shown_s, time_s, atol=1.5e-3)
    lengths = measure_lengths(out)
    tolerance = max(video.frame_s, 0.02)
    assert abs(lengths.picture_s - video.duration_s) <= tolerance
    assert abs(lengths.sound_s - video.duration_s) <= 1e-3
    sound, _ = film_sound(out, video.duration_s)
    for click in click_s:
        near = np.abs(sound[int((click - 0.02) * RATE) : int((click + 0.02) * RATE), 0])
        assert int((click - 0.02) * RATE) + np.argmax(near > 0.4 * near.max()) == pytest.approx(
            click * RATE, abs=48
        )
    return again


@pytest.mark.parametrize("name", COPIED)
def test_the_picture_is_copied_and_the_sound_is_in_step(name, tmp_path):
    path, out = film(name), tmp_path / "scored.mp4"
    video, time_s, click_s, warnings = muxed(path, out)
    again = assert_in_step(out, video, time_s, click_s)
    assert (again.codec, again.rotation, again.width, again.height) == (
        video.codec, video.rotation, video.width, video.height,
    )  # fmt: skip
    assert warnings == ()
    assert [p.name for p in tmp_path.iterdir()] == ["scored.mp4"]


@pytest.mark.parametrize("name", CODED_AGAIN)
def test_what_mp4_does_not_hold_is_coded_again_and_said(name, tmp_path):
    path, out = film(name), tmp_path / "scored.mp4"
    video, time_s, click_s, warnings = muxed(path, out)
    again = assert_in_step(out, video, time_s, click_s)
    assert again.codec == "h264"
    assert "coded again" in warnings[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["real/handheld_city_8s.avi", "real/flower_timelapse_5s.webm", "real/bbb_intro_30s.webm"]
)
def test_old_codecs_are_coded_again(name, tmp_path):
    path, out = film(name), tmp_path / "scored.mp4"
    video, time_s, click_s, _ = muxed(path, out)
    assert assert_in_step(out, video, time_s, click_s).codec == "h264"


def test_copied_packets_are_the_same_bytes(tmp_path):
    path, out = film("derived/hevc_drone.mov"), tmp_path / "scored.mp4"
    muxed(path, out)

    def packets(file):
        with av.open(str(file)) as container:
            return [bytes(p) for p in container.demux(container.streams.video[0]) if p.size]

    assert packets(out) == packets(path)


@pytest.mark.slow
def test_pictures_hidden_behind_the_end_that_others_need_are_kept(tmp_path):
    path, out = film("real/phone_portrait_hevc_rot_3s.mp4"), tmp_path / "scored.mp4"
    video, time_s, _, _ = muxed(path, out)
    _, shown_s = look_at(out)
    np.testing.assert_allclose(shown_s[: len(time_s)], time_s, atol=1e-3)
    assert measure_lengths(out).picture_s - video.duration_s <= video.frame_s + 1e-3


def test_a_rotated_film_coded_again_stands_upright(tmp_path):
    path, out = film("derived/rotated_90_display_matrix.mp4"), tmp_path / "scored.mp4"
    video, _ = look_at(path)
    from tensionbgm.progress import Watch
    from tensionbgm.render import film as room

    short = replace(video, duration_s=1.0)
    room._encode(path, clicks(1.0)[0], out, short, first_pts(path), Watch())
    with av.open(str(path)) as one, av.open(str(out)) as other:
        coded, again = next(one.decode(video=0)), next(other.decode(video=0))
        upright = np.rot90(coded.to_ndarray(format="rgb24"), k=round(coded.rotation / 90)).astype(float)
        assert again.rotation == 0
        assert np.abs(again.to_ndarray(format="rgb24") - upright).mean() < 4


def test_metadata_of_the_film_is_kept(tmp_path):
    path, out = film("real/phone_selfie_rot_flip_1s.mp4"), tmp_path / "scored.mp4"
    muxed(path, out)
    with av.open(str(path)) as one, av.open(str(out)) as other:
        assert one.metadata["creation_time"] == other.metadata["creation_time"]


def test_the_film_is_never_overwritten(tmp_path):
    path = tmp_path / "film.mp4"
    shutil.copy(film("derived/clip_0p4s.mp4"), path)
    before = path.read_bytes()
    video, _ = look_at(path)
    with pytest.raises(InputError, match="is the film itself"):
        mux(path, clicks(video.duration_s)[0], path, video)
    assert path.read_bytes() == before


def test_a_folder_that_does_not_exist_is_told_in_one_line(tmp_path):
    path = film("derived/clip_0p4s.mp4")
    video, _ = look_at(path)
    with pytest.raises(InputError, match="cannot be written"):
        mux(path, clicks(video.duration_s)[0], tmp_path / "no" / "scored.mp4", video)


@pytest.mark.parametrize("name", ["derived/text_file.mp4", "derived/zero_byte.mp4", "derived/audio_only.mp4"])
def test_what_is_no_film_is_refused(name):
    with pytest.raises(InputError):
        film_sound(film(name), 3.0)


@pytest.mark.parametrize(
    ("rate", "codec"), [(44_100, "aac"), (48_000, "aac"), (22_050, "mp3"), (32_000, "aac")]
)
def test_the_films_sound_is_read_in_step_at_every_rate(tmp_path, rate, codec):
    path, duration_s = tmp_path / "film.mp4", 4.0
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=25)
        picture.width = picture.height = 64
        voice = out.add_stream(codec, rate=rate, layout="mono")
        for k in range(100):
            for packet in picture.encode(
                av.VideoFrame.from_ndarray(np.full((64, 64, 3), k, np.uint8), "rgb24")
            ):
                out.mux(packet)
        sound = np.zeros((1, int(duration_s * rate)), np.float32)
        for click in (1.0, 2.0, 3.0):
            sound[0, round(click * rate) : round(click * rate) + rate // 500] = 0.7
        for at in range(0, sound.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[:, at : at + 1024]), "fltp", "mono")
            frame.sample_rate, frame.pts = rate, at
            for packet in voice.encode(frame):
                out.mux(packet)
        for stream in (picture, voice):
            for packet in stream.encode(None):
                out.mux(packet)
    heard, warnings = film_sound(path, duration_s)
    assert warnings == ()
    assert heard.shape == (round(duration_s * RATE), 2)
    for click in (1.0, 2.0, 3.0):
        near = np.abs(heard[int((click - 0.02) * RATE) : int((click + 0.02) * RATE), 0])
        assert int((click - 0.02) * RATE) + np.argmax(near > 0.4 * near.max()) == pytest.approx(
            click * RATE, abs=48
        )


def test_a_film_without_sound_has_none(tmp_path):
    assert film_sound(film("derived/clip_0p4s.mp4"), 0.4) == (None, ())


def coded_sound(path):
    """Coded packets of the first sound and their times [s], from the first frame shown."""
    with av.open(str(path)) as container:
        zero_s = next(container.decode(video=0)).time
        container.seek(0)
        packets = [p for p in container.demux(container.streams.audio[0]) if p.size]
        return [bytes(p) for p in packets], np.array([float(p.pts * p.time_base) for p in packets]) - zero_s


@pytest.mark.parametrize(
    "name",
    ["derived/speech_at_known_times.mp4", "real/talking_man_40s.mp4", "real/sintel_trailer_52s.mp4",
     "derived/vfr_dropped_frames.mp4"],
)  # fmt: skip
def test_a_muted_score_leaves_the_films_own_sound_untouched(name, tmp_path):
    path, out = film(name), tmp_path / "scored.mp4"
    video, _ = look_at(path)
    if film_sound(path, 1.0)[0] is None:
        pytest.skip("has no sound")
    music = noise(video.duration_s, -20)
    facts = score_film(path, video, music, np.zeros((0, 2)), out, "mute")
    before, before_s = coded_sound(path)
    after, after_s = coded_sound(out)
    skipped = before.index(after[0])
    assert len(after) >= len(before) - skipped - max(0, (before_s > video.duration_s - 0.1).sum())
    assert after == before[skipped : skipped + len(after)]
    np.testing.assert_allclose(after_s, before_s[skipped:][: len(after)], atol=1.5e-3)
    one, other = film_sound(path, video.duration_s)[0], film_sound(out, video.duration_s)[0]
    same = slice(RATE // 2, -RATE // 2)
    assert np.corrcoef(one[same, 0], other[same, 0])[0, 1] > 0.9999
    assert not [w for w in facts.warnings if "coded again" in w]


def test_sound_that_mp4_does_not_hold_is_coded_again_and_said(tmp_path):
    path, out = tmp_path / "film.mkv", tmp_path / "scored.mp4"
    write_film(path, 2.0, 2.0, "pcm_s16le")
    video, _ = look_at(path)
    facts = score_film(path, video, noise(2.0, -20), np.zeros((0, 2)), out, "mute")
    assert any("coded again" in warning for warning in facts.warnings)
    assert np.abs(film_sound(out, 2.0)[0]).max() > 0.05


def write_film(path, picture_s, sound_s, codec="aac"):
    """A grey film with noise for sound."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=25)
        picture.width = picture.height = 64
        voice = out.add_stream(codec, rate=RATE, layout="stereo")
        for k in range(round(picture_s * 25)):
            grey = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90 + k % 2, np.uint8), "rgb24")
            out.mux(picture.encode(grey))
        sound = noise(sound_s, -20).T
        for at in range(0, sound.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, at : at + 1024]), "fltp", "stereo"
            )
            frame.sample_rate, frame.pts = RATE, at
            out.mux(voice.encode(frame))
        out.mux(picture.encode(None))
        out.mux(voice.encode(None))


@pytest.mark.parametrize(("sound_s", "told"), [(2.0, False), (2.3, False), (5.0, True)])
def test_sound_that_outlasts_the_picture_is_told(tmp_path, sound_s, told):
    path = tmp_path / "film.mp4"
    write_film(path, 2.0, sound_s)
    sound, warnings = film_sound(path, 2.0)
    assert len(sound) == 2 * RATE
    assert any("longer than its picture" in warning for warning in warnings) == told
    if told:
        assert "3.0 s longer" in warnings[0]


@pytest.mark.parametrize("sound", ["duck", "replace"])
def test_peaks_stay_low_when_the_coded_sound_is_decoded_again(tmp_path, sound):
    """Clipped noise overshoots when coded: the first coding is too loud, the last is not."""
    path, out = tmp_path / "film.mp4", tmp_path / "scored.mp4"
    write_film(path, 2.0, 2.0)
    video, _ = look_at(path)
    music = np.sign(noise(2.0, 0)) * np.float32(0.7)
    facts = score_film(path, video, music, np.zeros((0, 2)), out, sound)
    decoded, _ = film_sound(out, 2.0)
    assert true_peak_db(decoded) <= -1.0
    assert facts.true_peak_dbtp == pytest.approx(true_peak_db(decoded), abs=1e-6)
    assert facts.coding_gain_db < 0.0
    assert not [w for w in facts.warnings if "peaks at" in w]


def test_damaged_sound_is_tolerated_and_told():
    sound, _ = film_sound(film("real/plane_pan_bad_audio_11s.mp4"), 11.2)
    assert sound is None or np.isfinite(sound).all()


def test_sound_is_cut_or_filled_to_the_picture():
    path = film("real/sintel_trailer_52s.mp4")
    assert len(film_sound(path, 3.0)[0]) == 3 * RATE
    assert not film_sound(path, 60.0)[0][-5 * RATE :].any()
