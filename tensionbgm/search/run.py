"""Plan -> Piece: poses the problem, chooses the backend once, has it solved, and gives the notes."""

from __future__ import annotations

import dataclasses
import math
from types import ModuleType

import numpy as np

from tensionbgm import config
from tensionbgm.errors import UsageError
from tensionbgm.forms import Piece, Plan, SearchFacts
from tensionbgm.kernels import backend, rules
from tensionbgm.progress import Watch
from tensionbgm.search import delayed, engine, moves, neighbourhood
from tensionbgm.search.bound import bound
from tensionbgm.search.delayed import Judge
from tensionbgm.search.diverse import diverse
from tensionbgm.search.engine import Found, Schedule
from tensionbgm.search.engine import temperatures as temperatures
from tensionbgm.search.lock import Lock
from tensionbgm.search.problem import Posed, empty_state, pose, varied

# Swaps, pairs drawn jointly, shifts, copies, octaves and single notes a free variable and sweep.  Once
# neighbourhoods are solved after it, annealing gains little by compound moves: at equal time, mean cost of
# four one-minute plans and six seeds against none is 1.000 with swaps, 1.001 with pairs (0.998 on the
# palettes' own plans), 1.002 with shifts, 1.003 with copies, 1.001 with all.
RATE = (0.0, 0.05, 0.0, 0.0, 0.0, 0.0)
JUDGED_HEAT = rules.POINT // 2  # temperature of what is drawn anew for a judge: a nat is worth half a point
BOUND_PASSES = 10  # over all notes
BOUND_CANDIDATES = 20_000  # of all notes: some ten minutes of film

DRAFT = Schedule(chains=1, candidates=1_500_000, sweeps=(40, 250), bounded=False)
NORMAL = Schedule(chains=2, candidates=8_000_000, sweeps=(120, 400), first=DRAFT)
BEST = Schedule(chains=8, candidates=40_000_000, sweeps=(400, 2000), first=NORMAL)
SCHEDULES = {"draft": DRAFT, "normal": NORMAL, "best": BEST}
# where a device is asked for
DEVICE_BEST = Schedule(chains=1024, candidates=2_000_000, sweeps=(400, 1000), first=NORMAL)


def compose(
    plan: Plan,
    effort: config.Effort | None = None,
    watch: Watch | None = None,
    targets: dict[str, np.ndarray] | None = None,
    threads: int | None = None,
    lock: Lock | None = None,
    judge: Judge | None = None,
) -> Piece:
    """Fill the plan's slots with pitches.

    Parameters
    ----------
    plan : Plan
        nearly all seeds lead to nearly the same notes, the best; one that it was not planned with, to others
    effort : config.Effort
        with `seconds` the search, polishing included, ends by the clock, and the notes depend on the machine
    watch : Watch
        ticked a few times a second
    targets : dict of float (n_bars,), optional
        raw "diameter", "momentum" and "strain" wanted in each bar; default: from the plan's curve
    threads : int, optional
        on the CPU; the notes do not depend on it
    lock : Lock, optional
        what stays as it was earlier; the rest is composed around it, otherwise with every seed
    judge : Judge, optional
        says how likely the pitches of all slots are; asked after the search, `delayed.refine`

    Returns
    -------
    piece : Piece
        velocities are the plan's own, or the lock's; same plan, effort and lock, same notes

    Raises
    ------
    UsageError
        an unknown effort or device, no time given, or a CUDA device asked for where none answers
    InputError
        the plan contradicts itself
    Cancelled
        the watch said so
    """
    effort = effort or config.Effort()
    schedule = _schedule(effort)
    twin = _twin(effort.device, schedule.chains)
    asked, seed = pose(plan, targets, lock), plan.seed % 2**32
    seconds, watch = effort.seconds, watch or Watch()
    posed = asked if lock is None else varied(asked, seed)
    cut, changes = neighbourhood.of_plan(plan, asked), moves.compound(plan, asked, RATE)
    known = None
    if lock is None and plan.planned_seed not in (None, plan.seed):
        seconds, first, watch = seconds and seconds / 2, watch.part(0, 0.5), watch.part(0.5, 1)
        own = plan.planned_seed % 2**32
        known = engine.solve(asked.problem, schedule, twin, own, changes, cut, seconds, first, threads)
        posed = diverse(asked, known.x, seed)
    found = engine.solve(posed.problem, schedule, twin, seed, changes, cut, seconds, watch, threads)
    if known is not None:
        found = _after(known, found)
    if judge is not None:
        found = _judged(plan, posed, found, judge, schedule, seed)
    velocity = plan.slots["velocity"].copy()
    if lock is not None:
        velocity[lock.held] = lock.velocity[lock.held]
    return Piece(plan, posed.pitch(plan, found.x), velocity, _facts(twin.NAME, schedule, asked, found))


def _after(known: Found, found: Found) -> Found:
    """What was found, with the work of both searches: that for the notes known, and that away from them."""
    return dataclasses.replace(
        found,
        x_start=known.x_start,
        sweeps=known.sweeps + found.sweeps,
        spent_s=known.spent_s + found.spent_s,
        moved=known.moved + found.moved,
    )


def _judged(plan: Plan, posed: Posed, found: Found, judge: Judge, schedule: Schedule, seed: int) -> Found:
    """What was found, brought nearer to what the judge likes."""

    def of_variables(x: np.ndarray) -> np.ndarray:
        return judge(np.stack([posed.pitch(plan, row) for row in x]))

    parts = delayed.parts_of(plan, posed)
    x = delayed.refine(posed.problem, found.x, of_variables, parts, schedule.judged, JUDGED_HEAT, seed)
    return dataclasses.replace(found, x=x)


def _facts(device: str, schedule: Schedule, asked: Posed, found: Found) -> SearchFacts:
    """What the search did, and what that cost in the problem as it was asked."""
    weighed = asked.candidates * found.sweeps
    start, end = (engine.cost_of(asked.problem, x) for x in (found.x_start, found.x))
    least, note = _bound(asked, schedule)
    share = found.moved[:, 1] / np.maximum(found.moved[:, 0], 1)
    return SearchFacts(
        backend=device,
        chains=found.chains,
        moves=weighed,
        moves_per_s=weighed / max(found.spent_s, 1e-9),
        cost_start=start / rules.POINT,
        cost_end=end / rules.POINT,
        lower_bound=least,
        bound_note=note,
        proven=found.proven,
        accepted={
            name: float(kept)
            for name, kept, (proposed, _) in zip(moves.NAMES, share, found.moved, strict=True)
            if proposed
        },
    )


def _bound(asked: Posed, schedule: Schedule) -> tuple[float | None, str | None]:
    """What no pitches go below [points], or why it is not known."""
    if not schedule.bounded:
        return None, "at this effort no lower bound is computed"
    if asked.candidates > BOUND_CANDIDATES:
        return None, f"more than {BOUND_CANDIDATES} pitches to choose from: a lower bound takes too long"
    return bound(asked.problem, BOUND_PASSES).cost / rules.POINT, None


def unsearched(plan: Plan) -> Piece:
    """The random feasible pitches a search starts from, with the plan's own velocities: the control.

    Raises
    ------
    InputError
        the plan contradicts itself
    """
    twin, posed = _twin("cpu", 1), pose(plan)
    state = empty_state(posed.problem, 1)
    twin.start(posed.problem, state, plan.seed % 2**32, None)
    return Piece(plan, posed.pitch(plan, state.x[0]), plan.slots["velocity"].copy())


def check_effort(effort: config.Effort) -> None:
    """Refuse an effort that cannot be made, before anything is begun.

    Raises
    ------
    UsageError
        an unknown effort or device, no time given, or a CUDA device asked for where none answers
    """
    _twin(effort.device, _schedule(effort).chains)


def _schedule(effort: config.Effort) -> Schedule:
    if effort.effort not in SCHEDULES:
        raise UsageError(f"no effort {effort.effort!r}; take one of {', '.join(SCHEDULES)}")
    if effort.seconds is not None and not 0 < effort.seconds < math.inf:
        raise UsageError(f"--seconds {effort.seconds}: must be a number above 0")
    return DEVICE_BEST if (effort.effort, effort.device) == ("best", "cuda") else SCHEDULES[effort.effort]


def _twin(device: str, chains: int) -> ModuleType:
    try:
        return backend(device, chains)
    except (RuntimeError, ValueError) as fault:
        raise UsageError(f"--device {device}: {fault}") from fault
