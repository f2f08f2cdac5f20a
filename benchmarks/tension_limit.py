"""A layout -> bytes and operations that an evaluation and a change need; and what the machine can do at most.

The peaks are measured: a copy of memory and of first-level cache, multiply-adds in registers, and
multiply-adds of numbers that are looked up in tables, which is what the kernels mostly do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from tensionbgm.kernels.ribbon_rules import Layout

ROUNDS = 5_000_000  # multiply-adds a run
STRAIN_OPS, MOMENTUM_OPS, DIAMETER_OPS = 12, 15, 1  # with the root
STRAIN_BYTES, MOMENTUM_BYTES, DIAMETER_BYTES = 72, 96, 24
SUMS_OPS, SUMS_BYTES = 6, 42  # of one entry: 3 products, 3 sums; note, units, pitch class, spelling


def least(work: Callable[[], object], for_s: float = 0.4) -> float:
    """Seconds of the fastest of many runs, after one to warm up: at least three, and for so long."""
    work()
    spent: list[float] = []
    while len(spent) < 3 or sum(spent) < for_s:
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return min(spent)


class Work(NamedTuple):
    """What is needed whatever the machine: numbers read and written, and sums, products, roots, shifts."""

    bytes: float
    ops: float


def work_of_whole(p: Layout) -> Work:
    """Of one evaluation."""
    segments, pairs, held = len(p.segment_units), len(p.segment_note), len(p.holder)
    spans, entries, w = len(p.span_tonic), len(p.span_note), len(p.window_mean)
    window_bytes = STRAIN_BYTES + MOMENTUM_BYTES + DIAMETER_BYTES + 24
    return Work(
        bytes=segments * 66 + pairs * 14 + spans * 40 + entries * SUMS_BYTES + held * 8 + w * window_bytes,
        ops=segments * 6
        + pairs * 3
        + entries * SUMS_OPS
        + held
        + w * (STRAIN_OPS + MOMENTUM_OPS + DIAMETER_OPS),
    )


def work_of_change(p: Layout) -> Work:
    """Of one change, the mean over notes."""
    n = len(p.note_segment)
    segments = np.diff(p.note_segment, axis=1).sum() / n
    holders = np.diff(p.holder_start)
    held = sum(int(holders[first:last].sum()) for first, last in p.note_segment) / n
    entries = len(p.note_span) / n
    followers = np.diff(p.follower_start)[p.note_span].sum() / n
    momenta = entries + followers
    return Work(
        bytes=52
        + segments * 60
        + held * 24
        + entries * (24 + 48 + 48 + STRAIN_BYTES + DIAMETER_BYTES)
        + momenta * MOMENTUM_BYTES
        + followers * 8,
        ops=4 + segments * 14 + held + entries * (9 + STRAIN_OPS + DIAMETER_OPS) + momenta * MOMENTUM_OPS,
    )


def peaks() -> tuple[float, float, float, float]:
    """Bytes/s of a far and a near copy (read and written), operations/s in registers and looked up."""
    import numba

    @numba.njit(nogil=True)
    def copy(a, b, times):
        for _ in range(times):
            for i in range(a.size):
                b[i] = a[i]
            a[0] += b[a.size - 1]

    @numba.njit(nogil=True)
    def lookup(times, index, table, weight):
        a = b = c = 0
        for _ in range(times // (3 * index.size)):
            for i in range(index.size):
                a += weight[i] * table[index[i], 0]
                b += weight[i] * table[index[i], 1]
                c += weight[i] * table[index[i], 2]
        return a + b + c

    rng = np.random.default_rng(0)
    rates = []
    for size, times in ((4_000_000, 2), (1_000, 20_000)):
        a, b = rng.random(size), np.zeros(size)
        rates.append(2 * a.nbytes * times / least(lambda a=a, b=b, t=times: copy(a, b, t)))
    index, table, weight = rng.integers(0, 12, 1024), rng.integers(-5, 7, (12, 3)), rng.integers(1, 9, 1024)
    register = _register()
    rates.append(2 * ROUNDS / least(lambda: register(ROUNDS, 3)))
    rates.append(2 * ROUNDS / least(lambda: lookup(ROUNDS, index, table, weight)))
    return tuple(rates)


def shared_loop_s(threads: int) -> float:
    """Seconds of multiply-adds in registers that some threads do an equal share of each."""
    register = _register()
    register(4, 3)  # compiles it before there are threads
    with ThreadPoolExecutor(threads) as pool:
        return least(lambda: list(pool.map(register, [ROUNDS // threads] * threads, [3] * threads)))


def _register() -> Callable[[int, int], int]:
    import numba

    @numba.njit(nogil=True)
    def register(times, x):
        a, b, c, d = x, x + 1, x + 2, x + 3
        for _ in range(times // 4):
            a, b, c, d = a * x + 1, b * x + 1, c * x + 1, d * x + 1
        return a + b + c + d

    return register
