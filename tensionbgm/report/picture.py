"""A report, an analysis or a tension profile -> a PNG that shows it on one time axis."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.forms import Analysis, Curve, Form, Plan, Thumbnails
from tensionbgm.music.notes import Notes
from tensionbgm.music.reading import Reading
from tensionbgm.music.tension import RIBBONS, Profile
from tensionbgm.report import looks, panels, words
from tensionbgm.report.build import form_json
from tensionbgm.report.fit import pearson

WIDTH_IN, DPI = 16.0, 110
PAPER = "#fcfbf9"
SCALE = "0 calm, 1 as tense as the tensest music"
KEY = "red lines are cuts, shaded is speech"
LEFT, RIGHT = 0.055, 0.985
SHOWN = (
    *("diameter", "momentum", "strain", "roughness"),
    *("loudness", "density", "turnover", "register", "parts"),
)


def report_picture(
    report: Mapping[str, Any], notes: Notes, plan: Plan, thumbnails: Thumbnails | None, path: Path
) -> None:
    """Draw the whole job: film, sections, tension, chords, notes, bars, and how cuts were met.

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
        the PNG to write
    """
    duration_s = looks.film_s(report)
    drums = bool(notes.notes["drum"].any())
    heights = {"head": 1.5, "frames": 1.0, "sections": 0.36, "curve": 2.4, "components": 0.95, "chords": 0.3}
    heights |= {"roll": 4.2, "drums": 0.45 if drums else 0.01, "bars": 0.55, "errors": 1.25}
    figure, axes = _figure(
        heights, {"frames": 0.12, "components": 0.6, "chords": 0.4, "errors": 0.6, "curve": 0.4}
    )
    _head(axes["head"], looks.film_name(report), words.headline(report))
    if thumbnails is not None:
        panels.draw_frames(axes["frames"], thumbnails, duration_s)
    panels.draw_sections(axes["sections"], report["form"], duration_s)
    curve = report["curve"]
    asked = (curve["asked"]["times_s"], curve["asked"]["value"])
    reached = (curve["times_s"], curve["achieved"])
    band = (curve["asked"]["low"], curve["asked"]["high"]) if "low" in curve["asked"] else None
    panels.draw_curve(axes["curve"], asked, reached, duration_s, f"tension: {SCALE}; {KEY}", band=band)
    _components(figure, axes["components"], curve, report["metrics"]["tension"]["by_component"], duration_s)
    panels.draw_chords(axes["chords"], report["plan"]["chords"], duration_s)
    panels.draw_roll(axes["roll"], notes, plan.parts, duration_s)
    panels.draw_drums(axes["drums"], notes, duration_s)
    axes["drums"].set_visible(drums)
    panels.draw_bars(axes["bars"], report["plan"], duration_s)
    each = report["metrics"]["cuts"]["each"]
    title = "each cut: how early or late is the nearest accent of the music"
    panels.draw_errors(axes["errors"], each, duration_s, title)
    crossed = [axes[name] for name in ("curve", "roll", "drums")]
    panels.draw_cuts(crossed, [cut["cut_s"] for cut in each], [cut["strength"] for cut in each])
    panels.draw_speech(crossed, report["video"]["speech_s"] if report["video"] else [])
    _part_legend(axes["roll"], plan)
    _save(figure, path)


def analysis_picture(analysis: Analysis, curve: Curve, form: Form, path: Path) -> None:
    """Draw what was found in a film: pictures, shots, sections, motion, speech, estimated tension."""
    duration_s, shots, motion = analysis.video.duration_s, analysis.shots, analysis.motion
    heights = {"head": 0.75, "frames": 1.2, "sections": 0.36, "curve": 2.4, "motion": 1.5, "light": 1.0}
    figure, axes = _figure(heights, {"frames": 0.12, "curve": 0.4, "motion": 0.5, "light": 0.5})
    _head(axes["head"], looks.shown_name(analysis.video.path), (), _film_words(analysis))
    panels.draw_frames(axes["frames"], analysis.thumbnails, duration_s)
    panels.draw_sections(axes["sections"], form_json(form), duration_s)
    title = f"tension, {curve.source}: {SCALE}; {KEY}, pink are gradual transitions"
    band = None if curve.low is None or curve.high is None else (curve.low, curve.high)
    if band:
        title += "; the band is the doubt"
    panels.draw_curve(axes["curve"], (curve.time_s, curve.value), None, duration_s, title, band=band)
    _series(
        axes["motion"],
        motion.time_s,
        {"camera": motion.camera, "subject": motion.subject},
        duration_s,
        "motion [picture widths a second]",
    )
    looks_of = {"brightness": motion.brightness, "saturation": motion.saturation}
    _series(axes["light"], motion.time_s, looks_of, duration_s, "light and colour", clock=True)
    crossed = [axes[name] for name in ("curve", "motion", "light")]
    panels.draw_cuts(crossed, shots.cut_s, shots.strength)
    for ax in crossed:
        for start, stop in shots.gradual_s:
            ax.axvspan(start, stop, color=looks.CUT, alpha=0.12, lw=0)
    panels.draw_speech(crossed, analysis.speech_s)
    _save(figure, path)


def tension_picture(
    notes: Notes,
    profile: Profile,
    reading: Reading,
    path: Path,
    against: Curve | None = None,
    title: str = "",
) -> None:
    """Draw the tension of any score: of the moment and as felt, ribbons over the notes, the rest below."""
    duration_s = max(notes.end_s, float(profile.end_s[-1]), 1e-3)
    drums = bool(notes.notes["drum"].any())
    others = [name for name in SHOWN if name not in RIBBONS]
    heights = {"head": 0.7, "curve": 2.4, **dict.fromkeys(RIBBONS, 0.7), "roll": 3.6}
    heights |= {"drums": 0.45 if drums else 0.01, **dict.fromkeys(others, 0.55), "clock": 0.12}
    figure, axes = _figure(heights, {"curve": 0.35, **dict.fromkeys((*RIBBONS, *others), 0.28), "roll": 0.1})
    asked = None if against is None else (profile.time_s, against.mean(profile.start_s, profile.end_s))
    said = f"{words.count(len(notes.notes), 'note')} in {words.count(len(notes.track_names), 'track')}, "
    said += f"{looks.clock(duration_s, 1)}; {reading.keys[0][1]}"
    said += f" and {words.count(len(reading.keys) - 1, 'change')} of key" if len(reading.keys) > 1 else ""
    said += f"; ribbons of the dialect {reading.dialect}, window {reading.window}"
    if asked is not None and (r := pearson(np.asarray(asked[1]), profile.intensity)) is not None:
        said += f"; fit to the curve r {r:+.2f}"
    _head(axes["head"], looks.shown_name(title) or "Tension", (), said)
    reached = (profile.time_s, profile.intensity)
    panels.draw_curve(
        axes["curve"],
        asked or reached,
        None if asked is None else reached,
        duration_s,
        f"tension: {SCALE}",
        "measured (intensity)",
    )
    panels.draw_felt(axes["curve"], profile.time_s, profile.composite)
    edge_s = np.append(reading.start_s, reading.end_s[-1:])
    for name, colour in zip(RIBBONS, looks.SECTIONS, strict=False):
        panels.draw_ribbon(axes[name], name, edge_s, reading.raw[name], duration_s, colour)
    for name in others:
        r = None if asked is None else pearson(np.asarray(asked[1]), profile.level[name])
        level = (profile.time_s, profile.level[name])
        panels.draw_component(axes[name], name, asked, level, duration_s, r)
    panels.draw_roll(axes["roll"], notes, (), duration_s)
    panels.draw_drums(axes["drums"], notes, duration_s)
    axes["drums"].set_visible(drums)
    panels.plain_axes(axes["clock"], duration_s, clock=True)
    axes["clock"].set_yticks([])
    _save(figure, path)


def _figure(heights: Mapping[str, float], above: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
    """A figure of stacked axes with the given heights and extra space above some of them [inches]."""
    from matplotlib.figure import Figure

    gap, edge = 0.06, 0.3
    total = sum(heights.values()) + gap * len(heights) + sum(above.values()) + 2 * edge
    figure = Figure(figsize=(WIDTH_IN, total), dpi=DPI, facecolor=PAPER)
    axes, top = {}, total - edge
    for name, height in heights.items():
        top -= above.get(name, 0.0)
        axes[name] = figure.add_axes(
            (LEFT, (top - height) / total, RIGHT - LEFT, height / total), facecolor="none"
        )
        top -= height + gap
    return figure, axes


def _head(ax: Any, title: str, figures: Sequence[words.Figure], said: str = "") -> None:
    ax.axis("off")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.text(0, 1, title, fontsize=19, weight="bold", color=panels.INK, va="top", parse_math=False)
    if said:
        ax.text(0, 0.28, said, fontsize=10, color=panels.SOFT, va="top", parse_math=False)
    for index, figure in enumerate(figures):
        x = index / len(figures)
        colour = {True: "#2b8a3e", False: "#c92a2a", None: panels.INK}[figure.good]
        ax.text(x, 0.56, figure.value, fontsize=20, color=colour, va="top", parse_math=False)
        ax.text(
            x, 0.26, figure.title, fontsize=9.5, weight="bold", color=panels.INK, va="top", parse_math=False
        )
        ax.text(x, 0.12, figure.beside, fontsize=8, color=panels.SOFT, va="top", parse_math=False)


def _components(
    figure: Any, ax: Any, curve: Mapping[str, Any], fit: Mapping[str, Any], duration_s: float
) -> None:
    """The components side by side in the place of one axes."""
    box, n = ax.get_position(), len(SHOWN)
    ax.remove()
    asked, width = (curve["times_s"], curve["target"]), box.width / n
    for index, name in enumerate(SHOWN):
        small = figure.add_axes((box.x0 + index * width, box.y0, 0.93 * width, box.height), facecolor="none")
        level = (curve["times_s"], curve["components"][name])
        panels.draw_component(small, name, asked, level, duration_s, fit[name])


def _series(
    ax: Any,
    time_s: np.ndarray,
    series: Mapping[str, np.ndarray],
    duration_s: float,
    title: str,
    clock: bool = False,
) -> None:
    panels.plain_axes(ax, duration_s, title, clock)
    for (name, values), colour in zip(series.items(), (looks.SECTIONS[0], looks.SECTIONS[1]), strict=False):
        ax.plot(time_s, values, color=colour, lw=1.3, label=name)
        ax.fill_between(time_s, values, color=colour, alpha=0.12, lw=0)
    ax.set_ylim(0, 1.3 * max([0.05, *(float(np.max(v, initial=0.0)) for v in series.values())]))
    ax.grid(axis="y", color=panels.RULE, lw=0.6)
    ax.legend(loc="upper right", fontsize=8, frameon=False, ncols=2, labelcolor=panels.INK, borderaxespad=0)


def _part_legend(ax: Any, plan: Plan) -> None:
    from matplotlib.patches import Patch

    pairs = zip(plan.parts, looks.part_colours(plan.parts), strict=True)
    handles = [Patch(color=colour, label=part.name.replace("$", r"\$")) for part, colour in pairs]
    ax.legend(
        handles=handles,
        loc="upper right",
        fontsize=8,
        ncols=len(handles),
        frameon=True,
        framealpha=0.85,
        edgecolor="none",
        facecolor=PAPER,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.2,
        borderaxespad=0.1,
    )


def _film_words(analysis: Analysis) -> str:
    video, shots = analysis.video, analysis.shots
    rate = f"{video.fps:.3g} frames a second" + (", varying" if video.vfr else "")
    said = [looks.clock(video.duration_s, 1), f"{video.width}×{video.height}", rate]
    said += [words.count(len(shots.cut_s), "cut"), words.count(len(shots.gradual_s), "gradual transition")]
    spoken = float(np.sum(analysis.speech_s[:, 1] - analysis.speech_s[:, 0]))
    return ", ".join([*said, f"{spoken:.0f} s of speech" if video.has_audio else "silent"])


def _save(figure: Any, path: Path) -> None:
    """Write the PNG whole or not at all, without dates in it."""
    import warnings

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    aside = path.with_name(f".{path.name}.part")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script the font lacks
        FigureCanvasAgg(figure)
        figure.savefig(aside, format="png", dpi=DPI, facecolor=PAPER, metadata={"Software": None})
    os.replace(aside, path)
