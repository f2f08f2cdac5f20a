"""Levels and form -> drums: patterns, fills into new phrases, rolls into loud sections, cymbals on arrivals.

Patterns are sixteenths of a bar of four, three or two quarters; a digit is how hard (5 is plain), a
dot a rest.  Bars of another length than the piece's metre cut their pattern off or begin it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from tensionbgm.forms import PPQ
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note

SIXTEENTH = PPQ // 4
FORCE = 6  # velocity of one digit


@dataclass(frozen=True)
class Kit:
    """Drums of one style; numbers are keys of the General MIDI percussion map."""

    crash: int
    low: int  # the low drum of accents and of the end
    roll: int  # what rolls and fills are played on
    soft: int  # the quiet colour of calm arrivals
    fill: tuple[int, ...]  # the last beat of a phrase, in 16ths
    levels: tuple[dict[int, str], ...]  # drum -> pattern, per level
    waltz: tuple[dict[int, str], ...]  # the same in three quarters
    march: tuple[dict[int, str], ...]  # the same in two

    def pattern(self, metre: int, level: int) -> dict[int, str]:
        """Drum -> its bar."""
        return {2: self.march, 3: self.waltz}.get(metre, self.levels)[level]


KITS = {
    "orchestral": Kit(
        crash=59,
        low=36,
        roll=38,
        soft=81,
        fill=(38, 38, 36, 36),
        levels=(
            {},
            {36: "4..............."},
            {36: "6.........4.....", 54: "....3.......3..."},
            {36: "8..5..6.8..5..6.", 38: "..........4...4."},
            {36: "9..6..7.9..6..7.", 38: "....7.4...4.7.44", 54: "....5.......5..."},
        ),
        waltz=(
            {},
            {36: "4..........."},
            {36: "6...........", 54: "....3...3..."},
            {36: "8.........4.", 38: "....5...5.44"},
            {36: "9.....6.7...", 38: "..4.7.4.7.44", 54: "5.5.5.5.5.5."},
        ),
        march=(
            {},
            {36: "4......."},
            {36: "6.......", 38: "....4..."},
            {36: "8...6...", 38: "..5.5.55"},
            {36: "9...7...", 38: "6.446.66", 54: "5.5.5.5."},
        ),
    ),
    "electronic": Kit(
        crash=49,
        low=36,
        roll=38,
        soft=46,
        fill=(50, 47, 45, 45),
        levels=(
            {42: "......2.......2."},
            {36: "6.........4.....", 42: "..4...4...4...4."},
            {36: "8.....5...6.....", 38: "........7.......", 42: "5.3.5.3.5.3.5.3."},
            {36: "8...8...8...8...", 39: "....7.......7...", 42: "..6.3.6...6.3.6."},
            {36: "9...8...9...8..5", 39: "....8.......8...", 42: "5354535453545354", 46: "..6...6...6...6."},
        ),
        waltz=(
            {42: "....2...2..."},
            {36: "6...........", 42: "..4...4...4."},
            {36: "8...........", 38: "........6...", 42: "5.3.5.3.5.3."},
            {36: "8.....8.....", 39: "........7...", 42: "..6.3.6.3.6."},
            {36: "9.....8...5.", 39: "....7...8...", 42: "535453545354", 46: "..6...6...6."},
        ),
        march=(
            {42: "....2..."},
            {36: "6.......", 42: "..4...4."},
            {36: "8.......", 38: "....7...", 42: "5.3.5.3."},
            {36: "8...8...", 39: "....7...", 42: "..6.3.6."},
            {36: "9...8..5", 39: "....8...", 42: "53545354", 46: "..6...6."},
        ),
    ),
    "acoustic": Kit(
        crash=49,
        low=36,
        roll=38,
        soft=81,
        fill=(38, 45, 43, 41),
        levels=(
            {},
            {70: "5.3.4.3.5.3.4.3."},
            {70: "5.3.5.3.5.3.5.3.", 36: "5.........4.....", 37: "....4.......4..."},
            {42: "6.4.5.4.6.4.5.4.", 36: "7.......6.5.....", 38: "....6.......6..."},
            {51: "7.5.6.5.7.5.6.55", 36: "8..5....8.5.....", 38: "....8..3.3..8...", 54: "....5.......5..."},
        ),
        waltz=(
            {},
            {70: "5...3...3..."},
            {70: "5.3.4.3.4.3.", 36: "5...........", 37: "....4...4..."},
            {42: "6...5.4.5.4.", 36: "7...........", 38: "....5...5..."},
            {51: "7...6.5.6.55", 36: "8.....5.....", 38: "....7...7..3", 54: "....5...5..."},
        ),
        march=(
            {},
            {70: "5.3.4.3."},
            {70: "5.3.4.3.", 36: "5.......", 37: "....4..."},
            {42: "..5...5.", 36: "7...5...", 38: "..4.6.44"},
            {51: "..6...6.", 36: "8...7...", 38: "5.447.55"},
        ),
    ),
}


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
    rolls = after is not None and after.opens and after.level >= 3 and after.level > bar.level
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
