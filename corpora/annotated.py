"""Folders of pieces whose chords were labelled -> the chords, told in fifths above the tonic of their key.

Two kinds of folder are read: one with `*.harmonies.tsv` files, labelled by experts [NHR18]_ [HNR21]_
[HRMNR23]_, and one with a folder for each song that holds `chord_beat.txt`, `beats.txt` and `key_audio.txt`
[Wang20]_.  An `index.csv` beside the folder tells which pieces are of which split.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tensionbgm.errors import InputError

SHAPES: dict[frozenset[int], tuple[str, int]] = {  # fifths above the written root: quality, its own root
    frozenset(shape): (quality, moved)
    for quality, moved, *shape in (
        ("M", 0, 0, 1, 4), ("m", 0, 0, 1, -3), ("dim", 0, 0, -3, -6), ("aug", 0, 0, 4, 8),
        ("5", 0, 0, 1), ("sus2", 0, 0, 1, 2), ("sus4", 0, 0, 1, -1), ("add9", 0, 0, 1, 4, 2),
        ("madd9", 0, 0, 1, -3, 2), ("7", 0, 0, 1, 4, -2), ("maj7", 0, 0, 1, 4, 5), ("m7", 0, 0, 1, -3, -2),
        ("mM7", 0, 0, 1, -3, 5), ("m7b5", 0, 0, -3, -6, -2), ("dim7", 0, 0, -3, -6, -9),
        ("7sus4", 0, 0, 1, -1, -2), ("6", 0, 0, 1, 4, 3), ("m6", 0, 0, 1, -3, 3),
        ("M", -1, 0, -1, 3), ("m", -1, 0, -1, -4),  # a six-four over the dominant is the tonic's
        ("add9", 0, 2, 4, 1), ("madd9", 0, 2, -3, 1),  # the ninth before it falls to the root
        ("7", -10, 0, -10, -6, -9), ("7", -10, 0, -10, -6), ("7", -6, 0, 4, -2, -6),  # augmented sixths
    )
}  # fmt: skip
TYPES = {"M": "M", "m": "m", "o": "dim", "+": "aug", "Mm7": "7", "mm7": "m7", "MM7": "maj7",
         "%7": "m7b5", "o7": "dim7", "mM7": "mM7", "+7": "aug"}  # fmt: skip
HARTE = {"maj": "M", "min": "m", "min7": "m7", "maj6": "6", "min6": "m6", "hdim7": "m7b5", "minmaj7": "mM7",
         "sus4(b7)": "7sus4"}  # fmt: skip
DEGREES = {"1": 0, "2": 2, "3": 4, "4": -1, "5": 1, "6": 3, "7": 5}  # of a bass: fifths above the root
NATURAL = {letter: k - 1 for k, letter in enumerate("FCGDAEB")}


@dataclass(frozen=True)
class Label:
    """A chord where it was written."""

    mode: str
    root: int  # fifths above the tonic of the key it was heard in
    quality: str  # as in `tensionbgm.plan.chords`
    bass: int  # fifths above the root
    bar: int
    beat: float  # from the bar line
    ends: str = ""  # the cadence it ends a phrase with: "PAC", "IAC", "HC", ... or "phrase"
    opens: bool = False  # first of a phrase
    held: bool = False  # the bass is a pedal, no tone of the chord


@dataclass(frozen=True)
class Piece:
    """A piece's labels in order of time."""

    name: str
    labels: tuple[Label | None, ...]  # None where the key changes or a label tells no chord: nothing leads on
    beats: dict[int, int]  # beats of each bar that is whole


def pieces(folder: Path, split: str) -> list[Piece]:
    """The labelled pieces of one split, in a fixed order; all, where no `index.csv` says.

    Raises
    ------
    InputError
        the folder holds none
    """
    files = sorted(folder.rglob("*.harmonies.tsv"))
    songs = sorted(folder.glob("*/chord_beat.txt"))
    usable = _usable(folder, split)
    found = [_expert(path) for path in files if _wanted(path, folder, usable)]
    found += [song for path in songs if _wanted(path, folder, usable) for song in _song(path)]
    if not found:
        raise InputError(f"{folder}: holds no labelled chords; give a folder of such pieces")
    return found


def _usable(folder: Path, split: str) -> set[str] | None:
    """What the index says is of the split: names without their last suffix."""
    index = folder.parent / "index.csv"
    if not index.exists():
        return None
    with index.open(newline="", encoding="utf-8") as rows:
        return {row["file"].removesuffix(".mid") for row in csv.DictReader(rows) if row["split"] == split}


def _wanted(path: Path, folder: Path, usable: set[str] | None) -> bool:
    name = path.relative_to(folder.parent)
    stem = str(name).removesuffix(".harmonies.tsv")
    return usable is None or stem in usable or str(name.parent / path.parent.name) in usable


# --------------------------------------------------------------------------- labels of experts


def _expert(path: Path) -> Piece:
    with path.open(newline="", encoding="utf-8") as rows:
        table = list(csv.DictReader(rows, delimiter="\t"))
    labels: list[Label | None] = []
    beats, key, opens = {}, "", False
    for row in table:
        metre = _metre(row["timesig"])
        beats[int(row["mc"])] = metre[0]
        if row["localkey"] != key:
            key = row["localkey"]
            labels.append(None)
        end = row["phraseend"]
        label = _expert_label(row, metre[1], opens or "{" in end)
        opens = (label is None and (opens or "{" in end)) or end in ("}", "\\\\")
        labels.append(label)
    return Piece(path.name.removesuffix(".harmonies.tsv"), tuple(labels), beats)


def _metre(text: str) -> tuple[int, Fraction]:
    """Beats of a bar and how long each is in whole notes: a triple of a compound metre is one beat."""
    over, under = (int(part) for part in text.split("/"))
    compound = over % 3 == 0 and over > 3 and under >= 8
    return (over // 3, Fraction(3, under)) if compound else (over, Fraction(1, under))


def _expert_label(row: dict[str, str], beat: Fraction, opens: bool) -> Label | None:
    if not row["chord_tones"] or not row["chord_type"]:
        return None
    root, bass = int(row["root"]), int(row["bass_note"])
    tones = {int(tone) - root for tone in row["chord_tones"].split(",")}
    extra = {int(tone) - root for tone in (row["added_tones"] or "").split(",") if tone}
    quality, moved = SHAPES.get(frozenset(tones | extra)) or SHAPES.get(frozenset(tones)) or ("", 0)
    quality = quality or TYPES.get(row["chord_type"], "")
    if not quality:
        return None
    held, sounding = _pedal(row), {root + tone for tone in tones}
    root += moved
    ends = row["cadence"] or ("phrase" if row["phraseend"] in ("}", "}{", "\\\\") else "")
    return Label(
        "minor" if row["localkey_is_minor"] == "1" else "major",
        root,
        quality,
        (bass if held is None else held) - root,
        int(row["mc"]),
        float(Fraction(row["mc_onset"]) / beat),
        ends,
        opens,
        held is not None and held not in sounding,
    )


def _pedal(row: dict[str, str]) -> int | None:
    """The degree held below, in fifths above the tonic, where it is one of the key's own."""
    degrees = {"i": 0, "ii": 2, "iv": -1, "v": 1}
    return degrees.get(row["pedal"].lower()) if row["pedal"] else None


# --------------------------------------------------------------------------- labels of songs


def _song(path: Path) -> Iterator[Piece]:
    """A song that stays in one key; nothing where it does not."""
    keys = (path.parent / "key_audio.txt").read_text(encoding="utf-8").split("\n")
    keys = [line.split()[2] for line in keys if line.strip()]
    if len(set(keys)) != 1:
        return
    tonic, mode = keys[0].split(":")
    home, mode = _fifths(tonic), {"maj": "major", "min": "minor"}[mode]
    head = (path.parent / "beats.txt").read_text(encoding="utf-8").split()
    a_bar = int(head[head.index("beats_per_bar") + 1])
    labels: list[Label | None] = []
    last = 0.0
    for line in path.read_text(encoding="utf-8").splitlines():
        start, end, text = line.split()
        labels.append(_song_label(text, home, mode, float(start), a_bar))
        last = float(end)
    yield Piece(path.parent.name, tuple(labels), dict.fromkeys(range(int(last) // a_bar), a_bar))


def _song_label(text: str, home: int, mode: str, start: float, a_bar: int) -> Label | None:
    """Of a label in the syntax of [Harte05]_, such as "Bb:min7/b3"."""
    if text == "N":
        return None
    name, _, below = text.partition("/")
    letter, _, kind = name.partition(":")
    root = (_fifths(letter) - home + 5) % 12 - 5
    bass = DEGREES[below[-1]] - 7 * below.count("b") + 7 * below.count("#") if below else 0
    bar, beat = divmod(start, a_bar)
    return Label(mode, root, HARTE.get(kind, kind), bass, int(bar), beat)


def _fifths(name: str) -> int:
    """Of a letter and its accidentals, above C."""
    if not re.fullmatch("[A-G][#b]*", name):
        raise InputError(f"{name}: not the name of a note")
    return NATURAL[name[0]] + 7 * name.count("#") - 7 * name.count("b")
