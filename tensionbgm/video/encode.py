"""Pictures and sound -> a film file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tensionbgm.errors import InputError

FPS, RATE = 25, 48_000


def write_film(
    path: Path,
    frames: Iterator[np.ndarray] | Sequence[np.ndarray],
    fps: int = FPS,
    time_s: Sequence[float] | None = None,
    sound: np.ndarray | None = None,
) -> None:
    """Encode a film.

    Parameters
    ----------
    path : Path
        where to; its suffix chooses the container
    frames : iterable of uint8 (h, w, 3)
    fps : int
        frames a second, unless `time_s` is given
    time_s : sequence of float, optional
        when each frame is shown [s]: a film of variable frame rate
    sound : np.ndarray, optional
        float32 (2, n) at 48 kHz

    Raises
    ------
    InputError
        the file cannot be written
    """
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        _encode(aside, iter(frames), fps, time_s, sound)
        os.replace(aside, path)
    except (OSError, av.error.FFmpegError) as error:
        raise InputError(f"{path}: cannot be written ({error}); choose another place") from error
    finally:
        aside.unlink(missing_ok=True)


def _encode(
    path: Path,
    frames: Iterator[np.ndarray],
    fps: int,
    time_s: Sequence[float] | None,
    sound: np.ndarray | None,
) -> None:
    first = next(frames)
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264", rate=fps, options={"crf": "19", "preset": "veryfast", "threads": "1"}
        )
        video.height, video.width = first.shape[:2]
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000 if time_s is not None else fps)
        audio = container.add_stream("aac", rate=RATE, layout="stereo") if sound is not None else None
        for k, picture in enumerate(itertools.chain([first], frames)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = k if time_s is None else round(time_s[k] * 1000)
            frame.time_base = video.codec_context.time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            _encode_sound(container, audio, sound)


def _encode_sound(container: Any, stream: Any, sound: np.ndarray) -> None:
    block = 1024
    for start in range(0, sound.shape[1], block):
        samples = np.ascontiguousarray(sound[:, start : start + block], np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
