"""Lengths of rows laid end to end -> where each begins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def starts(count: np.ndarray | Sequence[int]) -> np.ndarray:
    """First place of each row, and the end of the last, int64 (n + 1,), from the rows' lengths (n,)."""
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
