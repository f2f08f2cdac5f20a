"""Levels and form -> drums: patterns, fills into new phrases, rolls into loud sections, cymbals on arrivals.

Patterns are those of `kits`.  Bars of another length than the piece's metre cut their pattern off or begin
it again.
"""

from __future__ import annotations

from tensionbgm.forms import PPQ
from tensionbgm.plan.kits import KITS, Kit
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note

SIXTEENTH = PPQ // 4
FORCE = 6  # velocity of one digit


def write_drums(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """All strokes of every drummer."""
    kit = KITS[draft.palette.drum_style]
    strokes: list[tuple[int, int, int]] = []  # (tick, drum, force)
    for bar in draft.bars:
        before = draft.bars[max(bar.index - 1, 0)]
        after = draft.bars[bar.index + 1] if bar.index + 1 < len(draft.bars) else None
        strokes += _arrival(bar, before, kit)
        if bar.ending == "hold":
            strokes += _end(bar, before, kit)
        else:
            strokes += _bar_strokes(draft, bar, after, kit)
    return [stroke(draft, part, tick, drum, force) for part, _ in players for tick, drum, force in strokes]


def stroke(draft: Draft, part: int, tick: int, drum: int, force: int) -> Note:
    """One stroke; its line is the drum's own, so that strokes of a drum cut each other off."""
    pc = 1 << (drum % 12)
    accent = (force - 5) * FORCE
    return Note(tick, SIXTEENTH, part, drum, drum, drum, pc, pc, drum, accent)


def _bar_strokes(draft: Draft, bar: Bar, after: Bar | None, kit: Kit) -> list[tuple[int, int, int]]:
    """The pattern of a bar, its last beats given to a fill or a roll where one leads on."""
    level = max(bar.level - 1, 0) if draft.broadens(bar) or (bar.index < 2 and bar.level < 4) else bar.level
    rolls = after is not None and after.turn == "drop"
    fills = bar.last_in_phrase and level >= 3 and not rolls and bar.beats >= 2
    lead_beats = min(2, bar.beats - 1) if rolls else int(fills)
    stop = bar.end_tick - lead_beats * PPQ
    strokes = [
        (bar.start_tick + i * SIXTEENTH, drum, int(pattern[i % len(pattern)]))
        for drum, pattern in kit.pattern(draft.metre, level).items()
        for i in range(4 * bar.beats)
        if pattern[i % len(pattern)] != "." and bar.start_tick + i * SIXTEENTH < stop
    ]
    if rolls:
        count = 4 * lead_beats
        strokes += [(stop + i * SIXTEENTH, kit.roll, 1 + 6 * i // max(count - 1, 1)) for i in range(count)]
    elif fills:
        strokes += [(stop + i * SIXTEENTH, drum, 5 + i % 2) for i, drum in enumerate(kit.fill)]
    return strokes


def _arrival(bar: Bar, before: Bar, kit: Kit) -> list[tuple[int, int, int]]:
    """A cymbal where a loud section or a louder level arrives, a quiet colour where a calm section starts."""
    louder = bar.level > before.level and bar.level >= 3
    if (bar.opens and bar.level >= 2) or louder:
        return [(bar.start_tick, kit.crash, 4 + bar.level - 2), (bar.start_tick, kit.low, 5 + bar.level - 2)]
    return [(bar.start_tick, kit.soft, 2)] if bar.opens else []


def _end(bar: Bar, before: Bar, kit: Kit) -> list[tuple[int, int, int]]:
    """The last stroke."""
    if before.ending == "hold":
        return []
    if before.level >= 2 or bar.level >= 2:
        return [(bar.start_tick, kit.crash, 5), (bar.start_tick, kit.low, 7)]
    return [(bar.start_tick, kit.soft, 3)]
