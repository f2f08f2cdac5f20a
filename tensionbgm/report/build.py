"""Every noun of a finished job -> `report.json`: what was asked, what was reached, and what was not.

Numbers about the music are measured on the notes read back from the file.  The result is plain
JSON without NaN, and equal for equal input but for `timings_s` and `metrics.search.moves_per_s`.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.forms import Analysis, Curve, Form, Grid, Piece, Plan, Section
from tensionbgm.music.notes import Notes
from tensionbgm.music.tension import Profile, tension_profile
from tensionbgm.report.cuts import TOLERANCES_S, alignment, find_accents, hit_share
from tensionbgm.report.fit import COMPONENTS, fit_warnings, tension_fit
from tensionbgm.report.markers import markers_met
from tensionbgm.report.patterns import pattern_facts
from tensionbgm.report.rules import rule_counts
from tensionbgm.version import VERSION

TONICS = {
    "major": ("C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"),
    "minor": ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B"),
}
DIGITS = 9  # significant: microseconds in a film of half an hour
LEVEL_DECIMALS = 4  # of levels 0..1
NO_PRIOR = "no model of real music was asked: how typical the notes are is not measured"


def build_report(
    *,
    piece: Piece,
    notes: Notes,
    analysis: Analysis | None = None,
    unoptimised: Notes | None = None,
    irreducible: Mapping[str, float] | None = None,
    prior: Mapping[str, Any] | None = None,
    sound: Any = None,
    effort: str = "normal",
    command: Sequence[str] = (),
    warnings: Sequence[str] = (),
    timings_s: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The whole report.

    Parameters
    ----------
    piece : Piece
        what was composed; its plan holds the curve and the sections
    notes : Notes
        read back from the MIDI file that was written
    analysis : Analysis, optional
        of the film; without one the cuts are those the plan was given
    unoptimised : Notes, optional
        the same plan written before the search chose its pitches, as a control
    irreducible : mapping, optional
        distance from the curve that no notes could take away, because bars are tied that it wants different:
        root mean square of "diameter", "momentum", "strain" and "curve", in levels
    prior : mapping, optional
        nats_per_note, corpus_mean, corpus_sd
    sound : mapping or dataclass, optional
        facts of the mix: loudness, peak, speech-to-music ratio
    effort, command, warnings, timings_s
        echoed

    Returns
    -------
    report : dict
        of JSON values only
    """
    plan, profile = piece.plan, tension_profile(notes)
    control = None if unoptimised is None else tension_profile(unoptimised)
    cut_s, strength = _cuts(plan, analysis)
    duration_s = analysis.video.duration_s if analysis else float(plan.grid.bar_us[-1]) / 1e6
    seed = plan.seed % 2**32  # a plan may name any whole number
    metrics = {
        "tension": tension_fit(plan.curve, profile, control, seed)
        | {"irreducible": None if irreducible is None else dict(irreducible)},
        "cuts": {"source": analysis.shots.source if analysis else "plan"}
        | alignment(cut_s, strength, notes, duration_s, seed)
        | _accents_asked(plan, notes),
        "patterns": pattern_facts(piece, notes),
        "rules": rule_counts(notes, plan.parts),
        "prior": dict(prior) if prior else None,
        "prior_note": None if prior else NO_PRIOR,
        "search": _search_json(piece),
    }
    heard = plain(sound) if sound else None
    said = [
        *warnings,
        *((heard or {}).get("warnings") or ()),
        *(analysis.warnings if analysis else ()),
        *plan.grid.warnings,
        *plan.warnings,
    ]
    return plain(
        {
            "version": VERSION,
            "seed": plan.seed,
            "device": piece.search.backend if piece.search else None,
            "effort": effort,
            "command": list(command),
            "video": video_json(analysis) if analysis else None,
            "curve": curve_json(plan.curve, profile),
            "form": form_json(Form(plan.grid.sections), plan.grid),
            "plan": plan_json(plan),
            "metrics": metrics,
            "markers": markers_met(plan.markers, notes),
            "sound": heard,
            "warnings": list(dict.fromkeys([*said, *fit_warnings(plan.curve, profile)])),
            "timings_s": dict(timings_s or {}),
        }
    )


def video_json(analysis: Analysis) -> dict[str, Any]:
    """What was seen and heard in the film: `video` of the report."""
    video = analysis.video
    names = (
        "path",
        "duration_s",
        "fps",
        "frame_s",
        "vfr",
        "rotation",
        "width",
        "height",
        "n_frames",
        "codec",
        "container",
    )
    facts = {name: getattr(video, name) for name in names}
    facts["cuts_s"], facts["cuts_from"] = analysis.shots.cut_s, analysis.shots.source
    facts["gradual_s"] = analysis.shots.gradual_s
    facts["has_audio"], facts["complete"] = video.has_audio, video.complete
    return plain({**facts, "speech_s": analysis.speech_s})


def shots_json(analysis: Analysis) -> dict[str, Any]:
    """Where the film cuts: hard cuts with their strength, gradual transitions, and the shots between."""
    shots = analysis.shots
    edges = np.concatenate([[0.0], shots.boundary_s, [analysis.video.duration_s]])
    return plain(
        {
            "cuts_s": shots.cut_s,
            "strength": shots.strength,
            "gradual_s": shots.gradual_s,
            "shots_s": np.stack([edges[:-1], edges[1:]], axis=1),
        }
    )


def curve_json(curve: Curve, profile: Profile | None = None) -> dict[str, Any]:
    """The curve asked for, and with a profile what was reached, over the profile's windows.

    Without a profile `times_s` and `target` are the curve's own points and the rest is null.  `asked` has an
    estimate's band as well, `low` and `high`.
    """
    band = {} if curve.low is None or curve.high is None else {"low": curve.low, "high": curve.high}
    if profile is None:
        own = {"times_s": curve.time_s, "target": curve.value, "achieved": None, "components": None}
        return plain({"source": curve.source, **own, **band})
    return plain(
        {
            "source": curve.source,
            "times_s": np.round(profile.time_s, LEVEL_DECIMALS),
            "target": np.round(curve.mean(profile.start_s, profile.end_s), LEVEL_DECIMALS),
            "achieved": np.round(profile.intensity, LEVEL_DECIMALS),
            "components": {name: np.round(profile.level[name], LEVEL_DECIMALS) for name in COMPONENTS},
            "asked": {"times_s": curve.time_s, "value": curve.value, **band},
        }
    )


def form_json(form: Form, grid: Grid | None = None) -> list[dict[str, Any]]:
    """The sections; with a grid (whose sections they are) also their bars."""
    return [_section_json(index, section, grid) for index, section in enumerate(form.sections)]


def plan_json(plan: Plan) -> dict[str, Any]:
    """Tempo, meter, keys and chords, and what the solver said: `plan` of the report."""
    grid, start_s = plan.grid, plan.grid.bar_us / 1e6
    common = int(np.bincount(grid.bar_beats).argmax()) if grid.n_bars else 4
    steps = np.flatnonzero(np.diff(grid.bar_tempo_us, prepend=0))
    said = ("status", "objective", "bound")
    solver = {name: getattr(grid.solver, name) for name in said}
    harmony = {name: getattr(plan.harmony, name) for name in said} if plan.harmony else None
    return plain(
        {
            "tempo_map": [[start_s[bar], 60e6 / grid.bar_tempo_us[bar]] for bar in steps],
            "meter": f"{common}/4",
            "odd_bars": [[bar, int(beats)] for bar, beats in enumerate(grid.bar_beats) if beats != common],
            "bars_s": start_s,
            "key": [
                [start_s[key.start_bar], f"{TONICS[key.mode][key.tonic]} {key.mode}"] for key in plan.keys
            ],
            "chords": [[float(grid.seconds(chord.start_tick)), chord.symbol] for chord in plan.chords],
            "palette": plan.palette,
            "parts": [{"name": p.name, "role": p.role, "program": p.program} for p in plan.parts],
            "cp_sat": solver,
            "harmony": harmony,
        }
    )


def analysis_json(analysis: Analysis, curve: Curve, form: Form) -> dict[str, Any]:
    """What `analyze --json` prints: video, shots, curve and form in the shapes of the report."""
    return {
        "video": video_json(analysis),
        "shots": shots_json(analysis),
        "curve": curve_json(curve),
        "form": form_json(form),
        "warnings": list(analysis.warnings),
    }


def write_report(report: Mapping[str, Any], path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    os.replace(aside, path)


def plain(value: Any) -> Any:
    """JSON values of any nesting of mappings, sequences, arrays and numbers; NaN and infinity become null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value


def _cuts(plan: Plan, analysis: Analysis | None) -> tuple[np.ndarray, np.ndarray]:
    if analysis is None:
        return plan.grid.cut_s, plan.grid.cut_weight
    return analysis.shots.cut_s, analysis.shots.strength


def _accents_asked(plan: Plan, notes: Notes) -> dict[str, Any]:
    """The same for the accents the plan was given, which markers may add to and a dense edit thin out."""
    hit = hit_share(plan.grid.cut_s, find_accents(notes).accent_s, TOLERANCES_S[0])
    return {"asked_n": len(plan.grid.cut_s), "asked_hit_40ms": hit}


def _search_json(piece: Piece) -> dict[str, Any] | None:
    facts = piece.search
    if facts is None:
        return None
    done = ("moves", "moves_per_s", "cost_start", "cost_end", "chains")
    names = (*done, "lower_bound", "gap", "bound_note", "proven", "accepted")
    return {name: getattr(facts, name) for name in names}


def _section_json(index: int, section: Section, grid: Grid | None) -> dict[str, Any]:
    bars = np.flatnonzero(grid.bar_section == index) if grid is not None else np.zeros(0, int)
    return plain(
        {
            "label": section.label,
            "start_s": section.start_s,
            "end_s": section.end_s,
            "start_bar": int(bars[0]) if len(bars) else None,
            "bars": len(bars) if grid is not None else None,
            "repeats": section.repeats,
            "transpose": section.transpose,
        }
    )
