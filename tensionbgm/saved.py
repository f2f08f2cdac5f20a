"""A noun <-> JSON, in memory and in a file: any of `forms` is written as it is and read back the same."""

from __future__ import annotations

import base64
import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import EXACT, SLOT

LARGEST_BYTES = 100_000_000  # the plan of an hour of dense music takes a fifth of this

T = TypeVar("T")


def to_json(noun: Any) -> Any:
    """A noun as JSON values; arrays keep their dtype and shape."""
    if dataclasses.is_dataclass(noun) and not isinstance(noun, type):
        return {f.name: to_json(getattr(noun, f.name)) for f in dataclasses.fields(noun)}
    if isinstance(noun, np.ndarray):
        return _array_to_json(noun)
    if isinstance(noun, (list, tuple)):
        return [to_json(x) for x in noun]
    if isinstance(noun, np.generic):
        return noun.item()
    return noun


def from_json(kind: type[T], data: Any) -> T:
    """The noun of the given kind that `to_json` wrote.

    Raises
    ------
    InputError
        a field is missing, unknown, or of the wrong kind
    """
    try:
        return _read(kind, data)
    except (KeyError, TypeError, ValueError, OverflowError) as fault:
        raise InputError(f"not a valid {kind.__name__}: {fault}; write it again with this version") from fault


def save(noun: Any, path: Path) -> None:
    """Write a noun to a JSON file."""
    path.write_text(json.dumps({"kind": type(noun).__name__, **to_json(noun)}) + "\n", encoding="utf-8")


def load(kind: type[T], path: Path) -> T:
    """Read the noun of the given kind from a JSON file.

    Raises
    ------
    InputError
        the file cannot be read, is not JSON, or holds something else
    """
    data = read_json(path, "give a file this program wrote")
    if not isinstance(data, dict) or data.pop("kind", None) != kind.__name__:
        raise InputError(f"{path}: holds no {kind.__name__}; give a file this program wrote")
    try:
        return from_json(kind, data)
    except InputError as fault:
        raise InputError(f"{path}: {fault}") from fault


def read_json(path: Path, remedy: str) -> Any:
    """What a JSON file holds, however it came to be.

    Raises
    ------
    InputError
        the file cannot be read, is no plain file, is very large, or is not JSON; `remedy` says what to give
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe, a device: may never end
            raise InputError(f"{path}: is no plain file; {remedy}")
        if path.is_file() and path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is larger than {LARGEST_BYTES // 10**6} MB; {remedy}")
        return json.loads(path.read_text(encoding="utf-8-sig"))  # editors leave byte order marks
    except OSError as fault:
        raise InputError(f"{path}: cannot be read ({fault.strerror}); check the path") from fault
    except (ValueError, RecursionError) as fault:
        raise InputError(f"{path}: is not JSON ({fault}); {remedy}") from fault


def _array_to_json(array: np.ndarray) -> Any:
    if array.dtype.names:
        return {
            "fields": list(array.dtype.names),
            "rows": [list(row) for row in array.tolist()],
        }
    if array.dtype == np.float64 and array.ndim <= 2:
        return array.tolist()
    if array.dtype.kind in "iu" and array.ndim == 1 and array.dtype != np.uint8:
        return {"dtype": str(array.dtype), "values": array.tolist()}
    return {
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "base64": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii"),
    }


def _array_from_json(data: Any) -> np.ndarray:
    if isinstance(data, list):
        return np.asarray(data, np.float64)
    if "rows" in data:
        fields, rows = tuple(data["fields"]), [tuple(row) for row in data["rows"]]
        if (*fields, "how") == SLOT.names:  # written when all ties were exact
            rows = [(*row, EXACT) for row in rows]
        elif fields != SLOT.names:
            raise ValueError(f"slot fields {data['fields']} are not this version's")
        return np.array(rows, SLOT)
    dtype = np.dtype(data["dtype"])
    if dtype.kind not in "iuf":
        raise ValueError(f"array of type {dtype}")
    if "values" in data:
        return np.asarray(data["values"], dtype)
    return np.frombuffer(base64.b64decode(data["base64"]), dtype).reshape(data["shape"]).copy()


def _read(kind: Any, data: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if data is None and type(None) in arguments:
            return None
        return _read(next(a for a in arguments if a is not type(None)), data)
    if origin is tuple:
        return tuple(_read(arguments[0], x) for x in data)
    if kind is np.ndarray:
        return _array_from_json(data)
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, data)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise TypeError(f"{data!r} where a {kind.__name__} was expected")
    return data


def _read_fields(kind: Any, data: Any) -> Any:
    if not isinstance(data, dict):
        raise TypeError(f"{kind.__name__} is not an object")
    hints = typing.get_type_hints(kind)
    names = {f.name for f in dataclasses.fields(kind)}
    unknown = set(data) - names
    if unknown:
        raise ValueError(f"{kind.__name__} has no field {sorted(unknown)[0]!r}")
    missing = {
        f.name
        for f in dataclasses.fields(kind)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    } - set(data)
    if missing:
        raise KeyError(f"{kind.__name__} lacks {sorted(missing)[0]!r}")
    read = {}
    for name, value in data.items():
        array = hints[name] is np.ndarray
        read[name] = _read(hints[name], value)
        if array and read[name].size == 0 and name in ("gradual_s", "speech_s"):
            read[name] = read[name].reshape(0, 2)
    return kind(**read)
