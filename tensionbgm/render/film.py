"""A film and a sound in, the film with that sound out: `scored.mp4`, its picture copied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from tensionbgm.errors import InputError, InternalError
from tensionbgm.forms import Video
from tensionbgm.progress import Watch
from tensionbgm.render.film_sound import SoundPackets, first_pts, open_film, picture_stream, sound_packets
from tensionbgm.render.loudness import RATE

AUDIO_BIT_RATE = 256_000
AAC_FRAME = 1024
# Copied into mp4.
CODECS = ("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "vvc")
# No pictures that refer forward: each then lasts exactly as long as asked. A fixed number of threads: it
# changes the bytes.
X264 = {"crf": "18", "preset": "veryfast", "threads": "4", "bf": "0"}


Sound = np.ndarray | SoundPackets


class CannotCopy(Exception):
    """The mp4 container cannot take the picture as it is."""


class CannotCopySound(Exception):
    """The mp4 container cannot take the film's own sound as it is."""


@dataclass(frozen=True)
class Lengths:
    """When the streams of a film end [s], from its first frame."""

    picture_s: float
    sound_s: float | None


def mux(
    film: Path, sound: np.ndarray | None, out: Path, video: Video, watch: Watch | None = None
) -> tuple[str, ...]:
    """Write the film with another sound as mp4.

    The picture is copied packet by packet: time stamps (variable rates too), rotation and codec
    stay.  Where mp4 cannot hold the codec, or the time stamps are unusable, it is coded again.

    Parameters
    ----------
    film : the original
    sound : float32 (n, 2) at 48 kHz, as long as the picture; None: the film's own, copied as it is coded
    out : the mp4 to write or replace
    video : facts of the original; what lies behind `duration_s` is left out

    Returns
    -------
    warnings : one line each

    Raises
    ------
    InputError
        the film cannot be read, or `out` is the film itself or cannot be written
    CannotCopySound
        `sound` is None, and mp4 cannot hold the film's own
    """
    if out.exists() and film.exists() and os.path.samefile(film, out):
        raise InputError(f"{out}: is the film itself; write to another file")
    watch = watch or Watch()
    aside = out.with_name(out.name + ".part")
    try:
        if sound is not None:
            said = _write(film, sound, aside, video, watch)
        else:
            with sound_packets(film, video.duration_s) as own:
                if own is None:
                    raise CannotCopySound
                said = _write(film, own, aside, video, watch)
        os.replace(aside, out)
    except OSError as fault:
        raise InputError(
            f"{out}: cannot be written ({fault.strerror or fault}); choose another folder"
        ) from fault
    finally:
        aside.unlink(missing_ok=True)
    return said


def measure_lengths(film: Path) -> Lengths:
    """When picture and sound of a film end, read from its packets."""
    with open_film(film) as container:
        picture = picture_stream(film, container)
        ends: dict[int, float] = {}
        starts: dict[int, float] = {}
        for packet in container.demux(picture, *container.streams.audio[:1]):
            if packet.pts is None or packet.is_discard:
                continue
            start, tick = float(packet.pts * packet.time_base), float(packet.time_base)
            index = packet.stream.index
            starts[index] = min(starts.get(index, start), start)
            ends[index] = max(ends.get(index, 0.0), start + (packet.duration or 0) * tick)
        zero = starts[picture.index]
        sound = [ends[s.index] - zero for s in container.streams.audio[:1] if s.index in ends]
        return Lengths(ends[picture.index] - zero, sound[0] if sound else None)


def _write(film: Path, sound: Sound, aside: Path, video: Video, watch: Watch) -> tuple[str, ...]:
    zero = first_pts(film)
    try:
        _copy(film, sound, aside, video, zero, watch)
        return ()
    except CannotCopy as reason:
        _encode(film, sound, aside, video, zero, watch)
        return (f"the picture was coded again as H.264, because {reason}",)


def _copy(film: Path, sound: Sound, aside: Path, video: Video, zero: int, watch: Watch) -> None:
    with open_film(film) as source:
        stream = picture_stream(film, source)
        if (
            stream.codec_context.name not in CODECS
            and stream.codec_context.codec.canonical_name not in CODECS
        ):
            raise CannotCopy(f"mp4 does not hold {stream.codec_context.name}")
        packets = _usable_packets(source, stream, zero, video)
        with _open_out(aside, source) as out:
            copy = out.add_stream_from_template(stream)
            copy.time_base = stream.time_base
            try:
                _interleave(out, copy, packets, sound, video, watch)
            except OSError:
                raise  # of the disk, not of the picture
            except (av.error.FFmpegError, ValueError) as fault:
                raise CannotCopy("mp4 refuses its packets") from fault


def _usable_packets(source: Any, stream: Any, zero: int, video: Video) -> list[Any]:
    """Packets of the picture, their time counted from the first frame shown.

    Raises
    ------
    CannotCopy
        packets lack time stamps, or these are not in order
    """
    packets = [packet for packet in _readable(source, stream) if packet.size]
    if not packets or any(packet.pts is None for packet in packets):
        raise CannotCopy("its packets carry no time stamps")
    for packet in packets:
        packet.pts -= zero
    _decoding_times(packets, zero)
    if any(b.dts <= a.dts for a, b in pairwise(packets)):
        raise CannotCopy("its time stamps are out of order")
    return _until(packets, round(video.duration_s / float(stream.time_base)), stream, video)


def _decoding_times(packets: list[Any], zero: int) -> None:
    """Count decoding times from the first frame too; make them up where some are missing (Matroska).

    The k-th packet is decoded when the k-th picture is due, less the delay of the worst case.
    """
    if all(packet.dts is not None for packet in packets):
        for packet in packets:
            packet.dts -= zero
        return
    due = sorted(packet.pts for packet in packets)
    delay = max(time - packet.pts for time, packet in zip(due, packets, strict=True))
    for time, packet in zip(due, packets, strict=True):
        packet.dts = time - delay


def _until(packets: list[Any], end: int, stream: Any, video: Video) -> list[Any]:
    """The packets shown before `end` [ticks], and those they are decoded from.

    A picture that an edit list hides behind the end, but that others refer to, is moved to the
    very end, where it is not seen.
    """
    shown = [k for k, packet in enumerate(packets) if packet.pts < end]
    if not shown:
        raise CannotCopy("its packets carry no usable time stamps")
    kept, hidden = packets[: shown[-1] + 1], 0
    for packet in kept:
        if packet.pts >= end:
            packet.pts, packet.duration, hidden = end + hidden, 1, hidden + 1
    last = max((packet for packet in kept if packet.pts < end), key=lambda packet: packet.pts)
    usual = round(video.frame_s / float(stream.time_base)) or 1
    if not kept[-1].duration:
        kept[-1].duration = usual
    last.duration = max(min(last.duration or usual, end - last.pts), 1)
    return kept


def _encode(film: Path, sound: Sound, aside: Path, video: Video, zero: int, watch: Watch) -> None:
    """The picture coded again, upright, each frame at its own time."""
    with open_film(film) as source, _open_out(aside, source) as out:
        stream = picture_stream(film, source)
        stream.thread_type = "AUTO"
        width, height = (side + side % 2 for side in (video.width, video.height))
        coder = out.add_stream("libx264", rate=round(max(video.fps, 1)), options=X264)
        coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
        tick = stream.time_base if stream.time_base.denominator >= 1000 else stream.time_base / 1000
        coder.time_base = coder.codec_context.time_base = tick
        turn = _upright(stream, video, width, height)
        packets = _coded(_frames(source, stream, zero, video, turn, tick), coder)
        try:
            _interleave(out, coder, packets, sound, video, watch)
        except OSError:
            raise
        except (av.error.FFmpegError, ValueError) as fault:
            raise InternalError(
                f"{film}: the picture cannot be coded again ({fault}); convert it to mp4"
            ) from fault


def _frames(source: Any, stream: Any, zero: int, video: Video, graph: Any, tick: Any) -> Iterator[Any]:
    """Frames to be coded, upright, in rising time, each lasting until the next, the last until the end."""
    step, end = max(round(video.frame_s / float(tick)), 1), round(video.duration_s / float(tick))
    waiting = None
    for frame in _decoded(source, stream):
        due = None if frame.pts is None else round((frame.pts - zero) * float(stream.time_base / tick))
        earliest = 0 if waiting is None else waiting.pts + 1
        at = due if due is not None and due >= earliest else earliest + step - 1
        if at >= end:
            break
        graph.push(frame)
        upright = graph.pull()
        upright.pts, upright.time_base, upright.pict_type = at, tick, 0
        if waiting is not None:
            waiting.duration = at - waiting.pts
            yield waiting
        waiting = upright
    if waiting is not None:
        waiting.duration = end - waiting.pts
        yield waiting


def _decoded(source: Any, stream: Any) -> Iterator[Any]:
    for packet in _readable(source, stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue  # damage: the frame before it is shown a little longer


def _upright(stream: Any, video: Video, width: int, height: int) -> Any:
    """A filter that turns a decoded frame upright, in even size and the colours H.264 is watched in."""
    graph = av.filter.Graph()
    chain = [graph.add_buffer(template=stream)]
    turns = {
        90: [("transpose", "cclock")],
        180: [("hflip", ""), ("vflip", "")],
        270: [("transpose", "clock")],
    }
    chain += [graph.add(name, args) for name, args in turns.get(video.rotation, [])]
    chain.append(graph.add("scale", f"{width}:{height}:flags=lanczos+accurate_rnd:out_range=tv"))
    chain += [graph.add("setsar", "1"), graph.add("format", "yuv420p"), graph.add("buffersink")]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    return graph


def _coded(frames: Iterator[Any], coder: Any) -> Iterator[Any]:
    for frame in frames:
        yield from coder.encode(frame)
    yield from coder.encode(None)


def _interleave(out: Any, picture: Any, packets: Any, sound: Sound, video: Video, watch: Watch) -> None:
    """Mux picture and sound side by side, in order of time."""
    audio = _audio(out, sound)
    waiting = next(audio, None)
    for packet in packets:
        now_s = float(packet.dts * packet.time_base) if packet.dts is not None else 0.0
        while waiting is not None and float(waiting.dts * waiting.time_base) <= now_s:
            _mux_sound(out, waiting, sound)
            waiting = next(audio, None)
        packet.stream = picture
        out.mux(packet)
        watch.tick(now_s / max(video.duration_s, 1e-9))
    while waiting is not None:
        _mux_sound(out, waiting, sound)
        waiting = next(audio, None)


def _audio(out: Any, sound: Sound) -> Iterator[Any]:
    """The packets of a new stream of sound: coded now, or as they were."""
    if not isinstance(sound, SoundPackets):
        voice = out.add_stream("aac", rate=RATE, layout="stereo", bit_rate=AUDIO_BIT_RATE)
        return _sound_packets(voice, sound)
    copy = out.add_stream_from_template(sound.stream)
    copy.time_base = sound.stream.time_base
    for packet in sound.packets:
        packet.stream = copy
    return iter(sound.packets)


def _mux_sound(out: Any, packet: Any, sound: Sound) -> None:
    try:
        out.mux(packet)
    except (av.error.FFmpegError, ValueError) as fault:
        if isinstance(sound, SoundPackets) and not isinstance(fault, OSError):
            raise CannotCopySound from fault
        raise


def _sound_packets(stream: Any, sound: np.ndarray) -> Iterator[Any]:
    for at in range(0, len(sound), AAC_FRAME):
        block = np.ascontiguousarray(sound[at : at + AAC_FRAME].T, np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        yield from stream.encode(frame)
    yield from stream.encode(None)


@contextmanager
def _open_out(aside: Path, source: Any) -> Iterator[Any]:
    """The mp4 to write, with the original's own words about itself."""
    out = av.open(str(aside), "w", format="mp4", options={"movflags": "+faststart"})
    try:
        kept = {
            k: v
            for k, v in source.metadata.items()
            if k not in ("major_brand", "minor_version", "compatible_brands")
        }
        out.metadata.update(kept)
        yield out
    finally:
        out.close()


def _readable(source: Any, stream: Any) -> Iterator[Any]:
    """Packets until the file ends or breaks off."""
    try:
        yield from source.demux(stream)
    except (av.error.FFmpegError, OSError):
        return
