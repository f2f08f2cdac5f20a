"""Notes -> the keys they move through, bar by bar, and how sure each stretch is.

A hidden Markov model, as in [Napoles19]_: the hidden state is one of 24 keys; a bar fits a key as its
profile correlates with what sounds, and the key of the whole piece fits everywhere a little; moving
to another key costs more the further away it lies on the spiral array.
"""

from __future__ import annotations

import functools

import numpy as np

from tensionbgm.music.key_profiles import MODES, key_scores
from tensionbgm.music.keys import bar_weights, first_bass, key_weight
from tensionbgm.music.notes import KeyChange, Notes
from tensionbgm.music.spiral import RISE, key_point, position

PROFILE = "bellman"  # counted in chords, it tells the keys of single bars apart best
HOME = 0.2  # weight of the whole piece's fit beside a bar's
CHANGE = 0.15  # of any change of key, in the unit of a bar's fit (correlation)
CHANGE_RADIUS = 0.15  # and of each radius it goes
SHARPNESS = 6.0  # of the probabilities: so that confidence is the share of bars that are right


def local_keys(notes: Notes) -> tuple[KeyChange, ...]:
    """The likeliest path through the keys: argmax sum_t fit(t, k_t) - cost(k_t-1, k_t), by Viterbi.

    Returns
    -------
    keys : KeyChange ...
        at least one, the first at the first bar line, all on bar lines, each unlike the one before;
        one in C major where nothing but percussion sounds
    """
    first = first_bass(notes)
    path = _viterbi(_fit(notes, first), _change_cost())
    turns = [0, *(np.flatnonzero(np.diff(path)) + 1)]
    return tuple(
        KeyChange(float(notes.bar_quarter[bar]), (first + int(path[bar])) % 12, MODES[path[bar] // 12])
        for bar in turns
    )


def confidence(notes: Notes, keys: tuple[KeyChange, ...]) -> np.ndarray:
    """Mean probability of each key over the bars it holds for, float (len(keys),) in 0..1.

    Probabilities are those of the model of `local_keys` given the whole piece (forward-backward), so
    that keys from elsewhere, such as a file's own, can be judged too.
    """
    first = first_bass(notes)
    chance = _posterior(SHARPNESS * _fit(notes, first), np.exp(-SHARPNESS * _change_cost()))
    bar = notes.bar_quarter[:-1] if len(notes.bar_quarter) > 1 else notes.bar_quarter
    holds = np.searchsorted([key.start_quarter for key in keys], bar + 1e-6, side="right") - 1
    state = np.array([(key.tonic - first) % 12 + 12 * MODES.index(key.mode) for key in keys])
    each = chance[np.arange(len(bar)), state[np.maximum(holds, 0)]]
    bars = np.bincount(np.maximum(holds, 0), minlength=len(keys))
    return np.bincount(np.maximum(holds, 0), each, len(keys)) / np.maximum(bars, 1)


def _fit(notes: Notes, first: int) -> np.ndarray:
    """How well each key, reckoned from `first`, fits each bar; 0 in silence, float (b, 24)."""
    weight = bar_weights(notes)
    if not len(weight):
        return np.zeros((1, 24))
    fit = key_scores(np.roll(weight, -first, axis=1), PROFILE)
    home = key_scores(np.roll(key_weight(notes), -first))
    return np.where(weight.any(axis=1, keepdims=True), fit + HOME * home, 0.0)


@functools.cache
def _change_cost() -> np.ndarray:
    """Cost of a change from each key to each, float (24, 24); 0 on the diagonal."""
    distance = key_distances()
    return np.where(np.eye(24, dtype=bool), 0.0, CHANGE + CHANGE_RADIUS * distance)


def key_distances() -> np.ndarray:
    """|T_a - T_b| of the 24 keys, each spelled to lie nearest to the other, float (24, 24) [radii]."""
    fifths = 7 * np.arange(12) % 12 + 12 * np.arange(-1, 2)[:, None]  # (spelling, tonic)
    points = np.concatenate([_key_points(fifths, mode) for mode in MODES], axis=1)
    apart = np.linalg.norm(points[1][:, None] - points[:, None, :], axis=-1)  # (spelling, from, to)
    return apart.min(axis=0)


def _key_points(fifths: np.ndarray, mode: str) -> np.ndarray:
    """The key's centre turned and lifted to each tonic, float (..., 3) [radii]."""
    x, y, z = key_point(mode)
    sine, cosine = position(fifths)[..., 0], position(fifths)[..., 1]
    return np.stack([x * cosine + y * sine, y * cosine - x * sine, z + fifths * RISE], axis=-1)


def _viterbi(fit: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """The path of least cost and best fit, int (b,)."""
    best, origin = fit[0], np.zeros(fit.shape, np.int64)
    for bar in range(1, len(fit)):
        reach = best[:, None] - cost
        origin[bar] = reach.argmax(axis=0)
        best = reach.max(axis=0) + fit[bar]
    path = np.zeros(len(fit), np.int64)
    path[-1] = best.argmax()
    for bar in range(len(fit) - 1, 0, -1):
        path[bar - 1] = origin[bar, path[bar]]
    return path


def _posterior(fit: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Probability of each key in each bar given all bars, by forward-backward, float (b, 24)."""
    here = np.exp(fit - fit.max(axis=1, keepdims=True))
    move = move / move.sum(axis=1, keepdims=True)
    forward, backward = here / here.sum(axis=1, keepdims=True), np.ones(fit.shape)
    for bar in range(1, len(fit)):
        forward[bar] = (forward[bar - 1] @ move) * here[bar]
        forward[bar] /= forward[bar].sum()
    for bar in range(len(fit) - 2, -1, -1):
        backward[bar] = move @ (backward[bar + 1] * here[bar + 1])
        backward[bar] /= backward[bar].sum()
    both = forward * backward
    return both / both.sum(axis=1, keepdims=True)
