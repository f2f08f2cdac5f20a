"""Piece -> Piece with velocities that rise and fall with the curve.

Loudness is what the ear takes for tension first, so a base contour, the same for all parts, rises
with the curve and nothing else, pp to ff.  On it goes a small bounded correction: the intensity
tension of `music.tension` is measured window by window, and the contour is raised a little where it
falls short of the curve and lowered where it exceeds it, until that helps no more.  The bounds see to
it that a thin calm passage is never played louder than a full climax just to be tense enough.
Accents and the balance of the parts, being ratios, stay.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tensionbgm.forms import Curve, Piece
from tensionbgm.music.notes import from_piece
from tensionbgm.music.tension import Profile, moment_profile

SOFTEST, LOUDEST = 24, 120  # velocities stay within
STEPS = 12  # measurements at most
GAIN = 1.6  # octaves of velocity (6 dB) for a tension too low by 1
LEAST_GAIN = 0.1
LOUDNESS_SHARE = 0.35  # of what is followed: loudness counts by itself too
# The base contour at curve 0 and 1, on top of the plan's own 46..98 [octaves of velocity]: 34..112 in all.
CALM, TENSE = -0.45, 0.2
LARGEST_CORRECTION = 0.25  # either way [octaves of velocity]
STEEPEST_PER_S = 0.7  # how fast the correction may change [octaves of velocity a second]


def shape_dynamics(piece: Piece, held: np.ndarray | None = None) -> Piece:
    """Shape the velocities after the curve the plan asks for.

    Parameters
    ----------
    piece : Piece
        its velocities carry accents and balance
    held : bool (n,), optional
        notes whose velocity is final

    Returns
    -------
    piece : Piece
        pitches unchanged, velocities 24..120 but for those held; never farther from the curve than with
        the base contour alone
    """
    if not len(piece.pitch):
        return piece
    free = np.ones(len(piece.pitch), bool) if held is None else ~held
    profile = moment_profile(from_piece(piece))
    base = CALM + (TENSE - CALM) * piece.plan.curve.mean(profile.start_s, profile.end_s)
    correction = np.zeros(len(base))
    best = _louder(piece, free, profile.time_s, base)
    shortfall = _shortfall(piece.plan.curve, moment_profile(from_piece(best)))
    least, gain = rms(shortfall), GAIN
    for _ in range(STEPS):
        trial = _smooth(correction + gain * shortfall, profile.time_s)
        louder = _louder(piece, free, profile.time_s, base + trial)
        missed = _shortfall(piece.plan.curve, moment_profile(from_piece(louder)))
        if rms(missed) < least - 1e-6:
            best, correction, shortfall, least = louder, trial, missed, rms(missed)
        elif gain > LEAST_GAIN:
            gain /= 2
        else:
            break
    return best


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def _shortfall(curve: Curve, profile: Profile) -> np.ndarray:
    """How much tension, and loudness by itself, each window lacks, float (w,)."""
    reached = LOUDNESS_SHARE * profile.level["loudness"] + (1 - LOUDNESS_SHARE) * profile.intensity
    return curve.mean(profile.start_s, profile.end_s) - reached


def _louder(piece: Piece, free: np.ndarray, time_s: np.ndarray, contour: np.ndarray) -> Piece:
    """The piece with its free velocities raised by the contour [octaves of velocity]."""
    onset_s = piece.plan.grid.seconds(piece.plan.slots["onset_tick"])
    factor = 2.0 ** np.interp(onset_s, time_s, contour)
    louder = np.clip(np.rint(piece.velocity * factor), SOFTEST, LOUDEST)
    velocity = np.where(free, louder, piece.velocity)
    return dataclasses.replace(piece, velocity=velocity.astype(np.uint8))


def _smooth(correction: np.ndarray, time_s: np.ndarray) -> np.ndarray:
    """The correction within its bounds, rounded, and no steeper than allowed either way."""
    padded = np.pad(correction, 1, mode="edge")
    smooth = padded[:-2] / 4 + padded[1:-1] / 2 + padded[2:] / 4
    smooth = np.clip(smooth, -LARGEST_CORRECTION, LARGEST_CORRECTION)
    rise = STEEPEST_PER_S * np.diff(time_s)
    for k in range(1, len(smooth)):
        smooth[k] = np.clip(smooth[k], smooth[k - 1] - rise[k - 1], smooth[k - 1] + rise[k - 1])
    return smooth
