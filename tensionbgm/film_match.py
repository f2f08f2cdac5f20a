"""Finished jobs and their films -> how each piece goes with its film, beside itself rearranged and others.

Of a film this needs how much its frames differ, which takes a pass over its pictures; its cuts and gradual
transitions are taken from the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tensionbgm import config
from tensionbgm.errors import InputError
from tensionbgm.forms import Shots
from tensionbgm.progress import Watch

if TYPE_CHECKING:
    from tensionbgm.model.match_model import Match
    from tensionbgm.model.picture import Seconds
    from tensionbgm.report.evaluate import Output

LENGTH_S = 0.5  # a film this much longer or shorter than the report says is another film


@dataclass(frozen=True)
class Matched:
    """What matching says of a piece; or why it says nothing."""

    match: Match | None
    preferred: tuple[float, float] | None  # as of `match_model.preferred`; None if there are no others
    why: str = ""


def match_outputs(
    outputs: Sequence[Output], videos: Path | None = None, watch: Watch | None = None
) -> list[Matched]:
    """How each folder's piece goes with its film.

    Parameters
    ----------
    outputs : sequence of Output
    videos : Path, optional
        folder to look for the films in, by name; default: where the report says they are
    watch : Watch, optional
        hears of the stage "films"

    Returns
    -------
    matched : list of Matched
        one a folder, with a reason where the film is missing, another one, too short or still
    """
    from tensionbgm.model.match_model import SHIPPED, load_match, match_rows, piece_rows, preferred
    from tensionbgm.model.match_songs import film_rows

    watch, net = watch or Watch(), load_match(SHIPPED)
    pieces = [piece_rows(output.notes, output.duration_s) for output in outputs]
    found: list[Matched] = []
    with watch.stage("films"):
        for k, output in enumerate(outputs):
            watch.tick(k / len(outputs))
            try:
                film = film_rows(_film_of(output, videos, watch))
            except InputError as fault:
                found.append(Matched(None, None, str(fault)))
                continue
            strangers = [p for p, other in zip(pieces, outputs, strict=True) if other.film != output.film]
            ahead = preferred(net, film, pieces[k], strangers)
            found.append(Matched(match_rows(net, film, pieces[k]), ahead))
    return found


def _film_of(output: Output, videos: Path | None, watch: Watch) -> Seconds:
    from tensionbgm.model.match_model import check_film

    path = find_film(output, videos)
    film = see_film(path, shots_of(output.cut_s, output.gradual_s), output.duration_s, watch)
    check_film(film, str(path))
    return film


def find_film(output: Output, videos: Path | None) -> Path:
    """Where the film is.

    Raises
    ------
    InputError
        the piece has no film, or it is not there
    """
    if output.film is None:
        raise InputError(f"{output.folder}: was composed without a film; matching needs one")
    known = Path(output.film)
    path = known if videos is None else videos / known.name
    if not path.is_file():
        raise InputError(f"{path}: the film is not there; give --videos DIR where it is")
    return path


def shots_of(cut_s: np.ndarray, gradual_s: np.ndarray) -> Shots:
    """Shots divided by cuts, float (n,), and in the middle of gradual transitions, float (m, 2)."""
    boundary_s = np.union1d(cut_s, gradual_s.mean(axis=1))
    return Shots(cut_s, np.ones(len(cut_s)), gradual_s, boundary_s)


def see_film(path: Path, shots: Shots, duration_s: float, watch: Watch) -> Seconds:
    """A film's seconds, seen in one pass, with its shots known before.

    Raises
    ------
    InputError
        the file is no film, or one of another length
    """
    from tensionbgm.video.decode import by_any_clock

    return by_any_clock(lambda steady: _see(path, shots, duration_s, watch, steady))


def _see(path: Path, shots: Shots, duration_s: float, watch: Watch, steady: bool) -> Seconds:
    from tensionbgm.model.picture import seconds_in, seconds_with
    from tensionbgm.video.change import ChangeMeter
    from tensionbgm.video.decode import open_film

    meter = ChangeMeter()
    with open_film(path, steady) as film:
        for frame in film.frames(config.Look().height_px):
            meter.add(frame.time_s, frame.rgb)
            if watch.cancelled():
                watch.tick(0.0)
        found_s = film.facts().duration_s
    if abs(found_s - duration_s) > LENGTH_S:
        raise InputError(
            f"{path}: lasts {found_s:.1f} s and not {duration_s:.1f} s; give the film that was scored"
        )
    change = meter.finish(np.arange(seconds_in(duration_s)) + 0.5, shots, np.zeros(0))
    return seconds_with(change, shots.boundary_s)
