"""Command line -> calls of the pipeline; no logic a Python caller would miss."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensionbgm import config, stop
from tensionbgm.console import Bars, say, tell
from tensionbgm.errors import UsageError
from tensionbgm.options import add_options, from_options, whole_number
from tensionbgm.progress import Watch
from tensionbgm.version import VERSION

if TYPE_CHECKING:
    from tensionbgm.commands import Made

EXAMPLES = """examples:
  tensionbgm score holiday.mp4
  tensionbgm score trailer.mov --curve "0:0.2,40%:0.9,100%:0.1" --palette cinematic --seed 7
  tensionbgm score vlog.mp4 --key "D minor" --tempo 80-100 -o take2
"""


def run(arguments: list[str] | None = None) -> int:
    """Parse the command line and run the command; returns the exit status."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help(sys.stderr)
        return UsageError.exit_status
    # What the user typed, for the report: the words, not the interpreter's path.
    args.typed = ["tensionbgm", *(sys.argv[1:] if arguments is None else arguments)]
    args.run(args)
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line: one subcommand a stage, each with the options of its configuration."""
    parser = argparse.ArgumentParser(
        prog="tensionbgm",
        description="Music for a locked video: follows its tension, lands on its cuts, ends with it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tensionbgm {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _score(commands)
    _analyze(commands)
    _tension(commands)
    _compose(commands)
    _render(commands)
    _markers(commands)
    _evaluate(commands)
    _train(commands)
    _demo(commands)
    _doctor(commands)
    return parser


# ------------------------------------------------------------------------ what each command takes


def _command(commands: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def _common(parser: argparse.ArgumentParser, force: bool = True) -> None:
    if force:
        parser.add_argument("--force", action="store_true", help="replace output that is already there")
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _score(commands: Any) -> None:
    parser = _command(commands, "score", score, "write music for a video and put it under the film")
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="folder to write (default: VIDEO-score)"
    )
    for group in (config.Ask, config.Shape, config.Effort, config.Sound):
        add_options(parser, group)
    _common(parser)


def _analyze(commands: Any) -> None:
    parser = _command(commands, "analyze", analyze, "read shots, motion, curve and form of a video")
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument("-o", "--out", type=Path, metavar="PNG", help="picture (default: VIDEO-analysis.png)")
    add_options(parser, config.Shape)
    _common(parser)


def _tension(commands: Any) -> None:
    help = "measure the tension of a score: MIDI, MusicXML or kern"
    parser = _command(commands, "tension", tension, help)
    parser.add_argument("score", type=Path, metavar="SCORE")
    parser.add_argument("-o", "--out", type=Path, metavar="PNG", help="write a picture")
    parser.add_argument("--against", metavar="FILE|POINTS", help="a curve to compare intensity with")
    parser.add_argument(
        "--dialect",
        choices=config.DIALECTS,
        default=config.DIALECTS[0],
        help="whose diameter, momentum and strain (default: ours)",
    )
    parser.add_argument(
        "--window",
        metavar="16th|beat|bar|SECONDS",
        help="what is measured at a time (default: the dialect's own; ours is a bar long, a beat apart)",
    )
    parser.add_argument(
        "--key",
        metavar="KEY|local",
        help='the key to measure against, like "D minor", or "local": those the music moves through '
        "(default: the file's own, else the one found)",
    )
    _common(parser)


def _compose(commands: Any) -> None:
    parser = _command(commands, "compose", compose, "compose a plan.json again: score and audio, no film")
    parser.add_argument("plan", type=Path, metavar="PLAN.json")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="folder to write (default: PLAN-composed)"
    )
    parser.add_argument(
        "--seed",
        type=whole_number,
        metavar="N",
        help="another seed than the plan's: other notes, about as good; the plan's own gives the same again",
    )
    parser.add_argument(
        "--lock",
        metavar="SECTION|BAR|BAR-BAR,...",
        help="what stays as it is in an earlier score, like A,3,5-8: sections by letter, bars from 1",
    )
    parser.add_argument(
        "--from",
        dest="earlier",
        type=Path,
        metavar="DIR|MIDI",
        help="the earlier score (default: music.mid beside the plan)",
    )
    add_options(parser, config.Effort)
    parser.add_argument("--soundfont", metavar="FILE", help="an SF2 or SF3 font to play with")
    _common(parser)


def _render(commands: Any) -> None:
    help = "play a MIDI file as audio with stems, and put it under a video"
    parser = _command(commands, "render", render, help)
    parser.add_argument("score", type=Path, metavar="MIDI")
    parser.add_argument("--video", type=Path, metavar="VIDEO", help="film to put the music under")
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="folder to write (default: MIDI-audio)")
    add_options(parser, config.Sound)
    _common(parser)


def _markers(commands: Any) -> None:
    help = "write sections, cuts and markers of a score as markers for an editing program"
    parser = _command(commands, "markers", markers, help)
    parser.add_argument("score", type=Path, metavar="DIR|PLAN.json")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE",
        help="file to write: .csv, .edl, .fcpxml or .otio (default: DIR-markers.csv)",
    )  # fmt: skip
    parser.add_argument(
        "--kinds", default="section,cut,marker", metavar="KIND,...",
        help="what to write: section, cut, marker, bar (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--rate", metavar="FPS", help="frames a second, like 25 or 29.97 (default: the film's)"
    )
    parser.add_argument(
        "--timecode", metavar="HH:MM:SS:FF", help="of the film's first frame (default: 01:00:00:00)"
    )
    _common(parser)


def _evaluate(commands: Any) -> None:
    help = "tell what finished scores reached, beside controls and chance"
    parser = _command(commands, "evaluate", evaluate, help)
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="a folder that score wrote")
    parser.add_argument(
        "--videos", type=Path, metavar="DIR",
        help="where the films lie, for matching (default: where they were when they were scored)",
    )  # fmt: skip
    _common(parser, force=False)


def _train(commands: Any) -> None:
    help = "train a model that ships again, from a corpus on disk"
    parser = _command(commands, "train", train, help)
    parser.add_argument(
        "model", choices=("video", "match"),
        help="video: the energy of music, from the picture; match: how well music goes with a picture",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR",
        help="the corpus: MuVi-Sync packed as arrays (docs/video_model.md)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE",
        help="file to write (default: energy.safetensors, match.safetensors)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="same seed, same weights (default: 0)"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is already there")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _demo(commands: Any) -> None:
    parser = _command(commands, "demo", demo, "draw a short film to try the program on")
    parser.add_argument("video", type=Path, metavar="FILE.mp4")
    parser.add_argument("--keep", action="store_true", help="do nothing if the file is there already")
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")


def _doctor(commands: Any) -> None:
    parser = _command(commands, "doctor", doctor, "say what is installed, what is missing, and what to do")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON on stdout")


# ------------------------------------------------------------------------ what each command does


def score(args: argparse.Namespace) -> None:
    """Write music for a video."""
    from tensionbgm import pipeline

    asked = pipeline.Asked(
        ask=from_options(config.Ask, args),
        shape=from_options(config.Shape, args),
        effort=from_options(config.Effort, args),
        sound=from_options(config.Sound, args),
    )
    with _bars(args) as bars:
        result = pipeline.score(args.video, args.out, asked, args.force, Watch(bars, stop.asked), args.typed)
    _warn(result.report["warnings"])
    if args.json:
        _print_json(result.report)
        return
    say(_summary(result.report))
    tell(result.folder)


def analyze(args: argparse.Namespace) -> None:
    """Read a video."""
    from tensionbgm import commands

    with _bars(args) as bars:
        made = commands.analyze(
            args.video, args.out, args.force, Watch(bars, stop.asked), from_options(config.Shape, args)
        )
    _tell(args, made)


def tension(args: argparse.Namespace) -> None:
    """Measure a score."""
    from tensionbgm import commands

    made = commands.tension(
        args.score, args.out, args.against, args.force, args.dialect, args.window, args.key
    )
    if args.json:
        _tell(args, made)
        return
    _warn(made.warnings)
    names = (*commands.TENSION_LEVELS, *made.data["units"])
    print("time_s,start_s,end_s," + ",".join(names))
    columns = [made.data[name] for name in ("times_s", "start_s", "end_s", *names)]
    for row in zip(*columns, strict=True):
        print(",".join(f"{value:.4f}" for value in row))
    keys = "; ".join(f"{name} from {since_s:.1f} s" for since_s, name in made.data["key"])
    say(f"key ({made.data['key_source']}): {keys}")
    if "fit" in made.data:
        say("fit: " + ", ".join(f"{name} {_number(value)}" for name, value in made.data["fit"].items()))


def compose(args: argparse.Namespace) -> None:
    """Compose a plan again."""
    from tensionbgm import commands

    effort = from_options(config.Effort, args)
    with _bars(args) as bars:
        made = commands.compose(
            args.plan,
            args.out,
            effort,
            args.seed,
            args.soundfont,
            args.force,
            Watch(bars, stop.asked),
            args.typed,
            args.lock,
            args.earlier,
        )
    _tell(args, made)


def render(args: argparse.Namespace) -> None:
    """Turn a score into audio."""
    from tensionbgm import commands

    sound = from_options(config.Sound, args)
    with _bars(args) as bars:
        made = commands.render(args.score, args.video, args.out, sound, args.force, Watch(bars, stop.asked))
    _tell(args, made)


def markers(args: argparse.Namespace) -> None:
    """Write a score's structure for an editing program."""
    from tensionbgm import commands

    _tell(args, commands.markers(args.score, args.out, args.kinds, args.rate, args.timecode, args.force))


def evaluate(args: argparse.Namespace) -> None:
    """Tell what finished scores reached."""
    from tensionbgm import commands

    with _bars(args) as bars:
        table, data, notes = commands.evaluate(args.folders, args.videos, Watch(bars, stop.asked))
    if args.json:
        _print_json(data)
        return
    tell(table)
    for note in notes:
        say(f"note: {note}")


def train(args: argparse.Namespace) -> None:
    """Train a model; after Ctrl-C the same call goes on."""
    from tensionbgm import commands

    with _bars(args) as bars:
        made = commands.train(args.model, args.data, args.out, args.seed, args.force, Watch(bars, stop.asked))
    tell(made)


def demo(args: argparse.Namespace) -> None:
    """Draw the demonstration film."""
    from tensionbgm import commands

    if not (args.keep and args.video.exists()):
        commands.demo(args.video, args.force)
    tell(args.video)


def doctor(args: argparse.Namespace) -> None:
    """Examine the installation."""
    from tensionbgm import doctor

    findings = doctor.examine()
    if args.json:
        _print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            tell(f"{'ok     ' if finding.ok else 'MISSING'} {finding.name}: {finding.detail}")
    if not all(finding.ok for finding in findings):
        missing = ", ".join(finding.name for finding in findings if not finding.ok)
        raise doctor.Unwell(f"missing: {missing}; install again with `make dev`")


# ------------------------------------------------------------------------ what all of them print


def _bars(args: argparse.Namespace) -> Bars:
    return Bars(quiet=args.quiet)


def _tell(args: argparse.Namespace, made: Made) -> None:
    """Warnings on stderr; on stdout the data as JSON, or the place of what was made."""
    _warn(made.warnings)
    if args.json:
        _print_json(made.data)
    else:
        tell(made.place)


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        say(f"warning: {warning}")


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=1, allow_nan=False))


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _summary(report: dict[str, Any]) -> str:
    """The figures that matter, in one line."""
    metrics = report["metrics"]
    cuts, fit = metrics["cuts"], metrics["tension"]
    hits = f"cuts within 40 ms {_percent(cuts['hit_40ms'])} (chance {_percent(cuts['chance_40ms'])})"
    held = [abs(met["met_ms"]) <= 40 for met in report["markers"] if met["met_ms"] is not None]
    marked = f"markers within 40 ms {sum(held)} of {len(report['markers'])}; " if report["markers"] else ""
    end = f"ends {_number(cuts['end_error_ms'], 0)} ms from the last frame"
    return (
        f"{report['video']['duration_s']:.1f} s of music; tension r {_number(fit['pearson'], 2)}; "
        f"{hits if cuts['n'] else 'no cuts'}; {marked}{end}"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
