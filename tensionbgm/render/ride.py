"""The sum of all stems and the curve in, a slow gain that lets loudness follow the curve out.

Velocities already rise and fall with the curve, but how loud a bar is depends on its scoring too: a
mixing engineer rides the fader then.  So does this, on the sum, slowly enough to leave every accent.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from tensionbgm.forms import Curve
from tensionbgm.render.loudness import RATE, lufs, short_term

RANGE_LU = 13.0  # short-term loudness between curve 0 and curve 1
LIMIT_DB = 6.0  # the fader moves no further than this either way
SMOOTH_S = 2.0  # the gain is a mean over about this long
ROUNDS = 8
FLAT = 0.02  # a curve that spans less asks for nothing
SILENT_LUFS = -70.0  # there is nothing to ride below this
_HOP_S = 0.1
_WINDOW_S = 3.0


def ride_db(power: np.ndarray, curve: Curve, last_onset_s: float) -> np.ndarray:
    """The gain that steers short-term loudness toward the curve [dB].

    Parameters
    ----------
    power : float (hops,), K-weighted, of the sum (`hop_power`)
    curve : what is asked for
    last_onset_s : from here on the gain stays, so that the last chord dies away as it would

    Returns
    -------
    gain_db : float (hops,), within +-LIMIT_DB, mean over the sounding music about 0;
        all 0 where the curve is flat or the music silent
    """
    gain = np.zeros(len(power))
    asked = RANGE_LU * _curve_mean(curve, len(power))
    ridden = np.arange(len(power)) * _HOP_S < last_onset_s
    ridden &= lufs(short_term(power)) > SILENT_LUFS
    if not is_shaped(curve) or ridden.sum() < _WINDOW_S / _HOP_S:
        return gain
    wish = gain
    for _ in range(ROUNDS):
        miss = asked - lufs(short_term(power * 10 ** (gain / 10)))
        miss -= miss[ridden].mean()
        wish = np.clip(wish + 0.7 * np.where(ridden, miss, 0.0), -LIMIT_DB, LIMIT_DB)
        gain = _held(_smooth(wish), ridden)
    return gain


def frame_gain(gain_db: np.ndarray, frames: int) -> np.ndarray:
    """The gain of each frame, linear between the middles of the hops; float32 (frames,), not in dB."""
    if not gain_db.any():
        return np.ones(frames, np.float32)
    middle = (np.arange(len(gain_db)) + 0.5) * _HOP_S * RATE
    linear = np.interp(np.arange(frames), middle, 10 ** (gain_db / 20))
    return linear.astype(np.float32)


def follows_curve(power: np.ndarray, curve: Curve) -> float | None:
    """How well heard loudness follows the curve: Pearson's r of the two, each over 3 s, 1 s apart.

    Parameters
    ----------
    power : float (hops,), K-weighted, of the finished music
    curve : what was asked for

    Returns
    -------
    r : -1..1; None where the curve or the music is constant, or shorter than five windows
    """
    window = round(_WINDOW_S / _HOP_S)
    if not is_shaped(curve) or len(power) < window + 40:
        return None
    whole = slice(window // 2, len(power) - window // 2, round(1 / _HOP_S))
    heard = np.maximum(lufs(short_term(power))[whole], SILENT_LUFS)
    asked = _curve_mean(curve, len(power))[whole]
    if heard.std() < 1e-6 or asked.std() < 1e-6:
        return None
    return float(np.corrcoef(heard, asked)[0, 1])


def is_shaped(curve: Curve) -> bool:
    """Whether the curve rises or falls at all."""
    return float(np.ptp(curve.value)) >= FLAT


def _curve_mean(curve: Curve, hops: int) -> np.ndarray:
    """The curve over the 3 s around each hop, as short-term loudness is, float (hops,)."""
    middle = (np.arange(hops) + 0.5) * _HOP_S
    end_s = hops * _HOP_S
    start = np.clip(middle - _WINDOW_S / 2, 0.0, end_s)
    return curve.mean(start, np.clip(middle + _WINDOW_S / 2, start + 1e-3, end_s + 1e-3))


def _smooth(wish: np.ndarray) -> np.ndarray:
    """Two sliding means that together reach over `SMOOTH_S`."""
    size = round(SMOOTH_S / 2 / _HOP_S)
    return uniform_filter1d(uniform_filter1d(wish, size, mode="nearest"), size, mode="nearest")


def _held(gain: np.ndarray, ridden: np.ndarray) -> np.ndarray:
    """The gain where music is ridden, and its last value behind that."""
    last = int(np.flatnonzero(ridden)[-1])
    gain[last + 1 :] = gain[last]
    return gain
