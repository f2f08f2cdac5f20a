"""Notes -> the same notes free to leave their chord for its scale: what colours a chord is tension, too.

A triad can only be as tense as a triad.  A ninth, a sixth or a suspension on top, for a while or for the
whole bar, makes all degrees between it and the next chord of the plan, and the search weighs each against
the line and the clash it makes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note

FREE = ("melody", "counter", "arpeggio", "pad")  # the bass keeps to its chord


def loosen(notes: list[Note], draft: Draft, roles: Sequence[str]) -> list[Note]:
    """Allow each free part the scale of every chord its note sounds over, but for the held last chord.

    Parameters
    ----------
    notes : list of Note
        changed in place
    roles : str ...
        of each part
    """

    @functools.cache
    def scale(onset: int, end: int) -> int:
        mask, tick = 0xFFF, onset
        while tick < end:
            bar = draft.bar_at(tick)
            span = draft.span_at(bar, tick)
            mask &= 0 if bar.ending == "hold" else draft.scale_mask(span)
            tick = max(min(span.end_tick, bar.end_tick), tick + 1)
        return mask

    for note in notes:
        if roles[note.part] in FREE:
            note.allowed |= scale(note.onset, note.onset + note.duration)
    return notes
