"""Text -> a moment, exactly; SMPTE timecode <-> frames at the true rate of the film.

Rates are fractions (24000/1001, never 23.976), times are fractions of a second: nothing drifts.  Drop-frame
leaves out labels, never frames: at 30000/1001 the numbers 0 and 1 of every minute but each tenth, at
60000/1001 the numbers 0 to 3 (SMPTE ST 12-1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

WHOLE = (24, 25, 30, 48, 50, 60, 90, 100, 120)  # frames a second films are shot at ...
SLOWED = (24, 30, 48, 60, 120)  # ... and those also run slower by 1000/1001
NEAR = Fraction(3, 10_000)  # how far a measured rate may be off; 24 and 24000/1001 are 10/10000 apart
ROUGH = Fraction(5, 100)  # how far one may be off that a frame of whole milliseconds has
MOST_APART = 4  # frames of the timebase that a frame may last where most are left out
RATES = tuple(map(Fraction, WHOLE)) + tuple(Fraction(1000 * whole, 1001) for whole in SLOWED)

_SECONDS = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,9}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_TIMECODE = re.compile(r"(\d{1,2})[:;](\d{2})[:;](\d{2})([:;.])(\d{2,3})", re.ASCII)


@dataclass(frozen=True)
class Timecode:
    """A label hh:mm:ss:ff; which frame it names depends on the rate."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool = False

    def __str__(self) -> str:
        mark = ";" if self.drop else ":"
        return f"{self.hours:02d}:{self.minutes:02d}:{self.seconds:02d}{mark}{self.frames:02d}"


def exact_rate(fps: float) -> Fraction:
    """The rate a film was made at, from the one that was measured.

    Raises
    ------
    ValueError
        it is no positive number
    """
    if not 0 < fps < 1e9:
        raise ValueError(f"{fps} frames a second are no rate")
    measured = Fraction(fps)
    return _known_rate(measured, NEAR) or measured.limit_denominator(1001) or measured


def film_rate(fps: float, frame_s: float, vfr: bool) -> Fraction:
    """The rate at which timecode counts a film: of the timebase an editing program conforms it to.

    The clock goes on while frames are left out, so in a film that leaves some out it is the rate that most
    frames keep, or a small multiple.  Frames that last equally long have it in their mean, which only a long
    last frame can spoil.

    Parameters
    ----------
    fps : float
        mean rate
    frame_s : float
        median length of a frame [s], as exact as the film's time stamps: 33 ms may be 1/30 s
    vfr : bool
        whether frames differ in length

    Raises
    ------
    ValueError
        these are no positive numbers
    """
    if not (0 < fps < 1e9 and 1e-9 < frame_s < 1e9):
        raise ValueError(f"{fps} frames a second of {frame_s} s are no rate")
    usual, mean = Fraction(1 / frame_s), Fraction(fps)
    measured = [usual, mean] if vfr else [mean, usual]
    if abs(mean / usual - 1) > ROUGH:
        measured = [usual]
    tries = [(rate, NEAR) for rate in measured]
    if vfr:  # where most frames are left out those that stay lie some frames apart
        tries += [(usual, ROUGH), *((times * usual, NEAR) for times in range(2, MOST_APART + 1))]
    known = (_known_rate(rate, off) for rate, off in tries)
    return next((rate for rate in known if rate), None) or exact_rate(float(measured[0]))


def _known_rate(measured: Fraction, off: Fraction) -> Fraction | None:
    """The nearest rate that films are made at, if it is no further off than that share."""
    nearest = min(RATES, key=lambda rate: abs(measured - rate))
    return nearest if abs(measured - nearest) <= off * nearest else None


def parse_rate(text: str) -> Fraction:
    """The rate in "25", "23.976", "29.97" or "30000/1001".

    Raises
    ------
    ValueError
        it is none
    """
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,6})?)(?:/(\d{1,6}))?\s*", text, re.ASCII)
    if match is None or not int(match[2] or 1):
        raise ValueError(f'"{text}" is no rate of frames')
    return exact_rate(float(Fraction(match[1]) / int(match[2] or 1)))


def parse_moment(text: str) -> Fraction | Timecode:
    """Seconds, "m:ss", "h:mm:ss" (each with decimals), or a timecode "hh:mm:ss:ff", "hh:mm:ss;ff".

    Raises
    ------
    ValueError
        it is none of these, or minutes or seconds pass 59
    """
    text = text.strip()
    if code := parse_timecode(text):
        return code
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text[:40]}" is no time')
    hours, minutes, seconds = int(match[1] or 0), int(match[2] or 0), Fraction(match[3].removesuffix("."))
    if (match[2] and seconds >= 60) or (match[1] and minutes >= 60):
        raise ValueError(f'"{text}" has more than 59 minutes or seconds')
    return 3600 * hours + 60 * minutes + seconds


def parse_timecode(text: str) -> Timecode | None:
    """The label in a text; None where there is none.  A dot before the frames needs two semicolons or none.

    Raises
    ------
    ValueError
        minutes or seconds pass 59
    """
    match = _TIMECODE.fullmatch(text.strip())
    if match is None or (match[4] == "." and ";" not in text):  # 0:01:02.50 are seconds and hundredths
        return None
    hours, minutes, seconds, frames = int(match[1]), int(match[2]), int(match[3]), int(match[5])
    if minutes > 59 or seconds > 59:
        raise ValueError(f'"{text.strip()}" has more than 59 minutes or seconds')
    return Timecode(hours, minutes, seconds, frames, ";" in text)


def can_drop(rate: Fraction) -> bool:
    """Whether drop-frame labels exist at this rate."""
    return rate.denominator == 1001 and round(rate) % 30 == 0


def frame_of(code: Timecode, rate: Fraction) -> int:
    """Which frame a label names, counted from 00:00:00:00.

    Raises
    ------
    ValueError
        there is no such label at this rate
    """
    whole = round(rate)
    if code.frames >= whole:
        raise ValueError(f"{code} names frame {code.frames} of a second that has {spoken(rate)}")
    minutes = 60 * code.hours + code.minutes
    frame = (60 * minutes + code.seconds) * whole + code.frames
    if not code.drop:
        return frame
    if not can_drop(rate):
        raise ValueError(
            f"{code} is drop-frame timecode, which there is at 29.97 and 59.94, not {spoken(rate)}"
        )
    left_out = whole // 15
    if code.minutes % 10 and code.seconds == 0 and code.frames < left_out:
        raise ValueError(f"{code} is a label that drop-frame timecode leaves out")
    return frame - left_out * (minutes - minutes // 10)


def label_of(frame: int, rate: Fraction, drop: bool = False) -> Timecode:
    """The label of a frame, counted from 00:00:00:00; the opposite of `frame_of`."""
    whole = round(rate)
    if drop:
        left_out = whole // 15
        tens, rest = divmod(frame, 600 * whole - 9 * left_out)
        frame += 9 * left_out * tens
        if rest >= left_out:
            frame += left_out * ((rest - left_out) // (60 * whole - left_out))
    seconds, frames = divmod(frame, whole)
    return Timecode(seconds // 3600, seconds // 60 % 60, seconds % 60, frames, drop)


def spoken(rate: Fraction) -> str:
    """A rate as people say it, "29.97"."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
