"""The nouns of this room: a mark, what a file says, and the film it is said of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tensionbgm.errors import InputError
from tensionbgm.forms import BEATS
from tensionbgm.markers.timecode import Timecode

KINDS = ("section", "cut", "marker", "bar")  # what a mark of ours stands for
LONGEST_NAME = 200  # characters
MOST = 500  # markers of the user: one every seven seconds of an hour


@dataclass(frozen=True)
class Mark:
    """One moment with a name."""

    at: Fraction | Timecode  # seconds from the first frame of its timeline, or a label
    name: str
    weight: float = 1.0  # 0..1
    beat: str = "strong"  # downbeat | strong | any
    kind: str = "marker"  # section | cut | marker | bar
    note: str = ""  # what became of it
    where: str = ""  # in the file, for faults: "line 12"
    late: int = 0  # frames after that label: the middle of a dissolve that begins there

    @property
    def time(self) -> Fraction:
        """`at`, of a mark that has a time and no label [s]."""
        if isinstance(self.at, Timecode):
            raise TypeError(f"{self.at} is a label; which time that is depends on the film")
        return self.at

    def told(self) -> dict[str, str | float]:
        """What a program may want to know of it."""
        return {
            "time_s": float(self.time),
            "name": self.name,
            "kind": self.kind,
            "weight": self.weight,
            "beat": self.beat,
            "note": self.note,
        }


@dataclass(frozen=True)
class Timeline:
    """What a file of an editing program says; times are not yet those of the film."""

    markers: tuple[Mark, ...]
    edits: tuple[Mark, ...] = ()  # where one clip ends and the next begins
    kinds: str = "markers"  # what `markers` are: "2 timeline markers and 1 clip marker"
    start: Fraction = Fraction(0)  # timecode of its first frame [s]
    span: tuple[Timecode, Timecode] | None = None  # first and last label of an edit list
    drop: bool = False  # its labels are drop-frame where the rate has those, whatever they look like
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Film:
    """What must be known of the film to place a mark in it."""

    rate: Fraction  # frames a second
    duration: Fraction  # seconds
    steady: bool = True  # all frames last equally long
    first: Timecode | None = None  # label of its first frame, if the user says so


def fault(path: Path, what: str, remedy: str) -> InputError:
    """The one line for a file at fault."""
    line = " ".join("".join(c if c.isprintable() else " " for c in what).split())
    return InputError(f"{path}: {line}; {remedy}")


def check_count(path: Path, n: int) -> None:
    """Refuse more markers than music can meet; while reading, so that a million take no time.

    Raises
    ------
    InputError
    """
    if n > MOST:
        raise fault(path, f"holds more than {MOST} markers", "keep those the music must meet")


def counted(n: int, what: str) -> str:
    """ "1 marker", "2 markers"."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def plain(text: str) -> str:
    """A name in one line that every file can hold: printable, single spaces, at most `LONGEST_NAME` long."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    kept = "".join(c if c.isprintable() else " " for c in whole)
    return " ".join(kept.split())[:LONGEST_NAME].rstrip()


def split_wishes(text: str) -> tuple[str, float, str]:
    """Name, weight and beat of "Door slams [downbeat 0.5]"; what is not said is 1 and strong.

    So a marker can ask for a beat in programs whose markers have nothing but a name.
    """
    name, bracket, wishes = text.rstrip().rpartition("[")
    asked = bool(bracket) and wishes.endswith("]")
    words = wishes[:-1].replace(",", " ").split() if asked else []
    beats = [word for word in words if word in BEATS]
    weights = [float(word) for word in words if re.fullmatch(r"0(\.\d{1,9})?|1(\.0{1,9})?|\.\d{1,9}", word)]
    if not words or len(beats) + len(weights) != len(words) or max(len(beats), len(weights)) > 1:
        return text, 1.0, "strong"
    return name.rstrip(), weights[0] if weights else 1.0, beats[0] if beats else "strong"


def wished(text: str) -> tuple[str, float, str]:
    """The same of text from a file, its name made plain."""
    name, weight, beat = split_wishes(text)
    return plain(name), weight, beat


def join_wishes(mark: Mark) -> str:
    """The name with what `split_wishes` must find in it."""
    wishes = [mark.beat] if mark.beat != "strong" else []
    if mark.weight != 1:
        wishes.append(f"{mark.weight:.9f}".rstrip("0").rstrip("."))
    if not wishes:
        if split_wishes(mark.name) == (mark.name, 1.0, "strong"):
            return mark.name
        wishes = ["strong"]  # lest the name's own brackets be taken for one
    return f"{mark.name} [{' '.join(wishes)}]".lstrip()
