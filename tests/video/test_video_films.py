"""Whole films, drawn here and real ones, through `analyze`."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from tensionbgm.config import Look
from tensionbgm.errors import Cancelled, InputError
from tensionbgm.forms import Analysis
from tensionbgm.progress import Watch
from tensionbgm.saved import from_json, to_json
from tensionbgm.video.analyze import analyze
from tensionbgm.video.demo import (
    DEMO_CUTS_S,
    DEMO_GRADUAL_S,
    DEMO_LABELS,
    Scene,
    chase,
    landscape,
    make_demo,
    scene_frames,
    sunset,
)
from tensionbgm.video.encode import write_film
from tensionbgm.video.shots import find_shots

pytestmark = pytest.mark.slow  # whole films are decoded and looked at

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "videos"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the films in ../shared/data/videos")


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, Analysis]:
    path = tmp_path_factory.mktemp("demo") / "demo.mp4"
    make_demo(path)
    return path, analyze(path)


def small(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[::2, ::2])


def pieces(seconds: float, fps: int = 25) -> list[np.ndarray]:
    """Landscape, chase and sunset in equal parts."""
    scenes = [Scene("A", 1, landscape), Scene("B", 1, chase(2)), Scene("C", 1, sunset)]
    return [small(picture) for picture in scene_frames(scenes, seconds, fps)]


# --------------------------------------------------------------------------- the demo


def test_the_demo_is_cut_where_it_was_cut(demo):
    shots = demo[1].shots
    assert shots.cut_s == pytest.approx(DEMO_CUTS_S, abs=1e-6)
    assert shots.gradual_s == pytest.approx(DEMO_GRADUAL_S, abs=0.12)
    assert len(shots.boundary_s) == len(DEMO_LABELS) - 1
    assert np.all((shots.strength > 0.1) & (shots.strength <= 1))


def test_places_that_return_are_told_from_places_that_do_not(demo):
    alike = demo[1].embedding @ demo[1].embedding.T
    assert np.diag(alike) == pytest.approx(1, abs=1e-5)
    first, again = (k for k, label in enumerate(DEMO_LABELS) if label == "A")
    others = [k for k in range(len(DEMO_LABELS)) if DEMO_LABELS[k] != "A"]
    assert alike[first, again] > 0.8 > alike[first, others].max() + 0.1


def test_the_chase_moves_more_than_the_landscape(demo):
    motion = demo[1].motion
    chased = (motion.time_s > 5.3) & (motion.time_s < 13.1)
    assert motion.magnitude[chased].min() > 3 * motion.magnitude[motion.time_s < 5.2].max()
    assert motion.brightness[chased].max() < motion.brightness[motion.time_s < 5.2].min()


def test_wind_is_no_speech_and_the_demo_needs_no_warning(demo):
    analysis = demo[1]
    assert analysis.video.has_audio
    assert analysis.speech_s.shape == (0, 2)
    assert analysis.warnings == ()


def test_an_analysis_can_be_written_and_read(demo):
    analysis = demo[1]
    again = from_json(Analysis, json.loads(json.dumps(to_json(analysis))))
    assert np.array_equal(again.embedding, analysis.embedding)
    assert np.array_equal(again.shots.cut_s, analysis.shots.cut_s)
    assert again.video == analysis.video


def test_the_same_film_gives_the_same_analysis_on_any_number_of_threads(tmp_path):
    import torch

    write_film(tmp_path / "film.mp4", pieces(3.0))
    texts, threads = [], torch.get_num_threads()
    for count in (1, 3):
        torch.set_num_threads(count)
        texts.append(json.dumps(to_json(analyze(tmp_path / "film.mp4"))))
    assert torch.get_num_threads() == 3
    torch.set_num_threads(threads)
    assert texts[0] == texts[1]


def test_the_demo_is_refused_a_length_it_cannot_have(tmp_path):
    with pytest.raises(InputError, match="8 to 600"):
        make_demo(tmp_path / "demo.mp4", 2.0)


# --------------------------------------------------------------------------- time and shape


def test_cuts_are_found_by_time_stamps_where_the_rate_varies(tmp_path):
    frames = pieces(6.0)
    rng = np.random.Generator(np.random.PCG64(1))
    kept = [k for k in range(150) if k in (0, 50, 100) or rng.uniform() < 0.6]
    write_film(tmp_path / "vfr.mp4", [frames[k] for k in kept], time_s=[k / 25 for k in kept])
    analysis = analyze(tmp_path / "vfr.mp4")
    assert analysis.video.vfr
    assert analysis.shots.cut_s == pytest.approx([2.0, 4.0], abs=1e-3)


@pytest.mark.parametrize("fps", [5, 10, 60])
def test_cuts_are_exact_at_any_frame_rate(tmp_path, fps):
    write_film(tmp_path / "film.mp4", pieces(6.0, fps), fps=fps)
    analysis = analyze(tmp_path / "film.mp4")
    assert not analysis.video.vfr
    assert analysis.video.duration_s == pytest.approx(6.0, abs=1e-3)
    assert analysis.shots.cut_s == pytest.approx([2.0, 4.0], abs=1e-3)


def set_display_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Write the track header's matrix (ISO/IEC 14496-12, 8.3.2) into an mp4 file."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def test_a_turned_film_is_seen_upright(tmp_path):
    # A phone held upright stores the picture on its side and the turn in the header.
    lying = [np.ascontiguousarray(np.rot90(picture)) for picture in pieces(1.0)[:8]]
    write_film(tmp_path / "turned.mp4", lying)
    set_display_matrix(tmp_path / "turned.mp4", 0, 1, -1, 0)
    analysis = analyze(tmp_path / "turned.mp4")
    assert (analysis.video.width, analysis.video.height) == (320, 180)
    assert analysis.video.rotation in (90, 270)
    sky, ground = analysis.thumbnails.rgb[0][:10].mean((0, 1)), analysis.thumbnails.rgb[0][-10:].mean((0, 1))
    assert sky[2] > 180 > ground[2]


def test_one_frame_is_a_film_of_one_shot(tmp_path):
    write_film(tmp_path / "one.mp4", pieces(1.0)[:1])
    analysis = analyze(tmp_path / "one.mp4")
    assert analysis.video.n_frames == 1
    assert analysis.video.duration_s == pytest.approx(0.04)
    assert len(analysis.embedding) == len(analysis.motion.time_s) == 1
    assert analysis.shots.gradual_s.shape == (0, 2)


@pytest.mark.parametrize("count", [2, 3, 5, 8, 13])
def test_very_short_films_have_shots(count):
    rng = np.random.Generator(np.random.PCG64(count))
    pictures = rng.integers(0, 256, (count, 27, 48, 3), np.uint8)
    shots, jump_s = find_shots(np.arange(count) / 25, pictures)
    assert len(shots.boundary_s) == len(shots.cut_s) + len(shots.gradual_s) < count
    assert len(jump_s) < count


@pytest.mark.parametrize("size", [(6, 10), (4, 300), (300, 4)])
def test_films_of_odd_sizes_are_read(tmp_path, size):
    rng = np.random.Generator(np.random.PCG64(2))
    frames = [rng.integers(0, 256, (*size, 3), np.uint8)] * 10
    write_film(tmp_path / "odd.mp4", frames)
    analysis = analyze(tmp_path / "odd.mp4", Look(thumbnails=3))
    assert (analysis.video.height, analysis.video.width) == size
    assert len(analysis.thumbnails.time_s) == 3


# --------------------------------------------------------------------------- what is no cut


def test_flashes_and_black_frames_are_no_cuts(tmp_path):
    frames = [small(landscape(k / 25)) for k in range(100)]
    for k in (30, 31, 80):
        frames[k] = np.full_like(frames[k], 255 if k < 50 else 0)
    write_film(tmp_path / "flash.mp4", frames)
    analysis = analyze(tmp_path / "flash.mp4")
    assert len(analysis.shots.boundary_s) == 0
    assert analysis.motion.magnitude.max() < 0.1


def test_a_still_picture_is_no_cut(tmp_path):
    write_film(tmp_path / "still.mp4", [small(sunset(0.0))] * 50)
    analysis = analyze(tmp_path / "still.mp4")
    assert len(analysis.shots.boundary_s) == 0
    assert analysis.motion.magnitude.max() < 0.03


def test_a_violent_shake_is_no_cut(tmp_path):
    rng = np.random.Generator(np.random.PCG64(3))
    wide = np.concatenate([landscape(0.0), sunset(0.0)[:, ::-1]], axis=1)
    at = np.clip(np.array([[300, 60]]) + np.cumsum(rng.normal(0, 22, (80, 2)), 0), 0, (700, 150)).astype(int)
    write_film(tmp_path / "shake.mp4", [wide[y : y + 180, x : x + 320] for x, y in at])
    assert len(analyze(tmp_path / "shake.mp4").shots.cut_s) == 0


# --------------------------------------------------------------------------- faults


def test_what_is_no_film_is_refused_in_one_line(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film\n" * 50)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile.ts\n")
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile '/etc/hostname'\n")
    (tmp_path / "noise.mp4").write_bytes(np.random.Generator(np.random.PCG64(0)).bytes(5000))
    for name in ("empty.mp4", "text.mp4", "list.m3u8", "list.ffconcat", "noise.mp4", "none.mp4", "."):
        with pytest.raises(InputError) as caught:
            analyze(tmp_path / name)
        assert "; " in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_film_cut_off_is_refused_or_used_with_a_warning(tmp_path, share):
    for suffix in (".mp4", ".mkv"):
        whole = tmp_path / f"film{suffix}"
        write_film(whole, pieces(3.0))
        data = whole.read_bytes()
        whole.write_bytes(data[: int(len(data) * share)])
        try:
            analysis = analyze(whole)
        except InputError:
            continue
        assert analysis.video.duration_s < 3.0


def test_damage_in_the_middle_is_stepped_over_and_told(tmp_path):
    path = tmp_path / "film.mp4"
    write_film(path, pieces(3.0))
    data, rng = bytearray(path.read_bytes()), np.random.Generator(np.random.PCG64(4))
    middle = len(data) // 2
    data[middle - 3000 : middle + 3000] = rng.bytes(6000)
    path.write_bytes(data)
    analysis = analyze(path)
    assert not analysis.video.complete
    assert "damaged" in analysis.warnings[0]


def test_the_work_stops_when_it_is_asked_to(tmp_path):
    write_film(tmp_path / "film.mp4", pieces(1.0))
    with pytest.raises(Cancelled):
        analyze(tmp_path / "film.mp4", watch=Watch(cancelled=lambda: True))


# --------------------------------------------------------------------------- real films


@real
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["abaca_exact.mp4", "known_cuts_13shots_vfr.mp4", "flash_trap_single_shot.mp4"]
)
def test_constructed_films_are_cut_exactly(name):
    truth = json.loads((SHARED / "derived" / name).with_suffix(".gt.json").read_text())
    analysis = analyze(SHARED / "derived" / name)
    assert len(analysis.shots.gradual_s) == 0
    assert analysis.shots.cut_s == pytest.approx(truth["hard_cuts_s"], abs=analysis.video.frame_s + 1e-6)


@real
@pytest.mark.slow
def test_speech_is_heard_where_it_was_put():
    analysis = analyze(SHARED / "derived" / "speech_at_known_times.mp4")
    truth = np.array([[6.0, 14.0], [20.0, 28.0]])
    for start_s, end_s in analysis.speech_s:
        assert np.any((truth[:, 0] - 0.1 <= start_s) & (end_s <= truth[:, 1] + 0.1))
    for start_s, end_s in truth:
        inside = (analysis.speech_s[:, 0] >= start_s - 0.1) & (analysis.speech_s[:, 1] <= end_s + 0.1)
        assert np.diff(analysis.speech_s[inside]).sum() > 0.5 * (end_s - start_s)


@real
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["derived/cover_art_first_stream.mp4", "real/no_duration_dark.webm", "real/plane_pan_bad_audio_11s.mp4"],
)
def test_awkward_files_are_read(name, capfd):
    analysis = analyze(SHARED / name)
    assert analysis.video.n_frames > 50
    assert capfd.readouterr().err == ""


@real
@pytest.mark.parametrize(
    "name", ["audio_only.mp4", "text_file.mp4", "truncated_moov_missing.mp4", "zero_byte.mp4"]
)
def test_files_that_are_no_film_are_refused(name):
    with pytest.raises(InputError, match=name):
        analyze(SHARED / "derived" / name)
