"""`Analysis`, `Curve` -> shots as stretches: which show one place, how alike two of them are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from tensionbgm.errors import InputError
from tensionbgm.forms import Analysis, Curve, Motion

# Dot products of shot embeddings: shots of one place .73-.99, of different places .14-.63.
SAME_PLACE = 0.69
_COLOUR_SLACK = 0.15  # colour may differ this much before it counts against likeness
_COLOUR_PENALTY = 0.5
SAME_STRETCH = 0.6  # two stretches are alike if they spend this share of their time in the same places


@dataclass(frozen=True)
class Stretch:
    """A candidate section: some shots in a row."""

    start_s: float
    end_s: float
    places: np.ndarray  # float (p,): share of its time spent in each place of the film
    look: np.ndarray  # float (d,): mean embedding, weighted by time
    tension: float  # mean of the curve, 0..1
    take: int = -1  # stretches cut from one long take share this number; -1 is none

    @property
    def length_s(self) -> float:
        """Length [s]."""
        return self.end_s - self.start_s

    @property
    def place(self) -> int | None:
        """The place it mostly shows, if it mostly shows one."""
        main = int(np.argmax(self.places))
        return main if self.places[main] >= SAME_STRETCH else None


def shots_as_stretches(analysis: Analysis, curve: Curve) -> list[Stretch]:
    """One stretch for each shot, in order, covering the film.

    Raises
    ------
    InputError
        there is not one embedding for each shot
    """
    edge_s = shot_edges(analysis)
    place = same_places(analysis)
    shares = np.eye(place.max() + 1)[place]
    look = np.nan_to_num(np.asarray(analysis.embedding, float))
    spans = zip(edge_s[:-1], edge_s[1:], shares, look, curve.mean(edge_s[:-1], edge_s[1:]), strict=True)
    return [Stretch(float(a), float(b), share, e, float(v)) for a, b, share, e, v in spans if b > a]


def shot_edges(analysis: Analysis) -> np.ndarray:
    """float (k + 1,): where the k shots begin, and the film's end [s]."""
    duration_s = analysis.video.duration_s
    inner = np.clip(np.asarray(analysis.shots.boundary_s, float), 0.0, duration_s)
    edge_s = np.concatenate([[0.0], inner, [duration_s]])
    if len(analysis.embedding) != len(edge_s) - 1 or np.any(np.diff(edge_s) < 0):
        raise InputError(
            f"{analysis.video.path}: {len(analysis.embedding)} shot embeddings for {len(edge_s) - 1} shots, "
            "or boundaries out of order; analyse the film again"
        )
    return edge_s


def same_places(analysis: Analysis) -> np.ndarray:
    """Which place each shot shows: average linkage on likeness of content, checked by colour.

    Returns
    -------
    place : int (k,)
        0, 1, ... in order of appearance
    """
    edge_s = shot_edges(analysis)
    if len(edge_s) == 2:
        return np.zeros(1, int)
    look = np.nan_to_num(np.asarray(analysis.embedding, float))
    paint = np.array([colour(analysis.motion, a, b) for a, b in pairwise(edge_s)])
    difference = np.linalg.norm(paint[:, None] - paint[None], axis=-1)
    likeness = look @ look.T - _COLOUR_PENALTY * np.maximum(difference - _COLOUR_SLACK, 0.0)
    distance = np.clip(1.0 - (likeness + likeness.T) / 2, 0.0, 2.0)
    np.fill_diagonal(distance, 0.0)
    cluster = fcluster(linkage(squareform(distance, checks=False), "average"), 1 - SAME_PLACE, "distance")
    _, first = np.unique(cluster, return_index=True)
    order = {cluster[i]: rank for rank, i in enumerate(sorted(first))}
    return np.array([order[c] for c in cluster])


def colour(motion: Motion, start_s: float, end_s: float) -> np.ndarray:
    """float (3,): mean brightness, saturation and warmth of the span."""
    traces = np.stack([motion.brightness, motion.saturation, motion.warmth], axis=1)
    inside = (motion.time_s >= start_s) & (motion.time_s < end_s)
    if not len(traces):
        return np.zeros(3)
    if not inside.any():
        inside = np.arange(len(traces)) == np.argmin(np.abs(motion.time_s - (start_s + end_s) / 2))
    return np.nan_to_num(traces[inside]).mean(axis=0)


def joined(first: Stretch, second: Stretch) -> Stretch:
    """Two neighbours as one."""
    a, b = first.length_s, second.length_s
    return Stretch(
        first.start_s,
        second.end_s,
        (a * first.places + b * second.places) / (a + b),
        (a * first.look + b * second.look) / (a + b),
        (a * first.tension + b * second.tension) / (a + b),
    )


def alike(first: Stretch, second: Stretch) -> bool:
    """Do both spend most of their time in the same places?"""
    return float(np.minimum(first.places, second.places).sum()) >= SAME_STRETCH


def unlikeness(first: Stretch, second: Stretch) -> float:
    """0 (same picture) .. 1 (nothing in common) or a little more."""
    norm = float(np.linalg.norm(first.look) * np.linalg.norm(second.look))
    return 1.0 - float(first.look @ second.look) / norm if norm > 1e-9 else 1.0
