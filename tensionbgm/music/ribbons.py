"""Notes, keys and windows -> Ribbons: the three tonal tensions of the spiral array [HC16]_.

- *diameter*: the farthest two notes sounding together, max |P(i) - P(j)|, mean over the time that
  anything sounds in the window;
- *momentum*: how far the centre of effect moved since an earlier window, |CE_w - CE_before|;
- *strain*: how far the centre of effect lies from the key, |CE_w - T_key|.

The centre of effect is the mean position of the sounding notes, each counted as long as it sounds in
the window; two voices in unison count twice.  Notes are spelled within the key.  In silence, and where
nothing came before, a tension is 0.  This is the plain form that the kernels are held to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music import spiral
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.sounding import sounding
from tensionbgm.music.windows import Windows, units


@dataclass(frozen=True)
class Ribbons:
    """Tonal tension of each window, float (w,) each [radii]."""

    diameter: np.ndarray
    momentum: np.ndarray
    strain: np.ndarray


def ribbons(notes: Notes, keys: tuple[KeyChange, ...], windows: Windows) -> Ribbons:
    """Diameter, momentum and strain of each window, percussion left out.

    Parameters
    ----------
    notes : Notes
    keys : KeyChange ...
        at least one, in order; the first is taken to hold from the start
    windows : Windows
        w windows; each is heard in the key in force where it begins
    """
    table = notes.notes
    pitch_class = np.where(table["drum"], -1, table["pitch"] % 12)
    change = units(np.array([key.start_quarter for key in keys]))
    cut = sounding(notes, pitch_class, 12, windows, change)
    tonic = np.array([key.tonic for key in keys])
    relative = spiral.rotate(cut.mask, tonic[key_at(change, cut.at)])
    heard = (relative > 0).astype(np.int64)
    spread = cut.over(windows, spiral.diameter_table()[relative])
    weight = cut.over(windows, cut.count)
    momentum, strain = _centre_figures(weight, keys, key_at(change, windows.start), windows.before)
    return Ribbons(spread / np.maximum(cut.over(windows, heard), 1), momentum, strain)


def key_at(change: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Index of the key in force at each moment, int (...), `change` and `at` in the same unit."""
    return np.clip(np.searchsorted(change, at, side="right") - 1, 0, None)


def _centre_figures(
    weight: np.ndarray, keys: tuple[KeyChange, ...], in_key: np.ndarray, before: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Momentum and strain of windows' pitch-class weights (w, 12), both ends spelled in the later key."""
    momentum, strain = np.zeros(len(weight)), np.zeros(len(weight))
    for index in np.unique(in_key):
        here = np.flatnonzero(in_key == index)
        key = keys[index]
        centre = spiral.centre_of_effect(weight[here], key.tonic)
        earlier = spiral.centre_of_effect(weight[before[here]], key.tonic)
        strain[here] = np.linalg.norm(centre - spiral.key_point(key.mode), axis=1)
        momentum[here] = np.linalg.norm(centre - earlier, axis=1)
    return np.nan_to_num(momentum), np.nan_to_num(strain)
