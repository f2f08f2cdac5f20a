"""Upright pictures in order, of a film of unknown length -> a few of them, spread evenly or shot by shot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from tensionbgm.forms import Thumbnails

THUMBNAIL_PX = 160  # longer side
MOST_PICTURES = 900  # compared in the whole film
PER_SHOT = 3
JUMP = (
    12.0  # mean change of the small picture (0..255) after which a picture is kept besides the regular ones
)
MOST_JUMPS = 1500


@dataclass
class Album:
    """Keeps a picture every `step_s`; when full, it drops every second one and doubles the step."""

    most: int
    step_s: float
    time_s: list[float] = field(default_factory=list)
    rgb: list[np.ndarray] = field(default_factory=list)

    def add(self, time_s: float, rgb: Callable[[], np.ndarray]) -> None:
        """Offer the picture at `time_s`; `rgb` makes it if it is wanted."""
        if self.time_s and time_s < self.time_s[-1] + self.step_s - 1e-6:
            return
        self.time_s.append(time_s)
        self.rgb.append(rgb())
        if len(self.time_s) >= self.most:
            self.time_s, self.rgb = self.time_s[::2], self.rgb[::2]
            self.step_s *= 2

    def thumbnails(self, count: int, duration_s: float) -> Thumbnails:
        """At most `count` different pictures, those nearest to the middles of equal stretches of the film."""
        have_s = np.array(self.time_s)
        want_s = (np.arange(count) + 0.5) / max(count, 1) * duration_s
        near = np.unique([int(np.abs(have_s - t).argmin()) for t in want_s]).astype(int)
        return Thumbnails(have_s[near], np.stack([self.rgb[k] for k in near]) if len(near) else _none())


@dataclass
class Gallery:
    """Keeps enough pictures that any shot found later has one: regular ones, and one after every jump."""

    _regular: Album = field(default_factory=lambda: Album(2000, 0.2))
    _jump: Album = field(default_factory=lambda: Album(MOST_JUMPS, 0.0))
    _before: np.ndarray | None = None
    _jumped: bool = False

    def add(self, time_s: float, rgb: np.ndarray, small: np.ndarray) -> None:
        """Take the next picture and the same as uint8 (27, 48, 3)."""
        self._regular.add(time_s, partial(thumbnail, rgb))
        if self._jumped:
            self._jump.add(time_s, partial(thumbnail, rgb))
        before, self._before = self._before, small
        self._jumped = before is not None and float(cv2.absdiff(small, before).mean()) > JUMP

    def between(self, start_s: float, end_s: float, step_s: float) -> tuple[np.ndarray, list[np.ndarray]]:
        """Regular pictures from inside [start, end), about a step apart: when [s], and what."""
        picked: list[int] = []
        for k, time_s in enumerate(self._regular.time_s):
            far = not picked or time_s >= self._regular.time_s[picked[-1]] + step_s - 1e-3
            if start_s <= time_s < end_s and far:
                picked.append(k)
        return np.array([self._regular.time_s[k] for k in picked]), [self._regular.rgb[k] for k in picked]

    def of_shots(
        self, start_s: np.ndarray, end_s: np.ndarray, small_s: np.ndarray, small: np.ndarray
    ) -> list[list[np.ndarray]]:
        """A few pictures from inside each shot [start, end); or else its middle small picture."""
        time_s = np.array(self._regular.time_s + self._jump.time_s)
        rgb = self._regular.rgb + self._jump.rgb
        per_shot = max(1, min(PER_SHOT, MOST_PICTURES // max(len(start_s), 1)))
        shots = []
        for first_s, last_s in zip(start_s, end_s, strict=True):
            inside = np.flatnonzero((time_s >= first_s - 1e-6) & (time_s < last_s - 1e-6))
            want_s = first_s + (np.arange(per_shot) + 0.5) / per_shot * (last_s - first_s)
            if len(inside):
                near = np.unique([inside[np.abs(time_s[inside] - t).argmin()] for t in want_s])
                shots.append([rgb[k] for k in near])
            else:
                shots.append([small[int(np.abs(small_s - (first_s + last_s) / 2).argmin())]])
        return shots


def thumbnail(rgb: np.ndarray) -> np.ndarray:
    """The picture, no larger than `THUMBNAIL_PX`."""
    height, width = rgb.shape[:2]
    scale = THUMBNAIL_PX / max(height, width)
    if scale >= 1:
        return rgb.copy()
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def _none() -> np.ndarray:
    return np.zeros((0, 1, 1, 3), np.uint8)
