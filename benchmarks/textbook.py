"""Costs of progressions set by hand after common practice: the control of those that are counted."""

from __future__ import annotations

import numpy as np

from tensionbgm.plan.chords import Harmony, vocabulary

FUNCTIONS = {  # cost of following one function by another
    ("T", "T"): 0.25, ("T", "S"): 0.0, ("T", "D"): 0.15, ("T", "X"): 0.1,
    ("S", "T"): 0.35, ("S", "S"): 0.25, ("S", "D"): 0.0, ("S", "X"): 0.2,
    ("D", "T"): 0.0, ("D", "S"): 0.7, ("D", "D"): 0.25, ("D", "X"): 0.5,
    ("X", "T"): 0.4, ("X", "S"): 0.4, ("X", "D"): 0.4, ("X", "X"): 0.7,
}  # fmt: skip
MISSED_GOAL = 1.1  # a chord that wants a goal goes elsewhere
SAME_ROOT = 0.45  # the same root in another dress
RARITY = 0.55  # weight of a chord's rarity beside these
SHARP = ("dim7", "aug", "mM7")  # two such colours in a row blur each other


def costs(mode: str) -> np.ndarray:
    """Cost of each chord after each other, its rarity added, float (n, n); rows are where one comes from."""
    words = vocabulary(mode)
    return np.array([[_step(a, b) + RARITY * b.rarity for b in words] for a in words])


def _step(a: Harmony, b: Harmony) -> float:
    cost = FUNCTIONS[a.function, b.function]
    if a.root == b.root and not a.goals:
        cost = SAME_ROOT
    elif a.goals:
        cost = 0.0 if b.name in a.goals else MISSED_GOAL
    step = abs(b.root - a.root)
    cost += {1: -0.05, 2: 0.05, 6: 0.5}.get(step, 0.15 if step in (5, 7) else 0.0)
    return max(cost, 0.0) + 0.5 * (a.quality in SHARP and b.quality in SHARP)
