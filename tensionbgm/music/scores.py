"""A score file - MIDI, MusicXML or Humdrum kern - -> Notes.

MIDI is read by `music.notes`; the notation formats by music21 [CA10]_, as sounding pitches, ties joined.
Repeats are not unfolded: the score is measured as it is written, bar by bar.
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.music.notes import MAX_BYTES, MAX_QUARTERS, NOTE, KeyChange, Notes, read_midi

MIDI = (".mid", ".midi", ".smf")
NOTATION = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".krn": "humdrum"}
PLAIN_VELOCITY = 80  # where the score says nothing of loudness: mezzo-forte
MOST_UNPACKED = 10 * MAX_BYTES  # of a compressed MusicXML file
NOTATED_BPM = 120.0  # where the score names no tempo
SNARE = 38


def read_score(path: Path) -> Notes:
    """Read a MIDI, MusicXML (plain or compressed) or kern file, told apart by its name.

    Raises
    ------
    InputError
        the file is missing, too large, of another kind, broken, or holds no note
    """
    suffix = path.suffix.lower()
    if suffix in MIDI or (suffix not in NOTATION and _is_midi(path)):
        return read_midi(path)
    if suffix not in NOTATION:
        kinds = ", ".join((".mid", *NOTATION))
        raise InputError(f"{path}: is of no kind that can be read; give a score as {kinds}")
    _check(path)
    return _notes_of(path, _parse(path, NOTATION[suffix]))


def _is_midi(path: Path) -> bool:
    try:
        if not path.is_file():
            return True  # let the reader of MIDI say what is wrong
        with path.open("rb") as file:
            return file.read(4) == b"MThd"
    except OSError:
        return True


def _check(path: Path) -> None:
    """Refuse what is no plain file of a sensible size, and XML that unfolds into more than it holds."""
    from defusedxml import DefusedXmlException, ElementTree

    try:
        if not path.exists():
            raise InputError(f"{path}: no such file; check the path")
        if not path.is_file():
            raise InputError(f"{path}: is no plain file; give a score")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: is larger than {MAX_BYTES // 1_000_000} MB; give a score")
        if path.suffix.lower() == ".mxl":
            with zipfile.ZipFile(path) as packed:
                if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
                    raise InputError(f"{path}: unpacks into more than a score can hold; export it again")
                for name in packed.namelist():
                    if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("__MACOSX/"):
                        ElementTree.fromstring(packed.read(name))
        elif path.suffix.lower() != ".krn":
            ElementTree.fromstring(path.read_bytes())
    except (OSError, zipfile.BadZipFile, DefusedXmlException, SyntaxError, ValueError, RuntimeError) as fault:
        raise InputError(f"{path}: is not a readable score ({_one_line(fault)}); export it again") from fault


def _parse(path: Path, kind: str) -> Any:
    """The file as music21 reads it, at sounding pitch."""
    from music21 import converter

    try:
        score = converter.parseFile(path, format=kind, forceSource=True, storePickle=False)
        instruments = score.recurse().getElementsByClass("Instrument")
        return score.toSoundingPitch() if any(i.transposition for i in instruments) else score
    except Exception as fault:  # music21 raises a hundred kinds on junk
        raise InputError(f"{path}: is not a readable score ({_one_line(fault)}); export it again") from fault


def _one_line(fault: BaseException) -> str:
    return " ".join(str(fault).split())[:160] or type(fault).__name__


def _notes_of(path: Path, score: Any) -> Notes:
    parts = list(score.parts) or [score]
    rows: list[tuple] = []
    names: list[str] = []
    for part in parts:
        found = _rows(part, len(names))
        if found:
            rows += found
            names.append((part.partName or f"Part {len(names) + 1}").strip())
    if not rows:
        raise InputError(f"{path}: holds no notes; give a score with music in it")
    table = np.array(rows, NOTE)
    end = table["onset_quarter"] + table["duration_quarter"]
    if end.max() > MAX_QUARTERS:
        raise InputError(
            f"{path}: lasts {end.max():.0f} quarters; give a score of at most {MAX_QUARTERS:.0f}"
        )
    knot_quarter, knot_s = _tempo(score)
    table["onset_s"] = np.interp(table["onset_quarter"], knot_quarter, knot_s)
    table["duration_s"] = np.interp(end, knot_quarter, knot_s) - table["onset_s"]
    table = table[np.lexsort((table["pitch"], table["track"], table["onset_quarter"]))]
    bars, beats = _bars(parts[0], float(end.max()))
    return Notes(table, tuple(names), bars, knot_quarter, knot_s, _keys(parts[0]), beat_quarter=beats)


def _rows(part: Any, track: int) -> list[tuple]:
    """A row of `NOTE` for each pitch of a part, ties joined; grace notes take no time and are left out."""
    flat = part.flatten()
    loud_at, loud = _dynamics(flat)
    rows: list[tuple] = []
    held: dict[tuple[int, float], int] = {}  # row of the note that a tie holds, by pitch and end
    for element in flat.notes:
        start, length = float(element.offset), float(element.quarterLength)
        if length <= 0:
            continue
        marked = element.volume.velocity
        velocity = loud[np.searchsorted(loud_at, start + 1e-9, side="right")] if marked is None else marked
        for pitch, drum, tie in _heads(element):
            earlier = held.pop((pitch, round(start, 6)), None) if tie in ("continue", "stop") else None
            if earlier is None:
                rows.append((start, length, 0.0, 0.0, pitch, int(np.clip(velocity, 1, 127)), track, drum))
                earlier = len(rows) - 1
            else:
                begun = rows[earlier]
                rows[earlier] = (begun[0], start + length - begun[0], *begun[2:])
            if tie in ("start", "continue"):
                held[pitch, round(start + length, 6)] = earlier
    return rows


def _heads(element: Any) -> Iterator[tuple[int, bool, str | None]]:
    """MIDI pitch of each note head, whether it is percussion, and its tie."""
    for head in getattr(element, "notes", (element,)):
        tie = (head.tie or element.tie) and (head.tie or element.tie).type
        if hasattr(head, "pitch"):
            yield int(np.clip(round(head.pitch.ps), 0, 127)), False, tie
        elif hasattr(head, "displayStep"):
            yield int(getattr(head.storedInstrument, "midiUnpitched", None) or SNARE), True, tie


def _dynamics(flat: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where dynamic marks stand, float (d,), and the velocity before the first and from each on, (d + 1,)."""
    marks = sorted((float(mark.offset), mark.volumeScalar) for mark in flat.getElementsByClass("Dynamic"))
    velocity = [PLAIN_VELOCITY, *(round(127 * scalar) for _, scalar in marks)]
    return np.array([at for at, _ in marks]), np.array(velocity)


def _tempo(score: Any) -> tuple[np.ndarray, np.ndarray]:
    """Knots of the quarter-to-second map."""
    pace: dict[float, float] = {0.0: 60.0 / NOTATED_BPM}
    for start, _, mark in score.flatten().metronomeMarkBoundaries():
        bpm = mark.getQuarterBPM()
        if bpm and 4 <= bpm <= 2000:
            pace[float(start)] = 60.0 / bpm
    quarter = np.array(sorted(pace))
    seconds = np.array([pace[q] for q in quarter])
    time = np.concatenate([[0.0], np.cumsum(np.diff(quarter) * seconds[:-1])])
    beyond = max(quarter[-1] + 1.0, MAX_QUARTERS)
    return np.append(quarter, beyond), np.append(time, time[-1] + (beyond - quarter[-1]) * seconds[-1])


def _bars(part: Any, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Bar lines from 0 to the first at or after the end, and beats [quarters]."""
    meters = [(float(m.offset), m) for m in part.flatten().getElementsByClass("TimeSignature")]
    long = float(meters[-1][1].barDuration.quarterLength) if meters else 4.0
    lines = sorted({0.0, *(float(bar.offset) for bar in part.getElementsByClass("Measure"))})
    lines = [line for line in lines if line < end - 1e-6]
    if len(lines) > 1:
        lines.append(max(lines[-1] + long, end))
    else:  # the score is not divided into bars
        lines = np.arange(0.0, end + long - 1e-6, long).tolist()
    beats = []
    for start, stop in itertools.pairwise(lines):
        beat = next((m.beatDuration.quarterLength for at, m in reversed(meters) if at <= start + 1e-6), 1.0)
        beats.append(np.arange(start, stop - 1e-6, max(float(beat), 0.125)))
    return np.array(lines), np.concatenate([*beats, [lines[-1]]])


def _keys(part: Any) -> tuple[KeyChange, ...]:
    """The keys the score names with their mode; a bare signature fits two keys and names none."""
    from music21.key import Key

    named = [s for s in part.flatten().getElementsByClass("KeySignature") if isinstance(s, Key)]
    found = [KeyChange(float(k.offset), k.tonic.pitchClass, k.mode) for k in named]
    return tuple(k for k in found if k.mode in ("major", "minor"))
