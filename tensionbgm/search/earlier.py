"""An earlier score and a plan -> pitch and velocity of the plan's slots, as they were written there.

A MIDI file names no voices, and of two voices on one key it holds one note, so notes are matched to
slots by part, onset and length; what that leaves open is settled by the ties, then by the aims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Plan
from tensionbgm.music.notes import Notes
from tensionbgm.music.ties import of_slots

WRITTEN = np.dtype(
    [
        ("onset_tick", np.int64),
        ("end_tick", np.int64),  # exclusive
        ("part", np.int64),  # of the plan; -1: none of its
        ("pitch", np.int64),
        ("velocity", np.int64),
    ]
)
REMEDY = "give the score that was composed from this plan with --from"


@dataclass(frozen=True)
class Chord:
    """What one part strikes at one moment: slots of the plan, and notes of the file."""

    slot: tuple[int, ...]
    variable: tuple[int, ...]  # of each slot
    way: tuple[tuple[int, ...], ...]  # of each slot: pitch by its variable's pitch, 128 of them
    end_tick: tuple[int, ...]  # of each slot
    note: Mapping[int, tuple[int, bool]]  # end [tick] by pitch, and whether the key is struck again there

    def candidates(self, k: int, span: range) -> set[int]:
        """What the variable of the k-th slot can have been, its pitch within the span."""
        long = self.end_tick[k]
        able = {
            pitch for pitch, (end, again) in self.note.items() if pitch in span and (long <= end or again)
        }
        return {x for x, pitch in enumerate(self.way[k]) if pitch in able}

    def fits(self, chosen: Mapping[int, int]) -> bool:
        """Whether the slots chosen so far leave enough others for every note to be played to its end."""
        reach = dict.fromkeys(self.note, 0)
        for variable, way, end in zip(self.variable, self.way, self.end_tick, strict=True):
            if variable in chosen:
                pitch = way[chosen[variable]]
                reach[pitch] = max(reach[pitch], end)
        wanting = sum(reach[pitch] < end for pitch, (end, _) in self.note.items())
        return wanting <= sum(variable not in chosen for variable in self.variable)


def written(plan: Plan, notes: Notes) -> np.ndarray:
    """The notes of a file in the plan's ticks and parts, WRITTEN (m,), by onset, part and pitch.

    A track belongs to the part on its channel; where parts share one, to that of its name.
    """
    part_of = np.array([_part(plan, *track) for track in zip(notes.places, notes.track_names, strict=True)])
    table = np.zeros(len(notes.notes), WRITTEN)
    given = notes.notes
    table["onset_tick"] = np.rint(given["onset_quarter"] * PPQ)
    table["end_tick"] = np.rint((given["onset_quarter"] + given["duration_quarter"]) * PPQ)
    table["part"], table["pitch"], table["velocity"] = (
        part_of[given["track"]],
        given["pitch"],
        given["velocity"],
    )
    return table[np.lexsort((table["pitch"], table["part"], table["onset_tick"]))]


def match(
    plan: Plan, table: np.ndarray, wanted: np.ndarray, variable: np.ndarray, source: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the wanted slots, and all struck with them by their part, were.

    Parameters
    ----------
    plan : Plan
    table : WRITTEN (m,)
        the file
    wanted : bool (n,)
        slots
    variable : int (n,)
        slots with the same one follow from the same pitch
    source : str
        name of the file, for faults

    Returns
    -------
    pitch, velocity : int (n,)
        -1 where nothing was asked
    end_tick : int (n,)
        where the note ends in the file: earlier than its slot if the key is struck again

    Raises
    ------
    InputError
        the notes are not those of the plan: names bar and part
    """
    chords = _chords(plan, table, wanted, variable)
    value = _values(plan, chords, source)
    velocity_of = {
        tuple(row[:3]): row[3] for row in table[["onset_tick", "part", "pitch", "velocity"]].tolist()
    }
    pitch, velocity, end_tick = np.full((3, len(plan.slots)), -1)
    for (onset, part), chord in chords.items():
        for k, slot in enumerate(chord.slot):
            pitch[slot] = chord.way[k][value[chord.variable[k]]]
            velocity[slot] = velocity_of[onset, part, pitch[slot]]
            end_tick[slot] = chord.note[int(pitch[slot])][0]
    return pitch, velocity, end_tick


def slot_ends(plan: Plan) -> np.ndarray:
    """Where each slot ends, at the last bar line at the latest, int (n,) [ticks]."""
    end = plan.slots["onset_tick"].astype(np.int64) + plan.slots["duration_tick"]
    return np.minimum(end, plan.grid.bar_tick[-1])


def _part(plan: Plan, place: tuple[int, int], name: str) -> int:
    here = [index for index, part in enumerate(plan.parts) if part.channel == place[1]]
    if len(here) > 1:
        here = [index for index in here if plan.parts[index].name.strip() == name]
    return here[0] if here else -1


def _chords(
    plan: Plan, table: np.ndarray, wanted: np.ndarray, variable: np.ndarray
) -> dict[tuple[int, int], Chord]:
    """Every (onset, part) with a wanted slot."""
    slots, end, maps = plan.slots, slot_ends(plan), of_slots(plan, plan.slots)
    way = [tuple(row) for row in maps.pitch.tolist()]
    asked = set(zip(*(slots[name][wanted].tolist() for name in ("onset_tick", "part")), strict=True))
    struck = {tuple(row) for row in table[["onset_tick", "part", "pitch"]].tolist()}
    there: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, key in enumerate(zip(slots["onset_tick"].tolist(), slots["part"].tolist(), strict=True)):
        if key in asked:
            there[key].append(index)
    notes: dict[tuple[int, int], dict[int, tuple[int, bool]]] = defaultdict(dict)
    for onset, stop, part, pitch, _ in table.tolist():
        notes[onset, part][pitch] = (stop, (stop, part, pitch) in struck)
    return {
        key: Chord(
            tuple(index),
            tuple(variable[index].tolist()),
            tuple(way[k] for k in maps.of_slot[index]),
            tuple(end[index].tolist()),
            notes.get(key, {}),
        )
        for key, index in there.items()
    }


def _values(plan: Plan, chords: Mapping[tuple[int, int], Chord], source: str) -> dict[int, int]:
    """A value for every variable of the chords."""
    candidates: dict[int, set[int]] = {}
    of: dict[int, list[tuple[int, int]]] = defaultdict(list)  # where each variable is struck
    for key, chord in chords.items():
        for k, v in enumerate(chord.variable):
            able = chord.candidates(k, _span(plan, chord.slot[k]))
            if not able:
                _refuse(
                    plan,
                    key,
                    source,
                    "the plan has another note there" if chord.note else "a note is missing",
                )
            candidates[v] = candidates.get(v, able) & able
            of[v].append(key)
            if not candidates[v]:
                _refuse(plan, key, source, "it repeats another locked bar in the plan, but not in the score")
    ordered = {v: _by_aim(plan, chords[of[v][0]], v, able) for v, able in candidates.items()}
    value: dict[int, int] = {}
    for together in _components(chords, of):
        found = _settle(sorted(together, key=lambda v: (len(ordered[v]), v)), ordered, chords, of)
        if found is None:
            key = of[min(together)][0]
            _refuse(plan, key, source, "its notes, or those of a bar it repeats, are not the plan's")
        value |= found
    return value


def _span(plan: Plan, slot: int) -> range:
    """What a slot's part can play; drums are the plan's own."""
    row = plan.slots[slot]
    part = plan.parts[row["part"]]
    if part.role == "percussion":
        return range(int(row["low"]), int(row["low"]) + 1)
    return range(min(part.low, int(row["low"])), max(part.high, int(row["high"])) + 1)


def _by_aim(plan: Plan, chord: Chord, variable: int, able: set[int]) -> list[int]:
    """Candidates, the nearest to what the plan aims at first."""
    k = chord.variable.index(variable)
    row = plan.slots[chord.slot[k]]
    aim = row["aim"] if row["aim"] >= 0 else (int(row["low"]) + int(row["high"])) / 2
    return sorted(able, key=lambda x: (abs(chord.way[k][x] - aim), x))


def _components(
    chords: Mapping[tuple[int, int], Chord], of: Mapping[int, list[tuple[int, int]]]
) -> list[set[int]]:
    """Variables that are struck together, directly or by way of others."""
    left, found = set(of), []
    while left:
        together, new = set(), {min(left)}
        while new:
            together |= new
            new = {v for u in new for key in of[u] for v in chords[key].variable} - together
        left -= together
        found.append(together)
    return found


def _settle(
    order: Sequence[int],
    candidates: Mapping[int, list[int]],
    chords: Mapping[tuple[int, int], Chord],
    of: Mapping[int, list[tuple[int, int]]],
) -> dict[int, int] | None:
    """The first choice, by backtracking, with which every chord is what the file holds."""
    chosen: dict[int, int] = {}
    tried = [0]
    while tried:
        v = order[len(tried) - 1]
        chosen.pop(v, None)
        if tried[-1] == len(candidates[v]):
            tried.pop()
            continue
        chosen[v] = candidates[v][tried[-1]]
        tried[-1] += 1
        if all(chords[key].fits(chosen) for key in of[v]):
            if len(tried) == len(order):
                return chosen
            tried.append(0)
    return None


def _refuse(plan: Plan, key: tuple[int, int], source: str, why: str) -> NoReturn:
    onset, part = key
    bar = int(np.searchsorted(plan.grid.bar_tick, onset, side="right")) - 1
    beat = 1 + (onset - int(plan.grid.bar_tick[bar])) / PPQ
    raise InputError(f"{source}: bar {bar + 1}, {plan.parts[part].name}, beat {beat:g}: {why}; {REMEDY}")
