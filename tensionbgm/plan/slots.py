"""Notes as the textures write them -> the slot table: sorted, tied, shaped, and checked.

Ties are asked for by key: notes with equal keys want equal pitches up to their shifts.  A note
whose range and pitch classes leave no pitch common to all its tie gets a tie of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import PPQ, SLOT, Curve, Grid, Part


@dataclass(slots=True)
class Note:
    """A note without its pitch, as a texture writes it."""

    onset: int  # [ticks]
    duration: int  # [ticks]
    part: int
    voice: int
    low: int
    high: int
    allowed: int  # 12-bit mask
    chord: int  # 12-bit mask
    aim: int = -1
    accent: int = 0  # added to the velocity
    key: tuple | None = None  # notes with equal keys are tied
    shift: int = 0  # semitones above the key's own pitch


@functools.cache
def domain(low: int, high: int, allowed: int) -> int:
    """Pitches from low to high whose pitch class is allowed, as a bit set."""
    return sum(1 << p for p in range(max(low, 0), min(high, 127) + 1) if allowed >> (p % 12) & 1)


def has_pitch(low: int, high: int, allowed: int) -> bool:
    """Whether some pitch in the range has an allowed pitch class."""
    return domain(low, high, allowed) != 0


def allowed_pitches(low: int, high: int, allowed: int) -> list[int]:
    """Pitches of the range whose pitch class is allowed, rising."""
    return [p for p in range(max(low, 0), min(high, 127) + 1) if allowed >> (p % 12) & 1]


def nearest(pitch: float, low: int, high: int, allowed: int) -> int:
    """The allowed pitch of the range nearest to `pitch`, the lower one if two are as near; -1 if none."""
    found = allowed_pitches(low, high, allowed)
    return min(found, key=lambda p: (abs(p - pitch), p), default=-1)


def build(notes: Iterable[Note], parts: tuple[Part, ...], grid: Grid, curve: Curve) -> np.ndarray:
    """The slot table of all notes.

    Notes that overlap the next one of their line are shortened, those that start together with it
    or lie outside the piece are dropped.

    Returns
    -------
    slots : SLOT (n,)
        sorted by onset, part, voice
    """
    kept = _without_overlaps(notes, int(grid.bar_tick[-1]))
    kept.sort(key=lambda n: (n.onset, n.part, n.voice))
    slots = np.zeros(len(kept), SLOT)
    slots["tie"] = _ties(kept)
    for name, field in _FIELDS.items():
        slots[name] = [getattr(n, field) for n in kept]
    slots["strength"] = strength(grid, slots["onset_tick"])
    slots["velocity"] = _velocity(kept, slots, parts, grid, curve)
    return slots


_FIELDS = {
    "onset_tick": "onset", "duration_tick": "duration", "part": "part", "voice": "voice", "low": "low",
    "high": "high", "allowed": "allowed", "chord": "chord", "aim": "aim", "shift": "shift",
}  # fmt: skip


def _without_overlaps(notes: Iterable[Note], end_tick: int) -> list[Note]:
    """Each line made monophonic; where two notes start together the first written stays."""
    lines: dict[tuple[int, int], list[Note]] = {}
    for note in notes:
        note.duration = min(note.duration, end_tick - note.onset)
        if note.onset >= 0 and note.duration > 0 and has_pitch(note.low, note.high, note.allowed):
            lines.setdefault((note.part, note.voice), []).append(note)
    kept = []
    for line in lines.values():
        line.sort(key=lambda n: n.onset)  # stable: the first written comes first
        last: Note | None = None
        for note in line:
            if last is not None and note.onset == last.onset:
                continue
            if last is not None:
                last.duration = min(last.duration, note.onset - last.onset)
            kept.append(note)
            last = note
    return kept


def strength(grid: Grid, tick: np.ndarray) -> np.ndarray:
    """Metric weight of each score position: 3 downbeat, 2 middle of the bar, 1 beat, 0 off the beat."""
    line = grid.bar_tick
    bar = np.clip(np.searchsorted(line, tick, side="right") - 1, 0, grid.n_bars - 1)
    inside = tick - line[bar]
    middle = np.where(grid.bar_beats[bar] >= 4, (grid.bar_beats[bar] + 1) // 2 * PPQ, -1)
    weight = np.where(inside % PPQ == 0, 1, 0)
    weight = np.where(inside == middle, 2, weight)
    return np.where(inside == 0, 3, weight).astype(np.int8)


# Velocity at each tension, before roles and accents.  Steep where the curve is very calm or very tense, as
# the quantiles of real music are: between its calmest and its tensest fifth it hardly plays louder.
TENSION = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0])
VELOCITY = np.array([36.0, 50.0, 60.0, 72.0, 78.0, 81.0, 85.0, 90.0, 96.0, 110.0])
NORMAL = 72.0  # lifts are those at this velocity: softer music has smaller ones
_ROLE_LIFT = {"melody": 12, "counter": 4, "arpeggio": -6, "pad": -12, "bass": 0, "percussion": -4}
_METRE_LIFT = np.array([-5, 0, 3, 6])


def _velocity(
    kept: list[Note], slots: np.ndarray, parts: tuple[Part, ...], grid: Grid, curve: Curve
) -> np.ndarray:
    """From the curve, the role, the metre and written accents, 1..127."""
    role = np.array([_ROLE_LIFT[part.role] for part in parts])
    lift = role[slots["part"]] + _METRE_LIFT[slots["strength"]] + np.array([n.accent for n in kept])
    loud = np.interp(curve.at(grid.seconds(slots["onset_tick"])), TENSION, VELOCITY)
    return np.clip(np.round(loud * (1 + lift / NORMAL)), 12, 127).astype(np.uint8)


def _ties(kept: list[Note]) -> np.ndarray:
    """A tie for each note; equal keys share one while a pitch is left that suits all."""
    ties = np.zeros(len(kept), np.int32)
    open_ties: dict[tuple, tuple[int, int]] = {}  # key -> (tie, pitches left for shift 0)
    following = 0
    for i, note in enumerate(kept):
        pitches = domain(note.low, note.high, note.allowed)
        base = pitches >> note.shift if note.shift >= 0 else pitches << -note.shift
        if note.key is not None and note.key in open_ties:
            tie, left = open_ties[note.key]
            if left & base:
                ties[i], open_ties[note.key] = tie, (tie, left & base)
                continue
            note.shift = 0  # alone now: its pitch is its own
        elif note.key is not None:
            open_ties[note.key] = (following, base)
        ties[i] = following
        following += 1
    return ties
