"""Small pieces written by hand, and a strategy that draws odd ones: for every test that reads a `Piece`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from tensionbgm.forms import PPQ, SLOT, Chord, Curve, Grid, Key, Part, Piece, Plan, Section, Solver

BEAT, HALF_BEAT, SIXTEENTH, TRIPLET = PPQ, PPQ // 2, PPQ // 4, PPQ // 3

STRINGS = Part("Violins", "melody", 48, 0, 55, 96, -0.3, 0.0, 0.4)
PAD = Part("Horns", "pad", 60, 1, 41, 77, 0.2, -3.0, 0.5)
BASS = Part("Basses", "bass", 43, 2, 28, 55, 0.0, 1.5, 0.2)
DRUMS = Part("Drums", "percussion", 0, 9, 27, 87, 0.0, -6.0, 0.1)
Note = tuple[int, int, int, int, int]  # onset tick, duration in ticks, part, voice, pitch

PARTS = (STRINGS, PAD, BASS, DRUMS)


def mask(*pitch_classes: int) -> int:
    """The 12-bit mask of some pitch classes."""
    return sum(1 << pc for pc in {p % 12 for p in pitch_classes})


def grid(bar_beats: list[int], bar_tempo_us: list[int] | None = None, **changes: object) -> Grid:
    """A grid of the given bars, all one section unless told otherwise."""
    beats = np.array(bar_beats)
    tempo = np.array(bar_tempo_us if bar_tempo_us is not None else [500_000] * len(beats))
    end_s = float(beats.astype(float) @ tempo) / 1e6
    given = {
        "bar_beats": beats,
        "bar_tempo_us": tempo,
        "bar_section": np.zeros(len(beats), int),
        "sections": (Section("A", 0.0, end_s),),
        "cut_s": np.zeros(0),
        "cut_weight": np.zeros(0),
        "solver": Solver("OPTIMAL", 0.0, 0.0),
    }
    return Grid(**{**given, **changes})  # type: ignore[arg-type]


def piece_of(
    notes: list[Note],
    bars: Grid | None = None,
    parts: tuple[Part, ...] = PARTS,
    *,
    keys: tuple[Key, ...] = (Key(0, 0, "major"),),
    chords: tuple[Chord, ...] = (),
    velocity: list[int] | int = 80,
    title: str = "A film",
) -> Piece:
    """A piece of notes (onset tick, duration in ticks, part, voice, pitch), put in the plan's order."""
    bars = bars if bars is not None else grid([4, 4])
    loud = [velocity] * len(notes) if isinstance(velocity, int) else velocity
    order = sorted(range(len(notes)), key=lambda i: (notes[i][0], notes[i][2], notes[i][3], notes[i][4]))
    slots = np.zeros(len(notes), SLOT)
    for row, i in enumerate(order):
        onset, duration, part, voice, _ = notes[i]
        slots[row] = (onset, duration, part, voice, 0, 127, 0xFFF, 0, -1, 0, 80, row, 0, 0)
    end_s = float(bars.bar_us[-1]) / 1e6
    curve = Curve(np.array([0.0, max(end_s, 1e-3)]), np.array([0.2, 0.8]), "inline")
    plan = Plan(title, 0, "cinematic", bars, keys, chords, parts, slots, curve)
    pitch = np.array([notes[i][4] for i in order], np.int16)
    return Piece(plan, pitch, np.array([loud[i] for i in order], np.uint8))


def small_piece(**changes: object) -> Piece:
    """Eight bars for four parts, with all a score can meet: an odd bar, a new key and tempo, a return,
    triplets, ties over the bar, lines that cross, drums.
    """
    bars = grid(
        [4, 4, 4, 3, 4, 4, 4, 4],
        [500_000, 500_000, 500_000, 500_000, 461_538, 461_538, 480_000, 480_000],
        bar_section=np.array([0, 0, 0, 0, 1, 1, 2, 2]),
        sections=(
            Section("A", 0.0, 7.5),
            Section("B", 7.5, 11.192304),
            Section("A", 11.192304, 15.032304, 0, 2),
        ),
        cut_s=np.array([2.0, 3.26, 7.5, 11.19]),
        cut_weight=np.array([1.0, 0.5, 1.0, 0.8]),
    )
    chords = tuple(
        Chord(int(start), int(end), symbol, mask(*pcs), pcs[0], pcs[0])
        for start, end, symbol, pcs in zip(
            bars.bar_tick[:-1], bars.bar_tick[1:], _SYMBOLS, _PITCH_CLASSES, strict=True
        )
    )
    keys = (Key(0, 9, "minor"), Key(4, 0, "minor"), Key(6, 11, "minor"))
    notes, velocity = _small_notes(bars)
    given = {"keys": keys, "chords": chords, "velocity": velocity, "title": "Small piece"}
    return piece_of(notes, bars, **{**given, **changes})  # type: ignore[arg-type]


_SYMBOLS = ("Am", "Dm7", "E7", "E7", "Cm", "G7", "Bm", "F#7")
_PITCH_CLASSES = (
    (9, 0, 4), (2, 5, 9, 0), (4, 8, 11, 2), (4, 8, 11, 2),
    (0, 3, 7), (7, 11, 2, 5), (11, 2, 6), (6, 10, 1, 4),
)  # fmt: skip


def _small_notes(bars: Grid) -> tuple[list[Note], list[int]]:
    notes: list[Note] = []
    figures = [
        [(0, 720, 4), (720, 240, 2), (960, 480, 1), (1440, 480, 0)],
        [(0, 480, 2), (480, 160, 1), (640, 160, 3), (800, 160, 2), (960, 1200, 0)],
        [(240, 480, 1), (720, 240, 2), (960, 120, 3), (1080, 360, 2), (1440, 480, 1)],
        [(0, 960, 1), (960, 240, 2), (1200, 240, 3)],
    ]
    for bar, (tick, beats) in enumerate(
        zip(bars.bar_tick[:-1].tolist(), bars.bar_beats.tolist(), strict=True)
    ):
        pcs, length = _PITCH_CLASSES[bar], beats * BEAT
        for onset, duration, step in figures[bar % 4]:
            notes.append((tick + onset, duration, 0, 0, 72 + pcs[step % len(pcs)]))
        for voice, pc in enumerate(pcs[:3]):
            moves = voice == 1 and bar % 2
            halves = [(0, BEAT), (BEAT, length - BEAT)] if moves else [(0, length)]
            notes.extend((tick + at, long, 1, voice, 48 + pc) for at, long in halves)
        notes.extend((tick + at * BEAT, BEAT, 2, 0, 28 + (pcs[0] - 4) % 12) for at in range(beats))
        for at in range(0, length, HALF_BEAT):
            notes.append((tick + at, SIXTEENTH, 3, 0, 42))
        notes.extend((tick + at * BEAT, SIXTEENTH, 3, 1, 36 if at % 2 == 0 else 38) for at in range(beats))
    last = int(bars.bar_tick[-1])
    notes = [
        (onset, min(length, last - onset), part, voice, pitch) for onset, length, part, voice, pitch in notes
    ]
    return notes, [int(50 + 60 * onset / last) for onset, *_ in notes]


@st.composite
def pieces(draw: st.DrawFn, parts: tuple[Part, ...] = PARTS, max_notes: int = 40) -> Piece:
    """Pieces of up to six bars of 1 to 7 beats whose notes lie on 16ths or triplets, in free lines.

    Notes of one line never overlap; lines may cross, meet in unison and sound against each other.
    """
    beats = draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    tempo = draw(st.lists(st.integers(250_000, 1_500_000), min_size=len(beats), max_size=len(beats)))
    bars = grid(beats, tempo, cut_s=np.sort(np.array(draw(st.lists(st.floats(0, 9), max_size=4)))))
    total = sum(beats)
    notes: list[Note] = []
    for part in range(len(parts)):
        for voice in range(draw(st.integers(0, 3))):
            notes.extend(_line(draw, part, voice, total, max_notes))
    keys = [Key(0, draw(st.integers(0, 11)), draw(st.sampled_from(["major", "minor"])))]
    chords = draw(st.lists(_chords(total * BEAT), max_size=3))
    velocity = draw(st.lists(st.integers(1, 127), min_size=len(notes), max_size=len(notes)))
    return piece_of(notes, bars, parts, keys=tuple(keys), chords=tuple(chords), velocity=velocity)


@st.composite
def _chords(draw: st.DrawFn, end_tick: int) -> Chord:
    root, pcs = draw(st.integers(0, 11)), draw(st.integers(0, 4095))
    start = draw(st.integers(0, end_tick - 1))
    name = draw(st.sampled_from(["C", "Dm7/F", "F#dim7", "Bbmaj7", "N", "?"]))
    return Chord(
        start, draw(st.integers(start + 1, end_tick)), name, pcs | 1 << root, root, draw(st.integers(0, 11))
    )


def _line(draw: st.DrawFn, part: int, voice: int, beats: int, most: int) -> list[Note]:
    """One line: every beat has its own grid, notes last from one point of the grids to a later one."""
    points: list[int] = []
    for beat in range(beats):
        unit = draw(st.sampled_from([BEAT, HALF_BEAT, SIXTEENTH, TRIPLET]))
        points.extend(range(beat * BEAT, (beat + 1) * BEAT, unit))
    points.append(beats * BEAT)
    chosen = sorted(draw(st.sets(st.sampled_from(points), max_size=2 * most)))
    spans = list(pairwise(chosen))
    if draw(st.booleans()):  # with rests between
        spans = spans[0::2]
    return [(a, b - a, part, voice, draw(st.integers(30, 90))) for a, b in spans]
