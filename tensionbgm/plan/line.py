"""Themes and chords -> the theme's pitches: the line a composer would write over these chords.

A phrase is written as a whole: among all lines of chord tones (on the beat) and scale tones (between)
that stay near the contour, Viterbi's algorithm finds the one that keeps the motif's intervals best, sings
(no tritones, sevenths, leaps left unanswered), and runs in no parallel fifths or octaves with the bass.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

from tensionbgm.plan.key import scale_fifths
from tensionbgm.plan.slots import Note, allowed_pitches, nearest

NEAR = 7  # how far a note may lie from where the contour would have it [semitones]
PULL = 0.05  # cost of lying elsewhere [per squared semitone]
BEND = 0.45  # cost of another interval than the motif's [per semitone]
FLAT = 1.2  # cost of a repeated note the motif has not
STAND = 0.35  # cost of the semitone steps lost where the motif repeats a note
LEAPS = {5: 0.1, 6: 2.5, 7: 0.4, 8: 1.2, 9: 1.2, 10: 3.0, 11: 4.0, 12: 1.5}  # cost of a leap [by semitones]
WIDE = 4.0  # ... wider than an octave
UNANSWERED = 2.5  # cost of a leap beyond a fifth that the line does not answer by turning back, by less
WIDE_LEAP = 8  # semitones: such a leap
PARALLEL = 5.0
CHORD_TONE = 0.35  # cost of a passing note off the beat: chords first, if it is all the same


@dataclass(frozen=True)
class Place:
    """A note of the theme before it has its pitch."""

    wanted: int  # where the contour would have it [MIDI pitch]
    allowed: int  # 12-bit mask
    chord: int  # 12-bit mask
    bass: int = -1  # the bass struck with it, -1 if none is [MIDI pitch]
    bass_before: int = -1  # the bass before that


Pair = tuple[int | None, int]  # the last two notes of a line, the first of them missing at its start
Costs = dict[Pair, float]
Basses = dict[int, tuple[int, int]]  # onset [ticks] -> (pitch of the bass struck there, pitch before)


def moves_of(bass: list[Note]) -> Basses:
    """Where the bass moves: onset -> (its pitch, its pitch before)."""
    line = sorted({note.onset: note.aim for note in bass}.items())
    return {now[0]: (now[1], last[1]) for last, now in itertools.pairwise(line)}


@cache
def scale_steps(mode: str) -> tuple[int, ...]:
    """Semitones of the scale's steps above the tonic."""
    return tuple(sorted(7 * k % 12 for k in scale_fifths(mode)))


def step_pitch(step: float, tonic: int, mode: str, middle: float) -> int:
    """The pitch so many scale steps above the scale's pitch nearest to `middle`."""
    scale = scale_steps(mode)
    home = tonic + 12 * round((middle - tonic) / 12)
    near = min(range(-7, 8), key=lambda k: abs(home + 12 * (k // 7) + scale[k % 7] - middle))
    octave, degree = divmod(near + round(step), 7)
    return home + 12 * octave + scale[degree]


def write_line(places: list[Place], low: int, high: int, before: int | None) -> list[int]:
    """Pitches of a phrase.

    Parameters
    ----------
    places : list of Place
        in order of time
    low, high : int
        register [MIDI pitch]
    before : int or None
        the last note of the phrase before
    """
    if not places:
        return []
    rows = [_candidates(place, low, high) for place in places]
    cost: Costs = {(None, p): _own(p, places[0]) + _enter(places[0], before, p) for p in rows[0]}
    trace: list[dict[Pair, Pair]] = []
    for (a, b), row in zip(itertools.pairwise(places), rows[1:], strict=True):
        cost, came = _onward(cost, a, b, row)
        trace.append(came)
    here = min(cost, key=cost.__getitem__)
    line = [here[1]]
    for came in reversed(trace):
        here = came[here]
        line.append(here[1])
    return line[::-1]


def _onward(cost: Costs, a: Place, b: Place, row: list[int]) -> tuple[Costs, dict[Pair, Pair]]:
    """Least cost of lines that reach b, by their last two notes, and the pair of notes each came from."""
    least: Costs = {}
    came: dict[Pair, Pair] = {}
    own = {q: _own(q, b) for q in row}
    for (o, p), so_far in cost.items():
        for q in row:
            now = so_far + _move(a, b, p, q) + own[q] + UNANSWERED * is_unanswered(o, p, q)
            if (p, q) not in least or now < least[p, q]:
                least[p, q], came[p, q] = now, (o, p)
    return least, came


def _candidates(place: Place, low: int, high: int) -> list[int]:
    middle = min(max(place.wanted, low), high)
    found = allowed_pitches(max(low, middle - NEAR), min(high, middle + NEAR), place.allowed)
    return found or [nearest(middle, max(low - 12, 0), min(high + 12, 127), place.allowed)]


def _own(pitch: int, place: Place) -> float:
    passing = not place.chord >> (pitch % 12) & 1
    return PULL * (pitch - place.wanted) ** 2 + CHORD_TONE * passing


def _leap(interval: int) -> float:
    size = abs(interval)
    return WIDE if size > 12 else LEAPS.get(size, 0.0)


def _move(a: Place, b: Place, p: int, q: int) -> float:
    """Cost of going from pitch p at a to pitch q at b."""
    meant, made = b.wanted - a.wanted, q - p
    cost = BEND * abs(made - meant) + _leap(made)
    if made == 0 and meant != 0:
        cost += FLAT
    if made != 0 and meant == 0:
        cost += STAND
    if meant * made < 0:
        cost += FLAT
    return cost + PARALLEL * is_parallel(b, p, q)


def _enter(place: Place, before: int | None, q: int) -> float:
    """Cost of a phrase's first pitch after the last one of the phrase before."""
    return 0.0 if before is None else _leap(q - before) / 2 + PARALLEL * is_parallel(place, before, q)


def is_unanswered(o: int | None, p: int, q: int) -> bool:
    """Whether a leap from o to p is not answered by turning back, by less, to q."""
    if o is None or abs(p - o) < WIDE_LEAP:
        return False
    return (q - p) * (p - o) >= 0 or abs(q - p) >= abs(p - o)


def is_parallel(place: Place, p: int, q: int) -> bool:
    """Whether going from pitch p to pitch q makes parallel fifths or octaves with the bass."""
    if min(place.bass, place.bass_before) < 0 or (q - p) * (place.bass - place.bass_before) <= 0:
        return False
    apart = (p - place.bass_before) % 12
    return apart in (0, 7) and apart == (q - place.bass) % 12
