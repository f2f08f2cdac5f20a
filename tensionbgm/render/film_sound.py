"""A film file in, its own sound out: 48 kHz stereo, from the first frame shown to the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from tensionbgm.errors import InputError
from tensionbgm.render.loudness import RATE

JITTER_S = 0.02  # time stamps rounded to a millisecond must not tear holes into the sound
LOUDEST = 4.0  # linear: decoders of float sound may give anything
LONGER_S = 0.5  # sound that goes on longer than this behind the picture is worth a word
HELD = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")  # sound that mp4 holds and players play


@dataclass(frozen=True)
class SoundPackets:
    """The film's own sound as it is coded, its times counted from the first frame shown."""

    stream: Any  # of the open film
    packets: list[Any]


@contextmanager
def open_film(path: Path) -> Iterator[Any]:
    """A local media file, opened silently; nothing it names is fetched.

    Raises
    ------
    InputError
        the file cannot be opened as a film
    """
    av.logging.set_level(None)
    options = {"protocol_whitelist": "file"}
    try:
        container = av.open(str(path.resolve()), options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, OSError) as fault:
        raise InputError(f"{path}: cannot be read as a film; export it again as mp4") from fault
    try:
        yield container
    finally:
        container.close()


def picture_stream(path: Path, container: Any) -> Any:
    """The moving picture a player shows: the default one, never cover art."""
    shown = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    shown = [s for s in shown if s.codec_context is not None]
    if not shown:
        raise InputError(f"{path}: has no moving picture that can be read; convert it to H.264 mp4")
    return _default(shown)


def first_pts(path: Path) -> int:
    """Time stamp of the first frame shown, in the picture stream's own time base."""
    with open_film(path) as container:
        stream = picture_stream(path, container)
        for packet in _packets(container, stream):
            try:
                frames = packet.decode() if packet is not None else []
            except av.error.FFmpegError:
                continue
            if frames:
                return frames[0].pts or 0
    raise InputError(f"{path}: not one frame can be decoded; export the film again as H.264 mp4")


def film_sound(path: Path, duration_s: float) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The film's default sound, aligned with its picture.

    Parameters
    ----------
    path : the film
    duration_s : of the picture; the sound is cut or filled with silence to this length

    Returns
    -------
    sound : float32 (round(duration_s * 48000), 2), or None where the film has none that can be read
    warnings : what was wrong with it, one line each
    """
    with _opened(path) as (container, stream, zero_s):
        if stream is None:
            missing = bool(container.streams.audio)
            return None, ("the film's sound is of an unknown kind and is left out",) if missing else ()
        sound, found, faults = _decode(container, stream, zero_s, round(duration_s * RATE))
        over_s = _rest_s(container, stream, zero_s) - duration_s
    if not found:
        return None, ("the film's sound cannot be decoded and is left out",)
    said = []
    if faults:
        said.append(f"the film's sound is damaged in {faults} places, which are silent now")
    if over_s > LONGER_S:
        said.append(f"the film's sound goes on {over_s:.1f} s longer than its picture, and is cut there")
    return sound, tuple(said)


@contextmanager
def sound_packets(path: Path, duration_s: float) -> Iterator[SoundPackets | None]:
    """The film's default sound, still coded, until the picture ends; None where mp4 cannot take it so."""
    with _opened(path) as (container, stream, zero_s):
        if stream is None:
            yield None
            return
        names = (stream.codec_context.name, stream.codec_context.codec.canonical_name)
        packets = [p for p in _packets(container, stream) if p is None or p.size]
        usable = any(name in HELD for name in names) and _in_order(packets)
        yield SoundPackets(stream, _shown(packets, stream, zero_s, duration_s)) if usable else None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any, float]]:
    """The open film, its default sound (None: none that is known), and when its first frame is shown [s]."""
    zero = first_pts(path)
    with open_film(path) as container:
        zero_s = float(zero * picture_stream(path, container).time_base)
        known = [s for s in container.streams.audio if s.codec_context is not None]
        yield container, _default(known) if known else None, zero_s


def _default(streams: list[Any]) -> Any:
    """The stream a player takes: the one marked as default, else the first."""
    return min(streams, key=lambda s: (not s.disposition & Disposition.default, s.index))


def _in_order(packets: list[Any]) -> bool:
    if not packets or any(packet is None or packet.pts is None for packet in packets):
        return False
    return all(a.pts < b.pts for a, b in pairwise(packets))


def _shown(packets: list[Any], stream: Any, zero_s: float, duration_s: float) -> list[Any]:
    """The packets that sound while the picture is shown, moved to its time."""
    zero, end = (round(s / float(stream.time_base)) for s in (zero_s, duration_s))
    kept = []
    for packet in packets:
        packet.pts -= zero
        packet.dts = packet.pts
        if packet.pts < end and (packet.pts + (packet.duration or 0) >= 0 or packet.is_discard):
            kept.append(packet)
    return kept


def _rest_s(container: Any, stream: Any, zero_s: float) -> float:
    """When the sound ends of which some was not decoded [s]; 0 where nothing was left."""
    end_s = 0.0
    for packet in _packets(container, stream):
        if packet is not None and packet.pts is not None:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base) - zero_s
    return end_s


def _decode(container: Any, stream: Any, zero_s: float, frames: int) -> tuple[np.ndarray, bool, int]:
    """The sound, whether there was any, and how many packets were damaged."""
    sound = np.zeros((frames, 2), np.float32)
    found, faults = False, 0
    for run, start_s in _runs(container, stream):
        if run is None:
            faults += 1
            continue
        at = round((start_s - zero_s) * RATE)
        if at >= frames:
            break
        block = run[max(0, -at) :][: frames - max(0, at)]
        at = max(0, at)
        sound[at : at + len(block)] = block
        found = found or len(run) > 0
    return sound, found, faults


def _runs(container: Any, stream: Any) -> Iterator[tuple[np.ndarray | None, float]]:
    """Blocks of sound at 48 kHz, (n, 2), and the container's time they start at; None for damage.

    Blocks that follow one another without a gap go through one resampler, so that no seam is
    heard; a gap, an overlap or a fault starts another.
    """
    resampler, expected_s, written, began_s = None, 0.0, 0, 0.0
    for packet in _packets(container, stream):
        try:
            coded = packet.decode() if packet is not None else None
        except av.error.FFmpegError:
            coded = None
        if coded is None:
            yield None, 0.0
            continue
        for frame in coded:
            start_s = expected_s if frame.time is None else frame.time
            if resampler is None or abs(start_s - expected_s) > JITTER_S:
                if resampler is not None:
                    yield _stereo(resampler.resample(None)), began_s + written / RATE
                resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
                began_s = expected_s = start_s
                written = 0
            expected_s += frame.samples / frame.sample_rate
            frame.pts = None
            try:
                block = _stereo(resampler.resample(frame))
            except (av.error.FFmpegError, ValueError):  # the sound changed its format on the way
                resampler = None
                yield None, 0.0
                continue
            yield block, began_s + written / RATE
            written += len(block)
    if resampler is not None:
        yield _stereo(resampler.resample(None)), began_s + written / RATE


def _stereo(frames: list[Any]) -> np.ndarray:
    """Resampled frames as float32 (n, 2); what is no number is silence."""
    blocks = [frame.to_ndarray().T for frame in frames if frame is not None]
    sound = np.concatenate(blocks) if blocks else np.zeros((0, 2), np.float32)
    return np.clip(np.nan_to_num(sound), -LOUDEST, LOUDEST).astype(np.float32)


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Packets until the file ends or breaks off; None for one that cannot be read."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except av.error.InvalidDataError:
            yield None
            return
        except (av.error.FFmpegError, OSError):
            return
