"""A report and what was written -> `report.html`: one file, readable without a network."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tensionbgm.forms import Plan, Thumbnails
from tensionbgm.music.notes import Notes
from tensionbgm.report import looks, timeline, words
from tensionbgm.report.picture import SHOWN

FILES = {
    "scored.mp4": "the film with its music",
    "scored.mkv": "the film with its music",
    "scored.mov": "the film with its music",
    "scored.webm": "the film with its music",
    "music.mid": "the music as MIDI: tracks, tempo map, markers for sections and cuts",
    "music.musicxml": "the score, for MuseScore, Dorico, Sibelius or Finale",
    "music.wav": "the music alone",
    "stems": "each part alone, for your own mix",
    "curve.csv": "the tension curve; edit it and pass it back with --curve",
    "plan.json": "the plan, to compose again with other notes",
    "report.json": "every number of this page",
    "report.png": "this page as a picture",
}
COMPONENT_WORDS = {
    "diameter": "how far apart in harmony the notes sounding together are",
    "momentum": "how far the harmony moves from one bar to the next",
    "strain": "how far the harmony is from the key",
    "roughness": "how harsh the notes sounding together are",
    "loudness": "how loud the notes are written",
    "density": "how fast attacks follow one another",
    "turnover": "how soon each voice goes on to another note",
    "register": "how high the notes are",
    "parts": "how many instruments play",
}


def write_page(
    report: Mapping[str, Any],
    notes: Notes,
    plan: Plan,
    thumbnails: Thumbnails | None,
    path: Path,
    files: Iterable[str] | None = None,
) -> None:
    """Write the page, whole or not at all.

    Parameters
    ----------
    report : mapping
        what `build_report` made
    notes : Notes
        read back from the written file
    plan : Plan
        whose parts colour the notes
    thumbnails : Thumbnails or None
        of the film, if there is one
    path : Path
        the HTML file to write
    files : names, optional
        what lies beside the page; default: those of `FILES` that do
    """
    beside = [name for name in FILES if (path.parent / name).exists()] if files is None else list(files)
    text = _template().render(**_context(report, notes, plan, thumbnails, beside))
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(text, encoding="utf-8", errors="replace")
    os.replace(aside, path)


def _template() -> Any:
    import jinja2

    loader = jinja2.PackageLoader("tensionbgm.report", "")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["clock"] = looks.clock
    environment.filters["at"] = lambda share: f"{100 * share:.3f}%"
    return environment.get_template("report.html")


def _context(
    report: Mapping[str, Any], notes: Notes, plan: Plan, thumbnails: Thumbnails | None, files: Sequence[str]
) -> dict[str, Any]:
    duration_s = looks.film_s(report)
    film = next((name for name in files if name.startswith("scored.")), None)
    return {
        "report": report,
        "title": looks.film_name(report),
        "about": _about(report, duration_s),
        "duration_s": duration_s,
        "width": timeline.cents(duration_s),
        "height": timeline.CURVE_HEIGHT,
        "headline": words.headline(report),
        "details": words.details(report),
        "cut_bars": words.cut_bars(report),
        "tension_bars": words.tension_bars(report),
        "film": None if film is None else quote(film),
        "files": [(name, quote(name), FILES.get(name, "")) for name in files],
        "frames": _frames(thumbnails, duration_s),
        "sections": _sections(report),
        "chords": _chords(report, duration_s),
        "curves": _curves(report, duration_s),
        "components": _components(report, duration_s),
        "roll": timeline.piano_roll(notes, plan.parts),
        "cuts": _cuts(report, duration_s),
        "speech": [
            (a / duration_s, (b - a) / duration_s) for a, b in (report["video"] or {}).get("speech_s", [])
        ],
        "clock_labels": _clock_labels(duration_s),
        "bars": _bars(report, duration_s),
        "tempi": [(t / duration_s, bpm) for t, bpm in report["plan"]["tempo_map"]],
        "live": _live(report, duration_s),
        "looks": looks,
        "number": words.number,
    }


def _about(report: Mapping[str, Any], duration_s: float) -> str:
    video, plan = report["video"], report["plan"]
    bpm = [tempo for _, tempo in plan["tempo_map"]]
    said = [looks.clock(duration_s, 1)]
    if video:
        told = "" if video["cuts_from"] == "picture" else f" by {video['cuts_from']}"
        said += [f"{video['width']}×{video['height']}", words.count(len(video["cuts_s"]), "cut") + told]
    said += [", then ".join(dict.fromkeys(name for _, name in plan["key"])), f"{plan['meter']}"]
    if bpm:
        spread = f"{min(bpm):.0f}" if max(bpm) - min(bpm) < 1 else f"{min(bpm):.0f} to {max(bpm):.0f}"
        said.append(f"{spread} quarters a minute")
    return " · ".join([*said, f"{plan['palette']} palette", f"seed {report['seed']}"])


def _frames(thumbnails: Thumbnails | None, duration_s: float) -> list[tuple[float, float, str]]:
    """(left, width, data URI) of each picture, shares of the film."""
    if thumbnails is None or not len(thumbnails.time_s):
        return []
    spans = looks.frame_spans(thumbnails.time_s, duration_s) / duration_s
    pairs = zip(spans, timeline.data_uris(thumbnails), strict=True)
    return [(float(a), float(b - a), uri) for (a, b), uri in pairs]


def _sections(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    sections, duration_s = report["form"], looks.film_s(report)
    colours = looks.section_colours([section["label"] for section in sections])
    return [
        {
            **section,
            "left": section["start_s"] / duration_s,
            "width": (section["end_s"] - section["start_s"]) / duration_s,
            "colour": colours[section["label"]],
            "words": looks.section_words(section),
        }
        for section in sections
    ]


def _chords(report: Mapping[str, Any], duration_s: float) -> list[tuple[float, float, str]]:
    chords = report["plan"]["chords"]
    ends = [*(start for start, _ in chords[1:]), duration_s][: len(chords)]
    return [
        (start / duration_s, max(end - start, 0) / duration_s, symbol)
        for (start, symbol), end in zip(chords, ends, strict=True)
    ]


def _curves(report: Mapping[str, Any], duration_s: float) -> dict[str, str]:
    curve = report["curve"]
    asked, reached = (
        (curve["asked"]["times_s"], curve["asked"]["value"]),
        (curve["times_s"], curve["achieved"]),
    )
    band = curve["asked"] if "low" in curve["asked"] else None
    return {
        "band": timeline.band_path(band["times_s"], band["low"], band["high"], duration_s) if band else "",
        "asked": timeline.curve_path(*asked, duration_s),
        "reached": timeline.curve_path(*reached, duration_s),
        "area": timeline.area_path(*reached, duration_s),
        "ghost": timeline.curve_path(curve["times_s"], curve["target"], duration_s),
    }


def _components(report: Mapping[str, Any], duration_s: float) -> list[dict[str, Any]]:
    curve, fit = report["curve"], report["metrics"]["tension"]["by_component"]
    return [
        {
            "name": name,
            "words": COMPONENT_WORDS[name],
            "r": fit[name],
            "area": timeline.area_path(curve["times_s"], curve["components"][name], duration_s),
        }
        for name in SHOWN
    ]


def _cuts(report: Mapping[str, Any], duration_s: float) -> list[dict[str, Any]]:
    fps = report["video"]["fps"] if report["video"] else None
    return [_cut(cut, report["plan"]["bars_s"], duration_s, fps) for cut in report["metrics"]["cuts"]["each"]]


def _cut(
    cut: Mapping[str, Any], bars_s: Sequence[float], duration_s: float, fps: float | None
) -> dict[str, Any]:
    error_ms, accent_s = cut["error_ms"], cut["cut_s"] + (cut["error_ms"] or 0.0) / 1000
    late = "" if error_ms is None or abs(error_ms) < 0.5 else " late" if error_ms > 0 else " early"
    return {
        **cut,
        "left": cut["cut_s"] / duration_s,
        "top": None if error_ms is None else min(max(0.5 + error_ms / 500, 0.06), 0.94),
        "met": error_ms is not None and abs(error_ms) <= 40,
        "words": words.NONE if error_ms is None else f"{abs(error_ms):.0f} ms{late}",
        "frames": None if error_ms is None or not fps else abs(error_ms) / 1000 * fps,
        "bar": min(bisect.bisect_right(bars_s, accent_s + 0.002), max(len(bars_s) - 1, 1)),
    }


def _clock_labels(duration_s: float) -> list[tuple[float, str]]:
    step = looks.clock_step_s(duration_s)
    count = int(duration_s / step + 1e-6) + 1
    return [(i * step / duration_s, looks.clock(i * step, 1 if step < 1 else 0)) for i in range(count)]


def _bars(report: Mapping[str, Any], duration_s: float) -> list[tuple[float, int, bool]]:
    """(place, number, numbered) of each bar line."""
    lines = report["plan"]["bars_s"][:-1]
    step = next((s for s in (1, 2, 4, 8, 16, 32, 64) if len(lines) / s <= 40), 128)
    return [(start / duration_s, i + 1, i % step == 0) for i, start in enumerate(lines)]


def _live(report: Mapping[str, Any], duration_s: float) -> dict[str, Any]:
    """What the page's own script needs to say where the playhead is."""
    curve = report["curve"]
    return {
        "duration_s": duration_s,
        "bars_s": [round(bar, 3) for bar in report["plan"]["bars_s"]],
        "chords": report["plan"]["chords"],
        "sections": [[s["start_s"], looks.section_words(s)] for s in report["form"]],
        "times_s": curve["times_s"],
        "asked": curve["target"],
        "reached": curve["achieved"],
        "cuts_s": [cut["cut_s"] for cut in report["metrics"]["cuts"]["each"]],
    }
