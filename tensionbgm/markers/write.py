"""Marks of a film -> a file for an editing program, by the file's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tensionbgm.errors import InputError
from tensionbgm.markers import edl, fcpxml_write, otio, table
from tensionbgm.markers.marks import Film, Mark, fault
from tensionbgm.markers.timecode import Timecode, frame_of, spoken

FRAMED = (".edl", ".fcpxml", ".otio")  # kinds of file that know whole frames only
FIRST = Timecode(1, 0, 0, 0)  # where timelines begin by custom


def check_target(path: Path) -> None:
    """Refuse the name of a file that cannot be written.

    Raises
    ------
    InputError
    """
    if path.suffix.lower() not in (".csv", *FRAMED):
        raise fault(
            path, "is of no kind that is written", f"give a name that ends in .csv, {', '.join(FRAMED)}"
        )


def marks_text(marks: Sequence[Mark], path: Path, film: Film | None, title: str) -> str:
    """What to write into a file of this name.

    Parameters
    ----------
    marks : sequence of Mark
        in order of time; frames are the nearest to each
    path : Path
        its ending decides
    film : Film, optional
        rate, duration and first label; CSV, which is in seconds, needs none
    title : str

    Raises
    ------
    InputError
        the kind is unknown, or needs a rate and there is none, or the first label does not exist at the rate
    """
    check_target(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return table.write(marks)
    if film is None:
        raise fault(path, "needs the frames a second of the film", "give --rate, like 25 or 29.97")
    first, frames = film.first or FIRST, max(round(film.duration * film.rate), 1)
    try:
        begin = frame_of(first, film.rate)
    except ValueError as wrong:
        raise InputError(f"timecode: {wrong}; give one of this film, {spoken(film.rate)} a second") from wrong
    # What lies at the film's end, after its last frame, belongs to that.
    placed = [(min(round(mark.time * film.rate), frames - 1), mark) for mark in marks]
    if suffix == ".edl":
        return edl.write(placed, title, film.rate, first)
    if suffix == ".otio":
        return otio.write(placed, title, film.rate, begin, frames)
    return fcpxml_write.write(placed, title, film.rate, begin, frames, first.drop)
