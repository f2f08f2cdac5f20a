"""Slots, edges of windows -> moments: what sounds together in a window, and for which share of its time.

Diameter is measured of notes that sound together, and a window's is the mean over the time that anything
sounds (`music.ribbons`).  A seventh touched by one short note of a figure counts for as long as it lasts, so
the parts of that mean are not beats but stretches in which the same notes are held.  Stretches of one window
with the same notes are one moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import PPQ

CELL = PPQ // 8  # beginnings and ends are told to this [ticks]: what is shorter is hardly a sound together


@dataclass(frozen=True)
class Moments:
    """Stretches of windows in which the same notes sound; k of them, in order of their windows."""

    window: np.ndarray  # int (k,): the window each is of
    share: np.ndarray  # float (k,), 0..1: of the time of its window that anything sounds
    member: np.ndarray  # int64 (m, 2): moment, slot that sounds in it; of equal slots the first


NONE = Moments(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 2), np.int64))


def moments(slots: np.ndarray, same: np.ndarray, edge: np.ndarray) -> Moments:
    """What sounds together in each window.

    Parameters
    ----------
    slots : SLOT (n,)
        pitched ones
    same : int (n,)
        slots with equal numbers always sound equal pitch classes
    edge : int (w + 1,), rising
        where windows begin, and the end [ticks]; multiples of `CELL`
    """
    held = _held(slots, same, int(edge[-1]) // CELL)
    window = np.searchsorted(edge // CELL, np.arange(len(held)), side="right") - 1
    found: dict[tuple[int, tuple[int, ...]], list[int]] = {}  # window and notes -> slots, and how many cells
    for w, here in zip(window.tolist(), held, strict=True):
        if here:
            found.setdefault((w, tuple(here)), [*here.values(), 0])[-1] += 1
    of = np.array([w for w, _ in found], np.int64)
    cells = np.array([entry[-1] for entry in found.values()], float)
    total = np.bincount(of, cells, len(edge) - 1)
    rows = [(k, slot) for k, entry in enumerate(found.values()) for slot in entry[:-1]]
    return Moments(of, cells / total[of], np.array(rows, np.int64).reshape(-1, 2))


def _held(slots: np.ndarray, same: np.ndarray, n: int) -> list[dict[int, int]]:
    """Of each of n cells: what sounds in it, and the first slot that sounds it, in order."""
    first = np.rint(slots["onset_tick"] / CELL).astype(int)
    last = np.rint((slots["onset_tick"].astype(int) + slots["duration_tick"]) / CELL).astype(int)
    last = np.minimum(np.maximum(last, first + 1), n)
    held: list[dict[int, int]] = [{} for _ in range(n)]
    order = np.lexsort((np.arange(len(slots)), same))
    for slot, name in zip(order.tolist(), same[order].tolist(), strict=True):
        for cell in range(first[slot], last[slot]):
            held[cell].setdefault(name, slot)
    return held
