"""Plans whose tonal optimum can be found exactly: windows a beat long, that share no notes."""

from __future__ import annotations

import numpy as np
from piece_factory import grid

from tensionbgm.forms import PPQ, SLOT, Curve, Key, Part, Plan
from tensionbgm.kernels import rules
from tensionbgm.search.problem import pose
from tensionbgm.search.skeleton import tonal

DIATONIC = 0xAB5  # C major
CHORD = Part("Choir", "pad", 52, 0, 0, 127)


def windows_plan(
    form: list[int], voices: int = 3, allowed: int = DIATONIC, shift: dict[int, int] | None = None
) -> Plan:
    """A plan with a window of `voices` notes for each number in `form`; equal numbers are tied.

    Parameters
    ----------
    shift : semitones by which the window at this place is moved against the first of its number
    """
    rows = []
    for w, number in enumerate(form):
        moved = (shift or {}).get(w, 0)
        at = allowed << moved % 12
        here = (at | at >> 12) & 0xFFF
        for v in range(voices):
            long = PPQ if v % 2 == 0 else PPQ // 2
            tie = number * voices + v
            rows.append((w * PPQ, long, 0, v, 60 + moved, 71 + moved, here, 0, -1, 0, 80, tie, moved, 0))
    end_s = len(form) / 2
    curve = Curve(np.array([0.0, end_s]), np.array([0.1, 0.9]), "inline")
    bars = grid([1] * len(form), [500_000] * len(form))
    return Plan(
        "Windows", 0, "cinematic", bars, (Key(0, 0, "major"),), (), (CHORD,), np.array(rows, SLOT), curve
    )


def windows_problem(
    form: list[int],
    voices: int = 3,
    seed: int = 0,
    allowed: int = DIATONIC,
    shift: dict[int, int] | None = None,
) -> rules.Problem:
    """Its tension alone, for targets drawn by the seed."""
    rng = np.random.default_rng(seed)
    spans = {"diameter": (1.0, 3.0), "momentum": (0.1, 1.6), "strain": (0.3, 1.8)}
    targets = {name: rng.uniform(*span, len(form)) for name, span in spans.items()}
    return tonal(pose(windows_plan(form, voices, allowed, shift), targets, clouds=True).problem)
