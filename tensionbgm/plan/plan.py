"""Grid, curve and wishes -> Plan: the piece without its pitches."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tensionbgm.config import Ask
from tensionbgm.forms import Curve, Grid, Key, Marker, Part, Plan
from tensionbgm.plan import accents, bass, breaths, counter, doubling, figures, pads, percussion, theme
from tensionbgm.plan.freedom import loosen
from tensionbgm.plan.harmony import Span, harmonise, merge
from tensionbgm.plan.key import Mood, choose_key, spell, tonic_fifths
from tensionbgm.plan.palettes import Palette, Player, choose_palette
from tensionbgm.plan.phrases import Bar, lay_out
from tensionbgm.plan.returns import labelled
from tensionbgm.plan.score import Draft, dice
from tensionbgm.plan.slots import Note, build
from tensionbgm.plan.staffing import close_off, staff
from tensionbgm.progress import Watch

DRUM_CHANNEL = 9
SEEN = 0.15  # weight from which a cut is seen as one


def plan_piece(
    grid: Grid,
    curve: Curve,
    ask: Ask,
    mood: Mood,
    title: str,
    watch: Watch | None = None,
    markers: Sequence[Marker] = (),
) -> Plan:
    """Choose key, chords, parts and note slots.

    Parameters
    ----------
    grid : Grid
        tempo, bars, sections and accents; at least one bar
    curve : Curve
        the tension to follow
    ask : Ask
        palette, key and seed are read
    mood : Mood
        settles what was not asked for
    title : str
        of the piece
    watch : Watch
        told how far the work is
    markers : sequence of Marker
        in order of time, each among the grid's accents; struck on their beats

    Returns
    -------
    plan : Plan
        the same for the same input and seed

    Raises
    ------
    InputError
        the key asked for is none
    """
    watch = watch or Watch()
    with watch.stage("plan"):
        film = _film(grid)
        mood = dataclasses.replace(mood, cuts_per_min=_cuts_per_min(grid))
        palette = choose_palette(ask.palette, mood, dice(ask.seed, film, "palette"))
        tonic, mode = choose_key(ask.key, mood, dice(ask.seed, film, "key"))
        bars = lay_out(grid, curve)
        palette = staff(palette, bars)
        spans, solver = harmonise(grid, bars, curve, tonic, mode, dice(ask.seed, film, "harmony"))
        watch.tick(0.3)
        draft = Draft(bars, _by_bar(bars, spans), palette, tonic, mode, ask.seed, film, _peak(bars))
        notes = _write(draft, palette, grid, markers, watch)
        parts, notes = _used(palette, notes)
        return Plan(
            title=title,
            seed=ask.seed,
            palette=palette.name,
            grid=labelled(grid, {bar.section: bar.material for bar in bars if not bar.intro}),
            keys=_keys(bars, tonic, mode),
            chords=merge(spans, bars, mode),
            parts=parts,
            slots=build(notes, parts, grid, curve),
            curve=curve,
            markers=tuple(markers),
            harmony=solver,
        )


def _film(grid: Grid) -> str:
    """What tells one film from another: its length and where it cuts [ms]."""
    cuts = np.round(np.asarray(grid.cut_s) * 1000).astype(int).tolist()
    return f"{round(int(grid.bar_us[-1]) / 1000)} {cuts}"


def _cuts_per_min(grid: Grid) -> float:
    """How often the film cuts; what hardly counts as a cut does not count here."""
    return float(np.sum(np.asarray(grid.cut_weight) >= SEEN)) * 60e6 / max(int(grid.bar_us[-1]), 1)


def _peak(bars: tuple[Bar, ...]) -> int:
    return int(np.argmax([bar.target for bar in bars]))


def _by_bar(bars: tuple[Bar, ...], spans: tuple[Span, ...]) -> tuple[tuple[Span, ...], ...]:
    found: list[list[Span]] = [[] for _ in bars]
    for span in spans:
        found[span.bar].append(span)
    return tuple(tuple(row) for row in found)


def _write(draft: Draft, palette: Palette, grid: Grid, markers: Sequence[Marker], watch: Watch) -> list[Note]:
    """Every texture in turn, then accents and breaths."""
    playing: dict[str, list[tuple[int, Player]]] = {}
    for i, player in enumerate(palette.players):
        playing.setdefault(player.line, []).append((i, player))
    low = bass.write_bass(draft, playing["bass"])
    themes = theme.themes_of(draft, low)
    melody = theme.write_theme(draft, playing["theme"], themes, low)
    notes = low + melody + counter.write_counter(draft, playing.get("counter", []), melody, low)
    notes += doubling.write_doubles(draft, playing.get("double", []), themes)
    watch.tick(0.5)
    notes += pads.write_pads(draft, playing["pad"]) + pads.write_stabs(draft, playing.get("stab", []))
    notes += bass.write_roots(draft, playing.get("roots", []))
    notes += percussion.write_drums(draft, playing["drums"])
    notes += figures.write_figures(draft, playing["figure"], notes)
    watch.tick(0.7)
    roles = [player.part.role for player in palette.players]
    notes = close_off(notes, draft)
    notes = breaths.breathe(loosen(notes, draft, roles), draft, roles)
    found = accents.accents(grid, markers)
    struck = [accent.tick for accent in found]
    notes = breaths.leave_holes(breaths.part_phrases(notes, draft, roles), draft, roles, struck)
    return accents.land(notes, draft, found, roles)


def _used(palette: Palette, notes: list[Note]) -> tuple[tuple[Part, ...], list[Note]]:
    """The parts that have something to play, on channels of their own; notes renumbered to them."""
    used = sorted({note.part for note in notes})
    channels = iter(c for c in range(16) if c != DRUM_CHANNEL)
    parts = []
    for i in used:
        part = palette.players[i].part
        channel = DRUM_CHANNEL if part.role == "percussion" else next(channels)
        parts.append(dataclasses.replace(part, channel=channel))
    place = {i: n for n, i in enumerate(used)}
    for note in notes:
        note.part = place[note.part]
    return tuple(parts), notes


def _keys(bars: tuple[Bar, ...], tonic: int, mode: str) -> tuple[Key, ...]:
    """The home key, and the keys of transposed returns."""
    keys: list[Key] = []
    for bar in bars:
        here = (tonic + bar.transpose) % 12
        if not keys or keys[-1].tonic != here:
            keys.append(Key(bar.index, here, mode))
    return tuple(keys)


def describe(plan: Plan) -> str:
    """The plan in words, a line per bar: section, chords, notes in each part."""
    grid, slots = plan.grid, plan.slots
    key = plan.keys[0]
    tonic = spell(tonic_fifths(key.tonic, key.mode))
    lines = [f"{plan.title}: {plan.palette}, {tonic} {key.mode}, seed {plan.seed}"]
    ticks = grid.bar_tick
    for b in range(grid.n_bars):
        inside = (slots["onset_tick"] >= ticks[b]) & (slots["onset_tick"] < ticks[b + 1])
        count = np.bincount(slots["part"][inside], minlength=len(plan.parts))
        chords = " ".join(c.symbol for c in plan.chords if ticks[b] <= c.start_tick < ticks[b + 1])
        label = grid.sections[int(grid.bar_section[b])].label
        tension = float(plan.curve.at(grid.seconds(int(ticks[b]))))
        lines.append(f"{b + 1:4d} {label:3s} {tension:.2f} {chords:24s} {' '.join(f'{n:3d}' for n in count)}")
    return "\n".join(lines)
