"""Scores with known spelling or known keys -> notes and the truth about them.

Spelled scores and harmonic analyses are music21's own corpus; keys of whole pieces are those of the
MIDI corpora beside the checkout.  Parameters were chosen on one half of the pieces of each kind, and
what is yielded here is the other half.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.music.notes import NOTE, Notes, read_midi

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "data" / "corpora"
LETTER = np.array([0, 2, 4, -1, 1, 3, 5])  # fifths of C D E F G A B
NATURAL = np.array([0, 2, 4, 5, 7, 9, 11])  # their pitch classes
SPELLED = {  # folders of music21's corpus: at most so many pieces of each
    "monteverdi": 49,
    "bach": 60,
    "haydn": 9,
    "mozart": 16,
    "beethoven": 30,
    "schumann_clara": 9,
    "schumann_robert": 9,
    "joplin": 9,
    "palestrina": 30,
}
KEYED = {  # sets of the index whose files name their key
    "Mutopia": ("mutopia_pd", "mutopia_by", "mutopia_bysa"),
    "Bach chorales": ("music21_bach",),
    "Chopin preludes": ("chopin_preludes_kern",),
    "Joplin rags": ("joplin_kern",),
    "Nottingham tunes": ("nottingham",),
}
SIGNED = {  # and those that name its signature alone
    "OpenScore songs": ("openscore_lieder",),
    "OpenScore quartets": ("openscore_quartets",),
    "DCML piano, quartets": ("dcml",),
}


def spelled_pieces() -> Iterator[tuple[str, Notes, np.ndarray]]:
    """Set, notes and the true place of each on the line of fifths."""
    for folder, most in SPELLED.items():
        paths = [path for path in _corpus(folder, ".mxl", ".xml", ".krn") if _held(f"{folder}/{path.name}")]
        for path in paths[:most]:
            notes, fifths = read_score(path)
            if len(fifths) > 20:
                yield folder, notes, fifths
    for path in sorted((CORPORA / "jku_pdd" / "groundTruth").glob("*/polyphonic/csv/*.csv")):
        if _held(f"jku/{path.parts[-4]}"):
            yield "jku_pdd", *_read_jku(path)


def keyed_pieces(sets: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, Notes, int, str]]:
    """Set, notes, tonic and mode of each piece that begins in one written key."""
    with (CORPORA / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["family"] or 0) % 2]
    for name, members in sets.items():
        for row in rows:
            if row["set"] not in members:
                continue
            try:
                notes = read_midi(CORPORA / row["file"])
            except InputError:
                continue  # one file of the corpora is broken
            first = {(k.tonic, k.mode) for k in notes.keys if k.start_quarter == notes.keys[0].start_quarter}
            if len(first) == 1 and len(notes.notes) >= 8:  # more: instruments that transpose
                yield name, notes, *first.pop()


def analysed_pieces() -> Iterator[tuple[str, Notes, np.ndarray, np.ndarray]]:
    """Set, notes, a moment in every quarter [quarters] and the key an analyst heard there, 0..23."""
    from music21 import converter
    from music21.corpus.chorales import ChoraleListRKBWV

    bwv = ChoraleListRKBWV().byRiemenschneider
    analyses = [(folder, path) for folder in ("bach", "monteverdi") for path in _corpus(folder, ".rntxt")]
    for folder, path in analyses[1::2]:
        stem = f"bwv{bwv[int(path.stem[-3:])]['bwv']}" if folder == "bach" else path.stem
        score = next(p for p in _corpus(folder, ".mxl", ".krn") if p.stem == stem)
        notes, _ = read_score(score)
        yield folder, notes, *_heard_keys(converter.parse(str(path)), converter.parse(str(score)), notes)


def read_score(path: Path) -> tuple[Notes, np.ndarray]:
    """A notated score as notes, tied ones joined, and how they are spelled."""
    from music21 import converter

    score = converter.parse(str(path))
    parts = list(score.parts)
    rows = [row for k, part in enumerate(parts) for row in _part_rows(part, k)]
    bars = sorted({float(m.offset) for m in parts[0].getElementsByClass("Measure")} | {0.0})
    return _notes(np.array(rows, float), np.array(bars))


def _part_rows(part: Any, number: int) -> list[list[float]]:
    """Onset, duration, pitch, fifths, part of each note."""
    rows: list[list[float]] = []
    sounding: dict[int, list[float]] = {}
    for element in part.flatten().notes:
        if element.duration.isGrace:
            continue
        for note in element.notes if element.isChord else [element]:
            start, length, pitch = float(element.offset), float(element.quarterLength), note.pitch
            if note.tie is not None and note.tie.type != "start" and pitch.midi in sounding:
                row = sounding[pitch.midi]
                row[1] = start + length - row[0]
                continue
            fifths = LETTER["CDEFGAB".index(pitch.step)] + 7 * int(pitch.alter)
            rows.append([start, length, pitch.midi, fifths, number])
            sounding[pitch.midi] = rows[-1]
    return rows


def _notes(rows: np.ndarray, bar_quarter: np.ndarray) -> tuple[Notes, np.ndarray]:
    rows = rows[np.lexsort((rows[:, 2], rows[:, 4], rows[:, 0]))]
    table = np.zeros(len(rows), NOTE)
    table["onset_quarter"], table["duration_quarter"] = rows[:, 0], rows[:, 1]
    table["pitch"], table["track"], table["velocity"] = rows[:, 2], rows[:, 4], 80
    end = float((rows[:, 0] + rows[:, 1]).max())
    bar_quarter = np.append(bar_quarter[bar_quarter < end], end)
    knots = np.array([0.0, 1e6])
    return Notes(table, (), bar_quarter, knots, knots / 2, ()), rows[:, 3].astype(int)


def _read_jku(path: Path) -> tuple[Notes, np.ndarray]:
    """Onset, pitch, morphetic pitch (60 is middle C), duration, staff."""
    onset, pitch, morph, duration, staff = np.loadtxt(path, delimiter=",").T
    octave, letter = np.divmod(morph.astype(int) - 60, 7)
    fifths = LETTER[letter] + 7 * (pitch - NATURAL[letter] - 12 * octave - 60)
    onset = onset - onset.min()
    return _notes(np.column_stack([onset, duration, pitch, fifths, staff]), np.arange(0.0, onset.max(), 4.0))


def _heard_keys(analysis: Any, score: Any, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Roman numerals are placed by the score's own measures, which the analysis may not count alike."""
    place: dict[int, float] = {}
    for measure in score.parts[0].getElementsByClass("Measure"):
        place.setdefault(measure.number, float(measure.offset))
    heard = defaultdict(int)
    for measure in analysis.parts[0].getElementsByClass("Measure"):
        for numeral in measure.recurse().getElementsByClass("RomanNumeral"):
            if measure.number in place:
                at = place[measure.number] + float(numeral.getOffsetInHierarchy(measure))
                heard[at] = numeral.key.tonic.pitchClass + 12 * (numeral.key.mode == "minor")
    start = np.array(sorted(heard))
    moment = np.arange(start[0] + 0.5, notes.bar_quarter[-1], 1.0)
    return moment, np.array([heard[s] for s in start])[np.searchsorted(start, moment, side="right") - 1]


def _corpus(folder: str, *endings: str) -> list[Path]:
    from music21 import corpus

    found = [Path(p) for p in corpus.getPaths() if re.search(rf"corpus[/\\]{folder}[/\\]", str(p))]
    return sorted(path for path in found if path.suffix in endings)


def _held(name: str) -> bool:
    return zlib.crc32(name.encode()) % 2 == 1
