"""Nothing -> a short film of our own that can always be scored, with its ground truth.

Places A B A C: a calm landscape with drifting clouds, a fast chase with quick cuts, the landscape
again, a sunset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.video.encode import FPS, RATE, write_film

WIDTH, HEIGHT = 640, 360
Painter = Callable[[float], np.ndarray]  # time since the scene's start [s] -> uint8 (HEIGHT, WIDTH, 3) RGB


@dataclass(frozen=True)
class Scene:
    """One shot of a drawn film."""

    label: str  # equal labels, equal place
    length: float  # share of the film
    paint: Painter
    dissolve_s: float = 0.0  # from the shot before, centred on this shot's start


# --------------------------------------------------------------------------- painting


@cache
def _sky(top: tuple[int, ...], bottom: tuple[int, ...]) -> np.ndarray:
    share = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    column = (1 - share) * np.array(top, np.float32) + share * np.array(bottom, np.float32)
    return np.broadcast_to(column, (HEIGHT, WIDTH, 3)).copy()


def _glow(picture: np.ndarray, centre: tuple[float, float], radius: float, colour: tuple[int, ...]) -> None:
    across = np.exp(-(((np.arange(WIDTH, dtype=np.float32) - np.float32(centre[0])) / radius) ** 2))
    down = np.exp(-(((np.arange(HEIGHT, dtype=np.float32) - np.float32(centre[1])) / radius) ** 2))
    _blend(picture, np.outer(down, across), colour)


def _blend(picture: np.ndarray, share: np.ndarray, colour: tuple[int, ...]) -> None:
    """Mix the colour into the top of the picture by `share`, float32 (h, w)."""
    part = picture[: len(share)]
    part += share[..., None] * (np.array(colour, np.float32) - part)


@cache
def _cloud_layer(layer: int) -> np.ndarray:
    """Soft clouds on a strip that joins its own end, float32 (200, 900), 0..0.85."""
    veil = np.zeros((200, 900), np.float32)
    rng = np.random.Generator(np.random.PCG64(5 + layer))
    for x, y, size in zip(
        rng.uniform(0, 900, 13), rng.uniform(30, 125, 13), rng.uniform(16, 44, 13), strict=True
    ):
        for turn in (-900, 0, 900):
            axes = _fixed((1.9 * size, 0.55 * size))
            cv2.ellipse(veil, _fixed((x + turn, y)), axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA, 4)
    wrapped = np.pad(veil, ((0, 0), (40, 40)), mode="wrap")
    return cv2.GaussianBlur(wrapped, (0, 0), 9)[:, 40:-40] * np.float32(0.85)


def _clouds(picture: np.ndarray, shift_px: float, colour: tuple[int, ...]) -> None:
    for layer, speed in enumerate((0.8, 1.3)):
        move = np.array([[1, 0, speed * shift_px % 900], [0, 1, 0]])
        drifted = cv2.warpAffine(_cloud_layer(layer), move, (WIDTH, 200), borderMode=cv2.BORDER_WRAP)
        _blend(picture, drifted, colour)


def _fixed(point: tuple[float, float]) -> tuple[int, int]:
    """Coordinates with four binary places, as OpenCV draws them."""
    return round(point[0] * 16), round(point[1] * 16)


def _hills(picture: np.ndarray, base: float, height: float, phase: float, colour: Sequence[int]) -> None:
    x = np.arange(WIDTH + 1)
    ridge = base - height * (
        np.sin(x / 97 + phase) + 0.5 * np.sin(x / 41 + 2.1 * phase) + 0.2 * np.sin(x / 13)
    )
    outline = np.concatenate([np.stack([x, ridge], 1), [[WIDTH, HEIGHT], [0, HEIGHT]]])
    cv2.fillPoly(picture, [np.round(outline * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def landscape(time_s: float) -> np.ndarray:
    """Green hills under drifting clouds."""
    picture = _sky((92, 158, 222), (214, 232, 242)).copy()
    _glow(picture, (500, 80), 70, (255, 250, 222))
    _clouds(picture, 13 * time_s, (252, 252, 255))
    _hills(picture, 235, 22, 0.4 + 0.004 * time_s, (118, 152, 168))
    _hills(picture, 270, 18, 2.2 + 0.008 * time_s, (96, 146, 104))
    _hills(picture, 315, 14, 4.0 + 0.016 * time_s, (58, 112, 62))
    for k in range(7):
        sway = 3 * np.sin(1.3 * time_s + k)
        foot = (60 + 93 * k, 338 - 11 * (k % 3))
        cv2.line(picture, foot, (foot[0], foot[1] - 26), (74, 54, 40), 4, cv2.LINE_AA)
        cv2.circle(picture, _fixed((foot[0] + sway, foot[1] - 36)), 17 * 16, (38, 92, 52), -1, cv2.LINE_AA, 4)
    return _finish(picture)


def chase(variant: int) -> Painter:
    """Bright shapes race over dark ground; each variant has its own colours and directions."""
    rng = np.random.Generator(np.random.PCG64(100 + variant))
    grounds = [(26, 16, 54), (86, 14, 22), (8, 44, 58), (60, 40, 6), (46, 8, 62), (14, 14, 18)]
    inks = [(255, 196, 40), (250, 250, 250), (255, 70, 90), (60, 220, 255), (190, 255, 80), (255, 120, 20)]
    ground, ink = grounds[variant % 6], inks[(variant * 5 + 1) % 6]
    dark, angle = tuple(c // 3 for c in ground), variant * 2.3
    start, speed = rng.uniform(0, 1, (22, 2)), rng.uniform(0.5, 1.3, 22)
    size, shade = rng.uniform(7, 26, 22), rng.uniform(0.35, 1, 22)
    heading = np.array([np.cos(angle), np.sin(angle)])

    def paint(time_s: float) -> np.ndarray:
        picture = _sky(ground, dark).copy()
        for k in range(22):
            at = (start[k] + speed[k] * time_s * heading) % 1.2 - 0.1
            tip = at * (WIDTH, HEIGHT)
            tail = tip - heading * (60 + 90 * speed[k])
            colour = (np.array(ink) * shade[k]).tolist()
            cv2.line(picture, _fixed(tail), _fixed(tip), colour, round(size[k] / 2), cv2.LINE_AA, 4)
            cv2.circle(picture, _fixed(tip), round(size[k] * 16), colour, -1, cv2.LINE_AA, 4)
        shake = 5 * np.array([np.sin(31 * time_s), np.cos(23 * time_s)])
        move = np.array([[1.04, 0, shake[0] - 12], [0, 1.04, shake[1] - 7]])
        return _finish(cv2.warpAffine(picture, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE))

    return paint


def sunset(time_s: float) -> np.ndarray:
    """A red sun sinks into a glittering sea."""
    picture = _sky((58, 28, 86), (255, 148, 66)).copy()
    height = 168 + 5.5 * time_s
    _glow(picture, (320, height), 150, (255, 188, 92))
    cv2.circle(picture, _fixed((320, height)), 44 * 16, (255, 232, 164), -1, cv2.LINE_AA, 4)
    sea = _sky((30, 14, 52), (196, 84, 62))[::-1]
    picture[238:] = sea[238:] * 0.75
    for k in range(60):
        y = 244 + 116 * (k / 60) ** 1.3
        wide = (12 + 60 * (k / 60)) * (0.6 + 0.4 * np.sin(2.1 * time_s + 1.7 * k))
        x = 320 + 26 * np.sin(0.9 * time_s + 2.4 * k)
        cv2.line(picture, _fixed((x - wide, y)), _fixed((x + wide, y)), (255, 186, 104), 1, cv2.LINE_AA, 4)
    _clouds(picture, 6 * time_s + 240, (232, 112, 96))
    return _finish(picture)


def _finish(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


# --------------------------------------------------------------------------- the film


def demo_scenes() -> list[Scene]:
    """The demo's shots; their lengths are shares of 24."""
    quick = (1.2, 0.88, 1.4, 0.72, 0.96, 1.12, 0.6, 1.0)
    return [
        Scene("A", 5.28, landscape),
        *(Scene("B", length, chase(k)) for k, length in enumerate(quick)),
        Scene("A", 4.2, lambda time_s: landscape(time_s + 9)),
        Scene("C", 6.64, sunset, dissolve_s=0.8),
    ]


def boundaries(scenes: Sequence[Scene], seconds: float, fps: int = FPS) -> np.ndarray:
    """First frame of every shot but the first, int (n,)."""
    share = np.cumsum([scene.length for scene in scenes])
    return np.rint(share[:-1] / share[-1] * seconds * fps).astype(int)


def demo_truth(seconds: float = 24.0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Hard cuts [s] float (n,), gradual transitions [s] float (m, 2) and the label of every shot."""
    scenes = demo_scenes()
    start_s = boundaries(scenes, seconds) / FPS
    soft = np.array([scene.dissolve_s for scene in scenes[1:]])
    fade = soft > 0
    gradual_s = np.stack([start_s[fade] - soft[fade] / 2, start_s[fade] + soft[fade] / 2], 1)
    return start_s[~fade], gradual_s, [scene.label for scene in scenes]


DEMO_CUTS_S, DEMO_GRADUAL_S, DEMO_LABELS = demo_truth()


def make_demo(path: Path, seconds: float = 24.0) -> None:
    """Draw the demo film: H.264, 25 fps, 640x360, with a soft wind and sea for sound.

    Raises
    ------
    InputError
        the length is not between 8 s and 10 min, or the file cannot be written
    """
    if not 8 <= seconds <= 600:
        raise InputError(f"{path}: a demo of {seconds:g} s cannot be drawn; ask for 8 to 600 s")
    count = round(seconds * FPS)
    write_film(Path(path), scene_frames(demo_scenes(), seconds), sound=ambience(count / FPS))


def scene_frames(scenes: Sequence[Scene], seconds: float, fps: int = FPS) -> Iterator[np.ndarray]:
    """The film's frames in order, uint8 (h, w, 3), with its dissolves."""
    edge = [0, *boundaries(scenes, seconds, fps).tolist(), round(seconds * fps)]
    for k, scene in enumerate(scenes):
        for frame in range(edge[k], edge[k + 1]):
            picture = scene.paint((frame - edge[k]) / fps)
            for other, line in ((k - 1, edge[k]), (k + 1, edge[k + 1])):
                soft_s = scenes[max(k, other)].dissolve_s if 0 <= other < len(scenes) else 0.0
                away_s = abs(frame + 0.5 - line) / fps
                if away_s < soft_s / 2:
                    beside = scenes[other].paint((frame - edge[other]) / fps).astype(np.float32)
                    share = 0.5 - away_s / soft_s
                    picture = _finish((1 - share) * picture + share * beside)
            yield picture


def ambience(seconds: float) -> np.ndarray:
    """Soft wind that swells and ebbs, float32 (2, n) at 48 kHz."""
    rng = np.random.Generator(np.random.PCG64(7))
    count = round(seconds * RATE)
    coarse = rng.standard_normal((2, count // 24 + 2)).astype(np.float32)
    smooth = np.stack([np.convolve(row, np.hanning(9) / 4, "same") for row in coarse])
    wind = np.stack([np.interp(np.arange(count) / 24, np.arange(row.size), row) for row in smooth])
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * np.arange(count) / RATE / 7.3)
    edge = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.5 * RATE))
    return (0.02 * wind * swell * edge).astype(np.float32)
