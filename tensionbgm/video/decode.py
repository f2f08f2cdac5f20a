"""A film file -> upright pictures in order with their true times, and what the container says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
from av.stream import Disposition

from tensionbgm.errors import InputError
from tensionbgm.forms import Video

# Formats that hold a film themselves; play lists and scripts, which name other files, are left out.
FORMATS = (
    "mov,mp4,matroska,webm,avi,ogg,gif,apng,mpegts,mpeg,mpegvideo,flv,live_flv,asf,mxf,rm,nut,dv,ivf,"
    "yuv4mpegpipe,h264,hevc,av1,obu,m4v,mjpeg,wtv,amv,nuv,bink,smk,vob,webp_anim,vc1,h263"
)
MAX_PIXELS = 8192 * 8192
LONGEST_GAP_S = 600.0  # a picture shown longer than this means that the clock is broken, not the film
DAMAGE_S = 0.5  # a picture that ends this much before its promised end broke off


T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """One picture as a player would show it."""

    time_s: float  # from the first frame shown
    rgb: np.ndarray  # uint8 (h, w, 3), upright


class BrokenClock(Exception):
    """The time stamps contradict one another; read the film again at a steady rate."""


def by_any_clock(read: Callable[[bool], T]) -> T:
    """What `read(steady)` makes of a film; where its clock is broken, made once more at a steady rate."""
    try:
        return read(False)
    except BrokenClock:
        return read(True)


def fault(path: Path, what: str, remedy: str) -> InputError:
    """The one-line error for a film file."""
    return InputError(f"{path}: {what}; {remedy}")


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """Open a media file from outside safely: local files of known formats, and silently.

    Raises
    ------
    InputError
        there is no such file, it may not be read, it is empty, or it is no media file
    """
    _check_file(path)
    av.logging.set_level(None)
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(str(path.resolve()), options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise fault(
            path, "cannot be read as a film", "it may be cut off or of another kind: export it again as mp4"
        ) from error
    try:
        yield container
    finally:
        container.close()


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise fault(path, "is a folder", "give a film file")
        if not path.exists():
            raise fault(path, "there is no such file", "check the path")
        if not path.is_file():  # a pipe would be waited for without end
            raise fault(path, "is no plain file", "give a film file")
        with path.open("rb") as file:
            if not file.read(1):
                raise fault(path, "the file is empty", "copy or export the film again")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise fault(path, f"cannot be read ({reason})", "check the path and its permissions") from error


def choose_stream(path: Path, container: Any) -> Any:
    """The moving picture a player would show: no cover art, the default one first.

    Raises
    ------
    InputError
        the file has no picture, or a picture this program cannot decode
    """
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not pictures:
        raise fault(path, "has no moving picture", "give a film, not sound or cover art alone")
    known = [s for s in pictures if s.codec_context is not None]
    if not known:
        raise fault(path, "its picture is coded in a way this program cannot read", "convert it to H.264 mp4")
    return min(known, key=lambda s: (not s.disposition & Disposition.default, s.index))


class Film:
    """A film being read, once, from its first frame to its last.

    `frames` gives the pictures; `facts` is complete after it has run out.

    Parameters
    ----------
    path : Path
    steady : bool
        ignore the time stamps and show every frame for the same time
    """

    def __init__(self, path: Path, container: Any, steady: bool = False) -> None:
        self.path, self._container, self._steady = path, container, steady
        self._stream = choose_stream(path, container)
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        self.time_s: list[float] = []
        self.zero_s = 0.0  # the container's own time of the first frame shown
        self._last_frame_s = 0.0
        self._faults = 0
        self._unordered = 0
        self._turn = np.eye(2, dtype=int)
        self._size = (0, 0)  # displayed (width, height)
        self._rotation = 0

    @property
    def nominal_s(self) -> float:
        """Duration of a frame according to the container [s]."""
        rate = self._stream.average_rate or self._stream.guessed_rate or self._stream.base_rate
        return 1.0 / float(rate) if rate and 0.01 <= float(rate) <= 1000 else 0.04

    @property
    def promised_s(self) -> float:
        """Duration of the picture according to the container [s]; 0 where it does not say."""
        stream = self._stream
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        if self._container.duration and not self._container.streams.audio:
            return float(self._container.duration / av.time_base)
        return _clock(str(dict(stream.metadata or {}).get("DURATION", "")))

    def frames(self, height_px: int) -> Iterator[Frame]:
        """Every frame, upright, scaled down to at most `height_px` in its displayed shape.

        Raises
        ------
        InputError
            no frame could be decoded
        BrokenClock
            too many time stamps contradict one another
        """
        size = (0, 0)
        for coded in self._decoded():
            if not self.time_s:
                self._learn_shape(coded)
                size = self._coded_size(height_px)
            time_s = self._next_time(coded)
            if time_s is None:
                continue
            rgb = coded.reformat(*size, format="rgb24", interpolation="AREA").to_ndarray()
            self.time_s.append(time_s)
            yield Frame(time_s, turn(rgb, self._turn))
        if not self.time_s:
            raise fault(self.path, "not one frame could be decoded", "export the film again as H.264 mp4")
        if self._unordered > 0.1 * len(self.time_s) + 2:
            raise BrokenClock

    def facts(self) -> Video:
        """What is known of the film once its frames have been read."""
        time_s = np.array(self.time_s)
        gaps = np.diff(time_s)
        frame_s = float(np.median(gaps)) if len(gaps) else (self._last_frame_s or self.nominal_s)
        duration_s = float(time_s[-1]) + self._shown_last_s(frame_s)
        tick_s = max(float(self._stream.time_base or 0), 1e-6)
        return Video(
            path=str(self.path),
            duration_s=duration_s,
            fps=len(time_s) / duration_s,
            frame_s=frame_s,
            n_frames=len(time_s),
            vfr=bool(np.any(np.abs(gaps - frame_s) > max(1.5 * tick_s, 0.02 * frame_s))),
            rotation=self._rotation,
            width=self._size[0],
            height=self._size[1],
            container=self._container.format.name.split(",")[0],
            codec=self._stream.codec_context.name,
            has_audio=any(s.codec_context is not None for s in self._container.streams.audio),
            complete=self._faults == 0 and duration_s > self.promised_s - max(DAMAGE_S, 2 * frame_s),
        )

    def warnings(self) -> list[str]:
        """What the user should know about this file, one line each."""
        video, said = self.facts(), []
        if not video.complete:
            promised = f" of {self.promised_s:.1f} s" if self.promised_s > video.duration_s + DAMAGE_S else ""
            said.append(
                f"the film is damaged: {video.duration_s:.1f} s{promised} could be decoded and are used"
            )
        if self._steady:
            said.append(
                "the film's time stamps contradict one another; every frame is taken to last equally long"
            )
        return said

    def _shown_last_s(self, frame_s: float) -> float:
        """How long the last frame is shown: as it says itself, but not past the promised end [s]."""
        said_s = self._last_frame_s if 0 < self._last_frame_s < LONGEST_GAP_S else frame_s
        left_s = self.promised_s - self.time_s[-1]
        return min(said_s, left_s) if left_s > frame_s / 4 else said_s

    def _decoded(self) -> Iterator[Any]:
        """Frames as the decoder gives them; damaged packets are counted and stepped over."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError):
                self._faults += 1
                return
            try:
                for frame in packet.decode():
                    self._faults += bool(frame.is_corrupt)
                    yield frame
            except av.error.FFmpegError:
                self._faults += 1

    def _next_time(self, coded: Any) -> float | None:
        """Time of this frame from the first [s], or None where a frame is not to be shown."""
        length_s = float(coded.duration * coded.time_base) if coded.duration and coded.time_base else 0.0
        if not self.time_s:
            self.zero_s, self._last_frame_s = coded.time or 0.0, length_s
            return 0.0
        if self._steady:
            self._last_frame_s = self.nominal_s
            return len(self.time_s) * self.nominal_s
        last_s = self.time_s[-1]
        time_s = last_s + self.nominal_s if coded.time is None else coded.time - self.zero_s
        if not math.isfinite(time_s) or time_s <= last_s or time_s > last_s + LONGEST_GAP_S:
            self._unordered += 1
            return None
        self._last_frame_s = length_s
        return time_s

    def _learn_shape(self, coded: Any) -> None:
        """Displayed size and orientation, from the first frame."""
        self._turn = display_turn(coded)
        self._rotation = round(coded.rotation / 90) % 4 * 90
        aspect = self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio
        stretch = float(aspect) if aspect and 0.1 <= float(aspect) <= 10 else 1.0
        size = (max(1, round(coded.width * stretch)), coded.height)
        self._size = size if self._turn[0, 0] else size[::-1]

    def _coded_size(self, height_px: int) -> tuple[int, int]:
        """Size to scale the coded picture to, before it is turned (width, height)."""
        width, height = self._size
        scale = min(1.0, height_px / height)
        small = (max(2, round(width * scale)), max(2, round(height * scale)))
        return small if self._turn[0, 0] else small[::-1]


@contextmanager
def open_film(path: Path, steady: bool = False) -> Iterator[Film]:
    """Open the film's picture for reading; see `Film`."""
    with open_container(path) as container:
        yield Film(path, container, steady)


def display_turn(coded: Any) -> np.ndarray:
    """The display matrix's signs, int (2, 2): displayed (x, y) = turn @ coded (x, y).

    ISO/IEC 14496-12, 8.3.2.3: the matrix is stored as {a, b, u, c, d, v, x, y, w} with
    x' = a x + c y + tx and y' = b x + d y + ty.
    """
    data = coded.side_data.get("DISPLAYMATRIX")
    if data is None:
        return np.eye(2, dtype=int)
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].astype(np.int64)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return np.diag([-1 if a < 0 else 1, -1 if d < 0 else 1])
    return np.array([[0, -1 if c < 0 else 1], [-1 if b < 0 else 1, 0]])


def turn(picture: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """The picture (h, w, ...) with the display matrix's turn and flips applied."""
    if signs[0, 0] == 0:
        picture = picture.swapaxes(0, 1)
    x_sign, y_sign = signs.sum(axis=1)
    return np.ascontiguousarray(picture[::y_sign, ::x_sign])


def _clock(text: str) -> float:
    """Seconds in a Matroska tag like 00:00:15.003000000; 0 if it is none."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0
