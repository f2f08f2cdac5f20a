"""The whole program on real and constructed films, as a user runs it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tensionbgm.music.notes import read_midi
from tensionbgm.video.demo import DEMO_CUTS_S, make_demo

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "videos"
FILES = {
    "scored.mp4", "music.mid", "music.musicxml", "music.wav", "curve.csv", "plan.json",
    "report.json", "report.html", "report.png",
}  # fmt: skip

pytestmark = pytest.mark.slow


def tensionbgm(*arguments, cwd=None, **options):
    """Run the program; returns the finished process."""
    command = [sys.executable, "-m", "tensionbgm", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=600, **options)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lasts_s(path):
    """How long the picture and the sound of a film last."""
    with av.open(str(path)) as film:
        last = {}
        for packet in film.demux():
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                last[packet.stream.type] = max(last.get(packet.stream.type, 0.0), end)
    return last["video"], last["audio"]


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo film.mp4"
    make_demo(path)
    return path


@pytest.fixture(scope="session")
def scored(demo):
    done = tensionbgm("score", demo, "--effort", "draft", "--json", "--quiet", cwd=demo.parent)
    assert done.returncode == 0, done.stderr
    return demo.parent / "demo film-score", json.loads(done.stdout)


def test_every_promised_file_is_written(scored):
    folder, report = scored
    assert {p.name for p in folder.iterdir()} == FILES | {"stems"}
    assert len(list((folder / "stems").glob("*.wav"))) == len(report["plan"]["parts"]) >= 5
    assert json.loads((folder / "report.json").read_text()) == report


def test_the_demo_film_is_met_at_its_cuts_and_at_its_end(scored):
    _, report = scored
    cuts = report["metrics"]["cuts"]
    assert cuts["n"] == len(DEMO_CUTS_S)
    assert cuts["hit_40ms"] >= 0.6 > 0.3 > cuts["chance_40ms"]  # two of nine are 2 ms off, or hardly seen
    assert cuts["end_error_ms"] <= 40
    assert report["metrics"]["tension"]["pearson"] > 0.8
    assert report["metrics"]["tension"]["pearson"] > report["metrics"]["tension"]["control_shuffled"] + 0.3
    assert report["metrics"]["rules"]["out_of_range"] == 0


def test_a_place_that_returns_brings_its_music_back(scored):
    _, report = scored
    labels = [section["label"] for section in report["form"]]
    assert sum(label.rstrip("'") == "A" for label in labels) >= 2
    patterns = report["metrics"]["patterns"]
    assert patterns["satisfied"] == patterns["constrained_notes"] > 0


def test_picture_and_sound_end_within_a_frame_of_the_film(scored, demo):
    folder, report = scored
    picture, sound = lasts_s(folder / "scored.mp4")
    original, _ = lasts_s(demo)
    assert abs(picture - original) <= 0.04
    assert abs(sound - original) <= 0.04
    music, rate = soundfile.read(folder / "music.wav")
    assert len(music) / rate == pytest.approx(report["video"]["duration_s"], abs=1e-3)


def test_the_picture_is_copied_not_coded_again(scored, demo):
    def packets(path):
        with av.open(str(path)) as film:
            stream = film.streams.video[0]
            return [bytes(p) for p in film.demux(stream) if p.size]

    assert packets(scored[0] / "scored.mp4") == packets(demo)


def test_the_stems_add_up_to_the_music(scored):
    folder, _ = scored
    music, _ = soundfile.read(folder / "music.wav")
    total = sum(soundfile.read(path)[0] for path in sorted((folder / "stems").glob("*.wav")))
    assert np.abs(total - music).max() < 1e-4


def test_the_score_on_disk_is_what_the_report_measured(scored):
    folder, report = scored
    notes = read_midi(folder / "music.mid")
    assert notes.end_s == pytest.approx(report["video"]["duration_s"], abs=1e-3)
    assert notes.bar_s[-1] == pytest.approx(report["video"]["duration_s"], abs=1e-3)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_music(scored, demo, tmp_path):
    first = digest(scored[0] / "music.mid")
    for seed, threads in ((0, 1), (1, 2)):
        options = (
            "--seed",
            seed,
            "-o",
            tmp_path / str(seed),
            "--effort",
            "draft",
            "--quiet",
            "--sound",
            "mute",
        )
        done = tensionbgm("score", demo, *options, env=os.environ | {"NUMBA_NUM_THREADS": str(threads)})
        assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "0" / "music.mid") == first
    assert digest(tmp_path / "1" / "music.mid") != first


def test_existing_output_is_kept_unless_forced(scored, demo):
    folder, _ = scored
    before = digest(folder / "music.mid")
    done = tensionbgm("score", demo, cwd=demo.parent)
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert digest(folder / "music.mid") == before


def test_a_drawn_curve_is_followed(demo, tmp_path):
    curve = "0:0.1,12:0.9,13:0.2,40:0.2"
    options = (
        "--curve",
        curve,
        "--effort",
        "draft",
        "-o",
        tmp_path / "out",
        "--json",
        "--quiet",
        "--sound",
        "mute",
    )
    done = tensionbgm("score", demo, *options)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["curve"]["source"] == "inline"
    fit = report["metrics"]["tension"]
    assert fit["pearson"] > 0.8
    assert fit["pearson"] > fit["control_reversed"] + 0.5


def test_a_plan_is_composed_again_to_the_same_notes(scored, tmp_path):
    folder, _ = scored
    done = tensionbgm(
        "compose", folder / "plan.json", "-o", tmp_path / "again", "--effort", "draft", "--quiet"
    )
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "again" / "music.mid") == digest(folder / "music.mid")


def test_a_locked_section_stays_while_the_rest_is_composed_again(scored, tmp_path):
    folder, _ = scored
    options = ("--lock", "A,4", "--effort", "draft", "--quiet", "--json")
    rest = []
    for seed in (1, 2):
        out = tmp_path / str(seed)
        done = tensionbgm("compose", folder / "plan.json", "--seed", seed, "-o", out, *options)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report == json.loads((out / "report.json").read_text())
        assert report["locked"]["asked"] == "A,4"
        locked = [bar for first, last in report["locked"]["bars"] for bar in range(first, last + 1)]
        old, new = read_midi(folder / "music.mid"), read_midi(out / "music.mid")
        edge = np.array([old.bar_quarter[[bar - 1, bar]] for bar in locked])
        for name in ("onset_quarter", "duration_quarter", "pitch", "velocity"):
            begun = [
                (edge[:, :1] <= n.notes["onset_quarter"]) & (n.notes["onset_quarter"] < edge[:, 1:])
                for n in (old, new)
            ]
            kept, again = (n.notes[name][b.any(axis=0)] for n, b in zip((old, new), begun, strict=True))
            np.testing.assert_array_equal(kept, again)
        rest.append(digest(out / "music.mid"))
    assert len({*rest, digest(folder / "music.mid")}) == 3


def test_the_midi_file_can_be_played_under_the_film_again(scored, demo, tmp_path):
    folder, _ = scored
    options = ("--video", demo, "-o", tmp_path / "again", "--sound", "replace", "--quiet")
    done = tensionbgm("render", folder / "music.mid", *options)
    assert done.returncode == 0, done.stderr
    picture, sound = lasts_s(tmp_path / "again" / "scored.mp4")
    assert abs(picture - sound) <= 0.04


@pytest.mark.parametrize("after_s", [1.0, 8.0])
def test_ctrl_c_leaves_nothing_half_written(demo, tmp_path, after_s):
    command = [sys.executable, "-m", "tensionbgm", "score", str(demo), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


REFUSED = {
    "no such file": (("missing.mp4",), 1),
    "an unknown key": (("FILM", "--key", "H flat"), 1),
    "an impossible tempo": (("FILM", "--tempo", "fast"), (1, 2)),
    "a curve too short": (("FILM", "--curve", "0:0.2,1:0.5"), 1),
    "a curve out of range": (("FILM", "--curve", "0:0.2,100:1.5"), 1),
    "no soundfont": (("FILM", "--soundfont", "none.sf2"), 1),
    "an unknown option": (("FILM", "--loudly"), 2),
    "a negative seed": (("FILM", "--seed", "-3"), 2),
    "a device that is not there": (("FILM", "--device", "cuda"), 2),
}


@pytest.mark.parametrize(("arguments", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_fault_is_told_in_one_line(demo, tmp_path, arguments, status):
    given = [str(demo) if a == "FILM" else a for a in arguments]
    done = tensionbgm("score", *given, "-o", tmp_path / "out", "--quiet")
    assert done.returncode in (status if isinstance(status, tuple) else (status,))
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("tensionbgm")
    assert not (tmp_path / "out").exists()


needs_films = pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is absent")
BAD = (
    "zero_byte.mp4", "text_file.mp4", "audio_only.mp4", "truncated_moov_missing.mp4", "one_frame.mp4",
    "clip_0p4s.mp4",
)  # fmt: skip
ODD = (
    "derived/truncated_half_faststart.mp4", "derived/corrupt_middle.mp4",
    "derived/odd size 427x241 – ünï 'quoted'.mp4", "real/phone_selfie_rot_flip_1s.mp4",
    "real/empty_room_2s.gif", "real/pixel_motion_photo_2s.mp4", "derived/cover_art_first_stream.mp4",
    "derived/vfr_dropped_frames.mp4",
)  # fmt: skip


@needs_films
@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_film_is_refused_in_one_line(name, tmp_path):
    done = tensionbgm("score", SHARED / "derived" / name, "-o", tmp_path / "out")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert name in last
    assert ";" in last
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@needs_films
@pytest.mark.parametrize("name", ODD)
def test_odd_films_are_scored_to_their_end(name, tmp_path):
    done = tensionbgm(
        "score", SHARED / name, "-o", tmp_path / "out", "--effort", "draft", "--json", "--quiet"
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    frame_s = 1 / report["video"]["fps"]
    assert report["metrics"]["cuts"]["end_error_ms"] <= 1000 * frame_s
    picture, sound = lasts_s(tmp_path / "out" / "scored.mp4")
    assert abs(picture - sound) <= frame_s + 0.03


@needs_films
def test_music_stays_under_speech(tmp_path):
    film = SHARED / "derived/speech_at_known_times.mp4"
    done = tensionbgm("score", film, "-o", tmp_path / "out", "--effort", "draft", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["video"]["speech_s"]) >= 2
    assert min(report["sound"]["speech_to_music_db"]) >= 12
