"""OpenTimelineIO -> `Timeline`, and marks -> OpenTimelineIO; read and written by its own library.

It is read in a process of its own (`otio_read`): the library is C++, and some broken files end the process
that reads them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from tensionbgm.markers.marks import Mark, Timeline, counted, fault, join_wishes, plain, wished

REMEDY = "export the timeline again, or give CSV"
OURS = "tensionbgm"  # where in a marker's metadata weight, beat and kind stand
COLOURS = {"marker": "RED", "section": "GREEN", "cut": "YELLOW", "bar": "BLUE"}
LONGEST_S = 120.0  # what reading may take
READER = "import sys; sys.path[:] = sys.argv[1:]; from tensionbgm.markers import otio_read; otio_read.main()"


def parse(path: Path, text: str) -> Timeline:
    """Markers of a timeline, its tracks and its clips, and where its first picture track cuts.

    Raises
    ------
    InputError
        it is no timeline, or one whose times cannot be told
    """
    said = _read_apart(path, text)
    if "fault" in said:
        raise fault(path, plain(said["fault"]), REMEDY)
    found = {name: [_mark(row) for row in said[name]] for name in ("timeline", "clip", "edit")}
    kinds = " and ".join(
        counted(len(found[what]), f"{what} marker") for what in ("timeline", "clip") if found[what]
    )
    left_out = f"{path}: left out: {counted(said['hidden'], 'marker')} in parts of clips that are cut off"
    return Timeline(
        (*found["timeline"], *found["clip"]),
        tuple(found["edit"]),
        kinds,
        Fraction(said["start"]),
        warnings=(left_out,) if said["hidden"] else (),
    )


def _read_apart(path: Path, text: str) -> dict[str, Any]:
    """What `otio_read` says of a file."""
    command = [sys.executable, "-P", "-c", READER, *sys.path]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=LONGEST_S, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as ended:
        raise fault(path, "is no OpenTimelineIO that its library can read", REMEDY) from ended
    return dict(json.loads(done.stdout))


def _mark(row: dict[str, str]) -> Mark:
    name, weight, beat = wished(row["name"])
    return Mark(Fraction(row["at"]), name, weight, beat, row["kind"], plain(row["note"]))


def write(marks: Sequence[tuple[int, Mark]], title: str, rate: Fraction, begin: int, frames: int) -> str:
    """A timeline with one gap as long as the film, and all marks as its markers, on whole frames.

    Parameters
    ----------
    marks : sequence of (int, Mark)
        the frame of the film each lies on
    rate : Fraction
        frames a second
    begin : int
        number of the film's first frame, counted from 00:00:00:00
    frames : int
        of the film
    """
    import opentimelineio as otio

    def timed(number: int) -> Any:
        return otio.opentime.RationalTime(number, float(rate))

    timeline = otio.schema.Timeline(plain(title) or "music", global_start_time=timed(begin))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.append(otio.schema.Gap(source_range=otio.opentime.TimeRange(timed(0), timed(frames))))
    timeline.tracks.append(track)
    for frame, mark in marks:
        at = otio.opentime.TimeRange(timed(frame), timed(1))
        ours = {"weight": mark.weight, "beat": mark.beat, "kind": mark.kind}
        marker = otio.schema.Marker(join_wishes(mark), at, COLOURS[mark.kind], {OURS: ours})
        marker.comment = mark.note
        timeline.tracks.markers.append(marker)
    return str(otio.core.serialize_json_to_string(timeline, indent=4)) + "\n"
