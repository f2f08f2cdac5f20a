"""A piece and a font in, the dry sound of one part out: 48 kHz, stereo, as long as the film."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np
import soundfile

from tensionbgm.errors import InternalError
from tensionbgm.forms import Part, Piece
from tensionbgm.render.font import Font
from tensionbgm.render.loudness import RATE, hop_power, lufs

TICKS_PER_S = 10_000
TAIL_S = 4.0  # the synthesiser stops at the last event: an empty one keeps the last note's end
VOLUME, REVERB, CHORUS, EXPRESSION = 7, 91, 93, 11  # controllers
FULL_SCALE = 0.9999  # the synthesiser writes 16 bits: at this magnitude it has clipped
PERCUSSION = 9  # the channel

NOTE = np.dtype([("start_s", "f8"), ("end_s", "f8"), ("pitch", "i2"), ("velocity", "u1")])

# What an instrument plays to be weighed: a chord spread over its range, or the drums of a kit.
WEIGH_VELOCITY, WEIGH_S = 80, 0.8
# Where General MIDI's sixteen families of instruments usually play, and those that play elsewhere.
FAMILY_CENTRES = (64, 76, 62, 58, 40, 62, 62, 62, 66, 74, 66, 62, 62, 62, 60, 60)
CENTRES = {40: 76, 41: 64, 42: 52, 43: 40, 44: 60, 45: 60, 46: 62, 47: 45}  # violin ... harp, timpani
CENTRES |= {56: 70, 57: 53, 58: 40, 60: 57, 66: 62, 67: 50, 68: 72, 70: 50, 71: 67, 72: 86, 73: 78}
WEIGH_DRUMS = (36, 38, 42, 47, 49)
REFERENCE_LUFS = -30.0  # loudest 400 ms of what is weighed, after levelling
MAX_LEVELLING_DB = 15.0


def part_notes(piece: Piece, part: int) -> np.ndarray:
    """The notes of one part in seconds: NOTE (n,), sorted; a note ends where its own pitch starts again."""
    slots = piece.plan.slots
    mine = np.flatnonzero(slots["part"] == part)
    notes = np.zeros(len(mine), NOTE)
    onset = slots["onset_tick"][mine].astype(np.int64)
    notes["start_s"] = piece.plan.grid.seconds(onset)
    notes["end_s"] = piece.plan.grid.seconds(onset + slots["duration_tick"][mine])
    notes["pitch"], notes["velocity"] = piece.pitch[mine], piece.velocity[mine]
    notes.sort(order=["pitch", "start_s", "end_s"])
    again = notes["pitch"][1:] == notes["pitch"][:-1]
    notes["end_s"][:-1][again] = np.minimum(notes["end_s"][:-1], notes["start_s"][1:])[again]
    return np.sort(notes[notes["end_s"] > notes["start_s"]], order=["start_s", "pitch"])


def play(notes: np.ndarray, program: int, channel: int, font: bytes, duration_s: float) -> np.ndarray:
    """What the notes sound like on one instrument of an SF2 font.

    Parameters
    ----------
    notes : NOTE (n,)
    program : General MIDI program, or kit on channel 9
    channel : MIDI channel 0..15
    font : the SF2 file
    duration_s : what is later is cut off

    Returns
    -------
    sound : float32 (round(duration_s * 48000), 2); a note's onset is at most 2 ms late

    Raises
    ------
    InternalError
        there is no synthesiser for this machine, or it refuses the font
    """
    frames = round(duration_s * RATE)
    if not len(notes):
        return np.zeros((frames, 2), np.float32)
    for volume in (100, 50, 25, 12):  # softer until nothing clips
        sound = _synthesise(font, _midi(notes, program, channel, volume, duration_s))[:frames]
        if np.abs(sound).max(initial=0.0) < FULL_SCALE:
            break
    sound *= np.float32((100 / volume) ** 2)  # volume acts squared
    return np.concatenate([sound, np.zeros((frames - len(sound), 2), np.float32)])


def play_parts(piece: Piece, font: Font, duration_s: float) -> Iterator[tuple[Part, np.ndarray]]:
    """Each part of the piece and its dry sound, one at a time, all instruments equally loud.

    How loud an instrument is depends on the font; here each is first brought to the same
    loudness (of a chord at velocity 80), so that `Part.level_db` means the same in every font.
    """
    data = font.path.read_bytes()
    for index, part in enumerate(piece.plan.parts):
        sound = play(part_notes(piece, index), part.program, part.channel, data, duration_s)
        sound *= np.float32(10 ** (levelling_db(part, font.path) / 20))
        yield part, sound


def levelling_db(part: Part, font: Path) -> float:
    """The gain [dB] that brings the part's instrument to the common loudness in this font.

    It depends on program and channel alone, so that a part read back from MIDI is as loud as it was.
    """
    return _levelling_db(part.program, part.channel, font)


@lru_cache(maxsize=256)
def _levelling_db(program: int, channel: int, font: Path) -> float:
    centre = CENTRES.get(program, FAMILY_CENTRES[program // 8])
    pitches = WEIGH_DRUMS if channel == PERCUSSION else (centre - 5, centre, centre + 4)
    notes = np.zeros(len(pitches), NOTE)
    notes["start_s"] = np.arange(len(pitches)) * WEIGH_S
    notes["end_s"] = notes["start_s"] + WEIGH_S
    notes["pitch"], notes["velocity"] = pitches, WEIGH_VELOCITY
    power = hop_power(play(notes, program, channel, font.read_bytes(), len(pitches) * WEIGH_S))
    loudest = float(lufs(np.convolve(power, np.full(4, 0.25), mode="valid").max()))
    if loudest < -70.0:
        return 0.0  # the font has no such sound
    return float(np.clip(REFERENCE_LUFS - loudest, -MAX_LEVELLING_DB, MAX_LEVELLING_DB))


def _midi(notes: np.ndarray, program: int, channel: int, volume: int, duration_s: float) -> bytes:
    """A MIDI file of one track whose ticks are 0.1 ms."""
    start = [
        mido.Message("program_change", channel=channel, program=program),
        mido.Message("control_change", channel=channel, control=VOLUME, value=volume),
        mido.Message("control_change", channel=channel, control=REVERB, value=0),
        mido.Message("control_change", channel=channel, control=CHORUS, value=0),
    ]
    events = [(0, 0, k, message) for k, message in enumerate(start)]
    for k, note in enumerate(notes):
        pitch, velocity = int(note["pitch"]), int(note["velocity"])
        begin, end = (round(float(note[edge]) * TICKS_PER_S) for edge in ("start_s", "end_s"))
        on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
        off = mido.Message("note_off", channel=channel, note=pitch)
        events += [(begin, 2, k, on), (max(end, begin + 1), 1, k, off)]
    end = round((duration_s + TAIL_S) * TICKS_PER_S)
    events.append((end, 3, 0, mido.Message("control_change", channel=channel, control=EXPRESSION, value=127)))
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_S // 2)  # 0.5 s a quarter is MIDI's default
    file.tracks.append(_track(sorted(events, key=lambda event: event[:3])))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _track(events: list[tuple[int, int, int, mido.Message]]) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    for tick, _, _, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _synthesise(font: bytes, midi: bytes) -> np.ndarray:
    """The MIDI file played: float32 (n, 2)."""
    try:
        import midirenderer
    except ImportError as fault:
        raise InternalError(
            f"the synthesiser midirenderer cannot be loaded ({fault}); it exists for Linux x86-64, "
            "macOS arm64 and Windows x64; elsewhere install Rust and build it from its source"
        ) from fault
    try:
        wave = midirenderer.render_wave_from(font, midi)
    except RuntimeError as fault:
        raise InternalError(f"the synthesiser refuses the font: {fault}; try another --soundfont") from fault
    sound, rate = soundfile.read(io.BytesIO(wave), dtype="float32", always_2d=True)
    if rate != RATE or sound.shape[1] != 2:
        raise InternalError(
            f"the synthesiser gave {rate} Hz, {sound.shape[1]} channels; install another version"
        )
    return sound
