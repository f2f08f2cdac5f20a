"""A plan, its earlier score, and what to keep of it, "A,3,5-8" -> Lock: the slots that stay as they were.

All that sounds in a locked bar is kept, also what is held into it or out of it.  Slots tied to a kept
one keep their pitch wherever they are, because a return is an exact repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError, InternalError
from tensionbgm.forms import Grid, Plan
from tensionbgm.music.notes import Notes, read_midi
from tensionbgm.music.ties import of_slots, sources
from tensionbgm.search.check import check_plan
from tensionbgm.search.earlier import REMEDY, match, slot_ends, written

SCORE = "music.mid"  # what a finished job calls its score
BARS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


@dataclass(frozen=True)
class Lock:
    """What of an earlier score stays; slots are those of the plan."""

    asked: str
    source: str  # the earlier score
    bars: np.ndarray  # int (k,), rising, from 0
    held: np.ndarray  # bool (n,): slots that keep pitch and velocity
    tied: np.ndarray  # bool (n,): other slots, which keep their pitch because they are tied to those
    pitch: np.ndarray  # int16 (n,): of held and tied slots, else -1
    velocity: np.ndarray  # uint8 (n,): of held slots, else 0
    barred: np.ndarray  # int (m, 2): slot, and pitch it may not have: it would cut a held note short
    events: frozenset[tuple[int, ...]]  # of the locked bars, see `events_in`
    warnings: tuple[str, ...] = ()

    def facts(self, plan: Plan) -> dict[str, Any]:
        """`locked` of the report; bars are counted from 1."""
        return {
            "asked": self.asked,
            "from": self.source,
            "bars": _ranges(self.bars),
            "notes": int(self.held.sum()),
            "tied_notes": int(self.tied.sum()),
            "tied_bars": _ranges(_tied_bars(plan, self.tied, self.bars)),
        }


def parse_lock(text: str, grid: Grid) -> np.ndarray:
    """The bars that are meant by section labels, bar numbers and ranges of them, from 1, between commas.

    Returns
    -------
    bars : int (k,), rising, from 0; a label stands for all sections that bear it

    Raises
    ------
    InputError
        nothing is named, or a section or bar there is none of
    """
    label = np.array([section.label for section in grid.sections])[grid.bar_section]
    bars: set[int] = set()
    for item in filter(None, (item.strip() for item in text.split(","))):
        if found := BARS.fullmatch(item):
            first, last = int(found[1]), int(found[2] or found[1])
            if not 1 <= first <= last <= grid.n_bars:
                raise InputError(f"--lock {item}: there is no such bar; take some of 1 to {grid.n_bars}")
            bars.update(range(first - 1, last))
        elif item in label:
            bars.update(np.flatnonzero(label == item).tolist())
        else:
            known = ", ".join(dict.fromkeys(label.tolist()))
            raise InputError(
                f"--lock {item}: there is no such section; take some of {known}, or bars like 5-8"
            )
    if not bars:
        raise InputError(f"--lock {text!r}: names nothing; give sections and bars, like A,3,5-8")
    return np.array(sorted(bars))


def find_score(plan_file: Path, given: Path | None = None) -> Path:
    """The earlier score: a MIDI file or a folder that holds one; by default beside the plan.

    Raises
    ------
    InputError
        it is not there
    """
    path = given or plan_file.parent
    path = path / SCORE if path.is_dir() else path
    if not path.exists():
        raise InputError(f"{path}: there is no earlier score to lock; {REMEDY}")
    return path


def read_lock(plan: Plan, asked: str, score: Path) -> Lock:
    """What of a score stays.

    Parameters
    ----------
    plan : Plan
    asked : str
        sections and bars, see `parse_lock`
    score : Path
        the MIDI file composed from this plan earlier; what was edited in it since is kept as it is

    Raises
    ------
    InputError
        no such section or bar, everything or nothing would be locked, or the score is not this plan's
    """
    check_plan(plan)
    bars = parse_lock(asked, plan.grid)
    notes = read_midi(score)
    return lock_bars(plan, bars, notes, asked, str(score))


def lock_bars(plan: Plan, bars: np.ndarray, notes: Notes, asked: str, source: str) -> Lock:
    """What of some notes stays if these bars do; faults as in `read_lock`."""
    table = written(plan, notes)
    variable, pitched = _variables(plan)
    held = _sounding(plan, bars)
    if not held.any():
        raise InputError(f"--lock {asked}: no part plays there, so there is nothing to keep; lock other bars")
    _, _, end_tick = match(plan, table, held, variable, source)
    held = held | _cutting(plan, held, end_tick)
    pitch, velocity, _ = match(plan, table, held, variable, source)
    _refuse_others(plan, table, bars, held, source)
    pitch = np.where(held, pitch, -1)
    tied = _tie(plan, held, pitched, variable, pitch, source)
    if not (pitched & ~held & ~tied).any():
        raise InputError(f"--lock {asked}: leaves nothing to compose; lock less of it")
    return Lock(
        asked, source, bars, held, tied,
        pitch.astype(np.int16), np.where(held, velocity, 0).astype(np.uint8),
        _barred(plan, held, pitched & ~held & ~tied, pitch),
        events_in(plan, notes, bars), _warnings(plan, tied, bars),
    )  # fmt: skip


def events_in(plan: Plan, notes: Notes, bars: np.ndarray) -> frozenset[tuple[int, ...]]:
    """What happens in some bars: (tick, part, pitch, velocity) of a note on, (tick, part, pitch) of its off.

    A note that ends on a bar line ends in the bar before it.
    """
    table, line = written(plan, notes), plan.grid.bar_tick
    begins = table[np.isin(np.searchsorted(line, table["onset_tick"], side="right") - 1, bars)]
    ends = table[np.isin(np.searchsorted(line, table["end_tick"], side="left") - 1, bars)]
    on = begins[["onset_tick", "part", "pitch", "velocity"]].tolist()
    return frozenset([*on, *ends[["end_tick", "part", "pitch"]].tolist()])


def check_kept(plan: Plan, lock: Lock, notes: Notes) -> None:
    """Make sure that what was written holds the locked bars as they were.

    Raises
    ------
    InternalError
        it does not
    """
    changed = lock.events ^ events_in(plan, notes, lock.bars)
    if changed:
        tick, part, _, *velocity = min(changed)
        bar = int(np.searchsorted(plan.grid.bar_tick, tick, side="right" if velocity else "left"))
        name = plan.parts[part].name
        raise InternalError(
            f"{lock.source}: bar {bar}, {name}, could not be kept as it was; lock its returns too"
        )


def _variables(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """A number for each slot, the same for tied ones, int (n,); which have a pitch to choose, bool (n,)."""
    pitched = np.array([part.role != "percussion" for part in plan.parts], bool)[plan.slots["part"]]
    _, tie = np.unique(plan.slots["tie"], return_inverse=True)
    return np.where(pitched, tie, len(tie) + np.arange(len(tie))), pitched


def _sounding(plan: Plan, bars: np.ndarray) -> np.ndarray:
    """Which slots sound in some of the bars, bool (n,)."""
    line = plan.grid.bar_tick
    before = np.concatenate([[0], np.cumsum(np.isin(np.arange(plan.grid.n_bars), bars))])
    first = np.searchsorted(line, plan.slots["onset_tick"], side="right") - 1
    return before[np.searchsorted(line, slot_ends(plan), side="left")] > before[first]


def _cutting(plan: Plan, held: np.ndarray, end_tick: np.ndarray) -> np.ndarray:
    """Slots that strike a held key again while it is down, and so say when its note ends, bool (n,)."""
    cut = held & (end_tick < slot_ends(plan))
    struck = set(zip(plan.slots["part"][cut].tolist(), end_tick[cut].tolist(), strict=True))
    return np.array([key in struck for key in plan.slots[["part", "onset_tick"]].tolist()], bool)


def _refuse_others(plan: Plan, table: np.ndarray, bars: np.ndarray, held: np.ndarray, source: str) -> None:
    """Refuse notes in the locked bars that no slot is for."""
    line = plan.grid.bar_tick
    known = set(plan.slots[["onset_tick", "part"]][held].tolist())
    for onset, end, part, _, _ in table.tolist():
        first = int(np.searchsorted(line, onset, side="right"))
        last = int(np.searchsorted(line, end, side="left"))
        inside = bars[(bars >= first - 1) & (bars <= last - 1)]
        if len(inside) and (onset, part) not in known:
            name = plan.parts[part].name if part >= 0 else "a channel of no part"
            raise InputError(f"{source}: bar {inside[0] + 1}, {name}: has a note the plan has not; {REMEDY}")


def _tie(
    plan: Plan,
    held: np.ndarray,
    pitched: np.ndarray,
    variable: np.ndarray,
    pitch: np.ndarray,
    source: str,
) -> np.ndarray:
    """Which other slots are tied to held ones, bool (n,); their pitch is set in place."""
    maps, able = of_slots(plan, plan.slots), np.ones((variable.max() + 1, 128), bool)
    known = np.zeros(len(able), bool)
    known[variable[held & pitched]] = True
    fixed = np.flatnonzero(held & pitched)
    for slot, own in zip(fixed, sources(maps, fixed, pitch[fixed]), strict=True):
        able[variable[slot]] &= own
    tied = pitched & ~held & known[variable]
    pitch[tied] = maps.pitch[maps.of_slot[tied], able.argmax(axis=1)[variable[tied]]]
    for slot in np.flatnonzero(tied):
        part = plan.parts[plan.slots["part"][slot]]
        if not part.low <= pitch[slot] <= part.high:
            bar = int(np.searchsorted(plan.grid.bar_tick, plan.slots["onset_tick"][slot], side="right"))
            raise InputError(
                f"{source}: bar {bar}, {part.name}: repeats a locked note as {pitch[slot]}, outside "
                f"{part.low} to {part.high}; move that note or leave its bar free"
            )
    return tied


def _barred(plan: Plan, held: np.ndarray, free: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Pitches that free slots may not have, because a held note of their part sounds on, int (m, 2)."""
    onset, part, end = plan.slots["onset_tick"], plan.slots["part"], slot_ends(plan)
    rows = [np.zeros((0, 2), np.int64)]
    for slot in np.flatnonzero(held):
        first, last = np.searchsorted(onset, [onset[slot] + 1, end[slot]], side="left")
        later = first + np.flatnonzero(free[first:last] & (part[first:last] == part[slot]))
        rows.append(np.stack([later, np.full(len(later), pitch[slot])], axis=1))
    return np.concatenate(rows)


def _tied_bars(plan: Plan, tied: np.ndarray, bars: np.ndarray) -> np.ndarray:
    """Other bars that keep some notes, from 0."""
    onset = plan.slots["onset_tick"][tied]
    return np.setdiff1d(np.searchsorted(plan.grid.bar_tick, onset, side="right") - 1, bars)


def _warnings(plan: Plan, tied: np.ndarray, bars: np.ndarray) -> tuple[str, ...]:
    there = _ranges(_tied_bars(plan, tied, bars))
    if not there:
        return ()
    named = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in there)
    return (f"what is locked returns in bar {named}: what repeats it there keeps its pitches too",)


def _ranges(bars: Iterable[int]) -> list[list[int]]:
    """Runs of bars as first and last, counted from 1."""
    runs: list[list[int]] = []
    for bar in (int(bar) + 1 for bar in bars):
        if runs and runs[-1][1] == bar - 1:
            runs[-1][1] = bar
        else:
            runs.append([bar, bar])
    return runs
