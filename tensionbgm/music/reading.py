"""A score, a dialect and a kind of window -> Reading: every figure of tension at the same moments.

Components are in their own units.  Levels are those of `tension_profile`, whatever dialect
and window were asked for, so that they mean the same everywhere; they are read off at each window's middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tensionbgm.music import local_keys, scale, tension
from tensionbgm.music.dialects import dialect_profile
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.tension import Profile
from tensionbgm.music.windows import spans

UNITS = {
    **dict.fromkeys(("diameter", "momentum", "strain"), "radii"),
    **dict.fromkeys(("roughness", "dissonance", "motion"), "1"),
    **dict.fromkeys(("key_distance", "tonic_distance"), "radians"),
    **dict.fromkeys(("surface", "hierarchy"), "Lerdahl's steps"),
    "loudness": "dB",
    "density": "log2(1 + attacks/s)",
    "turnover": "log2(1 + notes/s)",
    **dict.fromkeys(("register", "top"), "MIDI pitch"),
    "compass": "semitones",
    "parts": "tracks",
    "tempo": "quarters/min",
}


@dataclass(frozen=True)
class Reading:
    """What a score measures in each of w windows."""

    dialect: str
    window: str | float
    start_s: np.ndarray  # float (w,) [s]
    end_s: np.ndarray  # float (w,) [s]
    keys: tuple[tuple[float, str, float], ...]  # of the ribbons: from when on [s], name, how sure it is 0..1
    raw: dict[str, np.ndarray]  # float (w,) each, in `UNITS`
    level: dict[str, np.ndarray]  # float (w,) each, 0..1: components, and what sums them up

    @property
    def time_s(self) -> np.ndarray:
        """When each window is said to be [s]: its start where windows follow one another, else its middle."""
        apart = bool((self.start_s[1:] >= self.end_s[:-1] - 1e-9).all())
        return self.start_s if apart else (self.start_s + self.end_s) / 2


def read_tension(
    path: Path,
    notes: Notes,
    profile: Profile,
    dialect: str = "tensionbgm",
    window: str | float | None = None,
    keys: tuple[KeyChange, ...] = (),
) -> Reading:
    """Measure a score in a dialect.

    Parameters
    ----------
    path, notes : Path, Notes
        the score's file and what was read from it (midi-miner has its own reading of MIDI)
    profile : Profile
        of the notes
    dialect : str
        a name of `dialects.DIALECTS`
    window : str or float, optional
        see `dialects.dialect_profile`; default: the dialect's own
    keys : KeyChange ..., optional
        given by the user, instead of the dialect's own

    Raises
    ------
    InputError
        the dialect cannot read the file
    MeasureError
        there is no such dialect or window, or several keys for midi-miner
    """
    found = dialect_profile(path if dialect == "midi-miner" else notes, dialect, window, keys)
    over = spans(notes.quarters(found.start_s), notes.quarters(found.end_s))
    others = [name for name in tension.MEASURES if name not in tension.RIBBONS]
    raw = {name: getattr(found, name) for name in tension.RIBBONS}
    raw |= tension.measure(notes, profile.keys, over, others)
    middle = (found.start_s + found.end_s) / 2
    level = {
        name: np.interp(middle, profile.time_s, profile.level[name])
        for name in (*scale.BLENDS, *scale.COMPONENTS)
    }
    since_s = [float(notes.seconds(key.start_quarter)) for key in found.keys]
    sure = local_keys.confidence(notes, found.keys)
    named = tuple(zip(since_s, found.key_names, sure.tolist(), strict=True))
    return Reading(dialect, found.window, found.start_s, found.end_s, named, raw, level)
