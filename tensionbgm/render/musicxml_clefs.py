"""A part and its pitches -> how its player reads it: clefs, octave, one staff or two; its name, shortened.

An instrument keeps its clef whatever it plays.  Octave transposers are written as their players
read them: guitars and basses an octave above where they sound, the celesta, the piccolo and the
xylophone an octave below, the glockenspiel two [E. Gould, Behind Bars, 2011, "Transposing
instruments"].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tensionbgm.forms import Part

Clef = tuple[str, int]  # sign, line
TREBLE, ALTO, BASS = ("G", 2), ("C", 3), ("F", 4)
MIDDLE_C = 60

VIOLA = 41
GUITARS, BASSES = range(24, 32), (*range(32, 40), 43)
KEYBOARDS = (*range(9), *range(16, 24), 46, *range(88, 96))  # harp and synthesizer pads with them
_TREBLE = (9, 10, 11, 12, 13, 14, 15, *GUITARS, 40, 48, 56, 59, 60, *range(64, 67), 68, 69, *range(71, 80))
_BASS = (*BASSES, 42, 47, 57, 58, 67, 70)
_WRITTEN_OCTAVE = {8: -1, 9: -2, 13: -1, 72: -1} | dict.fromkeys((*GUITARS, *BASSES), 1)
_LOWEST_WRITTEN = 36  # a sounding octave is kept where the written one would lie lower
_NEAR = 3  # semitones about middle C that read well on either staff
_BOTH = 0.1  # share of the notes well below and well above middle C that makes a keyboard read two staves


class Reading(NamedTuple):
    """How a part is read."""

    clefs: tuple[Clef, ...]  # one a staff, from the top
    octave: int  # octaves above its sound that it is written


_SHORT = {
    "violins": "Vlns.", "violin": "Vln.", "violas": "Vlas.", "viola": "Vla.", "cellos": "Vcs.",
    "cello": "Vc.", "basses": "Cbs.", "contrabass": "Cb.", "double bass": "Db.", "flute": "Fl.",
    "flutes": "Fls.", "oboe": "Ob.", "clarinet": "Cl.", "bassoon": "Bsn.", "horn": "Hn.",
    "horns": "Hns.", "trumpet": "Tpt.", "trombone": "Tbn.", "trombones": "Tbns.", "tuba": "Tba.",
    "timpani": "Timp.", "percussion": "Perc.", "drums": "Dr.", "piano": "Pno.", "harp": "Hp.",
    "celesta": "Cel.", "accordion": "Acc.", "bass": "Bs.",
    "guitar": "Gtr.", "strings": "Str.", "choir": "Ch.",
    "glockenspiel": "Glock.", "vibraphone": "Vib.", "marimba": "Mar.", "organ": "Org.",
}  # fmt: skip


def reading(part: Part, pitches: np.ndarray) -> Reading:
    """How a pitched part is read.

    Parameters
    ----------
    part : Part
        its program decides; where that says nothing, its role, then the middle of its pitches
    pitches : int (m,)
        MIDI pitches it plays
    """
    if not len(pitches):
        pitches = np.array([part.low, part.high])
    octave = _WRITTEN_OCTAVE.get(part.program, 0)
    octave = (
        octave if int(pitches.min()) + 12 * octave >= min(_LOWEST_WRITTEN, 12 + int(pitches.min())) else 0
    )
    low, high = float((pitches < MIDDLE_C - _NEAR).mean()), float((pitches > MIDDLE_C + _NEAR).mean())
    if part.program in KEYBOARDS and min(low, high) >= _BOTH:
        return Reading((TREBLE, BASS), octave)
    return Reading((_clef(part, float(np.median(pitches)) + 12 * octave),), octave)


def _clef(part: Part, middle: float) -> Clef:
    if part.program == VIOLA or "viola" in part.name.lower():
        return ALTO
    if part.program in _BASS or (part.role == "bass" and part.program not in _TREBLE):
        return BASS
    if part.program in _TREBLE:
        return TREBLE
    return TREBLE if middle >= MIDDLE_C else BASS


def abbreviation(name: str) -> str:
    """How a part's name is shortened."""
    known = _SHORT.get(name.lower())
    if known or len(name) <= 5:
        return known or name
    words = name.split()
    if len(words) > 1:
        return " ".join(_SHORT.get(word.lower(), word[:4] + "." if len(word) > 5 else word) for word in words)
    return name[:4] + "."
