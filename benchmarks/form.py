"""Films with known places -> how well form and curve are estimated, beside controls.

Run `python -m benchmarks.form`.

Pairwise F1 is that of audio structure analysis (Levy & Sandler 2008, as in mir_eval): of all pairs
of frames, which share a label.  The truth is the place each shot was cut from; a montage
of quick shots, which is one section on purpose, counts against the estimate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from tensionbgm.forms import Analysis, Curve, Form, Section
from tensionbgm.model.arcs import position_curve
from tensionbgm.model.estimate import Estimate, estimate
from tensionbgm.model.places import shot_edges

VIDEOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "videos"
WITH_PLACES = (
    "derived/abaca_exact.mp4",
    "derived/abaca_near.mp4",
    "real/abcabcabc_transitions_27s.mp4",
    "derived/calm_action_calm.mp4",
    "derived/known_cuts_13shots.mp4",
    "derived/transitions_mix.mp4",
)


@dataclass(frozen=True)
class Truth:
    """What a film was built from."""

    edge_s: np.ndarray  # float (n + 1,)
    label: tuple[str, ...]  # n: equal where the footage is of the same place
    role: tuple[str | None, ...]
    flow: np.ndarray  # float (n,): motion of the footage when it was cut, nan if not measured


def table() -> str:
    """Markdown: labels and curve against the truth.  Takes a few minutes, most of it decoding."""
    from tensionbgm.video.analyze import analyze

    if not VIDEOS.is_dir():
        return f"The films with known cuts are not at {VIDEOS}; nothing was measured.\n"
    forms = [
        "| film | truth | found | F1 | every shot new | one section |",
        "|---|---|---|---|---|---|",
    ]
    curves = [
        "| film | calm, action, calm | with motion of the footage (rank r) | position only | its rank r |",
        "|---|---|---|---|---|",
    ]
    for name in WITH_PLACES:
        analysis, truth = analyze(VIDEOS / name), known(name)
        found = estimate(analysis)
        forms.append(_form_row(name, analysis, truth, found))
        if np.isfinite(truth.flow).all():
            curves.append(_curve_row(name, truth, found.curve, position_curve(analysis.video.duration_s)))
    return "\n".join([*forms, "", *curves, ""])


def _form_row(name: str, analysis: Analysis, truth: Truth, found: Estimate) -> str:
    edge_s = shot_edges(analysis)
    each = Form(tuple(Section(str(k), a, b) for k, (a, b) in enumerate(pairwise(edge_s)) if b > a))
    whole = Form((Section("A", 0.0, float(edge_s[-1])),))
    scores = " | ".join(f"{pairwise_f1(truth, form):.2f}" for form in (found.form, each, whole))
    letters = " ".join(s.label for s in found.form.sections)
    return f"| {Path(name).stem} | {' '.join(as_letters(truth.label))} | {letters} | {scores} |"


def _curve_row(name: str, truth: Truth, curve: Curve, control: Curve) -> str:
    cells = []
    for c in (curve, control):
        roles = ", ".join(f"{m:.2f}" for m in role_means(truth, c)) or "-"
        cells.append(f"{roles} | {flow_correlation(truth, c):.2f}")
    return f"| {Path(name).stem} | {' | '.join(cells)} |"


# --------------------------------------------------------------------------- truth and scores


def known(name: str) -> Truth:
    """The truth of one of the films, from its own file or the manifest."""
    beside = VIDEOS / Path(name).with_suffix(".gt.json")
    if beside.exists():
        parts = json.loads(beside.read_text(encoding="utf-8"))["segments"]
        edge_s = [*(p["start_s"] for p in parts), parts[-1]["end_s"]]
        flow = np.array([p["measured_mean_flow_px_160x90"] for p in parts], float)
        role = tuple(p["role"] for p in parts)
        return Truth(np.array(edge_s), tuple(p["label"].rstrip("0123456789") for p in parts), role, flow)
    files = json.loads((VIDEOS / "manifest.json").read_text(encoding="utf-8"))["files"]
    entry = next(f for f in files if f["file"] == name)
    fact = entry["ground_truth"]
    middle = [(g["start"] + g["end"]) / 2 for g in fact["gradual"]]
    edge_s = [0.0, *sorted([*fact["hard_cuts_s"], *middle]), entry["duration"]]
    label = tuple(fact["structure"].split())
    return Truth(np.array(edge_s), label, (None,) * len(label), np.full(len(label), np.nan))


def as_letters(label: tuple[str, ...]) -> list[str]:
    """Labels as A, B, C in order of appearance, runs of one label as one."""
    order = list(dict.fromkeys(label))
    letters = [chr(ord("A") + order.index(x)) for x in label]
    return [x for k, x in enumerate(letters) if k == 0 or letters[k - 1] != x]


def pairwise_f1(truth: Truth, form: Form) -> float:
    """F1 of frame pairs with equal labels, at 10 frames a second."""
    time_s = np.arange(0.05, truth.edge_s[-1], 0.1)
    ends = [s.end_s for s in form.sections]
    index = np.minimum(np.searchsorted(ends, time_s, side="right"), len(ends) - 1)
    found = np.array([s.label for s in form.sections])[index]
    real = np.array(truth.label)[np.searchsorted(truth.edge_s[1:-1], time_s, side="right")]
    same_found, same_real = found[:, None] == found, real[:, None] == real
    upper = np.triu_indices(len(time_s), 1)
    both = np.sum(same_found[upper] & same_real[upper])
    return float(2 * both / max(1, same_found[upper].sum() + same_real[upper].sum()))


def role_means(truth: Truth, curve: Curve) -> list[float]:
    """Mean of the curve over each run of one role (calm, action), if the film has roles."""
    runs: list[list[float]] = []
    for k, role in enumerate(truth.role):
        if role is None:
            return []
        if k == 0 or truth.role[k - 1] != role:
            runs.append([truth.edge_s[k], 0.0])
        runs[-1][1] = truth.edge_s[k + 1]
    return [float(curve.mean(np.array(a), np.array(b))) for a, b in runs]


def flow_correlation(truth: Truth, curve: Curve) -> float:
    """Spearman's r between the curve's mean over each shot and the footage's motion."""
    from scipy.stats import spearmanr

    return float(spearmanr(curve.mean(truth.edge_s[:-1], truth.edge_s[1:]), truth.flow).statistic)


if __name__ == "__main__":
    print(table())
