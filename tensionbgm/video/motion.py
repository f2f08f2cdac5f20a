"""Upright pictures in order -> `Motion`: how the picture moves and looks, at a steady rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from tensionbgm.forms import Motion, Shots

STEP_S = 0.06  # pictures this far apart or more are compared: every second at 24-30 fps, every fourth at 60
AREA_PX = 160 * 90  # size of the picture in which flow is measured
SHORTEST_PX = 32  # DIS needs a few patches
FLAT = 2.0  # standard deviation of luma (0..255) below which there is nothing to follow
GRID = (16, 9)  # blocks over which the flow is averaged before a global motion is fitted
ROUNDS = 5  # of reweighting


@dataclass
class MotionMeter:
    """Compares each picture with the one about 1/15 s before, and looks at its colours.

    Optical flow is dense inverse search [Kroeger et al. 2016]; the camera's part is the similarity
    transform (pan, zoom, roll) that explains the flow best, fitted by reweighted least squares.
    """

    _flow: Any = field(default_factory=lambda: dense_inverse_search())
    _before: np.ndarray | None = None
    _before_s: float = 0.0
    _pair: list[tuple[float, ...]] = field(default_factory=list)
    _look: list[tuple[float, float, float, float]] = field(default_factory=list)

    def add(self, time_s: float, rgb: np.ndarray) -> None:
        """Take the next picture, uint8 (h, w, 3)."""
        if self._before is not None and time_s - self._before_s < STEP_S:
            return
        gray = cv2.cvtColor(_flow_size(rgb), cv2.COLOR_RGB2GRAY)
        self._look.append((time_s, *colours(rgb)))
        if self._before is not None:
            self._pair.append((self._before_s, time_s, *self._measure(gray, time_s - self._before_s)))
        self._before, self._before_s = gray, time_s

    def finish(self, duration_s: float, hz: float, shots: Shots, jump_s: np.ndarray) -> Motion:
        """What was measured, at `hz` samples a second.

        Parameters
        ----------
        shots : Shots
            comparisons across a cut or inside a dissolve are no motion; they are filled in from around
        jump_s : float (n,)
            other moments at which the picture jumps (flashes); comparisons across them are left out too
        """
        edge_s = np.arange(max(1, round(duration_s * hz)) + 1) / hz
        centre_s = (edge_s[1:] + edge_s[:-1]) / 2
        pair = np.array(self._pair).reshape(-1, 7)
        start_s, end_s, rate = pair[:, 0], pair[:, 1], pair[:, 2:]
        good = within_one_shot(start_s, end_s, shots, jump_s)
        magnitude, right, up, camera, subject = (
            resample(start_s[good], end_s[good], rate[good, k], edge_s) for k in range(5)
        )
        look = np.array(self._look).reshape(-1, 4)
        shown_s = np.append(look[1:, 0], max(duration_s, look[-1, 0] + 1e-3))
        brightness, saturation, warmth = (
            resample(look[:, 0], shown_s, look[:, k], edge_s) for k in (1, 2, 3)
        )
        direction_rad = np.where(np.hypot(right, up) > 1e-6, np.arctan2(up, right), 0.0)
        return Motion(centre_s, magnitude, direction_rad, camera, subject, brightness, saturation, warmth)

    def _measure(self, gray: np.ndarray, step_s: float) -> tuple[float, float, float, float, float]:
        """Magnitude, mean flow right and up, camera and subject [picture widths per second]."""
        assert self._before is not None
        if min(gray.std(), self._before.std()) < FLAT:
            return (0.0,) * 5
        flow = self._flow.calc(self._before, gray, None)
        per_s = 1.0 / (gray.shape[1] * step_s)
        magnitude = float(np.hypot(flow[..., 0], flow[..., 1]).mean()) * per_s
        blocks = cv2.resize(flow, GRID, interpolation=cv2.INTER_AREA)
        model = global_motion(blocks, gray.shape[1], gray.shape[0])
        camera = float(np.hypot(model[..., 0], model[..., 1]).mean()) * per_s
        rest = blocks - model
        subject = float(np.hypot(rest[..., 0], rest[..., 1]).mean()) * per_s
        right, up = float(flow[..., 0].mean()) * per_s, -float(flow[..., 1].mean()) * per_s
        return magnitude, right, up, camera, subject


def global_motion(blocks: np.ndarray, width: int, height: int) -> np.ndarray:
    """The similarity transform's flow, float (rows, columns, 2) [pixels], nearest to the blocks' flow.

    u = tx + s x - r y and v = ty + s y + r x around the centre; residuals weigh w = 1 / (1 + (e / e0)^2)
    (Cauchy), so that what moves by itself in a smaller part of the picture does not count.
    """
    rows, columns = blocks.shape[:2]
    x, y = np.meshgrid(
        ((np.arange(columns) + 0.5) / columns - 0.5) * width, ((np.arange(rows) + 0.5) / rows - 0.5) * height
    )
    x, y = x.ravel(), y.ravel()
    one, nil = np.ones_like(x), np.zeros_like(x)
    basis = np.stack([np.stack([one, nil, x, -y]), np.stack([nil, one, y, x])], axis=-1)  # (4, n, 2)
    seen = blocks.reshape(-1, 2).astype(float)
    weight = one
    for _ in range(ROUNDS):
        weighted = basis * weight[:, None]
        normal = np.einsum("inc,jnc->ij", weighted, basis) + 1e-9 * np.eye(4)
        model = np.einsum("i,inc->nc", np.linalg.solve(normal, np.einsum("inc,nc->i", weighted, seen)), basis)
        error = np.hypot(*(seen - model).T)
        weight = 1.0 / (1.0 + (error / max(float(np.median(error)), 0.05)) ** 2)
    return model.reshape(blocks.shape)


def colours(rgb: np.ndarray) -> tuple[float, float, float]:
    """Brightness 0..1 (mean luma, BT.601), saturation 0..1 and warmth -1..1 of a picture.

    Saturation is HSV's, (max - min) / max, and warmth (R - B) / (R + B), both as ratios of sums, so
    that dark pixels, whose colour is noise, weigh little; black has neither.
    """
    small = cv2.resize(rgb, (48, 27), interpolation=cv2.INTER_AREA).astype(np.float32)
    red, green, blue = (float(small[..., c].mean()) for c in range(3))
    high, low = float(small.max(-1).mean()), float(small.min(-1).mean())
    luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    return luma, (high - low) / max(high, 16.0), (red - blue) / max(red + blue, 32.0)


def dense_inverse_search() -> Any:
    """OpenCV's fastest flow, but down to half the picture's size (0.5 ms a pair).

    Its own finest scale, a quarter, makes shifts under a pixel 20 % too large; this one 3 %.
    """
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)  # type: ignore[attr-defined]
    flow.setFinestScale(1)
    return flow


def _flow_size(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    scale = min(1.0, math.sqrt(AREA_PX / (height * width)))
    scale = max(scale, SHORTEST_PX / min(height, width))
    longest = 8 * SHORTEST_PX
    size = (min(longest, round(width * scale)), min(longest, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def within_one_shot(start_s: np.ndarray, end_s: np.ndarray, shots: Shots, jump_s: np.ndarray) -> np.ndarray:
    """bool (n,): comparisons with no cut in (start, end] and outside all gradual transitions."""
    jumps = np.sort(np.concatenate([shots.cut_s, jump_s])) - 1e-6
    good = np.searchsorted(jumps, start_s, "right") == np.searchsorted(jumps, end_s, "right")
    for first_s, last_s in shots.gradual_s:
        good &= (end_s <= first_s + 1e-6) | (start_s >= last_s - 1e-6)
    return good


def resample(start_s: np.ndarray, end_s: np.ndarray, value: np.ndarray, edge_s: np.ndarray) -> np.ndarray:
    """Mean in each bin of a piecewise constant signal known on [start, end); empty bins are interpolated."""
    if not len(start_s):
        return np.zeros(len(edge_s) - 1)
    knot_s = np.stack([start_s, end_s], 1).ravel()
    known_s, area = (
        np.append(0.0, np.cumsum((weight * np.stack([end_s - start_s, 0 * start_s], 1)).ravel()[:-1]))
        for weight in (np.ones((len(value), 1)), value[:, None])
    )
    covered_s = np.diff(np.interp(edge_s, knot_s, known_s))
    centre_s = (edge_s[1:] + edge_s[:-1]) / 2
    full = covered_s > 1e-6
    if not full.any():
        return np.interp(centre_s, (start_s + end_s) / 2, value)
    mean = np.diff(np.interp(edge_s, knot_s, area))[full] / covered_s[full]
    return np.interp(centre_s, centre_s[full], mean)
