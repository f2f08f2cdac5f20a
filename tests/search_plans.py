"""Plans made by hand for the search: a melody, a counter-melody, a pad, an arpeggio, a bass, drums."""

from __future__ import annotations

import numpy as np
from piece_factory import grid, mask

from tensionbgm.forms import PPQ, SLOT, Chord, Curve, Key, Part, Plan

BAR = 4 * PPQ
ENSEMBLE = (
    Part("Violins", "melody", 48, 0, 57, 91),
    Part("Oboe", "counter", 68, 1, 58, 86),
    Part("Harp", "arpeggio", 46, 2, 48, 84),
    Part("Strings", "pad", 48, 3, 48, 79),
    Part("Basses", "bass", 43, 4, 28, 52),
    Part("Drums", "percussion", 0, 9, 27, 87),
)
AEOLIAN = mask(9, 11, 0, 2, 4, 5, 7)
PROGRESSION = (  # A minor: i VI iv V | i III VII V
    ("Am", 9, (9, 0, 4)), ("F", 5, (5, 9, 0)), ("Dm7", 2, (2, 5, 9, 0)), ("E7", 4, (4, 8, 11, 2)),
    ("Am", 9, (9, 0, 4)), ("C", 0, (0, 4, 7)), ("G", 7, (7, 11, 2)), ("E", 4, (4, 8, 11)),
)  # fmt: skip
RHYTHMS = (
    [(0, 2), (2, 1), (3, 1)],
    [(0, 1), (1, 0.5), (1.5, 0.5), (2, 2)],
    [(0, 1.5), (1.5, 0.5), (2, 1), (3, 0.5), (3.5, 0.5)],
    [(0, 3)],
)


def ensemble_plan(
    n_bars: int = 8, seed: int = 0, *, tied: bool = True, parts: tuple[str, ...] = (), bpm: int = 120
) -> Plan:
    """A minor-key plan; the second half of every sixteen bars repeats the first where `tied`.

    Parameters
    ----------
    parts : roles to use; default: all
    """
    tick = np.arange(n_bars + 1) * BAR
    chords = tuple(
        Chord(int(tick[b]), int(tick[b + 1]), name, mask(*pcs), root, root)
        for b in range(n_bars)
        for name, root, pcs in [PROGRESSION[b % 8]]
    )
    bars = grid([4] * n_bars, [60_000_000 // bpm] * n_bars)
    rows: list[tuple] = []
    for b, chord in enumerate(chords):
        rows.extend(row for row in _bar(b, chord) if not parts or ENSEMBLE[row[2]].role in parts)
    rows.sort(key=lambda row: (row[0], row[2], row[3]))
    end_s = float(bars.bar_us[-1]) / 1e6
    curve = Curve(np.array([0.0, 0.7, 1.0]) * end_s, np.array([0.2, 0.9, 0.3]), "inline")
    slots = np.array(_tie(rows, tied), SLOT)
    return Plan("A test", seed, "cinematic", bars, (Key(0, 9, "minor"),), chords, ENSEMBLE, slots, curve)


def _bar(b: int, chord: Chord) -> list[tuple]:
    """Rows (onset, duration, part, voice, low, high, allowed, chord, aim, strength, velocity)."""
    scale = AEOLIAN | chord.pcs
    if chord.pcs & 1 << 8:
        scale &= ~(1 << 7)  # harmonic minor over the dominant
    lift = int(4 * np.sin(b / 4 * np.pi))

    def row(
        at: float, long: float, part: int, voice: int, span: tuple[int, int], allowed: int, aim: int
    ) -> tuple:
        strength = 3 if at == 0 else 2 if at == 2 else 1 if at == int(at) else 0
        onset, ticks = b * BAR + int(at * PPQ), int(long * PPQ)
        return (onset, ticks, part, voice, *span, allowed, chord.pcs, aim, strength, 80)

    rows = [row(at, long, 0, 0, (64, 88), scale, 74 + lift) for at, long in RHYTHMS[b % 4]]
    rows += [row(at, long, 1, 0, (58, 81), scale, 67 - lift) for at, long in ((1, 1), (2, 1.5), (3.5, 0.5))]
    rows += [
        row(k / 2, 0.5, 2, 0, (50, 76), chord.pcs, (55, 60, 64, 67, 72, 67, 64, 60)[k]) for k in range(8)
    ]
    rows += [row(0, 4, 3, v, (48, 76), chord.pcs, aim) for v, aim in enumerate((67, 61, 55))]
    rows += [row(at, 2, 4, 0, (29, 50), scale, 38) for at in (0, 2)]
    return rows + [row(k, 0.25, 5, 0, (36 + 2 * (k % 2),) * 2, 0xFFF, -1) for k in range(4)]


def _tie(rows: list[tuple], tied: bool) -> list[tuple]:
    """Add tie, shift and how: bars 8..15 of 16 repeat bars 0..7, the melody of bar 9 a whole tone higher."""
    made, ties = [], {}
    for row in rows:
        onset, part, voice = row[0], row[2], row[3]
        bar = onset // BAR
        first = bar % 8 if tied and bar % 16 >= 8 and bar < 16 else bar
        key = (onset - (bar - first) * BAR, part, voice)
        moved = 2 if tied and bar == 9 and part == 0 and row[6] == 0xFFF else 0
        made.append((*row, ties.setdefault(key, len(ties)), moved, 0))
    return made
