"""Films and marks for the tests of this room, and the way through a file and back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from tensionbgm.forms import BEATS, Analysis, Motion, Shots, Thumbnails, Video
from tensionbgm.markers import otio, otio_read
from tensionbgm.markers.marks import KINDS, Film, Mark, plain
from tensionbgm.markers.timecode import RATES, Timecode, can_drop

FRAMED = (".edl", ".fcpxml", ".otio")


def film(rate: Fraction | int = 25, duration: float = 60.0, first: str | None = None) -> Film:
    from tensionbgm.markers.read import parse_first

    return Film(Fraction(rate), Fraction(duration), first=parse_first(first))


def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Well-formed timelines are read in this process: one of its own for each takes its time."""
    monkeypatch.setattr(otio, "_read_apart", lambda path, text: otio_read.read(text))


def saved(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@st.composite
def films(draw: st.DrawFn) -> Film:
    """A film at any rate, and any label of its first frame that there is."""
    rate = draw(st.sampled_from(RATES))
    drop = can_drop(rate) and draw(st.booleans())
    minutes = draw(st.sampled_from([0, 10, 59]))
    first = Timecode(
        draw(st.integers(0, 22)), minutes, draw(st.integers(1, 59)), draw(st.integers(0, 23)), drop
    )
    return Film(rate, Fraction(draw(st.integers(1, 3600))), first=first)


names = st.text(min_size=1, max_size=30).map(plain).filter(lambda name: name and "|" not in name)
weights = st.integers(0, 1000).map(lambda n: n / 1000)


@st.composite
def marks_in(draw: st.DrawFn, film: Film) -> list[Mark]:
    """Marks of all kinds inside the film, in order of time, anywhere between its frames."""
    last_us = int(film.duration * 10**6)
    made = [
        Mark(
            Fraction(draw(st.integers(0, last_us)), 10**6),
            draw(names),
            draw(weights),
            draw(st.sampled_from(BEATS)),
            draw(st.sampled_from(KINDS)),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]
    return sorted(made, key=lambda mark: mark.time)


def frame(time: Fraction | float, film: Film) -> int:
    """The nearest frame of the film."""
    return min(round(Fraction(time) * film.rate), max(round(film.duration * film.rate), 1) - 1)


def seen(
    duration_s: float = 24.0, cut_s: tuple[float, ...] = (6.0, 11.8, 17.2), fps: float = 25.0
) -> Analysis:
    """A film that never was, as the eye saw it."""
    time_s = (np.arange(int(duration_s * 5)) + 0.5) / 5
    flat = np.zeros(len(time_s))
    shots = Shots(np.array(cut_s), np.full(len(cut_s), 0.8), np.zeros((0, 2)), np.array(cut_s))
    frames = round(duration_s * fps)
    return Analysis(
        Video("film.mp4", duration_s, fps, 1 / fps, frames, False, 0, 640, 360, "mp4", "h264", False),
        shots,
        Motion(time_s, flat + 0.1, flat, flat + 0.05, flat + 0.05, flat + 0.5, flat + 0.4, flat),
        np.eye(len(cut_s) + 1, 8, dtype=np.float32),
        np.zeros((0, 2)),
        Thumbnails(np.zeros(0), np.zeros((0, 4, 4, 3), np.uint8)),
    )
