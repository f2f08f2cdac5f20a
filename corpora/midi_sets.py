"""Folders of MIDI files -> those of a split, and what can be measured of each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tensionbgm.errors import InputError

Measured = TypeVar("Measured")


def files_of(folder: Path, split: str) -> list[Path]:
    """The beat-aligned MIDI files of one split, in a fixed order; all, where no `index.csv` says."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    index = folder.parent / "index.csv"
    if not index.exists():
        return files
    with index.open(newline="", encoding="utf-8") as rows:
        usable = {
            row["file"]
            for row in csv.DictReader(rows)
            if row["split"] == split and row["beat_aligned"] == "y"
        }
    return [p for p in files if str(p.relative_to(folder.parent)) in usable]


def measured(folder: Path, split: str, measure: Callable[[Path], Measured]) -> Iterator[Measured]:
    """What is measured of each file that can be read; the others are told of."""
    for path in files_of(folder, split):
        try:
            yield measure(path)
        except InputError as fault:
            print(f"left out: {fault}")
