"""Folders of MIDI files -> `lines.json`: how real lines move on, by the degree they stand on.

    python -m tensionbgm.corpora.build_lines FOLDER [FOLDER ...] [-o lines.json] [--held-out]

A *line* is a track that hardly ever sounds two notes at once.  The highest of a piece is an outer line, the
lowest, of two and more, the bass, and the others are inner ones.  Counted is the interval to the next note,
by the degree of the note before (semitones above the tonic), the mode, and whether the next note falls on a
beat; counts are smoothed towards what the line's kind does on all degrees.  An `index.csv`
beside the folders limits the pieces as in `build_scale`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from tensionbgm.corpora.midi_sets import measured
from tensionbgm.errors import InputError
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import Notes, read_midi

KINDS = ("outer", "inner", "bass")
MODES = ("major", "minor")
REACH = 12  # semitones: farther moves are not counted
SHAPE = (len(KINDS), len(MODES), 2, 12, 2 * REACH + 1)  # kind, mode, off or on a beat, degree, interval
MONOPHONIC = 0.02  # share of a line's notes that may begin while the one before sounds on
SHORTEST = 16  # notes of a line
PAUSE_QUARTER = 2.0  # a longer rest parts phrases
PRIOR = 20.0  # counts' worth of what the kind does on all degrees
ON_BEAT = 0.05  # quarters


def lines_of(notes: Notes) -> list[np.ndarray]:
    """The tracks that are lines, each NOTE (n,) by onset, the highest first."""
    found = []
    for track in range(len(notes.track_names)):
        line = notes.notes[(notes.notes["track"] == track) & ~notes.notes["drum"]]
        if len(line) < SHORTEST:
            continue
        end = line["onset_quarter"] + line["duration_quarter"]
        if np.mean(line["onset_quarter"][1:] < end[:-1] - ON_BEAT) <= MONOPHONIC:
            found.append(line)
    return sorted(found, key=lambda line: -float(line["pitch"].mean()))


def count(notes: Notes) -> np.ndarray:
    """How often each move is made in a piece, int64 SHAPE."""
    counts = np.zeros(SHAPE, np.int64)
    tonic, mode = find_key(notes)
    lines = lines_of(notes)
    for k, line in enumerate(lines):
        kind = 0 if k == 0 else 2 if k == len(lines) - 1 else 1
        pitch, onset = line["pitch"].astype(int), line["onset_quarter"]
        rest = onset[1:] - onset[:-1] - line["duration_quarter"][:-1]
        near = np.searchsorted(notes.beats, onset[1:] - ON_BEAT)
        on = np.abs(notes.beats[np.minimum(near, len(notes.beats) - 1)] - onset[1:]) <= ON_BEAT
        move = np.diff(pitch)
        keep = (rest <= PAUSE_QUARTER) & (np.abs(move) <= REACH) & (onset[1:] > onset[:-1])
        at = (on.astype(int), (pitch[:-1] - tonic) % 12, move + REACH)
        np.add.at(counts[kind, MODES.index(mode)], tuple(axis[keep] for axis in at), 1)
    return counts


def count_file(path: Path) -> np.ndarray:
    """The same of a MIDI file."""
    return count(read_midi(path))


def surprise(counts: np.ndarray) -> np.ndarray:
    """-log p of each interval, float SHAPE [nats]; over the last axis p sums to one."""
    whole = counts.sum(axis=(1, 2, 3), keepdims=True) + 1.0
    prior = PRIOR * whole / whole.sum(axis=-1, keepdims=True)
    return -np.log((counts + prior) / (counts.sum(axis=-1, keepdims=True) + PRIOR))


def by_interval(counts: np.ndarray) -> np.ndarray:
    """-log p of each interval whatever the degree, float SHAPE [nats]: what degrees are to beat."""
    whole = counts.sum(axis=(1, 2, 3), keepdims=True) + 1.0
    return np.broadcast_to(-np.log(whole / whole.sum(axis=-1, keepdims=True)), SHAPE)


def gather(folders: list[Path], split: str) -> tuple[np.ndarray, dict[str, dict[str, int]]]:
    """Counts of all the folders' music, and what of each was counted.

    Raises
    ------
    InputError
        a folder has no line to count
    """
    total, sets = np.zeros(SHAPE, np.int64), {}
    for folder in folders:
        pieces = [c for c in measured(folder, split, count_file) if c.any()]
        if not pieces:
            raise InputError(f"{folder}: holds no usable MIDI file with a line; give folders of music")
        sets[folder.name] = {"pieces": len(pieces), "moves": int(sum(c.sum() for c in pieces))}
        total += sum(pieces)
    return total, sets


def build(folders: list[Path]) -> dict:
    """The table of all the folders' music, as the JSON that ships."""
    counts, sets = gather(folders, "train")
    return {"sets": sets, "kinds": KINDS, "modes": MODES, "nats": np.round(surprise(counts), 2).tolist()}


def held_out(folders: list[Path]) -> dict[str, float]:
    """Nats that a move of the validation split costs on average, told by degree and by interval alone."""
    train, valid = gather(folders, "train")[0], gather(folders, "valid")[0]
    share = valid / valid.sum()
    return {
        "by degree": float((share * surprise(train)).sum()),
        "by interval": float((share * by_interval(train)).sum()),
    }


def main() -> None:
    """Build the table from the folders named on the command line, or measure it on what it has not seen."""
    parser = argparse.ArgumentParser(prog="build_lines", description="How real lines move on.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("lines.json"))
    parser.add_argument("--held-out", action="store_true", help="print nats a move, write nothing")
    args = parser.parse_args()
    if args.held_out:
        print(json.dumps(held_out(args.folders)))
    else:
        args.out.write_text(json.dumps(build(args.folders)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
