"""Named arrays and words about them <-> a safetensors file, checked before anything is made of it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tensionbgm.errors import InputError, brief

LARGEST_BYTES = 50_000_000


def write_tensors(path: Path, tensors: dict[str, np.ndarray], about: dict[str, str]) -> None:
    """Write arrays, and words about them; the file is whole at any moment.

    Raises
    ------
    ValueError
        a number is not finite: nothing was learnt
    """
    from safetensors.numpy import save

    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(save({name: array.copy(order="C") for name, array in tensors.items()}, about))
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays by name, and the words about them.

    Raises
    ------
    InputError
        the file cannot be read, is not in this format, or holds numbers that are none
    """
    from safetensors import SafetensorError, safe_open

    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: is too large for weights of this program; give those it wrote")
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = dict(file.metadata() or {})
    except OSError as fault:
        raise InputError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from fault
    except (SafetensorError, ValueError, TypeError, AttributeError) as fault:
        raise InputError(
            f"{path}: is no safetensors file ({brief(fault)}); give one this program wrote"
        ) from fault
    if not all(array.dtype.kind in "fi" and np.isfinite(array).all() for array in tensors.values()):
        raise InputError(f"{path}: holds weights that are no finite numbers; train them again")
    return tensors, about
