"""Output that appears whole or not at all: work aside, then move into place."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from tensionbgm import stop
from tensionbgm.errors import InputError, TensionbgmError

PARTIAL = ".partial-"  # what a hidden folder of unfinished work is called


def refuse_overwriting(target: Path, force: bool) -> None:
    """Nothing of the user's is overwritten unasked.

    Raises
    ------
    InputError
        the target is a folder that holds something and `force` is not given, or it is no folder
    """
    if target.is_dir():
        if not force and any(not entry.name.startswith(PARTIAL) for entry in target.iterdir()):
            raise InputError(
                f"{target}: already holds something; give --force to replace it, or -o another folder"
            )
    elif os.path.lexists(target):
        raise InputError(f"{target}: exists and is no folder, --force or not; give -o another folder")


def refuse_unwritable(target: Path) -> None:
    """Tell before the work, not after it, that there is no place for its result.

    Raises
    ------
    InputError
        the folder, or the one above where it is to be made, cannot be written to
    """
    with _hidden_folder(_workplace(target), target):
        pass


@contextlib.contextmanager
def written_aside(target: Path, force: bool = False, stale: Collection[str] = ()) -> Iterator[Path]:
    """A folder to write into; its files move to `target` only when the block ends well.

    Parameters
    ----------
    target : Path
        made, with the folders above it, if it is not there
    force : bool
        files of the same names are replaced; all others in `target` are left alone
    stale : paths relative to `target`
        files of an earlier job; those not written again are removed at the end

    Raises
    ------
    InputError
        see `refuse_overwriting`; or it cannot be written to, or holds folders in the place of our files
    """
    refuse_overwriting(target, force)
    with _hidden_folder(_workplace(target), target) as hidden:
        aside = hidden / "files"
        aside.mkdir()
        try:
            yield aside
        except TensionbgmError as fault:  # the user knows the target's name alone
            raise type(fault)(str(fault).replace(str(aside), str(target))) from fault
        refuse_overwriting(target, force)  # minutes later, another job may have come first
        with stop.held():
            moved = _move_files(aside, target)
    for name in set(stale) - moved:
        (target / name).unlink(missing_ok=True)


@contextlib.contextmanager
def file_written_aside(target: Path, force: bool = False) -> Iterator[Path]:
    """A path to write one file to; it becomes `target` only when the block ends well.

    Raises
    ------
    InputError
        the target is a folder, or exists and `force` is not given; or its folder cannot be written to
    """
    if target.is_dir():
        raise InputError(f"{target}: is a folder; give the name of a file")
    if os.path.lexists(target) and not force:
        raise InputError(f"{target}: already exists; give --force to replace it, or another name")
    with _hidden_folder(target.absolute().parent, target) as hidden:
        try:
            yield hidden / target.name
        except TensionbgmError as fault:  # the user knows the target's name alone
            raise type(fault)(str(fault).replace(str(hidden / target.name), str(target))) from fault
        os.replace(hidden / target.name, target)


def _workplace(target: Path) -> Path:
    """Inside a folder that is there, else beside it: files can be renamed within one file system alone."""
    return target if target.is_dir() else target.absolute().parent


@contextlib.contextmanager
def _hidden_folder(place: Path, target: Path) -> Iterator[Path]:
    """A folder for unfinished work in `place`; it goes again, with folders made for it that stay empty."""
    made = [folder for folder in (place, *place.parents) if not folder.exists()]
    hidden = None
    try:
        place.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=PARTIAL, dir=place))
        yield hidden
    except OSError as fault:
        if hidden is not None and not str(fault.filename or hidden).startswith(str(hidden)):
            raise
        why = fault.strerror or str(fault)
        raise InputError(f"{target}: cannot be written ({why}); give another place with -o") from fault
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty: that is as it should be
            for folder in made:
                folder.rmdir()


def _move_files(aside: Path, target: Path) -> set[str]:
    """Rename the finished folder, or, where the target exists, each file of it into place; their names."""
    files = sorted(path.relative_to(aside) for path in aside.rglob("*") if path.is_file())
    if not target.exists():
        os.replace(aside, target)
        return {str(file) for file in files}
    for file in files:  # before the first is moved: half an output is none
        folder = (target / file).parent
        if (target / file).is_dir() or (os.path.lexists(folder) and not folder.is_dir()):
            raise InputError(f"{target / file}: something else is in its place; give -o another folder")
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        os.replace(aside / file, target / file)
    return {str(file) for file in files}
