"""Cuts and markers -> accents on the music's own 16ths.

A cut lands where a 16th lies within `TOLERANCE_S` of it, a marker on the beat that was laid for it.  There
whatever starts is struck harder; sustained voices are struck again; drums join in as loudly as the curve
allows.
"""

from __future__ import annotations

import dataclasses
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import PPQ, Grid, Marker
from tensionbgm.plan.grid_markers import beat_ticks
from tensionbgm.plan.kits import KITS
from tensionbgm.plan.percussion import SIXTEENTH, stroke
from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note

TOLERANCE_S = 0.04  # picture and sound this close are felt as one
WEAK = 0.15  # cuts below this weight ask for nothing
CLOSE = PPQ // 2  # of two accents closer than this the weaker one goes [ticks]
RESTRUCK = ("pad", "bass", "counter")  # roles that are struck again at an accent


@dataclass(frozen=True)
class Accent:
    """A place the music should mark."""

    tick: int
    weight: float  # 0..1


def accents(grid: Grid, markers: Sequence[Marker] = ()) -> tuple[Accent, ...]:
    """The markers on their beats, and the cuts that a 16th can meet, in order of time.

    A marker whose beat is missed is a cut like others; where its beat is the end nothing can be struck.
    """
    end, beat = int(grid.bar_tick[-1]), beat_ticks(grid, markers)
    kept: dict[int, Accent] = {}
    for tick, marker in zip(beat.tolist(), markers, strict=True):
        if 0 <= tick < end:
            there = grid.cut_weight[grid.cut_s == marker.time_s]
            earlier = kept[tick].weight if tick in kept else 0.0
            kept[tick] = Accent(tick, float(np.clip(max(marker.weight, earlier, *there), 0.0, 1.0)))
    met = [marker.time_s for marker, tick in zip(markers, beat, strict=True) if tick >= 0]
    tick = np.round(np.asarray(grid.ticks(grid.cut_s)) / SIXTEENTH).astype(int) * SIXTEENTH
    late = np.abs(grid.seconds(tick) - grid.cut_s)
    good = (late <= TOLERANCE_S) & (grid.cut_weight >= WEAK) & (tick < end - SIXTEENTH) & (tick >= 0)
    good &= ~np.isin(grid.cut_s, met)
    for i in sorted(np.flatnonzero(good), key=lambda i: (-grid.cut_weight[i], i)):
        if all(abs(int(tick[i]) - other) >= CLOSE for other in kept):
            kept[int(tick[i])] = Accent(int(tick[i]), float(np.clip(grid.cut_weight[i], 0.0, 1.0)))
    return tuple(sorted(kept.values(), key=lambda a: a.tick))


def land(notes: list[Note], draft: Draft, found: tuple[Accent, ...], roles: list[str]) -> list[Note]:
    """All notes with the accents written in."""
    ticks = [a.tick for a in found]
    written: list[Note] = []
    for number, note in enumerate(notes):
        pieces = _restrike(note, ticks, number) if roles[note.part] in RESTRUCK else [note]
        for piece in pieces:
            at = bisect_left(ticks, piece.onset)
            if at < len(ticks) and ticks[at] == piece.onset:
                piece.accent += round(8 + 16 * found[at].weight)
        written += pieces
    drummers = [i for i, role in enumerate(roles) if role == "percussion"]
    return written + [s for accent in found for part in drummers for s in _strokes(draft, accent, part)]


def _restrike(note: Note, ticks: list[int], number: int) -> list[Note]:
    """A sustained note cut at the accents inside it, the same pitch again."""
    end = note.onset + note.duration
    inside = ticks[bisect_right(ticks, note.onset) : bisect_left(ticks, end)]
    inside = [t for t in inside if t - note.onset >= SIXTEENTH and end - t >= SIXTEENTH]
    if not inside:
        return [note]
    key = note.key if note.key is not None else ("restruck", number)
    edges = [note.onset, *inside, end]
    return [
        dataclasses.replace(
            note, onset=a, duration=b - a, key=key, accent=note.accent if a == note.onset else 0
        )
        for a, b in itertools.pairwise(edges)
    ]


def _strokes(draft: Draft, accent: Accent, part: int) -> list[Note]:
    """What the drums add: a low drum, at strong cuts a cymbal; in calm music a quiet colour on the beat."""
    kit = KITS[draft.palette.drum_style]
    bar = draft.bar_at(accent.tick)
    force = round(3 + 4 * accent.weight)
    on_beat = (accent.tick - bar.start_tick) % PPQ == 0
    if bar.level >= 2:
        drums = [kit.low] + ([kit.crash] if accent.weight >= 0.6 and on_beat else [])
    elif accent.weight >= 0.6 and on_beat:
        drums, force = [kit.soft], min(force, 4)
    else:
        drums = []
    return [stroke(draft, part, accent.tick, drum, force) for drum in drums]
