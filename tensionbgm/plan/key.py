"""A key as words, or the picture's mood -> tonic and mode, and how pitches are spelled in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tensionbgm.errors import InputError

LETTERS = "FCGDAEB"  # along the line of fifths, F is -1
MAJOR_SCALE = (-1, 0, 1, 2, 3, 4, 5)  # fifths above the tonic
MINOR_SCALE = (-4, -3, -2, -1, 0, 1, 2)  # natural minor

# Keys of up to six accidentals, nearest signatures first: what a player reads without a frown.
_MAJOR_TONICS = tuple(range(-5, 7))  # Db .. F#
_MINOR_TONICS = tuple(range(-3, 9))  # Eb .. G#
NEUTRAL = 0.2  # valence at which major and minor are as likely
BRIGHTNESS = 7.0  # log odds of major for a valence of one more
_KIND = 4  # most accidentals of a key that is chosen here
SIGNATURE = 3.0  # keys of more accidentals than this are rare
UNREST = 2.0  # log odds of minor for an energy of one more
_KEY = re.compile(
    r"\s*([A-Ga-g])\s*(#|b|♯|♭|-sharp|-flat| sharp| flat)?\s*[- ]?\s*(major|minor|maj|min|m)?\s*", re.I
)


@dataclass(frozen=True)
class Mood:
    """What the picture feels like; chooses palette, mode and key where the user did not."""

    valence: float = 0.0  # -1 dark and cold .. 1 bright and warm
    energy: float = 0.5  # mean of the tension curve or of the motion, 0..1
    cuts_per_min: float = 6.0  # how often the film cuts


def parse_key(text: str) -> tuple[int, str]:
    """Read a key like "D minor", "Eb major", "f#m" or "C".

    A capital letter alone is major, a small one minor.

    Returns
    -------
    tonic : int
        pitch class 0..11
    mode : str
        "major" or "minor"

    Raises
    ------
    InputError
        the text names no key
    """
    match = _KEY.fullmatch(text)
    if not match:
        raise InputError(f'key {text!r}: is no key; write one like "D minor" or "Eb major"')
    letter, accidental, mode = match.groups()
    shift = {"#": 1, "♯": 1, "b": -1, "♭": -1, "sharp": 1, "flat": -1}.get(
        (accidental or "").strip(" -").lower(), 0
    )
    tonic = ((LETTERS.index(letter.upper()) - 1) * 7 + shift) % 12
    return tonic, _mode(letter, mode)


def _mode(letter: str, mode: str | None) -> str:
    if mode is None:
        return "minor" if letter.islower() else "major"
    if mode == "M" or mode.lower() in ("major", "maj"):
        return "major"
    return "minor"


def choose_key(asked: str | None, mood: Mood, rng: np.random.Generator) -> tuple[int, str]:
    """The key asked for, or one that suits the mood; minor the likelier the darker and tenser the film.

    Raises
    ------
    InputError
        the key asked for is none
    """
    if asked is not None:
        return parse_key(asked)
    bright = BRIGHTNESS * (mood.valence - NEUTRAL) - UNREST * (mood.energy - 0.5)
    minor = bool(rng.random() < 1.0 / (1.0 + np.exp(bright)))
    plain = 3 if minor else 0  # where the key has no accidentals
    tonics = np.arange(plain - _KIND, plain + _KIND + 1)
    weight = np.exp(-(((tonics - plain) / SIGNATURE) ** 2))
    tonic = int(rng.choice(tonics, p=weight / weight.sum()))
    return tonic * 7 % 12, "minor" if minor else "major"


def tonic_fifths(tonic: int, mode: str) -> int:
    """Where the tonic lies on the line of fifths (C is 0), spelled with at most six accidentals."""
    tonics = _MAJOR_TONICS if mode == "major" else _MINOR_TONICS
    return next(k for k in tonics if k * 7 % 12 == tonic % 12)


def scale_fifths(mode: str) -> tuple[int, ...]:
    """The scale, fifths above the tonic; minor is natural minor."""
    return MAJOR_SCALE if mode == "major" else MINOR_SCALE


def spell(fifths: int) -> str:
    """A place on the line of fifths as a note name, "F#", "Bb"; double accidentals are respelled."""
    while fifths > 11:  # beyond B#: E## and its like
        fifths -= 12
    while fifths < -9:  # beyond Cb with one flat more
        fifths += 12
    sharps, letter = divmod(fifths + 1, 7)
    return LETTERS[letter] + ("#" * sharps if sharps >= 0 else "b" * -sharps)


def mask_of(fifths: tuple[int, ...] | list[int], tonic: int) -> int:
    """12-bit pitch-class mask of places given in fifths above the tonic."""
    mask = 0
    for k in fifths:
        mask |= 1 << ((tonic + 7 * k) % 12)
    return mask
