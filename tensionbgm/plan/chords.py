"""The vocabulary of chords of a key: what each is made of, what it does, how rare and how tense it is.

Chords are written in fifths above the tonic, so one table serves all keys and spells them right.
Functions follow common textbook harmony (tonic, predominant, dominant, and chords that want one
certain goal).  How rare chords are and what they go to is counted (`progressions`); rarities here, which are
ours, stand in for what corpora cannot tell.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tensionbgm.music import tension
from tensionbgm.plan.key import mask_of, scale_fifths, spell, tonic_fifths

# quality -> (printed suffix, intervals above the root in fifths)
QUALITIES: dict[str, tuple[str, tuple[int, ...]]] = {
    "5": ("5", (0, 1)),
    "M": ("", (0, 1, 4)),
    "m": ("m", (0, 1, -3)),
    "dim": ("dim", (0, -3, -6)),
    "aug": ("aug", (0, 4, 8)),
    "sus2": ("sus2", (0, 1, 2)),
    "sus4": ("sus4", (0, 1, -1)),
    "add9": ("add9", (0, 1, 4, 2)),
    "madd9": ("madd9", (0, 1, -3, 2)),
    "7": ("7", (0, 1, 4, -2)),
    "maj7": ("maj7", (0, 1, 4, 5)),
    "m7": ("m7", (0, 1, -3, -2)),
    "mM7": ("mM7", (0, 1, -3, 5)),
    "m7b5": ("m7b5", (0, -3, -6, -2)),
    "dim7": ("dim7", (0, -3, -6, -9)),
    "7sus4": ("7sus4", (0, 1, -1, -2)),
    "6": ("6", (0, 1, 4, 3)),
    "m6": ("m6", (0, 1, -3, 3)),
}


@dataclass(frozen=True)
class Harmony:
    """A chord relative to its key."""

    name: str  # how a musician calls it in the key, "V7/V"
    root: int  # fifths above the tonic
    quality: str
    function: str  # T tonic, S predominant, D dominant, X chromatic
    rarity: float  # how rare beside its triad, by hand
    bass: int = 0  # fifths above the root; not a chord tone: a pedal
    goals: tuple[str, ...] = ()  # names it wants to go to, as textbooks have it; empty: any by function

    @property
    def tones(self) -> tuple[int, ...]:
        """Chord tones, fifths above the tonic, root first; a pedal is not among them."""
        return tuple(self.root + k for k in QUALITIES[self.quality][1])

    def mask(self, tonic: int) -> int:
        """12-bit pitch-class mask, the bass included."""
        return mask_of([*self.tones, self.root + self.bass], tonic)

    def bass_pc(self, tonic: int) -> int:
        """Pitch class of the bass."""
        return (tonic + 7 * (self.root + self.bass)) % 12

    def symbol(self, tonic: int, mode: str) -> str:
        """As printed over the staff, "Dm7/F"."""
        root = tonic_fifths(tonic, mode) + self.root
        text = spell(root) + QUALITIES[self.quality][0]
        return text if self.bass == 0 else f"{text}/{spell(root + self.bass)}"


_TO_V = ("V", "V7", "Vsus4", "I64", "i64")

MAJOR = (
    Harmony("I5", 0, "5", "T", 0.4),
    Harmony("I", 0, "M", "T", 0.0),
    Harmony("Iadd9", 0, "add9", "T", 0.15),
    Harmony("Isus2", 0, "sus2", "T", 0.2),
    Harmony("Imaj7", 0, "maj7", "T", 0.2),
    Harmony("I/3", 0, "M", "T", 0.1, bass=4),
    Harmony("vi", 3, "m", "T", 0.0),
    Harmony("vi7", 3, "m7", "T", 0.1),
    Harmony("iii", 4, "m", "T", 0.2),
    Harmony("iii7", 4, "m7", "T", 0.3),
    Harmony("IV", -1, "M", "S", 0.0),
    Harmony("IV5", -1, "5", "S", 0.6),
    Harmony("IVadd9", -1, "add9", "S", 0.1),
    Harmony("IVmaj7", -1, "maj7", "S", 0.15),
    Harmony("IV/1", -1, "M", "S", 0.2, bass=1),
    Harmony("ii", 2, "m", "S", 0.0),
    Harmony("ii7", 2, "m7", "S", 0.1),
    Harmony("ii7/4", 2, "m7", "S", 0.15, bass=-3),
    Harmony("V", 1, "M", "D", 0.0),
    Harmony("V/7", 1, "M", "D", 0.1, bass=4),
    Harmony("V7", 1, "7", "D", 0.1),
    Harmony("Vsus4", 1, "sus4", "D", 0.2, goals=("V", "V7", "I", "vi")),
    Harmony("V7sus4", 1, "7sus4", "D", 0.4),
    Harmony("V/1", 1, "M", "D", 0.35, bass=-1),
    Harmony("IV/5", -1, "M", "D", 0.35, bass=2, goals=("V", "V7", "I64", "viio7")),
    Harmony("ii/5", 2, "m", "D", 0.45, bass=-1, goals=("V", "V7", "I64", "viio7")),
    Harmony("V7/V/5", 2, "7", "X", 0.5, bass=-1, goals=("V", "V7", "I64")),
    Harmony("V7/7", 1, "7", "D", 0.2, bass=4, goals=("I", "Iadd9", "V7/IV", "vi")),
    Harmony("V7/V/3", 2, "7", "X", 0.5, bass=4, goals=_TO_V),
    Harmony("V7/vi/3", 4, "7", "X", 0.5, bass=4, goals=("vi", "vi7")),
    Harmony("I64", 0, "M", "D", 0.25, bass=1, goals=("V", "V7", "Vsus4")),
    Harmony("viio7", 5, "dim7", "D", 0.8, goals=("I", "I/3", "vi")),
    Harmony("iv", -1, "m", "S", 0.5),
    Harmony("iv/1", -1, "m", "S", 0.6, bass=1),
    Harmony("iiø7", 2, "m7b5", "S", 0.6),
    Harmony("bVII", -2, "M", "S", 0.4),
    Harmony("bVI", -4, "M", "X", 0.6, goals=("bVII", "V", "V7", "iv", "I", "I64")),
    Harmony("bIII", -3, "M", "X", 0.7, goals=("bVI", "IV", "bVII", "iv")),
    Harmony("V7/V", 2, "7", "X", 0.5, goals=_TO_V),
    Harmony("V7/vi", 4, "7", "X", 0.5, goals=("vi", "vi7", "IV", "IVmaj7", "V7/ii")),
    Harmony("V7/IV", 0, "7", "X", 0.5, goals=("IV", "IVadd9", "IV/1", "iv")),
    Harmony("V7/ii", 3, "7", "X", 0.5, goals=("ii", "ii7", "V7/V")),
    Harmony("viio7/V", 6, "dim7", "X", 0.9, goals=_TO_V),
    Harmony("viio7/vi", 8, "dim7", "X", 0.9, goals=("vi", "vi7")),
    Harmony("N", -5, "M", "X", 0.9, goals=(*_TO_V, "I")),
    Harmony("I+", 0, "aug", "X", 0.9, goals=("vi", "IV", "ii7/4")),
    Harmony("V+", 1, "aug", "D", 0.9, goals=("I", "vi")),
    Harmony("Ger", -4, "7", "X", 0.9, goals=("V", "I64")),
    Harmony("bvi", -4, "m", "X", 1.0, goals=("I", "V", "iv", "bVI")),
)

MINOR = (
    Harmony("i5", 0, "5", "T", 0.4),
    Harmony("i", 0, "m", "T", 0.0),
    Harmony("iadd9", 0, "madd9", "T", 0.15),
    Harmony("isus2", 0, "sus2", "T", 0.2),
    Harmony("i7", 0, "m7", "T", 0.15),
    Harmony("i/3", 0, "m", "T", 0.1, bass=-3),
    Harmony("III", -3, "M", "T", 0.05),
    Harmony("IIImaj7", -3, "maj7", "T", 0.25),
    Harmony("VI", -4, "M", "T", 0.0),
    Harmony("VImaj7", -4, "maj7", "T", 0.15),
    Harmony("VI/1", -4, "M", "T", 0.25, bass=4),
    Harmony("iv", -1, "m", "S", 0.0),
    Harmony("iv7", -1, "m7", "S", 0.1),
    Harmony("iv/1", -1, "m", "S", 0.25, bass=1),
    Harmony("ivadd9", -1, "madd9", "S", 0.2),
    Harmony("IV", -1, "M", "S", 0.4),
    Harmony("iiø7", 2, "m7b5", "S", 0.2),
    Harmony("iiø7/4", 2, "m7b5", "S", 0.2, bass=-3),
    Harmony("VII", -2, "M", "S", 0.05),
    Harmony("VIIsus4", -2, "sus4", "S", 0.3),
    Harmony("v", 1, "m", "D", 0.3),
    Harmony("V", 1, "M", "D", 0.0),
    Harmony("V/7", 1, "M", "D", 0.15, bass=4),
    Harmony("V7", 1, "7", "D", 0.1),
    Harmony("Vsus4", 1, "sus4", "D", 0.2, goals=("V", "V7", "i", "VI")),
    Harmony("V7sus4", 1, "7sus4", "D", 0.4),
    Harmony("V/1", 1, "M", "D", 0.4, bass=-1),
    Harmony("iv/5", -1, "m", "D", 0.35, bass=2, goals=("V", "V7", "i64", "viio7")),
    Harmony("VI/5", -4, "M", "D", 0.5, bass=5, goals=("V", "V7", "i64", "viio7")),
    Harmony("V7/7", 1, "7", "D", 0.2, bass=4, goals=("i", "iadd9", "V7/iv")),
    Harmony("V7/iv/3", 0, "7", "X", 0.5, bass=4, goals=("iv", "iv7", "ivadd9")),
    Harmony("V7/V/3", 2, "7", "X", 0.6, bass=4, goals=_TO_V),
    Harmony("i64", 0, "m", "D", 0.25, bass=1, goals=("V", "V7", "Vsus4")),
    Harmony("viio7", 5, "dim7", "D", 0.5, goals=("i", "i/3", "VI")),
    Harmony("V7b9/1", 5, "dim7", "D", 0.9, bass=-5, goals=("i", "VI")),
    Harmony("imM7", 0, "mM7", "T", 0.8, goals=("i", "i7", "VI", "iv")),
    Harmony("im6", 0, "m6", "T", 0.6),
    Harmony("V7/iv", 0, "7", "X", 0.6, goals=("iv", "iv7", "ivadd9")),
    Harmony("V7/VI", -3, "7", "X", 0.6, goals=("VI", "VImaj7")),
    Harmony("V7/III", -2, "7", "X", 0.4, goals=("III", "IIImaj7", "VI")),
    Harmony("V7/V", 2, "7", "X", 0.7, goals=_TO_V),
    Harmony("viio7/V", 6, "dim7", "X", 0.8, goals=_TO_V),
    Harmony("N", -5, "M", "X", 0.5, goals=(*_TO_V, "i", "viio7")),
    Harmony("N/1", -5, "M", "X", 0.7, bass=5, goals=("i", "V", "viio7")),
    Harmony("III+", -3, "aug", "X", 0.8, goals=("i", "VI", "i/3")),
    Harmony("V+", 1, "aug", "D", 0.8, goals=("i", "VI")),
    Harmony("Ger", -4, "7", "X", 0.7, goals=("V", "i64")),
    Harmony("bvi", -4, "m", "X", 0.8, goals=("i", "V", "iv", "VI")),
    Harmony("#ivm", 6, "m", "X", 1.3, goals=("i", "V", "iv")),
)

BLUR = 0.25  # share of passing notes in what sounds over a chord
FUNCTION_TENSION = {"T": 0.15, "S": 0.45, "D": 0.7, "X": 0.8}  # how far from home; ours


def vocabulary(mode: str) -> tuple[Harmony, ...]:
    """All chords of a mode."""
    return MAJOR if mode == "major" else MINOR


@functools.cache
def missed_goals(mode: str) -> np.ndarray:
    """Which chords that want a goal do not go to one, 0 or 1, float (n, n); rows are where one comes from."""
    words = vocabulary(mode)
    missed = [[bool(a.goals) and a != b and b.name not in a.goals for b in words] for a in words]
    value = np.array(missed, float)
    value.setflags(write=False)
    return value


SWING = 1.6  # cost of going back to the root one has just left
CHAIN, SEQUENCE, CLIMB = 0.45, 0.25, 0.3  # worth of falling fifths, of a step repeated, of a bass in steps


@functools.cache
def drive_cost(mode: str) -> np.ndarray:
    """Cost of three chords in a row where music must lead on, float (n, n, n); below 0 what does.

    What leads on is a chain of falling fifths, a sequence by one interval, a bass that climbs or falls
    by step; what does not is to swing back to the chord before.
    """
    chords = vocabulary(mode)
    root = np.array([c.root for c in chords])
    bass = np.array([(c.root + c.bass) * 7 % 12 for c in chords])
    step, move = root[None, :] - root[:, None], (bass[None, :] - bass[:, None] + 6) % 12 - 6
    first, then = step[:, :, None], step[None, :, :]
    below, above = move[:, :, None], move[None, :, :]
    cost = SWING * ((first + then == 0) & (first != 0)).astype(float)
    cost -= CHAIN * (_falls(first) & _falls(then))
    cost -= SEQUENCE * ((first == then) & (first != 0) & ~_falls(first))
    cost -= CLIMB * ((below * above > 0) & (abs(below) <= 2) & (abs(above) <= 2))
    cost.setflags(write=False)
    return cost


def _falls(step: np.ndarray) -> np.ndarray:
    """Roots falling by a fifth, or by the tritone that closes the circle inside a key."""
    return (step == -1) | (step == 6)


@functools.cache
def diameters(mode: str) -> np.ndarray:
    """Cloud diameter of each chord, float (n,) [radii]."""
    value = np.array([tension.chord_profile(c.mask(0), 0, mode)[0] for c in vocabulary(mode)])
    value.setflags(write=False)
    return value


@functools.cache
def blurred_centres(mode: str) -> np.ndarray:
    """Centre of effect of each chord and the passing notes over it, tonic 0, float (n, 3) [radii]."""
    centre = np.array([tension.chord_centre(c.mask(0), 0) for c in vocabulary(mode)])
    centre = (1 - BLUR) * centre + BLUR * tension.chord_centre(mask_of(scale_fifths(mode), 0), 0)
    centre.setflags(write=False)
    return centre


@functools.cache
def chord_scale(chord: Harmony, mode: str) -> tuple[int, ...]:
    """Scale to pass through over a chord, fifths above the tonic: the key's, bent to the chord's alterations.

    A chromatic chord tone replaces the scale tone of the same letter (seven fifths away).
    """
    tones = set(chord.tones) | {chord.root + chord.bass}
    steps = [k for k in scale_fifths(mode) if not ({k - 7, k + 7} & tones) or k in tones]
    return tuple(sorted(set(steps) | tones))
