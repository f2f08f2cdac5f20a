"""FCPXML -> `Timeline`: markers and chapters of the first project, and where its primary storyline cuts.

Times are rational in the file and stay so.  An item lies at its `offset` in its parent's time; its own time
begins at `start`; markers and connected items lie in the item's own time.  Written here because the reader
that OpenTimelineIO has for it counts 29.97 frames a second as 29 and drops chapters and titles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from tensionbgm.markers.marks import Mark, Timeline, check_count, counted, fault, plain, wished

REMEDY = "export the project as FCPXML again, or give CSV"
ITEMS = frozenset(
    [
        "clip",
        "asset-clip",
        "ref-clip",
        "sync-clip",
        "mc-clip",
        "video",
        "audio",
        "title",
        "gap",
        "caption",
        "spine",
        "audition",
        "transition",
    ]
)
MARKERS = ("marker", "chapter-marker")
TRANSITION_S = Fraction(3600)  # where the own time of a transition begins: the file does not say it


@dataclass
class _Found:
    path: Path
    asset_s: dict[str, Fraction]  # where the time of each asset begins
    markers: list[Mark] = field(default_factory=list)
    edits: list[Mark] = field(default_factory=list)
    hidden: int = 0  # markers in parts of clips that are cut off


def parse(path: Path, data: bytes) -> Timeline:
    """The first project of the file.

    Raises
    ------
    InputError
        it is not XML, declares entities, holds no project, or a time in it cannot be read
    """
    root = _parsed(path, data)
    if root.tag != "fcpxml":
        raise fault(path, f"is XML, but <{plain(str(root.tag))[:40]}> and no FCPXML", REMEDY)
    sequences = [(project, s) for project in root.iter("project") for s in project.findall("sequence")]
    if not sequences:
        raise fault(path, "holds no project", "select the project, not clips, and export it again")
    project, sequence = sequences[0]
    found = _Found(path, {})
    found.asset_s = {str(a.get("id")): _time(path, a.get("start")) for a in root.iter("asset")}
    start = _time(path, sequence.get("tcStart"))
    try:
        for spine in sequence.findall("spine"):
            _walk_spine(found, spine, -start, primary=True)
    except RecursionError as deep:
        raise fault(path, "nests clips in clips without end", REMEDY) from deep
    name, warnings = plain(project.get("name") or ""), []
    if len(sequences) > 1:
        warnings.append(f'{path}: holds {len(sequences)} projects; the first, "{name}", counts')
    if found.hidden:
        warnings.append(
            f"{path}: left out: {counted(found.hidden, 'marker')} in parts of clips that are cut off"
        )
    kinds = counted(len(found.markers), "marker")
    return Timeline(tuple(found.markers), tuple(found.edits), kinds, start, warnings=tuple(warnings))


def _parsed(path: Path, data: bytes) -> Any:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return fromstring(data)  # a bare <!DOCTYPE fcpxml> is in every file; entities are refused
    except DefusedXmlException as trap:
        raise fault(path, "declares XML entities", REMEDY) from trap
    except (ParseError, ValueError, LookupError) as broken:
        raise fault(path, f"is not valid XML ({broken})", REMEDY) from broken


def _walk_spine(found: _Found, spine: Any, shift: Fraction, primary: bool = False) -> None:
    """Items one after the other; `shift` takes the time of their parent to that of the film."""
    behind = -shift if primary else Fraction(0)  # an item without offset follows the one before
    for item in spine:
        if item.tag not in ITEMS:
            continue
        offset = _time(found.path, item.get("offset"), behind)
        _walk_item(found, item, offset + shift)
        if item.tag != "transition":
            behind = offset + _time(found.path, item.get("duration"))
            if primary:
                found.edits.append(Mark(offset + shift, plain(item.get("name") or item.tag)))


def _walk_item(found: _Found, item: Any, at: Fraction) -> None:
    """Markers of an item that lies `at` in the film, and what is connected to it."""
    if item.tag == "spine":  # a connected storyline
        _walk_spine(found, item, at)
        return
    if item.tag == "audition":  # the first is the one chosen
        chosen = next((child for child in item if child.tag in ITEMS), None)
        if chosen is not None:
            _walk_item(found, chosen, at)
        return
    start = _start(found, item)
    span = item.get("duration")
    end = None if span is None else start + _time(found.path, span)
    for child in item:
        if child.tag in MARKERS:
            own = _time(found.path, child.get("start"))
            if own < start or (end is not None and own >= end):
                found.hidden += 1
                continue
            check_count(found.path, len(found.markers) + 1)
            name, weight, beat = wished(child.get("value") or "")
            found.markers.append(
                Mark(at + own - start, name, weight, beat, note=plain(child.get("note") or ""))
            )
        elif child.tag in ITEMS and child.get(
            "lane"
        ):  # others are the clip's inside, which the film does not show
            _walk_item(found, child, at + _time(found.path, child.get("offset")) - start)


def _start(found: _Found, item: Any) -> Fraction:
    """Where an item's own time begins."""
    if item.tag == "transition":
        return TRANSITION_S
    beginning = (
        found.asset_s.get(str(item.get("ref")), Fraction(0)) if item.tag == "asset-clip" else Fraction(0)
    )
    return _time(found.path, item.get("start"), beginning)


def _time(path: Path, text: str | None, missing: Fraction = Fraction(0)) -> Fraction:
    """The time in "1001/30000s" or "5s" [s]."""
    if text is None:
        return missing
    match = re.fullmatch(r"\s*(-?\d{1,18}(?:\.\d{1,9})?)(?:/(\d{1,18}))?s\s*", text, re.ASCII)
    if match is None or (match[2] and not int(match[2])):
        raise fault(path, f'"{plain(text)[:40]}" is no time', REMEDY)
    return Fraction(match[1]) / int(match[2] or 1)
