"""CSV of `time,name[,weight][,beat]` -> `Timeline`, and marks -> CSV; tables of editing programs, too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from tensionbgm.forms import BEATS
from tensionbgm.markers.marks import (
    KINDS,
    Mark,
    Timeline,
    check_count,
    counted,
    fault,
    plain,
    split_wishes,
)
from tensionbgm.markers.timecode import parse_moment

COLUMNS = ("time", "name", "weight", "beat", "kind", "note")  # as we write them
KNOWN = {  # heads of columns -> what they hold; other columns are ignored
    "time": ("time", "time_s", "in", "start", "start time", "timecode", "position", "record in"),
    "name": ("name", "marker name", "marker", "label", "title"),
    "weight": ("weight",),
    "beat": ("beat",),
    "kind": ("kind",),
    "note": ("note",),
}
REMEDY = "write rows like 12.5,Door slams or 1:02.5,Turn,0.8,downbeat"


def parse(path: Path, text: str) -> Timeline:
    """The rows of a table, with a line of heads or without.

    Raises
    ------
    InputError
        a row has no time, or a weight or beat that there is not
    """
    rows = _rows(path, text)
    first = next(rows, None)
    if first is None:
        raise fault(path, "holds no markers", REMEDY)
    heads = _heads(first[1])
    marks = [] if heads else [_mark(path, *first, dict(zip(COLUMNS, range(4), strict=False)))]
    place = heads or {name: column for column, name in enumerate(COLUMNS[:4])}
    wanted = len(marks)
    for line, row in rows:
        marks.append(_mark(path, line, row, place))
        wanted += marks[-1].kind == "marker"
        check_count(path, wanted)
    return Timeline(tuple(marks), kinds=counted(len(marks), "marker"))


def write(marks: Sequence[Mark]) -> str:
    """A table of all that a mark holds; times in seconds from the first frame."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mark in marks:
        weight = f"{mark.weight:.9f}".rstrip("0").rstrip(".")
        writer.writerow([f"{float(mark.time):.6f}", mark.name, weight, mark.beat, mark.kind, mark.note])
    return out.getvalue()


def _rows(path: Path, text: str) -> Iterator[tuple[str, list[str]]]:
    """ "line 3" and the cells of every row that is not empty and no # comment."""
    begin = text.lstrip()[:2000].partition("\n")[0]
    delimiter = "\t" if "\t" in begin else ","
    if delimiter == "," and "," not in begin and begin[:1].isalpha() and ";" in begin:
        delimiter = ";"  # what spreadsheets write where the comma is in numbers
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                yield f"line {reader.line_num}", cells
    except csv.Error as broken:
        raise fault(path, f"line {reader.line_num} is no row of a table ({broken})", REMEDY) from broken


def _heads(row: list[str]) -> dict[str, int] | None:
    """Where each thing stands, if the row names columns, a time among them, and has no time itself."""
    lower = [" ".join(cell.lower().split()) for cell in row]
    found = {
        what: next(lower.index(head) for head in heads if head in lower)
        for what, heads in KNOWN.items()
        if any(head in lower for head in heads)
    }
    return None if any(map(_is_time, row)) else found if "time" in found else None


def _is_time(text: str) -> bool:
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True


def _mark(path: Path, line: str, row: list[str], place: dict[str, int]) -> Mark:
    def cell(what: str) -> str:
        column = place.get(what, -1)
        return row[column] if 0 <= column < len(row) else ""

    try:
        at = parse_moment(cell("time"))
    except ValueError as wrong:
        raise fault(path, f"{line}: {wrong}", REMEDY) from wrong
    weight, beat = cell("weight"), cell("beat").lower()
    if weight.lower() in BEATS and not beat:
        weight, beat = "", weight.lower()
    name, said_weight, said_beat = cell("name"), 1.0, "strong"
    if not weight and not beat:
        name, said_weight, said_beat = split_wishes(name)
    sure = _weight(path, line, weight) if weight else said_weight
    if beat and beat not in BEATS:
        raise fault(path, f'{line}: no beat is called "{plain(beat)[:40]}"', f"give {', '.join(BEATS)}")
    kind = cell("kind") if cell("kind") in KINDS else "marker"
    return Mark(at, plain(name), sure, beat or said_beat, kind, plain(cell("note")), line)


def _weight(path: Path, line: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= 1:
        remedy = 'give one, and put names that have commas in "quotes"'
        raise fault(path, f'{line}: weight "{plain(text)[:40]}" is no number from 0 to 1', remedy)
    return weight
