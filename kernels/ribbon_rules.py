"""A layout and a candidate's pitches -> the tonal tension of each window: the arithmetic (read this first).

Nothing here is decorated.  `ribbon_cpu.py` and `ribbon_cuda.py` compile these same functions (see
`jit.py`), and called as they are they are the reference.

Conventions
-----------
- A *candidate* is the pitches of one piece; rhythm, windows and keys are the layout's and stay.
- A *segment* is a stretch of time in which the same notes sound, at least two; edges of windows and
  changes of key cut it.  A window holds successive segments, a note sounds in successive segments.
- A *span* is a window heard in a key.  The first w spans are the windows, each in its own key; the
  others are windows that a later one, in another key, looks back on.
- What is kept up to date is whole numbers: a span's sums X, Y, K (time times position on the spiral
  array, radius 1 [Chew00]_) and each segment's and window's area (time times diameter, the diameter in
  fixed point).  So many small changes leave no trace of rounding, and lengths come last, by one formula.
- How long anything sounds does not depend on pitch: means are products with constants of the layout.
"""

import math
from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """All that does not depend on pitch.  n notes, S segments, P spans, w windows; int64 or float64.

    An array `a_start` (k + 1,) says which rows of a list belong to each of the k things counted by a.
    """

    note_segment: np.ndarray  # (n, 2) first segment the note sounds in, and the one after the last
    note_start: np.ndarray  # (n + 1,)
    note_span: np.ndarray  # (e,) spans the note sounds in
    note_units: np.ndarray  # (e,) and for how long [units]
    segment_units: np.ndarray  # (S,) length [units]
    segment_tonic: np.ndarray  # (S,) pitch class of the tonic
    segment_start: np.ndarray  # (S + 1,)
    segment_note: np.ndarray  # notes that sound in the segment
    holder_start: np.ndarray  # (S + 1,)
    holder: np.ndarray  # windows that hold the segment
    span_tonic: np.ndarray  # (P,)
    span_start: np.ndarray  # (P + 1,)
    span_note: np.ndarray  # (e,) the pairs of `note_span`, by span
    span_units: np.ndarray  # (e,)
    span_mean: np.ndarray  # float (P, 2): what makes of X and Y, and of K, a mean [radii]; 0 in silence
    follower_start: np.ndarray  # (P + 1,)
    follower: np.ndarray  # (w,) windows whose momentum is measured from the span
    window_segment: np.ndarray  # (w, 2) as `note_segment`
    window_before: np.ndarray  # (w,) the span its momentum is measured from
    window_mean: np.ndarray  # float (w,): what makes of its area a mean diameter [radii]; 0 in silence
    window_key: np.ndarray  # float (w, 3): centre of its key [radii]
    spell: np.ndarray  # (12, 12, 3) by tonic and pitch class: x, y, k
    diameter: np.ndarray  # (4096,) of each set of pitch classes relative to the tonic [fixed point]


class State(NamedTuple):
    """N candidates: their pitch classes (no more counts), what is kept of them, and their tensions."""

    pitch_class: np.ndarray  # int16 (N, n) 0..11, of every note
    count: np.ndarray  # int16 (N, S, 12) notes on each pitch class
    mask: np.ndarray  # int16 (N, S) pitch classes that sound
    area: np.ndarray  # int64 (N, S) diameter times time
    sums: np.ndarray  # int64 (N, P, 3) X, Y, K
    spread: np.ndarray  # int64 (N, w) area of the window's segments
    diameter: np.ndarray  # float64 (N, w) [radii], as are the two below
    momentum: np.ndarray
    strain: np.ndarray


class Candidate(NamedTuple):
    """One candidate's share of a `State`."""

    pitch_class: np.ndarray
    count: np.ndarray
    mask: np.ndarray
    area: np.ndarray
    sums: np.ndarray
    spread: np.ndarray
    diameter: np.ndarray
    momentum: np.ndarray
    strain: np.ndarray


def candidate_of(state, n):
    """Candidate number n, as views: what is written to it is written to the state."""
    return Candidate(
        state.pitch_class[n],
        state.count[n],
        state.mask[n],
        state.area[n],
        state.sums[n],
        state.spread[n],
        state.diameter[n],
        state.momentum[n],
        state.strain[n],
    )


# --------------------------------------------------------------------------- one thing


def area_of(p, s, mask):
    """Diameter times time of segment s, if these pitch classes sound in it."""
    tonic = p.segment_tonic[s]
    relative = ((mask >> tonic) | (mask << (12 - tonic))) & 0xFFF
    return p.segment_units[s] * p.diameter[relative]


def set_segment(p, c, s):
    """Set counts, mask and area of segment s from the pitch classes."""
    for pc in range(12):
        c.count[s, pc] = 0
    mask = 0
    for i in range(p.segment_start[s], p.segment_start[s + 1]):
        pc = int(c.pitch_class[p.segment_note[i]])
        c.count[s, pc] += 1
        mask |= 1 << pc
    c.mask[s] = mask
    c.area[s] = area_of(p, s, mask)


def set_sums(p, c, i):
    """Set the sums X, Y, K of span i from the pitch classes."""
    tonic = p.span_tonic[i]
    sum_x, sum_y, sum_k = 0, 0, 0
    for e in range(p.span_start[i], p.span_start[i + 1]):
        pc = int(c.pitch_class[p.span_note[e]])
        units = p.span_units[e]
        sum_x += units * p.spell[tonic, pc, 0]
        sum_y += units * p.spell[tonic, pc, 1]
        sum_k += units * p.spell[tonic, pc, 2]
    c.sums[i, 0], c.sums[i, 1], c.sums[i, 2] = sum_x, sum_y, sum_k


def set_spread(p, c, w):
    """Set the area of window w from those of its segments."""
    spread = 0
    for s in range(p.window_segment[w, 0], p.window_segment[w, 1]):
        spread += c.area[s]
    c.spread[w] = spread


def set_diameter(p, c, w):
    """Mean cloud diameter of window w over the time that anything sounds [HC16]_."""
    c.diameter[w] = c.spread[w] * p.window_mean[w]


def set_strain(p, c, w):
    """Tensile strain of window w: how far its centre of effect lies from its key [HC16]_."""
    dx = c.sums[w, 0] * p.span_mean[w, 0] - p.window_key[w, 0]
    dy = c.sums[w, 1] * p.span_mean[w, 0] - p.window_key[w, 1]
    dz = c.sums[w, 2] * p.span_mean[w, 1] - p.window_key[w, 2]
    c.strain[w] = math.sqrt(dx * dx + dy * dy + dz * dz) if p.span_mean[w, 0] > 0.0 else 0.0


def set_momentum(p, c, w):
    """Cloud momentum of window w: how far its centre of effect moved since the one before [HC16]_."""
    before = p.window_before[w]
    both = p.span_mean[w, 0] > 0.0 and p.span_mean[before, 0] > 0.0
    dx = c.sums[w, 0] * p.span_mean[w, 0] - c.sums[before, 0] * p.span_mean[before, 0]
    dy = c.sums[w, 1] * p.span_mean[w, 0] - c.sums[before, 1] * p.span_mean[before, 0]
    dz = c.sums[w, 2] * p.span_mean[w, 1] - c.sums[before, 2] * p.span_mean[before, 1]
    c.momentum[w] = math.sqrt(dx * dx + dy * dy + dz * dz) if both else 0.0


def set_window(p, c, w):
    """All three tensions of window w, its area and the sums being right."""
    set_diameter(p, c, w)
    set_strain(p, c, w)
    set_momentum(p, c, w)


# --------------------------------------------------------------------------- a stretch of things


def set_segments(p, c, first, last):
    """`set_segment` for first..last-1.  The three of these follow one another."""
    for s in range(first, last):
        set_segment(p, c, s)


def set_spans(p, c, first, last):
    """`set_sums` for first..last-1."""
    for i in range(first, last):
        set_sums(p, c, i)


def set_windows(p, c, first, last):
    """`set_spread` and `set_window` for first..last-1."""
    for w in range(first, last):
        set_spread(p, c, w)
        set_window(p, c, w)


def evaluate(p, state, first, last):
    """Set everything of candidates first..last-1 from their pitch classes."""
    for n in range(first, last):
        c = candidate_of(state, n)
        set_segments(p, c, 0, p.segment_units.size)
        set_spans(p, c, 0, p.span_tonic.size)
        set_windows(p, c, 0, p.window_mean.size)


# --------------------------------------------------------------------------- a changed note


def move(p, c, note, old, new):
    """Move a note from one pitch class to another in all that is kept."""
    for s in range(p.note_segment[note, 0], p.note_segment[note, 1]):
        c.count[s, old] -= 1
        c.count[s, new] += 1
        mask = c.mask[s] | (1 << new)
        if c.count[s, old] == 0:
            mask = mask & ~(1 << old)
        c.mask[s] = mask
        more = area_of(p, s, mask) - c.area[s]
        if more != 0:
            c.area[s] += more
            for i in range(p.holder_start[s], p.holder_start[s + 1]):
                c.spread[p.holder[i]] += more
    for e in range(p.note_start[note], p.note_start[note + 1]):
        span, units = p.note_span[e], p.note_units[e]
        tonic = p.span_tonic[span]
        for axis in range(3):
            c.sums[span, axis] += units * (p.spell[tonic, new, axis] - p.spell[tonic, old, axis])


def change_one(p, c, note, pitch):
    """Give a note another pitch and bring every tension up to date."""
    old, new = int(c.pitch_class[note]), pitch % 12
    if old == new:
        return
    c.pitch_class[note] = new
    move(p, c, note, old, new)
    for e in range(p.note_start[note], p.note_start[note + 1]):
        span = p.note_span[e]
        if span < p.window_mean.size:
            set_window(p, c, span)
        for i in range(p.follower_start[span], p.follower_start[span + 1]):
            set_momentum(p, c, p.follower[i])


def change(p, state, note, pitch, first, last):
    """Change notes of candidates first..last-1, one after another: int64 (N, k) each."""
    for n in range(first, last):
        c = candidate_of(state, n)
        for k in range(note.shape[1]):
            change_one(p, c, note[n, k], pitch[n, k])


FUNCTIONS = (
    candidate_of,
    area_of,
    set_segment,
    set_sums,
    set_spread,
    set_diameter,
    set_strain,
    set_momentum,
    set_window,
    set_segments,
    set_spans,
    set_windows,
    evaluate,
    move,
    change_one,
    change,
)  # in the order they are compiled: each after those it calls
