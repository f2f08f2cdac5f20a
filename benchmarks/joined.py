"""Films joined from real clips, calm and wild in any order -> whether the curve follows them.

`python -m benchmarks joined`.
Calm and wild are those clips whose picture does little and much by `traces.picture_energy`, so that the truth
is not independent of the traces; it is of the network.  A film's parts are made of pieces of such clips: calm
ones 3 to 7 s, wild ones 1.2 to 2.5 s long.  Order: every wild part is tenser than every calm one.  A turn is
where the curve crosses the middle between the means of two neighbouring parts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, line
from tensionbgm.forms import Analysis, Curve, Motion, Shots
from tensionbgm.model.arcs import position_curve
from tensionbgm.model.estimate import estimate_curve
from tensionbgm.model.traces import picture_energy

VIDEOS = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "videos"
LEAST_S, MOST_S = 7.5, 60.0  # of a clip
CALM, WILD = 0.22, 0.4  # mean energy of the picture below, above which a clip is one
ORDERS = ("CWC", "WCW", "CW", "WC", "CWCW", "CCW", "WCC")
FILMS = 70
PART_S = (8.0, 16.0)
PIECE_S = {"C": (3.0, 7.0), "W": (1.2, 2.5)}
NEAR_S = 1.5

Part = tuple[float, float]  # start and end [s]
Piece = tuple[Analysis, float, float]  # clip, from, to [s]


def clips() -> dict[str, list[Analysis]]:
    """The shared films that are calm ("C"), and those that are wild ("W")."""
    from tensionbgm.errors import TensionbgmError
    from tensionbgm.video.analyze import analyze

    found: dict[str, list[Analysis]] = {"C": [], "W": []}
    for path in sorted([*VIDEOS.glob("real/*"), *VIDEOS.glob("derived/*")]):
        if path.suffix == ".json" or any(
            word in path.name for word in ("known", "calm_action", "long_10min")
        ):
            continue
        try:
            clip = analyze(path)
        except TensionbgmError:
            continue
        energy = float(picture_energy(clip).mean())
        if LEAST_S <= clip.video.duration_s <= MOST_S and not CALM <= energy <= WILD and energy > 0:
            found["C" if energy < CALM else "W"].append(clip)
    return found


def joined(pieces: Sequence[Piece]) -> Analysis:
    """The film of these pieces, one after another, with a cut between them."""
    series: list[dict[str, np.ndarray]] = []
    cuts: list[float] = []
    now = 0.0
    for clip, start, stop in pieces:
        if now:
            cuts.append(now)
        inside = (clip.motion.time_s >= start) & (clip.motion.time_s < stop)
        part = {f.name: getattr(clip.motion, f.name)[inside] for f in dataclasses.fields(Motion)}
        part["time_s"] = part["time_s"] - start + now
        series.append({**part, "change": clip.change[inside]})
        cuts += [c - start + now for c in clip.shots.boundary_s.tolist() if start + 0.3 < c < stop - 0.3]
        now += stop - start
    whole = {name: np.concatenate([part[name] for part in series]) for name in series[0]}
    change, cut_s, first = whole.pop("change"), np.array(sorted(cuts)), pieces[0][0]
    return dataclasses.replace(
        first,
        video=dataclasses.replace(first.video, duration_s=now),
        shots=Shots(cut_s, np.ones(len(cut_s)), np.zeros((0, 2)), cut_s),
        motion=Motion(**whole),
        change=change,
        embedding=np.zeros((len(cut_s) + 1, 1), np.float32),
    )


def films(of: dict[str, list[Analysis]], seed: int = 0) -> Iterator[tuple[str, Analysis, list[Part]]]:
    """Orders, films and their parts; the same for the same clips and seed."""
    rng = np.random.default_rng(seed)
    for k in range(FILMS):
        order, length = ORDERS[k % len(ORDERS)], rng.uniform(*PART_S)
        pieces: list[Piece] = []
        parts: list[Part] = []
        now = 0.0
        for kind in order:
            mine = _pieces(rng, of[kind], length, PIECE_S[kind])
            pieces += mine
            parts.append((now, now := now + sum(stop - start for _, start, stop in mine)))
        yield order, joined(pieces), parts


def _pieces(
    rng: np.random.Generator, of: list[Analysis], length: float, piece_s: tuple[float, float]
) -> list[Piece]:
    found: list[Piece] = []
    while length > 1e-6:
        clip = of[rng.integers(len(of))]
        piece = min(length, rng.uniform(*piece_s))
        piece = min(length if length - piece < 1 else piece, clip.video.duration_s - 0.5)
        start = rng.uniform(0, clip.video.duration_s - piece)
        found.append((clip, start, start + piece))
        length -= piece
    return found


def judged(order: str, curve: Curve, parts: list[Part]) -> tuple[float, list[float]]:
    """How far the calmest wild part lies above the wildest calm one; how far turns are from joins [s]."""
    start, end = np.array(parts).T
    mean, wild = curve.mean(start, end), np.array([kind == "W" for kind in order])
    away = []
    for k in np.flatnonzero(wild[1:] != wild[:-1]).tolist():
        time_s = np.linspace(start[k], end[k + 1], 500)
        above = curve.at(time_s) > (mean[k] + mean[k + 1]) / 2
        turns = time_s[1:][above[1:] != above[:-1]]
        away.append(float(np.abs(turns - end[k]).min()) if len(turns) else np.inf)
    return float(mean[wild].min() - mean[~wild].max()), away


def residual_alone(analysis: Analysis) -> Curve:
    """The curve if the network alone said what the picture does."""
    return estimate_curve(analysis, traces=0.0)


WAYS: dict[str, Callable[[Analysis], Curve]] = {
    "network and traces": estimate_curve,
    "network alone": residual_alone,
    "traces alone": lambda analysis: estimate_curve(analysis, learned=False),
    "arc alone": lambda analysis: position_curve(analysis.video.duration_s),
}


def table() -> str:
    """The report's section, in Markdown."""
    of = clips()
    made = list(films(of))
    lines = head("curve from", "order right", "least gap, mean", "worst", "turns within 1.5 s", "median s")
    for name, way in WAYS.items():
        told = [judged(order, way(film), parts) for order, film, parts in made]
        gap, away = np.array([t[0] for t in told]), np.concatenate([t[1] for t in told])
        figures = (f"{100 * np.mean(gap > 0):.0f} %", f"{gap.mean():.2f}", f"{gap.min():.2f}")
        turns = (f"{100 * np.mean(away <= NEAR_S):.0f} %", f"{np.median(away):.2f}")
        lines.append(line(name, *figures, *turns))
    note = (
        f"{FILMS} films of 2 to 4 parts joined from {len(of['C'])} calm and {len(of['W'])} wild clips. Gap: "
        "of the calmest wild part over the wildest calm one, in tension."
    )
    return "\n".join([*lines, "", note])


if __name__ == "__main__":
    print(table())
