"""Folders of MIDI files -> `scale.json`: how tense real background music is, as quantiles.

    python -m tensionbgm.corpora.build_scale FOLDER [FOLDER ...] [-o scale.json]

Every set counts the same, and so does every piece within a set, however long.  An `index.csv` beside
the folders (columns file, set, split, beat_aligned) limits the pieces to beat-aligned training ones.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from tensionbgm.corpora.midi_sets import measured
from tensionbgm.errors import InputError
from tensionbgm.music import tension
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import KeyChange, Notes, read_midi
from tensionbgm.music.scale import BLENDS, COMPONENTS
from tensionbgm.music.windows import windows

POINTS = 101  # quantiles 0, 0.01, ..., 1


def raw_of(path: Path) -> dict[str, np.ndarray]:
    """Raw components and composite of a piece's windows; the key is found, encoded ones are often empty."""
    notes: Notes = read_midi(path)
    keys, over = (KeyChange(0.0, *find_key(notes)),), windows(notes)
    return {
        **tension.measure(notes, keys, over, COMPONENTS),
        "composite": tension.felt(notes, keys, over),
    }


def weighted_quantiles(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Quantiles of weighted values, float (POINTS,), made strictly rising so that they can be inverted."""
    order = np.argsort(value, kind="stable")
    value, share = value[order], np.cumsum(weight[order])
    middle = (share - weight[order] / 2) / share[-1]
    table = np.interp(np.linspace(0, 1, POINTS), middle, value)
    return np.maximum.accumulate(table) + np.arange(POINTS) * 1e-9


def build(folders: list[Path]) -> dict:
    """The scale of all the folders' music, as the JSON that ships."""
    names = (*COMPONENTS, "composite")
    raw: dict[str, list[np.ndarray]] = {name: [] for name in names}
    weight, sets = [], {}
    for folder in folders:
        pieces = list(measured(folder, "train", raw_of))
        if not pieces:
            raise InputError(f"{folder}: holds no usable MIDI file; give folders of music")
        sets[folder.name] = {"pieces": len(pieces), "windows": sum(len(p["strain"]) for p in pieces)}
        for piece in pieces:
            n = len(piece["strain"])
            weight.append(np.full(n, 1.0 / (len(folders) * len(pieces) * n)))
            for name in names:
                raw[name].append(piece[name])
    weights = np.concatenate(weight)
    values = {name: np.concatenate(raw[name]) for name in names}
    table = {name: weighted_quantiles(values[name], weights) for name in COMPONENTS}
    levels = {name: np.interp(values[name], table[name], np.linspace(0, 1, POINTS)) for name in COMPONENTS}
    values |= tension.blend(levels)
    table |= {name: weighted_quantiles(values[name], weights) for name in BLENDS}
    return {
        "sets": sets,
        "quantiles": {name: [round(float(x), 9) for x in row] for name, row in table.items()},
    }


def main() -> None:
    """Build the scale from the folders named on the command line."""
    parser = argparse.ArgumentParser(prog="build_scale", description="Quantiles of tension in real music.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("scale.json"))
    args = parser.parse_args()
    args.out.write_text(json.dumps(build(args.folders), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
