"""A job before it begins: what is refused in a line at once, rather than after minutes of work."""

from __future__ import annotations

import json
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tensionbgm import config
from tensionbgm.errors import InputError, UsageError
from tensionbgm.folder import refuse_overwriting, refuse_unwritable
from tensionbgm.forms import Analysis

if TYPE_CHECKING:
    from tensionbgm.markers.marks import Timeline

SHORTEST_S = 0.5  # below this there is no room for a bar of music
LONGEST_S = 3600.0  # an hour of sound takes a gigabyte and a half, several times
FILM = "scored.mp4"
STEM = re.compile(r"\d\d+-[a-z0-9-]+\.wav")


def check_place(film: Path | None, out: Path, force: bool) -> None:
    """Refuse a place for the result before any long work.

    Raises
    ------
    InputError
        it cannot be written to, holds something and `force` is not given, or holds the film itself under
        the name its scored copy will have
    """
    refuse_overwriting(out, force)
    copy = out / FILM
    if film is not None and copy.exists() and film.exists() and os.path.samefile(film, copy):
        raise InputError(f"{film}: would be overwritten by its scored copy; give -o another folder")
    refuse_unwritable(out)


def check_picture(out: Path | None, *inputs: Path | None) -> None:
    """Refuse a picture that is not called .png, or that would take the place of what it is drawn from.

    Raises
    ------
    InputError
    """
    if out is None:
        return
    if out.suffix.lower() != ".png":
        raise InputError(f"{out}: the picture is a PNG; give a name that ends in .png")
    for given in inputs:
        if given is not None and out.exists() and given.exists() and out.samefile(given):
            raise InputError(f"{out}: is what the picture is drawn from; give the picture another name")


def earlier_stems(out: Path) -> list[str]:
    """Stems that a job before wrote into this folder, by its own report; they belong to other music."""
    try:
        names = json.loads((out / "report.json").read_text(encoding="utf-8"))["sound"]["stems"]
        return [f"stems/{name}" for name in names if STEM.fullmatch(name)]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return []  # no report of ours: whatever lies there is the user's


def film_rate(score: Path) -> tuple[Fraction | None, tuple[str, ...]]:
    """Frames a second of the film a score was written for, by the report beside it; and what to warn of."""
    from tensionbgm.markers import timecode

    try:
        video = json.loads((score / "report.json").read_text(encoding="utf-8"))["video"]
        fps, vfr = float(video["fps"]), bool(video.get("vfr"))
        rate = timecode.film_rate(fps, float(video.get("frame_s", 1 / fps)), vfr)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError, RecursionError):
        return None, ()  # no report of ours, or one without a film
    if vfr and "frame_s" not in video:  # reports had none once
        return rate, (
            f"{score / 'report.json'}: does not tell how long the film's frames last, which differ; "
            f"{timecode.spoken(rate)} a second are taken; give --rate if they are others",
        )
    return rate, ()


def check_wishes(
    ask: config.Ask, effort: config.Effort, sound: config.Sound, shape: config.Shape | None = None
) -> Timeline | None:
    """Refuse what cannot be meant before any long work; returns what the file of markers says.

    Raises
    ------
    InputError, UsageError
        key, tempo, markers or font cannot be read, the device is not there, or wishes contradict each other
    """
    from tensionbgm.markers.read import parse_file, parse_first
    from tensionbgm.model.drawn import check_spec
    from tensionbgm.model.given_form import check_form
    from tensionbgm.plan.grid_instance import parse_tempo
    from tensionbgm.plan.key import parse_key
    from tensionbgm.render.font import find_font
    from tensionbgm.search.run import check_effort

    check_effort(effort)
    parse_tempo(ask.tempo)
    if ask.key is not None:
        parse_key(ask.key)
    if ask.curve is not None:
        check_spec(ask.curve)
        if shape not in (None, config.Shape()):
            raise UsageError(
                "--arc, --intensity and --energy-gain shape the estimated curve; leave them out with --curve"
            )
    if ask.form is not None:
        check_form(ask.form)
    parse_first(ask.timecode)
    timeline = None if ask.markers is None else parse_file(Path(ask.markers))
    find_font(sound.soundfont)
    return timeline


def check_length(analysis: Analysis) -> None:
    """Refuse a film too short for a bar of music, or too long.

    Raises
    ------
    InputError
        see above
    """
    video = analysis.video
    if video.duration_s < SHORTEST_S:
        raise InputError(
            f"{video.path}: lasts {video.duration_s:.2f} s ({video.n_frames} frames), too short for a bar of "
            f"music; give a film of at least {SHORTEST_S} s"
        )
    check_duration(Path(video.path), video.duration_s)


def check_duration(source: Path, duration_s: float) -> None:
    """Refuse music too long to be held in memory.

    Raises
    ------
    InputError
        see above
    """
    if duration_s > LONGEST_S:
        raise InputError(
            f"{source}: lasts {duration_s / 60:.0f} minutes; give at most {LONGEST_S / 60:.0f}, in parts"
        )
