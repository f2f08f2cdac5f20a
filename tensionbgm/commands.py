"""The stages one by one, each from a file to a file: analyze, tension, compose, render, markers, evaluate."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensionbgm import checks, config, pipeline, saved
from tensionbgm.errors import InputError, UsageError
from tensionbgm.folder import file_written_aside, written_aside
from tensionbgm.forms import Curve, Plan
from tensionbgm.progress import Watch

if TYPE_CHECKING:
    from tensionbgm.music.notes import KeyChange, Notes

TENSION_LEVELS = ("intensity", "composite", "tonal", "energy")  # what `tension` prints first


@dataclass(frozen=True)
class Made:
    """What a command made: where it lies, what it says, and what to warn of."""

    place: Path | None
    data: dict[str, Any]
    warnings: tuple[str, ...] = ()


def analyze(
    video: Path,
    out: Path | None = None,
    force: bool = False,
    watch: Watch | None = None,
    shape: config.Shape | None = None,
) -> Made:
    """Shots, motion, estimated curve and form of a film, as JSON values and a picture.

    Raises
    ------
    InputError
        the file is no film, or the picture exists already
    """
    from tensionbgm.report.build import analysis_json
    from tensionbgm.report.picture import analysis_picture
    from tensionbgm.video.analyze import analyze as look_at

    watch = watch or Watch()
    out = out or Path(f"{video.stem or video.name}-analysis.png")
    checks.check_picture(out, video)
    with file_written_aside(out, force) as aside:
        analysis = look_at(video, watch=watch)
        with watch.stage("curve and form"):
            curve, form, warnings = pipeline.understand(analysis, shape=shape)
        with watch.stage("picture"):
            analysis_picture(analysis, curve, form, aside)
    return Made(out, analysis_json(analysis, curve, form), (*warnings, *analysis.warnings))


def tension(
    score: Path,
    out: Path | None = None,
    against: str | None = None,
    force: bool = False,
    dialect: str = "tensionbgm",
    window: str | None = None,
    key: str | None = None,
) -> Made:
    """Tension of a score, window by window, in a dialect, and its fit to a curve.

    `key` is a key like "D minor", or "local": the keys that the music moves through, as they are found.

    Raises
    ------
    InputError
        the file is no score, the key is none, the curve is at fault, or the picture exists already
    UsageError
        the dialect has no such window, or knows one key to a piece
    """
    from tensionbgm.model.drawn import read_curve
    from tensionbgm.music.reading import UNITS, read_tension
    from tensionbgm.music.scores import read_score
    from tensionbgm.music.tension import tension_profile
    from tensionbgm.report.fit import tension_fit
    from tensionbgm.report.picture import tension_picture

    checks.check_picture(out, score, Path(against) if against else None)
    notes = read_score(score)
    keys = _given_keys(notes, key)
    profile = tension_profile(notes, keys)
    reading = read_tension(score, notes, profile, dialect, window, keys)
    data: dict[str, Any] = {
        "score": str(score),
        "dialect": reading.dialect,
        "window": reading.window,
        "times_s": reading.time_s.tolist(),
        "start_s": reading.start_s.tolist(),
        "end_s": reading.end_s.tolist(),
        "key": [[since_s, name] for since_s, name, _ in reading.keys],
        "key_confidence": [sure for *_, sure in reading.keys],
        "key_source": profile.key_source if keys or dialect == "tensionbgm" else "dialect",
        "units": UNITS,
        **{name: value.tolist() for name, value in reading.raw.items()},
        "levels": {name: value.tolist() for name, value in reading.level.items()},
        **{name: reading.level[name].tolist() for name in TENSION_LEVELS},
    }
    drawn = None if against is None else read_curve(against, notes.end_s)
    if drawn:
        fit = tension_fit(drawn.curve, profile)
        data["fit"] = {name: fit[name] for name in ("pearson", "spearman", "rmse")}
    if out is not None:
        with file_written_aside(out, force) as aside:
            tension_picture(notes, profile, reading, aside, drawn.curve if drawn else None, score.stem)
    return Made(out, data, drawn.warnings if drawn else ())


def _given_keys(notes: Notes, key: str | None) -> tuple[KeyChange, ...]:
    """The keys the user wants a score measured against; none: those of the file, or of the dialect."""
    from tensionbgm.music.local_keys import local_keys
    from tensionbgm.music.notes import KeyChange
    from tensionbgm.plan.key import parse_key

    if key is None:
        return ()
    return local_keys(notes) if key == "local" else (KeyChange(0.0, *parse_key(key)),)


def compose(
    plan_file: Path,
    out: Path | None,
    effort: config.Effort,
    seed: int | None = None,
    soundfont: str | None = None,
    force: bool = False,
    watch: Watch | None = None,
    command: Sequence[str] = (),
    locked: str | None = None,
    earlier: Path | None = None,
) -> Made:
    """Compose a plan again, without its film: score, audio and report.

    `locked` names what stays to the byte as it is in an earlier score, "A,3,5-8": sections, bars from 1.
    That score is `earlier`, a MIDI file or the folder of one; by default it lies beside the plan.

    Raises
    ------
    InputError
        the plan cannot be read or contradicts itself, the output exists already, what is locked is not
        there, or the earlier score is not this plan's
    UsageError
        an earlier score is given, but nothing to lock
    """
    from tensionbgm.music.notes import read_midi
    from tensionbgm.report.build import write_report
    from tensionbgm.search import lock as locks
    from tensionbgm.search.check import check_plan

    if locked is None and earlier is not None:
        raise UsageError("--from: is the score that --lock keeps something of; give --lock too")
    watch = watch or Watch()
    out = out or Path(f"{plan_file.stem}-composed")
    asked = pipeline.Asked(effort=effort, sound=config.Sound(soundfont=soundfont))
    checks.check_place(None, out, force)
    checks.check_wishes(asked.ask, asked.effort, asked.sound)
    plan = saved.load(Plan, plan_file)
    if seed is not None:
        plan = plan.reseeded(seed)
    check_plan(plan)
    if not len(plan.slots):
        raise InputError(f"{plan_file}: holds no notes; plan the piece again")
    duration_s = float(plan.grid.bar_us[-1]) / 1e6
    checks.check_duration(plan_file, duration_s)
    lock = None if locked is None else locks.read_lock(plan, locked, locks.find_score(plan_file, earlier))
    piece = pipeline.make_piece(plan, effort, watch, lock)
    with written_aside(out, force, checks.earlier_stems(out)) as folder:
        pipeline.write_score(folder, piece, watch)
        if lock:
            locks.check_kept(plan, lock, read_midi(folder / "music.mid"))
        _, facts = pipeline.write_audio(folder, piece, duration_s, asked, watch)
        said = [*(lock.warnings if lock else ()), *facts["warnings"]]
        report = pipeline.write_reports(folder, piece, None, facts, effort.effort, said, watch, command)
        if lock:
            report["locked"] = lock.facts(plan)
            write_report(report, folder / "report.json")
    return Made(out, report, tuple(report["warnings"]))


def render(
    score: Path,
    video: Path | None,
    out: Path | None,
    sound: config.Sound,
    force: bool = False,
    watch: Watch | None = None,
) -> Made:
    """Play a MIDI file - as written, or edited since - as audio with stems, and put it under a film.

    Raises
    ------
    InputError
        the file is no MIDI file, the film is none, or the output exists already
    """
    from tensionbgm.render.audio import score_film
    from tensionbgm.render.from_midi import read_piece
    from tensionbgm.video.analyze import analyze as look_at

    watch = watch or Watch()
    out = out or Path(f"{score.stem}-audio")
    asked = pipeline.Asked(sound=sound)
    checks.check_place(video, out, force)
    checks.check_wishes(asked.ask, asked.effort, asked.sound)
    beside = score.with_name("curve.csv")  # the curve it was composed after shapes its loudness again
    piece = read_piece(score, beside_curve(beside))
    analysis = look_at(video, watch=watch) if video else None
    duration_s = analysis.video.duration_s if analysis else float(piece.plan.grid.bar_us[-1]) / 1e6
    checks.check_duration(video or score, duration_s)
    with written_aside(out, force, checks.earlier_stems(out)) as folder:
        music, facts = pipeline.write_audio(folder, piece, duration_s, asked, watch)
        if video and analysis:
            with watch.stage("film"):
                mix = score_film(
                    video, analysis.video, music, analysis.speech_s, folder / checks.FILM, sound.sound,
                    asked.targets, watch,
                )  # fmt: skip
            facts = {**facts, **dataclasses.asdict(mix), "warnings": [*facts["warnings"], *mix.warnings]}
    return Made(out, facts, tuple(facts["warnings"]))


def markers(
    score: Path,
    out: Path | None = None,
    kinds: str = "section,cut,marker",
    rate: str | None = None,
    timecode: str | None = None,
    force: bool = False,
) -> Made:
    """Sections, cuts, markers and bars of a score as markers for an editing program.

    Parameters
    ----------
    score : Path
        the folder of a score, or a plan.json; where music.mid lies beside it, what was met is told
    out : Path, optional
        its ending decides: .csv, .edl, .fcpxml, .otio; default `<score>-markers.csv`
    kinds : str
        which to write, divided by commas: section, cut, marker, bar
    rate : str, optional
        frames a second, "25" or "30000/1001"; default those timecode counts in the film, by the report beside
        the plan
    timecode : str, optional
        of the film's first frame; default 01:00:00:00

    Raises
    ------
    InputError
        the plan cannot be read, or the file cannot be written or exists already
    UsageError
        there is no such kind, rate or timecode
    """
    from tensionbgm.markers.marks import Film
    from tensionbgm.markers.read import parse_first
    from tensionbgm.markers.structure import parse_kinds, structure
    from tensionbgm.markers.timecode import parse_rate
    from tensionbgm.markers.write import check_target, marks_text
    from tensionbgm.music.notes import read_midi
    from tensionbgm.render.midi import section_starts
    from tensionbgm.report.cuts import find_accents, nearest_error_s
    from tensionbgm.report.markers import markers_met
    from tensionbgm.search.check import check_plan

    chosen, first = parse_kinds(kinds), parse_first(timecode)
    folder = score if score.is_dir() else score.parent
    try:
        exact, said = checks.film_rate(folder) if rate is None else (parse_rate(rate), ())
    except ValueError as wrong:
        raise UsageError(f"rate: {wrong}; give one like 25 or 29.97") from wrong
    out = out or Path(f"{score.resolve().name if score.is_dir() else score.stem}-markers.csv")
    check_target(out)
    plan = saved.load(Plan, score / "plan.json" if score.is_dir() else score)
    check_plan(plan)
    midi = folder / "music.mid"
    cut_ms = marker_ms = None
    if midi.is_file():
        notes = read_midi(midi)
        cut_ms = 1000 * nearest_error_s(plan.grid.cut_s, find_accents(notes).accent_s)
        marker_ms = [met["met_ms"] for met in markers_met(plan.markers, notes)]
    marks = structure(plan, list(section_starts(plan.grid)), cut_ms, marker_ms, chosen)
    film = None if exact is None else Film(exact, Fraction(int(plan.grid.bar_us[-1]), 10**6), first=first)
    text = marks_text(marks, out, film, plan.title)
    with file_written_aside(out, force) as aside:
        aside.write_text(text, encoding="utf-8")
    said = said if film and out.suffix.lower() != ".csv" else ()
    return Made(out, {"markers": [mark.told() for mark in marks]}, said)


def evaluate(
    folders: Sequence[Path], videos: Path | None = None, watch: Watch | None = None
) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """What finished jobs reached, beside controls and chance: a table, the same as JSON values, and notes.

    Parameters
    ----------
    folders : sequence of Path
        folders that `score` wrote
    videos : Path, optional
        where the films lie, for matching; default: where they were when they were scored

    Raises
    ------
    InputError
        a folder is missing or broken
    """
    from tensionbgm.film_match import match_outputs
    from tensionbgm.report.build import plain
    from tensionbgm.report.evaluate import CHANCE, evaluation_table, figures, means, read_output

    if videos is not None and not videos.is_dir():
        raise InputError(f"{videos}: is no folder; give the one the films lie in")
    outputs = [read_output(folder) for folder in folders]
    rows: dict[str, dict[str, float | None]] = {}
    notes: list[str] = []
    for output, matched in zip(outputs, match_outputs(outputs, videos, watch), strict=True):
        row, said = figures(output)
        if matched.match:
            row |= {"match_rank": matched.match.rank, "match_z": matched.match.z}
        if matched.preferred:
            row["preferred"], row["preferred_by_product"] = matched.preferred
        rows[str(output.folder)] = row
        notes += [f"{output.folder}: {note}" for note in said]
        notes += [f"no matching: {matched.why}"] if matched.why else []
    data = {"folders": rows, "mean": means(list(rows.values())), "chance": CHANCE, "notes": notes}
    return evaluation_table(rows), plain(data), tuple(notes)


def beside_curve(path: Path) -> Curve | None:
    """The curve `score` wrote beside its MIDI file, if it is there.

    Raises
    ------
    InputError
        the file is there and is no curve
    """
    from tensionbgm.model.drawn import check_points
    from tensionbgm.model.points import points_from_text

    if not path.is_file():
        return None
    time_s, value = points_from_text(path, path.read_text(encoding="utf-8", errors="replace"), 0.0)
    check_points(str(path), time_s, value)
    return Curve(time_s, value, "file")


def demo(out: Path, force: bool = False) -> None:
    """Draw the short film the program can always be tried on.

    Raises
    ------
    InputError
        the file exists already, cannot be written, or is not called .mp4
    """
    from tensionbgm.video.demo import make_demo

    if out.suffix.lower() != ".mp4":
        raise InputError(f"{out}: the demo is an mp4 film; give a name that ends in .mp4")
    with file_written_aside(out, force) as aside:
        make_demo(aside)


def train(
    model: str,
    data: Path,
    out: Path | None = None,
    seed: int = 0,
    force: bool = False,
    watch: Watch | None = None,
) -> Path:
    """Train the energy model ("video") or the matching model ("match") on a corpus on disk.

    Checkpoints lie beside the file until it is done: the same call goes on where an interrupted one was.
    Returns the file, by default energy.safetensors or match.safetensors.

    Raises
    ------
    InputError
        the corpus is missing or at fault, the file exists already or cannot be written, or a checkpoint
        beside it is of another training
    Cancelled
        the watch said so
    """
    from tensionbgm.model.energy_fit import fit_energy
    from tensionbgm.model.match_fit import fit_match

    name, fit = {"video": ("energy", fit_energy), "match": ("match", fit_match)}[model]
    out = out or Path(f"{name}.safetensors")
    with file_written_aside(out, force) as aside:
        fit(data, aside, seed, watch, notes=out)
    return out
