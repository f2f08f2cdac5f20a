"""Times, names and indexes -> how the report's picture and page show them: colours, clocks, spans."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.forms import Part

ASKED, REACHED = "#4f5bd5", "#e8590c"
CUT, SPEECH = "#d6336c", "#f08c00"
ROLES = {
    "melody": ("#d6336c", "#f06595", "#a61e4d"),
    "counter": ("#e67700", "#ffa94d", "#b35900"),
    "arpeggio": ("#2f9e44", "#69db7c", "#1e6b2e"),
    "pad": ("#1c7ed6", "#74c0fc", "#135a9c"),
    "bass": ("#7048e8", "#b197fc", "#4a2fb0"),
    "percussion": ("#868e96", "#adb5bd", "#5c636a"),
}
SECTIONS = ("#4c8dd6", "#e0a030", "#45a86b", "#c76ba8", "#8a74d6", "#d6754c", "#3fa6ad", "#a0924b")


def part_colours(parts: Sequence[Part]) -> list[str]:
    """A colour for each part: its role's, a shade of it for the second and third of a role."""
    seen: dict[str, int] = {}
    colours = []
    for part in parts:
        shades = ROLES.get(part.role, ROLES["percussion"])
        colours.append(shades[seen.get(part.role, 0) % len(shades)])
        seen[part.role] = seen.get(part.role, 0) + 1
    return colours


def cut_fade(n_cuts: int) -> float:
    """How much fainter the lines of cuts are drawn where they crowd, 0..1."""
    return float(min(1.0, (40 / max(n_cuts, 1)) ** 0.6))


def depth(role: str) -> int:
    """How far behind the others a role is drawn: 0 is in front."""
    order = ("melody", "counter", "arpeggio", "bass", "pad")
    return order.index(role) if role in order else len(order)


def section_colours(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label, in order of appearance: equal labels, equal colours."""
    distinct = list(dict.fromkeys(labels))
    return {label: SECTIONS[i] if i < len(SECTIONS) else _hue(i) for i, label in enumerate(distinct)}


def _hue(index: int) -> str:
    """A colour for an index beyond the palette: hues a golden angle apart, darker on every second turn."""
    shade = 0.62 if index % 2 else 0.48
    rgb = colorsys.hsv_to_rgb(0.08 + index * 0.618034 % 1.0, 0.55, shade)
    return "#" + "".join(f"{round(255 * c):02x}" for c in rgb)


def clock(time_s: float, decimals: int = 0) -> str:
    """Minutes and seconds, "1:05" or "1:05.25"."""
    unit = 10**decimals
    ticks = round(max(time_s, 0.0) * unit)
    minutes, rest = divmod(ticks, 60 * unit)
    seconds = f"{rest / unit:0{3 + decimals if decimals else 2}.{decimals}f}"
    return f"{minutes}:{seconds}"


def clock_step_s(duration_s: float, labels: int = 14) -> float:
    """A round distance between clock labels [s], so that about `labels` fit the film."""
    steps = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
    return next((float(s) for s in steps if duration_s / s <= labels), 600.0)


def frame_spans(time_s: np.ndarray, duration_s: float) -> np.ndarray:
    """Where each thumbnail is shown on the time axis: float (n, 2), meeting halfway between them [s]."""
    if not len(time_s):
        return np.zeros((0, 2))
    middle = (time_s[1:] + time_s[:-1]) / 2
    edges = np.concatenate([[0.0], middle, [duration_s]])
    return np.stack([edges[:-1], edges[1:]], axis=1)


def section_words(section: Mapping[str, Any]) -> str:
    """Label, bars, and what happens on return."""
    words = section["label"]
    if section["repeats"] is not None:
        words += " returns" + (f" {section['transpose']:+d}" if section["transpose"] else "")
    return words + (f" · {section['bars']} bars" if section["bars"] else "")


def film_s(report: Mapping[str, Any]) -> float:
    """Length of the film, or of the music if there is none [s]."""
    return float(report["video"]["duration_s"] if report["video"] else report["plan"]["bars_s"][-1])


def film_name(report: Mapping[str, Any]) -> str:
    """What to call the film."""
    return shown_name(report["video"]["path"]) if report["video"] else "A piece without a film"


def shown_name(path: str) -> str:
    """A file's name, shortened, what cannot be printed replaced."""
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in Path(path).name)
    return name if len(name) <= 80 else f"{name[:60]}…{name[-19:]}"
