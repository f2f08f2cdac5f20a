"""What the user asks for with --form -> `Form`, checked against the film's length."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeGuard

from tensionbgm.errors import InputError
from tensionbgm.forms import Form, Section
from tensionbgm.model.points import moment
from tensionbgm.saved import read_json

MOST = 64  # sections
SHORTEST_S = 0.5
FARTHEST = 11  # semitones a return may be shifted
EXAMPLE = "A:0,B:12.5,A:1:30"

_LABEL = re.compile(r"[A-Za-z]\w{0,7}")

Row = tuple[str, float, int]  # label, start [s], semitones


def read_form(spec: str, duration_s: float) -> Form:
    """The sections the user gives, for a film of the given length.

    Parameters
    ----------
    spec : str
        "A:0,B:12.5,A:40%", label:start of each section (starts as in a curve's points: seconds, m:ss or a
        share of the film), or the path of a JSON file: a report.json or plan.json of ours, edited or not, or
        a list of objects with "label", "start_s" and, if wanted, "transpose".  Equal labels bring back the
        same music.
    duration_s : float
        length of the film [s], > 0

    Returns
    -------
    form : Form
        sections from 0 to the film's end without gaps

    Raises
    ------
    InputError
        the file or a section is at fault
    """
    if _is_file(spec):
        return _checked(spec, _rows_of(Path(spec)), duration_s)
    return _checked(f"form {spec[:40]!r}", _inline(spec, duration_s), duration_s)


def check_form(spec: str) -> None:
    """Refuse what no film can have, before the film is looked at.

    Raises
    ------
    InputError
        the file or a section is at fault; whether the sections fit the film is not asked
    """
    if _is_file(spec):
        _checked(spec, _rows_of(Path(spec)), 1e9)
    elif "%" in spec:  # shares of the film do not compare with seconds yet
        _inline(spec, 1e9)
    else:
        _checked(f"form {spec[:40]!r}", _inline(spec, 1e9), 1e9)


def _is_file(spec: str) -> bool:
    return spec.lower().endswith(".json") or "/" in spec or "\\" in spec


def _inline(spec: str, duration_s: float) -> list[Row]:
    rows = []
    for part in re.split(r"\s*;\s*" if ";" in spec else r"\s*,\s*", spec.strip().strip(",;")):
        label, _, start = part.partition(":")
        start_s = moment(start, duration_s)
        if not _LABEL.fullmatch(label.strip()) or start_s is None:
            raise InputError(f'form: {part[:40]!r} is not "label:start"; write sections like "{EXAMPLE}"')
        rows.append((label.strip(), start_s, 0))
    return rows


def _rows_of(path: Path) -> list[Row]:
    """Sections of a JSON file."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give the report.json or plan.json inside it")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; give one, or sections like {EXAMPLE!r}")
    data = read_json(path, "give a report.json or plan.json")
    if isinstance(data, dict):
        grid = data.get("grid")
        data = grid.get("sections") if isinstance(grid, dict) else data.get("form")
    if not isinstance(data, list):
        raise InputError(
            f"{path}: holds no sections; give a report.json, a plan.json or a list of label and start_s"
        )
    return [_row(path, k, section) for k, section in enumerate(data)]


def _row(path: Path, k: int, section: Any) -> Row:
    said = section if isinstance(section, dict) else {}
    label, start, shift = said.get("label"), said.get("start_s"), said.get("transpose", 0)
    # A' in our own files is A over other chords: whether a return is exact is the plan's to find.
    label = label.rstrip("'") if isinstance(label, str) else ""
    if not _LABEL.fullmatch(label) or not _is_number(start) or not _is_number(shift):
        raise InputError(
            f'{path}: section {k + 1} is none; write {{"label": "A", "start_s": 0}} with labels like A or B2'
        )
    if not -FARTHEST <= shift <= FARTHEST or shift != int(shift):
        raise InputError(
            f"{path}: section {k + 1} is shifted by {shift} semitones; "
            f"give a whole number from -{FARTHEST} to {FARTHEST}"
        )
    return label, float(start), int(shift)


def _is_number(x: Any) -> TypeGuard[float]:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and not 1e9 < abs(x) < float("inf")


def _checked(what: str, rows: list[Row], duration_s: float) -> Form:
    if not 1 <= len(rows) <= MOST:
        raise InputError(f"{what}: has {len(rows)} sections; give 1 to {MOST}")
    start_s = [row[1] for row in rows]
    if not abs(start_s[0]) <= SHORTEST_S:
        raise InputError(f"{what}: begins at {start_s[0]:g} s; let the first section begin at 0")
    edge_s = [0.0, *start_s[1:], duration_s]
    first: dict[str, int] = {}
    sections = []
    for k, (label, _, shift) in enumerate(rows):
        start, end = edge_s[k], edge_s[k + 1]
        if not end - start >= min(SHORTEST_S, duration_s):
            after = f"the film ends at {end:.2f} s" if k + 1 == len(rows) else f"the next begins at {end:g} s"
            raise InputError(
                f"{what}: section {k + 1} ({label}) begins at {start:g} s and {after}; "
                f"let each last {SHORTEST_S} s or more, in order of time"
            )
        origin = first.setdefault(label, k)
        repeats = None if origin == k else origin
        sections.append(Section(label, start, end, repeats, 0 if repeats is None else shift))
    return Form(tuple(sections))
