"""Piece -> Piece with velocities that bring its measured tension to the curve.

The plan's own velocities rise with the curve and nothing else, pp to ff.  What a bar's harmony, density and
scoring add to that or take away is measured window by window, and a contour, the same for all parts, makes
up for it: a little louder where the tension falls short of the curve, softer where it exceeds it.  The
contour is bounded and never steep, and loudness keeps near a line that rises with the curve: harmony that is
tenser than asked is not made up for by a climax played softer than a calm passage.  Accents and the balance
of the parts, being ratios, stay.

Velocities change loudness alone, so the rest is measured once, and each window tells how many decibels it
lacks: its shortfall over the slope of intensity in loudness (Newton's step), shared out to the beats it
covers, again and again, since windows overlap.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tensionbgm.forms import PPQ, Piece
from tensionbgm.music import energy, scale
from tensionbgm.music.notes import from_piece
from tensionbgm.music.tension import Profile, blend, moment_profile
from tensionbgm.music.windows import windows

SOFTEST, LOUDEST = 24, 120  # velocities stay within
LARGEST = 0.5  # what the contour adds or takes at most [octaves of velocity, 6 dB each]
STEEPEST_PER_S = 1.0  # how fast it may change [octaves of velocity a second]
ROUNDS = 24
SHARE = 0.7  # of the step that would close the gap if windows did not overlap
OCTAVE_DB = 20 * np.log10(2.0)
LEAST_SLOPE = 0.03  # tension a dB; where the scale is flatter than that loudness cannot help much
LARGEST_STEP_DB = 4.0
RISE_DB = 8.0  # loudness is led along a line that rises by so much from tension 0 to 1, but for ...
ASIDE_DB = 1.0  # ... what it may leave the line by, either way


def shape_dynamics(piece: Piece, held: np.ndarray | None = None) -> Piece:
    """Shape the velocities after the curve the plan asks for.

    Parameters
    ----------
    piece : Piece
        its velocities rise with the curve and carry accents and balance
    held : bool (n,), optional
        notes whose velocity is final

    Returns
    -------
    piece : Piece
        pitches unchanged, velocities 24..120 but for those held; no farther from the curve than before
    """
    if not len(piece.pitch):
        return piece
    free = np.ones(len(piece.pitch), bool) if held is None else ~held
    notes = from_piece(piece)
    profile, over = moment_profile(notes), windows(notes)
    asked = piece.plan.curve.mean(profile.start_s, profile.end_s)
    beat_s, cover = _beats(piece, profile)
    contour = np.zeros(len(beat_s))
    best, least = piece, np.inf
    for _ in range(ROUNDS):
        louder = _louder(piece, free, beat_s, contour)
        loud_db = energy.loudness(from_piece(louder), over.start_quarter, over.end_quarter)
        missed = asked - _intensity(profile, loud_db)
        if rms(missed) < least:
            best, least = louder, rms(missed)
        slope = (_intensity(profile, loud_db + 1) - _intensity(profile, loud_db - 1)) / 2
        step_db = np.clip(missed / np.maximum(slope, LEAST_SLOPE), -LARGEST_STEP_DB, LARGEST_STEP_DB)
        step_db = _near_the_line(loud_db + step_db, asked) - loud_db
        contour = _bounded(contour + SHARE * (cover @ step_db) / OCTAVE_DB, beat_s)
    return best


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def _beats(piece: Piece, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Time of every beat, float (b,) [s], and what each window counts there, float (b, w), rows of sum 1."""
    grid = piece.plan.grid
    beat_s = np.asarray(grid.seconds(np.arange(0, int(grid.bar_tick[-1]) + 1, PPQ)), float)
    inside = (profile.start_s <= beat_s[:, None] + 1e-6) & (beat_s[:, None] <= profile.end_s + 1e-6)
    inside[~inside.any(axis=1), -1] = True  # beats after the last note
    return beat_s, inside / inside.sum(axis=1, keepdims=True)


def _intensity(profile: Profile, loud_db: np.ndarray) -> np.ndarray:
    """Intensity of each window if it were so loud, float (w,), 0..1."""
    level = {**profile.level, "loudness": scale.level("loudness", loud_db)}
    return scale.level("intensity", blend(level)["intensity"])


def _near_the_line(wanted_db: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The loudness wanted, as far as it keeps near a line that rises with the curve [dB]."""
    line_db = np.mean(wanted_db) + RISE_DB * (asked - np.mean(asked))
    return np.clip(wanted_db, line_db - ASIDE_DB, line_db + ASIDE_DB)


def _louder(piece: Piece, free: np.ndarray, beat_s: np.ndarray, contour: np.ndarray) -> Piece:
    """The piece with its free velocities raised by the contour [octaves of velocity]."""
    onset_s = piece.plan.grid.seconds(piece.plan.slots["onset_tick"])
    louder = np.clip(np.rint(piece.velocity * 2.0 ** np.interp(onset_s, beat_s, contour)), SOFTEST, LOUDEST)
    return dataclasses.replace(piece, velocity=np.where(free, louder, piece.velocity).astype(np.uint8))


def _bounded(contour: np.ndarray, beat_s: np.ndarray) -> np.ndarray:
    """The contour within its bounds and no steeper than allowed either way."""
    bounded = np.clip(contour, -LARGEST, LARGEST)
    rise = STEEPEST_PER_S * np.diff(beat_s)
    for k in range(1, len(bounded)):
        bounded[k] = np.clip(bounded[k], bounded[k - 1] - rise[k - 1], bounded[k - 1] + rise[k - 1])
    return bounded
