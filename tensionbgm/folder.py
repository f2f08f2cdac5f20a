"""Output that appears whole or not at all: work aside, then move into place."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tensionbgm.errors import InputError


def refuse_overwriting(target: Path, force: bool) -> None:
    """Nothing of the user's is overwritten unasked.

    Raises
    ------
    InputError
        the target is a non-empty folder or a file and `force` is not given
    """
    if target.is_dir() and any(target.iterdir()) and not force:
        raise InputError(
            f"{target}: already holds something; give --force to replace it, or -o another folder"
        )
    if target.exists() and not target.is_dir():
        if not force:
            raise InputError(f"{target}: exists and is no folder; give -o another folder")
        raise InputError(
            f"{target}: is a file, which --force does not replace by a folder; give -o another name"
        )


@contextlib.contextmanager
def written_aside(target: Path, force: bool = False) -> Iterator[Path]:
    """A folder to write into; its files move to `target` only when the block ends well.

    With `force`, files of the same names are replaced and all others in `target` are left alone.

    Raises
    ------
    InputError
        see `refuse_overwriting`; or the folder above cannot be written to
    """
    refuse_overwriting(target, force)
    parent = target.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name[:60]}.partial-", dir=parent))
    except OSError as fault:
        raise InputError(
            f"{parent}: cannot be written to ({fault.strerror}); give -o another folder"
        ) from fault
    try:
        yield aside
        _move_files(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def file_written_aside(target: Path, force: bool = False) -> Iterator[Path]:
    """A path to write one file to; it becomes `target` only when the block ends well.

    Raises
    ------
    InputError
        the target exists and `force` is not given, or its folder cannot be written to
    """
    if target.exists() and not force:
        raise InputError(f"{target}: already exists; give --force to replace it, or another name")
    try:
        aside = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.absolute().parent))
    except OSError as fault:
        raise InputError(f"{target}: cannot be written ({fault.strerror}); give another path") from fault
    try:
        yield aside / target.name
        os.replace(aside / target.name, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move_files(aside: Path, target: Path) -> None:
    """Rename the finished folder, or, where the target exists, each file of it into place."""
    aside.chmod(0o755)
    if not target.exists():
        os.replace(aside, target)
        return
    for source in sorted(p for p in aside.rglob("*") if p.is_file()):
        place = target / source.relative_to(aside)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, place)
