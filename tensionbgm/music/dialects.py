"""Music and the name of a dialect -> DialectProfile: tonal tension as this or that author measures it.

Everybody measures cloud diameter, cloud momentum and tensile strain on the spiral array, and everybody
differs in its height, in how notes are spelled, in what counts in a window and in whose key.  A figure means
something beside the name of its dialect only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm.errors import MeasureError
from tensionbgm.music import chew, midi_miner, midi_miner_key, morpheus
from tensionbgm.music.clouds import SpelledKey
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import Ribbons, ribbons
from tensionbgm.music.scores import NOTATION, read_score
from tensionbgm.music.spiral import SHAPE, Shape
from tensionbgm.music.windows import SLIDING, Windows, windows

Keys = tuple[KeyChange, ...]


@dataclass(frozen=True)
class DialectProfile:
    """Tonal tension of w windows in a dialect."""

    dialect: str
    window: str | float
    start_s: np.ndarray  # float (w,) [s]
    end_s: np.ndarray  # float (w,) [s]
    diameter: np.ndarray  # float (w,) [radii]
    momentum: np.ndarray  # float (w,) [radii]; one for each window, that of the first is 0
    strain: np.ndarray  # float (w,) [radii]
    keys: Keys  # what strain is measured from
    key_names: tuple[str, ...]  # the same in words, as the dialect spells them

    @property
    def key(self) -> str:
        """All keys in words."""
        return "; ".join(
            name + (f" from quarter {key.start_quarter:g}" if number else "")
            for number, (name, key) in enumerate(zip(self.key_names, self.keys, strict=True))
        )


@dataclass(frozen=True)
class Dialect:
    """How tension is measured: the constants, the rules in words, and what does it."""

    name: str
    shape: Shape  # rise of a fifth, weights in chord and key, alpha, beta
    spelling: str
    duplicates: str
    silence: str
    diameter: str
    key: str  # where the key comes from unless it is given
    window: str | float  # unless another is asked for
    source: str
    measure: Callable[[Path | Notes, str | float, Keys], DialectProfile]


def dialect_profile(
    music: Path | Notes, dialect: str, window: str | float | None = None, keys: Keys = ()
) -> DialectProfile:
    """Cloud diameter, cloud momentum and tensile strain of a piece in a named dialect.

    Parameters
    ----------
    music : Path or Notes
        a score file, or its notes; midi-miner has its own reading of MIDI files, so give it the file
    dialect : str
        a name of `DIALECTS`
    window : str or float, optional
        "16th", "beat", "bar", or seconds; but for midi-miner "sliding" and "8th"; for midi-miner "2beats"
        and so on.  Without it the dialect's own
    keys : KeyChange ..., optional
        instead of the dialect's own key; midi-miner knows one key to a piece

    Raises
    ------
    InputError
        the file cannot be read, or is shorter than a window
    MeasureError
        there is no such dialect or window; or more than one key for midi-miner
    """
    if dialect not in DIALECTS:
        raise MeasureError(f"{dialect!r} is no dialect of tension; give {', '.join(DIALECTS)}")
    spoken = DIALECTS[dialect]
    return spoken.measure(music, spoken.window if window is None else window, keys)


def key_name(fifths: int, mode: str) -> str:
    """A key in words: (-3, "major") is "Eb major"."""
    turns, letter = divmod(fifths + 1, 7)
    return f"{'FCGDAEB'[letter]}{'#' * turns}{'b' * -turns} {mode}"


# --------------------------------------------------------------------------- each dialect


def _tensionbgm(music: Path | Notes, window: str | float, keys: Keys) -> DialectProfile:
    notes = _notes(music)
    over = windows(notes, window)
    keys = keys or notes.keys or (KeyChange(0.0, *find_key(notes)),)
    spelled = tuple(SpelledKey(key.start_quarter, _usual(key.tonic, key.mode), key.mode) for key in keys)
    return _profile("tensionbgm", notes, window, over, ribbons(notes, keys, over), spelled)


def _chew(music: Path | Notes, window: str | float, keys: Keys) -> DialectProfile:
    notes = _notes(music)
    return _profile("chew", notes, window, *chew.measure(notes, window, keys))


def _morpheus(music: Path | Notes, window: str | float, keys: Keys) -> DialectProfile:
    notes = _notes(music)
    return _profile("morpheus", notes, window, *morpheus.measure(notes, window, keys))


def _midi_miner(music: Path | Notes, window: str | float, keys: Keys) -> DialectProfile:
    if len(keys) > 1:
        raise MeasureError(f"midi-miner measures a piece in one key; {len(keys)} are given")
    if isinstance(music, Path) and music.suffix.lower() not in NOTATION:
        heard = midi_miner.hear_midi(music)
    else:
        heard = midi_miner.hear_notes(_notes(music))
    found = midi_miner.measure(heard, window, (keys[0].tonic, keys[0].mode) if keys else None)
    tonic, mode = found.key
    spelled = (SpelledKey(0.0, _usual(tonic, mode), mode),)
    return _gathered("midi-miner", window, found.start_s, found.end_s, found.ribbons, spelled)


def _notes(music: Path | Notes) -> Notes:
    return read_score(music) if isinstance(music, Path) else music


def _usual(tonic: int, mode: str) -> int:
    """Fifths of a tonic by its usual name: G flat to B major, E flat to G sharp minor."""
    lowest = -6 if mode == "major" else -3
    return (7 * tonic - lowest) % 12 + lowest


def _profile(
    name: str,
    notes: Notes,
    window: str | float,
    over: Windows,
    found: Ribbons,
    keys: tuple[SpelledKey, ...],
) -> DialectProfile:
    start_s, end_s = notes.seconds(over.start_quarter), notes.seconds(over.end_quarter)
    return _gathered(name, window, start_s, end_s, found, keys)


def _gathered(
    name: str,
    window: str | float,
    start_s: np.ndarray,
    end_s: np.ndarray,
    found: Ribbons,
    keys: tuple[SpelledKey, ...],
) -> DialectProfile:
    plain = tuple(KeyChange(key.start_quarter, 7 * key.fifths % 12, key.mode) for key in keys)
    names = tuple(key_name(key.fifths, key.mode) for key in keys)
    found_all = (found.diameter, found.momentum, found.strain)
    return DialectProfile(name, window, start_s, end_s, *found_all, plain, names)


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            name="tensionbgm",
            shape=SHAPE,
            spelling="within the key, at most six fifths from the tonic",
            duplicates="each voice counts, as long as it sounds",
            silence="0",
            diameter="notes sounding together, mean over the time anything sounds",
            key="the file's keys; else found by profile",
            window=SLIDING,
            source="ours",
            measure=_tensionbgm,
        ),
        Dialect(
            name="chew",
            shape=SHAPE,
            spelling="ps13s1, absolute",
            duplicates="each voice counts, as long as it sounds",
            silence="0",
            diameter="all notes that touch the window",
            key="centre of effect generator over spelled keys, whole piece",
            window="beat",
            source="[Chew00], [HC16]",
            measure=_chew,
        ),
        Dialect(
            name="morpheus",
            shape=SHAPE,
            spelling="C C# D Eb E F F# G G# A Bb B in every key",
            duplicates="each voice counts, as long as it sounds",
            silence="0",
            diameter="all notes that touch the window",
            key="C major",
            window="8th",
            source="[HC19]",
            measure=_morpheus,
        ),
        Dialect(
            name="midi-miner",
            shape=midi_miner_key.SHAPE,
            spelling="flats, from the tonic of the (relative) major",
            duplicates="distinct MIDI pitches, once in each sixteenth",
            silence="a silent sixteenth lies at the origin; a window within 0.1 of it is 0",
            diameter="distinct pitches of a sixteenth, mean over the window",
            key="vote of four methods, one key",
            window="bar",
            source="[GSMH20]",
            measure=_midi_miner,
        ),
    )
}
