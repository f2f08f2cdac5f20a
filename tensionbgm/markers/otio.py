"""OpenTimelineIO -> `Timeline`, and marks -> OpenTimelineIO; read and written by its own library.

The library reads every version of its schema; positions are added up here, in fractions, since its own
times are floating point.  A marker lies in the time of the item it is attached to, which begins at the
item's source range.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from tensionbgm.markers.marks import (
    BEATS,
    KINDS,
    Mark,
    Timeline,
    counted,
    fault,
    join_wishes,
    plain,
    split_wishes,
)
from tensionbgm.markers.timecode import exact_rate

REMEDY = "export the timeline again, or give CSV"
OURS = "tensionbgm"  # where in a marker's metadata weight, beat and kind stand
COLOURS = {"marker": "RED", "section": "GREEN", "cut": "YELLOW", "bar": "BLUE"}


@dataclass
class _Found:
    timeline: list[Mark] = field(default_factory=list)
    clips: list[Mark] = field(default_factory=list)
    hidden: int = 0


def parse(path: Path, text: str) -> Timeline:
    """Markers of a timeline, its tracks and its clips, and where its first picture track cuts.

    Raises
    ------
    InputError
        it is no timeline, or one whose times cannot be told
    """
    timeline = _timeline(path, text)
    found = _Found()
    try:
        edits = _edits(timeline)
        for track_or_item, at, own in _items(timeline.tracks, Fraction(0)):
            _collect(found, timeline, track_or_item, at, own)
        start = _seconds(timeline.global_start_time) if timeline.global_start_time else Fraction(0)
        _from_zero(found, start, _length(timeline.tracks))
    except RecursionError as deep:
        raise fault(path, "nests clips in clips without end", REMEDY) from deep
    except Exception as broken:  # the library raises many kinds, for times that are not there or no numbers
        raise fault(path, f"has an item without a time ({plain(str(broken))[:80]})", REMEDY) from broken
    kinds = " and ".join(
        counted(len(marks), f"{what} marker")
        for marks, what in ((found.timeline, "timeline"), (found.clips, "clip"))
        if marks
    )
    left_out = f"{path}: left out: {counted(found.hidden, 'marker')} in parts of clips that are cut off"
    warnings = (left_out,) if found.hidden else ()
    return Timeline(tuple(found.timeline + found.clips), tuple(edits), kinds, start, warnings=warnings)


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


# ------------------------------------------------------------------------ the file


def _timeline(path: Path, text: str) -> Any:
    """The first timeline in the file, as the library's object."""
    import opentimelineio as otio

    try:
        json.loads(text)  # the library calls itself for each level, and dies where this says so
        noun = otio.core.deserialize_json_from_string(text)
    except RecursionError as deep:
        raise fault(path, "nests without end", REMEDY) from deep
    except Exception as broken:  # of JSON, of the schema, of types: the library has many
        raise fault(path, f"is no OpenTimelineIO ({plain(str(broken))[:80]})", REMEDY) from broken
    if isinstance(noun, otio.schema.SerializableCollection):
        noun = next((each for each in noun if isinstance(each, otio.schema.Timeline)), None)
    if not isinstance(noun, otio.schema.Timeline):
        raise fault(path, "holds no timeline", REMEDY)
    return noun


# ------------------------------------------------------------------------ where things lie


def _items(item: Any, at: Fraction) -> Iterator[tuple[Any, Fraction, Fraction]]:
    """Everything on the timeline: the item, where it lies, and where its own time begins [s]."""
    import opentimelineio as otio

    own = _begin(item)
    yield item, at, own
    if isinstance(item, otio.schema.Track):
        inside = Fraction(0)
        for child in item:
            if not isinstance(child, otio.schema.Transition):  # those lie over their neighbours
                yield from _items(child, at + inside - own)
                inside += _length(child)
    elif isinstance(item, otio.schema.Stack):
        for child in item:
            yield from _items(child, at - own)


def _begin(item: Any) -> Fraction:
    """Where an item's own time begins [s]: its source range, else all there is of it."""
    import opentimelineio as otio

    if item.source_range is not None:
        return _seconds(item.source_range.start_time)
    if isinstance(item, (otio.schema.Track, otio.schema.Stack)):
        return Fraction(0)
    return _seconds(item.available_range().start_time)


def _length(item: Any) -> Fraction:
    """How long an item lasts [s]."""
    import opentimelineio as otio

    if item.source_range is not None:
        return _seconds(item.source_range.duration)
    lengths = [_length(c) for c in item if not isinstance(c, otio.schema.Transition)] if _holds(item) else []
    if isinstance(item, otio.schema.Track):
        return sum(lengths, Fraction(0))
    if isinstance(item, otio.schema.Stack):
        return max(lengths, default=Fraction(0))
    return _seconds(item.available_range().duration)


def _holds(item: Any) -> bool:
    import opentimelineio as otio

    return isinstance(item, (otio.schema.Track, otio.schema.Stack))


def _collect(found: _Found, timeline: Any, item: Any, at: Fraction, own: Fraction) -> None:
    """The markers of one item."""
    whole = item is timeline.tracks or (_holds(item) and item.parent() is timeline.tracks)
    end = None if whole else own + _length(item)
    for marker in item.markers:
        moment = _seconds(marker.marked_range.start_time)
        if end is not None and not own <= moment < end:
            found.hidden += 1
            continue
        (found.timeline if whole else found.clips).append(_mark(marker, at + moment - own))


def _from_zero(found: _Found, start: Fraction, length: Fraction) -> None:
    """Some programs give a timeline's own markers in its timecode, beyond its end: take it off."""
    if found.timeline and start >= length and all(mark.time >= start for mark in found.timeline):
        found.timeline = [replace(mark, at=mark.time - start) for mark in found.timeline]


def _mark(marker: Any, at: Fraction) -> Mark:
    name, weight, beat = split_wishes(plain(marker.name))
    ours = marker.metadata.get(OURS)
    kind = ours.get("kind") if hasattr(ours, "get") else None
    if kind not in KINDS or beat not in BEATS:
        kind = "marker"
    return Mark(at, name, weight, beat, kind, plain(marker.comment))


def _edits(timeline: Any) -> list[Mark]:
    """Where the items of the first track with a picture begin."""
    video = next(iter(timeline.video_tracks()), None)
    if video is None:
        return []
    at, marks = -_begin(video) - _begin(timeline.tracks), []
    import opentimelineio as otio

    for item in video:
        if not isinstance(item, otio.schema.Transition):
            marks.append(Mark(at, plain(item.name) or "cut"))
            at += _length(item)
    return marks


def _seconds(time: Any) -> Fraction:
    """A time of the library's as a fraction: its value is a number of frames, its rate a rounded fraction."""
    return Fraction(time.value) / exact_rate(time.rate)
