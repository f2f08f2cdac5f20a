"""What the user asks for with --curve -> `Curve`, checked against the film's length; and back to CSV."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import Curve
from tensionbgm.model.points import points_from_inline, points_from_text
from tensionbgm.model.sketch import PICTURE_TYPES, curve_from_picture, curve_from_svg

LARGEST_BYTES = 50_000_000
_INLINE = re.compile(r"\s*([-+.\d]|nan|inf)[^/\\]*:", re.IGNORECASE)  # a number, then somewhere a colon


class _TooShort(InputError):
    """The curve ends before the film."""


@dataclass(frozen=True)
class Drawn:
    """A curve given by the user, and what to tell about how it was read."""

    curve: Curve
    warnings: tuple[str, ...] = ()


def read_curve(spec: str, duration_s: float) -> Drawn:
    """The tension curve the user gives, for a film of the given length.

    Parameters
    ----------
    spec : str
        points "0:0.2,12:0.9,100%:0.1" (time:tension, see `points`), or the path of a CSV, JSON, SVG, PNG or
        JPEG file; what a file is, is told from its content.  Tables and points have at least two
        points (a constant is two equal ones), reach from the film's beginning to its end within
        half a second (a tenth of the film, if it is shorter than 5 s), and lie in 0..1.  In a
        drawing the picture's edges are the axes: left 0 s, right the film's end, bottom 0, top 1.
    duration_s : float
        length of the film [s], > 0

    Returns
    -------
    drawn : Drawn
        the curve, its source "inline", "file" or "drawn"; warnings in plain words

    Raises
    ------
    InputError
        the file or a point is at fault, or the curve does not cover the film
    """
    path = Path(spec)
    if _is_inline(spec):
        time_s, value = points_from_inline(spec, duration_s)
        return _fitted(f"curve {_brief(spec)!r}", time_s, value, "inline", duration_s)
    content = _read_bytes(path)
    if content.startswith(tuple(PICTURE_TYPES)):
        return Drawn(*curve_from_picture(path, content, duration_s))
    text = _decode(path, content)
    if re.match(r"\s*<", text):
        return Drawn(*curve_from_svg(path, text, duration_s))
    time_s, value = points_from_text(path, text, duration_s)
    return _fitted(str(path), time_s, value, "file", duration_s)


def check_spec(spec: str) -> None:
    """Refuse a curve that no film can have, before the film is looked at.

    Raises
    ------
    InputError
        the file or a point is at fault; whether the curve covers the film is not asked
    """
    if _is_inline(spec) and "%" in spec:  # shares of the film do not compare with seconds yet
        points_from_inline(spec, 1e9)
        return
    try:
        read_curve(spec, 1e9)
    except _TooShort:
        return


def write_curve_csv(curve: Curve, path: Path) -> None:
    """Write the curve's points as CSV (header time_s,tension), such that `read_curve` reads the same."""
    rows = zip(curve.time_s.tolist(), curve.value.tolist(), strict=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        aside.write_text("time_s,tension\n" + "".join(f"{t!r},{v!r}\n" for t, v in rows), encoding="utf-8")
        os.replace(aside, path)
    except OSError as fault:
        aside.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({fault.strerror}); choose another folder") from fault


# --------------------------------------------------------------------------- what was given


def _is_inline(spec: str) -> bool:
    """Points rather than a path: they have a colon, and no file is called so."""
    return bool(_INLINE.match(spec)) and not _exists(Path(spec))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False


def _read_bytes(path: Path) -> bytes:
    if not _exists(path):
        raise InputError(
            f"{_brief(str(path))}: no such file; give a CSV, JSON, SVG or PNG file, or points like "
            '"0:0.2,12:0.9,30:0.1"'
        )
    if not path.is_file():  # a folder, a pipe, a device: reading may never end
        raise InputError(f"{path}: is not a plain file; give a CSV, JSON, SVG or PNG file")
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise InputError(f"{path}: {size / 1e6:.0f} MB is no curve; give a file of at most 50 MB")
    if size == 0:
        raise InputError(f"{path}: is empty; write at least two lines like 0,0.2 and 30,0.9")
    try:
        return path.read_bytes()
    except OSError as fault:
        raise InputError(f"{path}: cannot be read ({fault.strerror}); check its permissions") from fault


def _decode(path: Path, content: bytes) -> str:
    """Text in UTF-8, UTF-16 with its mark (spreadsheets write it) or Latin-1."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    odd = sum(c < " " and c not in "\t\r\n\f" for c in text[:4096])
    if odd or "\0" in text:
        raise InputError(f"{path}: is neither text nor a PNG or JPEG picture; save the curve as CSV or PNG")
    return text


def _brief(spec: str) -> str:
    spec = re.sub(r"\s+", " ", spec)  # an error is one line
    return spec if len(spec) <= 60 else spec[:57] + "..."


# --------------------------------------------------------------------------- checks


def _fitted(name: str, time_s: np.ndarray, value: np.ndarray, source: str, duration_s: float) -> Drawn:
    """The points as a curve that covers the film and no more."""
    check_points(name, time_s, value)
    _check_cover(name, time_s, duration_s)
    curve = Curve(time_s, value, source)
    beyond_s = float(time_s[-1]) - duration_s
    if beyond_s <= 0:
        return Drawn(curve)
    inside = time_s < duration_s
    time_s, value = np.append(time_s[inside], duration_s), np.append(value[inside], curve.at(duration_s))
    if beyond_s <= _slack_s(duration_s):
        return Drawn(Curve(time_s, value, source))
    told = (
        f"{name}: the last {beyond_s:.2f} s lie beyond the film's end ({duration_s:.2f} s) and are left out"
    )
    return Drawn(Curve(time_s, value, source), (told,))


def check_points(name: str, time_s: np.ndarray, value: np.ndarray) -> None:
    """Refuse points that are no curve: too few, not finite, outside 0..1, or not rising in time.

    Raises
    ------
    InputError
        naming the point and the remedy
    """
    if len(time_s) < 2:
        raise InputError(
            f'{name}: has {len(time_s)} point, a curve needs two or more; write a constant as "0:0.5,30:0.5"'
        )
    if not (np.isfinite(time_s).all() and np.isfinite(value).all()):
        k = int(np.argmin(np.isfinite(time_s) & np.isfinite(value)))
        raise InputError(f"{name}: point {k + 1} is not a finite number; give seconds and a tension in 0..1")
    if np.any((value < 0) | (value > 1)):
        k = int(np.argmax((value < 0) | (value > 1)))
        scale = "divide by 100" if value.min() >= 0 and 10 <= value.max() <= 100 else "scale it to 0..1"
        raise InputError(f"{name}: tension {value[k]:g} at {time_s[k]:g} s lies outside 0..1; {scale}")
    if np.any(np.diff(time_s) <= 0):
        k = int(np.argmax(np.diff(time_s) <= 0))
        if time_s[k] == time_s[k + 1]:
            raise InputError(
                f"{name}: two points at {time_s[k]:g} s; for a jump put them 0.01 s apart or drop one"
            )
        raise InputError(
            f"{name}: times are not rising ({time_s[k]:g} s, then {time_s[k + 1]:g} s); sort the points"
        )


def _check_cover(name: str, time_s: np.ndarray, duration_s: float) -> None:
    slack_s = _slack_s(duration_s)
    if time_s[0] < 0:
        raise InputError(f"{name}: begins at {time_s[0]:g} s, before the film; let times start at 0")
    if time_s[0] > slack_s:
        raise InputError(f"{name}: begins {time_s[0]:.2f} s after the film does; add a point at 0 s")
    short_s = duration_s - float(time_s[-1])
    if short_s > slack_s:
        raise _TooShort(
            f"{name}: ends at {time_s[-1]:g} s, {short_s:.2f} s before the film ({duration_s:.2f} s); "
            f"add a point at {duration_s:.2f} s, or at 100%"
        )


def _slack_s(duration_s: float) -> float:
    """How far a curve's ends may miss the film's [s]; it is held constant there."""
    return min(0.5, duration_s / 10)
