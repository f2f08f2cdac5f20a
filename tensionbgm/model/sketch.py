"""A drawn line (PNG, JPEG, SVG) -> `Curve`: the picture's edges are the axes, each column's ink a value."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import Curve
from tensionbgm.model.svg import svg_as_png

PICTURE_TYPES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}

_LARGEST_PX = 64_000_000
_WIDTH_PX, _HEIGHT_PX = 1600, 800  # a picture is read at this size, or its own if that is smaller
_WHOLE = 0.9  # a line over less than this share of the picture's width is worth a warning
_LEAST = 0.1  # and below this share it is no curve; also: a gap wider than this is worth a warning
_STRAY = 0.05  # rows between two lines in one column, as a share of the height
_THICK = 0.25  # ink over more than this share of a column is an area
_FEW = 0.1  # share of columns that may look like two lines or an area (loops and steps of a pen)
_FAINT_INK, _FAINT_ALPHA = 0.06, 0.01  # what is fainter is noise

Read = tuple[Curve, tuple[str, ...]]


def curve_from_picture(path: Path, content: bytes, duration_s: float) -> Read:
    """Read a sketch: a dark or coloured line on a light (or transparent) ground.

    Parameters
    ----------
    path : Path
        for messages
    content : bytes
        the PNG or JPEG file
    duration_s : float
        length of the film, to which the picture's width corresponds [s]

    Returns
    -------
    curve, warnings : Curve, tuple of str
        source "drawn"; constant where the line does not reach the picture's left or right edge

    Raises
    ------
    InputError
        the picture cannot be read, is too large, or shows no single line
    """
    width, height = _stated_size(content)
    if width * height > _LARGEST_PX:
        raise InputError(f"{path}: {width} x {height} pixels are too many; scale the sketch to 4000 or fewer")
    png = content.startswith(b"\x89")  # keeps its transparency; a JPEG is turned upright
    if png and not _whole_png(content):  # the decoder would print a complaint and draw what it can
        raise InputError(f"{path}: is a damaged PNG; save the sketch again")
    try:
        picture = cv2.imdecode(
            np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED if png else cv2.IMREAD_COLOR
        )
    except cv2.error:
        picture = None
    if picture is None or min(picture.shape[:2]) < 8:
        raise InputError(f"{path}: cannot be read as a picture, or is tiny; save the sketch again as PNG")
    return _read_line(path, picture, duration_s)


def curve_from_svg(path: Path, text: str, duration_s: float) -> Read:
    """Read an SVG drawing: it is drawn as a picture, the view box being the axes, then read like one.

    Raises
    ------
    InputError
        it is no SVG, holds more than lines, or shows no single line
    """
    png = np.frombuffer(svg_as_png(path, text, _WIDTH_PX, _HEIGHT_PX), np.uint8)
    return _read_line(path, np.asarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED)), duration_s)


def _stated_size(content: bytes) -> tuple[int, int]:
    """Width and height [px] from the header, before anything is decoded; (0, 0) if it states none."""
    if content[12:16] == b"IHDR":
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # start of frame
            height = int.from_bytes(content[at + 5 : at + 7], "big")
            return int.from_bytes(content[at + 7 : at + 9], "big"), height
        at += 1 if kind == 0xFF else 2 + length
    return 0, 0


def _whole_png(content: bytes) -> bool:
    """Whether every chunk is there with its checksum, from header to end [ISO/IEC 15948, 5.3]."""
    at = 8
    names: list[bytes] = []
    while at + 12 <= len(content) and names[-1:] != [b"IEND"]:
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            return False
        names.append(content[at + 4 : at + 8])
        at = end + 4
    return names[:1] == [b"IHDR"] and names[-1:] == [b"IEND"]


# --------------------------------------------------------------------------- ink


def _ink(picture: np.ndarray) -> np.ndarray:
    """float (h, w), 0..1: how much each pixel differs from the ground, thresholded and dusted."""
    whole = float(np.iinfo(picture.dtype).max) if picture.dtype.kind == "u" else 1.0
    size = (min(picture.shape[1], _WIDTH_PX), min(picture.shape[0], _HEIGHT_PX))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) / whole
    small = small[..., None] if small.ndim == 2 else small
    if small.shape[2] in (2, 4) and np.median(small[..., -1]) < 0.5:
        ink, faint = small[..., -1], _FAINT_ALPHA  # on nothing, whatever is there is the line
    else:
        ink, faint = _off_ground(small), _FAINT_INK
    strongest = float(np.quantile(ink.max(axis=0), 0.95))
    return _dusted(np.where(ink > max(faint, 0.5 * strongest), ink, 0.0))


def _off_ground(picture: np.ndarray) -> np.ndarray:
    """Difference from the ground around it, so that the shadows of a photographed page do no harm."""
    if picture.shape[2] in (2, 4):
        alpha = picture[..., -1:]
        picture = picture[..., :-1] * alpha + (1.0 - alpha)
    if np.median(picture) < 0.5:  # a light line on a dark ground
        picture = 1.0 - picture
    kernel = np.ones((max(3, picture.shape[0] // 8), max(3, picture.shape[1] // 8)), np.uint8)
    channels = [np.ascontiguousarray(picture[..., c]) for c in range(picture.shape[2])]
    ground = [cv2.morphologyEx(c, cv2.MORPH_CLOSE, kernel) for c in channels]
    return np.max([g - c for g, c in zip(ground, channels, strict=True)], axis=0)


def _dusted(ink: np.ndarray) -> np.ndarray:
    """Without specks."""
    _, label, stats, _ = cv2.connectedComponentsWithStats((ink > 0).astype(np.uint8), connectivity=8)
    speck = stats[:, cv2.CC_STAT_AREA] < max(2.0, 1e-5 * ink.size)
    return np.where(speck[label], 0.0, ink)


# --------------------------------------------------------------------------- the line


def _read_line(path: Path, picture: np.ndarray, duration_s: float) -> Read:
    ink = _ink(picture)
    height, width = ink.shape
    column = np.flatnonzero(ink.any(axis=0))
    if len(column) < max(2, _LEAST * width * 0.2) or column[-1] - column[0] < _LEAST * width:
        raise InputError(
            f"{path}: no line found; draw one thin dark line on a light ground, from left to right"
        )
    ink = ink[:, column]
    _check_single(path, ink)
    value = 1.0 - (np.arange(height) + 0.5) @ ink / ink.sum(axis=0) / height
    n = int(min(len(column), max(64, 4 * duration_s)))
    time_s = np.linspace(0.0, duration_s, n)
    drawn = np.interp(time_s, (column + 0.5) / width * duration_s, value)
    curve = Curve(time_s, np.round(np.clip(drawn, 0.0, 1.0), 4), "drawn")
    return curve, _warnings(path, column, width, duration_s)


def _check_single(path: Path, ink: np.ndarray) -> None:
    """One line: neither two above one another nor an area."""
    rows, height = (ink > 0), len(ink)
    count = rows.sum(axis=0)
    extent = height - rows.argmax(axis=0) - rows[::-1].argmax(axis=0)
    if np.mean(extent - count > _STRAY * height) > _FEW:
        raise InputError(
            f"{path}: several lines above one another; leave only the curve, without frame, axes or text"
        )
    if np.mean(count > _THICK * height) > _FEW:
        raise InputError(
            f"{path}: shows an area, not a line; draw a thin line (in an SVG with fill set to none)"
        )


def _warnings(path: Path, column: np.ndarray, width: int, duration_s: float) -> tuple[str, ...]:
    told = []
    from_s, to_s = column[0] / width * duration_s, (column[-1] + 1) / width * duration_s
    if to_s - from_s < _WHOLE * duration_s:
        told.append(
            f"{path}: the line covers {from_s:.1f}-{to_s:.1f} s of {duration_s:.1f} s (the picture's "
            "width is the whole film); it is held constant outside"
        )
    gap = int(np.argmax(np.diff(column)))
    if column[gap + 1] - column[gap] > _LEAST * width:
        gap_s = [column[k] / width * duration_s for k in (gap, gap + 1)]
        told.append(f"{path}: the line has a gap at {gap_s[0]:.1f}-{gap_s[1]:.1f} s; it is bridged straight")
    return tuple(told)
