"""The sum of all stems in, one gain per frame out that brings it to the loudness and peak asked for.

Because mastering is nothing but a gain over time, the stems get the same gain and still sum to the music.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from tensionbgm.render.loudness import RATE, hop_mean, hop_power, integrated, peak_envelope

REACH = int(0.015 * RATE)  # the limiter's gain depends on this many frames before and after
MAX_GAIN_DB = 60.0  # silence stays silence
MARGIN_DB = 0.05  # kept free for rounding, and for what a moving gain adds between samples


@dataclass(frozen=True)
class Mastered:
    """What mastering does and reaches."""

    gain: np.ndarray  # float32 (n,), linear
    lufs: float
    true_peak_db: float
    limited_db: float  # the deepest the limiter went, >= 0


def limiter_gain(peak: np.ndarray, ceiling: float) -> np.ndarray:
    """A smooth gain <= 1 under which no peak passes the ceiling.

    The gain each frame needs is spread by a sliding minimum and smoothed by two sliding means
    that together reach no further than the minimum did: a mean of values that are all low
    enough is low enough.

    Parameters
    ----------
    peak : float (n,), >= 0
    ceiling : linear, > 0

    Returns
    -------
    gain : float32 (n,), 0..1; exactly 1 further than `REACH` from any peak above the ceiling
    """
    need = np.minimum(1.0, ceiling / np.maximum(peak, ceiling)).astype(np.float32)
    if not len(need) or need.min() == 1.0:
        return need
    low = minimum_filter1d(need, 2 * REACH + 1, mode="nearest")
    smooth = low.astype(np.float64)
    for _ in range(2):
        uniform_filter1d(smooth, REACH + 1 - REACH % 2, mode="nearest", output=smooth)
    untouched = minimum_filter1d(low, 2 * REACH + 1, mode="nearest") == 1.0
    gain = np.minimum(smooth.astype(np.float32), need)
    gain[untouched] = 1.0
    return gain


def master(bus: np.ndarray, loudness_lufs: float, ceiling_dbtp: float) -> Mastered:
    """The gain that brings the bus to a loudness [LUFS] under a true peak [dBTP].

    Loudness and limiting depend on each other: the gain is found by iteration on the powers of
    100 ms hops, with which the slow limiter gain nearly commutes; then both are measured.
    """
    peak, power = peak_envelope(bus), hop_power(bus)
    ceiling = 10 ** ((ceiling_dbtp - MARGIN_DB) / 20)
    aim, wish_db = loudness_lufs, min(loudness_lufs - integrated(power), MAX_GAIN_DB)
    for _ in range(4):
        wish_db = _settle(peak, power, aim, ceiling, wish_db)
        gain, limited = _gain(peak, ceiling, wish_db)
        out = bus * gain[:, None]
        reached, top = integrated(hop_power(out)), float(peak_envelope(out).max(initial=1e-6))
        del out
        over = top / 10 ** (ceiling_dbtp / 20)
        if over <= 1.0 and abs(reached - loudness_lufs) < 0.1:
            break
        ceiling, aim = ceiling / max(over, 1.0), aim + loudness_lufs - reached
    return Mastered(gain, reached, float(20 * np.log10(top)), limited)


def _gain(peak: np.ndarray, ceiling: float, wish_db: float) -> tuple[np.ndarray, float]:
    """Gain and limiter together, and how deep the limiter went [dB]."""
    limiter = limiter_gain(peak * np.float32(10 ** (wish_db / 20)), ceiling)
    depth = -20 * np.log10(max(float(limiter.min(initial=1.0)), 1e-6))
    return limiter * np.float32(10 ** (wish_db / 20)), depth


def _settle(peak: np.ndarray, power: np.ndarray, aim: float, ceiling: float, wish_db: float) -> float:
    """The gain before the limiter [dB] after which loudness is about as aimed."""
    if integrated(power) < -70.0:
        return 0.0  # silence
    for _ in range(6):
        gain, _ = _gain(peak, ceiling, wish_db)
        miss = aim - integrated(power * hop_mean(gain**2))
        wish_db = min(wish_db + miss, MAX_GAIN_DB)
        if abs(miss) < 0.02:
            break
    return wish_db
