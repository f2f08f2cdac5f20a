"""Theme -> those who play along when it is loud: in sixths or thirds, against it, or in octaves.

A tune doubled note for note for long is only louder.  So one phrase goes in parallel consonances, the next
against the tune in long notes, and the octave is kept for the film's tensest bar.
"""

from __future__ import annotations

from tensionbgm.forms import PPQ
from tensionbgm.plan.motifs import fit
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft, tie_key
from tensionbgm.plan.slots import Note, nearest
from tensionbgm.plan.theme import Themes, masks

THIRD, SIXTH = 3.6, 8.4  # how far below the tune [semitones]
HIGH_PART = 80  # who reaches above this goes in thirds, the others in sixths
REACH = 3  # how far the search may bend a note [semitones]
AGAINST = 0.6  # how far the counter-line falls where the tune rises
SOFTER = -8  # velocity under the tune
SHORTEST = 0.5  # shorter notes of the tune are not doubled [beats]


def write_doubles(draft: Draft, players: list[tuple[int, Player]], themes: Themes) -> list[Note]:
    """All notes of those who play along with the theme."""
    notes: list[Note] = []
    for part, player in players:
        for bar in draft.bars:
            if (
                bar.intro
                or bar.ending == "hold"
                or not player.levels[0] <= bar.phrase_level <= player.levels[1]
            ):
                continue
            notes += _bar_notes(draft, bar, part, player, themes)
    return notes


def _bar_notes(draft: Draft, bar: Bar, part: int, player: Player, themes: Themes) -> list[Note]:
    theme = themes[bar.material, bar.source]
    sung = list(zip(fit(theme.rhythm, bar.beats), theme.pitch, strict=False))
    if bar.index == draft.peak:
        return [
            _note(draft, bar, part, player, on, length, pitch - 12.0, "8", 0) for (on, length), pitch in sung
        ]
    if bar.phrase % 2 == 0:
        return _in_parallel(draft, bar, part, player, sung)
    return _against(draft, bar, part, player, sung)


def _in_parallel(
    draft: Draft, bar: Bar, part: int, player: Player, sung: list[tuple[tuple[float, float], int]]
) -> list[Note]:
    below = THIRD if player.part.high > HIGH_PART else SIXTH
    return [
        _note(draft, bar, part, player, on, length, pitch - below, "6", 1 << (pitch + bar.transpose) % 12)
        for (on, length), pitch in sung
        if length >= SHORTEST
    ]


def _against(
    draft: Draft, bar: Bar, part: int, player: Player, sung: list[tuple[tuple[float, float], int]]
) -> list[Note]:
    """Long notes that fall where the tune rises."""
    middle = (player.part.low + player.part.high) / 2 + 3
    half = float((bar.beats + 1) // 2)
    places = [(0.0, half), (half, bar.beats - half)] if bar.beats > half else [(0.0, half)]
    tune = (draft.palette.theme_low + draft.palette.theme_high) / 2
    notes = []
    last_on, last_length = sung[-1][0]
    for start, whole in places:  # it comes in with the tune's own notes and never sounds without it
        on = next((at for (at, _), _ in sung if start <= at < start + whole), start + whole)
        length = min(start + whole, last_on + last_length) - on
        if length < SHORTEST:
            continue
        above = [pitch for (at, _), pitch in sung if on <= at < on + length]
        wanted = middle - AGAINST * (sum(above) / len(above) - tune)
        notes.append(
            _note(draft, bar, part, player, on, length, wanted, "=", 1 << (above[0] + bar.transpose) % 12)
        )
    return notes


def _note(
    draft: Draft,
    bar: Bar,
    part: int,
    player: Player,
    on: float,
    length: float,
    wanted: float,
    kind: str,
    but: int,
) -> Note:
    """A note near `wanted`; where the chord allows, not the pitch class `but`, which the tune has."""
    chord, allowed = masks(draft, bar, on, length)
    allowed = allowed & ~but if allowed & ~but else allowed
    aim = nearest(wanted + bar.transpose, player.part.low, player.part.high, allowed)
    low, high = max(player.part.low, aim - REACH), min(player.part.high, aim + REACH)
    key = tie_key(bar, player.part.name, kind, on)
    shift = bar.transpose if key else 0
    duration = max(round(length * PPQ * 0.95), 60)
    return Note(
        bar.start_tick + round(on * PPQ),
        duration,
        part,
        0,
        low,
        high,
        allowed,
        chord,
        aim,
        SOFTER,
        key,
        shift,
    )
