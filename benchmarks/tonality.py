"""Scores with known spelling and keys -> how well notes are spelled and keys are found, beside controls.

Run `python -m benchmarks.tonality`.

Spelling: share of notes named as in the score, up to one enharmonic shift of the whole piece [Meredith06].
Keys: share of pieces whose tonic and mode are right, and the MIREX score (a fifth off 0.5, relative 0.3,
parallel 0.2).  Local keys: share of quarters in the analyst's key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from benchmarks import tonality_truth as truth
from tensionbgm.music.key_profiles import MODES, key_scores
from tensionbgm.music.keys import KeyFound, find_key, key_by_centre, key_by_profile, pitch_class_weight
from tensionbgm.music.local_keys import local_keys
from tensionbgm.music.notes import Notes
from tensionbgm.music.spelling import spell
from tensionbgm.music.spiral import FIFTHS

SHARPS = np.array([0, 7, 2, 9, 4, -1, 6, 1, 8, 3, 10, 5])  # fifths of C C# D D# E F F# G G# A A# B


def table() -> str:
    """Markdown: spelling, keys of pieces, keys within pieces.  Takes ten minutes to read scores."""
    if not truth.CORPORA.is_dir():
        return f"The corpora are not at {truth.CORPORA}; nothing was measured.\n"
    return "\n".join([*spelling_table(), "", *key_table(), "", *local_table(), ""])


# --------------------------------------------------------------------------- spelling


def by_key(notes: Notes) -> np.ndarray:
    """The control: one fixed table, from the key of the piece."""
    tonic, _ = find_key(notes)
    return 7 * tonic + FIFTHS[(notes.notes["pitch"] - tonic) % 12]


def by_sharps(notes: Notes) -> np.ndarray:
    """The naive control: every black key is a sharp."""
    return SHARPS[notes.notes["pitch"] % 12]


def misspelled(found: np.ndarray, true: np.ndarray) -> int:
    """Notes named otherwise than in the score, the whole shifted to agree with as many as can be."""
    shift, count = np.unique((true - found)[(true - found) % 12 == 0], return_counts=True)
    return len(true) - int(count.max(initial=0)) if len(shift) else len(true)


def spelling_table() -> list[str]:
    ways: tuple[Callable[[Notes], np.ndarray], ...] = (spell, by_key, by_sharps)
    wrong = defaultdict(lambda: np.zeros(3))
    total, pieces = defaultdict(int), defaultdict(int)
    shares = []
    for name, notes, true in truth.spelled_pieces():
        errors = np.array([misspelled(way(notes), true) for way in ways])
        shares.append(errors / len(true))
        for group in (name, "**all notes**"):
            wrong[group] += errors
            total[group] += len(true)
            pieces[group] += 1
    lines = [
        "| spelling | pieces | notes | right | table of the key | sharps only |",
        "|---|---|---|---|---|---|",
    ]
    for group in sorted(wrong, key=lambda g: (g.startswith("*"), g)):
        cells = " | ".join(f"{100 - 100 * w / total[group]:.2f} %" for w in wrong[group])
        lines.append(f"| {group} | {pieces[group]} | {total[group]} | {cells} |")
    cells = " | ".join(f"{100 - 100 * s:.2f} %" for s in np.mean(shares, axis=0))
    return [*lines, f"| **mean of pieces** | {len(shares)} | | {cells} |"]


# --------------------------------------------------------------------------- keys of pieces


def whole_piece(notes: Notes) -> KeyFound:
    """The control for the opening: the same profiles, every bar alike."""
    mode, tonic = divmod(int(key_scores(pitch_class_weight(notes)).argmax()), 12)
    return KeyFound(tonic, MODES[mode], 1.0)


def c_major(notes: Notes) -> KeyFound:
    """The control that listens to nothing."""
    return KeyFound(0, "major", 1.0)


WAYS: dict[str, Callable[[Notes], KeyFound]] = {
    "Temperley, with opening (default)": key_by_profile,
    "Albrecht-Shanahan": lambda notes: key_by_profile(notes, "albrecht"),
    "Bellman-Budge": lambda notes: key_by_profile(notes, "bellman"),
    "Krumhansl-Kessler": lambda notes: key_by_profile(notes, "krumhansl"),
    "centre of effect": key_by_centre,
    "Temperley, no opening": whole_piece,
    "always C major": c_major,
}


def mirex(tonic: int, mode: str, true_tonic: int, true_mode: str) -> float:
    """Weighted score of a key, 0..1, of the MIREX task of audio key detection."""
    up = (tonic - true_tonic) % 12
    if mode == true_mode:
        return {0: 1.0, 7: 0.5, 5: 0.5}.get(up, 0.0)
    relative = 9 if true_mode == "major" else 3
    return {relative: 0.3, 0: 0.2}.get(up, 0.0)


def signature(tonic: int, mode: str) -> int:
    """Tonic of the major key with the same signature."""
    return tonic if mode == "major" else (tonic + 3) % 12


def key_table() -> list[str]:
    right, weighted, sure = defaultdict(list), defaultdict(list), defaultdict(list)
    pieces = defaultdict(int)
    for name, notes, tonic, mode in truth.keyed_pieces(truth.KEYED | truth.SIGNED):
        pieces[name] += 1
        for way, find in WAYS.items():
            found = find(notes)
            if name in truth.SIGNED:
                right[way, name].append(signature(found.tonic, found.mode) == signature(tonic, mode))
                continue
            right[way, name].append((found.tonic, found.mode) == (tonic, mode))
            weighted[way, name].append(mirex(found.tonic, found.mode, tonic, mode))
            sure[way].append((found.confidence, (found.tonic, found.mode) == (tonic, mode)))
    heads = [f"{name} ({pieces[name]})" for name in pieces]
    lines = [
        f"| key | {' | '.join(heads)} | confidence | calibration error |",
        "|---" * (len(heads) + 3) + "|",
    ]
    for way in WAYS:
        cells = [_key_cell(right[way, name], weighted[way, name]) for name in pieces]
        stated = [f"{np.mean([c for c, _ in sure[way]]):.2f}", f"{calibration_error(sure[way]):.3f}"]
        known = way not in ("always C major", "Temperley, no opening")
        lines.append(f"| {way} | {' | '.join([*cells, *(stated if known else ['-', '-'])])} |")
    note = (
        "Exact keys: % right / MIREX score in %; chance is 4.2 %. Of the last three sets the signature alone"
    )
    return [*lines, "", f"{note} is known, and so counts; chance is 8.3 %."]


def _key_cell(right: list[bool], weighted: list[float]) -> str:
    exact = f"{100 * np.mean(right):.1f}"
    return f"{exact} / {100 * np.mean(weighted):.1f}" if weighted else exact


def calibration_error(stated: list[tuple[float, bool]]) -> float:
    """Expected calibration error: mean |confidence - share right| over ten bins of confidence."""
    confidence, right = np.array(stated, float).T
    bins = np.minimum((10 * confidence).astype(int), 9)
    gap = np.bincount(bins, confidence - right, 10)
    return float(np.abs(gap).sum() / len(right))


# --------------------------------------------------------------------------- keys within pieces


def local_table() -> list[str]:
    right, changes = defaultdict(list), defaultdict(list)
    for name, notes, moment, true in truth.analysed_pieces():
        path = local_keys(notes)
        start = np.array([key.start_quarter for key in path])
        state = np.array([key.tonic + 12 * MODES.index(key.mode) for key in path])
        tonic, mode = find_key(notes)
        best = np.bincount(true, minlength=24).argmax()
        found = state[np.maximum(np.searchsorted(start, moment + 1e-6, side="right") - 1, 0)]
        fixed = (tonic + 12 * MODES.index(mode), best, 0)
        right[name].append([np.mean(found == true), *(np.mean(key == true) for key in fixed)])
        changes[name].append([len(path) - 1, np.count_nonzero(np.diff(true))])
    lines = [
        "| local keys | pieces | right | key of the piece | best one key | C major | changes found, heard |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in right.items():
        cells = " | ".join(f"{100 * share:.1f} %" for share in np.mean(rows, axis=0))
        found, heard = np.mean(changes[name], axis=0)
        lines.append(f"| {name} | {len(rows)} | {cells} | {found:.1f}, {heard:.1f} |")
    return lines


if __name__ == "__main__":
    print(table())
