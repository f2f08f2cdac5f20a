"""Chains, a ladder of temperatures -> chains that trade places on it, the cold ones fed by the hot ones.

Replica exchange [SW86]_: every few sweeps neighbours on the ladder exchange temperatures with probability
min(1, exp((1/T_a - 1/T_b) (E_a - E_b))).  Decided here in integers from the chains' costs and the hash
of (seed, round, rung), so that it is the same whatever computes the sweeps.
"""

from __future__ import annotations

import numpy as np

from tensionbgm.kernels import cpu, rules
from tensionbgm.progress import Watch
from tensionbgm.search.moves import exponential_table

MANY = 64  # chains from which on they are tempered: fewer do better annealed
EVERY = 4  # sweeps between exchanges
TRADE = 2**21  # where the chance of exchanges is drawn: beyond any chain


def ladder(chains: int, hot: int, cold: int) -> np.ndarray:
    """Temperature of each rung, falling geometrically, int64 (chains,) [cost units].

    Many chains are copies of a ladder of 32 rungs: neighbours of a longer one would be all alike.
    """
    rungs = min(chains, 32)
    one = np.rint(hot * (cold / hot) ** (np.arange(rungs) / max(rungs - 1, 1))).astype(np.int64)
    return np.resize(np.maximum(one, 1), chains)


def exchange(heat: np.ndarray, cost: np.ndarray, seed: int, turn: int) -> np.ndarray:
    """Temperatures after neighbours have traded, int64 (n,) [cost units].

    Parameters
    ----------
    heat, cost : int64 (n,)
        temperature and cost of each chain
    turn : int
        counts the exchanges: on even turns the first and second hottest are paired, on odd ones the second
        and third
    """
    order = np.lexsort((np.arange(len(heat)), -heat))
    upper, lower = order[turn % 2 : -1 : 2], order[1 + turn % 2 :: 2]
    gain = (cost[upper] - cost[lower]) * (heat[lower] - heat[upper]) * rules.GUMBEL_ONE
    chance = rules.mix(seed, TRADE + turn, np.arange(len(upper))) % rules.CHANCES
    # the hotter one is cheaper, or the loss is smaller than an exponential draw
    trade = -gain <= heat[upper] * heat[lower] * exponential_table()[chance]
    heat = heat.copy()
    a, b = upper[trade], lower[trade]
    heat[a], heat[b] = heat[b], heat[a]
    return heat


def temper(
    chains: cpu.Chains, seed: int, sweeps: int, hot: int, cold: int, watch: Watch | None = None
) -> float:
    """Sweep all chains so often, trading temperatures; the state stays where it is computed.

    Returns
    -------
    traded : float
        share of exchanges proposed that were made
    """
    heat = ladder(len(chains.costs()), hot, cold)
    made = proposed = 0
    for turn, first in enumerate(range(0, sweeps, EVERY)):
        if watch is not None:
            watch.tick(first / sweeps)
        some = min(EVERY, sweeps - first)
        chains.anneal(seed, first, np.repeat(heat[:, None], some, axis=1))
        after = exchange(heat, chains.costs()[:, 0], seed, turn)
        made, proposed = made + int((after != heat).sum()) // 2, proposed + (len(heat) - turn % 2) // 2
        heat = after
    return made / max(proposed, 1)
