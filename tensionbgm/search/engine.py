"""Problem -> Found: annealing with compound moves, then neighbourhoods solved exactly; or the optimum itself.

Knows neither plans nor notes.  The same problem, schedule and seed give the same pitches on every
device and with any number of threads, unless the clock ends the search.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from tensionbgm.kernels import cpu, rules
from tensionbgm.kernels.moves import Moves
from tensionbgm.kernels.slices import Slices
from tensionbgm.progress import Watch
from tensionbgm.search import neighbourhood, skeleton, tempering
from tensionbgm.search.problem import empty_state

HOT, COLD = 8 * rules.POINT, rules.POINT // 16  # temperatures of the first and last annealing sweep
GREEDY_SWEEPS = 6  # at temperature 0, after annealing
ROUND_S = 0.3  # a round of sweeps should last about this long, so that it can be interrupted
FIRST_ROUND = 1  # sweeps
PASSES = 6  # through the neighbourhoods, at most
EXACT_STATES = 2_000  # of a window of a problem of tension alone that is solved as a whole
RETURN_BEAM = 60  # states kept of a window where some return: 120 of five notes take two seconds, not thirty


@dataclass(frozen=True)
class Schedule:
    """What an effort means: counted in work, not in seconds, so that notes do not depend on the machine."""

    chains: int
    candidates: int  # pitches each chain weighs, about
    sweeps: tuple[int, int]  # at least, at most
    nodes: int = 3_000  # pitches tried in one neighbourhood, at most
    judged: int = 400  # times a judge is asked, where there is one
    bounded: bool = True  # whether to tell how far from the best the end can be: about a second a minute


@dataclass(frozen=True)
class Found:
    """The best pitches there are after a search, and how they were found."""

    x: np.ndarray  # int64 (V,): pitch of each variable
    cost: int  # [cost units]
    x_start: np.ndarray  # int64 (V,): the best of the random starts
    sweeps: int  # of each chain
    spent_s: float
    moved: np.ndarray  # int64 (KINDS, 2): compound moves of each kind proposed and accepted, by all chains
    proven: float  # share of neighbourhoods of the winner that are known to hold nothing better
    exact: bool = False  # the optimum: nothing is cheaper


def solve(
    problem: rules.Problem,
    schedule: Schedule,
    twin: ModuleType,
    seed: int = 0,
    changes: Moves | None = None,
    slices: Slices | None = None,
    seconds: float | None = None,
    watch: Watch | None = None,
    threads: int | None = None,
) -> Found:
    """Search for the cheapest pitches of a problem.

    Tonal tension alone in windows that share no notes is solved as one by dynamic programming: to its
    optimum, or where windows return within a beam that was never seen to miss it.
    Everything else is annealed; then every neighbourhood of every chain is solved exactly by itself.

    Parameters
    ----------
    twin : module
        `kernels.cpu` or `kernels.cuda`
    changes : Moves, optional
        compound moves beside the heat bath; default: none
    slices : Slices, optional
        neighbourhoods; default: stretches of the variables of every group
    seconds : float, optional
        the annealing ends by the clock, and the pitches depend on the machine
    threads : int, optional
        on the CPU

    Raises
    ------
    Cancelled
        the watch said so
    """
    watch, state = watch or Watch(), empty_state(problem, schedule.chains)
    chains = twin.Chains(problem, state, changes, threads)
    chains.start(seed)
    chains.fetch()
    start, began = state.x[np.argmin(state.cost[:, 0])].copy(), time.perf_counter()
    if (whole := _whole(problem)) is not None:
        x, exact = whole
        watch.tick(1.0)
        none = np.zeros_like(chains.fetch().count[0])
        spent = time.perf_counter() - began
        return Found(x, cost_of(problem, x), start, 0, spent, none, float(exact), exact)
    sweeps = _anneal(chains, problem, seed, schedule, seconds, watch)
    chains.settle()
    slices = neighbourhood.of_groups(problem) if slices is None else slices
    proven = neighbourhood.polish(chains, slices, schedule.nodes, PASSES, watch)
    room = chains.fetch()
    winner = int(np.argmin(state.cost[:, 1]))  # the first of equals
    return Found(
        x=state.best_x[winner],
        cost=int(state.cost[winner, 1]),
        x_start=start,
        sweeps=sweeps,
        spent_s=time.perf_counter() - began,
        moved=room.count.sum(axis=0),
        proven=float(proven[winner]),
    )


def candidates(problem: rules.Problem) -> int:
    """Pitches weighed in one sweep."""
    size = np.diff(problem.domain_start)
    return int(size[size > 1].sum())


def cost_of(problem: rules.Problem, x: np.ndarray) -> int:
    """What these pitches of the variables cost, counted from scratch [cost units]."""
    state = empty_state(problem, 1)
    state.x[0] = x
    cpu.restart(problem, state, threads=1)
    return int(state.cost[0, 0])


def temperatures(sweeps: int) -> np.ndarray:
    """Temperature of each sweep, falling geometrically, then 0; int64 (sweeps,) [cost units]."""
    hot = max(sweeps - GREEDY_SWEEPS, 0)
    falling = HOT * (COLD / HOT) ** (np.arange(hot) / max(hot - 1, 1))
    return np.concatenate([np.rint(falling), np.zeros(sweeps - hot)]).astype(np.int64)


def _whole(problem: rules.Problem) -> tuple[np.ndarray, bool] | None:
    """Pitches, int64 (V,), of a problem of tension alone solved as one, and whether they are its optimum."""
    if any(len(getattr(problem, name)) for name in skeleton.FACTORS):
        return None
    bar = (problem.group[:, rules.STRAIN_WEIGHT] > 0) | (problem.group[:, rules.LINKED] > 0)
    owner = np.repeat(np.arange(len(problem.member_start) - 1), np.diff(problem.member_start))
    returns = np.bincount(owner, bar[problem.member_group]).max(initial=0) > 1
    try:
        found = skeleton.optimum(problem, RETURN_BEAM if returns else None, EXACT_STATES)
    except ValueError:  # notes held over, or too many states: it says so itself
        return None
    return found.x, not returns


def _anneal(
    chains: cpu.Chains,
    problem: rules.Problem,
    seed: int,
    schedule: Schedule,
    seconds: float | None,
    watch: Watch,
) -> int:
    """Anneal in rounds, or temper many chains; returns the sweeps done."""
    each, (least, most) = candidates(problem), schedule.sweeps
    if each == 0:
        return 0
    sweeps = int(np.clip(schedule.candidates // each, least, most))
    if schedule.chains >= tempering.MANY and not seconds:
        tempering.temper(chains, seed, sweeps, HOT, COLD, watch)
        chains.anneal(seed, sweeps, np.zeros(GREEDY_SWEEPS, np.int64))
        watch.tick(1.0)
        return sweeps + GREEDY_SWEEPS
    plan = temperatures(sweeps)

    def run(first: int, temperature: np.ndarray) -> None:
        chains.anneal(seed, first, temperature)

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
