"""Slots, their keys -> maps: what each slot makes of its tie's own pitch, and what of a pitch class.

A tie says that slots come from one pitch; a slot's `how` and `shift` say in which way (n is the shift):

- *exact*: n semitones higher.
- *diatonic*: n steps of the scale of the key that holds at the slot higher; a note outside the scale
  keeps its alteration.
- *mirrored*: n - pitch, the inversion about n / 2.
- *octave*: n semitones higher, then by octaves into the slot's own range: down as far as its top, up as
  far as its bottom.
- *mirrored_diatonic*: step n - s in place of step s, counted from the tonic at or above MIDI pitch 0;
  an alteration is turned round.

Every map is, as far as pitch classes go, a function of the pitch class alone: f(p + 12) = f(p) +- 12, or
equal.  The kernels rely on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import DIATONIC, EXACT, MIRRORED, MIRRORED_DIATONIC, OCTAVE, Plan
from tensionbgm.music import spiral

PITCHES = np.arange(128)
SCALES = {"major": np.array([0, 2, 4, 5, 7, 9, 11]), "minor": np.array([0, 2, 3, 5, 7, 8, 10])}


@dataclass(frozen=True)
class Maps:
    """Maps of some slots, m of them; M different ones, K different ones of pitch classes."""

    pitch: np.ndarray  # int64 (M, 128): -1 where the slot would have no pitch
    of_slot: np.ndarray  # int (m,): row of `pitch`
    pc: np.ndarray  # int64 (K, 12)
    pc_of_slot: np.ndarray  # int (m,): row of `pc`


def of_slots(plan: Plan, slots: np.ndarray) -> Maps:
    """The maps of some of a plan's slots, SLOT (m,)."""
    asked = np.zeros((len(slots), 5), np.int64)  # how, shift, and what else the kind depends on
    asked[:, 0], asked[:, 1] = slots["how"], slots["shift"]
    stepwise = np.isin(slots["how"], (DIATONIC, MIRRORED_DIATONIC))
    asked[stepwise, 2] = keys_at(plan, slots)[stepwise]
    folded = slots["how"] == OCTAVE
    asked[folded, 3], asked[folded, 4] = slots["low"][folded], slots["high"][folded]
    kinds, index = np.unique(asked, axis=0, return_inverse=True)
    made = [_map(plan, *(int(x) for x in kind)) for kind in kinds]
    pitch, first = np.unique(np.array([row for row, _ in made]).reshape(-1, 128), axis=0, return_inverse=True)
    pc, second = np.unique(np.array([row for _, row in made]).reshape(-1, 12), axis=0, return_inverse=True)
    of_slot, pc_of_slot = first.ravel()[index.ravel()], second.ravel()[index.ravel()]
    return Maps(
        np.ascontiguousarray(pitch, np.int64), of_slot, np.ascontiguousarray(pc, np.int64), pc_of_slot
    )


def sources(maps: Maps, slot: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Own pitches of a tie from which slots, int (k,), get the pitches given, int (k,); bool (k, 128).

    A pitch below 0, which is none, comes from nowhere.
    """
    reached = maps.pitch[maps.of_slot[slot]] == np.asarray(pitch, np.int64)[:, None]
    return reached & (np.asarray(pitch) >= 0)[:, None]


def keys_at(plan: Plan, slots: np.ndarray) -> np.ndarray:
    """Which of the plan's keys holds where each slot begins, int (m,)."""
    bar = np.searchsorted(plan.grid.bar_tick, slots["onset_tick"], side="right") - 1
    start = np.array([key.start_bar for key in plan.keys])
    return np.clip(np.searchsorted(start, bar, side="right") - 1, 0, None)


def _map(plan: Plan, how: int, shift: int, key: int, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """One map of pitches, int (128,), and of pitch classes, int (12,)."""
    if how in (EXACT, OCTAVE):
        reached = PITCHES + shift
    elif how == MIRRORED:
        reached = shift - PITCHES
    else:
        reached = _by_steps(plan.keys[key].tonic, SCALES[plan.keys[key].mode], shift, how == DIATONIC)
    pc = reached[:12] % 12
    if how == OCTAVE:
        reached = np.where(reached > high, reached - (reached - high + 11) // 12 * 12, reached)
        reached = np.where(reached < low, reached + (low - reached + 11) // 12 * 12, reached)
        reached = np.where(reached > high, -1, reached)
    return np.where((reached >= 0) & (reached < 128), reached, -1), pc


def _by_steps(tonic: int, scale: np.ndarray, shift: int, upright: bool) -> np.ndarray:
    """Every pitch moved by steps of a scale, or its step mirrored, int (128,)."""
    octave, above = np.divmod(PITCHES - tonic, 12)
    degree = 4 * spiral.fifths(PITCHES, tonic) % 7  # the letter that a note is spelled with
    altered = above - scale[degree]
    step = 7 * octave + degree
    octave, degree = np.divmod(step + shift if upright else shift - step, 7)
    return tonic + 12 * octave + scale[degree] + (altered if upright else -altered)
