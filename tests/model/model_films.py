"""Films that never were: Analysis nouns built from a list of shots, for the tests of this room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import Analysis, Motion, Shots, Thumbnails, Video


@dataclass(frozen=True)
class Take:
    """One shot: where, how long [s], how much moves [widths per second], how bright."""

    place: str
    length_s: float
    motion_wps: float = 0.06
    brightness: float = 0.5


def film(takes: Sequence[Take], seed: int = 0, rate_hz: float = 5.0) -> Analysis:
    """A film of these shots; shots of one place have embeddings .75-.95 alike, others .2-.45."""
    rng = np.random.default_rng(seed)
    edge_s = np.concatenate([[0.0], np.cumsum([t.length_s for t in takes])])
    duration_s = float(edge_s[-1])
    time_s = (np.arange(max(1, int(duration_s * rate_hz))) + 0.5) / rate_hz
    shot = np.clip(np.searchsorted(edge_s, time_s, side="right") - 1, 0, len(takes) - 1)
    magnitude = np.array([t.motion_wps for t in takes])[shot] * np.exp(
        0.15 * rng.standard_normal(len(time_s))
    )
    brightness = np.array([t.brightness for t in takes])[shot]
    flat = np.zeros(len(time_s))
    cut_s = edge_s[1:-1]
    return Analysis(
        video=Video(
            "made.mp4", duration_s, 25.0, 0.04, int(duration_s * 25), False, 0, 640, 360, "mp4", "h264", False
        ),
        shots=Shots(cut_s, np.ones(len(cut_s)), np.zeros((0, 2)), cut_s),
        motion=Motion(
            time_s, magnitude, flat, magnitude * 0.6, magnitude * 0.4, brightness, flat + 0.4, flat
        ),
        embedding=embeddings([t.place for t in takes], rng),
        speech_s=np.zeros((0, 2)),
        thumbnails=Thumbnails(np.zeros(0), np.zeros((0, 4, 4, 3), np.uint8)),
    )


def embeddings(places: Sequence[str], rng: np.random.Generator, d: int = 256) -> np.ndarray:
    """float32 (k, d), unit rows: a part common to all films, one of the place, one of the shot."""
    names = sorted(set(places))
    axes = np.linalg.qr(rng.standard_normal((d, len(names) + 1)))[0].T
    rows = []
    for place in places:
        own = rng.standard_normal(d) / np.sqrt(d)
        rows.append(np.sqrt(0.33) * axes[-1] + np.sqrt(0.52) * axes[names.index(place)] + np.sqrt(0.15) * own)
    rows = np.array(rows)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def of_places(word: str, length_s: float = 5.0) -> Analysis:
    """A film whose shots show the places named by the letters, equally long."""
    return film([Take(letter, length_s) for letter in word])


def labels(form) -> str:
    return "".join(section.label for section in form.sections)
