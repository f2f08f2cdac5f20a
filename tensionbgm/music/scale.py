"""Raw tension figures <-> 0..1 levels: quantiles of real background music.

Level 0.9 means "as tense as the tensest tenth of the reference corpus", so a drawn curve means the
same in every key, tempo and palette.  The tables are made by `tensionbgm.corpora.build_scale`.
"""

from __future__ import annotations

import functools
import json
from importlib import resources

import numpy as np

COMPONENTS = (
    *(
        "diameter",
        "momentum",
        "strain",
        "roughness",
        "dissonance",
        "key_distance",
        "tonic_distance",
        "motion",
        "surface",
        "hierarchy",
    ),
    *("loudness", "density", "turnover", "register", "top", "compass", "parts", "tempo"),
)
BLENDS = ("tonal", "energy", "intensity", "composite")


@functools.cache
def tables() -> dict[str, np.ndarray]:
    """Quantiles 0, 0.01, ..., 1 of each component and blend, float (101,) each, strictly rising."""
    text = resources.files("tensionbgm.corpora").joinpath("scale.json").read_text(encoding="utf-8")
    return {name: np.asarray(row, float) for name, row in json.loads(text)["quantiles"].items()}


def level(component: str, raw: np.ndarray | float) -> np.ndarray:
    """Share of the reference corpus that is less tense, 0..1, for each raw value.

    Raises
    ------
    KeyError
        no table for this component
    """
    table = tables()[component]
    return np.asarray(np.interp(raw, table, np.linspace(0.0, 1.0, len(table))))


def raw(component: str, level: np.ndarray | float) -> np.ndarray:
    """The raw value at each level 0..1: the inverse of `level`."""
    table = tables()[component]
    return np.asarray(np.interp(level, np.linspace(0.0, 1.0, len(table)), table))
