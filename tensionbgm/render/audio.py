"""A piece in, its sound out: stems and music on disk, as long as the film, at the loudness asked for.

piece -> dry part -> placed part -> sum -> slow gain along the curve -> master gain -> stems, music.wav -> mix
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import soundfile

from tensionbgm.config import Targets
from tensionbgm.errors import InputError, UsageError
from tensionbgm.forms import Piece, Video
from tensionbgm.progress import Watch
from tensionbgm.render.effects import ending, place
from tensionbgm.render.film import CannotCopySound, mux
from tensionbgm.render.film_sound import film_sound
from tensionbgm.render.font import Font, find_font
from tensionbgm.render.loudness import RATE, hop_power, true_peak_db
from tensionbgm.render.master import Mastered, master
from tensionbgm.render.mix import MixFacts, mix_under
from tensionbgm.render.ride import follows_curve, frame_gain, ride_db
from tensionbgm.render.synth import play_parts

LOUDNESS_TOLERANCE_LU = 0.5
HEAVY_LIMITING_DB = 10.0
CODINGS = 4  # times the film is written at most, until its coded sound peaks low enough
_BLOCK = 1 << 20  # frames written at a time


@dataclass(frozen=True)
class Sounds:
    """The music as sound."""

    music: np.ndarray = field(repr=False)  # float32 (n, 2) at 48 kHz
    stems: tuple[str, ...]  # file names, one per part, in the order of the parts
    font: Font
    lufs: float  # integrated loudness of the music
    true_peak_dbtp: float
    limited_db: float  # deepest gain of the limiter, >= 0
    follows_curve: float | None = None  # Pearson's r of heard loudness and curve; None: one is constant
    ridden_db: tuple[float, float] = (0.0, 0.0)  # least and most of the slow gain along the curve
    warnings: tuple[str, ...] = ()


def render_audio(
    piece: Piece,
    duration_s: float,
    folder: Path,
    soundfont: str | None = None,
    targets: Targets | None = None,
    watch: Watch | None = None,
) -> Sounds:
    """Write `music.wav` and `stems/*.wav` (24 bits, 48 kHz) into a folder.

    A slow gain on the sum lets heard loudness follow the plan's curve (`ride`); the stems get the same
    gain, so that, added up, they are the music.  All are `round(duration_s * 48000)` frames long and end
    in silence.  Memory holds the sum and one part at a time; parts wait on disk.

    Parameters
    ----------
    piece : the music
    duration_s : of the film
    folder : an existing folder
    soundfont : see `find_font`
    targets : loudness and peak to reach

    Raises
    ------
    InputError
        the font cannot be used, or the folder cannot be written
    """
    targets, watch = targets or Targets(), watch or Watch()
    if targets.sample_rate != RATE:
        raise UsageError(f"sound is made at {RATE} Hz; a rate of {targets.sample_rate} Hz is not offered")
    font = find_font(soundfont)
    stems = stem_names([part.name for part in piece.plan.parts])
    try:
        (folder / "stems").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".parts-") as waiting:
            bus, silent = _sum_parts(piece, font, duration_s, Path(waiting), watch)
            ride = _ride(bus, piece)
            bus *= frame_gain(ride, len(bus))[:, None]
            finish = master(bus, targets.loudness_lufs, targets.true_peak_dbtp)
            watch.tick(0.9)
            gain = finish.gain * frame_gain(ride, len(bus))
            for k, name in enumerate(stems):
                part = np.load(Path(waiting) / f"{k}.npy", mmap_mode="r")
                _write_wav(folder / "stems" / name, _scaled(part, gain))
        bus *= finish.gain[:, None]
        _write_wav(folder / "music.wav", _scaled(bus, None))
    except (OSError, soundfile.SoundFileError) as fault:  # libsndfile's own word for a full disk
        raise InputError(f"{folder}: cannot be written ({_why(fault)}); choose another folder") from fault
    warnings = (*silent, *_warnings(finish, targets))
    heard = follows_curve(hop_power(bus), piece.plan.curve)
    ridden = (float(ride.min(initial=0.0)), float(ride.max(initial=0.0)))
    return Sounds(
        bus, stems, font, finish.lufs, finish.true_peak_db, finish.limited_db, heard, ridden, warnings
    )


def score_film(
    film: Path,
    video: Video,
    music: np.ndarray,
    speech_s: np.ndarray,
    out: Path,
    sound: str = "duck",
    targets: Targets | None = None,
    watch: Watch | None = None,
) -> MixFacts:
    """Write the film with the music under its own sound; see `mix_under` and `mux`.

    Returns
    -------
    facts : MixFacts
        what was measured, with all warnings about the film's sound and picture
    """
    targets = targets or Targets()
    own, heard = film_sound(film, video.duration_s)
    mixed, facts = mix_under(own, music, speech_s, targets, sound)
    if sound == "mute" and own is not None:
        try:
            shown = mux(film, None, out, video, watch)
            return replace(facts, warnings=(*heard, *facts.warnings, *shown))
        except CannotCopySound:
            heard = (*heard, "the film's own sound was coded again, because mp4 cannot hold it as it is")
    del own
    facts, shown = _mux_below(film, mixed, out, video, facts, targets.true_peak_dbtp, watch)
    return replace(facts, warnings=(*heard, *facts.warnings, *shown))


def _mux_below(
    film: Path,
    mixed: np.ndarray,
    out: Path,
    video: Video,
    facts: MixFacts,
    ceiling: float,
    watch: Watch | None,
) -> tuple[MixFacts, tuple[str, ...]]:
    """Write the film; where the coded sound, decoded again, has peaks above the ceiling, softer again."""
    for coding in range(CODINGS):
        shown = mux(film, mixed, out, video, watch)
        decoded, _ = film_sound(out, video.duration_s)
        peak = facts.true_peak_dbtp if decoded is None else true_peak_db(decoded)
        del decoded
        facts = replace(facts, true_peak_dbtp=peak)
        if peak <= ceiling or coding == CODINGS - 1:
            break
        softer_db = ceiling - peak - 0.1
        mixed *= np.float32(10 ** (softer_db / 20))
        facts = replace(
            facts, coding_gain_db=facts.coding_gain_db + softer_db, mix_lufs=facts.mix_lufs + softer_db
        )
    if peak <= ceiling:
        return facts, shown
    return facts, (*shown, f"the coded sound peaks at {peak:.1f} dBTP, above {ceiling:.1f}")


def stem_names(parts: list[str]) -> tuple[str, ...]:
    """A safe and different file name for each part: "Violins I" becomes "01-violins-i.wav"."""
    plain = [re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "part" for name in parts]
    return tuple(f"{k:02d}-{name}.wav" for k, name in enumerate(plain, start=1))


def _sum_parts(
    piece: Piece, font: Font, duration_s: float, waiting: Path, watch: Watch
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The sum of all placed parts, each also written to `waiting/<k>.npy`; and which are silent."""
    bus = np.zeros((round(duration_s * RATE), 2), np.float32)
    fade = ending(len(bus))
    silent = []
    sounding = set(piece.plan.slots["part"].tolist())
    for k, (part, dry) in enumerate(play_parts(piece, font, duration_s)):
        sound = place(dry, part)
        sound[len(sound) - len(fade) :] *= fade
        if k in sounding and not sound.any():
            silent.append(f"the font {font.name} has no sound for the part {part.name}")
        np.save(waiting / f"{k}.npy", sound)
        bus += sound
        watch.tick(0.8 * (k + 1) / len(piece.plan.parts))
    return bus, tuple(silent)


def _ride(bus: np.ndarray, piece: Piece) -> np.ndarray:
    """The slow gain of each 100 ms [dB]."""
    onset = piece.plan.slots["onset_tick"]
    last_s = float(piece.plan.grid.seconds(onset.max())) if len(onset) else 0.0
    return ride_db(hop_power(bus), piece.plan.curve, last_s)


def _why(fault: Exception) -> str:
    if isinstance(fault, soundfile.SoundFileError):
        return "the disk is full, or failed"  # libsndfile says "System error" alone
    return getattr(fault, "strerror", None) or str(fault)


def _scaled(sound: np.ndarray, gain: np.ndarray | None) -> Iterator[np.ndarray]:
    for at in range(0, len(sound), _BLOCK):
        block = sound[at : at + _BLOCK]
        yield block if gain is None else block * gain[at : at + _BLOCK, None]


def _write_wav(path: Path, blocks: Iterator[np.ndarray]) -> None:
    """Blocks of float (n, 2) as 24-bit PCM; aside first, then renamed."""
    aside = path.with_name(path.name + ".part")
    try:
        with soundfile.SoundFile(aside, "w", RATE, 2, "PCM_24", format="WAV") as file:
            for block in blocks:
                file.write(np.clip(block, -1.0, 1.0))
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _warnings(finish: Mastered, targets: Targets) -> tuple[str, ...]:
    said = []
    if abs(finish.lufs - targets.loudness_lufs) > LOUDNESS_TOLERANCE_LU:
        said.append(f"the music reaches {finish.lufs:.1f} LUFS, not {targets.loudness_lufs:.1f}")
    if finish.limited_db > HEAVY_LIMITING_DB:
        said.append(f"the limiter had to take {finish.limited_db:.1f} dB from the loudest moment")
    return tuple(said)
