"""A film's sound -> the spans in which somebody speaks (Silero VAD)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from tensionbgm.progress import Watch
from tensionbgm.video.decode import open_container
from tensionbgm.video.likeness import one_thread

RATE = 16_000
WINDOW = 512  # samples the detector judges at a time (32 ms)
LIKELY = 0.4  # a word missed is drowned by the music, a span too many only makes the music softer
LONGEST_PAUSE_S = 0.3  # shorter pauses belong to the speech around them
MOST_S = 4 * 3600.0  # sound beyond this is not read


def find_speech(
    path: Path, zero_s: float, duration_s: float, watch: Watch | None = None
) -> tuple[np.ndarray, list[str]]:
    """Spans of speech, and warnings.

    Parameters
    ----------
    path : Path
        the film
    zero_s : float
        the container's own time of the first frame shown [s]; 0 of the result
    duration_s : float
        of the picture [s]; speech after it is cut off

    Returns
    -------
    speech_s : np.ndarray
        float (m, 2): start and end of each span [s], rising, apart by more than `LONGEST_PAUSE_S`
    warnings : list of str
    """
    watch = watch or Watch()
    sound, warnings = read_mono(path, zero_s, duration_s)
    if not len(sound):
        return np.zeros((0, 2)), warnings
    return merge(_spans(speech_probability(sound, watch)), duration_s), warnings


def read_mono(path: Path, zero_s: float, duration_s: float) -> tuple[np.ndarray, list[str]]:
    """The default sound from the first frame shown on, float32 (n,) at 16 kHz; silence where it has gaps."""
    sound = np.zeros(round(min(duration_s, MOST_S) * RATE) + RATE, np.float32)
    end = faults = 0
    with open_container(path) as container:
        streams = [s for s in container.streams.audio if s.codec_context is not None]
        if not streams:
            return sound[:0], []
        stream = min(streams, key=lambda s: (not s.disposition & av.stream.Disposition.default, s.index))
        for block, start in _blocks(container, stream, zero_s):
            if block is None:
                faults += 1
                continue
            if start >= len(sound):
                break
            block = block[max(0, -start) : len(sound) - start]
            start = max(0, start)
            sound[start : start + len(block)] = block
            end = max(end, start + len(block))
    limit = round(duration_s * RATE)
    if not end:
        return sound[:0], ["the film's sound cannot be decoded; speech was not looked for"]
    said = ["the film's sound is damaged in places; speech there may be missed"] if faults else []
    return sound[: min(end, limit)], said


def _blocks(container: Any, stream: Any, zero_s: float) -> Iterator[tuple[np.ndarray | None, int]]:
    """Decoded sound and the sample it starts at; None for a damaged packet."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    packets = container.demux(stream)
    expected = 0
    while True:
        try:
            frames = next(packets).decode()
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError) as error:
            yield None, 0
            if not isinstance(error, av.error.InvalidDataError):
                return
            continue
        for frame in frames:
            start = expected if frame.time is None else round((frame.time - zero_s) * RATE)
            # Rounded time stamps (1 ms in Matroska) must not tear small holes into the sound.
            start = expected if abs(start - expected) < RATE // 50 else start
            try:
                block = _resampled(resampler, frame)
            except (av.error.FFmpegError, ValueError):
                resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
                yield None, 0
                continue
            expected = start + len(block)
            yield block, start


def _resampled(resampler: Any, frame: Any) -> np.ndarray:
    """One block of sound at 16 kHz mono; what is not a number is silence."""
    frame.pts = None
    blocks = [f.to_ndarray()[0] for f in resampler.resample(frame)]
    joined = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return np.clip(np.nan_to_num(joined), -1.0, 1.0).astype(np.float32)


def speech_probability(sound: np.ndarray, watch: Watch) -> np.ndarray:
    """Probability of speech in each window of 32 ms, float (n,)."""
    import torch

    with one_thread():
        model = _detector()
        model.reset_states()
        count = -(-len(sound) // WINDOW)
        windows = np.zeros((count, WINDOW), np.float32)
        windows.ravel()[: len(sound)] = sound
        heard = []
        for k, window in enumerate(torch.from_numpy(windows)):
            if k % 256 == 0:
                watch.tick(k / count)
            heard.append(float(model(window[None], RATE)))
    return np.array(heard)


@cache
def _detector() -> Any:
    import silero_vad

    return silero_vad.load_silero_vad()


def _spans(probability: np.ndarray) -> np.ndarray:
    """Spans [s] that begin where speech is likely and end where it has become unlikely, float (m, 2)."""
    import silero_vad

    found = silero_vad.get_speech_timestamps_from_probs(
        probability.tolist(), threshold=LIKELY, sampling_rate=RATE
    )
    return np.array([[s["start"] / RATE, s["end"] / RATE] for s in found]).reshape(-1, 2)


def merge(span_s: np.ndarray, duration_s: float) -> np.ndarray:
    """Spans with pauses up to `LONGEST_PAUSE_S` closed, inside [0, duration], float (m, 2)."""
    merged: list[list[float]] = []
    for start_s, end_s in np.clip(span_s, 0.0, duration_s):
        if merged and start_s - merged[-1][1] < LONGEST_PAUSE_S:
            merged[-1][1] = max(merged[-1][1], float(end_s))
        elif end_s > start_s:
            merged.append([float(start_s), float(end_s)])
    return np.array(merged).reshape(-1, 2)
