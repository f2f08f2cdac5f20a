"""The film's sound and the music in, what is heard with the picture out: music never over speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.config import Targets
from tensionbgm.render.duck import (
    INAUDIBLE_LUFS,
    Levels,
    duck,
    gain_blocks,
    levels,
    speech_to_music,
    worst_seconds_db,
)
from tensionbgm.render.loudness import RATE, SILENCE_LUFS, hop_power, integrated, true_peak_db
from tensionbgm.render.loudness import peak_envelope as _peaks
from tensionbgm.render.master import limiter_gain

SPEECH_LUFS = -21.0  # softer speech is lifted to this
AMBIENCE_LUFS = -28.0  # softer sound without speech is lifted toward this
MAX_LIFT_DB, MAX_AMBIENCE_LIFT_DB = 12.0, 6.0
LIFTED_LUFS = -13.0
LIFT_LIMITED_DB = 6.0  # the lift may cost the loudest peak this much
LIFT_SAID_DB = 3.0  # a warning tells of a lift of more
BED_MIN_LUFS = -30.0  # however soft the speech, music between the spans stays audible
AMBIENCE_DB = 2.0  # music this far above the film's other sound where nobody speaks for long
ABOVE_AMBIENCE_DB = 10.0  # music this far above the sound of a film without speech, if that is audible,
AMBIENT_BED_LUFS = -20.0  # but not softer than this
AUDIBLE_AMBIENCE_LUFS = -50.0
CODEC_DB = 1.0  # the coded sound overshoots; kept free below the peak asked for
PROMISED_DB = 12.0  # music is this far below speech, or a warning says where not
AIM_DB = 0.5  # of the headroom asked for is given back to the music: it is kept to the tenth

_BLOCK = 1 << 20  # frames


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
    true_peak_dbtp: float  # once the film is written: of its coded sound, decoded again
    limited_db: float  # deepest gain of the limiter on the sum, >= 0
    lift_db: float = 0.0  # constant gain of the film's own sound, >= 0: it was too soft to stand over music
    coding_gain_db: float = 0.0  # of the whole, <= 0: coding it had raised its peaks
    warnings: tuple[str, ...] = ()


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
        duck: it keeps its level, or is lifted where it is soft; music lies under it and makes way for
        speech;
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
    before, music_levels = levels(film), levels(music)
    lift_db = _lift_db(before, film, spans)
    film_levels = before.louder(lift_db)
    bed_db = _bed_db(film_levels, music_levels, spans, targets)
    mixed, ratio, worst = _ducked(film_levels, music, music_levels, bed_db, spans, targets)
    _add(mixed, film, lift_db)
    ceiling = 10 ** ((targets.true_peak_dbtp - CODEC_DB) / 20)
    gain = limiter_gain(_peaks(mixed), ceiling)
    mixed *= gain[:, None]
    power = before.power[0]
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
        lift_db=lift_db,
        warnings=(*_lift_warning(lift_db, before, spans), *_warnings(spans, ratio)),
    )
    return mixed, facts


def _ducked(
    film: Levels, music: np.ndarray, own: Levels, bed_db: float, spans: np.ndarray, targets: Targets
) -> tuple[np.ndarray, tuple[float, ...], float | None]:
    """The music at its bed level and out of the way of speech, and how far below speech it is."""
    under = music * np.float32(10 ** (bed_db / 20))
    if not len(spans):
        return under, (), None
    depth = duck(film, own.louder(bed_db), spans, targets.speech_headroom_db - AIM_DB)
    for at in range(0, len(under), _BLOCK):
        under[at : at + _BLOCK] *= gain_blocks(depth, at, min(at + _BLOCK, len(under)))
    after = levels(under)
    worst = min(worst_seconds_db(film, after, spans))
    return under, speech_to_music(film, after, spans), worst if worst < 99.0 else None


def _add(under: np.ndarray, film: np.ndarray, lift_db: float) -> None:
    """Add the lifted film to the music under it, in place and block by block."""
    for at in range(0, len(under), _BLOCK):
        under[at : at + _BLOCK] += film[at : at + _BLOCK] * np.float32(10 ** (lift_db / 20))


def _lift_db(levels: Levels, film: np.ndarray, spans: np.ndarray) -> float:
    """The constant gain that brings soft speech, or soft ambience, to where music need not vanish [dB].

    Never below 0; no more than lets the film as a whole become as loud as `LIFTED_LUFS`, or costs its
    loudest peak more than `LIFT_LIMITED_DB`.
    """
    own, speech = integrated(levels.power[0]), _usual_speech_lufs(levels.power[0], spans)
    if own < INAUDIBLE_LUFS:
        return 0.0
    if speech is not None:
        wish = min(SPEECH_LUFS - speech, MAX_LIFT_DB)
    else:
        wish = min(AMBIENCE_LUFS - own, MAX_AMBIENCE_LIFT_DB)
    room = min(LIFTED_LUFS - own, LIFT_LIMITED_DB - true_peak_db(film))
    return float(max(min(wish, room), 0.0))


def _bed_db(film: Levels, music: Levels, spans: np.ndarray, targets: Targets) -> float:
    """Gain of the music where nobody speaks for long [dB].

    With speech it is as loud as the speech, so that ears need not jump between the two, or a
    little above the film's other sound.  Without speech music leads: clearly above the ambience,
    and at the loudness asked for where there is hardly any.
    """
    own, ear = integrated(music.power[0]), film.power[0]
    if own <= SILENCE_LUFS:
        return 0.0
    speech = _usual_speech_lufs(ear, spans)
    ambience = integrated(ear[~_inside(spans, len(ear))])
    if speech is not None:
        wish, least = max(speech, ambience + AMBIENCE_DB), BED_MIN_LUFS
    elif ambience >= AUDIBLE_AMBIENCE_LUFS:
        wish, least = ambience + ABOVE_AMBIENCE_DB, AMBIENT_BED_LUFS
    else:
        return 0.0
    return float(np.clip(wish, least, targets.loudness_lufs) - targets.loudness_lufs)


def _speech_lufs(power: np.ndarray, spans: np.ndarray) -> float | None:
    return integrated(power[_inside(spans, len(power))]) if len(spans) else None


def _usual_speech_lufs(power: np.ndarray, spans: np.ndarray) -> float | None:
    """Mean of the audible spans' loudness by their length: the soft speaker counts as the loud one does."""
    inside = [power[_inside(span[None], len(power))] for span in spans]
    heard = [(integrated(span), len(span)) for span in inside if len(span)]
    heard = [(level, long) for level, long in heard if level >= INAUDIBLE_LUFS]
    return float(np.average([x for x, _ in heard], weights=[n for _, n in heard])) if heard else None


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


def _lift_warning(lift_db: float, before: Levels, spans: np.ndarray) -> tuple[str, ...]:
    if lift_db <= LIFT_SAID_DB:
        return ()
    speech = _usual_speech_lufs(before.power[0], spans)
    what, level = ("speech", speech) if speech is not None else ("sound", integrated(before.power[0]))
    return (f"the film's {what} is soft ({level:.0f} LUFS): its sound was lifted by {lift_db:.1f} dB",)


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
