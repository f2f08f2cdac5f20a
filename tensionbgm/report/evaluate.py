"""Folders that `score` or `compose` wrote -> the figures of each, measured again on its notes, and a table.

What is read is `report.json` (the curve asked for, the cuts, the length) and `music.mid`.  Rule faults and
the control before the search are taken from the report, since they need more than the notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import Curve
from tensionbgm.music.notes import Notes, read_midi
from tensionbgm.music.tension import Profile, tension_profile
from tensionbgm.report.cuts import alignment
from tensionbgm.report.fit import tension_fit
from tensionbgm.saved import read_json

LONGEST_S = 3600.0  # no film scored is longer
EARLIER = "report.json is of an earlier version and knows of no gradual transitions; matching takes it so"
SAME = 1e-3  # the report's correlation is that of the file, if they differ by no more
COLUMNS = (  # of the table: heading; figure and its controls, with how they are printed
    ("tension r (shuffled reversed unoptimised)",
     (("tension_r", ".3f"), ("r_shuffled", ".2f"), ("r_reversed", ".2f"), ("r_unoptimised", ".2f"))),
    ("RMSE (shuffled reversed)", (("rmse", ".3f"), ("rmse_shuffled", ".2f"), ("rmse_reversed", ".2f"))),
    ("cuts", (("cuts", ".0f"),)),
    ("at 40 ms (chance shuffled)", (("hit_40ms", ".0%"), ("chance_40ms", ".0%"), ("shuffled_40ms", ".0%"))),
    ("at 100 ms (chance)", (("hit_100ms", ".0%"), ("chance_100ms", ".0%"))),
    ("end off, ms", (("end_error_ms", ".1f"),)),
    ("faults per 100", (("faults_per_100", ".2f"),)),
    ("match rank of 60", (("match_rank", ".1f"),)),
    ("others beaten (by motion x loudness)", (("preferred", ".0%"), ("preferred_by_product", ".0%"))),
)  # fmt: skip
FIGURES = (*(name for _, shown in COLUMNS for name, _ in shown), "match_z")
CHANCE = {"match_rank": 30.5, "match_z": 0.0, "preferred": 0.5}  # of what has no column of its own for it


@dataclass(frozen=True)
class Output:
    """A finished job, read back."""

    folder: Path
    curve: Curve
    cut_s: np.ndarray  # float (n,), rising
    strength: np.ndarray  # float (n,), 0..1
    gradual_s: np.ndarray  # float (m, 2), rising: gradual transitions
    duration_s: float  # > 0
    notes: Notes
    film: str | None  # path of the film; None if it was composed without
    seed: int
    faults_per_100: float | None  # as the report says
    pearson: float | None
    unoptimised: float | None
    said: tuple[str, ...] = ()  # what to note


def read_output(folder: Path) -> Output:
    """What is needed of a folder.

    Raises
    ------
    InputError
        it is no folder, a file is missing or broken, or the report is not one of this version
    """
    path = folder / "report.json"
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; give one that `tensionbgm score` wrote")
    for name in ("report.json", "music.mid"):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: has no {name}; give a folder that `tensionbgm score` wrote")
    report = read_json(path, "score the film again")
    if not isinstance(report, dict):
        raise InputError(f"{path}: is no report; score the film again")
    try:
        return _output(folder, report, read_midi(folder / "music.mid"))
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as fault:
        why = f"lacks {fault}" if isinstance(fault, KeyError) else str(fault)
        raise InputError(f"{path}: is no report of this version ({why}); score the film again") from fault


def _output(folder: Path, report: Mapping[str, Any], notes: Notes) -> Output:
    asked, metrics, video = report["curve"]["asked"], report["metrics"], report["video"]
    time_s, value = _numbers(asked["times_s"], "curve"), _numbers(asked["value"], "curve")
    if not 0 < len(time_s) == len(value) or np.any(np.diff(time_s) <= 0):
        raise ValueError("its curve is none")
    if value.min() < 0 or value.max() > 1:
        raise ValueError("its curve leaves 0..1")
    each = metrics["cuts"]["each"]
    cut_s = _numbers([cut["cut_s"] for cut in each], "cuts")
    strength = _numbers([cut["strength"] for cut in each], "cuts")
    bars_s = _numbers(report["plan"]["bars_s"], "bars")
    duration_s = float(video["duration_s"] if video else bars_s[-1])
    if not 0 < duration_s <= LONGEST_S or np.any(np.diff(cut_s) < 0):
        raise ValueError("its times are none")
    spans = list((video or {}).get("gradual_s") or ())  # reports did not tell of them once
    gradual_s = _numbers([t for start, end in spans for t in (start, end)], "transitions").reshape(-1, 2)
    if np.any(np.diff(gradual_s.ravel()) < 0):
        raise ValueError("its transitions are none")
    rules, fit = metrics["rules"], metrics["tension"]
    faults = sum(int(rules[name]) for name in rules["per_100_notes"])
    return Output(
        folder, Curve(time_s, value, "file"), cut_s, strength, gradual_s, duration_s, notes,
        str(video["path"]) if video else None, int(report["seed"]) % 2**32,
        100 * faults / max(int(rules["notes"]), 1), _maybe(fit["pearson"]),
        _maybe(fit["control_unoptimised"]), () if not video or "gradual_s" in video else (EARLIER,),
    )  # fmt: skip


def _numbers(values: Any, what: str) -> np.ndarray:
    array = np.array([float(v) for v in values], float)
    if not np.isfinite(array).all():
        raise ValueError(f"its {what} are no numbers")
    return array


def _maybe(value: Any) -> float | None:
    return None if value is None else float(value)


def figures(output: Output) -> tuple[dict[str, float | None], tuple[str, ...]]:
    """The figures of a folder by the names of `FIGURES`, None where one does not exist; and what to note.

    Correlations -1..1, root mean square errors in units of the curve, shares 0..1, times in ms; matching is
    left to whoever has the film.
    """
    profile = tension_profile(output.notes)
    fit = tension_fit(output.curve, profile, None, output.seed)
    cuts = alignment(output.cut_s, output.strength, output.notes, output.duration_s, output.seed)
    found = dict.fromkeys(FIGURES) | {
        "tension_r": fit["pearson"], "r_shuffled": fit["control_shuffled"],
        "r_reversed": fit["control_reversed"], "r_unoptimised": output.unoptimised, "rmse": fit["rmse"],
        "rmse_shuffled": _rmse_at(fit["control_shuffled"], output.curve, profile),
        "rmse_reversed": _rmse_at(fit["control_reversed"], output.curve, profile),
        "cuts": float(cuts["n"]), "hit_40ms": cuts["hit_40ms"], "chance_40ms": cuts["chance_40ms"],
        "shuffled_40ms": cuts["control_shuffled_hit_40ms"], "hit_100ms": cuts["hit_100ms"],
        "chance_100ms": cuts["chance_100ms"], "end_error_ms": cuts["end_error_ms"],
        "faults_per_100": output.faults_per_100,
    }  # fmt: skip
    return found, (*output.said, *_changed(output, fit["pearson"]))


def _rmse_at(r: float | None, curve: Curve, profile: Profile) -> float | None:
    """Root mean square error of the same values in another order, in which they correlate by r.

    (mean a - mean b)^2 + var a + var b - 2 r sd a sd b.
    """
    if r is None:
        return None
    target, achieved = np.asarray(curve.mean(profile.start_s, profile.end_s), float), profile.intensity
    apart = (target.mean() - achieved.mean()) ** 2 + target.var() + achieved.var()
    return float(np.sqrt(max(0.0, apart - 2 * r * target.std() * achieved.std())))


def _changed(output: Output, pearson: float | None) -> tuple[str, ...]:
    told = output.pearson
    if pearson == told or (pearson is not None and told is not None and abs(pearson - told) <= SAME):
        return ()
    return (
        "music.mid is not what report.json was written of: rule faults and the unoptimised control are those "
        "of the report",
    )


def means(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Mean of each figure over the folders that have it, a folder one vote; None where none has."""
    known = {name: [row[name] for row in rows if row[name] is not None] for name in FIGURES}
    return {name: float(np.mean(np.array(v, float))) if v else None for name, v in known.items()}


def evaluation_table(named: Mapping[str, Mapping[str, float | None]]) -> str:
    """The figures of each folder, their means where there are several, and chance, as text in columns."""
    rows = dict(named)
    if len(named) > 1:
        rows["mean"] = means(list(named.values()))
    cells = [["", *(heading for heading, _ in COLUMNS)]]
    cells += [[name, *(_cell(row, shown) for _, shown in COLUMNS)] for name, row in rows.items()]
    firsts = [shown[0] for _, shown in COLUMNS]
    cells.append(["chance", *(format(CHANCE[n], form) if n in CHANCE else "" for n, form in firsts)])
    width = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, width, strict=True)).rstrip() for row in cells)


def _cell(row: Mapping[str, float | None], shown: Sequence[tuple[str, str]]) -> str:
    """A figure, its controls in brackets; - for what does not exist."""
    first, *controls = ("-" if row[name] is None else format(row[name], form) for name, form in shown)
    return f"{first} ({' '.join(controls)})" if controls else first
