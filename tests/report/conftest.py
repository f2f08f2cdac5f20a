"""A finished job made by hand: a film with known cuts, a plan with ties, and music that fits it."""

from dataclasses import dataclass

import numpy as np
import pytest

from tensionbgm.forms import (
    PPQ,
    SLOT,
    Analysis,
    Chord,
    Curve,
    Form,
    Grid,
    Key,
    Motion,
    Part,
    Piece,
    Plan,
    SearchFacts,
    Section,
    Shots,
    Solver,
    Thumbnails,
    Video,
)

PARTS = (
    Part("Flute", "melody", 73, 0, 60, 96),
    Part("Horn", "counter", 60, 1, 41, 77),
    Part("Harp", "arpeggio", 46, 2, 36, 90),
    Part("Strings", "pad", 48, 3, 40, 84),
    Part("Contrabass", "bass", 43, 4, 28, 55),
    Part("Drums", "percussion", 0, 9, 35, 60),
)
HARMONY = (("Dm", 0x224, 2), ("B♭", 0x424, 10), ("F", 0x221, 5), ("C", 0x091, 0))


@dataclass(frozen=True)
class Job:
    """Everything the report is built from."""

    analysis: Analysis
    form: Form
    piece: Piece


def make_job(duration_s=60.0, path="holiday.mp4", seed=0) -> Job:
    """Bars of two seconds; every cut but each third one falls on a downbeat; sections A B A C."""
    n_bars = round(duration_s / 2)
    rng = np.random.default_rng(seed)
    cut_s = np.arange(4.0, duration_s - 1, 4.0)
    cut_s[2::3] += 0.13
    curve = make_curve(duration_s)
    sections = make_sections(n_bars)
    grid = Grid(
        np.full(n_bars, 4),
        np.full(n_bars, 500_000),
        np.repeat(np.arange(len(sections)), [round((s.end_s - s.start_s) / 2) for s in sections]),
        sections,
        cut_s,
        rng.uniform(0.4, 1.0, len(cut_s)),
        Solver("OPTIMAL", 12.0, 12.0, 0.3),
    )
    slots, pitch, velocity = make_notes(curve, n_bars)
    chords = tuple(
        Chord(
            4 * PPQ * b,
            4 * PPQ * (b + 1),
            HARMONY[b % 4][0],
            HARMONY[b % 4][1],
            HARMONY[b % 4][2],
            HARMONY[b % 4][2],
        )
        for b in range(n_bars)
    )
    plan = Plan("Holiday", 7, "cinematic", grid, (Key(0, 2, "minor"),), chords, PARTS, slots, curve)
    piece = Piece(plan, pitch, velocity, SearchFacts("cpu", 8, 4_000_000, 2.1e6, 812.0, 143.0))
    return Job(make_analysis(path, duration_s, cut_s, grid.cut_weight), Form(sections), piece)


def make_curve(duration_s):
    time_s = np.linspace(0, duration_s, 25)
    wave = 0.3 + 0.5 * np.sin(np.pi * time_s / duration_s) ** 2 + 0.15 * np.sin(time_s / 3)
    return Curve(time_s, np.clip(wave, 0, 1), "estimated")


def make_sections(n_bars):
    edges = 2.0 * np.round(np.linspace(0, n_bars, 5))
    return tuple(
        Section(label, edges[i], edges[i + 1], 0 if i == 2 else None, 2 if i == 2 else 0)
        for i, label in enumerate("ABAC")
    )


def make_notes(curve, n_bars):
    rows, pitch, velocity = [], [], []
    for bar in range(n_bars):
        mask = HARMONY[bar % 4][1]
        chord = [p for p in range(36, 96) if mask >> p % 12 & 1]
        level = float(curve.at(2.0 * bar + 1))
        for part, low, count, length in (
            (0, 72, 2 + round(6 * level), 0.9),
            (1, 55, 2, 1.0),
            (2, 60, 8, 0.5),
            (4, 36, 2, 1.0),
        ):
            for k in range(count):
                rows.append((4 * bar + 4 * k / count, 4 * length / count, part, 0))
                pitch.append(min((p for p in chord if p >= low + (3 * k + bar % 3) % 9), default=chord[-1]))
                velocity.append(40 + 70 * level + (15 if k == 0 else 0))
        for voice, p in enumerate(chord[4:7]):
            rows.append((4.0 * bar, 4.0, 3, voice))
            pitch.append(p)
            velocity.append(40 + 60 * level)
        for k in range(round(8 * level)):
            rows.append((4 * bar + k / 2, 0.25, 5, 0))
            pitch.append(36 if k % 4 == 0 else 42)
            velocity.append(50 + 60 * level)
    slots = np.zeros(len(rows), SLOT)
    table = np.array(rows)
    slots["onset_tick"], slots["duration_tick"] = np.round(table[:, 0] * PPQ), np.round(table[:, 1] * PPQ)
    slots["part"], slots["voice"] = table[:, 2], table[:, 3]
    slots["low"], slots["high"] = 0, 127
    slots["tie"] = np.arange(len(rows))
    drum = slots["part"] == 5
    slots["low"][drum] = slots["high"][drum] = np.array(pitch)[drum]
    order = np.lexsort((slots["voice"], slots["part"], slots["onset_tick"]))
    return slots[order], np.array(pitch, np.int16)[order], np.array(velocity, np.uint8)[order]


def make_analysis(path, duration_s, cut_s, strength):
    time_s = np.arange(0, duration_s, 0.2)
    wave = np.abs(np.sin(time_s / 5))
    empty = np.zeros(len(time_s))
    motion = Motion(time_s, 0.4 * wave, empty, 0.3 * wave, 0.1 * wave, 0.5 + empty, 0.4 + empty, empty)
    gradual = np.array([[1.0, 1.8]])
    shots = Shots(cut_s, strength, gradual, np.union1d(cut_s, gradual.mean(axis=1)))
    pictures = make_pictures(24)
    video = Video(
        path, duration_s, 25.0, 0.04, int(25 * duration_s), False, 0, 1280, 720, "mp4", "h264", True
    )
    speech = np.array([[0.2, 0.35], [0.55, 0.6]]) * duration_s
    thumbnails = Thumbnails((np.arange(24) + 0.5) * duration_s / 24, pictures)
    embedding = np.eye(len(shots.boundary_s) + 1, 8, dtype=np.float32)
    return Analysis(video, shots, motion, embedding, speech, thumbnails, ("the sound breaks off at 59.2 s",))


def make_pictures(n):
    y, x = np.mgrid[0:90, 0:160]
    pictures = []
    for i in range(n):
        sky = np.stack([90 + 100 * np.sin(i / 4) + 0 * y, 120 + y, 200 - y], axis=-1)
        hill = y > 60 + 12 * np.sin(x / 25 + i)
        sky[hill] = (40 + 4 * i, 70, 40)
        sky[(x - 6 * i - 10) ** 2 + (y - 25) ** 2 < 120] = (250, 220, 120)
        pictures.append(np.clip(sky, 0, 255))
    return np.array(pictures, np.uint8)


@pytest.fixture(scope="session")
def job():
    return make_job()


@pytest.fixture(scope="session")
def job_of():
    return make_job
