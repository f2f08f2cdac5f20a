"""How well cuts are found, beside two published detectors: `python -m benchmarks.shots [FOLDER]`.

The folder holds films with `manifest.json` or `*.gt.json` (default: ../shared/data/videos).  A hard cut is
found if a detected one lies within so many frames of it, each used once; a gradual transition is found
if a gradual one, or a hard cut, lies inside it or overlaps it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from tensionbgm.config import Look
from tensionbgm.forms import Shots
from tensionbgm.video.analyze import analyze
from tensionbgm.video.decode import open_film

FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "videos"
SLACK_S = 0.3  # around hand-annotated gradual transitions


@dataclass(frozen=True)
class Truth:
    """A film and where it is cut."""

    path: Path
    constructed: bool
    cut_s: np.ndarray  # float (n,)
    gradual_s: np.ndarray  # float (m, 2)
    optional_s: np.ndarray  # float (k,): cuts that may or may not be reported


@dataclass(frozen=True)
class Found:
    """Cuts as some detector reports them, and how long that took."""

    cut_s: np.ndarray
    gradual_s: np.ndarray
    spent_s: float


def truths(folder: Path) -> Iterator[Truth]:
    """Every film of the folder whose cuts are known."""
    for entry in json.loads((folder / "manifest.json").read_text())["files"]:
        path, known = folder / entry["file"], entry.get("ground_truth")
        beside = path.with_suffix(".gt.json")
        if beside.is_file():
            known = {**(known or {}), **json.loads(beside.read_text())}
        if known and "hard_cuts_s" in known:
            gradual = [[g["start"], g["end"]] for g in known.get("gradual", [])]
            cut_s = np.array(known["hard_cuts_s"], float)
            optional_s = np.arange(18.0, 24.0) if path.stem.startswith("slides_1fps") else np.zeros(0)
            cut_s = np.setdiff1d(cut_s, optional_s)
            yield Truth(path, beside.is_file(), cut_s, np.array(gradual, float).reshape(-1, 2), optional_s)


def hits(found_s: np.ndarray, true_s: np.ndarray, within_s: float) -> int:
    """Most pairs (found, true) that lie within `within_s`, each used once."""
    if not len(found_s) or not len(true_s):
        return 0
    near = np.abs(found_s[:, None] - true_s) <= within_s + 1e-6
    rows, columns = linear_sum_assignment(~near)
    return int(near[rows, columns].sum())


@dataclass
class Tally:
    """Counts that add up over films."""

    right: int = 0
    found: int = 0
    true: int = 0
    gradual_right: int = 0
    gradual_true: int = 0

    def add(self, other: Tally) -> None:
        """Take in another film's counts."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def cells(self) -> str:
        """Precision, recall, F1 and gradual transitions as table cells."""
        precision = self.right / self.found if self.found else float("nan")
        recall = self.right / self.true if self.true else float("nan")
        f1 = 2 * self.right / (self.found + self.true) if self.found + self.true else float("nan")
        gradual = f"{self.gradual_right}/{self.gradual_true}" if self.gradual_true else "-"
        return f"{_number(precision)} | {_number(recall)} | {_number(f1)} | {gradual}"


def tally(found: Found, truth: Truth, within_s: float) -> Tally:
    """Compare; what falls into a true gradual transition or on an optional cut is no false alarm."""
    spared = np.zeros(len(found.cut_s), bool)
    for first_s, last_s in truth.gradual_s:
        spared |= (found.cut_s >= first_s - SLACK_S) & (found.cut_s <= last_s + SLACK_S)
    for cut_s in truth.optional_s:
        spared |= np.abs(found.cut_s - cut_s) <= within_s + 1e-6
    right = hits(found.cut_s, truth.cut_s, within_s)
    loose = found.cut_s[spared]
    wrong = len(found.cut_s) - right - (len(loose) - hits(loose, truth.cut_s, within_s))
    marks = np.concatenate([found.gradual_s, np.stack([found.cut_s] * 2, 1)])
    met = [np.any((marks[:, 0] <= b + SLACK_S) & (marks[:, 1] >= a - SLACK_S)) for a, b in truth.gradual_s]
    return Tally(right, right + max(wrong, 0), len(truth.cut_s), int(sum(met)), len(truth.gradual_s))


def ours(path: Path) -> tuple[Found, float, float]:
    """Our cuts, the film's frame duration and its length [s]."""
    began = time.perf_counter()
    analysis = analyze(path)
    shots: Shots = analysis.shots
    found = Found(shots.cut_s, shots.gradual_s, time.perf_counter() - began)
    return found, analysis.video.frame_s, analysis.video.duration_s


def theirs(path: Path, detector: Any) -> Found:
    """A PySceneDetect detector's cuts, on the same frames, at our times."""
    from scenedetect import FrameTimecode

    began, cuts, time_s = time.perf_counter(), [], []
    with open_film(path) as film:
        for k, frame in enumerate(film.frames(Look().height_px)):
            time_s.append(frame.time_s)
            picture = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
            cuts += detector.process_frame(FrameTimecode(k, fps=25.0), picture)
    cuts += detector.post_process(FrameTimecode(len(time_s) - 1, fps=25.0))
    index = sorted({min(int(c.frame_num), len(time_s) - 1) for c in cuts})
    return Found(np.array(time_s)[index], np.zeros((0, 2)), time.perf_counter() - began)


def detectors() -> dict[str, Callable[[], Any]]:
    from scenedetect import AdaptiveDetector, ContentDetector

    return {"PySceneDetect Adaptive": AdaptiveDetector, "PySceneDetect Content": ContentDetector}


def table(folder: Path = FOLDER, say: Callable[[str], None] = lambda line: None) -> str:
    """The whole comparison as Markdown."""
    films, pooled = [], {}
    for truth in truths(folder):
        say(truth.path.name)
        found, frame_s, duration_s = ours(truth.path)
        results = {"ours": found, **{name: theirs(truth.path, make()) for name, make in detectors().items()}}
        for name, result in results.items():
            for frames in (1, 2):
                counts = tally(result, truth, frames * frame_s)
                kind = "constructed" if truth.constructed else "real"
                pooled.setdefault((kind, name, frames), Tally()).add(counts)
                if name == "ours" and frames == 1:
                    films.append(_film_line(truth.path.name, counts, duration_s, found.spent_s))
    return "\n".join([*_pooled_lines(pooled), "", *FILM_HEAD, *films]) + "\n"


FILM_HEAD = (
    "Ours, film by film, hard cuts within one frame; speed is the whole analysis.",
    "",
    "| film | s | cuts | false | precision | recall | F1 | gradual found | analysis s | times real time |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def _film_line(name: str, counts: Tally, duration_s: float, spent_s: float) -> str:
    false = counts.found - counts.right
    speed = f"{spent_s:.1f} | {duration_s / spent_s:.1f}"
    return f"| {name} | {duration_s:.1f} | {counts.true} | {false} | {counts.cells()} | {speed} |"


def _pooled_lines(pooled: dict[tuple[str, str, int], Tally]) -> list[str]:
    lines = [
        "| films | detector | within frames | precision | recall | F1 | gradual found |",
        "|---|---|---|---|---|---|---|",
    ]
    for (kind, name, frames), counts in sorted(pooled.items()):
        lines.append(f"| {kind} | {name} | {frames} | {counts.cells()} |")
    return lines


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    print(table(folder, lambda line: print(line, file=sys.stderr)))


if __name__ == "__main__":
    main()
