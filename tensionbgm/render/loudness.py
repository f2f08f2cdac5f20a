"""Sound in, loudness and true peak out, as ITU-R BS.1770-5 [BS1770]_ defines them, at 48 kHz.

Everything runs in blocks, so that half an hour of sound needs no more memory than a second.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import resample_poly, sosfilt

RATE = 48_000
HOP = RATE // 10  # 100 ms: four of them are a gating block, with 75 % overlap
SILENCE_LUFS = -120.0  # what digital silence is called

# K weighting at 48 kHz: a shelf for the head, a high pass for the ear [BS1770, tables 1 and 2].
K_WEIGHTING = np.array(
    [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)
_BLOCK = 100 * HOP  # frames filtered at a time
_OVERLAP = 64  # frames beside a block that its oversampled peaks depend on


def hop_power(sound: np.ndarray, weighted: bool = True) -> np.ndarray:
    """Mean square of each 100 ms, summed over the channels; see `hop_mean`.

    Parameters
    ----------
    sound : float (n, channels)
    weighted : K-weight it first [BS1770]_

    Returns
    -------
    power : float (hops,)
    """
    state = np.zeros((len(K_WEIGHTING), 2, sound.shape[1]))
    square = np.zeros(len(sound), np.float32)
    for at in range(0, len(sound), _BLOCK):
        block = sound[at : at + _BLOCK].astype(np.float64)
        if weighted:
            block, state = sosfilt(K_WEIGHTING, block, axis=0, zi=state)
        square[at : at + _BLOCK] = (block**2).sum(axis=1)
    return hop_mean(square)


def hop_mean(value: np.ndarray) -> np.ndarray:
    """Mean of each whole 100 ms of float (n,); in less than 400 ms of sound the rest counts too."""
    if not len(value):
        return np.zeros(0)
    stop = len(value) // HOP * HOP if len(value) >= 4 * HOP else len(value)
    starts = np.arange(0, stop, HOP)
    return np.add.reduceat(value[:stop], starts, dtype=np.float64) / np.diff(np.append(starts, stop))


def short_term(power: np.ndarray) -> np.ndarray:
    """Power of the 3 s around each 100 ms hop [EBU Tech 3341], at the ends of what there is of them."""
    total = np.concatenate([[0.0], np.cumsum(power)])
    hop = np.arange(len(power))
    first, last = np.maximum(hop - 15, 0), np.minimum(hop + 15, len(power))
    return (total[last] - total[first]) / np.maximum(last - first, 1)


def lufs(power: np.ndarray | float) -> np.ndarray:
    """Loudness of a K-weighted power [LUFS]."""
    return -0.691 + 10 * np.log10(np.maximum(power, 10 ** ((SILENCE_LUFS + 0.691) / 10)))


def integrated(power: np.ndarray) -> float:
    """Integrated loudness [LUFS] from the powers of 100 ms hops, gated at -70 LUFS and -10 LU.

    Sound shorter than one gating block (400 ms) is measured as a whole, ungated.
    """
    if len(power) < 4:
        return float(lufs(power.mean())) if len(power) else SILENCE_LUFS
    blocks = np.convolve(power, np.full(4, 0.25), mode="valid")
    heard = blocks[lufs(blocks) > -70.0]
    if not len(heard):
        return SILENCE_LUFS
    heard = heard[lufs(heard) > lufs(heard.mean()) - 10.0]
    return float(lufs(heard.mean()))


def integrated_lufs(sound: np.ndarray) -> float:
    """Integrated loudness [LUFS] of float (n, channels) at 48 kHz."""
    return integrated(hop_power(sound))


def peak_envelope(sound: np.ndarray) -> np.ndarray:
    """Largest true magnitude near each frame: four times oversampled, over all channels; float32 (n,)."""
    out = np.zeros(len(sound), np.float32)
    for at in range(0, len(sound), _BLOCK):
        left = max(at - _OVERLAP, 0)
        part = sound[left : at + _BLOCK + _OVERLAP]
        fine = _loudest_channel(resample_poly(part, 4, 1, axis=0))
        coarse = _loudest_channel(part)
        for phase in range(4):
            np.maximum(coarse, fine[phase::4], out=coarse)
        keep = slice(at - left, at - left + min(_BLOCK, len(sound) - at))
        out[at : at + _BLOCK] = coarse[keep]
    return out


def _loudest_channel(sound: np.ndarray) -> np.ndarray:
    loudest = np.abs(sound[:, 0])
    for channel in range(1, sound.shape[1]):
        np.maximum(loudest, np.abs(sound[:, channel]), out=loudest)
    return loudest


def true_peak_db(sound: np.ndarray) -> float:
    """True peak [dBTP] of float (n, channels)."""
    peak = float(peak_envelope(sound).max()) if len(sound) else 0.0
    return float(20 * np.log10(max(peak, 1e-6)))
