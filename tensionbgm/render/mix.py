"""The film's sound and the music in, what is heard with the picture out: music never over speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d

from tensionbgm.config import Targets
from tensionbgm.render.loudness import HOP, RATE, SILENCE_LUFS, hop_power, integrated, lufs, true_peak_db
from tensionbgm.render.loudness import peak_envelope as _peaks
from tensionbgm.render.master import limiter_gain

ATTACK_S, RELEASE_S = 0.15, 0.6  # the music is down when speech begins, and comes back after it
JOIN_S = 1.2  # shorter pauses between spans do not bring the music back
PAUSE_DB = 6.0  # this far below the loudest second near by, speech is held to pause
PAUSE_S = 1.5  # how near
SOFTEST_DB = 28.0  # this far below the mean of its span, nothing is speech any more
INAUDIBLE_LUFS = -60.0  # nobody understands speech below this; there is nothing to stay under
BED_MIN_LUFS = -30.0  # however soft the speech, music between the spans stays audible
AMBIENCE_DB = 2.0  # music this far above the film's own sound where nobody speaks
CODEC_DB = 0.5  # the coded sound overshoots; kept free below the peak asked for
PROMISED_DB = 12.0  # music is this far below speech, or a warning says where not

_WINDOW = 10  # hops (1 s) over which speech and music are compared
_NEAR = _WINDOW // 2


@dataclass(frozen=True)
class MixFacts:
    """What was measured of the finished sound."""

    sound: str  # duck | replace | mute
    music_lufs: float  # the music alone, before it goes under the film
    film_lufs: float | None  # the film's own sound; None: it has none
    speech_lufs: float | None  # the film's sound in the speech spans
    music_gain_db: float  # of the music outside speech
    speech_to_music_db: tuple[float, ...]  # for each speech span; the lesser of LUFS and RMS
    worst_second_db: float | None  # the same, in the worst second of speech that is no pause
    mix_lufs: float
    true_peak_dbtp: float
    limited_db: float  # deepest gain of the limiter on the sum, >= 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Levels:
    """Powers of 100 ms hops, by ear (K-weighted) and plain; rows of `power` are these two."""

    power: np.ndarray  # float (2, hops)

    def near(self) -> np.ndarray:
        """Power within half a second, float (2, hops)."""
        mean = uniform_filter1d(self.power, _WINDOW, axis=1, mode="nearest")
        return np.maximum(mean, 1e-12)  # a running sum may end a little below zero


def levels(sound: np.ndarray) -> Levels:
    """Levels of float (n, 2)."""
    return Levels(np.stack([hop_power(sound), hop_power(sound, weighted=False)]))


def mix_under(
    film: np.ndarray | None,
    music: np.ndarray,
    speech_s: np.ndarray,
    targets: Targets,
    sound: str = "duck",
) -> tuple[np.ndarray, MixFacts]:
    """The film's sound and the music together.

    Parameters
    ----------
    film : float32 (n, 2) at 48 kHz, or None when the film is silent
    music : float32 (n, 2), at the loudness asked for
    speech_s : float (m, 2), spans where somebody speaks in the film
    targets : levels to reach
    sound : what becomes of the film's own sound
        duck: it keeps its level, music lies under it and makes way for speech;
        replace: it is dropped, only music is heard;
        mute: it stays as it is, the music is muted (and is found in its files alone)

    Returns
    -------
    mixed : float32 (n, 2)
    facts : MixFacts
    """
    if sound == "mute":
        return _alone(np.zeros_like(music) if film is None else film, film, music, sound)
    if sound == "replace" or film is None or not film.any():
        return _alone(music, film, music, sound)
    spans = _clip_spans(speech_s, len(music) / RATE)
    film_levels, music_levels = levels(film), levels(music)
    bed_db = _bed_db(film_levels, music_levels, spans, targets)
    under, ratio, worst = _ducked(film_levels, music, bed_db, spans, targets)
    mixed = film + under
    del under
    ceiling = 10 ** ((targets.true_peak_dbtp - CODEC_DB) / 20)
    gain = limiter_gain(_peaks(mixed), ceiling)
    mixed *= gain[:, None]
    power = film_levels.power[0]
    facts = MixFacts(
        sound=sound,
        music_lufs=integrated(music_levels.power[0]),
        film_lufs=integrated(power),
        speech_lufs=_speech_lufs(power, spans),
        music_gain_db=bed_db,
        speech_to_music_db=ratio,
        worst_second_db=worst,
        mix_lufs=integrated(hop_power(mixed)),
        true_peak_dbtp=true_peak_db(mixed),
        limited_db=float(-20 * np.log10(max(gain.min(initial=1.0), 1e-6))),
        warnings=_warnings(spans, ratio),
    )
    return mixed, facts


def duck_gain(film: Levels, music: Levels, spans: np.ndarray, under_db: float, frames: int) -> np.ndarray:
    """The music's gain over time that holds it `under_db` below the film wherever somebody speaks.

    Within a span the gain follows the two levels slowly (over 1 s, looking both ways), because
    neither speech nor music is even: one speaker is loud, the next is not.  Pauses count as speech.

    Parameters
    ----------
    film, music : levels of both, hop by hop
    spans : float (m, 2), speech [s], rising, apart
    under_db : distance to keep [dB]
    frames : length of the gain

    Returns
    -------
    gain : float32 (frames,), 0..1; exactly 1 further than ATTACK_S before and RELEASE_S after any span
    """
    depth_db = np.zeros(frames, np.float32)
    spoken, bed = _spoken(film), music.near()
    for start_s, end_s in spans:
        hops = _hops(start_s, end_s, film.power.shape[1])
        if hops.start == hops.stop:
            continue
        mean = film.power[:, hops].mean(axis=1, keepdims=True)
        if lufs(mean[0, 0]) < INAUDIBLE_LUFS:
            continue
        level = np.maximum(spoken[:, hops], mean * 10 ** (-SOFTEST_DB / 10))
        need = 10 * np.log10(level / bed[:, hops]).min(axis=0) - under_db
        depth = uniform_filter1d(minimum_filter1d(np.minimum(need, 0.0), _WINDOW + 1), _NEAR)
        _draw(depth_db, depth, hops.start, start_s, end_s)
    gain = 10 ** (depth_db / np.float32(20))
    gain[depth_db == 0.0] = 1.0
    return gain


def _draw(depth_db: np.ndarray, depth: np.ndarray, first_hop: int, start_s: float, end_s: float) -> None:
    """One span's depths, hop by hop, and its ramps, drawn into the whole; the deeper wins."""
    first, last = round(start_s * RATE), round(end_s * RATE)
    attack, release = int(ATTACK_S * RATE), int(RELEASE_S * RATE)
    centre = (first_hop + 0.5 + np.arange(len(depth))) * HOP
    inside = np.interp(np.arange(first, last), centre, depth)
    down = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, attack, endpoint=False))) * depth[0]
    up = (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, release, endpoint=False))) * depth[-1]
    curve = np.concatenate([down, inside, up])
    begin = first - attack
    curve = curve[max(-begin, 0) :][: len(depth_db) - max(begin, 0)]
    view = depth_db[max(begin, 0) : max(begin, 0) + len(curve)]
    np.minimum(view, curve, out=view, casting="same_kind")


def _spoken(film: Levels) -> np.ndarray:
    """Level of the speech around each hop, float (2, hops); in a pause, that of the speech near by."""
    near = film.near()
    around = maximum_filter1d(near, 2 * int(PAUSE_S * 10) + 1, axis=1, mode="nearest")
    return np.maximum(near, around * 10 ** (-PAUSE_DB / 10))


def worst_second_db(film: Levels, under: Levels, spans: np.ndarray) -> float | None:
    """Least distance of film and music in any second of speech that is no pause [dB]."""
    near, bed = film.near(), under.near()
    worst = []
    for start_s, end_s in spans:
        hops = _hops(start_s, end_s, film.power.shape[1])
        hops = slice(hops.start + _NEAR, hops.stop - _NEAR + 1)  # seconds that lie in the span
        if hops.stop <= hops.start:
            continue
        floor = film.power[:, hops].mean(axis=1, keepdims=True) * 10 ** (-SOFTEST_DB / 10)
        spoken = (near >= _spoken(film))[:, hops].all(axis=0) & (near[:, hops] > floor).all(axis=0)
        worst += (10 * np.log10(near / bed)).min(axis=0)[hops][spoken].tolist()
    return float(np.clip(min(worst), -99.0, 99.0)) if worst else None


def speech_to_music(film: Levels, under: Levels, spans: np.ndarray) -> tuple[float, ...]:
    """How far the film is above the music in each span [dB], by LUFS or by RMS, whichever is less."""
    ratio = []
    for start_s, end_s in spans:
        hops = _hops(start_s, end_s, film.power.shape[1])
        voice, music = film.power[:, hops].mean(axis=1), under.power[:, hops].mean(axis=1)
        db = 10 * np.log10(np.maximum(voice, 1e-12) / np.maximum(music, 1e-12))
        ratio.append(float(np.clip(db.min(), -99.0, 99.0)))
    return tuple(ratio)


def _hops(start_s: float, end_s: float, count: int) -> slice:
    """The hops a span touches, at least one of those there are."""
    start = min(int(start_s * 10 + 1e-6), max(count - 1, 0))
    return slice(start, min(max(int(np.ceil(end_s * 10 - 1e-6)), start + 1), count))


def _ducked(
    film: Levels, music: np.ndarray, bed_db: float, spans: np.ndarray, targets: Targets
) -> tuple[np.ndarray, tuple[float, ...], float | None]:
    """The music at its bed level and out of the way of speech, and how far below speech it is."""
    bed = music * np.float32(10 ** (bed_db / 20))
    if not len(spans):
        return bed, (), None
    joined, before, extra = _join(spans), levels(bed), 0.0
    for _ in range(3):
        gain = duck_gain(film, before, joined, targets.speech_headroom_db + extra, len(music))
        under = bed * gain[:, None]
        after = levels(under)
        ratio = speech_to_music(film, after, spans)
        miss = targets.speech_headroom_db - min(ratio)
        if miss <= 0.0:
            break
        extra += miss
    return under, ratio, worst_second_db(film, after, spans)


def _bed_db(film: Levels, music: Levels, spans: np.ndarray, targets: Targets) -> float:
    """Gain of the music where nobody speaks [dB].

    Without speech music leads, at the loudness asked for.  With speech it is as loud as the
    speech, so that ears need not jump between the two, or a little above the film's other sound.
    """
    own, ear = integrated(music.power[0]), film.power[0]
    speech = _speech_lufs(ear, spans)
    if speech is None or speech < INAUDIBLE_LUFS or own <= SILENCE_LUFS:
        return 0.0
    ambience = integrated(ear[~_inside(spans, len(ear))])
    wish = max(speech, ambience + AMBIENCE_DB)
    return float(np.clip(wish, BED_MIN_LUFS, targets.loudness_lufs) - targets.loudness_lufs)


def _speech_lufs(power: np.ndarray, spans: np.ndarray) -> float | None:
    return integrated(power[_inside(spans, len(power))]) if len(spans) else None


def _inside(spans: np.ndarray, hops: int) -> np.ndarray:
    """Which hops lie in a span, bool (hops,)."""
    centre = (np.arange(hops) + 0.5) / 10
    inside: np.ndarray = (centre[:, None] >= spans[:, 0]) & (centre[:, None] < spans[:, 1])
    return np.asarray(inside.any(axis=1))


def _clip_spans(speech_s: np.ndarray, duration_s: float) -> np.ndarray:
    """The spans that lie in the film, in order, widened to whole hops (100 ms)."""
    spans = np.clip(np.asarray(speech_s, float).reshape(-1, 2), 0.0, duration_s)
    spans = spans[spans[:, 1] - spans[:, 0] > 0.05]
    spans = np.stack([np.floor(spans[:, 0] * 10 + 1e-6), np.ceil(spans[:, 1] * 10 - 1e-6)], axis=1) / 10
    spans = np.minimum(spans, duration_s)
    return spans[np.argsort(spans[:, 0], kind="stable")]


def _join(spans: np.ndarray) -> np.ndarray:
    """Spans with short pauses between them made one."""
    joined: list[list[float]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < JOIN_S:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined).reshape(-1, 2)


def _warnings(spans: np.ndarray, ratio: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(
        f"music is only {db:.1f} dB below the speech from {start:.1f} to {end:.1f} s, which is very soft"
        for (start, end), db in zip(spans, ratio, strict=True)
        if db < PROMISED_DB
    )


def _alone(
    heard: np.ndarray, film: np.ndarray | None, music: np.ndarray, sound: str
) -> tuple[np.ndarray, MixFacts]:
    """The mix when only one of the two is heard."""
    own = None if film is None else integrated(hop_power(film))
    music_lufs, mix_lufs = integrated(hop_power(music)), integrated(hop_power(heard))
    peak = true_peak_db(heard)
    return heard.copy(), MixFacts(sound, music_lufs, own, None, 0.0, (), None, mix_lufs, peak, 0.0)
