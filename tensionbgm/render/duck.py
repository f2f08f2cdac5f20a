"""Levels of film and music and the speech spans in, the music's gain that makes way for speech out.

The music moves on two storeys.  While people talk, with gaps of less than `NEAR_S` between them, it stays
`STEP_DB` above where speech wants it, and comes up to its full level only in long stretches without
speech; under each phrase it goes down that last step, softly, so that no phrase makes it jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d

from tensionbgm.render.loudness import RATE, hop_power, lufs

ATTACK_S, RELEASE_S = 0.25, 1.2  # from the upper storey to the lower one, and back
COME_DOWN_S, COME_BACK_S = 3.0, 4.5  # from the full level to the upper storey, and back
HURRY_S = 0.4  # both ways up, where the film is about to end
LAST_S = 2.5  # speech that ends this near to the end of the film lets the music come up in a hurry
JOIN_S = 1.2  # over shorter gaps the music does not move
NEAR_S = 4.0  # over shorter gaps it does not come back to its full level
STEP_DB = 7.0  # between the storeys
PAUSE_DB = 6.0  # this far below the loudest second near by, speech is held to pause
PAUSE_S = 1.5  # how near
SOFTEST_DB = 28.0  # this far below the mean of its span, nothing is speech any more
INAUDIBLE_LUFS = -60.0  # nobody understands speech below this; there is nothing to stay under
SECOND_DB = 12.2  # no second of speech gets less than this, whatever its span has as a whole
ATTEMPTS = 8
CONTROL = RATE // 100  # frames in a step of the gain

_WINDOW = 10  # hops (1 s) over which speech and music are compared
_NEAR = _WINDOW // 2
_PER_HOP = 10  # steps of the gain


@dataclass(frozen=True)
class Levels:
    """Powers of 100 ms hops, by ear (K-weighted) and plain; rows of `power` are these two."""

    power: np.ndarray  # float (2, hops)

    def near(self) -> np.ndarray:
        """Power within half a second, float (2, hops)."""
        mean = uniform_filter1d(self.power, _WINDOW, axis=1, mode="nearest")
        return np.maximum(mean, 1e-12)  # a running sum may end a little below zero

    def louder(self, gain_db: float | np.ndarray) -> Levels:
        """The levels after a gain, one for all or one for each hop."""
        return Levels(self.power * 10 ** (np.asarray(gain_db) / 10))


def levels(sound: np.ndarray) -> Levels:
    """Levels of float (n, 2)."""
    return Levels(np.stack([hop_power(sound), hop_power(sound, weighted=False)]))


def duck(film: Levels, music: Levels, spans: np.ndarray, under_db: float) -> np.ndarray:
    """The depths that hold the music `under_db` below every span of speech, and no deeper.

    Parameters
    ----------
    film, music : levels of both, hop by hop
    spans : float (m, 2), speech [s], rising
    under_db : distance of film and music over each span [dB]; each second of speech gets at least
        `SECOND_DB`

    Returns
    -------
    depth_db : float (10 * hops,), <= 0, one for each 10 ms
    """
    hops = film.power.shape[1]
    distance = np.full(len(spans), under_db)
    for attempt in range(ATTEMPTS):
        depth = duck_depth(film, music, spans, distance)
        under = music.louder(_by_hop(depth, hops))
        spare = np.minimum(
            np.array(speech_to_music(film, under, spans)) - under_db,
            np.array(worst_seconds_db(film, under, spans)) - SECOND_DB,
        )
        if attempt == ATTEMPTS - 1 or (np.abs(spare) < 0.05).all():
            break
        steps = np.clip(spare, -6.0, 6.0 if attempt < ATTEMPTS // 2 else 0.0)  # at last only deeper
        distance = np.clip(distance - steps, under_db - 12.0, under_db + 24.0)
    return depth


def duck_depth(film: Levels, music: Levels, spans: np.ndarray, distance_db: np.ndarray) -> np.ndarray:
    """The music's depth at every 10 ms, given the distance to keep in every span [dB].

    Within a span the depth follows the two levels slowly (over 1 s, looking both ways), because
    neither speech nor music is even: one speaker is loud, the next is not.  Pauses count as speech.

    Returns
    -------
    depth_db : float (10 * hops,), <= 0; exactly 0 further than `COME_DOWN_S` before and `COME_BACK_S` after
        any span
    """
    hops = film.power.shape[1]
    distance = _distance(spans, distance_db, hops)
    depths = [(span, _span_depth(film, music, span, distance)) for span in join(spans)]
    heard = [(span, depth) for span, depth in depths if depth is not None]
    upper, lower = np.zeros(hops * _PER_HOP), np.zeros(hops * _PER_HOP)
    for phrase in _conversations(heard):
        storey = _upper_storey(phrase)
        _draw(upper, storey, phrase[0][0][0], phrase[-1][0][1], COME_DOWN_S, COME_BACK_S)
    for span, depth in heard:
        first = _hops(span[0], span[1], hops).start
        above = upper[first * _PER_HOP :][: len(depth) * _PER_HOP].reshape(-1, _PER_HOP).mean(axis=1)
        _draw(lower, np.minimum(depth - above, 0.0), span[0], span[1], ATTACK_S, RELEASE_S)
    return upper + lower


def gain_blocks(depth_db: np.ndarray, first: int, last: int) -> np.ndarray:
    """The gain of frames `first`..`last`, float32 (n, 1); exactly 1 where the depth is 0."""
    middle = (np.arange(len(depth_db)) + 0.5) * CONTROL
    depth = np.interp(np.arange(first, last), middle, depth_db)
    return (10 ** (depth / 20)).astype(np.float32)[:, None]


def speech_to_music(film: Levels, under: Levels, spans: np.ndarray) -> tuple[float, ...]:
    """How far the film is above the music in each span [dB], by LUFS or by RMS, whichever is less."""
    ratio = []
    for start_s, end_s in spans:
        hops = _hops(start_s, end_s, film.power.shape[1])
        voice, music = film.power[:, hops].mean(axis=1), under.power[:, hops].mean(axis=1)
        db = 10 * np.log10(np.maximum(voice, 1e-12) / np.maximum(music, 1e-12))
        ratio.append(float(np.clip(db.min(), -99.0, 99.0)))
    return tuple(ratio)


def worst_seconds_db(film: Levels, under: Levels, spans: np.ndarray) -> tuple[float, ...]:
    """Least distance of film and music in any second of each span that is no pause [dB]; 99 if none."""
    near, bed, voice = film.near(), under.near(), _spoken(film)
    worst = []
    for start_s, end_s in spans:
        hops = _hops(start_s, end_s, film.power.shape[1])
        floor = film.power[:, hops].mean(axis=1, keepdims=True) * 10 ** (-SOFTEST_DB / 10)
        hops = slice(hops.start + _NEAR, max(hops.stop - _NEAR + 1, hops.start + _NEAR))  # whole seconds
        spoken = (near >= voice)[:, hops].all(axis=0) & (near[:, hops] > floor).all(axis=0)
        distance = (10 * np.log10(near[:, hops] / bed[:, hops])).min(axis=0)[spoken]
        worst.append(float(np.clip(distance.min(initial=99.0), -99.0, 99.0)))
    return tuple(worst)


def join(spans: np.ndarray) -> np.ndarray:
    """Spans with gaps of less than `JOIN_S` between them made one."""
    joined: list[list[float]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < JOIN_S:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined).reshape(-1, 2)


def _distance(spans: np.ndarray, distance_db: np.ndarray, hops: int) -> np.ndarray:
    """The distance to keep at each hop, float (hops,); over gaps it goes from one span's to the next."""
    whole = np.full(hops, np.nan)
    for (start_s, end_s), distance in zip(spans, distance_db, strict=True):
        here = _hops(start_s, end_s, hops)
        whole[here] = np.fmax(whole[here], distance)
    known = np.flatnonzero(~np.isnan(whole))
    return np.interp(np.arange(hops), known, whole[known])


def _span_depth(film: Levels, music: Levels, span: np.ndarray, distance: np.ndarray) -> np.ndarray | None:
    """Depth under one span, hop by hop; None where the speech cannot be heard."""
    hops = _hops(span[0], span[1], film.power.shape[1])
    mean = film.power[:, hops].mean(axis=1, keepdims=True)
    if lufs(mean[0, 0]) < INAUDIBLE_LUFS:
        return None
    level = np.maximum(_spoken(film)[:, hops], mean * 10 ** (-SOFTEST_DB / 10))
    need = 10 * np.log10(level / music.near()[:, hops]).min(axis=0) - distance[hops]
    return uniform_filter1d(minimum_filter1d(np.minimum(need, 0.0), _WINDOW + 1), _NEAR)


Phrase = tuple[np.ndarray, np.ndarray]  # a span of speech, and its depths


def _conversations(phrases: list[Phrase]) -> list[list[Phrase]]:
    """Phrases with gaps of less than `NEAR_S` between them, together."""
    together: list[list[Phrase]] = []
    for phrase in phrases:
        if together and phrase[0][0] - together[-1][-1][0][1] < NEAR_S:
            together[-1].append(phrase)
        else:
            together.append([phrase])
    return together


def _upper_storey(phrases: list[Phrase]) -> np.ndarray:
    """The depth between phrases, from the first to the last, hop by hop."""
    hops = [depth for _, depth in phrases]
    starts = [int(span[0] * 10 + 1e-6) for span, _ in phrases]
    at = np.concatenate([start + np.arange(len(depth)) for start, depth in zip(starts, hops, strict=True)])
    whole = np.interp(np.arange(at[0], at[-1] + 1), at, np.concatenate(hops))
    return np.minimum(uniform_filter1d(whole, 30, mode="nearest") + STEP_DB, 0.0)


def _draw(
    depth_db: np.ndarray, depth: np.ndarray, start_s: float, end_s: float, attack_s: float, release_s: float
) -> None:
    """Depths, hop by hop, and their ramps, drawn into the whole; the deeper wins."""
    total_s = len(depth_db) / 100
    if total_s - end_s < LAST_S:
        release_s = min(release_s, HURRY_S)
    first, last = round(start_s * 100), round(end_s * 100)
    middle = (np.arange(len(depth)) + 0.5 + first // _PER_HOP) * _PER_HOP
    inside = np.interp(np.arange(first, last) + 0.5, middle, depth)
    down = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, round(attack_s * 100), endpoint=False))) * depth[0]
    up = (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, round(release_s * 100), endpoint=False))) * depth[-1]
    curve = np.concatenate([down, inside, up])
    begin = first - len(down)
    curve = curve[max(-begin, 0) :][: len(depth_db) - max(begin, 0)]
    view = depth_db[max(begin, 0) : max(begin, 0) + len(curve)]
    np.minimum(view, curve, out=view)


def _by_hop(depth_db: np.ndarray, hops: int) -> np.ndarray:
    """Mean power gain of each hop [dB]."""
    power = (10 ** (depth_db / 10)).reshape(hops, _PER_HOP).mean(axis=1)
    return np.asarray(10 * np.log10(power))


def _spoken(film: Levels) -> np.ndarray:
    """Level of the speech around each hop, float (2, hops); in a pause, that of the speech near by."""
    near = film.near()
    around = maximum_filter1d(near, 2 * int(PAUSE_S * 10) + 1, axis=1, mode="nearest")
    return np.maximum(near, around * 10 ** (-PAUSE_DB / 10))


def _hops(start_s: float, end_s: float, count: int) -> slice:
    """The hops a span touches, at least one of those there are."""
    start = min(int(start_s * 10 + 1e-6), max(count - 1, 0))
    return slice(start, min(max(int(np.ceil(end_s * 10 - 1e-6)), start + 1), count))
