"""The verbs, in order: video -> analysis -> curve, form -> grid -> plan -> piece -> files."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tensionbgm import config, saved
from tensionbgm.checks import FILM, check_length, check_place, check_wishes, earlier_stems
from tensionbgm.folder import written_aside
from tensionbgm.forms import Analysis, Curve, Form, Piece, Plan
from tensionbgm.progress import Watch

if TYPE_CHECKING:
    from tensionbgm.markers.marks import Timeline
    from tensionbgm.markers.read import Hits
    from tensionbgm.search.lock import Lock


@dataclass(frozen=True)
class Asked:
    """All the user's wishes."""

    ask: config.Ask = field(default_factory=config.Ask)
    shape: config.Shape = field(default_factory=config.Shape)
    effort: config.Effort = field(default_factory=config.Effort)
    sound: config.Sound = field(default_factory=config.Sound)
    look: config.Look = field(default_factory=config.Look)
    targets: config.Targets = field(default_factory=config.Targets)


@dataclass(frozen=True)
class Scored:
    """What `score` made, and where it lies."""

    folder: Path
    report: dict[str, Any]
    piece: Piece


# ------------------------------------------------------------------------ from the film to a plan


def understand(
    analysis: Analysis,
    curve: str | None = None,
    shape: config.Shape | None = None,
    form: str | None = None,
) -> tuple[Curve, Form, tuple[str, ...]]:
    """Curve and form of a film, and what to warn of.

    Parameters
    ----------
    analysis : Analysis
    curve : str, optional
        points or a file to follow instead of the estimated curve
    shape : config.Shape, optional
        how the estimated curve is drawn
    form : str, optional
        sections to keep to, or a file of them, instead of those estimated

    Raises
    ------
    InputError
        the curve or the form given is at fault
    """
    from tensionbgm.model.drawn import read_curve
    from tensionbgm.model.estimate import estimate
    from tensionbgm.model.form import estimate_form
    from tensionbgm.model.given_form import read_form

    if curve is None:
        guess = estimate(analysis, shape)
        asked, found, said = guess.curve, guess.form, guess.warnings
    else:
        drawn = read_curve(curve, analysis.video.duration_s)
        asked, found, said = drawn.curve, estimate_form(analysis, drawn.curve), drawn.warnings
    return asked, found if form is None else read_form(form, analysis.video.duration_s), said


def make_plan(
    analysis: Analysis,
    curve: Curve,
    form: Form,
    ask: config.Ask,
    title: str,
    watch: Watch | None = None,
    hits: Hits | None = None,
) -> Plan:
    """Tempo, bars, harmony, parts and note slots for a film.

    Parameters
    ----------
    hits : Hits, optional
        what the user's markers ask for, its cuts already among those of the film (`read_markers`); default:
        read here

    Raises
    ------
    InputError, UsageError
        key, tempo, meter or markers cannot be read, or nothing fits the film
    """
    from tensionbgm.plan.grid import plan_grid
    from tensionbgm.plan.key import Mood
    from tensionbgm.plan.plan import plan_piece

    watch = watch or Watch()
    low, high = 80.0, 124.0  # calm films walk, wild ones run: within whatever range was asked
    energy = float(curve.mean(0.0, analysis.video.duration_s))
    if hits is None:
        analysis, hits = read_markers(analysis, ask)
    with watch.stage("tempo and bars"):
        grid = plan_grid(
            form, analysis.shots, analysis.video.duration_s, ask,
            watch=watch, preferred_bpm=low + (high - low) * energy, markers=hits.markers,
        )  # fmt: skip
    mood = Mood(valence_of(analysis), energy)
    plan = plan_piece(grid, curve, ask, mood, title, watch, hits.markers)
    return dataclasses.replace(plan, warnings=(*plan.warnings, *hits.notes))


def read_markers(
    analysis: Analysis, ask: config.Ask, timeline: Timeline | None = None
) -> tuple[Analysis, Hits]:
    """What the user's file asks the music to meet; and the film with its cuts where the file knows better.

    Parameters
    ----------
    timeline : Timeline, optional
        what the file says, where it has been read before

    Raises
    ------
    InputError, UsageError
        the file or the timecode is at fault
    """
    from tensionbgm.markers.marks import Film, plain
    from tensionbgm.markers.read import Hits, parse_first, place, read_hits, with_edits
    from tensionbgm.markers.timecode import film_rate

    if ask.markers is None:
        return analysis, Hits()
    video, shots, path = analysis.video, analysis.shots, Path(ask.markers)
    rate = film_rate(video.fps, video.frame_s, video.vfr)
    film = Film(
        rate, Fraction(round(video.duration_s * 1e6), 10**6), not video.vfr, parse_first(ask.timecode)
    )
    hits = read_hits(path, film) if timeline is None else place(path, timeline, film)
    if not hits.edit_s:
        return analysis, hits
    cut_s, strength = with_edits(shots.cut_s, shots.strength, hits.edit_s)
    source = f"{shots.source} and {plain(path.name)}"
    shots = dataclasses.replace(shots, cut_s=cut_s, strength=strength, source=source)
    return dataclasses.replace(analysis, shots=shots), hits


def valence_of(analysis: Analysis) -> float:
    """How bright, colourful and warm the film looks, -1..1: a rule of thumb for mode and palette."""
    motion = analysis.motion
    if not len(motion.time_s):
        return 0.0
    bright = (float(np.median(motion.brightness)) - 0.38) / 0.25
    colour = (float(np.median(motion.saturation)) - 0.3) / 0.4
    warm = float(np.median(motion.warmth)) / 0.25
    return float(np.clip(0.55 * bright + 0.25 * colour + 0.2 * warm, -1.0, 1.0))


def make_piece(
    plan: Plan, effort: config.Effort, watch: Watch | None = None, lock: Lock | None = None
) -> Piece:
    """Pitches for a plan's slots, then dynamics along its curve; what is locked stays as it was."""
    from tensionbgm.search.dynamics import shape_dynamics
    from tensionbgm.search.run import compose

    watch = watch or Watch()
    with watch.stage("notes"):
        piece = compose(plan, effort, watch, lock=lock)
    with watch.stage("dynamics"):
        return shape_dynamics(piece, lock.held if lock else None)


# ------------------------------------------------------------------------ score


def score(
    video: Path,
    out: Path | None = None,
    asked: Asked | None = None,
    force: bool = False,
    watch: Watch | None = None,
    command: Sequence[str] = (),
) -> Scored:
    """The whole job: music for a film, in all its files.

    Parameters
    ----------
    video : Path
        the film
    out : Path, optional
        folder to write; default `<stem>-score` beside the current directory
    asked : Asked, optional
        the user's wishes
    force : bool
        replace files of an earlier run
    watch : Watch, optional
        hears of progress, can stop the work
    command : sequence of str
        what was typed, for the report

    Raises
    ------
    TensionbgmError
        with its one line; nothing is written then
    """
    from tensionbgm.video.analyze import analyze as look_at

    asked, watch = asked or Asked(), watch or Watch()
    out = out or Path(f"{video.stem or video.name}-score")
    check_place(video, out, force)
    timeline = check_wishes(asked.ask, asked.effort, asked.sound, asked.shape)
    analysis = look_at(video, asked.look, watch)
    check_length(analysis)
    with watch.stage("curve and form"):
        curve, form, warnings = understand(analysis, asked.ask.curve, asked.shape, asked.ask.form)
    analysis, hits = read_markers(analysis, asked.ask, timeline)
    plan = make_plan(analysis, curve, form, asked.ask, video.stem, watch, hits)
    piece = make_piece(plan, asked.effort, watch)
    said = [*warnings, *film_warnings(analysis)]
    with written_aside(out, force, earlier_stems(out)) as folder:
        report = write_everything(folder, video, analysis, piece, asked, said, watch, command)
    return Scored(out, report, piece)


def film_warnings(analysis: Analysis) -> list[str]:
    """What could not be had from the film."""
    said = []
    if not len(analysis.shots.boundary_s) and not len(analysis.shots.cut_s):
        said.append(
            "no cuts were found, so there is nothing to land on: the music follows the curve and ends "
            "with the film"
        )
    return said


def write_everything(
    folder: Path,
    video: Path,
    analysis: Analysis,
    piece: Piece,
    asked: Asked,
    said: Sequence[str],
    watch: Watch,
    command: Sequence[str],
) -> dict[str, Any]:
    """All files of a finished job, and the report on what was really written."""
    from tensionbgm.render.audio import score_film

    write_score(folder, piece, watch)
    music, facts = write_audio(folder, piece, analysis.video.duration_s, asked, watch)
    with watch.stage("film"):
        mix = score_film(
            video, analysis.video, music, analysis.speech_s, folder / FILM, asked.sound.sound,
            asked.targets, watch,
        )  # fmt: skip
    sound = {**facts, **dataclasses.asdict(mix)}
    warnings = [*said, *facts["warnings"], *mix.warnings]
    return write_reports(folder, piece, analysis, sound, asked.effort.effort, warnings, watch, command)


def write_score(folder: Path, piece: Piece, watch: Watch) -> None:
    """Write music.mid, music.musicxml, curve.csv and plan.json."""
    from tensionbgm.model.drawn import write_curve_csv
    from tensionbgm.render.midi import write_midi
    from tensionbgm.render.musicxml import write_musicxml

    with watch.stage("score"):
        write_midi(piece, folder / "music.mid")
        write_musicxml(piece, folder / "music.musicxml")
        write_curve_csv(piece.plan.curve, folder / "curve.csv")
        saved.save(piece.plan, folder / "plan.json")


def write_audio(
    folder: Path, piece: Piece, duration_s: float, asked: Asked, watch: Watch
) -> tuple[np.ndarray, dict[str, Any]]:
    """Write music.wav and stems; returns the music, float32 (n, 2), and what was measured of it."""
    from tensionbgm.render.audio import render_audio

    with watch.stage("sound"):
        sounds = render_audio(piece, duration_s, folder, asked.sound.soundfont, asked.targets, watch)
    facts = {
        "font": sounds.font.name,
        "font_licence": sounds.font.licence,
        "stems": list(sounds.stems),
        "music_lufs": sounds.lufs,
        "music_true_peak_dbtp": sounds.true_peak_dbtp,
        "follows_curve": sounds.follows_curve,
        "ridden_db": list(sounds.ridden_db),
        "warnings": list(sounds.warnings),
    }
    return sounds.music, facts


def write_reports(
    folder: Path,
    piece: Piece,
    analysis: Analysis | None,
    sound: dict[str, Any],
    effort: str,
    warnings: Sequence[str],
    watch: Watch,
    command: Sequence[str],
) -> dict[str, Any]:
    """Write report.json, report.png and report.html, measured on music.mid read back."""
    from tensionbgm.music.notes import from_piece, read_midi
    from tensionbgm.report.build import build_report, write_report
    from tensionbgm.report.page import write_page
    from tensionbgm.report.picture import report_picture
    from tensionbgm.search.projection import irreducible
    from tensionbgm.search.run import unsearched

    with watch.stage("report"):
        notes = read_midi(folder / "music.mid")
        report = build_report(
            piece=piece, notes=notes, analysis=analysis, unoptimised=from_piece(unsearched(piece.plan)),
            irreducible=irreducible(piece.plan), sound=sound, effort=effort, command=command,
            warnings=warnings, timings_s=watch.timings_s,
        )  # fmt: skip
        thumbnails = analysis.thumbnails if analysis else None
        report_picture(report, notes, piece.plan, thumbnails, folder / "report.png")
        write_report(report, folder / "report.json")
        write_page(report, notes, piece.plan, thumbnails, folder / "report.html")
    return report
