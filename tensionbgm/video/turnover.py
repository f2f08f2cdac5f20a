"""Shots, pictures -> the shots divided where one place slowly becomes another: wipes, morphs, long dissolves.

What changes step by step escapes differences of neighbouring pictures, and fancy transitions escape
TransNetV2, which has not seen such.  But the place before and the place after are told apart by their
embeddings: novelty along the diagonal of their likeness [Foote00]_.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tensionbgm.forms import Shots
from tensionbgm.progress import Watch
from tensionbgm.video.likeness import embed
from tensionbgm.video.pictures import Gallery

STEP_S = 0.5  # from picture to picture
MOST_PICTURES = 600  # of a film; in longer ones the steps are longer
BESIDE = 3  # pictures before and after that are compared
UNLIKE = 0.5  # likeness below which they show two places; in a moving shot it stays above .55
CLEAR_S = 1.5  # from one boundary to the next
HALF_S = 0.35  # half of what a change that was found is taken to last


def with_turnovers(shots: Shots, gallery: Gallery, duration_s: float, watch: Watch | None = None) -> Shots:
    """The shots with the turnovers inside them among the gradual transitions.

    Parameters
    ----------
    gallery : Gallery
        pictures of the whole film
    """
    watch = watch or Watch()
    edge_s = np.concatenate([[0.0], shots.boundary_s, [duration_s]])
    step_s = max(STEP_S, duration_s / MOST_PICTURES)
    found: list[float] = []
    for k, (start, end) in enumerate(pairwise(edge_s.tolist())):
        watch.tick(k / len(edge_s))
        if end - start >= 2 * max(CLEAR_S, BESIDE * step_s):
            time_s, rgb = gallery.between(start, end, step_s)
            rows = np.array([embed(picture) for picture in rgb])
            inside = [t for t in turnovers(time_s, rows) if start + CLEAR_S <= t <= end - CLEAR_S]
            found += [t for t in inside if not _within(shots.gradual_s, t)]
    if not found:
        return shots
    spans = np.array([[t - HALF_S, t + HALF_S] for t in found])
    gradual = np.concatenate([shots.gradual_s.reshape(-1, 2), spans])
    return Shots(
        shots.cut_s,
        shots.strength,
        gradual[np.argsort(gradual[:, 0], kind="stable")],
        np.sort(np.concatenate([shots.boundary_s, found])),
        shots.source,
    )


def _within(gradual_s: np.ndarray, time_s: float) -> bool:
    """Whether a transition that is known already takes place then."""
    return any(first - CLEAR_S <= time_s <= last + CLEAR_S for first, last in gradual_s.reshape(-1, 2))


def turnovers(time_s: np.ndarray, rows: np.ndarray) -> list[float]:
    """When what is shown becomes something else [s], rising.

    Parameters
    ----------
    time_s : float (n,)
        rising
    rows : float (n, d)
        embeddings, unit rows
    """
    likeness = np.ones(len(rows) + 1)  # likeness[i]: between the pictures before i and those from i on
    for i in range(BESIDE, len(rows) - BESIDE + 1):
        before, after = rows[i - BESIDE : i].mean(axis=0), rows[i : i + BESIDE].mean(axis=0)
        norm = float(np.linalg.norm(before) * np.linalg.norm(after))
        likeness[i] = float(before @ after) / norm if norm > 1e-9 else 1.0
    found: list[float] = []
    for i in np.flatnonzero(likeness < UNLIKE).tolist():
        around = likeness[max(0, i - BESIDE) : i + BESIDE + 1]
        if likeness[i] == around.min() and not (found and time_s[i - 1] < found[-1] + CLEAR_S):
            found.append(float(time_s[i - 1] + time_s[i]) / 2)
    return found
