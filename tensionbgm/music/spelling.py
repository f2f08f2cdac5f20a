"""Notes -> how each of them is spelled, as a place on the line of fifths, by ps13s1 [Meredith06]_.

Whatever sounds around a note may be its tonic.  Each pitch class in turn, spelling the note by its
own chromatic scale, votes as often as it occurs there; the spelling with most votes wins.

Meredith spells the tonics themselves from the piece's first note.  Where that is chromatic (Beethoven's
op. 132 begins on G sharp in A minor) it leads astray, so that here they are spelled from the piece's key.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.music.key_profiles import MODES, key_scores
from tensionbgm.music.notes import Notes
from tensionbgm.music.spiral import FIFTHS

BEFORE, AFTER = 20, 42  # notes of context: before this one; from this one on
FLATTEST = {"major": -4, "minor": -6}  # fifths from the key to the flattest tonic heard in it
ENHARMONIC = 12  # fifths from a note to the next of its pitch class, as from Ab to G#
MIDDLE = 2.0  # D, the middle of the white keys: pieces are spelled around it


def spell(notes: Notes) -> np.ndarray:
    """Position of every note on the line of fifths.

    Spelling is relative: a piece moved by some interval is spelled as before, moved by that interval
    or an enharmonic one.  Of those, the one is taken whose mean lies nearest to D.

    Parameters
    ----------
    notes : Notes
        n notes

    Returns
    -------
    fifths : int (n,)
        in the order of `notes.notes`; C is 0, G 1, F -1, F sharp 6, B flat -2; percussion is 0.
        Modulo 12 it is seven times the pitch class.
    """
    table = notes.notes
    fifths = np.zeros(len(table), int)
    heard = np.flatnonzero(~table["drum"])
    if len(heard):
        heard = heard[np.lexsort((table["pitch"][heard], table["onset_quarter"][heard]))]
        pc = table["pitch"][heard].astype(int) % 12
        above = (pc - pc[0]) % 12  # reckoned from the first note, no rounding depends on the key
        spelled = 7 * pc[0] + _vote(above, *_home(above, table["duration_quarter"][heard]))
        fifths[heard] = spelled + ENHARMONIC * int(np.rint((MIDDLE - spelled.mean()) / ENHARMONIC))
    return fifths


def _home(pc: np.ndarray, duration_quarter: np.ndarray) -> tuple[int, str]:
    mode, tonic = divmod(int(key_scores(np.bincount(pc, duration_quarter, 12)).argmax()), 12)
    return tonic, MODES[mode]


def _vote(pc: np.ndarray, key: int, mode: str) -> np.ndarray:
    """Fifths of each note by vote of its context, int (n,)."""
    every = np.arange(12)
    tonic = (7 * (every - key) - FLATTEST[mode]) % 12 + FLATTEST[mode]
    spelled = 7 * key + tonic + FIFTHS[(every[:, None] - every) % 12]  # (pitch class, tonic)
    home = spelled[:, key]
    turn = (spelled - home[:, None]) // ENHARMONIC
    turns = np.array(sorted(set(turn.ravel()), key=lambda t: (abs(t), t)))  # a tie goes to the nearest
    ballot = (turn[:, :, None] == turns).astype(np.int64)
    votes = np.einsum("nt,ntk->nk", _context(pc), ballot[pc])
    return home[pc] + ENHARMONIC * turns[votes.argmax(axis=1)]


def _context(pc: np.ndarray) -> np.ndarray:
    """How often each pitch class occurs around each note, int (n, 12)."""
    count = np.zeros((len(pc) + 1, 12), np.int64)
    np.cumsum(pc[:, None] == np.arange(12), axis=0, out=count[1:])
    here = np.arange(len(pc))
    return count[np.minimum(here + AFTER, len(pc))] - count[np.maximum(here - BEFORE, 0)]
