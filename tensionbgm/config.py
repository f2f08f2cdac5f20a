"""Every default, in frozen dataclasses, and nowhere else; the command line is derived from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

EFFORTS = ("draft", "normal", "best")
PALETTES = ("cinematic", "electronic", "acoustic")
SOUNDS = ("duck", "replace", "mute")
ARCS = ("arch", "rise", "fall", "flat")  # of tension where the picture says nothing; the first is the default
DEVICES = ("auto", "cpu", "cuda")
DIALECTS = ("tensionbgm", "chew", "morpheus", "midi-miner")  # whose tonal tension; the first is the default


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] | None = None,
    metavar: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Any:
    """A dataclass field that the command line shows as an option; `limits` bound a number."""
    told = {"help": help, "choices": choices, "metavar": metavar, "limits": limits}
    return field(default=default, metadata=told)


@dataclass(frozen=True)
class Look:
    """How the film is read."""

    height_px: int = 180  # decoded height; width keeps the display aspect
    motion_hz: float = 5.0  # samples of motion per second
    thumbnails: int = 24  # pictures kept for the report


@dataclass(frozen=True)
class Ask:
    """What the user asks of the music."""

    curve: str | None = option(
        None,
        "tension to follow instead of the estimated one: a CSV, JSON, SVG or PNG file, "
        'or points like "0:0.2,12:0.9,100%:0.1" (seconds, m:ss or share of the film : tension 0..1)',
        metavar="FILE|POINTS",
    )
    form: str | None = option(
        None,
        'sections instead of the estimated ones, equal labels for the same music: "A:0,B:12.5,A:1:30" '
        "(label:start), or an edited report.json or plan.json",
        metavar="FILE|SECTIONS",
    )
    palette: str | None = option(
        None, "instruments and figuration (default: from the picture)", choices=PALETTES
    )
    key: str | None = option(
        None, 'key, like "D minor" (default: from the picture and the seed)', metavar="KEY"
    )
    tempo: str = option(
        "72-140", "tempo or range of tempi to choose from [quarters a minute]", metavar="BPM|LO-HI"
    )
    meter: str = option("4/4", "meter of the bars", choices=("2/4", "3/4", "4/4"))
    nearest: bool = option(
        False, "where markers cannot all be met, take the nearest plan with a warning instead of stopping"
    )
    seed: int = option(0, "same seed, same music", metavar="N")
    markers: str | None = option(
        None,
        "moments the music must meet: a CSV of time,name[,weight][,beat] (time in seconds, m:ss or timecode; "
        "beat downbeat, strong or any), or an EDL, FCPXML or OpenTimelineIO file with markers",
        metavar="FILE",
    )
    timecode: str | None = option(
        None,
        "timecode of the film's first frame in that file (default: what the file says, or the whole hour)",
        metavar="HH:MM:SS:FF",
    )


@dataclass(frozen=True)
class Shape:
    """How the estimated curve is drawn."""

    arc: str = option(
        "arch",
        "how tension runs over the film where the picture says nothing: arch (build to a climax, come to "
        "rest), rise, fall or flat",
        choices=ARCS,
    )
    intensity: float | None = option(
        None,
        "how tense the music is on the whole, 0.1 to 0.9 (default: from the picture)",
        metavar="X",
        limits=(0.1, 0.9),
    )
    energy_gain: float = option(
        1.0,
        "how much the picture bends the arc: 0 not at all, 1 as much as it moves, up to 10",
        metavar="G",
        limits=(0.0, 10.0),
    )


@dataclass(frozen=True)
class Effort:
    """How hard to look for notes."""

    effort: str = option("normal", "how long to search", choices=EFFORTS)
    seconds: float | None = option(
        None,
        "limit the search to about this many seconds (the notes then depend on the machine)",
        metavar="S",
    )
    device: str = option("auto", "where to search", choices=DEVICES)


@dataclass(frozen=True)
class Sound:
    """How the music is heard under the film."""

    sound: str = option(
        "duck",
        "in scored.mp4: duck: music under the film's own sound (lifted if it is soft), stepping aside for "
        "speech; replace: only the music is heard; mute: the film keeps its own sound, the music is in its "
        "files only",
        choices=SOUNDS,
    )
    soundfont: str | None = option(
        None, "an SF2 or SF3 font to play with (default: the best found, or our own)", metavar="FILE"
    )


@dataclass(frozen=True)
class Targets:
    """Levels of the finished sound."""

    loudness_lufs: float = -16.0  # integrated, music alone [ITU-R BS.1770]
    true_peak_dbtp: float = -1.0
    speech_headroom_db: float = 14.0  # aimed at in speech spans; 12 is promised
    sample_rate: int = 48_000
