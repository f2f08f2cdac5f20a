"""A wish in, a font that can be played out: the one asked for, a good one on this machine, or ours.

Fonts with compressed samples (SF3) are expanded once into the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from tensionbgm.errors import InputError
from tensionbgm.render import soundfont
from tensionbgm.render.soundfont import BadFont

OURS = "tensionbgm.sf3"
MAX_BYTES = 1_000_000_000
CACHE_VERSION = 1  # raise it when `soundfont.expand` gives other bytes

# Free General MIDI fonts that sound better than ours, the best first, and their licences.
KNOWN = (
    ("MuseScore_General_HQ", "MIT"),
    ("MuseScore_General", "MIT"),
    ("FluidR3_GM", "MIT"),
    ("GeneralUser", "GeneralUser GS License v2.0"),
)
KNOWN_MIN_BYTES = 20_000_000


@dataclass(frozen=True)
class Font:
    """A SoundFont ready to be played."""

    path: Path  # an SF2 file
    name: str  # what the font calls itself
    licence: str
    source: str  # asked | machine | ours
    file: str  # name of the file it came from
    sha256: str  # of that file: same font, same sound


def find_font(asked: str | Path | None = None, cache: Path | None = None) -> Font:
    """The font to play with.

    Parameters
    ----------
    asked : path of an SF2 or SF3 file, "ours", or None for the best found
    cache : folder for expanded fonts; the user's cache folder by default

    Raises
    ------
    InputError
        the font asked for is missing, no SoundFont, broken, or too big
    """
    if asked is not None and str(asked) != "ours":
        return _open(Path(asked).expanduser(), "asked", "not known", cache)
    found = None if asked else _on_this_machine()
    if found is not None:
        try:
            return _open(*found, cache=cache)
        except InputError:
            pass  # nobody asked for that font: a broken one is no fault of the user's, and ours will do
    with resources.as_file(resources.files("tensionbgm.render") / "sound-font" / OURS) as path:
        return _open(path, "ours", "MIT", cache)


def _on_this_machine() -> tuple[Path, str, str] | None:
    """The best known font in the usual places: path, source, licence."""
    places = [
        *(Path(f"/usr/share/{p}") for p in ("sounds/sf3", "sounds/sf2", "soundfonts")),
    ]
    with suppress(RuntimeError):  # a user without a home, as in a container
        places += [user_data_path() / p for p in ("soundfonts", "sounds/sf2", "sounds/sf3")]
        places += [Path.home() / "Documents/MuseScore4/SoundFonts"]
    files = [file for place in places if place.is_dir() for file in sorted(place.iterdir())]
    for stem, licence in KNOWN:
        for file in files:
            known = file.stem.startswith(stem) and file.suffix.lower() in (".sf2", ".sf3")
            if known and file.is_file() and KNOWN_MIN_BYTES <= file.stat().st_size <= MAX_BYTES:
                return file, "machine", licence
    return None


def _open(path: Path, source: str, licence: str, cache: Path | None) -> Font:
    data = _bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    try:
        font = soundfont.read(data)
        playable = _expanded(font, digest, cache) if font.compressed else path
    except BadFont as fault:
        raise InputError(f"{path}: {fault}; give an SF2 or SF3 SoundFont") from fault
    if font.info.get(b"ICOP") and licence == "not known":
        licence = "see the font: " + font.info[b"ICOP"].split(b"\0")[0].decode("latin-1").strip()
    return Font(playable, font.name, licence, source, path.name, digest)


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"{path}: is not a file; give an SF2 or SF3 SoundFont")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: is bigger than {MAX_BYTES // 10**6} MB; give a smaller SoundFont")
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path}: cannot be read ({fault.strerror}); check the path") from fault


def _expanded(font: soundfont.SoundFont, digest: str, cache: Path | None) -> Path:
    """Path of the font as SF2; written once, complete or not at all."""
    name = f"{digest[:24]}-{CACHE_VERSION}.sf2"
    data = None
    with suppress(OSError, RuntimeError):  # a read-only home, or none: the temporary folder will do
        folder = cache or user_cache_path("tensionbgm", appauthor=False) / "fonts"
        if _complete(folder / name):
            return folder / name
        data = soundfont.write(soundfont.expand(font))
        return _put(data, folder, name)
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"tensionbgm-fonts-{user}"
    return _put(data or soundfont.write(soundfont.expand(font)), folder, name)


def _complete(path: Path) -> bool:
    """Whether the file is there and as long as its own header says."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
        return head[:4] == b"RIFF" and int.from_bytes(head[4:], "little") + 8 == path.stat().st_size
    except OSError:
        return False


def _put(data: bytes, folder: Path, name: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(aside, folder / name)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return folder / name
