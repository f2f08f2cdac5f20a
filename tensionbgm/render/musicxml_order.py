"""Parts -> the order an orchestral score prints them in, and which of them share a bracket."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tensionbgm.forms import Part

DRUM_CHANNEL = 9
ORCHESTRA_KIT = 48  # the percussion section; other kits stand below the band
_WOODWINDS = (72, 73, 74, 75, 76, 77, 78, 79, 68, 69, 71, 64, 65, 66, 67, 70)
_BRASS = (60, 56, 59, 57, 58, 61, 62, 63)
_MALLETS = (9, 13, 12, 11, 14, 15, 10)
_KEYBOARDS = (46, 8, *range(8), *range(16, 24))
_STRINGS = (40, 48, 49, 50, 51, 110, 44, 45, 41, 42, 43)
_PLUCKED_OR_ELECTRIC = (*range(24, 32), *range(80, 88), *range(88, 104), *range(104, 110))
_BASSES = tuple(range(32, 40))
_VOICES = (52, 53, 54, 85, 91)
FAMILIES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("woodwinds", _WOODWINDS),
    ("brass", _BRASS),
    ("timpani", (47,)),
    ("percussion", ()),
    ("mallets", _MALLETS),
    ("plucked", _PLUCKED_OR_ELECTRIC),
    ("keyboards", _KEYBOARDS),
    ("voices", _VOICES),
    ("others", ()),
    ("strings", _STRINGS),
    ("basses", _BASSES),
    ("kit", ()),
)
BRACKETED = ("woodwinds", "brass", "strings")
_NAMED = ("strings", "violin", "viola", "cello", "bass")  # strings of any program, from the top


def score_order(parts: Sequence[Part]) -> list[int]:
    """Indices of the parts from the top of the page; equals keep the order of the plan."""
    return sorted(range(len(parts)), key=lambda index: _place(parts[index]))


def brackets(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """First and last of the neighbouring parts, in the order given, that share a bracket."""
    found, first = [], 0
    for family, members in groupby(parts, key=family_of):
        size = len(list(members))
        if size > 1 and family in BRACKETED:
            found.append((first, first + size - 1))
        first += size
    return found


def family_of(part: Part) -> str:
    """The family of a part's instrument."""
    if part.channel == DRUM_CHANNEL:
        return "percussion" if part.program == ORCHESTRA_KIT else "kit"
    return next((family for family, programs in FAMILIES if part.program in programs), "others")


def _place(part: Part) -> tuple[int, int, int]:
    family = family_of(part)
    names = [name for name, _ in FAMILIES]
    programs = dict(FAMILIES)[family]
    within = programs.index(part.program) if part.program in programs else 0
    named = next((i for i, name in enumerate(_NAMED) if name in part.name.lower()), len(_NAMED))
    return names.index(family), named if family == "strings" else 0, within
