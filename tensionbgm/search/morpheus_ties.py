"""Template notes -> which pitches are free: the range of each staff, and notes that follow others.

A tie (note, followed, semitones) says that a note is so many semitones higher than another, whatever that
one is; this is how MorpheuS keeps the patterns of its template [HC19]_.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tensionbgm.music.notes import Notes

Tie = tuple[int, int, int]
FINE = 480  # parts of a quarter in which rhythms are compared


def repeats(template: Notes, quarters: float) -> tuple[Tie, ...]:
    """Ties of every stretch that repeats an earlier one, in the same rhythm and up to a transposition.

    Stretches are cut at multiples of `quarters`, each is compared with the first of its kind, and there is
    no more to it: repetitions of other lengths or at other places are not looked for.
    """
    notes = template.notes
    stretch = np.floor(notes["onset_quarter"] / quarters + 1e-9).astype(int)
    first: dict[bytes, np.ndarray] = {}
    ties: list[Tie] = []
    for number in np.unique(stretch):
        here = np.flatnonzero(stretch == number)
        here = here[np.lexsort((notes["pitch"][here], notes["onset_quarter"][here]))]
        onset = notes["onset_quarter"][here] - number * quarters
        pitch = notes["pitch"][here].astype(int)
        rhythm = np.rint(np.stack([onset, notes["duration_quarter"][here]]) * FINE).astype(int)
        model = first.setdefault(np.vstack([rhythm, pitch - pitch[0]]).tobytes(), here)
        if model is not here:
            higher = int(pitch[0] - notes["pitch"][model[0]])
            ties += [(int(a), int(b), higher) for a, b in zip(here, model, strict=True)]
    return tuple(ties)


def followed(n: int, ties: Sequence[Tie]) -> tuple[np.ndarray, np.ndarray]:
    """The note that each of n notes follows, itself if none, and how much higher it is, int (n,) each.

    Raises
    ------
    ValueError
        a note follows one that follows another
    """
    base, shift = np.arange(n), np.zeros(n, np.int64)
    for note, model, semitones in ties:
        base[note], shift[note] = model, semitones
    if (base[base] != base).any():
        raise ValueError("a note is tied to one that is tied itself; tie both to the first")
    return base, shift


def ranges(
    pitch: np.ndarray, staff: np.ndarray, ties: Sequence[Tie], near: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest pitch of each note, so that all that are tied stay in their staff, int (n,) each.

    Parameters
    ----------
    pitch : int (n,)
        of the template: a staff reaches from its lowest pitch to its highest
    near : int, optional
        only so many pitches (if there are as many), about the template's

    Raises
    ------
    ValueError
        some tied notes have no pitch in common
    """
    pitch = pitch.astype(np.int64)
    base, shift = followed(len(pitch), ties)
    low, high = (np.empty_like(pitch) for _ in range(2))
    for one in np.unique(staff):
        here = staff == one
        low[here], high[here] = pitch[here].min(), pitch[here].max()
    least, most = low.copy(), high.copy()
    np.maximum.at(least, base, low - shift)
    np.minimum.at(most, base, high - shift)
    if (least > most)[base].any():
        raise ValueError("some tied notes have no pitch in common")
    if near is not None:
        least = np.clip(pitch - near // 2, least, np.maximum(most - near + 1, least))
        most = np.minimum(least + near - 1, most)
    return least[base] + shift, most[base] + shift


def drawn(low: np.ndarray, high: np.ndarray, ties: Sequence[Tie], seed: int) -> np.ndarray:
    """Random pitches within `ranges`, ties kept, int (n,)."""
    base, shift = followed(len(low), ties)
    return np.random.default_rng(seed).integers(low - shift, high - shift + 1)[base] + shift
