"""Small pieces of music, films and signals that the tests of sound are made with."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from tensionbgm.forms import PPQ, SLOT, Curve, Grid, Key, Part, Piece, Plan, Section, Solver, Video

RATE = 48_000
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "videos"

VIOLINS = Part("Violins", "melody", 48, 0, 55, 96, pan=-0.3, level_db=0.0, reverb=0.35)
HORNS = Part("Horns", "pad", 60, 1, 41, 77, pan=0.3, level_db=-6.0, reverb=0.4)
PIANO = Part("Piano", "arpeggio", 0, 2, 36, 96, pan=0.1, level_db=-4.0, reverb=0.25)
BASSES = Part("Basses", "bass", 43, 3, 28, 55, level_db=-3.0, reverb=0.15)
DRUMS = Part("Drums", "percussion", 48, 9, 35, 81, level_db=-4.0, reverb=0.2)
BAND = (VIOLINS, HORNS, PIANO, BASSES, DRUMS)
CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))


def band_piece(duration_s: float, parts: tuple[Part, ...] = BAND, seed: int = 0) -> Piece:
    """Four chords round and round, swelling to the middle; every part plays in its role's manner."""
    bars = max(round(duration_s / 2), 1)
    rng = np.random.Generator(np.random.PCG64(seed))
    notes = []
    for bar in range(bars):
        chord, loud = CHORDS[bar % 4], int(50 + 60 * np.sin(np.pi * bar / bars))
        for index, part in enumerate(parts):
            for beat, length, pitch in _figure(part.role, chord, rng):
                notes.append((bar * 4 * PPQ + int(beat * PPQ), int(length * PPQ), index, pitch, loud))
    return piece_of(notes, parts, bars, duration_s)


def piece_of(notes: list, parts: tuple[Part, ...], bars: int, duration_s: float) -> Piece:
    """A piece of (onset_tick, duration_tick, part, pitch, velocity) rows in equal bars of 4/4."""
    notes = sorted(notes)
    slots = np.zeros(len(notes), SLOT)
    for k, (onset, length, part, pitch, velocity) in enumerate(notes):
        slots[k] = (onset, length, part, 0, pitch, pitch, 4095, 4095, -1, 3, velocity, k, 0, 0)
    tempo = round(duration_s * 1e6 / (bars * 4))
    grid = Grid(
        np.full(bars, 4),
        np.full(bars, tempo),
        np.zeros(bars, int),
        (Section("A", 0.0, duration_s),),
        np.zeros(0),
        np.zeros(0),
        Solver("OPTIMAL", 0.0, 0.0),
    )
    curve = Curve(np.array([0.0, duration_s]), np.array([0.2, 0.8]), "inline")
    plan = Plan("Test", 0, "cinematic", grid, (Key(0, 9, "minor"),), (), parts, slots, curve)
    return Piece(plan, slots["low"].astype(np.int16), slots["velocity"].copy())


def _figure(role: str, chord: tuple[int, ...], rng: np.random.Generator) -> list:
    if role == "melody":
        return [(beat, 1, int(rng.choice(chord)) + 12) for beat in range(4)]
    if role == "pad":
        return [(0, 4, pitch) for pitch in chord]
    if role == "arpeggio":
        return [(k / 2, 0.5, chord[k % 3] + 12 * (k % 2)) for k in range(8)]
    if role == "bass":
        return [(0, 2, chord[0] - 24), (2, 2, chord[0] - 24)]
    return [(k, 0.25, pitch) for k, pitch in enumerate((36, 42, 38, 42))]


def noise(seconds: float, level_db: float, seed: int = 0) -> np.ndarray:
    """White noise at an RMS level [dBFS], float32 (n, 2)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    white = rng.standard_normal((round(seconds * RATE), 2))
    return (white * 10 ** (level_db / 20)).astype(np.float32)


def clicks(duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """A 1 ms click every half second: sound float32 (n, 2), and their times [s]."""
    sound = np.zeros((round(duration_s * RATE), 2), np.float32)
    times = np.arange(0.25, duration_s - 0.05, 0.5)
    for time in times:
        at = round(time * RATE)
        sound[at : at + 48] = 0.8
    return sound, times


def look_at(path: Path) -> tuple[Video, np.ndarray]:
    """The facts of a film as its decoded frames show them, and the frames' times [s]."""
    with av.open(str(path)) as container:
        stream = min(
            (s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic),
            key=lambda s: s.index,
        )
        times, last = [], 0.0
        packets = container.demux(stream)
        frame = None
        while True:
            try:
                for shown in next(packets).decode():
                    frame = shown
                    times.append(shown.time)
                    last = float((shown.duration or 0) * shown.time_base)
            except StopIteration:
                break
            except av.error.FFmpegError:
                continue
        time_s = np.array(times) - times[0]
        frame_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else last
        rotation = round(frame.rotation / 90) % 4 * 90
        size = (frame.width, frame.height) if rotation % 180 == 0 else (frame.height, frame.width)
        duration_s = float(time_s[-1]) + (last or frame_s)
        if stream.duration and stream.start_time is not None:
            duration_s = min(
                duration_s, max(float(stream.duration * stream.time_base), float(time_s[-1]) + 1e-3)
            )
        video = Video(
            str(path), duration_s, len(times) / duration_s, frame_s, len(times), False, rotation, *size,
            container.format.name, stream.codec.canonical_name, bool(container.streams.audio),
        )  # fmt: skip
        return video, time_s
