"""`Analysis`, `Curve` -> `Form`: sections from shots, and the same label for a place that comes back.

That a returning place brings back its music is a rule (what composers for film do), not something
learnt.  Shots of one place in a row are joined, quick shots are gathered into a montage, what is
too short for music goes to the neighbour it differs least from, and what is too long for one
phrase is divided where the curve turns.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.forms import Analysis, Curve, Form, Section
from tensionbgm.model.phrases import phrase_turns
from tensionbgm.model.places import Stretch, alike, colour, joined, shot_edges, shots_as_stretches, unlikeness

ONE_SECTION_S = 10.0  # shorter films are one section
MOST_SECTIONS = 24
_QUICK_S = 2.5  # three or more shots in a row, each shorter than this, are a montage
_RETURN_S = 2.5  # a place that comes back keeps a section of its own from this length on
_RETURN_WEIGHT = 3.0  # how much harder it is to merge such a section away
_SAME_CURVE = 0.12  # phrases of one take return if their mean tension differs by less,
_SAME_COLOUR = 0.12  # and their colour too


def estimate_form(analysis: Analysis, curve: Curve) -> Form:
    """Sections of the film and which of them repeat.

    Parameters
    ----------
    analysis : Analysis
        shots with one embedding each
    curve : Curve
        tension of the film; decides where long takes are divided

    Returns
    -------
    form : Form
        1..24 sections from 0 to the film's end; labels "A", "B", ... in order of appearance;
        neighbours never share a label

    Raises
    ------
    InputError
        there is not one embedding for each shot
    """
    stretches = shots_as_stretches(analysis, curve)
    if analysis.video.duration_s < ONE_SECTION_S:
        return Form((Section("A", 0.0, float(analysis.video.duration_s)),))
    stretches = _join_neighbours(stretches)
    stretches = _join_neighbours(_gather_montages(stretches))
    stretches = _merge_short(stretches, _shortest_s(analysis.video.duration_s))
    stretches = _divide_long(stretches, analysis, curve)
    return Form(_label(stretches, analysis))


def _shortest_s(duration_s: float) -> float:
    """Shortest section that makes musical sense in a film of this length [s].

    A new section is a new idea: more than about a dozen in a film are heard as none.  Places that
    come back are let off with half of it.
    """
    return float(np.clip(duration_s / 12.0, 3.0, 10.0))


# --------------------------------------------------------------------------- joining


def _join_neighbours(stretches: list[Stretch]) -> list[Stretch]:
    """Neighbours that show the same places become one."""
    out = stretches[:1]
    for stretch in stretches[1:]:
        if alike(out[-1], stretch):
            out[-1] = joined(out[-1], stretch)
        else:
            out.append(stretch)
    return out


def _gather_montages(stretches: list[Stretch]) -> list[Stretch]:
    """Three or more quick shots in a row become one stretch."""
    out: list[Stretch] = []
    run: list[Stretch] = []
    for stretch in [*stretches, None]:
        if stretch is not None and stretch.length_s < _QUICK_S:
            run.append(stretch)
            continue
        out += _montage(run) if len(run) >= 3 else run
        run = []
        if stretch is not None:
            out.append(stretch)
    return out


def _montage(run: list[Stretch]) -> list[Stretch]:
    whole = run[0]
    for stretch in run[1:]:
        whole = joined(whole, stretch)
    return [whole]


def _merge_short(stretches: list[Stretch], shortest_s: float) -> list[Stretch]:
    """Merge the least distinct neighbours until no section is too short and there are few enough."""
    stretches = list(stretches)
    while len(stretches) > 1:
        protected = _returns(stretches)
        least_s = np.where(protected, max(_RETURN_S, shortest_s / 2), shortest_s)
        short = np.array([s.length_s for s in stretches]) < least_s
        pairs = np.flatnonzero(short[:-1] | short[1:])
        if not len(pairs):
            if len(stretches) <= MOST_SECTIONS:
                break
            pairs = np.arange(len(stretches) - 1)
        costs = [_merge_cost(stretches, int(i), protected) for i in pairs]
        i = int(pairs[int(np.argmin(costs))])
        stretches[i : i + 2] = [joined(stretches[i], stretches[i + 1])]
        stretches = _join_neighbours(stretches)
    return stretches


def _returns(stretches: list[Stretch]) -> np.ndarray:
    """bool (n,): stretches long enough to be heard, in a place that has more than one of them."""
    place = [s.place if s.length_s >= _RETURN_S else None for s in stretches]
    return np.array([p is not None and place.count(p) > 1 for p in place])


def _merge_cost(stretches: list[Stretch], i: int, protected: np.ndarray) -> float:
    """What is lost by merging stretch i with the next: Ward's rule on picture and tension."""
    first, second = stretches[i], stretches[i + 1]
    a, b = first.length_s, second.length_s
    weight = _RETURN_WEIGHT if protected[i] or protected[i + 1] else 1.0
    return weight * a * b / (a + b) * (0.2 + unlikeness(first, second) + abs(first.tension - second.tension))


# --------------------------------------------------------------------------- dividing


def _divide_long(stretches: list[Stretch], analysis: Analysis, curve: Curve) -> list[Stretch]:
    """Divide what is longer than a phrase; phrases grow until there are few enough sections."""
    phrase_s = 22.0
    while True:
        divided = [part for s in stretches for part in _divide(s, phrase_s, analysis, curve)]
        if len(divided) <= MOST_SECTIONS:
            return divided
        phrase_s *= 1.2


def _divide(stretch: Stretch, phrase_s: float, analysis: Analysis, curve: Curve) -> list[Stretch]:
    turns = phrase_turns(analysis, curve, stretch.start_s, stretch.end_s, phrase_s)
    if not len(turns):
        return [stretch]
    edges = np.array([stretch.start_s, *_snapped(turns, shot_edges(analysis)), stretch.end_s])
    take = round(stretch.start_s * 1000)  # any number that no other stretch has
    parts = zip(edges[:-1].tolist(), edges[1:].tolist(), curve.mean(edges[:-1], edges[1:]), strict=True)
    return [Stretch(a, b, stretch.places, stretch.look, float(v), take) for a, b, v in parts]


def _snapped(turns: np.ndarray, edge_s: np.ndarray, reach_s: float = 2.0) -> list[float]:
    """Move each turn to a shot boundary close by."""
    nearest = edge_s[np.argmin(np.abs(edge_s[None] - turns[:, None]), axis=1)]
    return [float(e) if abs(e - t) <= reach_s else float(t) for e, t in zip(nearest, turns, strict=True)]


# --------------------------------------------------------------------------- labels


def _label(stretches: list[Stretch], analysis: Analysis) -> tuple[Section, ...]:
    firsts: list[int] = []  # index of the first section with each label
    label: list[int] = []
    for i, stretch in enumerate(stretches):
        known = [
            k
            for k, first in enumerate(firsts)
            if (i == 0 or label[i - 1] != k) and _same_music(stretches[first], stretch, analysis)
        ]
        if known:
            label.append(min(known, key=lambda k: abs(stretches[firsts[k]].tension - stretch.tension)))
        else:
            label.append(len(firsts))
            firsts.append(i)
    return tuple(
        Section(chr(ord("A") + k), s.start_s, s.end_s, None if firsts[k] == i else firsts[k])
        for i, (k, s) in enumerate(zip(label, stretches, strict=True))
    )


def _same_music(first: Stretch, second: Stretch, analysis: Analysis) -> bool:
    """A place that comes back brings its music; inside one take, tension and colour must be alike too."""
    if not alike(first, second):
        return False
    if first.take != second.take or first.take < 0:
        return True
    paint = [colour(analysis.motion, s.start_s, s.end_s) for s in (first, second)]
    same_colour = float(np.linalg.norm(paint[0] - paint[1])) < _SAME_COLOUR
    return same_colour and abs(first.tension - second.tension) < _SAME_CURVE
