"""A part and its pitches -> the clef it reads best in; a name -> how it is shortened at later systems."""

from __future__ import annotations

import numpy as np

from tensionbgm.forms import Part

Clef = tuple[str, int, int]  # sign, line, octaves above where it is written
TREBLE, ALTO, BASS = ("G", 2, 0), ("C", 3, 0), ("F", 4, 0)
HIGH_TREBLE, LOW_BASS, LOW_TREBLE = ("G", 2, 1), ("F", 4, -1), ("G", 2, -1)

VIOLA = 41
GUITARS = range(24, 32)
_MIDDLE = {TREBLE: 71, ALTO: 60, BASS: 50, HIGH_TREBLE: 83, LOW_BASS: 38, LOW_TREBLE: 59}  # MIDI pitch
_STAFF = 8  # semitones from the middle line to where ledger lines begin, nearly
_HANDICAP = {HIGH_TREBLE: 0.4, LOW_BASS: 0.4}  # mean ledger lines they must save
_SHORT = {
    "violins": "Vlns.", "violin": "Vln.", "violas": "Vlas.", "viola": "Vla.", "cellos": "Vcs.",
    "cello": "Vc.", "basses": "Cbs.", "contrabass": "Cb.", "double bass": "Db.", "flute": "Fl.",
    "flutes": "Fls.", "oboe": "Ob.", "clarinet": "Cl.", "bassoon": "Bsn.", "horn": "Hn.",
    "horns": "Hns.", "trumpet": "Tpt.", "trombone": "Tbn.", "trombones": "Tbns.", "tuba": "Tba.",
    "timpani": "Timp.", "percussion": "Perc.", "drums": "Dr.", "piano": "Pno.", "harp": "Hp.",
    "celesta": "Cel.", "guitar": "Gtr.", "strings": "Str.", "choir": "Ch.",
    "glockenspiel": "Glock.", "vibraphone": "Vib.", "marimba": "Mar.", "organ": "Org.",
}  # fmt: skip


def choose_clef(part: Part, pitches: np.ndarray) -> Clef:
    """The clef with the fewest ledger lines; violas read alto, guitars the octave treble.

    Parameters
    ----------
    part : Part
        its role and range decide where it has no notes
    pitches : int (m,)
        MIDI pitches it plays
    """
    if part.program in GUITARS and part.role != "bass":
        return LOW_TREBLE
    if not len(pitches):
        pitches = np.array([part.low, part.high])
    candidates = [TREBLE, BASS, HIGH_TREBLE, LOW_BASS]
    if part.program == VIOLA or "viola" in part.name.lower():
        candidates = [ALTO, TREBLE]
    elif part.role == "bass":
        candidates = [BASS, LOW_BASS]
    return min(candidates, key=lambda clef: _ledgers(pitches, clef) + _HANDICAP.get(clef, 0.0))


def _ledgers(pitches: np.ndarray, clef: Clef) -> float:
    """Ledger lines a note needs, in the mean."""
    beyond = np.abs(np.asarray(pitches, float) - _MIDDLE[clef]) - _STAFF
    return float(np.maximum(beyond, 0.0).mean() / 3.5)


def abbreviation(name: str) -> str:
    """How a part's name is shortened."""
    known = _SHORT.get(name.lower())
    if known or len(name) <= 5:
        return known or name
    words = name.split()
    if len(words) > 1:
        return " ".join(_SHORT.get(word.lower(), word[:4] + "." if len(word) > 5 else word) for word in words)
    return name[:4] + "."
