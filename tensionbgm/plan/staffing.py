"""Palette and bars -> who really plays: no staff for a few bars; nobody leaves on an open question.

Who would play too little hands the bars to whoever shares the seat.  A part that falls silent plays one
closing note on the next downbeat, unless it stops on the tonic anyway.
"""

from __future__ import annotations

import dataclasses
import math

from tensionbgm.forms import PPQ
from tensionbgm.plan.palettes import Palette, Player
from tensionbgm.plan.phrases import LEVELS, Bar
from tensionbgm.plan.score import Draft
from tensionbgm.plan.slots import Note, nearest

LEAST_SHARE, LEAST_BARS = 0.08, 3  # of the film's bars, a part plays at least the greater of these
COLOURS = ("drums", "roots")  # these may play as little as they like
BY_PHRASE = ("theme", "double")  # these come and go with phrases, the others with bars
WAITING = ("figure", "stab", "roots")  # colours; what is heard as a line begins with its level
LONG = 8  # bars; in a shorter film there is no time to come in one by one
APART = 0.03  # from one player's entrance to the next one's [tension]
NEAR = 4  # how far a closing note may lie from the last one [semitones]


def staff(palette: Palette, bars: tuple[Bar, ...]) -> Palette:
    """The palette without those who would hardly play.

    Parameters
    ----------
    palette : Palette
    bars : tuple of Bar
        at least one
    """
    least = min(max(LEAST_BARS, math.ceil(LEAST_SHARE * len(bars))), max(len(bars) // 3, 1))
    count = [_bars_played(player, bars) for player in palette.players]
    kept: list[Player] = []
    for line in dict.fromkeys(player.line for player in palette.players):
        mine = [
            (n, i)
            for i, (n, player) in enumerate(zip(count, palette.players, strict=True))
            if player.line == line
        ]
        stay = [i for n, i in mine if n >= least or line in COLOURS]
        if not stay and line in ("theme", "figure", "pad", "bass"):
            stay = [max(mine, key=lambda pair: (pair[0], -pair[1]))[1]]
        players = [palette.players[i] for i in stay]
        if line == "theme":
            players = _sharing(players)
        kept += players
    return dataclasses.replace(palette, players=_one_by_one(kept) if len(bars) >= LONG else tuple(kept))


def _bars_played(player: Player, bars: tuple[Bar, ...]) -> int:
    low, high = player.levels
    levels = [bar.phrase_level if player.line in BY_PHRASE else bar.level for bar in bars]
    return sum(low <= level <= high for level in levels)


def _one_by_one(players: list[Player]) -> tuple[Player, ...]:
    """Colours that would all come in at once as the tension rises wait for one another.

    A figure waits only where another one plays on.
    """
    found, waiting = [], dict.fromkeys(range(len(LEVELS) + 1), 0)
    for player in players:
        low = player.levels[0]
        relieved = player.line != "figure" or any(
            p.line == "figure" and p.levels[0] < low <= p.levels[1] for p in players
        )
        if low >= 2 and player.line in WAITING and relieved:
            waiting[low] += 1
            player = dataclasses.replace(player, waits=LEVELS[low - 1] + APART * waiting[low])
        found.append(player)
    return tuple(found)


def _sharing(players: list[Player]) -> list[Player]:
    """The leads that are left, so that one of them plays at every level."""
    found = []
    for k, player in enumerate(players):
        low = 0 if k == 0 else player.levels[0]
        high = len(LEVELS) if k == len(players) - 1 else players[k + 1].levels[0] - 1
        found.append(dataclasses.replace(player, levels=(low, high)))
    return found


def close_off(notes: list[Note], draft: Draft) -> list[Note]:
    """All notes, and a closing note for each line that would stop in mid-air."""
    found = list(notes)
    starts = {bar.start_tick: bar for bar in draft.bars}
    last: dict[tuple[int, int, int], Note] = {}  # (part, voice, bar) -> its last note there
    playing: set[tuple[int, int]] = set()
    for note in notes:
        if draft.palette.players[note.part].line in ("drums", "bass"):
            continue
        bar = draft.bar_at(note.onset)
        playing.add((note.part, bar.index))
        key = (note.part, note.voice, bar.index)
        if key not in last or last[key].onset < note.onset:
            last[key] = note
    for (part, _, index), note in last.items():
        after = draft.bars[index].end_tick
        if after in starts and (part, index + 1) not in playing and note.onset + note.duration <= after:
            found += _closing(draft, draft.bars[index], starts[after], note)
    return found


def _closing(draft: Draft, bar: Bar, after: Bar, note: Note) -> list[Note]:
    """The note that closes what `note` left open, on the next downbeat."""
    player = draft.palette.players[note.part]
    if draft.span_at(bar, note.onset).chord.function == "T" and player.line != "figure":
        return []
    if note.aim < 0:
        return []
    chord = draft.chord_mask(draft.spans[after.index][0])
    if player.line == "roots":
        chord = 1 << draft.spans[after.index][0].chord.bass_pc(draft.spans[after.index][0].tonic)
    aim = nearest(note.aim, player.part.low, player.part.high, chord)
    if aim < 0:
        return []
    length = draft.bars[-1].end_tick - after.start_tick if after.ending == "hold" else PPQ
    low, high = max(player.part.low, aim - NEAR), min(player.part.high, aim + NEAR)
    return [Note(after.start_tick, length, note.part, note.voice, low, high, chord, chord, aim)]
