"""Named arrays <-> a file in the safetensors format: 8 bytes of length, a JSON header, the numbers.

Read here so that weights need no further library; https://github.com/huggingface/safetensors describes it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError

LARGEST_BYTES = 50_000_000
DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
}


def write_tensors(path: Path, tensors: dict[str, np.ndarray], about: dict[str, str]) -> None:
    """Write arrays of the types float32, float64, int32 or int64, and words about them."""
    header: dict[str, object] = {"__metadata__": about}
    blocks, at = [], 0
    for name, array in sorted(tensors.items()):
        kind = next(k for k, dtype in DTYPES.items() if dtype == array.dtype)
        block = np.ascontiguousarray(array, DTYPES[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + len(block)]}
        blocks.append(block)
        at += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blocks))


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays by name, and the words about them.

    Raises
    ------
    InputError
        the file cannot be read, or is not in this format
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is too large for weights of this program; give those it wrote")
        data = path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path}: cannot be read ({fault.strerror}); check the path") from fault
    try:
        return _parse(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise InputError(f"{path}: is no safetensors file ({fault}); give one this program wrote") from fault


def _parse(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise ValueError("it is cut off")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    about = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        dtype, shape = DTYPES[entry["dtype"]], entry["shape"]
        first, last = entry["data_offsets"]
        if not 0 <= first <= last <= len(body) or last - first != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"the place of {name} is wrong")
        tensors[name] = np.frombuffer(body[first:last], dtype).reshape(shape).copy()
    return tensors, about
