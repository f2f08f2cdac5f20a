"""Text (inline points, CSV, JSON) -> times and values, as they stand; the caller checks their sense."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError

_TIME_NAMES = ("time_s", "times_s", "time", "times", "seconds", "t", "s")
_VALUE_NAMES = ("tension", "target", "value", "values", "curve", "v")

Points = tuple[np.ndarray, np.ndarray]


def points_from_inline(spec: str, duration_s: float) -> Points:
    """Points "0:0.2,12:0.9"; with decimal commas "0:0,2; 12:0,9".

    A time is seconds, minutes:seconds as in "1:30:0.9", or a share of the film as in "40%:0.9".

    Raises
    ------
    InputError
        a point is not "seconds:tension"
    """
    pairs = re.split(r"\s*;\s*" if ";" in spec else r"\s*,\s*", spec.strip().strip(",;"))
    rows = []
    for pair in pairs:
        time, colon, tension = pair.rpartition(":")
        numbers = [moment(time, duration_s), _number(tension)]
        if not colon or None in numbers:
            raise InputError(
                f'curve: {pair[:40]!r} is not "time:tension"; write points like "0:0.2,12:0.9,100%:0.1"'
            )
        rows.append(numbers)
    return _columns(rows)


def points_from_text(path: Path, text: str, duration_s: float) -> Points:
    """Points of a JSON or CSV file; times in a CSV may be written as in `points_from_inline`.

    Raises
    ------
    InputError
        it is neither, or holds no times and tensions
    """
    return _from_json(path, text) if text.lstrip()[:1] in ("{", "[") else _from_csv(path, text, duration_s)


# --------------------------------------------------------------------------- JSON


def _from_json(path: Path, text: str) -> Points:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise InputError(f"{path}: is not valid JSON ({fault}); write [[0, 0.2], [30, 0.9]]") from fault
    if isinstance(data, dict) and isinstance(data.get("curve"), dict):
        data = data["curve"]  # our own report.json
    if isinstance(data, dict):
        time_s, value = _named(data, _TIME_NAMES), _named(data, _VALUE_NAMES)
        if not isinstance(time_s, list) or not isinstance(value, list):
            raise InputError(
                f'{path}: has no lists of times and tensions; write {{"times_s": [..], "values": [..]}}'
            )
        if len(time_s) != len(value):
            raise InputError(
                f"{path}: {len(time_s)} times but {len(value)} tensions; give one tension for each time"
            )
        rows: list[Any] = [list(pair) for pair in zip(time_s, value, strict=True)]
    else:
        rows = data
    for k, row in enumerate(rows):
        if not (isinstance(row, list) and len(row) == 2 and all(_is_number(x) for x in row)):
            raise InputError(f"{path}: point {k + 1} is not a pair of numbers; write [[0, 0.2], [30, 0.9]]")
    return _columns(rows)


def _named(data: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((data[name] for name in names if name in data), None)


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


# --------------------------------------------------------------------------- CSV


def _from_csv(path: Path, text: str, duration_s: float) -> Points:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: holds no points; write lines like 0,0.2 and 30,0.9")
    split = _splitter(lines)
    table = [[cell.strip().strip('"') for cell in re.split(split, line)] for line in lines]
    header = table[0] if all(_number(cell) is None for cell in table[0]) else None
    first, second = _which_columns(path, header, max(map(len, table)))
    rows = []
    for k, cells in enumerate(table[1:] if header else table):
        time, tension = (cells[c] if c < len(cells) else "" for c in (first, second))
        numbers = [moment(time, duration_s), _number(tension)]
        if None in numbers or (not header and len(cells) != 2):
            raise InputError(
                f"{path}: {lines[k + bool(header)][:40]!r} is not a time and a tension; write lines like "
                "0,0.2 (with decimal commas: 0;0,2)"
            )
        rows.append(numbers)
    return _columns(rows)


def _splitter(lines: list[str]) -> str:
    """What parts the columns in half of the lines or more; after ; or a tab, a comma is a decimal comma."""
    return next((sign for sign in ";\t," if 2 * sum(sign in x for x in lines) >= len(lines)), r"\s+")


def _which_columns(path: Path, header: list[str] | None, width: int) -> tuple[int, int]:
    if header is None or (len(header) == 2 and width == 2):
        return 0, 1
    names = [re.sub(r"\W+", "_", cell.lower()).strip("_") for cell in header]
    found = [
        next((names.index(n) for n in wanted if n in names), None) for wanted in (_TIME_NAMES, _VALUE_NAMES)
    ]
    if found[0] is None or found[1] is None:
        raise InputError(f"{path}: no columns called time_s and tension; name them so, or keep two columns")
    return found[0], found[1]


def moment(text: str, duration_s: float) -> float | None:
    """A time in seconds from "12.5", "1:30", "1:02:03.5" or "40%"."""
    text = text.strip()
    if text.endswith("%"):
        share = _number(text[:-1])
        return None if share is None else share / 100 * duration_s
    clock = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)", text)
    if clock:
        hours, minutes, seconds = (float((x or "0").replace(",", ".")) for x in clock.groups())
        return 3600 * hours + 60 * minutes + seconds
    return _number(text)


def _number(cell: str) -> float | None:
    """The number a cell holds, with a decimal point or comma; nan and inf count, to be refused by name."""
    cell = cell.strip()
    if re.fullmatch(r"[+-]?\d*,\d+(e[+-]?\d+)?", cell, re.IGNORECASE):
        cell = cell.replace(",", ".")
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _columns(rows: list[Any]) -> Points:
    try:
        table = np.array(rows, float).reshape(-1, 2)
    except OverflowError:  # an integer of hundreds of digits
        table = np.array([[_finite(x) for x in row] for row in rows])
    return table[:, 0].copy(), table[:, 1].copy()


def _finite(x: Any) -> float:
    try:
        return float(x)
    except OverflowError:
        return float("inf")
