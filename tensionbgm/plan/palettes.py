"""Palettes: who plays, when they come in, in what register and in what manner.

A palette is an orchestration, data alone.  `line` says which texture an instrument gets; `levels`
between which energy levels (0 calm .. 4 tutti) it plays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import Part
from tensionbgm.plan.key import Mood


@dataclass(frozen=True)
class Player:
    """One part and what it is given to play."""

    part: Part  # its channel is given when the score is laid out
    line: str  # theme | counter | figure | pad | stab | bass | roots | drums
    levels: tuple[int, int]  # plays from this energy level to that one
    octave: int = 0  # theme: octaves above the written line
    voices: int = 1  # pad, stab: how many lines
    shapes: tuple[str, ...] = ()  # figure: which figures it knows
    rates: tuple[float, ...] = ()  # figure: notes a beat at each of its levels
    gate: float = 1.0  # share of the written length that sounds


@dataclass(frozen=True)
class Palette:
    """An orchestration."""

    name: str
    players: tuple[Player, ...]
    theme_low: int  # where the theme's line moves, before octaves
    theme_high: int
    feel: str  # long | driving | lilting: rhythms of the theme
    bass_style: str
    drum_style: str


def _part(
    name: str,
    role: str,
    program: int,
    low: int,
    high: int,
    pan: float = 0.0,
    level_db: float = 0.0,
    reverb: float = 0.3,
) -> Part:
    return Part(name, role, program, 0, low, high, pan, level_db, reverb)


CINEMATIC = Palette(
    "cinematic",
    (
        Player(_part("Flute", "melody", 73, 60, 91, -0.15, -2, 0.45), "theme", (0, 1)),
        Player(_part("Violins", "melody", 48, 57, 93, -0.4, 0, 0.4), "theme", (2, 4)),
        Player(_part("Horns", "melody", 60, 41, 76, 0.2, -3, 0.45), "theme", (3, 4), octave=-1),
        Player(_part("Cellos", "counter", 42, 38, 69, 0.35, -2, 0.4), "counter", (1, 4)),
        Player(
            _part("Harp", "arpeggio", 46, 43, 86, -0.5, -2, 0.45),
            "figure",
            (0, 2), shapes=("rise", "wave", "broken"), rates=(2, 2, 2),
        ),
        Player(
            _part("Violas", "arpeggio", 45, 50, 77, 0.15, -3, 0.3),
            "figure",
            (1, 4), shapes=("pulse", "rock", "turn"), rates=(1, 1, 2, 2), gate=0.5,
        ),
        Player(_part("Strings", "pad", 49, 45, 79, 0.0, -5, 0.5), "pad", (0, 4), voices=4),
        Player(_part("Choir", "pad", 52, 50, 76, 0.0, -7, 0.6), "pad", (4, 4), voices=3),
        Player(_part("Brass", "pad", 61, 46, 74, 0.3, -5, 0.4), "stab", (3, 4), voices=3),
        Player(_part("Contrabass", "bass", 43, 28, 55, 0.4, -2, 0.35), "bass", (0, 4)),
        Player(_part("Timpani", "bass", 47, 36, 57, -0.1, -3, 0.45), "roots", (3, 4)),
        Player(_part("Percussion", "percussion", 48, 27, 87, 0.0, -3, 0.45), "drums", (0, 4)),
    ),
    62, 84, "long", "orchestral", "orchestral",
)  # fmt: skip

ELECTRONIC = Palette(
    "electronic",
    (
        Player(_part("Electric Piano", "melody", 4, 48, 88, -0.1, -2, 0.35), "theme", (0, 1)),
        Player(_part("Lead", "melody", 81, 52, 91, 0.05, -5, 0.3), "theme", (2, 4)),
        Player(_part("High Lead", "melody", 80, 64, 98, 0.25, -9, 0.35), "theme", (4, 4), octave=1),
        Player(_part("Bells", "counter", 88, 50, 84, 0.3, -5, 0.5), "counter", (1, 4)),
        Player(
            _part("Pluck", "arpeggio", 11, 55, 88, -0.45, -4, 0.4),
            "figure",
            (0, 2), shapes=("rise", "wave", "skip"), rates=(2, 2, 2),
        ),
        Player(
            _part("Sequencer", "arpeggio", 80, 45, 84, 0.4, -9, 0.25),
            "figure",
            (1, 4), shapes=("skip", "wave", "leap"), rates=(2, 4, 4, 4), gate=0.6,
        ),
        Player(_part("Warm Pad", "pad", 89, 45, 79, 0.0, -4, 0.45), "pad", (0, 4), voices=4),
        Player(_part("Sweep", "pad", 95, 52, 84, 0.0, -7, 0.5), "pad", (3, 4), voices=2),
        Player(_part("Chords", "pad", 90, 52, 79, -0.2, -8, 0.3), "stab", (3, 4), voices=3, gate=0.5),
        Player(_part("Synth Bass", "bass", 38, 28, 55, 0.0, -2, 0.1), "bass", (0, 4)),
        Player(_part("Drum Machine", "percussion", 25, 27, 87, 0.0, -2, 0.15), "drums", (0, 4)),
    ),
    60, 82, "driving", "synth", "electronic",
)  # fmt: skip

ACOUSTIC = Palette(
    "acoustic",
    (
        Player(_part("Clarinet", "melody", 71, 50, 84, -0.2, -2, 0.35), "theme", (0, 1)),
        Player(_part("Flute", "melody", 73, 60, 91, 0.15, -1, 0.35), "theme", (2, 4)),
        Player(_part("Violin", "melody", 40, 55, 93, -0.35, -4, 0.35), "theme", (3, 4)),
        Player(_part("Cello", "counter", 42, 38, 69, 0.35, -3, 0.35), "counter", (1, 4)),
        Player(
            _part("Guitar", "arpeggio", 24, 45, 79, -0.4, -1, 0.25),
            "figure",
            (0, 4), shapes=("pick", "travis", "rise"), rates=(2, 2, 2, 2, 4),
        ),
        Player(
            _part("Piano", "arpeggio", 0, 48, 84, 0.3, -3, 0.3),
            "figure",
            (2, 4), shapes=("alberti", "broken", "wave"), rates=(1, 2, 2),
        ),
        Player(_part("Strings", "pad", 49, 47, 77, 0.0, -8, 0.45), "pad", (0, 4), voices=3),
        Player(_part("Accordion", "pad", 21, 52, 76, 0.2, -9, 0.3), "stab", (3, 4), voices=3, gate=0.6),
        Player(_part("Upright Bass", "bass", 32, 28, 55, 0.05, 0, 0.15), "bass", (0, 4)),
        Player(_part("Drums", "percussion", 0, 27, 87, 0.0, -5, 0.25), "drums", (0, 4)),
    ),
    62, 83, "lilting", "walking", "acoustic",
)  # fmt: skip

PALETTES = {palette.name: palette for palette in (CINEMATIC, ELECTRONIC, ACOUSTIC)}


def choose_palette(asked: str | None, mood: Mood, rng: np.random.Generator) -> Palette:
    """The palette asked for, or one for the mood: electronic if busy and cold, acoustic if warm and calm."""
    if asked is not None:
        return PALETTES[asked]
    liking = {
        "cinematic": 0.5,
        "electronic": 0.3 + 0.6 * (mood.energy - 0.5) - 0.25 * mood.valence,
        "acoustic": 0.3 - 0.5 * (mood.energy - 0.5) + 0.4 * mood.valence,
    }
    drawn = {name: value + 0.25 * float(rng.random()) for name, value in liking.items()}
    return PALETTES[max(drawn, key=lambda name: drawn[name])]
