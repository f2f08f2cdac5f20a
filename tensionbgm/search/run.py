"""Plan -> Piece: chooses the backend once, searches in rounds, and gives the best chain's notes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from tensionbgm import config
from tensionbgm.errors import UsageError
from tensionbgm.forms import Piece, Plan, SearchFacts
from tensionbgm.kernels import backend, cpu, rules
from tensionbgm.progress import Watch
from tensionbgm.search.lock import Lock
from tensionbgm.search.problem import Posed, empty_state, pose, varied

HOT, COLD = 8 * rules.POINT, rules.POINT // 16  # temperatures of the first and last annealing sweep
GREEDY_SWEEPS = 6  # at temperature 0, after annealing
ROUND_S = 0.3  # a round of sweeps should last about this long, so that it can be interrupted
FIRST_ROUND = 1  # sweeps


@dataclass(frozen=True)
class Schedule:
    """What an effort means: counted in work, not in seconds, so that notes do not depend on the machine."""

    chains: int
    candidates: int  # pitches each chain weighs, about
    sweeps: tuple[int, int]  # at least, at most


SCHEDULES = {
    "draft": Schedule(chains=1, candidates=1_500_000, sweeps=(40, 120)),
    "normal": Schedule(chains=2, candidates=8_000_000, sweeps=(120, 400)),
    "best": Schedule(chains=8, candidates=40_000_000, sweeps=(400, 2000)),
}


def compose(
    plan: Plan,
    effort: config.Effort | None = None,
    watch: Watch | None = None,
    targets: dict[str, np.ndarray] | None = None,
    threads: int | None = None,
    lock: Lock | None = None,
) -> Piece:
    """Fill the plan's slots with pitches.

    Parameters
    ----------
    plan : Plan
    effort : config.Effort
        with `seconds` the search stops early by the clock, and the notes depend on the machine
    watch : Watch
        ticked a few times a second
    targets : dict of float (n_bars,), optional
        raw "diameter", "momentum" and "strain" wanted in each bar; default: from the plan's curve
    threads : int, optional
        on the CPU; the notes do not depend on it
    lock : Lock, optional
        what stays as it was earlier; the rest is composed around it, otherwise with every seed, while
        without a lock nearly all seeds lead to nearly the same, the best

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
    effort, watch = effort or config.Effort(), watch or Watch()
    schedule = _schedule(effort)
    twin = _twin(effort.device, schedule.chains)
    posed = pose(plan, targets, lock)
    seed = plan.seed % 2**32
    state = empty_state(posed.problem, schedule.chains)
    twin.start(posed.problem, state, seed, threads)
    cost_start = int(state.cost[:, 0].min())
    asked = posed
    if lock is not None:
        posed = varied(asked, seed)
        twin.start(posed.problem, state, seed, threads)
    began = time.perf_counter()
    sweeps = _search(twin, posed, state, seed, schedule, effort.seconds, watch, threads)
    spent = time.perf_counter() - began
    winner = int(np.argmin(state.cost[:, 1]))  # the first of equals
    moves = posed.candidates * sweeps * schedule.chains
    facts = SearchFacts(
        backend=twin.NAME,
        chains=schedule.chains,
        moves=moves,
        moves_per_s=moves / max(spent, 1e-9),
        cost_start=cost_start / rules.POINT,
        cost_end=_cost(asked, state.best_x[winner]) / rules.POINT,
    )
    velocity = plan.slots["velocity"].copy()
    if lock is not None:
        velocity[lock.held] = lock.velocity[lock.held]
    return Piece(plan, posed.pitch(plan, state.best_x[winner]), velocity, facts)


def _cost(posed: Posed, x: np.ndarray) -> int:
    """What these pitches of the variables cost, counted from scratch."""
    state = empty_state(posed.problem, 1)
    state.x[0] = x
    cpu.restart(posed.problem, state, threads=1)
    return int(state.cost[0, 0])


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


def temperatures(sweeps: int) -> np.ndarray:
    """Temperature of each sweep, falling geometrically, then 0; int64 (sweeps,) [cost units]."""
    hot = max(sweeps - GREEDY_SWEEPS, 0)
    falling = HOT * (COLD / HOT) ** (np.arange(hot) / max(hot - 1, 1))
    return np.concatenate([np.rint(falling), np.zeros(sweeps - hot)]).astype(np.int64)


def _schedule(effort: config.Effort) -> Schedule:
    if effort.effort not in SCHEDULES:
        raise UsageError(f"no effort {effort.effort!r}; take one of {', '.join(SCHEDULES)}")
    if effort.seconds is not None and not 0 < effort.seconds < math.inf:
        raise UsageError(f"--seconds {effort.seconds}: must be a number above 0")
    return SCHEDULES[effort.effort]


def _twin(device: str, chains: int) -> ModuleType:
    try:
        return backend(device, chains)
    except (RuntimeError, ValueError) as fault:
        raise UsageError(f"--device {device}: {fault}") from fault


def _search(
    twin: ModuleType,
    posed: Posed,
    state: rules.State,
    seed: int,
    schedule: Schedule,
    seconds: float | None,
    watch: Watch,
    threads: int | None,
) -> int:
    """Anneal in rounds; returns the sweeps done."""
    least, most = schedule.sweeps
    sweeps = int(np.clip(schedule.candidates // max(posed.candidates, 1), least, most))
    if posed.candidates == 0:
        return 0
    plan = temperatures(sweeps)

    def run(first: int, temperature: np.ndarray) -> None:
        twin.anneal(posed.problem, state, seed, first, temperature, threads)

    return _by_clock(run, plan, seconds, watch) if seconds else _by_count(run, plan, watch)


def _by_count(run: Callable[[int, np.ndarray], None], plan: np.ndarray, watch: Watch) -> int:
    """Every sweep of the plan; how they are cut into rounds changes nothing."""
    done, round_sweeps = 0, FIRST_ROUND
    while done < len(plan):
        watch.tick(done / len(plan))
        began = time.perf_counter()
        some = plan[done : done + round_sweeps]
        run(done, some)
        done += len(some)
        round_sweeps = _next_round(len(some), time.perf_counter() - began)
    watch.tick(1.0)
    return done


def _by_clock(run: Callable[[int, np.ndarray], None], plan: np.ndarray, seconds: float, watch: Watch) -> int:
    """As many sweeps as the time allows; the temperature follows the clock down the same slope."""
    began, done, round_sweeps = time.perf_counter(), 0, FIRST_ROUND
    hot = plan[plan > 0]
    while (spent := time.perf_counter() - began) < seconds:
        watch.tick(spent / seconds)
        here = hot[min(int(len(hot) * spent / seconds), len(hot) - 1)]
        run(done, np.full(round_sweeps, here, np.int64))
        done += round_sweeps
        left = time.perf_counter() - began - spent
        round_sweeps = min(_next_round(round_sweeps, left), 4 * round_sweeps)
    run(done, np.zeros(GREEDY_SWEEPS, np.int64))
    watch.tick(1.0)
    return done + GREEDY_SWEEPS


def _next_round(sweeps: int, spent_s: float) -> int:
    """Sweeps for the next round to last about `ROUND_S`."""
    return int(np.clip(sweeps * ROUND_S / max(spent_s, 1e-6), 1, 1000))
