"""CMX3600 edit decision list -> `Timeline`, and marks -> one; locators, Resolve's markers, or plain cuts.

Written here because the reader that OpenTimelineIO has for it loses locators in drop-frame timecode and
the markers of DaVinci Resolve, and refuses lists whose source and record lengths differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from tensionbgm.markers.marks import (
    Mark,
    Timeline,
    check_count,
    counted,
    fault,
    join_wishes,
    plain,
    wished,
)
from tensionbgm.markers.timecode import Timecode, frame_of, label_of, parse_timecode

REMEDY = "export a CMX3600 EDL with record timecode, or give CSV"
MOST_EVENTS = 20_000
COLOURS = {  # of what is written: the locator's, and Resolve's
    "marker": ("RED", "Red"),
    "section": ("GREEN", "Green"),
    "cut": ("YELLOW", "Yellow"),
    "bar": ("BLUE", "Blue"),
}
LOCATORS = "RED|GREEN|BLUE|CYAN|MAGENTA|YELLOW|BLACK|WHITE|PINK|ORANGE|PURPLE"

_CODE = r"\d\d[:;]\d\d[:;]\d\d[:;.]\d\d\d?"
_EVENT = re.compile(rf"(\d+)\s+(.*\S)\s+({_CODE})\s+({_CODE})\s+({_CODE})\s+({_CODE})")
_LOCATOR = re.compile(rf"\*\s*LOC:\s*({_CODE})\s*(.*)", re.IGNORECASE)
_REACHED = re.compile(r" \((?:met|missed), (?:[+-]\d+ ms|no accent)\)$")
_COLOUR = re.compile(rf"(?:{LOCATORS})\b\s*", re.IGNORECASE)
_RESOLVE = re.compile(r".*?\|\s*C:[^|]*\|\s*M:([^|]*)(?:\|.*)?")


@dataclass
class _Event:
    """A line of the list, and what stands below it."""

    begin: Timecode
    end: Timecode
    reel: str
    video: bool
    dissolve: int  # frames
    locators: list[Mark]
    named: list[Mark]  # Resolve's


def parse(path: Path, text: str) -> Timeline:
    """Locators and markers of a list, and where its picture cuts.

    Raises
    ------
    InputError
        there is no event in it, or a timecode that cannot be
    """
    lines = [" ".join(line.split()) for line in text.splitlines()]
    events, loose, unread = _events(path, lines)
    markers = [mark for event in events for mark in event.locators or event.named] + loose
    cuts = [event for event in events if not event.named]
    if not events and not loose:
        raise fault(path, "holds neither events nor locators", REMEDY)
    edits = [Mark(event.begin, event.reel, late=event.dissolve // 2) for event in cuts if event.video]
    return Timeline(
        tuple(markers),
        tuple(edits),
        counted(len(markers), "locator"),
        span=_span(cuts),
        drop=any(re.fullmatch(r"FCM:\s*DROP\b.*", line, re.IGNORECASE) for line in lines),
        warnings=(f'{path}: "{plain(unread[0])[:60]}" and {len(unread) - 1} more lines are no events',)
        if unread
        else (),
    )


def write(marks: Sequence[tuple[int, Mark]], title: str, rate: Fraction, first: Timecode) -> str:
    """A list with an event of one frame for every marked frame, and its names as locators and for Resolve.

    Parameters
    ----------
    marks : sequence of (int, Mark)
        the frame of the film each lies on, rising
    rate : Fraction
        frames a second
    first : Timecode
        label of the film's first frame
    """
    begin = frame_of(first, rate)
    fcm = "DROP FRAME" if first.drop else "NON-DROP FRAME"
    out = [f"TITLE: {plain(title)}", f"FCM: {fcm}", ""]
    for number, (frame, group) in enumerate(groupby(marks, key=lambda row: row[0]), 1):
        here = [mark for _, mark in group]
        at, after = (label_of(begin + n, rate, first.drop) for n in (frame, frame + 1))
        names = [_said(mark) for mark in here]
        together = "; ".join(name.replace("|", "/") for name in names)
        out.append(f"{number:03d}  AX       V     C        {at} {after} {at} {after}")
        out += [
            f"* LOC: {at} {COLOURS[mark.kind][0]:<7} {name}" for mark, name in zip(here, names, strict=True)
        ]
        out += [f" |C:ResolveColor{COLOURS[here[0].kind][1]} |M:{together} |D:1", ""]
    return "\n".join(out)


def _said(mark: Mark) -> str:
    """A locator has but its name to say all in."""
    name = f"{mark.name} ({mark.note})" if mark.note else mark.name
    return join_wishes(replace(mark, name=plain(name)))


def _events(path: Path, lines: list[str]) -> tuple[list[_Event], list[Mark], list[str]]:
    """Events; locators above all events; lines that begin like an event and are none."""
    events: list[_Event] = []
    loose: list[Mark] = []
    unread: list[str] = []
    locators = 0
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if (match := _EVENT.fullmatch(line)) and (event := _event(path, where, match)):
            events.append(event)
            if len(events) > MOST_EVENTS:
                raise fault(
                    path, f"holds more than {MOST_EVENTS} events", "export the list of this film alone"
                )
        elif match := _LOCATOR.fullmatch(line):
            mark = _named(_code(path, where, match[1]), _COLOUR.sub("", match[2], count=1), where)
            (events[-1].locators if events else loose).append(mark)
            locators += 1
            check_count(path, locators)
        elif (match := _RESOLVE.fullmatch(line)) and events:
            events[-1].named.append(_named(events[-1].begin, match[1], where))
        elif re.match(rf"\d+\s.*{_CODE}\s+{_CODE}", line):
            unread.append(line)
    return events, loose, unread


def _event(path: Path, where: str, match: re.Match[str]) -> _Event | None:
    """The event of a line: number, reel, channels, kind of edit [frames it takes], four timecodes."""
    words = match[2].split()
    frames = int(words.pop()) if len(words) > 3 and re.fullmatch(r"\d{1,5}", words[-1]) else 0
    if len(words) < 3 or not re.fullmatch(r"C|D|W\d*|K[BO]?", words[-1], re.IGNORECASE):
        return None
    channels = words[-2].upper()
    reel = " ".join(words[:-2])
    begin, end = _code(path, where, match[5]), _code(path, where, match[6])
    return _Event(begin, end, reel, "V" in channels or channels == "B", frames, [], [])


def _code(path: Path, where: str, text: str) -> Timecode:
    try:
        code = parse_timecode(text.replace(".", ";"))
    except ValueError as wrong:
        raise fault(path, f"{where}: {wrong}", REMEDY) from wrong
    if code is None:
        raise fault(path, f'{where}: "{text}" is no timecode', REMEDY)
    return code


def _named(at: Timecode, text: str, where: str) -> Mark:
    name, weight, beat = wished(text)
    name = _REACHED.sub("", name)  # what an earlier score said of it
    return Mark(at, name, weight, beat, where=where)


def _span(cuts: list[_Event]) -> tuple[Timecode, Timecode] | None:
    """First and last label of the edit list."""
    if not cuts:
        return None

    def order(code: Timecode) -> tuple[int, ...]:
        return code.hours, code.minutes, code.seconds, code.frames

    return min((c.begin for c in cuts), key=order), max((c.end for c in cuts), key=order)
