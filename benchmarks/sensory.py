"""Listeners' ratings of chords and progressions -> how well each component of tension explains them.

Run `python -m benchmarks.sensory`; takes about half a minute.

Roughness is held to the values published for 4,755 chords; then every component that a chord has alone
to ratings of single chords (Bowling et al. 2018, Johnson-Laird et al. 2012, Lahdelma & Eerola 2016), by
Spearman's r with dissonance or tension; then all of them to the tension of chords in progressions
(Navarro-Caceres et al. 2020), by Pearson's r within progressions, pooled.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tensionbgm.music import lerdahl, roughness, spiral, tis
from tensionbgm.music.notes import NOTE, KeyChange, Notes
from tensionbgm.music.ribbons import ribbons
from tensionbgm.music.windows import Windows, units

RATINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "tension_ratings"
SHUFFLES = 999
# Roughness of each interval of an octave in twelve steps, a common rule of thumb [Farbood12]_.
INTERVALS = np.array([0, 0.85, 0.4, 0.255, 0.225, 0.15, 0.275, 0.075, 0.275, 0.175, 0.225, 0.4])
LAHDELMA = {  # semitones above the root, as the chords are named in the study's table of stimuli
    "Major": (0, 4, 7),
    "Minor": (0, 3, 7),
    "Add6": (0, 4, 7, 9),
    "m7": (0, 3, 7, 10),
    "Pent.": (0, 2, 4, 7, 9),
    "m9": (0, 3, 7, 10, 14),
    "M9": (0, 4, 7, 11, 14),
    "Dom9": (0, 4, 7, 10, 14),
    "Neap.": (0, 1, 4, 6, 9),
    "Hex.": (0, 2, 4, 5, 7, 9),
    "Dom7#11": (0, 4, 7, 10, 14, 18),
}
SAMPLES, FIRST, LAST = 10, -4, 3  # of a progression's ratings to a chord; those that answer to it
LATE_FILES = 10  # listeners from here on were recorded from five samples earlier

Chord = Sequence[int]


def by_pairs(chord: Chord) -> float:
    pitches = np.array(sorted(set(chord)))
    return float(roughness.of_sets(np.ones((1, len(pitches))), pitches)[0])


def by_intervals(chord: Chord) -> float:
    return float(sum(INTERVALS[(b - a) % 12] for k, a in enumerate(chord) for b in chord[k + 1 :]))


def mask_of(chord: Chord) -> int:
    return int(np.bitwise_or.reduce([1 << pitch % 12 for pitch in chord]))


MODELS: dict[str, Callable[[Chord], float]] = {
    "roughness, Hutchinson & Knopoff": roughness.hutchinson,
    "the same by pairs": by_pairs,
    "roughness, Sethares": roughness.sethares,
    "roughness, Vassilakis": roughness.vassilakis,
    "roughness, interval table": by_intervals,
    "dissonance in the Tonal Interval Space": lambda c: float(tis.dissonance_table()[mask_of(c)]),
    "cloud diameter, spelt from the lowest note": lambda c: float(
        spiral.diameter_table()[spiral.rotate(mask_of(c), min(c) % 12)]
    ),
    "number of notes": lambda c: float(len(set(c))),
}


def table() -> str:
    """Markdown: published values, single chords, progressions."""
    if not RATINGS.is_dir():
        return f"The ratings are not at {RATINGS}; nothing was measured.\n"
    return "\n".join([*_published(), "", *_single_chords(), "", *_progressions(), ""])


# --------------------------------------------------------------------------- published roughness


def _published() -> list[str]:
    from scipy.stats import spearmanr

    rows = _read(RATINGS / "dcd" / "DCD_predictors.csv")
    chords = [[int(p) for p in row["midi"].split("-")] for row in rows]
    lines = [
        f"| roughness of {len(chords):,} chords against the published | largest error | rank r |",
        "|---|---|---|",
    ]
    published = {
        "Hutchinson & Knopoff": ("hutch_78_roughness", roughness.hutchinson),
        "Sethares": ("seth_93_roughness", roughness.sethares),
        "Vassilakis": ("vass_01_roughness", roughness.vassilakis),
        "Hutchinson & Knopoff by pairs": ("hutch_78_roughness", by_pairs),
    }
    for name, (column, model) in published.items():
        known, found = (
            np.array([float(row[column]) for row in rows]),
            np.array([model(c) for c in chords]),
        )
        error, r = np.abs(found - known).max(), spearmanr(found, known).statistic
        lines.append(f"| {name} | {error:.1e} | {r:.4f} |")
    return lines


# --------------------------------------------------------------------------- single chords


def single_chords() -> dict[str, tuple[list[Chord], np.ndarray]]:
    """Chords and their mean dissonance or tension, by set."""
    folder, sets = RATINGS / "incondata", {}
    for kind in ("dyads", "triads", "tetrads"):
        rows = _read(folder / f"bowl18_data_{kind}.csv")
        chords = [_bowling_chord(row) for row in rows]
        sets[f"Bowling {kind}"] = chords, -np.array([float(row["rating_mean"]) for row in rows])
    rows = _read(folder / "jl12_figure-2.csv")
    chords = [[int(p) for p in row["midi"].split()] for row in rows]
    sets["Johnson-Laird"] = chords, np.array([float(row["mean_rating"]) for row in rows])
    for register, root in (("Low", 60), ("High", 72)):
        sets[f"Lahdelma, {register.lower()}"] = _lahdelma(folder / "lah16_chord_data.tab", register, root)
    return sets


def _bowling_chord(row: dict[str, str]) -> Chord:
    low = round(69 + 12 * np.log2(float(row["f_1"]) / 440))
    steps = [int(row[f"pc_{n}"]) for n in range(1, 5) if f"pc_{n}" in row]
    return [low + step - steps[0] for step in steps]


def _lahdelma(path: Path, register: str, root: int) -> tuple[list[Chord], np.ndarray]:
    ratings = defaultdict(list)
    for row in _read(path, "\t"):
        if row["register"] == register and row["tension"].isdigit():
            ratings[row["chord"], row["inversion"]].append(int(row["tension"]))
    turns = {"Third": 1, "Fifth": 2}
    chords: list[Chord] = []
    for name, inversion in ratings:
        steps = list(LAHDELMA[name])
        for _ in range(turns.get(inversion, 0)):
            steps = [*steps[1:], steps[0] + 12]
        chords.append([root + step for step in steps])
    return chords, np.array([np.mean(values) for values in ratings.values()])


def _single_chords() -> list[str]:
    from scipy.stats import spearmanr

    sets = single_chords()
    head = " | ".join(f"{name} ({len(chords)})" for name, (chords, _) in sets.items())
    lines = [f"| rank r with dissonance or tension | {head} |", "|---|" + "---|" * len(sets)]
    for name, model in MODELS.items():
        cells = []
        for chords, rating in sets.values():
            value = [model(c) for c in chords]
            cells.append(f"{spearmanr(value, rating).statistic:.2f}" if np.ptp(value) > 0 else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    chance = [f"{1.96 / np.sqrt(len(chords) - 1):.2f}" for chords, _ in sets.values()]
    return [*lines, f"| 95 % of shuffled ratings lie within | {' | '.join(chance)} |"]


# --------------------------------------------------------------------------- progressions


def progressions() -> tuple[list[list[Chord]], list[KeyChange], list[np.ndarray]]:
    """Chords, key and the listeners' mean tension of each chord (0..100), of twelve progressions."""
    folder = RATINGS / "navarro2020_progressions"
    written = json.loads((folder / "progressions.json").read_text(encoding="utf-8"))[1:]
    files = [(folder / f"p{n}.txt").read_text(encoding="utf-8") for n in range(1, 16)]
    keys = [
        KeyChange(0.0, 0, "major") if mode == "maj" else KeyChange(0.0, 9, "minor") for mode, _ in written
    ]
    ratings = [_mean_rating(files, number, len(chords)) for number, (_, chords) in enumerate(written, 1)]
    return [chords for _, chords in written], keys, ratings


def _mean_rating(files: list[str], number: int, chords: int) -> np.ndarray:
    """Mean over the listeners of what they settled on for each chord."""
    rows = []
    for listener, text in enumerate(files):
        found = re.search(rf"e{number}\.wav\s*([\d.\s]+)", text)
        assert found, f"listener {listener + 1} has no progression {number}"
        sample = np.array(found.group(1).split(), float)
        late = 5 if listener >= LATE_FILES else 0
        spans = [(max(0, SAMPLES * k + FIRST + late), SAMPLES * k + LAST + late) for k in range(chords)]
        rows.append([sample[a:b].mean() for a, b in spans])
    return np.mean(rows, axis=0)


def components(chords: list[Chord], key: KeyChange) -> dict[str, np.ndarray]:
    """Every component of the chords as windows of a piece, each a bar long."""
    rows = [(4.0 * k, 4.0, 2.4 * k, 2.4, pitch, 80, 0, False) for k, c in enumerate(chords) for pitch in c]
    knots = np.array([0.0, 400.0])
    notes = Notes(np.array(rows, NOTE), ("piano",), 4.0 * np.arange(len(chords) + 1), knots, knots * 0.6, ())
    start = 4.0 * np.arange(len(chords))
    span, keys = (start, start + 4.0), (key,)
    before = np.maximum(np.arange(len(chords)) - 1, 0)
    spiral_array = ribbons(notes, keys, Windows(units(span[0]), units(span[1]), before))
    surface, far = lerdahl.surface_tension(notes, *span, keys), lerdahl.tonic_distance(notes, *span, keys)
    return {
        "cloud diameter": spiral_array.diameter,
        "tensile strain": spiral_array.strain,
        "cloud momentum": spiral_array.momentum,
        "interval table": np.array([by_intervals(c) for c in chords]),
        "roughness": roughness.roughness(notes, *span),
        "TIS dissonance": tis.tis_dissonance(notes, *span),
        "TIS key distance": tis.tis_key_distance(notes, *span, keys),
        "TIS tonic distance": tis.tis_tonic_distance(notes, *span, keys),
        "TIS motion": tis.tis_motion(notes, *span, before),
        "Lerdahl surface": surface,
        "Lerdahl tonic distance": far,
        "Lerdahl surface + tonic distance": surface + far,
        "Lerdahl sequential": lerdahl.sequential_tension(chords, key.tonic, key.mode).astype(float),
    }


BLENDS = (
    ("cloud diameter", "tensile strain", "cloud momentum"),
    ("cloud diameter", "tensile strain", "cloud momentum", "roughness"),
    ("cloud diameter", "tensile strain", "cloud momentum", "TIS tonic distance"),
    ("roughness", "TIS tonic distance"),
    ("roughness", "Lerdahl tonic distance"),
    ("roughness", "TIS tonic distance", "TIS dissonance", "Lerdahl tonic distance"),
)


def _progressions() -> list[str]:
    chords, keys, ratings = progressions()
    each = [_centred(components(c, k)) for c, k in zip(chords, keys, strict=True)]
    which = np.repeat(np.arange(len(chords)), [len(c) for c in chords])
    rating = np.concatenate([r - r.mean() for r in ratings])
    value = {name: np.concatenate([e[name] for e in each]) for name in each[0]}
    lines = [
        f"| tension of {len(rating)} chords in {len(chords)} progressions | r | 95 % of shuffled within |",
        "|---|---|---|",
    ]
    for name, x in value.items():
        chance = np.quantile(np.abs(_shuffled(x, rating, which)), 0.95)
        lines.append(f"| {name} | {np.corrcoef(x, rating)[0, 1]:.2f} | {chance:.2f} |")
    lines += ["", "| weighted sum | r | r on progressions left out |", "|---|---|---|"]
    for names in BLENDS:
        fitted, foretold = _blend(np.stack([value[name] for name in names], axis=1), rating, which)
        lines.append(f"| {', '.join(names)} | {fitted:.2f} | {foretold:.2f} |")
    return lines


def _centred(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: x - x.mean() for name, x in values.items()}


def _shuffled(x: np.ndarray, rating: np.ndarray, which: np.ndarray) -> np.ndarray:
    """r of ratings shuffled within their progressions, float (SHUFFLES,)."""
    random = np.random.default_rng(0)
    return np.array(
        [
            np.corrcoef(x, rating[np.lexsort((random.random(len(rating)), which))])[0, 1]
            for _ in range(SHUFFLES)
        ]
    )


def _blend(x: np.ndarray, rating: np.ndarray, which: np.ndarray) -> tuple[float, float]:
    """r of the best weighted sum, and of sums whose weights were found without the progression itself."""
    fitted = x @ np.linalg.lstsq(x, rating, rcond=None)[0]
    foretold = np.zeros(len(rating))
    for n in np.unique(which):
        rest = which != n
        foretold[~rest] = x[~rest] @ np.linalg.lstsq(x[rest], rating[rest], rcond=None)[0]
    return float(np.corrcoef(fitted, rating)[0, 1]), float(np.corrcoef(foretold, rating)[0, 1])


def _read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


if __name__ == "__main__":
    print(table())
