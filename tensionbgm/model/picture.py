"""What a film shows, second by second -> the channels the energy network reads.

Change is read relative to the film's own median, on a log scale and clamped: what frame rate, size, codec
and grading do to it is a factor, and a factor falls out.  What shots do is read relative to the film's mean
too, since a holiday film cuts a tenth as often as a music video.  Two channels, clamped to what music
videos do, tell how lively the film is as a whole.  Played backwards, a film has its channels backwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from tensionbgm.errors import InputError
from tensionbgm.forms import Analysis

FLOOR = 0.5  # change (0..255) that is as good as none: codecs make as much of a still picture
REACH = 3.0  # log change further than this from the film's median is clamped
LONGEST_SHOT_S = 40.0
SMOOTH_S = (2.0, 8.0)  # change and cuts are also read as means around each second, of these widths
TURN_S = (4, 8, 16)  # what is before and after is compared over these spans
LEVEL = (-0.7, 3.2)  # log change of the calmest and of the liveliest music videos, of 100 the second each
CUTS_PER_S = (0.03, 0.8)  # the same for cuts
SPREAD = (0.08, 0.28)  # spread of log change at which a film without cuts begins to move, and does
FLOW_CHANGE = 60.0  # change for a flow of one picture width a second: median of 12 films, 41 to 110 for most
CHANNELS = 3 + 2 * len(SMOOTH_S) + 2 * len(TURN_S) + 2
FILM_CHANNELS = 2  # the last ones are the same all through a film


@dataclass(frozen=True)
class Seconds:
    """A film as the network sees it, in seconds [s, s + 1)."""

    change: np.ndarray  # float (n,), n >= 1, >= 0: mean difference of neighbouring frames, 0..255
    cut: np.ndarray  # int (k,), rising, 1..n-1: seconds with which a new shot begins


def seconds_of(analysis: Analysis) -> Seconds:
    """The film's seconds.

    MuVi-Sync took one pair of frames at s where this takes the mean over [s, s + 1), and put a cut to the
    next whole second where this puts it to the nearest: less noise, and the same forwards and backwards.
    Where `analysis.change` was not measured (analyses saved by earlier versions), it is taken in proportion
    to the optical flow, which inside a film runs nearly alike.

    Raises
    ------
    InputError
        the film has no length, or its change does not match its motion
    """
    video, motion, change = analysis.video, analysis.motion, analysis.change
    if not video.duration_s > 0:
        raise InputError(f"{video.path}: the film has no length; give one with at least one frame")
    if len(change) not in (0, len(motion.time_s)):
        raise InputError(
            f"{video.path}: {len(change)} samples of change for {len(motion.time_s)} of motion; "
            "analyse the film again"
        )
    count = seconds_in(video.duration_s)
    value = change if len(change) else FLOW_CHANGE * motion.magnitude
    per_second = _means(motion.time_s, np.nan_to_num(value, nan=0.0, posinf=255.0), count)
    return seconds_with(per_second, np.asarray(analysis.shots.boundary_s, float))


def seconds_with(change: np.ndarray, boundary_s: np.ndarray) -> Seconds:
    """A film's seconds of its change, float (n,), and the moments it cuts [s], those inside it."""
    cut = np.unique(np.rint(boundary_s).astype(int))
    return Seconds(np.clip(change, 0.0, 255.0), cut[(cut > 0) & (cut < len(change))])


def seconds_in(duration_s: float) -> int:
    """How many seconds a film has, the last one begun counting whole."""
    return max(1, int(np.ceil(duration_s - 1e-6)))


def _means(time_s: np.ndarray, value: np.ndarray, count: int) -> np.ndarray:
    """Mean of what lies in each second; interpolated where nothing does."""
    if not len(time_s):
        return np.zeros(count)
    second = np.clip(np.floor(time_s).astype(int), 0, count - 1)
    samples = np.bincount(second, minlength=count)
    mean = np.bincount(second, value, minlength=count) / np.maximum(samples, 1)
    at = np.flatnonzero(samples)
    return np.interp(np.arange(count), at, mean[at])


def channels(film: Seconds) -> np.ndarray:
    """float32 (`CHANNELS`, n): what the network reads.

    Log change; new shot or not; log length of the shot; the first two smoothed over `SMOOTH_S`; how much
    they turn over each of `TURN_S`; and, constant, the log level of change and of the cut rate.
    """
    count = len(film.change)
    moved, level = relative_change(film)
    rate = np.log(np.clip(len(film.cut) / count, *CUTS_PER_S)) + 1.0
    length = np.log(shot_lengths(film).clip(1.0, LONGEST_SHOT_S))
    new = new_shots(film)
    new = new - new.mean()
    means = [gaussian_filter1d(x, sigma) for sigma in SMOOTH_S for x in (moved, new)]
    turns = [turn(x, half) for half in TURN_S for x in (moved, 2.0 * new)]
    lively = np.clip(level, *LEVEL) - 1.6
    flat = np.ones(count)
    rows = [moved, new, length - length.mean(), *means, *turns, lively * flat, rate * flat]
    return np.stack(rows).astype(np.float32)


def relative_change(film: Seconds) -> tuple[np.ndarray, float]:
    """Log change less the film's median, clamped, float (n,); and that median."""
    log_change = np.log(film.change + FLOOR)
    level = float(np.median(log_change))
    return np.clip(log_change - level, -REACH, REACH), level


def new_shots(film: Seconds) -> np.ndarray:
    """Share of a new shot, float (n,): a cut lies between two seconds, from whichever side it is seen."""
    new = np.zeros(len(film.change))
    new[film.cut] += 0.5
    new[film.cut - 1] += 0.5
    return new


def shot_lengths(film: Seconds) -> np.ndarray:
    """float (n,): length of the shot each second lies in [s]."""
    lengths = np.diff(np.concatenate([[0], film.cut, [len(film.change)]]))
    return np.repeat(lengths, lengths).astype(float)


def turn(value: np.ndarray, half: int) -> np.ndarray:
    """|mean of the next `half` seconds - mean of the last `half`|, float (n,)."""
    total = np.concatenate([[0.0], np.cumsum(np.pad(value, half, mode="edge"))])
    at = np.arange(len(value)) + half
    before, after = total[at] - total[at - half], total[at + 1 + half] - total[at + 1]
    return np.abs(after - before) / half


def presence(film: Seconds) -> float:
    """How much there is to read in the picture, 0..1: 0 if nothing ever changes."""
    if len(film.cut):
        return 1.0
    low, high = SPREAD
    return float(np.clip((np.log(film.change + FLOOR).std() - low) / (high - low), 0.0, 1.0))
