"""A file of an editing program, the film -> hit points: markers in the film's time, or else where it cuts.

A file's timeline begins where the film begins.  FCPXML and OpenTimelineIO say at which timecode that is; of
labels in an EDL or CSV the whole hour is it, or the first edit of a list that is as long as the film.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from tensionbgm.errors import InputError, UsageError
from tensionbgm.forms import Marker
from tensionbgm.markers import edl, fcpxml, otio, table
from tensionbgm.markers.marks import Film, Mark, Timeline, check_count, counted, fault
from tensionbgm.markers.timecode import Timecode, can_drop, frame_of, label_of, parse_timecode, spoken

LARGEST_BYTES = 64_000_000  # the project of a long film has a tenth of this
XML = (".fcpxml", ".fcpxmld")  # says itself how its text is encoded
PARSERS = {
    ".csv": table.parse,
    ".tsv": table.parse,
    ".txt": table.parse,
    ".edl": edl.parse,
    ".otio": otio.parse,
    ".otioz": otio.parse,
    ".otiod": otio.parse,
}
INSIDE = {
    ".fcpxmld": "Info.fcpxml",
    ".otiod": "content.otio",
    ".otioz": "content.otio",
}  # of folders, archives
OFFERED = ".csv, .edl, .fcpxml, .otio and .otioz"


@dataclass(frozen=True)
class Hits:
    """What a file asks the music to meet."""

    markers: tuple[Marker, ...] = ()  # in order of time
    edit_s: tuple[float, ...] = ()  # rising: where the film cuts, of a file without markers
    notes: tuple[str, ...] = ()  # what was read of the file, and what was not


def parse_file(path: Path) -> Timeline:
    """What a file says, before the film is known.

    Raises
    ------
    InputError
        it cannot be read, is of no kind that is known, is too large, or broken
    """
    suffix = path.suffix.lower()
    if suffix not in (*PARSERS, *XML):
        raise fault(path, "is of no kind that has markers", f"give {OFFERED}")
    data = _bytes(path, suffix)
    timeline = fcpxml.parse(path, data) if suffix in XML else PARSERS[suffix](path, _text(path, data))
    check_count(path, len(_kept(timeline)[0]))
    if not timeline.markers and not timeline.edits:
        raise fault(path, "holds no markers and no cuts", "set markers where the music must arrive")
    return timeline


def parse_first(text: str | None) -> Timecode | None:
    """The timecode of the film's first frame, as the user says it.

    Raises
    ------
    UsageError
        it is none
    """
    try:
        code = None if text is None else parse_timecode(text)
    except ValueError as wrong:
        raise UsageError(f"timecode: {wrong}; give one like 01:00:00:00") from wrong
    if text is not None and code is None:
        raise UsageError(f'timecode "{text}": is none; give one like 01:00:00:00')
    return code


def read_hits(path: Path, film: Film) -> Hits:
    """`place` of what `parse_file` says of a file."""
    return place(path, parse_file(path), film)


def place(path: Path, timeline: Timeline, film: Film) -> Hits:
    """The markers of a file in the film's time; without any, where its film cuts.

    Parameters
    ----------
    path : Path
        of the file, for what is told of it
    timeline : Timeline
        what it says
    film : Film

    Raises
    ------
    InputError
        a timecode that there is not at the film's rate, or no marker inside the film
    """
    hits, ours = _kept(timeline)
    placed = [(_film_time(path, mark, timeline, film), mark) for mark in hits or timeline.edits]
    notes = [*timeline.warnings, *_labels_said(path, [mark for _, mark in placed], timeline, film)]
    if ours:
        notes.append(f"{path}: left out: {counted(ours, 'mark')} of an earlier score")
    if not hits:
        return _edits(path, [time for time, _ in placed], film, notes)
    inside, outside = _in_film(path, placed, film)
    kinds = timeline.kinds if len(inside) == len(timeline.markers) else counted(len(inside), "marker")
    notes += [*outside, f"{path}: the music is to meet {kinds}"]
    markers = [
        Marker(float(time), mark.name or f"marker {number}", mark.weight, mark.beat)
        for number, (time, mark) in enumerate(inside, 1)
    ]
    return Hits(tuple(dict.fromkeys(markers)), notes=tuple(notes))


def with_edits(
    cut_s: np.ndarray, strength: np.ndarray, edit_s: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts that were seen and those a file names: the file knows better when, the eye how strong.

    Parameters
    ----------
    cut_s, strength : float (n,)
        seen in the picture
    edit_s : sequence of float
        from the file [s]

    Returns
    -------
    cut_s, strength : float (m,)
        rising [s], 0..1; a cut that was not seen has .5
    """
    near_s = 0.06  # a cut is seen a frame or so from where it is
    edits = np.asarray(edit_s, float)
    apart = np.abs(np.asarray(cut_s, float)[:, None] - edits[None])
    seen = [strength[apart[:, k] <= near_s].max(initial=-1.0) for k in range(len(edits))]
    alone = (apart > near_s).all(axis=1)
    time = np.concatenate([cut_s[alone], edits])
    force = np.concatenate([strength[alone], [0.5 if weight < 0 else weight for weight in seen]])
    order = np.argsort(time, kind="stable")
    return time[order], force[order]


# ------------------------------------------------------------------------ the file


def _bytes(path: Path, suffix: str) -> bytes:
    """All of a file, or of the one that counts in a folder or an archive."""
    inner = path / INSIDE[suffix] if suffix in INSIDE and path.is_dir() else path
    try:
        if inner.exists() and not inner.is_file():
            raise fault(path, "is no plain file", f"give {OFFERED}")
        if inner.is_file() and inner.stat().st_size > LARGEST_BYTES and suffix != ".otioz":
            raise _too_large(path)
        if suffix != ".otioz" or inner is not path:
            return inner.read_bytes()
        with zipfile.ZipFile(path) as archive, archive.open(INSIDE[suffix]) as entry:
            data = entry.read(LARGEST_BYTES + 1)
    except OSError as broken:
        raise fault(path, f"cannot be read ({broken.strerror or broken})", "check the path") from broken
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError, ValueError) as broken:
        raise fault(path, "is no archive of a timeline", "export it again, or give .otio") from broken
    except (zlib.error, lzma.LZMAError) as broken:
        raise fault(path, "is a broken archive", "export it again, or give .otio") from broken
    if len(data) > LARGEST_BYTES:
        raise _too_large(path)
    return data


def _too_large(path: Path) -> InputError:
    return fault(path, f"is larger than {LARGEST_BYTES // 10**6} MB", "export the markers of this film alone")


def _text(path: Path, data: bytes) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # some programs and spreadsheets write UTF-16, and mark it
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as broken:
        raise fault(path, f"is no text in UTF-8 (byte {broken.start})", "save it as UTF-8") from broken


# ------------------------------------------------------------------------ its time, and the film's


def _kept(timeline: Timeline) -> tuple[tuple[Mark, ...], int]:
    """What the user marked; and how many marks an earlier score wrote beside it."""
    own = tuple(mark for mark in timeline.markers if mark.kind == "marker")
    return own, len(timeline.markers) - len(own)


def _film_time(path: Path, mark: Mark, timeline: Timeline, film: Film) -> Fraction:
    """When a mark of the file is in the film [s]."""
    try:
        if isinstance(mark.at, Fraction):
            shift = Fraction(0)
            if film.first is not None and timeline.start:
                shift = timeline.start - frame_of(film.first, film.rate) / film.rate
            return mark.at + shift
        frame = frame_of(_as_dropped(mark.at, timeline, film), film.rate) + mark.late
        return (frame - _first_frame(timeline, film)) / film.rate
    except ValueError as wrong:
        where = f"{mark.where}: " if mark.where else ""
        raise fault(
            path, f"{where}{wrong}", f"write timecode of this film, {spoken(film.rate)} a second"
        ) from wrong


def _as_dropped(code: Timecode, timeline: Timeline, film: Film) -> Timecode:
    return replace(code, drop=True) if timeline.drop and can_drop(film.rate) else code


def _first_frame(timeline: Timeline, film: Film) -> int:
    """Which frame the first of the film is, counted from 00:00:00:00.

    The user says it; or a list of edits is as long as the film from its first edit on, or from a whole hour
    on, after a leader; or it is the whole hour that the earliest label lies in.
    """

    def frame(code: Timecode) -> int:
        return frame_of(_as_dropped(code, timeline, film), film.rate)

    if film.first is not None:
        return frame_of(film.first, film.rate)
    if timeline.span is not None:
        begin, end = timeline.span
        hours = [Timecode(begin.hours + more, 0, 0, 0, begin.drop) for more in (0, 1)]
        for candidate in (begin, *hours):
            if abs((frame(end) - frame(candidate)) / film.rate - film.duration) <= 2 / film.rate:
                return frame(candidate)
    earliest = min(_codes(timeline), key=lambda code: code.hours)
    return frame(Timecode(earliest.hours, 0, 0, 0, earliest.drop))


def _codes(timeline: Timeline) -> list[Timecode]:
    """All labels in a file."""
    return [mark.at for mark in (*timeline.markers, *timeline.edits) if isinstance(mark.at, Timecode)]


def _labels_said(path: Path, placed: list[Mark], timeline: Timeline, film: Film) -> list[str]:
    """What the labels of the marks that were placed were taken to mean, where one could doubt it."""
    codes, said = [mark.at for mark in placed if isinstance(mark.at, Timecode)], []
    if not codes:
        return []
    first = _first_frame(timeline, film)
    if film.first is None and first:
        drop = can_drop(film.rate) and (timeline.drop or codes[0].drop)
        said.append(f"{path}: {label_of(first, film.rate, drop)} is taken for the film's first frame")
    if not film.steady:
        said.append(
            f"{path}: timecode is read at {spoken(film.rate)} frames a second, which the film does not keep"
        )
    return said


def _in_film(
    path: Path, placed: list[tuple[Fraction, Mark]], film: Film
) -> tuple[list[tuple[Fraction, Mark]], list[str]]:
    """The marks inside the film, in order of time; and which are not."""
    inside = [pair for pair in placed if 0 <= pair[0] <= film.duration]
    outside = [
        f'"{mark.name}" at {float(time):.3f} s' for time, mark in placed if not 0 <= time <= film.duration
    ]
    if not inside:
        remedy = "give the timecode of its first frame with --timecode"
        raise fault(path, f"{counted(len(placed), 'marker')}, and none in the film: {outside[0]}", remedy)
    more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
    said = [f"{path}: outside the film, and left out: {', '.join(outside[:3])}{more}"] if outside else []
    return sorted(inside, key=lambda pair: pair[0]), said


def _edits(path: Path, times: list[Fraction], film: Film, notes: list[str]) -> Hits:
    inside = sorted({time for time in times if 0 < time < film.duration})
    if not inside:
        raise fault(
            path, "holds no markers, and no cut inside the film", "set markers where the music must arrive"
        )
    notes.append(
        f"{path}: holds no markers; {counted(len(inside), 'cut')} in it are taken for those of the film"
    )
    return Hits(edit_s=tuple(float(time) for time in inside), notes=tuple(notes))
