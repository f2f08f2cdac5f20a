"""Folders of labelled chords -> `harmony.json`: how often real harmony goes from each chord to each other.

    python -m tensionbgm.corpora.build_harmony FOLDER [FOLDER ...] [-o harmony.json]

Counted are chords, pairs and triples of chords within one key, the chords that phrases open with, the pairs
that they end with by cadence, and how often the bass of neighbours is the same.  A chord is written "root
quality bass", its root in fifths above the tonic, its bass in fifths above the root; the same chord again is
not a new one.  Chords of which a set has fewer than `RARE` in a mode count as if in root position, and
triples that come once are left out.  An `index.csv` beside the folders limits the pieces to training ones.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tensionbgm.corpora.annotated import Label, Piece, pieces

MODES = ("major", "minor")
RARE = 10


def chord(label: Label) -> str:
    """How a chord is written."""
    return f"{label.root} {label.quality} {label.bass}"


def runs(piece: Piece) -> Iterator[list[Label]]:
    """Chords that follow one another in one key, the same chord again left out."""
    for told, stretch in itertools.groupby(piece.labels, key=lambda label: label is not None):
        if told:
            whole = [label for label in stretch if label]
            yield [next(same) for _, same in itertools.groupby(whole, key=chord)]


def endings(piece: Piece) -> Iterator[tuple[str, Label, Label]]:
    """The cadence and the last two chords of each phrase."""
    for a, b in itertools.pairwise(piece.labels):
        if a and b and b.ends and chord(a) != chord(b):
            yield b.ends, a, b


def pedals(found: Iterable[Piece]) -> dict[str, list[int]]:
    """Chords by how many of their two neighbours have the same bass: those over a held bass, and others."""
    counted = {"held": [0, 0, 0], "other": [0, 0, 0]}
    for run in (run for piece in found for run in runs(piece)):
        bass = [label.root + label.bass for label in run]
        for k in range(1, len(run) - 1):
            kind = "held" if run[k].held else "other"
            counted[kind][(bass[k - 1] == bass[k]) + (bass[k + 1] == bass[k])] += 1
    return counted


def count(found: list[Piece], mode: str) -> dict[str, Any]:
    """All that is counted of one mode, as it ships; chords are told by their place in `names`."""
    heard = [run for piece in found for run in runs(piece) if run[0].mode == mode]
    often = Counter(chord(label) for run in heard for label in run)
    names = [name for name, times in often.most_common() if times >= RARE]
    at = {name: k for k, name in enumerate(names)}

    def place(label: Label) -> int | None:
        return at.get(chord(label), at.get(f"{label.root} {label.quality} 0"))

    told = [[place(label) for label in run] for run in heard]
    ends: dict[str, Counter] = {}
    for kind, a, b in (end for piece in found for end in endings(piece) if end[1].mode == mode):
        ends.setdefault(kind, Counter())[place(a), place(b)] += 1
    opens = Counter((place(label),) for run in heard for label in run if label.opens)
    return {
        "names": names,
        "chords": [row[1] for row in _rows(Counter((k,) for run in told for k in run))],
        "opens": _rows(opens),
        "pairs": _rows(Counter(pair for run in told for pair in itertools.pairwise(run))),
        "triples": _rows(Counter(t for run in told for t in zip(run, run[1:], run[2:], strict=False)), 2),
        "ends": {kind: _rows(counted) for kind, counted in sorted(ends.items())},
    }


def _rows(counted: Counter, least: int = 1) -> list[list[int]]:
    """Places and how often, in order, where all are told, none twice running, and come often enough."""
    return [
        [*key, times]
        for key, times in sorted((k, n) for k, n in counted.items() if None not in k)
        if times >= least and all(a != b for a, b in itertools.pairwise(key))
    ]


def build(folders: list[Path]) -> dict[str, Any]:
    """The counts of all the folders' music, as the JSON that ships."""
    sets = {}
    for folder in folders:
        found = pieces(folder, "train")
        sets[folder.name] = {
            "pieces": len(found),
            "chords": sum(len(run) for piece in found for run in runs(piece)),
            "modes": {mode: count(found, mode) for mode in MODES},
            "pedals": pedals(found),
        }
    return {"sets": sets}


def main() -> None:
    """Count the folders named on the command line."""
    parser = argparse.ArgumentParser(prog="build_harmony", description="How often chords follow one another.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("harmony.json"))
    args = parser.parse_args()
    text = json.dumps(build(args.folders), separators=(",", ":"))
    args.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
