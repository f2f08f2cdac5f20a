"""Text of an SVG from anywhere -> PNG of the lines in it, or a refusal; never the renderer's crash."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from tensionbgm.errors import InputError

_LARGEST_CHARACTERS = 5_000_000
_MOST_ELEMENTS = 200  # each may cost a whole canvas, a quarter of a second
_DEEPEST = 40  # the renderer calls itself for each level, and at 400 overflows the stack

# What a line drawing consists of.  Anything else can read files (image), multiply (use, pattern)
# or is no line (filter), and is refused by name.
_LINES = "svg g a path polyline polygon line rect circle ellipse text tspan defs clipPath"
_NOTES = "style title desc metadata linearGradient radialGradient stop"
_HARMLESS = frozenset(f"{_LINES} {_NOTES}".split())
_SVG = "{http://www.w3.org/2000/svg}"
_UNIT_PX = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


def svg_as_png(path: Path, text: str, width_px: int, height_px: int) -> bytes:
    """Draw an SVG on a transparent ground, its view box stretched to the given size.

    Raises
    ------
    InputError
        it is no SVG, declares entities, states no size, or holds more than lines and shapes
    """
    import resvg_py

    root = _parsed(path, text)
    _check_elements(path, root)
    # The renderer takes its size from the file: a view box of 1 x 100000000 would make it ask for
    # terabytes and abort the process.  So the size is ours.
    root.set("viewBox", " ".join(f"{x:.9g}" for x in _view_box(path, root)))
    root.set("width", str(width_px))
    root.set("height", str(height_px))
    root.set("preserveAspectRatio", "none")
    from xml.etree.ElementTree import tostring  # writing is harmless

    try:
        return bytes(
            resvg_py.svg_to_bytes(svg_string=tostring(root, encoding="unicode"), skip_system_fonts=True)
        )
    except ValueError as fault:
        raise InputError(f"{path}: cannot be drawn ({fault}); save it as plain SVG or PNG") from fault


def _parsed(path: Path, text: str) -> Any:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(text) > _LARGEST_CHARACTERS:
        raise InputError(
            f"{path}: {len(text) / 1e6:.0f} million characters are no line; simplify the drawing"
        )
    # The text is decoded already; what it declares about its bytes no longer holds.
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        root = fromstring(text)
    except DefusedXmlException as fault:
        raise InputError(f"{path}: declares XML entities; save it as plain SVG") from fault
    except (ParseError, RecursionError, ValueError) as fault:
        raise InputError(f"{path}: is not valid SVG ({fault}); save it again as SVG or PNG") from fault
    if root.tag != f"{_SVG}svg":
        raise InputError(f"{path}: is XML but no SVG drawing; give an SVG, PNG, CSV or JSON file")
    return root


def _check_elements(path: Path, root: Any) -> None:
    """Elements of other namespaces (an editor's notes) are not drawn and may stay."""
    names = {e.tag.removeprefix(_SVG) for e in root.iter() if str(e.tag).startswith(_SVG)}
    foreign = sorted(names - _HARMLESS)
    n, depth = sum(1 for _ in root.iter()), _depth(root)
    if n > _MOST_ELEMENTS or depth > _DEEPEST:
        raise InputError(f"{path}: {n} elements, {depth} levels deep, are too much; keep one path")
    if foreign:
        raise InputError(f"{path}: contains <{foreign[0]}>; keep only the line (a path), or save as PNG")


def _depth(root: Any) -> int:
    level, depth = [root], 0
    while level and depth <= _DEEPEST:
        level, depth = [child for element in level for child in element], depth + 1
    return depth


def _view_box(path: Path, root: Any) -> tuple[float, float, float, float]:
    numbers = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    try:
        box = [float(x) for x in numbers] if "viewBox" in root.attrib else [0.0, 0.0, *_size_px(root)]
    except ValueError:
        box = []
    if len(box) != 4 or not all(math.isfinite(x) and abs(x) < 1e9 for x in box) or min(box[2:]) <= 1e-9:
        raise InputError(f'{path}: states no usable size; give it one, like viewBox="0 0 1000 500"')
    return box[0], box[1], box[2], box[3]


def _size_px(root: Any) -> list[float]:
    size = []
    for name in ("width", "height"):
        match = re.fullmatch(r"\s*([\d.eE+-]+)\s*([a-z]*)\s*", root.get(name, ""))
        if not match or match[2] not in _UNIT_PX:
            raise ValueError(name)
        size.append(float(match[1]) * _UNIT_PX[match[2]])
    return size
