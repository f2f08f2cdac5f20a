"""Palettes: who plays, when they come in, in what register and in what manner.

A palette is an orchestration, data alone.  `line` says which texture an instrument gets; `levels`
between which energy levels (0 calm .. 4 tutti) it plays.  Seats have more than one taker: from film to
film and seed to seed another band plays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import Part
from tensionbgm.plan.key import NEUTRAL, Mood


@dataclass(frozen=True)
class Player:
    """One part and what it is given to play."""

    part: Part  # its channel is given when the score is laid out
    line: str  # theme | double | counter | figure | pad | stab | bass | roots | drums
    levels: tuple[int, int]  # plays from this energy level to that one
    octave: int = 0  # theme: octaves above the written line
    voices: int = 1  # pad, stab: how many lines
    shapes: tuple[str, ...] = ()  # figure: which figures it knows
    fastest: int = 4  # figure: notes a beat at most
    gate: float = 1.0  # share of the written length that sounds
    waits: float = 0.0  # tension below which it keeps out of the lowest of its levels

    def plays(self, level: int, tension: float) -> bool:
        """Whether it plays in a bar of this level and tension."""
        low, high = self.levels
        return low <= level <= high and (level > low or tension >= self.waits)


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


Seat = tuple[Player, ...]  # those who may sit there; the first is the usual one


@dataclass(frozen=True)
class Ensemble:
    """The palettes of one name: who may play what, and in which manners."""

    name: str
    seats: tuple[Seat, ...]
    theme_low: int
    theme_high: int
    feels: tuple[str, ...]
    bass_styles: tuple[str, ...]
    drum_styles: tuple[str, ...]

    def palette(self, players: tuple[Player, ...], manner: tuple[str, str, str]) -> Palette:
        """One orchestration of it."""
        return Palette(self.name, players, self.theme_low, self.theme_high, *manner)


CINEMATIC = Ensemble(
    "cinematic",
    (
        (
            Player(_part("Flute", "melody", 73, 60, 93, -0.15, -2, 0.45), "theme", (0, 1)),
            Player(_part("Oboe", "melody", 68, 58, 89, 0.1, -2, 0.45), "theme", (0, 1)),
            Player(_part("Clarinet", "melody", 71, 50, 89, 0.1, -2, 0.45), "theme", (0, 1)),
            Player(_part("Solo Violin", "melody", 40, 55, 93, -0.2, -2, 0.5), "theme", (0, 1)),
            Player(_part("Piano", "melody", 0, 48, 93, -0.1, -1, 0.45), "theme", (0, 1)),
        ),
        (
            Player(_part("Violins", "melody", 48, 57, 98, -0.4, 0, 0.4), "theme", (2, 4)),
            Player(_part("Violins", "melody", 48, 57, 98, -0.4, 0, 0.4), "theme", (2, 4)),
            Player(_part("Trumpet", "melody", 56, 54, 91, -0.1, -2, 0.45), "theme", (2, 4)),
        ),
        (
            Player(_part("Horns", "melody", 60, 41, 79, 0.2, -3, 0.45), "double", (3, 4)),
            Player(_part("Trombones", "melody", 57, 43, 76, 0.25, -4, 0.45), "double", (3, 4)),
            Player(_part("Woodwinds", "melody", 68, 58, 91, 0.1, -4, 0.45), "double", (3, 4)),
        ),
        (
            Player(_part("Cellos", "counter", 42, 38, 69, 0.35, -2, 0.4), "counter", (1, 4)),
            Player(_part("Bassoon", "counter", 70, 38, 69, 0.25, -2, 0.4), "counter", (1, 3)),
            Player(_part("Solo Horn", "counter", 60, 41, 70, 0.2, -4, 0.5), "counter", (1, 3)),
            Player(_part("Cellos", "counter", 42, 38, 69, 0.35, -2, 0.4), "counter", (2, 4)),
        ),
        (
            Player(
                _part("Harp", "arpeggio", 46, 43, 84, -0.5, -2, 0.45),
                "figure",
                (0, 2), shapes=("rise", "wave", "broken"),
            ),
            Player(
                _part("Celesta", "arpeggio", 8, 60, 91, -0.5, -5, 0.5),
                "figure",
                (0, 2), shapes=("drops", "sparse", "turn"),
            ),
            Player(
                _part("Marimba", "arpeggio", 12, 48, 81, -0.4, -3, 0.4),
                "figure",
                (0, 3), shapes=("rock", "skip", "three"), gate=0.6,
            ),
            Player(
                _part("Low Piano", "arpeggio", 0, 40, 72, -0.3, -4, 0.45),
                "figure",
                (0, 3), shapes=("sparse", "broken", "fall"),
            ),
        ),
        (
            Player(
                _part("Violas", "arpeggio", 45, 48, 74, 0.15, -3, 0.3),
                "figure",
                (2, 4), shapes=("pulse", "rock", "turn"), gate=0.5,
            ),
            Player(
                _part("Spiccato Strings", "arpeggio", 48, 48, 74, 0.15, -5, 0.35),
                "figure",
                (2, 4), shapes=("three", "motor", "pulse"), gate=0.45,
            ),
            Player(
                _part("Tremolo Strings", "arpeggio", 44, 50, 77, 0.15, -5, 0.4),
                "figure",
                (2, 4), shapes=("motor", "drops"),
            ),
        ),
        (Player(_part("Strings", "pad", 49, 43, 74, 0.0, -5, 0.5), "pad", (0, 4), voices=4),),
        (
            Player(_part("Brass", "pad", 61, 46, 72, 0.3, -5, 0.4), "stab", (4, 4), voices=3, gate=0.8),
            Player(_part("Choir", "pad", 52, 50, 74, 0.0, -7, 0.6), "pad", (4, 4), voices=2),
            Player(_part("Brass", "pad", 61, 46, 72, 0.3, -5, 0.4), "stab", (3, 4), voices=3),
        ),
        (Player(_part("Contrabass", "bass", 43, 28, 55, 0.4, -2, 0.35), "bass", (0, 4)),),
        (Player(_part("Timpani", "bass", 47, 36, 57, -0.1, -3, 0.45), "roots", (3, 4)),),
        (Player(_part("Percussion", "percussion", 48, 27, 87, 0.0, -3, 0.45), "drums", (0, 4)),),
    ),
    66, 88, ("long", "dotted", "flowing"), ("orchestral", "marching"), ("orchestral", "epic", "distant"),
)  # fmt: skip

ELECTRONIC = Ensemble(
    "electronic",
    (
        (
            Player(_part("Electric Piano", "melody", 4, 48, 91, -0.1, -2, 0.35), "theme", (0, 1)),
            Player(_part("Glass", "melody", 92, 52, 91, -0.1, -3, 0.5), "theme", (0, 1)),
            Player(_part("Muted Guitar", "melody", 28, 45, 88, -0.15, -2, 0.4), "theme", (0, 1)),
        ),
        (
            Player(_part("Lead", "melody", 81, 52, 93, 0.05, -5, 0.3), "theme", (2, 4)),
            Player(_part("Calliope Lead", "melody", 82, 52, 93, 0.05, -3, 0.35), "theme", (2, 4)),
            Player(_part("Chiff Lead", "melody", 83, 52, 93, 0.05, -3, 0.35), "theme", (2, 4)),
        ),
        (
            Player(_part("Second Lead", "melody", 80, 48, 86, 0.25, -9, 0.35), "double", (4, 4)),
            Player(_part("Voice Lead", "melody", 85, 48, 86, 0.25, -6, 0.45), "double", (3, 4)),
        ),
        (
            Player(_part("Bells", "counter", 88, 48, 79, 0.3, -5, 0.5), "counter", (1, 4)),
            Player(_part("Synth Strings", "counter", 50, 43, 74, 0.3, -5, 0.45), "counter", (2, 4)),
            Player(_part("Halo", "counter", 94, 45, 76, 0.3, -6, 0.5), "counter", (1, 3)),
        ),
        (
            Player(
                _part("Pluck", "arpeggio", 11, 55, 86, -0.45, -4, 0.4),
                "figure",
                (0, 2), shapes=("rise", "wave", "skip"),
            ),
            Player(
                _part("Kalimba", "arpeggio", 108, 55, 86, -0.45, -3, 0.4),
                "figure",
                (0, 3), shapes=("three", "leap", "drops"),
            ),
            Player(
                _part("Music Box", "arpeggio", 10, 60, 91, -0.45, -5, 0.5),
                "figure",
                (0, 1), shapes=("sparse", "drops", "wave"),
            ),
        ),
        (
            Player(
                _part("Sequencer", "arpeggio", 80, 45, 81, 0.4, -9, 0.25),
                "figure",
                (1, 4), shapes=("skip", "wave", "leap"), gate=0.6,
            ),
            Player(
                _part("Sequencer", "arpeggio", 87, 40, 76, 0.4, -8, 0.2),
                "figure",
                (1, 4), shapes=("motor", "three", "pulse"), gate=0.5,
            ),
            Player(
                _part("Clavinet", "arpeggio", 7, 45, 79, 0.4, -6, 0.25),
                "figure",
                (2, 4), shapes=("offbeat", "three", "skip"), gate=0.5,
            ),
        ),
        (
            Player(_part("Warm Pad", "pad", 89, 43, 74, 0.0, -4, 0.45), "pad", (0, 4), voices=4),
            Player(_part("Polysynth", "pad", 90, 43, 74, 0.0, -7, 0.4), "pad", (0, 4), voices=3),
            Player(_part("Bowed Pad", "pad", 92, 43, 74, 0.0, -5, 0.5), "pad", (0, 4), voices=4),
        ),
        (
            Player(_part("Sweep", "pad", 95, 50, 79, 0.0, -7, 0.5), "pad", (3, 4), voices=1),
            Player(_part("Chords", "pad", 63, 50, 74, -0.2, -8, 0.3), "stab", (3, 4), voices=3, gate=0.5),
        ),
        (
            Player(_part("Synth Bass", "bass", 38, 28, 55, 0.0, -2, 0.1), "bass", (0, 4)),
            Player(_part("Synth Bass", "bass", 39, 28, 55, 0.0, -2, 0.1), "bass", (0, 4)),
        ),
        (Player(_part("Drum Machine", "percussion", 25, 27, 87, 0.0, -2, 0.15), "drums", (0, 4)),),
    ),
    64, 86, ("driving", "syncopated", "flowing"), ("synth", "rolling"), ("electronic", "halftime", "broken"),
)  # fmt: skip

ACOUSTIC = Ensemble(
    "acoustic",
    (
        (
            Player(_part("Clarinet", "melody", 71, 50, 89, -0.2, -2, 0.35), "theme", (0, 1)),
            Player(_part("Recorder", "melody", 74, 60, 93, -0.2, -3, 0.35), "theme", (0, 1)),
            Player(_part("Harmonica", "melody", 22, 60, 88, -0.2, -3, 0.35), "theme", (0, 1)),
            Player(_part("Lead Piano", "melody", 0, 48, 93, -0.2, -1, 0.3), "theme", (0, 1)),
        ),
        (
            Player(_part("Flute", "melody", 73, 60, 96, 0.15, -1, 0.35), "theme", (2, 4)),
            Player(_part("Fiddle", "melody", 40, 55, 95, 0.1, -2, 0.35), "theme", (2, 4)),
            Player(_part("Oboe", "melody", 68, 58, 91, 0.1, -2, 0.35), "theme", (2, 4)),
        ),
        (
            Player(_part("Violin", "melody", 40, 55, 93, -0.35, -4, 0.35), "double", (3, 4)),
            Player(_part("Viola", "melody", 41, 48, 84, -0.35, -3, 0.35), "double", (3, 4)),
        ),
        (
            Player(_part("Cello", "counter", 42, 38, 69, 0.35, -3, 0.35), "counter", (1, 4)),
            Player(_part("Bassoon", "counter", 70, 38, 69, 0.35, -3, 0.35), "counter", (1, 4)),
            Player(_part("Cello", "counter", 42, 38, 69, 0.35, -3, 0.35), "counter", (2, 4)),
        ),
        (
            Player(
                _part("Guitar", "arpeggio", 24, 43, 76, -0.4, -1, 0.25),
                "figure",
                (0, 4), shapes=("pick", "travis", "rise"),
            ),
            Player(
                _part("Steel Guitar", "arpeggio", 25, 43, 76, -0.4, -2, 0.25),
                "figure",
                (0, 4), shapes=("travis", "three", "offbeat"),
            ),
            Player(
                _part("Harp", "arpeggio", 46, 43, 79, -0.4, -1, 0.35),
                "figure",
                (0, 4), shapes=("wave", "fall", "sparse"),
            ),
        ),
        (
            Player(
                _part("Piano", "arpeggio", 0, 48, 79, 0.3, -3, 0.3),
                "figure",
                (2, 4), shapes=("alberti", "broken", "wave"),
            ),
            Player(
                _part("Marimba", "arpeggio", 12, 48, 79, 0.3, -3, 0.3),
                "figure",
                (2, 4), shapes=("three", "rock", "skip"), gate=0.6,
            ),
            Player(
                _part("Banjo", "arpeggio", 105, 50, 79, 0.3, -6, 0.25),
                "figure",
                (3, 4), shapes=("three", "travis", "leap"), gate=0.7,
            ),
        ),
        (
            Player(_part("Strings", "pad", 49, 43, 72, 0.0, -8, 0.45), "pad", (0, 4), voices=3),
            Player(_part("Reed Organ", "pad", 20, 43, 72, 0.0, -11, 0.4), "pad", (0, 4), voices=3),
            Player(_part("Accordion", "pad", 21, 45, 74, 0.1, -11, 0.35), "pad", (0, 4), voices=3),
        ),
        (Player(_part("Upright Bass", "bass", 32, 28, 55, 0.05, 0, 0.15), "bass", (0, 4)),),
        (Player(_part("Drums", "percussion", 0, 27, 87, 0.0, -5, 0.25), "drums", (0, 4)),),
    ),
    65, 87, ("lilting", "flowing", "syncopated"), ("walking", "folk"), ("acoustic", "hand", "brushes"),
)  # fmt: skip

ENSEMBLES = {ensemble.name: ensemble for ensemble in (CINEMATIC, ELECTRONIC, ACOUSTIC)}
QUICK_CUTS = 24.0  # cuts a minute that make a film all pace
UNDECIDED = 0.12  # what the dice may add to a palette


def _usual(ensemble: Ensemble) -> Palette:
    manner = (ensemble.feels[0], ensemble.bass_styles[0], ensemble.drum_styles[0])
    return ensemble.palette(tuple(seat[0] for seat in ensemble.seats), manner)


PALETTES = {name: _usual(ensemble) for name, ensemble in ENSEMBLES.items()}


def cast(ensemble: Ensemble, rng: np.random.Generator) -> Palette:
    """One orchestration: a player for every seat, no instrument twice, and a manner of playing."""
    players: list[Player] = []
    for seat in ensemble.seats:
        taken = {p.part.name for p in players} | {p.part.program for p in players}
        free = [p for p in seat if not taken & {p.part.name, p.part.program}] or list(seat)
        players.append(free[int(rng.integers(len(free)))])
    styles = (ensemble.feels, ensemble.bass_styles, ensemble.drum_styles)
    feel, bass, drums = (some[int(rng.integers(len(some)))] for some in styles)
    return ensemble.palette(tuple(players), (feel, bass, drums))


def liking(mood: Mood) -> dict[str, float]:
    """How well each palette suits a mood: the dark and grand, the quick and bright, the calm and warm."""
    pace = min(mood.cuts_per_min / QUICK_CUTS, 1.0)
    lift = mood.energy - 0.5
    bright = mood.valence - NEUTRAL
    return {
        "cinematic": 0.45 - 0.8 * bright + 0.3 * lift - 0.25 * max(pace - 0.5, 0.0),
        "electronic": 0.15 + 0.6 * pace + 0.8 * lift + 0.1 * bright,
        "acoustic": 0.4 + 0.7 * bright - 0.5 * pace - 0.9 * lift,
    }


def choose_palette(asked: str | None, mood: Mood, rng: np.random.Generator) -> Palette:
    """The palette asked for, or the one that suits the mood, in one of its orchestrations.

    The dice settle what is nearly even, and who plays.
    """
    drawn = {name: value + UNDECIDED * float(rng.random()) for name, value in liking(mood).items()}
    return cast(ENSEMBLES[asked or max(drawn, key=lambda name: drawn[name])], rng)
