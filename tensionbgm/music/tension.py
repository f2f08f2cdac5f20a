"""Notes -> Profile: how tense the music is, window by window.

Each component is a curve of its own, measured in its own unit (`measure`) and mapped to a level 0..1 by
`scale`: the share of real background music that is less tense.

- tonal, on the spiral array [HC16]_ (`ribbons`): *diameter*, *momentum*, *strain* [radii];
- tonal, beyond it: *dissonance*, *key_distance*, *tonic_distance* and *motion* in the Tonal Interval Space
  [NCBSM20]_ (`tis`); *surface* and *hierarchy*, Lerdahl's surface tension and his distance from the tonic
  [Lerdahl01]_ (`lerdahl`); *roughness*, sensory dissonance [HK78]_ (`roughness`);
- energy (`energy`, `texture`): *loudness* [dB], *density* [log2 of 1 + attacks/s], *turnover*
  [log2 of 1 + notes/s], *register*, *top* [MIDI pitch], *compass* [semitones], *parts*, *tempo* [1/min].

Two figures sum them up, and both are put on the 0..1 scale again:

- *intensity* is how tense the music is at the moment: `TONAL_SHARE` of *tonal* and the rest of *energy*,
  weighted means of levels in which loudness counts most, as in recordings [BRP24]_.  It is what a drawn
  curve asks for.
- *composite* is what listeners feel (`salience`): it lags behind the moment by seconds and builds up from
  silence, with weights fitted to their ratings.

A window is a bar long and they start a beat apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tensionbgm.music import energy as energy_room
from tensionbgm.music import lerdahl, roughness, salience, scale, spiral, texture, tis
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.ribbons import ribbons
from tensionbgm.music.windows import Windows, windows

RIBBONS = ("diameter", "momentum", "strain")
TONAL = {"diameter": 0.50, "momentum": 0.25, "strain": 0.25}  # diameter twice, as in MorpheuS [HC19]_
ENERGY = {"loudness": 0.45, "density": 0.30, "register": 0.10, "parts": 0.15}
TONAL_SHARE = 0.35

MOTION = "motion"  # measured from the window before, as momentum is

Measure = Callable[[Notes, np.ndarray, np.ndarray], np.ndarray]
KeyedMeasure = Callable[[Notes, np.ndarray, np.ndarray, tuple[KeyChange, ...]], np.ndarray]
PLAIN: dict[str, Measure] = {
    **energy_room.COMPONENTS,
    "turnover": texture.turnover,
    "top": texture.top,
    "compass": texture.compass,
    "roughness": roughness.roughness,
    "dissonance": tis.tis_dissonance,
}
KEYED: dict[str, KeyedMeasure] = {
    "key_distance": tis.tis_key_distance,
    "tonic_distance": tis.tis_tonic_distance,
    "surface": lerdahl.surface_tension,
    "hierarchy": lerdahl.tonic_distance,
}
MEASURES = (*RIBBONS, *KEYED, MOTION, *PLAIN)


@dataclass(frozen=True)
class Profile:
    """Tension of each window; all levels are 0..1 on the scale of real background music."""

    start_s: np.ndarray  # float (w,)
    end_s: np.ndarray
    level: dict[str, np.ndarray]  # float (w,) each: components, tonal, energy, intensity and composite
    keys: tuple[KeyChange, ...]  # the keys tonal tension was measured against
    key_source: str  # "given", "file" or "found"

    @property
    def time_s(self) -> np.ndarray:
        """Middle of each window [s]."""
        return (self.start_s + self.end_s) / 2

    @property
    def intensity(self) -> np.ndarray:
        """Tension of the moment, float (w,), 0..1."""
        return self.level["intensity"]

    @property
    def composite(self) -> np.ndarray:
        """Tension as listeners feel it, float (w,), 0..1."""
        return self.level["composite"]


def tension_profile(notes: Notes, keys: tuple[KeyChange, ...] = ()) -> Profile:
    """Levels of tension of every bar-long window, a beat apart.

    Parameters
    ----------
    notes : Notes
        at least one note
    keys : KeyChange ...
        what tonal tension is measured against; default: the file's own, or else those found

    Returns
    -------
    profile : Profile
        w windows; a piece shorter than a bar has one
    """
    keys, source = keys_of(notes, keys)
    over = windows(notes)
    raw = measure(notes, keys, over, scale.COMPONENTS)
    return _profile(notes, over, keys, source, raw, {"composite": felt(notes, keys, over)})


def moment_profile(notes: Notes, keys: tuple[KeyChange, ...] = ()) -> Profile:
    """As `tension_profile`, but of intensity and its components alone: quick enough to measure in a loop."""
    keys, source = keys_of(notes, keys)
    over = windows(notes)
    return _profile(notes, over, keys, source, measure(notes, keys, over, (*TONAL, *ENERGY)), {})


def _profile(
    notes: Notes,
    over: Windows,
    keys: tuple[KeyChange, ...],
    source: str,
    raw: dict[str, np.ndarray],
    also: dict[str, np.ndarray],
) -> Profile:
    """Raw components, and further sums of them, as levels."""
    level = {name: scale.level(name, value) for name, value in raw.items()}
    level |= {name: scale.level(name, value) for name, value in {**blend(level), **also}.items()}
    return Profile(notes.seconds(over.start_quarter), notes.seconds(over.end_quarter), level, keys, source)


def keys_of(notes: Notes, keys: tuple[KeyChange, ...] = ()) -> tuple[tuple[KeyChange, ...], str]:
    """The keys a piece is measured against, and where they come from: "given", "file" or "found"."""
    if keys:
        return keys, "given"
    if notes.keys:
        return notes.keys, "file"
    return (KeyChange(0.0, *find_key(notes)),), "found"


def measure(
    notes: Notes, keys: tuple[KeyChange, ...], over: Windows, names: Iterable[str] = MEASURES
) -> dict[str, np.ndarray]:
    """Components in their own units.

    Parameters
    ----------
    notes : Notes
    keys : KeyChange ...
        at least one, in order; the first is taken to hold from the start
    over : Windows
        w windows
    names : str ...
        of `MEASURES`

    Returns
    -------
    raw : dict of float (w,)

    Raises
    ------
    KeyError
        no such component
    """
    names, raw = tuple(names), {}
    if set(names) & set(RIBBONS):
        tonal = ribbons(notes, keys, over)
        raw = {name: getattr(tonal, name) for name in RIBBONS}
    start, end = over.start_quarter, over.end_quarter
    for name in names:
        if name == MOTION:
            raw[name] = tis.tis_motion(notes, start, end, over.before)
        elif name in KEYED:
            raw[name] = KEYED[name](notes, start, end, keys)
        elif name not in raw:
            raw[name] = PLAIN[name](notes, start, end)
    return {name: raw[name] for name in names}


def blend(level: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weighted means of component levels, before they are put on the 0..1 scale themselves."""
    tonal = np.asarray(sum(share * level[name] for name, share in TONAL.items()))
    energy = np.asarray(sum(share * level[name] for name, share in ENERGY.items()))
    return {"tonal": tonal, "energy": energy, "intensity": TONAL_SHARE * tonal + (1 - TONAL_SHARE) * energy}


def felt(notes: Notes, keys: tuple[KeyChange, ...], over: Windows) -> np.ndarray:
    """Mean of the integrated tension over each window, before it is put on the scale, float (w,), 0..1.

    The components are measured in steps of a second or so and integrated by `salience.integrate`.
    """
    model = salience.weights()
    step = windows(notes, model.step_s)
    level = model.levels(measure(notes, keys, step, model.terms))
    edge_s = np.append(notes.seconds(step.start_quarter), notes.seconds(step.end_quarter[-1:]))
    value = salience.integrate(level, edge_s[1:], model)
    area = np.concatenate([[0.0], np.cumsum(value * np.diff(edge_s))])
    start_s, end_s = notes.seconds(over.start_quarter), notes.seconds(over.end_quarter)
    return (np.interp(end_s, edge_s, area) - np.interp(start_s, edge_s, area)) / (end_s - start_s)


def chord_profile(mask: int, tonic: int, mode: str) -> tuple[float, float]:
    """Cloud diameter and tensile strain of a chord, its notes equally weighted [radii].

    Parameters
    ----------
    mask : int
        12-bit pitch-class mask, at least one bit
    tonic, mode
        the key
    """
    diameter = float(spiral.diameter_table()[spiral.rotate(mask, tonic)])
    strain = float(np.linalg.norm(chord_centre(mask, tonic) - spiral.key_point(mode)))
    return diameter, strain


def chord_centre(mask: int, tonic: int) -> np.ndarray:
    """Centre of effect of a chord, its notes equally weighted, float (3,) [radii]."""
    return spiral.centre_of_effect(np.array([mask >> pc & 1 for pc in range(12)], float), tonic)
