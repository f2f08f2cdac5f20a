"""Notes, curves and pictures -> strings a page can hold: SVG paths (x in 1/100 s), data URIs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import Part, Thumbnails
from tensionbgm.music.notes import Notes
from tensionbgm.report import looks
from tensionbgm.report.written import part_of_note

CURVE_HEIGHT = 100  # SVG units a curve rises from 0 to 1
LOUDNESS_STEPS = (0.35, 0.55, 0.75, 1.0)  # opacity of notes, soft to loud
PICTURE_HEIGHT_PX, JPEG_QUALITY = 96, 72


@dataclass(frozen=True)
class Layer:
    """Notes of one part, as one path for each step of loudness."""

    name: str
    role: str
    colour: str
    paths: tuple[tuple[float, str], ...]  # (opacity, path data)


@dataclass(frozen=True)
class Roll:
    """A piano roll: x runs in hundredths of a second, y in semitones down from the highest row."""

    layers: tuple[Layer, ...]
    order: tuple[int, ...]  # of drawing: the melody comes last and lies on top
    drums: tuple[tuple[float, str], ...]
    rows: int
    drum_rows: int
    octaves: tuple[tuple[float, str], ...]  # (share of the height, name) of each C


def cents(time_s: float) -> int:
    """A time as SVG x coordinate."""
    return round(100 * time_s)


def curve_path(time_s: Sequence[float], value: Sequence[float], duration_s: float) -> str:
    """A polyline for a series of levels 0..1, drawn out to both ends of the film."""
    x = [0.0, *time_s, duration_s]
    y = [value[0], *value, value[-1]]
    points = (f"{cents(t)} {CURVE_HEIGHT * (1 - v):.1f}" for t, v in zip(x, y, strict=True))
    return "M" + "L".join(points)


def area_path(time_s: Sequence[float], value: Sequence[float], duration_s: float) -> str:
    """The same, closed along the bottom."""
    line = curve_path(time_s, value, duration_s)
    return f"{line}L{cents(duration_s)} {CURVE_HEIGHT}L0 {CURVE_HEIGHT}Z"


def band_path(time_s: Sequence[float], low: Sequence[float], high: Sequence[float], duration_s: float) -> str:
    """The area between two series at the same times."""
    over = curve_path(time_s, high, duration_s)
    x, y = [duration_s, *time_s[::-1], 0.0], [low[-1], *low[::-1], low[0]]
    back = (f"{cents(t)} {CURVE_HEIGHT * (1 - v):.1f}" for t, v in zip(x, y, strict=True))
    return f"{over}L{'L'.join(back)}Z"


def piano_roll(notes: Notes, parts: tuple[Part, ...]) -> Roll:
    """All notes as a few paths."""
    table = notes.notes
    owner, drum = part_of_note(notes, parts), table["drum"]
    pitch = table["pitch"][~drum].astype(int)
    low, high = (int(pitch.min()) - 2, int(pitch.max()) + 2) if len(pitch) else (59, 61)
    layers = []
    for index, (part, colour) in enumerate(zip(parts, looks.part_colours(parts), strict=True)):
        mine = table[(owner == index) & ~drum]
        if len(mine) or part.role == "percussion":
            layers.append(Layer(part.name, part.role, colour, _steps(mine, high - mine["pitch"].astype(int))))
    kit = np.unique(table["pitch"][drum])
    strokes = table[drum].copy()
    strokes["duration_s"] = 0.06
    drums = _steps(strokes, len(kit) - 1 - np.searchsorted(kit, strokes["pitch"]))
    rows = high - low + 1
    octaves = tuple(
        ((high - c + 0.5) / rows, f"C{c // 12 - 1}") for c in range(-(-low // 12) * 12, high + 1, 12)
    )
    order = sorted(range(len(layers)), key=lambda i: -looks.depth(layers[i].role))
    return Roll(tuple(layers), tuple(order), drums, rows, len(kit), octaves)


def data_uris(thumbnails: Thumbnails) -> list[str]:
    """Each picture as a small JPEG in a data URI."""
    import cv2

    uris = []
    for rgb in thumbnails.rgb:
        height, width = rgb.shape[:2]
        scale = min(PICTURE_HEIGHT_PX / height, 1.0)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        _, coded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        uris.append("data:image/jpeg;base64," + base64.b64encode(coded.tobytes()).decode("ascii"))
    return uris


def _steps(notes: np.ndarray, row: np.ndarray) -> tuple[tuple[float, str], ...]:
    """One path of unit-high boxes for each step of loudness that occurs."""
    step = np.clip(notes["velocity"].astype(int) * len(LOUDNESS_STEPS) // 128, 0, len(LOUDNESS_STEPS) - 1)
    left = np.round(100 * notes["onset_s"]).astype(int)
    width = np.maximum(np.round(96 * notes["duration_s"]).astype(int), 1)
    paths = []
    for index, opacity in enumerate(LOUDNESS_STEPS):
        mine = step == index
        boxes = zip(left[mine], row[mine], width[mine], strict=True)
        if mine.any():
            paths.append((opacity, "".join(f"M{x} {y}h{w}v1h-{w}z" for x, y, w in boxes)))
    return tuple(paths)
