"""Sections and curve -> whose music each section has: a return is exact where the curve asks for the same.

The place that comes back brings its theme back.  Where the curve asks it for about the tension it had, the
music is the same to the note; where it asks for something else no notes can do both, and the return is
*varied*: the theme's motifs over other chords, a material of its own, labelled A' beside A.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tensionbgm.forms import Grid, Section

SAME = 0.15  # root mean square difference of the curve, bar by bar, up to which a return is exact
Span = tuple[int, int, int]  # section, first bar, bar after the last


def exact_of(spans: Sequence[Span], theme: dict[int, int], target: np.ndarray) -> dict[int, int]:
    """Section -> the earliest section whose notes it has, itself if they are its own.

    Parameters
    ----------
    spans : (section, first bar, bar after the last) ...
        in order of time
    theme : dict
        section -> the section that brings its theme first
    target : float (n_bars,)
        mean of the curve in each bar
    """
    bars = {section: target[first:stop] for section, first, stop in spans}
    found: dict[int, int] = {}
    for section, _, _ in spans:
        heard = [s for s in found if found[s] == s and theme[s] == theme[section]]
        apart = {s: apart_by(bars[s], bars[section]) for s in heard}
        near = min(apart, key=lambda s: (apart[s], s), default=section)
        found[section] = near if apart.get(near, 0.0) <= SAME else section
    return found


def apart_by(first: np.ndarray, again: np.ndarray) -> float:
    """Root mean square difference of a return's bars (m,) from those it repeats (n,), in turn if m > n."""
    return float(np.sqrt(np.mean((again - np.resize(first, len(again))) ** 2)))


def labelled(grid: Grid, exact: dict[int, int]) -> Grid:
    """The grid with its varied returns labelled A', A'', and a word about them among the warnings."""
    sections, said = list(grid.sections), list(grid.warnings)
    primes: dict[str, int] = {}
    for s, section in enumerate(grid.sections):
        plain = section.label.rstrip("'")
        if section.repeats is None or s not in exact:
            label = plain
        elif exact[s] == s:
            primes[plain] = primes.get(plain, 0) + 1
            label = plain + "'" * primes[plain]
            said += [word for word in [_word(plain, label, section)] if word not in said]
        else:
            label = sections[exact[s]].label
        sections[s] = dataclasses.replace(section, label=label)
    return dataclasses.replace(grid, sections=tuple(sections), warnings=tuple(said))


def _word(plain: str, label: str, section: Section) -> str:
    return (
        f"{plain} returns at {section.start_s:.1f} s where the curve asks for another tension: its theme "
        f"comes back over other chords, as {label}"
    )
