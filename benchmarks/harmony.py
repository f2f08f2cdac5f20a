"""Labelled corpora -> how well counted progressions tell held-out harmony, and what they do to written music.

`table()` gives Markdown; `python -m benchmarks harmony` prints it.  The first table counts nats a chord on
pieces that were not counted; the second composes twelve of the thirty drawn curves at multiples of the
shipped weights of what is counted, and tells how usual the chords are and how well their bars fit.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from unittest import mock

import numpy as np

from benchmarks import textbook
from benchmarks.drawn import TONAL, Case, Fit, cases, judge, planned, written
from benchmarks.job import FILMS
from benchmarks.markdown import head, line
from tensionbgm.config import Effort
from tensionbgm.corpora.annotated import Label, Piece, pieces
from tensionbgm.corpora.build_harmony import runs
from tensionbgm.plan import harmony, plan, progressions
from tensionbgm.plan.chords import vocabulary
from tensionbgm.search.dynamics import shape_dynamics
from tensionbgm.search.run import compose

CORPORA = FILMS.parent / "corpora"
SETS = ("dcml", "pop909")
TEMPERATURES = (
    0.15,
    0.2,
    0.25,
    0.3,
    0.35,
    0.4,
    0.5,
)  # points a nat of the control: the best on the validation split
WEIGHTS = ("PROGRESSION", "LEADING", "RARITY", "PEDAL", "ENDING")
TIMES = (0.0, 0.5, 1.0, 2.0)  # the shipped weights
TWELVE = (*range(0, 30, 5), *range(3, 30, 5))

Runs = dict[str, list[tuple[str, list[int]]]]  # by set: mode, and places in its vocabulary
Model = Callable[[str], tuple[np.ndarray, np.ndarray]]  # of a mode: p(b | a) and p(c | a, b)


def held_out(split: str) -> Runs:
    """Chords of pieces that were not counted, as the vocabulary has them."""
    return {name: [run for piece in pieces(CORPORA / name, split) for run in _places(piece)] for name in SETS}


def _places(piece: Piece) -> Iterator[tuple[str, list[int]]]:
    for run in runs(piece):
        mode = run[0].mode
        found = [_place(label) for label in run]
        for told, stretch in itertools.groupby(found, key=lambda k: k is not None):
            chords = [k for k, _ in itertools.groupby(stretch)]
            if told and len(chords) > 1:
                yield mode, chords


def _place(label: Label) -> int | None:
    return progressions.place(label.root, label.quality, label.bass, label.mode)


def nats(told: list[tuple[str, list[int]]], model: Model) -> float:
    """What a chord costs on average [nats], after one or two others."""
    known = {mode: model(mode) for mode in ("major", "minor")}
    total, n = 0.0, 0
    for mode, chords in told:
        one, two = known[mode]
        k = np.array(chords)
        total -= np.log(one[k[0], k[1]]) + np.log(two[k[:-2], k[1:-1], k[2:]]).sum()
        n += len(k) - 1
    return total / max(n, 1)


def _others(p: np.ndarray) -> np.ndarray:
    """Rows that sum to one, the same chord again left out."""
    p = np.where(np.eye(len(p), dtype=bool), 0.0, p)
    return p / p.sum(axis=1, keepdims=True)


def _pairs(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return p, np.broadcast_to(p, (len(p), *p.shape))


def models(valid: Runs) -> dict[str, Model]:
    """The counted model and its controls; the hand-set one at its best temperature."""

    def by_hand(points: float) -> Model:
        return lambda mode: _pairs(_others(np.exp(-textbook.costs(mode) / points)))

    told = [run for name in SETS for run in valid[name]]
    best = min(TEMPERATURES, key=lambda points: nats(told, by_hand(points)))
    return {
        "any chord": lambda mode: _pairs(_others(np.ones((len(vocabulary(mode)),) * 2))),
        f"set by hand, {best:g} points a nat": by_hand(best),
        "how frequent a chord is": lambda mode: _pairs(
            _others(np.broadcast_to(progressions.alone(mode), (len(vocabulary(mode)),) * 2))
        ),
        "after one chord": lambda mode: _pairs(progressions.after(mode)),
        "after two chords": lambda mode: (progressions.after(mode), progressions.after_two(mode)),
    }


def _held_out_lines() -> list[str]:
    valid, test = held_out("valid"), held_out("test")
    lines = head("told by", *(f"{name}, nats a chord" for name in SETS), "mean", "perplexity")
    for title, model in models(valid).items():
        each = [nats(test[name], model) for name in SETS]
        mean = float(np.mean(each))
        lines.append(line(title, *(f"{x:.3f}" for x in each), f"{mean:.3f}", f"{np.exp(mean):.1f}"))
    chords = ", ".join(f"{name} {sum(len(run) for _, run in test[name])}" for name in SETS)
    return [*lines, "", f"Test split, never counted nor tuned on; chords: {chords}."]


# --------------------------------------------------------------------------- written music


@dataclass
class Written:
    """What chords were chosen, and how the music fits."""

    fits: list[Fit] = field(default_factory=list)
    chosen: list[tuple[str, tuple[harmony.Span, ...]]] = field(default_factory=list)
    proven: int = 0
    gap: float = 0.0  # the largest, as a share of the bound


def write(some: list[Case], times: float) -> Written:
    """The curves composed at so many times the shipped weights of what is counted."""
    found = Written()

    def catch(*given):
        spans, solver = harmony.harmonise(*given)
        found.chosen.append((given[4], spans))
        found.proven += solver.status == "OPTIMAL"
        found.gap = max(found.gap, solver.objective / solver.bound - 1)
        return spans, solver

    changed = {name: times * getattr(harmony, name) for name in WEIGHTS}
    with mock.patch.multiple(harmony, **changed), mock.patch.object(plan, "harmonise", catch):
        for case in some:
            made = planned(case)
            piece = shape_dynamics(compose(made, Effort(effort="draft")))
            found.fits.append(judge(case.name, made, written(piece)))
    return found


def sequence(mode: str, spans: tuple[harmony.Span, ...]) -> list[int]:
    """Places of the chords in order of time, the same again left out; other keys count as the home key."""
    at = {chord.name: k for k, chord in enumerate(vocabulary(mode))}
    return [k for k, _ in itertools.groupby(at[span.chord.name] for span in spans)]


def functions(told: list[tuple[str, list[int]]]) -> Counter:
    """Chords by function."""
    return Counter(vocabulary(mode)[k].function for mode, chords in told for k in chords)


def resolved(told: list[tuple[str, list[int]]]) -> float:
    """Share of secondary dominants that go to one of their goals."""
    hits = [
        vocabulary(mode)[b].name in vocabulary(mode)[a].goals
        for mode, chords in told
        for a, b in itertools.pairwise(chords)
        if vocabulary(mode)[a].name.startswith(("V7/", "viio7/")) and vocabulary(mode)[a].function == "X"
    ]
    return float(np.mean(hits)) if hits else float("nan")


def lone(told: list[tuple[str, list[int]]]) -> tuple[int, int]:
    """Chords over a pedal, and those of them whose neighbours both have another bass."""
    pedals = alone = 0
    for mode, chords in told:
        words = vocabulary(mode)
        for a, b, c in zip(chords, chords[1:], chords[2:], strict=False):
            if words[b].root + words[b].bass not in words[b].tones:
                pedals += 1
                alone += words[b].bass_pc(0) not in (words[a].bass_pc(0), words[c].bass_pc(0))
    return pedals, alone


def begun(chosen: list[tuple[str, tuple[harmony.Span, ...]]]) -> np.ndarray:
    """Share of bars in which 0, 1, 2, 3, and 4 or more chords begin, float (5,)."""
    counted = np.zeros(5)
    for _, spans in chosen:
        new = [spans[0].bar, *(b.bar for a, b in itertools.pairwise(spans) if a.chord != b.chord)]
        counted += np.bincount(np.minimum(np.bincount(new, minlength=spans[-1].bar + 1), 4), minlength=5)
    return counted / counted.sum()


def begun_for_real(split: str) -> np.ndarray:
    """The same of bars of four beats in pieces that were not counted, sets alike."""
    shares = np.zeros((len(SETS), 5))
    for row, name in zip(shares, SETS, strict=True):
        for piece in pieces(CORPORA / name, split):
            new = Counter(label.bar for run in runs(piece) for label in run)
            bars = [bar for bar, beats in piece.beats.items() if beats == 4]
            row += np.bincount([min(new[bar], 4) for bar in bars], minlength=5)
    return (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)


def _shares(told: list[tuple[str, list[int]]]) -> list[str]:
    found = functions(told)
    pedals, alone = lone(told)
    return [
        *(f"{100 * found[name] / sum(found.values()):.0f} %" for name in "TSDX"),
        f"{100 * resolved(told):.0f} %",
        f"{alone} of {pedals}",
    ]


def _written_lines() -> list[str]:
    all_cases = cases()
    some = [all_cases[k] for k in TWELVE if k < len(all_cases)]
    heads = ["weights", "nats a chord", *(f"{c} r" for c in TONAL), "mean", "r", "RMSE"]
    lines = head(
        *heads, "tonic", "predominant", "dominant", "chromatic", "resolved", "lone pedals", "proven", "gap"
    )
    for times in TIMES:
        found = write(some, times)
        told = [(mode, sequence(mode, spans)) for mode, spans in found.chosen]
        usual = nats(told, lambda mode: (progressions.after(mode), progressions.after_two(mode)))
        means = [_mean(found, name) for name in TONAL]
        cells = [f"{m:.3f}" for m in (*means, float(np.mean(means)), _mean(found, "r"), _mean(found, "rmse"))]
        proven = f"{found.proven} of {len(some)}"
        name = "**1**" if times == 1 else f"{times:g}"
        lines.append(line(name, f"{usual:.2f}", *cells, *_shares(told), proven, f"{100 * found.gap:.1f} %"))
        if times == 1:
            bars = begun(found.chosen)
    for name, told in held_out("test").items():
        usual = nats(told, lambda mode: (progressions.after(mode), progressions.after_two(mode)))
        lines.append(line(name, f"{usual:.2f}", *[""] * 6, *_shares(told), "", ""))
    shown = (bars, begun_for_real("test"))
    told_bars = (", ".join(f"{100 * share:.0f} %" for share in row) for row in shown)
    said = "Bars in which 0, 1, 2, 3, 4 and more chords begin: {}; of four beats in held-out pieces: {}."
    return [*lines, "", said.format(*told_bars)]


def _mean(found: Written, name: str) -> float:
    return float(np.mean([value for fit in found.fits if (value := fit.figures[name]) is not None]))


def table() -> str:
    """Markdown: held-out harmony, then written music beside it."""
    note = (
        "Twelve drawn curves, draft effort; weights of what is counted as multiples of those shipped. "
        "Resolved: secondary dominants that go to one of their goals; proven: no other chords cost less."
    )
    return "\n".join([*_held_out_lines(), "", *_written_lines(), "", note])


if __name__ == "__main__":
    print(table())
