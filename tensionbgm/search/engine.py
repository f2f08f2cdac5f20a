"""Problem -> Found: annealing with compound moves, then neighbourhoods solved exactly; or the optimum itself.

Knows neither plans nor notes.  The same problem, schedule and seed give the same pitches on every
device and with any number of threads, unless the clock ends the search.
"""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from tensionbgm.kernels import cpu, moves, rules
from tensionbgm.kernels.moves import Moves
from tensionbgm.kernels.slices import Slices
from tensionbgm.progress import Watch
from tensionbgm.search import neighbourhood, skeleton, tempering
from tensionbgm.search.problem import empty_state

HOT, COLD = 8 * rules.POINT, rules.POINT // 16  # temperatures of the first and last annealing sweep
GREEDY_SWEEPS = 6  # at temperature 0, after annealing
ROUND_S = 0.3  # a round of sweeps should last about this long, so that it can be interrupted
POLISHING = 0.3  # share of a time given that is kept for neighbourhoods, until it is known what they take
AGAIN = 2 * rules.POINT  # temperature of a second annealing
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
    first: Schedule | None = None  # what is done before, so that more effort is never worse than less


@dataclass(frozen=True)
class Found:
    """The best pitches there are after a search, and how they were found."""

    x: np.ndarray  # int64 (V,): pitch of each variable
    cost: int  # [cost units]
    x_start: np.ndarray  # int64 (V,): the best of the random starts
    sweeps: int  # of all chains together
    spent_s: float
    moved: np.ndarray  # int64 (KINDS, 2): compound moves of each kind proposed and accepted, by all chains
    proven: float  # share of neighbourhoods of the winner that are known to hold nothing better
    chains: int = 0  # of the last step
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
        annealing and polishing end by the clock, in no more chains than there are cores and without what the
        schedule does first; the pitches depend on the machine
    threads : int, optional
        on the CPU

    Raises
    ------
    Cancelled
        the watch said so
    """
    watch = watch or Watch()
    began = time.perf_counter()
    if (whole := _whole(problem)) is not None:
        watch.tick(1.0)
        known = _known(problem, schedule, seed, *whole)
        return dataclasses.replace(known, spent_s=time.perf_counter() - began)
    slices = neighbourhood.of_groups(problem) if slices is None else slices
    steps = [_hurried(schedule, twin, threads)] if seconds else _steps(schedule)
    work = np.cumsum([0.0] + [step.chains * step.candidates for step in steps])
    found = []
    for k, step in enumerate(steps):
        own = watch.part(work[k] / work[-1], work[k + 1] / work[-1])
        chains = (twin if step is steps[-1] else cpu).Chains(
            problem, empty_state(problem, step.chains), changes, threads
        )
        found.append(_searched(chains, problem, step, seed, slices, seconds, own))
    best = min(found, key=lambda one: one.cost)  # the first of equals
    return dataclasses.replace(
        best,
        x_start=found[-1].x_start,  # of most chains
        chains=found[-1].chains,
        sweeps=sum(one.sweeps for one in found),
        spent_s=time.perf_counter() - began,
        moved=sum((one.moved for one in found[1:]), found[0].moved),
    )


def _steps(schedule: Schedule) -> list[Schedule]:
    """A schedule and all that comes first, in order."""
    return [*(_steps(schedule.first) if schedule.first else ()), schedule]


def _hurried(schedule: Schedule, twin: ModuleType, threads: int | None) -> Schedule:
    """A schedule for a time given: chains that no core is free for would only take the time of others."""
    cores = schedule.chains if twin is not cpu else threads or os.cpu_count() or 1
    return dataclasses.replace(schedule, chains=min(schedule.chains, cores))


def _known(problem: rules.Problem, schedule: Schedule, seed: int, x: np.ndarray, exact: bool) -> Found:
    """What was solved as a whole, beside the random starts that a search would have had."""
    state, none = empty_state(problem, schedule.chains), np.zeros((moves.KINDS, 2), np.int64)
    cpu.start(problem, state, seed)
    start = state.x[np.argmin(state.cost[:, 0])]
    return Found(x, cost_of(problem, x), start, 0, 0.0, none, float(exact), exact=exact)


def _searched(
    chains: cpu.Chains,
    problem: rules.Problem,
    schedule: Schedule,
    seed: int,
    slices: Slices,
    seconds: float | None,
    watch: Watch,
) -> Found:
    """The best of some chains, annealed and polished."""
    chains.start(seed)
    chains.fetch()
    state = chains.state
    x_start = state.x[np.argmin(state.cost[:, 0])].copy()
    if seconds:
        sweeps, proven = _by_clock(chains, problem, seed, schedule, slices, seconds, watch)
    else:
        sweeps = _by_count(chains, problem, seed, schedule, watch)
        chains.settle()
        proven = neighbourhood.polish(chains, slices, schedule.nodes, PASSES, watch)
    room = chains.fetch()
    winner = int(np.argmin(state.cost[:, 1]))  # the first of equals
    return Found(
        x=state.best_x[winner],
        cost=int(state.cost[winner, 1]),
        x_start=x_start,
        sweeps=sweeps * schedule.chains,
        spent_s=0.0,
        moved=room.count.sum(axis=0),
        proven=float(proven[winner]),
        chains=schedule.chains,
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


def _by_count(chains: cpu.Chains, problem: rules.Problem, seed: int, schedule: Schedule, watch: Watch) -> int:
    """Anneal in rounds, or temper many chains; returns the sweeps done."""
    each, (least, most) = candidates(problem), schedule.sweeps
    if each == 0:
        return 0
    sweeps = int(np.clip(schedule.candidates // each, least, most))
    if schedule.chains >= tempering.MANY:
        tempering.temper(chains, seed, sweeps, HOT, COLD, watch)
        chains.anneal(seed, sweeps, np.zeros(GREEDY_SWEEPS, np.int64))
        watch.tick(1.0)
        return sweeps + GREEDY_SWEEPS
    plan, done, round_sweeps = temperatures(sweeps), 0, FIRST_ROUND
    while done < len(plan):  # how sweeps are cut into rounds changes nothing
        watch.tick(done / len(plan))
        began = time.perf_counter()
        some = plan[done : done + round_sweeps]
        chains.anneal(seed, done, some)
        done += len(some)
        round_sweeps = _next_round(len(some), time.perf_counter() - began, ROUND_S)
    watch.tick(1.0)
    return done


def _by_clock(
    chains: cpu.Chains,
    problem: rules.Problem,
    seed: int,
    schedule: Schedule,
    slices: Slices,
    seconds: float,
    watch: Watch,
) -> tuple[int, np.ndarray]:
    """Anneal and polish until the time is up, again from the best and less hot where some is left.

    Returns
    -------
    sweeps : int
        of each chain
    proven : float (chains,)
        as `neighbourhood.polish` tells it
    """
    chains.anneal(seed, 0, np.zeros(1, np.int64))  # kernels are compiled before the clock runs
    chains.polish(slices, 0, 0, schedule.nodes)
    chains.costs()
    heat, sweeps, polishing = HOT, 1, POLISHING * seconds
    end = time.perf_counter() + seconds
    while True:
        if candidates(problem):
            sweeps = _cooled(chains, seed, sweeps, heat, end - polishing, watch)
        chains.settle()
        since = time.perf_counter()
        proven = neighbourhood.polish(chains, slices, schedule.nodes, PASSES, watch, end)
        now = time.perf_counter()
        heat, polishing = AGAIN, 1.2 * (now - since)
        if end - now < max(2 * polishing, POLISHING * seconds / 4) or not candidates(problem):
            return sweeps, proven


def _cooled(chains: cpu.Chains, seed: int, done: int, heat: int, end: float, watch: Watch) -> int:
    """Sweep until the clock says `end`, the temperature falling with it; returns all sweeps done."""
    began, round_sweeps = time.perf_counter(), FIRST_ROUND
    while (now := time.perf_counter()) < end:
        share = (now - began) / (end - began)
        watch.tick(share)
        here = round(heat * (COLD / heat) ** share)
        chains.anneal(seed, done, np.full(round_sweeps, here, np.int64))
        chains.costs()  # a device has done its work when it answers
        done += round_sweeps
        spent = time.perf_counter() - now
        round_sweeps = min(_next_round(round_sweeps, spent, min(ROUND_S, (end - now) / 4)), 4 * round_sweeps)
    chains.anneal(seed, done, np.zeros(GREEDY_SWEEPS, np.int64))
    return done + GREEDY_SWEEPS


def _next_round(sweeps: int, spent_s: float, wanted_s: float) -> int:
    """Sweeps for the next round to last about so long."""
    return int(np.clip(sweeps * wanted_s / max(spent_s, 1e-6), 1, 1000))
