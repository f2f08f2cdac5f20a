"""Dry sound in, placed sound out: cleaned, panned, in a room, with an end; all of it linear."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.signal import butter, oaconvolve, sosfilt

from tensionbgm.forms import Part
from tensionbgm.render.loudness import RATE

PREDELAY_S = 0.022
ROOM_S = 2.6  # length of the impulse response
# Reverberation time (to -60 dB) by octave: a wooden hall, warm below and soft above.
DECAY_S = {125: 2.2, 250: 2.1, 500: 1.9, 1000: 1.7, 2000: 1.4, 4000: 1.05, 8000: 0.7}
ROOM_DB = 2.0  # how loud the room answers
EARLY_S = (0.0, 0.007, 0.013, 0.019, 0.029, 0.037)  # first reflections after the pre-delay
FADE_S = 0.5  # the end of the music
# Below this an instrument has nothing to say, and would only blur the bass [Hz].  It goes by the General
# MIDI program, not by the role, so that a score read back from MIDI sounds as it did.
LOW = frozenset((*range(32, 40), 43, 47, 58, 67, 70, 87))  # basses, timpani, tuba, bassoon ...
FILLING = frozenset((21, 23, *range(49, 55), *range(61, 64), *range(88, 96)))  # sections and pads
LOW_HZ, FILLING_HZ, OTHER_HZ, DRUMS_HZ = 28.0, 110.0, 90.0, 25.0
PERCUSSION = 9  # the channel

_BLOCK = 1 << 19  # frames convolved at a time


def place(sound: np.ndarray, part: Part) -> np.ndarray:
    """The part's dry sound in its place: float32 (n, 2) in and out; the input may be overwritten."""
    sound = high_pass(sound, cutoff_hz(part))
    sound = pan(sound, part.pan)
    sound = reverberate(sound, part.reverb)
    sound *= np.float32(10 ** (part.level_db / 20))
    return sound


def cutoff_hz(part: Part) -> float:
    """Where the part's high pass begins."""
    if part.channel == PERCUSSION:
        return DRUMS_HZ
    if part.program in LOW:
        return LOW_HZ
    return FILLING_HZ if part.program in FILLING else OTHER_HZ


def high_pass(sound: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """Second-order Butterworth, in place, block by block."""
    sos = butter(2, cutoff_hz, "highpass", fs=RATE, output="sos")
    state = np.zeros((len(sos), 2, sound.shape[1]))
    for at in range(0, len(sound), _BLOCK):
        block, state = sosfilt(sos, sound[at : at + _BLOCK].astype(np.float64), axis=0, zi=state)
        sound[at : at + _BLOCK] = block
    return sound


def pan(sound: np.ndarray, where: float) -> np.ndarray:
    """Constant-power panning of the middle, with the sides narrowed; 0 changes nothing, -1 is left."""
    angle = (np.clip(where, -1.0, 1.0) + 1.0) * np.pi / 4
    left, right = np.sqrt(2.0) * np.cos(angle), np.sqrt(2.0) * np.sin(angle)
    width = 1.0 - abs(where)
    out = np.empty_like(sound)
    for channel, (near, far) in enumerate(((left + width, left - width), (right + width, right - width))):
        out[:, channel] = np.float32(near / 2) * sound[:, channel]
        out[:, channel] += np.float32(far / 2) * sound[:, 1 - channel]
    return out


def reverberate(sound: np.ndarray, share: float) -> np.ndarray:
    """The sound and its reverberation: `share` (0..1) of the sound goes into the room."""
    if share <= 0.0:
        return sound
    response = room()
    out = sound.copy()
    for at in range(0, len(sound), _BLOCK):
        block = sound[at : at + _BLOCK]
        if not block.any():
            continue
        wet = oaconvolve(block, response, axes=0)[: len(sound) - at]
        wet *= np.float32(share * 10 ** (ROOM_DB / 20))
        out[at : at + len(wet)] += wet
    return out


@lru_cache(maxsize=1)
def room() -> np.ndarray:
    """Impulse response of our room: float32 (m, 2), each channel of unit energy, the same every time.

    Noise in octave bands, each decaying at its own rate (Moorer, "About this reverberation
    business", 1979), after a pre-delay and a few early reflections.
    """
    rng = np.random.Generator(np.random.PCG64(1979))
    n = int(ROOM_S * RATE)
    time_s = np.arange(n)[:, None] / RATE
    tail = np.zeros((n, 2))
    for centre, decay in DECAY_S.items():
        band = butter(2, _octave(centre), "bandpass", fs=RATE, output="sos")
        noise = sosfilt(band, rng.standard_normal((n, 2)), axis=0)
        tail += noise * 10 ** (-3 * time_s / decay)
    tail *= np.minimum(time_s / 0.03, 1.0)  # the tail grows out of the early reflections
    tail /= np.sqrt((tail**2).sum(axis=0))
    for k, delay in enumerate(EARLY_S):
        tail[int((delay + 0.0011 * (k % 2)) * RATE), k % 2] += 0.25 * 0.8**k
        tail[int((delay + 0.0017 * ((k + 1) % 2)) * RATE), (k + 1) % 2] += 0.2 * 0.8**k
    tail *= np.minimum(1.0, (ROOM_S - time_s) / 0.2)
    tail /= np.sqrt((tail**2).sum(axis=0))
    return np.concatenate([np.zeros((int(PREDELAY_S * RATE), 2)), tail]).astype(np.float32)


def _octave(centre_hz: float) -> tuple[float, float]:
    return centre_hz / np.sqrt(2), min(centre_hz * np.sqrt(2), RATE * 0.45)


def ending(frames: int) -> np.ndarray:
    """The fade of the last frames, float32 (k, 1): a raised cosine from 1 to exactly 0."""
    k = min(int(FADE_S * RATE), frames // 4)
    return (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, k, dtype=np.float64)))[:, None].astype(np.float32)
