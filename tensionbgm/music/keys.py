"""Notes -> the key they are in and how sure that is, by key profiles or by the centre of effect.

Both ways turn into a probability: the softmax over the 24 keys of how well each fits, sharpened so
that the keys printed on real music come out most likely (`SHARPNESS`, fitted to one half of it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music.key_profiles import MODES, key_scores
from tensionbgm.music.notes import Notes
from tensionbgm.music.spelling import spell
from tensionbgm.music.spiral import key_point, position

OPENING_BARS = 8  # a piece says its key at once and may then leave it [AS13]_
OPENING = 0.5  # weight of the opening beside the whole piece
SHARPNESS = {"centre": 10.3, "krumhansl": 11.1, "temperley": 12.0, "albrecht": 11.1, "bellman": 12.0}


@dataclass(frozen=True)
class KeyFound:
    """A key, and how sure it is."""

    tonic: int  # pitch class
    mode: str  # major | minor
    confidence: float  # 0..1: probability that it is the key; 1/24 says nothing is known


def find_key(notes: Notes) -> tuple[int, str]:
    """Tonic pitch class and mode of a piece.

    Returns
    -------
    tonic : int
        0..11
    mode : str
        "major" or "minor"; C major for percussion alone
    """
    found = key_by_profile(notes)
    return found.tonic, found.mode


def key_by_profile(notes: Notes, profile: str = "temperley") -> KeyFound:
    """The key whose profile correlates best with what sounds, the opening weighing more.

    w = w_piece / |w_piece| + `OPENING` w_opening / |w_opening|, |.| the sum over pitch classes; the
    opening is the first eight bars from the first note on.

    Raises
    ------
    ValueError
        there is no such profile
    """
    first = first_bass(notes)
    score = key_scores(np.roll(key_weight(notes), -first), profile)
    return _likeliest(score * SHARPNESS[profile], first)


def key_by_centre(notes: Notes) -> KeyFound:
    """The key nearest to the centre of effect of all that sounds: argmin |CE - T_key| [Chew00]_.

    Notes are spelled first; of the ways to spell a key, the nearest counts.
    """
    pitched = ~notes.notes["drum"]
    if not pitched.any():
        return _likeliest(np.zeros(24), 0)
    k = spell(notes)[pitched]
    lowest, first = int(k.min()), first_bass(notes)
    weight = np.bincount(k - lowest, notes.notes["duration_quarter"][pitched])
    tonic = np.arange(-12, len(weight) + 12)  # fifths above the lowest note, as all below
    steps = np.arange(len(weight)) - tonic[:, None]
    centre = np.einsum("tkx,k->tx", position(steps), weight / weight.sum())
    above = (7 * (tonic + lowest) - first) % 12
    distance = np.full(24, np.inf)
    for number, mode in enumerate(MODES):
        np.minimum.at(distance, above + 12 * number, np.linalg.norm(centre - key_point(mode), axis=1))
    return _likeliest(-distance * SHARPNESS["centre"], first)


def pitch_class_weight(notes: Notes) -> np.ndarray:
    """Quarters each pitch class sounds, percussion left out, float (12,)."""
    pitched = notes.notes[~notes.notes["drum"]]
    return np.bincount(pitched["pitch"] % 12, pitched["duration_quarter"], 12)


def bar_weights(notes: Notes) -> np.ndarray:
    """Quarters each pitch class sounds in each bar, percussion left out, float (b, 12).

    Sounding up to a bar line at t is sum_n max(t - onset_n, 0) - max(t - end_n, 0), so that a note
    held over a thousand bars takes no longer than a short one.
    """
    pitched = notes.notes[~notes.notes["drum"]]
    until = np.zeros((len(notes.bar_quarter), 12))
    for pc in range(12):
        of_pc = pitched[pitched["pitch"] % 12 == pc]
        onset, end = of_pc["onset_quarter"], of_pc["onset_quarter"] + of_pc["duration_quarter"]
        until[:, pc] = _ramps(onset, notes.bar_quarter) - _ramps(end, notes.bar_quarter)
    return np.round(np.diff(until, axis=0), 6)  # silence is exactly 0


def _ramps(start: np.ndarray, at: np.ndarray) -> np.ndarray:
    """sum_n max(t - start_n, 0) at each t, float (t,)."""
    start = np.sort(start)
    begun = np.searchsorted(start, at)
    return begun * at - np.concatenate([[0.0], np.cumsum(start)])[begun]


def key_weight(notes: Notes) -> np.ndarray:
    """What the key is read from, float (12,): the whole piece, and its opening once more."""
    whole, bars = pitch_class_weight(notes), bar_weights(notes)
    sounding = np.flatnonzero(bars.any(axis=1))
    if not len(sounding):
        return whole
    opening = bars[sounding[0] : sounding[0] + OPENING_BARS].sum(axis=0)
    return whole / whole.sum() + OPENING * opening / opening.sum()


def first_bass(notes: Notes) -> int:
    """Pitch class of the lowest of the first notes: of keys that fit alike, this one's comes first."""
    pitched = notes.notes[~notes.notes["drum"]]
    if not len(pitched):
        return 0
    first = pitched["onset_quarter"] == pitched["onset_quarter"].min()
    return int(pitched["pitch"][first].min()) % 12


def _likeliest(fit: np.ndarray, first: int) -> KeyFound:
    """The best of 24 keys reckoned from `first`, and its probability exp(fit) / sum exp(fit)."""
    mode, above = divmod(int(fit.argmax()), 12)
    return KeyFound((first + above) % 12, MODES[mode], float(1.0 / np.exp(fit - fit.max()).sum()))
