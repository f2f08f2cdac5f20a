"""Files with midi-miner's own values -> how closely its dialect is met, and how far the others are from it.

Run `python -m benchmarks.oracle`.

The values are those of the tool itself on twelve Bach chorales and twelve songs, by bar, by beat and by two
beats.  Controls: the same measure in a key a semitone away, and the other dialects on the same bars.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from tensionbgm.music.dialects import DIALECTS, DialectProfile, dialect_profile
from tensionbgm.music.notes import KeyChange

ORACLE = Path(__file__).resolve().parents[2] / "shared" / "data" / "oracle_tension"
MEASURES = {"diameter": "diameter", "momentum": "centroid_diff", "strain": "tensile"}  # ours, the tool's
_LETTERS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))


@dataclass(frozen=True)
class Piece:
    """A MIDI file and the tool's answers."""

    path: Path
    group: str
    windows: dict[str, dict[str, list[float]]]
    key: KeyChange


def table() -> str:
    """Markdown: distance from the tool's values; the dialects beside one another.  Takes half a minute."""
    found = pieces()
    if not found:
        return f"midi-miner's values are not at {ORACLE}; nothing was measured.\n"
    return "\n\n".join([_words(), _distances(found), _others(found)]) + "\n"


def pieces() -> list[Piece]:
    """The files the tool was run on, by name."""
    answers = [(file, json.loads(file.read_text("utf-8"))) for file in sorted(ORACLE.glob("[jp]*_*.json"))]
    return [
        Piece(ORACLE / answer["file"], file.stem.split("_")[0], answer["windows"], _key(answer["key_used"]))
        for file, answer in answers
    ]


def _key(name: str) -> KeyChange:
    """A key as the tool writes it: "B- major"."""
    note, mode = name.split()
    return KeyChange(0.0, (_LETTERS[note[0]] + note.count("#") - note.count("-")) % 12, mode)


def _words() -> str:
    """What each dialect means."""
    rows = [
        "| dialect | h | alpha, beta | spelling | diameter | silence | key | window |",
        "|---|" + "---|" * 7,
    ]
    for d in DIALECTS.values():
        rise, shares = f"{d.shape.rise:.4f}", f"{d.shape.alpha:g}, {d.shape.beta:g}"
        cells = (d.name, rise, shares, d.spelling, d.diameter, d.silence, d.key, str(d.window))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _distances(found: list[Piece]) -> str:
    """The largest distance from the tool's values."""
    rows = [
        "| midi-miner's files | window | values | same key | time [s] | diameter | momentum | strain "
        "| strain, key a semitone off | CPU a file [ms] |",
        "|---|" + "---|" * 9,
    ]
    for group in sorted({piece.group for piece in found}):
        chosen = [piece for piece in found if piece.group == group]
        rows += [_distance_row(group, chosen, window) for window in chosen[0].windows]
    return "\n".join(rows)


def _distance_row(group: str, chosen: list[Piece], window: str) -> str:
    start = process_time()
    profiles = [dialect_profile(piece.path, "midi-miner", window) for piece in chosen]
    spent_ms = 1000 * (process_time() - start) / len(chosen)
    truths = [piece.windows[window] for piece in chosen]
    pairs = list(zip(profiles, truths, strict=True))
    values = sum(3 * len(truth["time"]) for truth in truths)
    keys = sum(p.keys == (piece.key,) for p, piece in zip(profiles, chosen, strict=True))
    far = [_worst([p.start_s for p in profiles], [t["time"] for t in truths])]
    far += [
        _worst([getattr(p, m) for p, _ in pairs], [t[name] for _, t in pairs]) for m, name in MEASURES.items()
    ]
    off = [dialect_profile(piece.path, "midi-miner", window, (_semitone_up(piece.key),)) for piece in chosen]
    far.append(_worst([p.strain for p in off], [t["tensile"] for t in truths]))
    cells = " | ".join(f"{x:.1e}" if x < 0.01 else f"{x:.2f}" for x in far)
    head = f"{len(chosen)} {group} | {window} | {values} | {keys} of {len(chosen)}"
    return f"| {head} | {cells} | {spent_ms:.0f} |"


def _worst(ours: list[np.ndarray], theirs: list[list[float]]) -> float:
    return max(
        float(np.abs(a - np.array(b)).max()) if len(a) == len(b) else np.inf
        for a, b in zip(ours, theirs, strict=True)
    )


def _semitone_up(key: KeyChange) -> KeyChange:
    return KeyChange(0.0, (key.tonic + 1) % 12, key.mode)


def _others(found: list[Piece]) -> str:
    """The other dialects against midi-miner's bars."""
    rows = [
        "| dialect, by bar, against midi-miner's values | r of diameter | of momentum | of strain "
        "| diameter, mean ratio | momentum | strain |",
        "|---|" + "---|" * 6,
    ]
    for name in DIALECTS:
        profiles = [dialect_profile(piece.path, name, "bar") for piece in found]
        cells = [_against(profiles, found, measure) for measure in MEASURES]
        r, ratio = (" | ".join(f"{cell[k]:.2f}" for cell in cells) for k in (0, 1))
        rows.append(f"| {name} | {r} | {ratio} |")
    return "\n".join(rows)


def _against(profiles: list[DialectProfile], found: list[Piece], measure: str) -> tuple[float, float]:
    """Mean Pearson r, and ratio of means, of bars that begin together."""
    r, ratio = [], []
    for profile, piece in zip(profiles, found, strict=True):
        time_s, theirs = (np.array(piece.windows["bar"][n]) for n in ("time", MEASURES[measure]))
        near = np.abs(profile.start_s[:, None] - time_s[None, :]) < 1e-3
        ours, other = np.nonzero(near)
        a, b = getattr(profile, measure)[ours], theirs[other]
        r.append(float(np.corrcoef(a, b)[0, 1]))
        ratio.append(float(a.mean() / b.mean()))
    return float(np.mean(r)), float(np.mean(ratio))


if __name__ == "__main__":
    print(table())
