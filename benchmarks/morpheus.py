"""The task of MorpheuS on its own ground: a template's tension, or another's, from other pitches.

`table()` gives Markdown; `python -m benchmarks.morpheus` prints it, in under six minutes.

Seconds are those of one core.  Costs are MorpheuS's own, f, with normalisers fixed for each template, and
measured on the notes after a way through a MIDI file.  MorpheuS's figures are quoted from a run of the
released code.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.markdown import head, line
from tensionbgm.forms import PPQ
from tensionbgm.kernels import cpu, rules
from tensionbgm.music import morpheus
from tensionbgm.music.notes import Notes, read_midi
from tensionbgm.music.scores import read_score
from tensionbgm.search import morpheus_beam, vns
from tensionbgm.search.morpheus_solve import fitting_weights, improve
from tensionbgm.search.morpheus_task import (
    COMPONENTS,
    SHARES,
    WINDOW,
    Task,
    profile,
    task,
    weighted,
    written,
)
from tensionbgm.search.morpheus_ties import repeats
from tensionbgm.search.problem import empty_state

SECONDS = (0.1, 0.5, 1.0, 2.0, 10.0)
REACHED, FALL = 0.00172, 0.955  # what MorpheuS ends with on the prelude, and what it has taken off by then
HOT, COLD = 1e6, 10.0  # first and last temperature of annealing [cost units]
SEED = 0
PRELUDE, CHORALE = "bwv846", "bwv432"
NAMES = {PRELUDE: "prelude in C, BWV 846", CHORALE: "chorale, BWV 432"}
QUOTED = (
    *("prelude in C, COSIATEC's ties", "69", "MorpheuS, quoted", "0.0380"),
    *("-", "-", "-", "-", "-", "0.00172 in 160 s", "95.5 %", "160", "160", "0.0003"),
)
QUOTED_FIT = (
    *("prelude in C, COSIATEC's ties", "MorpheuS, quoted", "0.01339", "-", "-"),
    *("0.893 / - / 0.173", "0.914 / - / 0.114"),
)
NOTE = """The template itself has its own profile, so there an f of 0 can be reached; with another's profile
nobody knows the least there is. Start: mean of 20 random beginnings. MorpheuS's line was measured with
normalisers of its own, the maxima of the random pitches it began with, so that only its fall can be compared;
what it writes at the end is not the best it found. Its chorale prelude *Vor deinen Thron* (BWV 668) is not in
music21's corpus; BWV 432 sets the same melody (*Wenn wir in höchsten Nöten sein*)."""


@dataclass(frozen=True)
class Case:
    """A task, posed in few pitches and in all there are."""

    name: str
    few: Task
    all: Task


@dataclass(frozen=True)
class Run:
    """What a solver reached."""

    solver: str
    cost: list[float | None]  # at `SECONDS`; None: nothing yet
    pitch: np.ndarray  # at the end
    trace: list[tuple[float, float]]  # seconds, cost
    per_s: float  # pitches, or beginnings, weighed


def template(name: str) -> tuple[Notes, np.ndarray]:
    """A piece of music21's corpus, and the staff of each note."""
    from music21 import corpus

    path = Path(corpus.getWork(f"bach/{name}.mxl"))
    notes = read_score(path)
    staff = notes.notes["track"].astype(int)
    heard = {}
    for number, part in enumerate(corpus.parse(f"bach/{name}.mxl").parts):
        for element in part.flatten().notes:
            heard |= {(round(float(element.offset), 3), p.midi): number for p in element.pitches}
    for k, note in enumerate(notes.notes):
        staff[k] = heard.get((round(float(note["onset_quarter"]), 3), int(note["pitch"])), staff[k])
    return notes, staff


def cases() -> list[Case]:
    """Templates with their own profile, with repeats tied, and with the profile of the other."""
    made = []
    music = {name: template(name) for name in (PRELUDE, CHORALE)}
    for (name, (notes, staff)), length in zip(music.items(), (2.0, 1.0), strict=True):
        other = next(one for key, (one, _) in music.items() if key != name)
        own, lent = (profile(one, one.notes["pitch"]) for one in (notes, other))
        lent = lent[:, np.arange(own.shape[1]) % lent.shape[1]]
        tied = repeats(notes, length)
        for what, ties, target in (
            ("", (), own),
            (f", equal stretches of {length:.0f} quarters tied", tied, own),
            (", the other's profile", (), lent),
        ):
            posed = [task(notes, staff, ties, target, wide) for wide in (False, True)]
            made.append(Case(NAMES[name] + what, *posed))
    return made


# --------------------------------------------------------------------------- solvers


def beamed(case: Case) -> Run:
    trace, began = [], time.process_time()
    for pitch in improve(case.few, SEED):
        trace.append((time.process_time() - began, case.few.cost(pitch)))
        if trace[-1][0] > SECONDS[-1] / 2:  # the next round takes twice as long
            break
    reached = [[cost for spent, cost in trace if spent <= limit] for limit in SECONDS]
    bare = case.few.posed.problem
    began = time.process_time()
    path = morpheus_beam.search(bare, morpheus_beam.steps(bare), 8000)
    rate = path.weighed / (time.process_time() - began)
    return Run("beam", [cost[-1] if cost else None for cost in reached], pitch, trace, rate)


def by_budget(solver: str, posed: Task, search: Callable[[rules.Problem, float], np.ndarray]) -> Run:
    """A solver run anew for every budget, with weights that fit what it reached before."""
    cost, trace, best = [], [], None
    for seconds in SECONDS:
        distance = np.ones(3) if best is None else posed.distances(best)
        began = time.process_time()
        pitch = posed.pitches(
            search(weighted(posed.posed.problem, fitting_weights(posed, distance)), seconds)
        )
        spent = time.process_time() - began
        if best is None or posed.cost(pitch) < posed.cost(best):
            best = pitch
        cost.append(posed.cost(best))
        trace.append((spent, cost[-1]))
    return Run(solver, cost, best, trace, 0.0)


def annealed(case: Case) -> Run:
    rate = _rate(lambda n: _anneal(case.few.posed.problem, n), 20)

    def search(problem: rules.Problem, seconds: float) -> np.ndarray:
        return _anneal(problem, max(round(rate * seconds), 2))

    run = by_budget("annealing", case.few, search)
    return Run(run.solver, run.cost, run.pitch, run.trace, rate * case.few.posed.candidates)


def _anneal(problem: rules.Problem, sweeps: int) -> np.ndarray:
    state = empty_state(problem, 1)
    cpu.start(problem, state, SEED, threads=1)
    heat = np.rint(np.geomspace(HOT, COLD, sweeps)).astype(np.int64)
    cpu.anneal(problem, state, SEED, 0, heat, threads=1)
    return state.best_x[0]


def neighbourhoods(case: Case, wide: bool) -> Run:
    posed = case.all if wide else case.few
    rate = _rate(lambda n: vns.search(posed.posed.problem, n, SEED), 20_000)

    def search(problem: rules.Problem, seconds: float) -> np.ndarray:
        return vns.search(problem, max(round(rate * seconds), 1), SEED).x

    run = by_budget("MorpheuS's VNS" + (", all its pitches" if wide else ""), posed, search)
    return Run(run.solver, run.cost, run.pitch, run.trace, rate)


def _rate(work: Callable[[int], object], n: int) -> float:
    """Units of work a second, from some that last at least a tenth of one."""
    while True:
        began = time.process_time()
        work(n)
        if (spent := time.process_time() - began) > 0.1:
            return n / spent
        n *= 4


# --------------------------------------------------------------------------- what is written


def read_back(notes: Notes) -> Notes:
    """The notes as a MIDI file holds them; a track for every voice, so that unisons stay apart."""
    import mido

    free, file = [], mido.MidiFile(ticks_per_beat=PPQ)
    for note in notes.notes:
        onset = round(note["onset_quarter"] * PPQ)
        end = onset + max(round(note["duration_quarter"] * PPQ), 1)
        lane = next((k for k, until in enumerate(free) if until <= onset), len(free))
        if lane == len(free):
            free.append(0)
            file.tracks.append(mido.MidiTrack())
        for kind, wait in (("note_on", onset - free[lane]), ("note_off", end - onset)):
            file.tracks[lane].append(mido.Message(kind, note=int(note["pitch"]), velocity=64, time=wait))
        free[lane] = end
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.mid"
        file.save(path)
        return read_midi(path)


def fit(posed: Task, pitch: np.ndarray) -> tuple[float, list[str]]:
    """f of what is written; of each component r, rank correlation and root mean square error [radii]."""
    from scipy.stats import spearmanr

    found = morpheus.measure(read_back(written(posed.template, pitch)), WINDOW)[1]
    heard = np.stack([getattr(found, name) for name in COMPONENTS])
    away = heard - posed.target
    distance = np.sqrt((away**2).sum(axis=1)) / away.shape[1]
    cells = []
    for one, wanted, off in zip(heard, posed.target, away, strict=True):
        r, rank = np.corrcoef(one, wanted)[0, 1], spearmanr(one, wanted).statistic
        cells.append(f"{r:.3f} / {rank:.3f} / {np.sqrt((off**2).mean()):.3f}")
    return float(SHARES @ (distance / posed.ceiling)), cells


def shuffled(posed: Task) -> np.ndarray:
    """The template's pitches in another order: right notes at wrong times."""
    return np.random.default_rng(SEED).permutation(posed.template.notes["pitch"])


# --------------------------------------------------------------------------- tables


def first_time(run: Run, limit: float) -> str:
    return next((f"{spent:.2f}" for spent, cost in run.trace if cost <= limit), "-")


def cost_row(case: Case, run: Run, start: float) -> str:
    cells = [case.name, f"{case.few.free}", run.solver, f"{start:.4f}"]
    cells += ["-" if cost is None else f"{cost:.5f}" for cost in run.cost]
    end = run.trace[-1]
    cells += [f"{end[1]:.5f} in {end[0]:.1f} s", f"{100 * (1 - end[1] / start):.1f} %"]
    cells += [first_time(run, REACHED), first_time(run, (1 - FALL) * start), f"{run.per_s / 1e6:.2f}"]
    return line(*cells)


def fit_rows(case: Case, runs: list[Run]) -> list[str]:
    kept = [("random pitches", case.few.drawn(SEED)), ("the template's pitches shuffled", shuffled(case.few))]
    kept += [(run.solver, run.pitch) for run in runs]
    rows = []
    for solver, pitch in kept:
        cost, cells = fit(case.few, pitch)
        same = np.mean((pitch - case.few.template.notes["pitch"]) % 12 == 0)
        rows.append(line(case.name, solver, f"{cost:.5f}", f"{100 * same:.0f} %", *cells))
    return rows


def table() -> str:
    """Markdown: the cost by time and solver, then how well what is written fits."""
    costs = head(
        *("task", "free pitches", "solver", "start"),
        *(f"after {s:g} s" for s in SECONDS),
        *("end", "fall", f"{REACHED} after [s]", f"fall of {100 * FALL:g} % after [s]"),
        "million weighed/s",
    )
    fits = head("task", "pitches", "f of the file", "pitch classes as in the template", *COMPONENTS)
    warm = cases()
    for search in (annealed, lambda case: neighbourhoods(case, False)):
        search(warm[2])
    for case in warm:
        start = float(np.mean([case.few.cost(case.few.drawn(seed)) for seed in range(20)]))
        runs = [beamed(case), annealed(case), neighbourhoods(case, False), neighbourhoods(case, True)]
        costs += [cost_row(case, run, start) for run in runs]
        fits += fit_rows(case, runs)
    return "\n".join([*costs, line(*QUOTED), "", NOTE, "", *fits, line(*QUOTED_FIT)])


if __name__ == "__main__":
    print(table())
