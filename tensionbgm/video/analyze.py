"""A film file -> `Analysis`, in one pass over its pictures and one over its sound."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from tensionbgm.config import Look
from tensionbgm.forms import Analysis, Shots
from tensionbgm.progress import Watch
from tensionbgm.video.change import ChangeMeter
from tensionbgm.video.decode import Film, by_any_clock, open_film
from tensionbgm.video.likeness import shot_embedding
from tensionbgm.video.motion import MotionMeter
from tensionbgm.video.pictures import Album, Gallery, thumbnail
from tensionbgm.video.shots import find_shots
from tensionbgm.video.speech import find_speech
from tensionbgm.video.transnet import SIZE
from tensionbgm.video.turnover import with_turnovers


def analyze(path: Path, look: Look | None = None, watch: Watch | None = None) -> Analysis:
    """Everything the later stages need to know of the film.

    Parameters
    ----------
    path : Path
        a film in any format FFmpeg can read
    look : Look, optional
        at what size and rate to look
    watch : Watch, optional
        hears of the stages "decode", "shots", "likeness" and "speech"

    Raises
    ------
    InputError
        the file is no film, or not one frame of it can be decoded
    Cancelled
        the watch said so
    """
    path, look, watch = Path(path), look or Look(), watch or Watch()
    return by_any_clock(lambda steady: _analyze(path, look, watch, steady))


def _analyze(path: Path, look: Look, watch: Watch, steady: bool) -> Analysis:
    seen = _Seen(look)
    with watch.stage("decode"), open_film(path, steady) as film:
        seen.read(film, look, watch)
        video, warnings, zero_s = film.facts(), film.warnings(), film.zero_s
    time_s, small = np.array(film.time_s), np.stack(seen.small)
    with watch.stage("shots"):
        shots, jump_s = find_shots(time_s, small, watch)
        shots = with_turnovers(shots, seen.gallery, video.duration_s, watch)
    motion = seen.motion.finish(video.duration_s, look.motion_hz, shots, jump_s)
    change = seen.change.finish(motion.time_s, shots, jump_s)
    with watch.stage("likeness"):
        start_s, end_s = _settled(shots, video.duration_s)
        embedding = shot_embedding(seen.gallery.of_shots(start_s, end_s, time_s, small), watch)
    with watch.stage("speech"):
        speech_s, said = find_speech(path, zero_s, video.duration_s, watch)
    thumbnails = seen.album.thumbnails(look.thumbnails, video.duration_s)
    return Analysis(video, shots, motion, embedding, speech_s, thumbnails, (*warnings, *said), change)


class _Seen:
    """What is kept of the pictures while they pass by."""

    def __init__(self, look: Look) -> None:
        self.small: list[np.ndarray] = []
        self.motion = MotionMeter()
        self.change = ChangeMeter()
        self.gallery = Gallery()
        self.album = Album(max(4 * look.thumbnails, 8), 0.05)

    def read(self, film: Film, look: Look, watch: Watch) -> None:
        for frame in film.frames(look.height_px):
            small = cv2.resize(frame.rgb, SIZE, interpolation=cv2.INTER_AREA)
            self.small.append(small)
            self.motion.add(frame.time_s, frame.rgb)
            self.change.add(frame.time_s, frame.rgb)
            self.gallery.add(frame.time_s, frame.rgb, small)
            self.album.add(frame.time_s, partial(thumbnail, frame.rgb))
            if len(self.small) % 16 == 0:
                watch.tick(frame.time_s / film.promised_s if film.promised_s else 0.0)


def _settled(shots: Shots, duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of each shot without its gradual transitions, where something remains."""
    start_s = np.append(0.0, shots.boundary_s)
    end_s = np.append(shots.boundary_s, duration_s)
    for first_s, last_s in shots.gradual_s:
        middle = np.searchsorted(shots.boundary_s, (first_s + last_s) / 2 - 1e-9)
        if first_s > start_s[middle]:
            end_s[middle] = first_s
        if last_s < end_s[middle + 1]:
            start_s[middle + 1] = last_s
    return start_s, end_s
