"""On stdin the text of an OpenTimelineIO file -> on stdout, as JSON, where its markers and cuts are.

Runs as a process of its own, for `otio`.  The library reads every version of its schema; positions are
added up here, in fractions, since its own times are floating point.  A marker lies in the time of the item
it is attached to, which begins at the item's source range.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tensionbgm.markers.marks import KINDS
from tensionbgm.markers.otio import OURS
from tensionbgm.markers.timecode import exact_rate


def main() -> None:
    """Read stdin, answer on stdout."""
    text = sys.stdin.buffer.read().decode()
    sys.stdout.write(json.dumps(read(text)))


def read(text: str) -> dict[str, Any]:
    """What the file says: `timeline`, `clip` and `edit` marks, `hidden` markers, `start`; or its `fault`."""
    try:
        timeline = _timeline(text)
    except Exception as broken:  # of JSON, of the schema, of types: the library has many
        return {"fault": f"is no OpenTimelineIO ({str(broken)[:80]})"}
    if timeline is None:
        return {"fault": "holds no timeline"}
    try:
        return _said(timeline)
    except Exception as broken:  # times that are not there, or no numbers
        return {"fault": f"has an item without a time ({str(broken)[:80]})"}


@dataclass
class _Found:
    timeline: list[dict[str, str]] = field(default_factory=list)
    clip: list[dict[str, str]] = field(default_factory=list)
    hidden: int = 0


def _timeline(text: str) -> Any:
    """The first timeline in the file, as the library's object."""
    import opentimelineio as otio

    noun = otio.core.deserialize_json_from_string(text)
    if isinstance(noun, otio.schema.SerializableCollection):
        noun = next((each for each in noun if isinstance(each, otio.schema.Timeline)), None)
    return noun if isinstance(noun, otio.schema.Timeline) else None


def _said(timeline: Any) -> dict[str, Any]:
    found = _Found()
    start = _seconds(timeline.global_start_time) if timeline.global_start_time else Fraction(0)
    late = _in_timecode(timeline, start)
    for item, at, own in _items(timeline.tracks, Fraction(0)):
        _collect(found, timeline, item, at - late if item is timeline.tracks else at, own)
    marks = {"timeline": found.timeline, "clip": found.clip, "edit": _edits(timeline)}
    return {**marks, "hidden": found.hidden, "start": str(start)}


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
    """The markers of one item; those of the timeline and its tracks are never cut off."""
    whole = item is timeline.tracks or (_holds(item) and item.parent() is timeline.tracks)
    end = None if whole else own + _length(item)
    for marker in item.markers:
        moment = _seconds(marker.marked_range.start_time)
        if end is not None and not own <= moment < end:
            found.hidden += 1
        else:
            (found.timeline if whole else found.clip).append(_told(marker, at + moment - own))


def _told(marker: Any, at: Fraction) -> dict[str, str]:
    ours = marker.metadata.get(OURS)
    kind = ours.get("kind") if hasattr(ours, "get") else None
    return {
        "at": str(at),
        "name": str(marker.name),
        "kind": kind if kind in KINDS else "marker",
        "note": str(marker.comment),
    }


def _in_timecode(timeline: Any, start: Fraction) -> Fraction:
    """What to take off the timeline's own markers [s]: some programs give them in timecode."""
    moments = [_seconds(marker.marked_range.start_time) for marker in timeline.tracks.markers]
    beyond = start >= _length(timeline.tracks) and all(moment >= start for moment in moments)
    return start if moments and beyond else Fraction(0)


def _edits(timeline: Any) -> list[dict[str, str]]:
    """Where the items of the first track with a picture begin."""
    import opentimelineio as otio

    video = next(iter(timeline.video_tracks()), None)
    if video is None:
        return []
    at, marks = -_begin(video) - _begin(timeline.tracks), []
    for item in video:
        if not isinstance(item, otio.schema.Transition):
            marks.append({"at": str(at), "name": str(item.name), "kind": "marker", "note": ""})
            at += _length(item)
    return marks


def _seconds(time: Any) -> Fraction:
    """A time of the library's as a fraction: its value is a number of frames, its rate a rounded fraction."""
    return Fraction(time.value) / exact_rate(time.rate)
