"""Dice -> motifs: a bar of rhythm and contour, and the ways a motif is developed.

A motif is the smallest thing a listener recognises.  New sections do not bring new motifs but
develop old ones, by the devices of any composition primer: sequence, inversion, fragmentation,
augmentation [Schoenberg, *Fundamentals of Musical Composition*, ch. III].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Rhythm = tuple[tuple[float, float], ...]  # (onset, duration) of each note of a bar [beats]
Cells = tuple[tuple[float, ...], ...]

# Two beats of melody; a negative number is a rest [beats].  By feel and by how busy the music is.
CELLS: dict[str, tuple[Cells, ...]] = {
    "long": (
        ((2,), (1.5, 0.5), (1, 1)),
        ((1, 1), (1.5, 0.5), (2,), (1, 0.5, 0.5)),
        ((1, 0.5, 0.5), (0.5, 0.5, 1), (1.5, 0.5), (0.75, 0.25, 1)),
    ),
    "driving": (
        ((2,), (1.5, 0.5), (-0.5, 1.5), (1, 1)),
        ((1.5, 0.5), (0.75, 0.75, 0.5), (-0.5, 0.5, 1), (0.5, 1, 0.5)),
        ((0.75, 0.75, 0.5), (0.5, 0.5, 0.5, 0.5), (-0.5, 0.5, 0.5, 0.5), (0.5, 0.25, 0.75, 0.5)),
    ),
    "lilting": (
        ((2,), (1, 1), (1.5, 0.5)),
        ((1.5, 0.5), (1, 0.5, 0.5), (0.5, 0.5, 1), (1, 1)),
        ((0.5, 0.5, 0.5, 0.5), (0.75, 0.25, 0.5, 0.5), (1, 0.5, 0.5), (0.5, 1, 0.5)),
    ),
    "dotted": (
        ((2,), (1.5, 0.5), (1, 1)),
        ((1.5, 0.5), (0.75, 0.25, 1), (1, 0.75, 0.25), (2,)),
        ((0.75, 0.25, 1), (0.75, 0.25, 0.75, 0.25), (1.5, 0.25, 0.25), (1, 0.5, 0.5)),
    ),
    "flowing": (
        ((1, 1), (2,), (1, 0.5, 0.5)),
        ((0.5, 0.5, 1), (1, 0.5, 0.5), (1, 1), (1.5, 0.5)),
        ((0.5, 0.5, 0.5, 0.5), (1, 0.5, 0.5), (0.5, 0.5, 1), (1.5, 0.25, 0.25)),
    ),
    "syncopated": (
        ((1.5, 0.5), (2,), (0.5, 1.5)),
        ((0.5, 1, 0.5), (1.5, 0.5), (0.5, 1.5), (1, 0.5, 0.5)),
        ((0.5, 1, 0.5), (0.75, 0.75, 0.5), (0.25, 0.75, 0.5, 0.5), (0.5, 0.5, 1)),
    ),
}
# Three beats of melody in triple time: long first beats, as one dances them.
TRIPLE: dict[str, tuple[Cells, ...]] = {
    "long": (
        ((2, 1), (1.5, 0.5, 1), (1, 2)),
        ((2, 1), (1.5, 0.5, 1), (1, 1, 1)),
        ((1, 0.5, 0.5, 1), (1.5, 0.5, 1), (1.5, 0.5, 0.5, 0.5)),
    ),
    "driving": (
        ((2, 1), (1.5, 1.5)),
        ((1.5, 0.5, 1), (1.5, 1, 0.5), (1, 1, 1)),
        ((0.75, 0.75, 0.5, 1), (0.5, 0.5, 1, 1), (1.5, 0.5, 0.5, 0.5)),
    ),
    "lilting": (
        ((2, 1), (1, 2), (1.5, 0.5, 1)),
        ((2, 1), (1, 0.5, 0.5, 1), (1.5, 0.5, 1)),
        ((1, 0.5, 0.5, 1), (0.5, 0.5, 0.5, 0.5, 1), (1.5, 0.5, 0.5, 0.5)),
    ),
    "dotted": (
        ((2, 1), (1.5, 0.5, 1)),
        ((1.5, 0.5, 1), (0.75, 0.25, 1, 1), (2, 1)),
        ((0.75, 0.25, 1, 1), (0.75, 0.25, 0.75, 0.25, 1), (1.5, 0.5, 0.5, 0.5)),
    ),
    "flowing": (
        ((2, 1), (1, 1, 1), (2, 0.5, 0.5)),
        ((1, 0.5, 0.5, 1), (1, 1, 1), (2, 0.5, 0.5)),
        ((0.5, 0.5, 0.5, 0.5, 1), (1, 0.5, 0.5, 0.5, 0.5), (2, 0.5, 0.5)),
    ),
    "syncopated": (
        ((1.5, 1.5), (2, 1)),
        ((0.5, 1.5, 1), (1.5, 1, 0.5), (1.5, 1.5)),
        ((0.5, 1, 0.5, 1), (1.5, 1, 0.5), (0.5, 0.5, 1, 1)),
    ),
}
NOTES = ((2, 4), (3, 5), (4, 7))  # how many notes a motif of four beats has, by how busy it is
TRIES = 12  # rhythms drawn until one has a character
KINDS = ("plain", "sequence", "inverted", "fragmented", "augmented")


@dataclass(frozen=True)
class Motif:
    """A bar of theme: rhythm, and scale steps above where it starts."""

    rhythm: Rhythm
    steps: tuple[int, ...]


def new_motif(feel: str, busy: int, beats: int, dice: np.random.Generator, way: int = 0) -> Motif:
    """A motif with a character of its own; `way` is the direction it sets out in, 0 for either.

    Parameters
    ----------
    feel : str
        key of `CELLS`
    busy : int
        0 calm .. 2 busy
    beats : int
        in the bar
    """
    rhythm = _rhythm_with_character(feel, busy, beats, dice)
    return Motif(rhythm, contour(len(rhythm), dice, way))


def answer(motif: Motif, feel: str, busy: int, beats: int, dice: np.random.Generator) -> Motif:
    """The motif's head with another tail: what is said next, in the same voice."""
    other = new_motif(feel, busy, beats, dice)
    split = beats / 2
    head = [(on, min(length, split - on)) for on, length in motif.rhythm if on < split]
    tail = [note for note in other.rhythm if note[0] >= split]
    if not head:  # in a bar so short that all of it is tail there is nothing to answer with
        return motif
    rhythm = tuple(head + tail) if tail else motif.rhythm
    kept = motif.steps[: len(head)]
    rest = contour(len(rhythm) - len(kept) + 1, dice, -1 if kept[-1] > 0 else 1)
    return Motif(rhythm, (*kept, *(kept[-1] + s for s in rest[1:])))


def rhythm_of(cells: Cells, beats: int, dice: np.random.Generator) -> Rhythm:
    """Cells strung together until the bar is full."""
    notes: list[tuple[float, float]] = []
    at = 0.0
    while at < beats:
        for length in cells[int(dice.integers(len(cells)))]:
            if length > 0 and at < beats:
                notes.append((at, min(length, beats - at)))
            at += abs(length)
    return tuple(notes) or ((0.0, float(beats)),)


def _rhythm_with_character(feel: str, busy: int, beats: int, dice: np.random.Generator) -> Rhythm:
    """A rhythm that is neither bare nor crowded, with long and short notes."""
    cells = (TRIPLE if beats == 3 else CELLS)[feel][busy]
    low, high = (max(round(n * beats / 4), 1) for n in NOTES[busy])
    best: tuple[int, Rhythm] | None = None
    for _ in range(TRIES):
        rhythm = rhythm_of(cells, beats, dice)
        lengths = {length for _, length in rhythm}
        faults = (not low <= len(rhythm) <= high) + (len(lengths) < 2) + (rhythm[0][0] > 0) * (busy == 0)
        if best is None or faults < best[0]:
            best = faults, rhythm
    assert best is not None
    return best[1]


def contour(n: int, dice: np.random.Generator, way: int = 0) -> tuple[int, ...]:
    """Steps of a motif: mostly by step, one leap, turned back after it."""
    steps, way = [0], way or int(dice.choice([-1, 1]))
    leap = int(dice.integers(1, max(n, 2)))
    for i in range(1, n):
        size = int(dice.choice([2, 2, 3, 3, 4])) if i == leap else int(n < 4 or dice.random() < 0.9)
        steps.append(steps[-1] + way * size)
        if i == leap or dice.random() < 0.3:
            way = -way
    return tuple(steps)


def develop(kind: str, pair: tuple[Motif, Motif], beats: int) -> tuple[Motif, Motif]:
    """A motif and its answer, developed.

    *plain* and *sequence* leave the bar itself as it is (a sequence lies elsewhere and goes on by
    step); *inverted* mirrors the contour; *fragmented* says the head twice, the second time higher;
    *augmented* takes two bars for the motif, each note twice as long, and has no answer.
    """
    first, second = pair
    if kind == "inverted":
        return _mirrored(first), _mirrored(second)
    if kind == "fragmented":
        return _fragment(first, beats), _fragment(second, beats)
    if kind == "augmented":
        return _augmented(first, beats)
    return pair


def _mirrored(motif: Motif) -> Motif:
    return Motif(motif.rhythm, tuple(-s for s in motif.steps))


def _fragment(motif: Motif, beats: int) -> Motif:
    half = beats / 2 if beats % 2 == 0 else (beats + 1) / 2
    head = [(on, min(length, half - on)) for on, length in motif.rhythm if on < half]
    again = [(on + half, min(length, beats - half - on)) for on, length in head if on + half < beats]
    steps = motif.steps[: len(head)]
    return Motif(tuple(head + again), (*steps, *(s + 1 for s in steps[: len(again)])))


def _augmented(motif: Motif, beats: int) -> tuple[Motif, Motif]:
    longer = [(2 * on, 2 * length, s) for (on, length), s in zip(motif.rhythm, motif.steps, strict=True)]
    first = [(on, min(length, beats - on), s) for on, length, s in longer if on < beats]
    second = [(on - beats, length, s) for on, length, s in longer if on >= beats]
    if not second:
        second = first
    if second[0][0] > 0:  # a note tied over the bar line: struck again there
        second = [(0.0, second[0][0], first[-1][2]), *second]
    origin = second[0][2]
    return (
        Motif(tuple((on, length) for on, length, _ in first), tuple(s for *_, s in first)),
        Motif(tuple((on, length) for on, length, _ in second), tuple(s - origin for *_, s in second)),
    )


def fit(rhythm: Rhythm, beats: int) -> Rhythm:
    """A rhythm in a bar of another length: cut off, or its last note held a little."""
    kept = [(on, min(length, beats - on)) for on, length in rhythm if on < beats]
    on, length = kept[-1]
    if on + length < beats:
        kept[-1] = (on, min(length + 1.0, beats - on))
    return tuple(kept)
