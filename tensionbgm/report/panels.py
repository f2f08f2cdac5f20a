"""One panel of the report's picture each: axes in, drawn axes out; time runs from left to right [s]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tensionbgm.forms import Part, Thumbnails
from tensionbgm.music.notes import Notes
from tensionbgm.report import looks
from tensionbgm.report.written import part_of_note

INK, SOFT, RULE = "#22222a", "#767683", "#dddbe3"


def plain_axes(ax: Any, duration_s: float, title: str = "", clock: bool = False) -> None:
    """Strip an axes to its content and set the common time axis; `clock` labels it."""
    ax.set_xlim(0, duration_s)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, labelsize=8, colors=SOFT)
    step = looks.clock_step_s(duration_s)
    ticks = np.arange(0, duration_s + 1e-9, step)
    ax.set_xticks(
        ticks, [looks.clock(t, 1 if step < 1 else 0) for t in ticks] if clock else [""] * len(ticks)
    )
    if title:
        ax.set_title(title, loc="left", fontsize=9, color=SOFT, pad=4, parse_math=False)


def draw_frames(ax: Any, thumbnails: Thumbnails, duration_s: float) -> None:
    """The film as a strip of pictures, each where it is in time."""
    plain_axes(ax, duration_s)
    ax.set_yticks([])
    height, width = thumbnails.rgb.shape[1:3]
    box = ax.get_window_extent()
    for (start, stop), rgb in zip(
        looks.frame_spans(thumbnails.time_s, duration_s), thumbnails.rgb, strict=True
    ):
        aspect = (stop - start) / duration_s * box.width / box.height
        wide = min(width, max(round(height * aspect), 1))
        tall = min(height, max(round(width / aspect), 1))
        left, top = (width - wide) // 2, (height - tall) // 2
        crop = rgb[top : top + tall, left : left + wide]
        ax.imshow(crop, extent=(start, stop, 0, 1), aspect="auto", interpolation="antialiased")
    ax.set_xlim(0, duration_s)
    ax.set_ylim(0, 1)


def draw_sections(ax: Any, sections: Sequence[Mapping[str, Any]], duration_s: float) -> None:
    """Sections as labelled blocks; a return says which section it brings back."""
    plain_axes(ax, duration_s)
    ax.set_yticks([])
    ax.set_ylim(0, 1)
    colours = looks.section_colours([s["label"] for s in sections])
    for section in sections:
        start, length = section["start_s"], section["end_s"] - section["start_s"]
        ax.broken_barh([(start, length)], (0, 1), color=colours[section["label"]], alpha=0.85, lw=0)
        ax.axvline(start, color="white", lw=1.5)
        words = looks.section_words(section)
        fits = len(words) * 0.0062 * duration_s < length
        ax.text(
            start + length / 2,
            0.46,
            words if fits else section["label"],
            ha="center",
            va="center",
            fontsize=10,
            color="white",
            weight="bold",
            clip_on=True,
            parse_math=False,
        )


def draw_curve(
    ax: Any,
    asked: tuple[Any, Any],
    reached: tuple[Any, Any] | None,
    duration_s: float,
    title: str = "",
    measured: str = "asked",
    band: tuple[Any, Any] | None = None,
) -> None:
    """Tension asked for, and if there is any, reached, (times, values) each; `measured` names a lone one.

    `band` is an estimate's doubt, low and high at the times of what is asked.
    """
    plain_axes(ax, duration_s, title)
    ax.set_ylim(-0.02, 1.02)
    ax.set_yticks([0, 0.5, 1])
    ax.grid(axis="y", color=RULE, lw=0.6)
    times, values = _to_edges(*asked, duration_s)
    name = measured if reached is None else "asked"
    if band is not None:
        low, high = (_to_edges(asked[0], edge, duration_s)[1] for edge in band)
        ax.fill_between(times, low, high, color=looks.ASKED, alpha=0.1, lw=0, label="doubt")
    ax.plot(times, values, color=looks.ASKED, lw=2.2, label=name, solid_capstyle="round", zorder=4)
    if reached is None:
        if band is None:
            ax.fill_between(times, values, color=looks.ASKED, alpha=0.12, lw=0)
        return
    ax.fill_between(*_to_edges(*reached, duration_s), color=looks.REACHED, alpha=0.15, lw=0)
    ax.plot(*_to_edges(*reached, duration_s), color=looks.REACHED, lw=1.8, label="reached", zorder=5)
    ax.legend(loc="upper right", fontsize=8, frameon=False, ncols=3, labelcolor=INK, borderaxespad=0)


def draw_component(
    ax: Any,
    name: str,
    asked: tuple[Any, Any] | None,
    level: tuple[Any, Any],
    duration_s: float,
    r: float | None,
) -> None:
    """One component of tension, small, with the curve asked for faint behind it."""
    plain_axes(ax, duration_s)
    ax.set_ylim(0, 1.05)
    ax.set_yticks([])
    ax.set_xticks([])
    if asked is not None:
        ax.plot(*asked, color=looks.ASKED, lw=0.9, alpha=0.45)
    ax.fill_between(*level, color=looks.REACHED, alpha=0.22, lw=0)
    ax.plot(*level, color=looks.REACHED, lw=0.9 if len(level[0]) < 400 else 0.35)
    ax.axhline(0, color=RULE, lw=0.8)
    ax.set_title(name, loc="left", fontsize=8, color=INK, pad=2)
    if r is not None:
        ax.set_title(f"r {r:+.2f}", loc="right", fontsize=7.5, color=SOFT, pad=2)


def draw_felt(ax: Any, time_s: np.ndarray, value: np.ndarray) -> None:
    """What listeners feel, dashed over the tension of the moment: it lags and builds up."""
    ax.plot(time_s, value, color=SOFT, lw=1.1, ls=(0, (4, 3)), label="felt by listeners (composite)")
    ax.legend(loc="upper right", fontsize=8, frameon=False, labelcolor=INK)


def draw_ribbon(
    ax: Any, name: str, edge_s: np.ndarray, value: np.ndarray, duration_s: float, colour: str
) -> None:
    """A tonal tension as a ribbon: as broad as it is tense [radii], window by window [HC16]_."""
    plain_axes(ax, duration_s)
    top = max(float(np.max(value, initial=0.0)), 0.1)
    ax.set_ylim(-top / 2, top / 2)
    ax.set_yticks([])
    ax.set_xticks([])
    broad = np.append(value, value[-1:]) / 2
    ax.fill_between(edge_s, -broad, broad, step="post", color=colour, alpha=0.75, lw=0)
    ax.set_title(f"{name}, at most {top:.2f} radii", loc="left", fontsize=8, color=INK, pad=2)


def draw_chords(ax: Any, chords: Sequence[Sequence[Any]], duration_s: float) -> None:
    """Chord symbols where they begin; where they crowd, those that fit."""
    plain_axes(ax, duration_s)
    ax.set_yticks([])
    ax.set_ylim(0, 1)
    free = -1.0
    for start, symbol in chords:
        ax.plot([start, start], [0, 0.18], color=SOFT, lw=0.7)
        if start >= free:
            ax.text(start, 0.62, symbol, fontsize=8, color=INK, va="center", clip_on=True, parse_math=False)
            free = start + (len(symbol) * 0.0058 + 0.004) * duration_s


def draw_roll(ax: Any, notes: Notes, parts: Sequence[Part], duration_s: float, title: str = "") -> None:
    """Pitched notes as bars, coloured by part, denser where louder."""
    from matplotlib.collections import PolyCollection

    plain_axes(ax, duration_s, title)
    owner = part_of_note(notes, tuple(parts)) if parts else notes.notes["track"].astype(int)
    shown = notes.notes[~notes.notes["drum"]]
    owner = owner[~notes.notes["drum"]]
    if not len(shown):
        return
    behind = np.array([looks.depth(part.role) for part in parts] + [99])
    order = np.argsort(-behind[owner], kind="stable") if parts else slice(None)
    shown, owner = shown[order], owner[order]
    left, pitch = shown["onset_s"], shown["pitch"].astype(float)
    right = left + np.maximum(shown["duration_s"] * 0.94, duration_s / 1500)
    low, high = pitch - 0.42, pitch + 0.42
    corners = np.stack([[left, low], [left, high], [right, high], [right, low]]).transpose(2, 0, 1)
    ax.add_collection(
        PolyCollection(list(corners), facecolors=_note_colours(shown, owner, parts), linewidths=0)
    )
    bottom, top = pitch.min() - 3, pitch.max() + 6  # room for the legend
    ax.set_ylim(bottom, top)
    octaves = np.arange(np.ceil(bottom / 12) * 12, top, 12)
    ax.set_yticks(octaves, [f"C{int(p) // 12 - 1}" for p in octaves])
    ax.grid(axis="y", color=RULE, lw=0.6)
    ax.set_axisbelow(True)


def draw_drums(ax: Any, notes: Notes, duration_s: float) -> None:
    """Percussion strokes, a row for each instrument of the kit."""
    plain_axes(ax, duration_s)
    drum = notes.notes[notes.notes["drum"]]
    kit = np.unique(drum["pitch"])
    row = np.searchsorted(kit, drum["pitch"])
    colours = np.tile(_rgb(looks.ROLES["percussion"][0]), (len(drum), 1))
    alpha = 0.15 + 0.85 * drum["velocity"] / 127
    ax.vlines(drum["onset_s"], row + 0.12, row + 0.88, colors=np.c_[colours, alpha], lw=1.4)
    ax.set_ylim(0, max(len(kit), 1))
    ax.set_yticks([len(kit) / 2], ["drums"])


def draw_cuts(axes: Sequence[Any], cut_s: ArrayLike, strength: ArrayLike) -> None:
    """Cuts as lines through all panels; the stronger a cut looks, the darker its line."""
    cut_s = np.asarray(cut_s, float)
    alpha = looks.cut_fade(len(cut_s)) * (0.15 + 0.6 * np.asarray(strength, float))
    colours = np.c_[np.tile(_rgb(looks.CUT), (len(cut_s), 1)), alpha]
    for ax in axes:
        across = ax.get_xaxis_transform()
        ax.vlines(cut_s, 0, 1, colors=colours, lw=0.9, zorder=1.5, transform=across)


def draw_speech(axes: Sequence[Any], speech_s: Any) -> None:
    """Spans where somebody speaks, shaded."""
    for ax in axes:
        for start, stop in speech_s:
            ax.axvspan(start, stop, color=looks.SPEECH, alpha=0.10, lw=0, zorder=0)


def draw_bars(ax: Any, plan: Mapping[str, Any], duration_s: float) -> None:
    """Bar lines with numbers, the tempo where it changes, keys where they begin."""
    plain_axes(ax, duration_s, clock=True)
    ax.set_yticks([])
    ax.set_ylim(0, 1)
    lines = plan["bars_s"][:-1]
    step = next((s for s in (1, 2, 4, 8, 16, 32, 64) if len(lines) / s <= 40), 128)
    for index, start in enumerate(lines):
        counted = index % step == 0
        ax.plot([start, start], [0.0, 0.22 if counted else 0.1], color=SOFT, lw=0.8 if counted else 0.5)
        if counted:
            ax.text(start, 0.3, f"{index + 1}", fontsize=7, color=SOFT, ha="center", clip_on=True)
    free = -1.0
    for start, bpm in plan["tempo_map"]:
        if start >= free:
            ax.text(start, 0.74, f"♩= {bpm:.0f}", fontsize=8, color=INK, clip_on=True)
            free = start + 0.06 * duration_s


def draw_errors(ax: Any, each: Sequence[Mapping[str, Any]], duration_s: float, title: str = "") -> None:
    """For each cut how early or late the nearest accent is; beyond 250 ms in figures at the edge."""
    plain_axes(ax, duration_s, title)
    ax.axhspan(-40, 40, color=looks.ROLES["arpeggio"][0], alpha=0.14, lw=0)
    ax.axhline(0, color=SOFT, lw=0.7)
    known = [(cut["cut_s"], cut["error_ms"]) for cut in each if cut["error_ms"] is not None]
    if known:
        time_s, error_ms = np.array(known).T
        good = np.abs(error_ms) <= 40
        colours = np.where(good, looks.ROLES["arpeggio"][0], looks.CUT)
        ax.vlines(time_s, 0, np.clip(error_ms, -250, 250), colors=colours, lw=1, alpha=0.5)
        ax.scatter(time_s, np.clip(error_ms, -250, 250), c=colours, s=20, zorder=3, lw=0)
        for at, ms in zip(time_s[np.abs(error_ms) > 250], error_ms[np.abs(error_ms) > 250], strict=True):
            side = "left" if at < 0.9 * duration_s else "right"
            away = f" {abs(ms):.0f} ms "
            ax.text(at, np.sign(ms) * 215, away, fontsize=7, color=looks.CUT, ha=side, va="center")
    ax.set_ylim(-265, 265)
    ax.set_yticks([-200, -40, 40, 200], ["200 ms early", "", "±40 ms", "200 ms late"])


def _note_colours(notes: np.ndarray, owner: np.ndarray, parts: Sequence[Part]) -> np.ndarray:
    palette = [_rgb(c) for c in looks.part_colours(parts)] if parts else [_rgb(c) for c in looks.SECTIONS]
    rgb = np.array([*palette, _rgb(looks.ROLES["percussion"][0])])
    index = np.where(owner < 0, len(palette), owner % max(len(palette), 1))
    return np.c_[rgb[index], 0.25 + 0.75 * notes["velocity"] / 127]


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def _to_edges(times: Any, values: Any, duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """A series drawn out to both ends of the film, constant beyond its points."""
    x, y = np.asarray(times, float), np.asarray(values, float)
    return np.concatenate([[min(0.0, x[0])], x, [max(duration_s, x[-1])]]), np.concatenate([y[:1], y, y[-1:]])
