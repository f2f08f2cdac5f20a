"""Marks -> FCPXML: a project with one gap as long as the film; sections are chapters, all others markers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tensionbgm.markers.marks import Mark, join_wishes, plain

VERSION = "1.9"  # of FCPXML: Final Cut Pro 10.4.9 and all later read it, and DaVinci Resolve


def write(
    marks: Sequence[tuple[int, Mark]], title: str, rate: Fraction, begin: int, frames: int, drop: bool
) -> str:
    """A document that imports as a project; all times are whole frames.

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
    drop : bool
        whether the project shows drop-frame timecode
    """
    from xml.etree.ElementTree import Element, SubElement, indent, tostring  # writing is harmless

    root = Element("fcpxml", version=VERSION)
    resources = SubElement(root, "resources")
    SubElement(resources, "format", id="r1", frameDuration=_time(1, rate), width="1920", height="1080")
    event = SubElement(SubElement(root, "library"), "event", name="tensionbgm")
    project = SubElement(event, "project", name=plain(title) or "music")
    origin, length = _time(begin, rate), _time(frames, rate)
    sequence = SubElement(
        project,
        "sequence",
        format="r1",
        tcStart=origin,
        tcFormat="DF" if drop else "NDF",
        duration=length,
    )
    spine = SubElement(sequence, "spine")
    gap = SubElement(spine, "gap", name="Gap", offset=origin, start=origin, duration=length)
    for frame, mark in marks:
        at = _time(begin + frame, rate)
        kind = "chapter-marker" if mark.kind == "section" else "marker"
        element = SubElement(gap, kind, start=at, duration=_time(1, rate), value=join_wishes(mark))
        if mark.kind == "section":
            element.set("posterOffset", "0s")
        if mark.note:
            element.set("note", mark.note)
    indent(root, "    ")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n{tostring(root, encoding="unicode")}\n'
    )


def _time(frame: int, rate: Fraction) -> str:
    """A number of frames as FCPXML writes time: over the rate's own denominator, as its programs do."""
    whole = frame * rate.denominator
    if whole % rate.numerator == 0:
        return f"{whole // rate.numerator}s"
    return f"{whole}/{rate.numerator}s"
