"""Modules of plain functions and a compiler -> all compiled, kept on disk until a kernel file changes.

Numba's own cache looks at the file of the decorated function alone: with the formula in one file and
the loop in another it would go on running the old formula.  So the cache folder is named by a hash of
every file here.  It lies in the user's cache folder, because an installed package may be read-only.
"""

import hashlib
import os
import stat
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

import numba


def fingerprint() -> str:
    """A hash of the kernels' sources, the Python and the numba that compile them."""
    digest = hashlib.sha256(f"{sys.version} {numba.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels lie: `$NUMBA_CACHE_DIR`, else the user's cache, else the temporary folder."""
    home = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if home is None and sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
    for root in (lambda: Path(home) if home else Path.home() / ".cache", _temporary):
        try:
            folder = root() / "tensionbgm" / "kernels" / fingerprint()
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError):  # RuntimeError: a user without a home, as in a container
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise RuntimeError("no folder to keep compiled kernels in; set NUMBA_CACHE_DIR to a writable one")


def _temporary() -> Path:
    """Our folder in the temporary one, where anybody may write: what is compiled there must be ours."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(gettempdir()) / f"tensionbgm-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if hasattr(os, "getuid") and (
        facts.st_uid != user or not stat.S_ISDIR(facts.st_mode) or facts.st_mode & 0o022
    ):
        raise PermissionError(f"{folder} is not ours alone")
    return folder


@contextmanager
def own_cache() -> Iterator[None]:
    """Point numba's cache at our folder while decorating, and put it back after."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def compiled(compile: Callable, *modules: types.ModuleType) -> dict[str, Callable]:
    """Every one of the modules' FUNCTIONS, compiled, by name; a later one takes the place of one before.

    All see one another, and the constants of all modules.

    Raises
    ------
    ValueError
        two modules mean different constants by one name
    """
    names: dict = {}
    for module in modules:
        for name, value in vars(module).items():
            if name.isupper() and name != "FUNCTIONS" and names.get(name, value) != value:
                raise ValueError(f"{module.__name__}: {name} is {value} here and {names[name]} elsewhere")
        names |= vars(module)
    for function in (function for module in modules for function in module.FUNCTIONS):
        twin = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)
        twin.__doc__, twin.__module__, twin.__qualname__ = function.__doc__, __name__, function.__name__
        names[function.__name__] = compile(twin)
    return names
