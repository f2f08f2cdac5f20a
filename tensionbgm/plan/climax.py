"""Motif -> the tune at the climax: wider, longer goals, pickups, and one highest note.

In: a bar and the theme's motif.  Out: the bar's rhythm and its scale steps above the middle of the register.
"""

from __future__ import annotations

from tensionbgm.plan.motifs import Motif, Rhythm
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft

SOARS_FROM = 0.6  # tension from which the tensest phrase is a climax
WIDEN = 1.5  # its intervals against the motif's
SUMMIT = 6.5  # its highest note above the middle of the register [scale steps]
CLIMB = 1.5  # what each bar before that adds [scale steps]


def soars(draft: Draft, bar: Bar) -> bool:
    """Whether the piece leads to the bar's phrase: the tensest one, or every other at full force."""
    top = draft.bars[draft.peak]
    tensest = (bar.section, bar.phrase) == (top.section, top.phrase) and top.target >= SOARS_FROM
    return tensest or (bar.phrase_level == 4 and bar.phrase % 2 == 1)


def soaring(draft: Draft, bar: Bar, motif: Motif) -> tuple[Rhythm, tuple[float, ...]]:
    """The motif's head, widened, up to a long goal, and pickups on: step by step up to one highest note.

    The bar before the last climbs without rest; the last holds its goal.
    """
    top = draft.bars[draft.peak]
    here = (bar.section, bar.phrase) == (top.section, top.phrase)
    summit = top.in_phrase if here else max(bar.n_phrase - 2, 0)
    beats, half = bar.beats, float((bar.beats + 1) // 2)
    head = [(on, min(length, half - on)) for on, length in motif.rhythm if on < half][:4] or [(0.0, half)]
    steps = [round(WIDEN * s) for s in motif.steps[: len(head)]]
    goal = max(steps) + 2
    if bar.last_in_phrase:
        rhythm, steps = [(0.0, max(beats - 1.0, 0.5))], [goal]
    elif bar.in_phrase == bar.n_phrase - 2 and bar.n_phrase > 2 and beats >= 4:
        rhythm = head + [(on + half, length) for on, length in head if on + half + length <= beats]
        steps = (steps + [s + 2 for s in steps])[: len(rhythm)]
    else:
        rhythm, steps = _to_the_goal(head, steps, goal, beats)
    away = bar.in_phrase - summit
    level = (SUMMIT if here else SUMMIT - 2) - max(steps) + (CLIMB * away if away < 0 else -2.0 * away)
    return tuple(rhythm), tuple(level + s for s in steps)


def _to_the_goal(
    head: list[tuple[float, float]], steps: list[int], goal: int, beats: int
) -> tuple[list[tuple[float, float]], list[int]]:
    """The head, a long note above it, and two quick notes that lead on."""
    half = float((beats + 1) // 2)
    if beats - half < 1:
        return head, steps
    short = 0.5 if beats - half >= 1.5 else 0.25
    goal_note = (half, beats - half - 2 * short)
    rhythm = [*head, goal_note, (beats - 2 * short, short), (beats - short, short)]
    return rhythm, [*steps, goal, goal - 2, goal - 1]
