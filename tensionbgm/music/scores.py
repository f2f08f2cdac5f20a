"""A score file - MIDI, MusicXML or Humdrum kern - -> Notes.

MIDI is read by `music.notes`; the notation formats by music21 [CA10]_, as sounding pitches, ties joined.
Repeats are not unfolded: the score is measured as it is written, bar by bar.
"""

from __future__ import annotations

import itertools
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tensionbgm.errors import InputError, brief
from tensionbgm.music.notes import (
    MAX_BYTES,
    MAX_QUARTERS,
    NOTE,
    KeyChange,
    Notes,
    check_length,
    read_midi,
)

MIDI = (".mid", ".midi", ".smf")
NOTATION = {".musicxml": "musicxml", ".xml": "musicxml", ".mxl": "musicxml", ".krn": "humdrum"}
PLAIN_VELOCITY = 80  # where the score says nothing of loudness: mezzo-forte
MOST_UNPACKED = 3 * MAX_BYTES  # of a compressed MusicXML file
CONTAINER = "META-INF/container.xml"
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
    try:
        return _notes_of(path, _parse(path, NOTATION[suffix]))
    except InputError:
        raise
    except Exception as fault:  # music21 raises a hundred kinds on junk
        raise InputError(f"{path}: is not a readable score ({brief(fault)}); export it again") from fault


def _is_midi(path: Path) -> bool:
    try:
        if not path.is_file():
            return True  # let the reader of MIDI say what is wrong
        with path.open("rb") as file:
            return file.read(4) == b"MThd"
    except OSError:
        return True


def _content(path: Path) -> str:
    """The text of a score: XML clean of entities, from the one file in a compressed score that holds it.

    Raises
    ------
    InputError
        it is no plain file of a sensible size, or XML that is broken or unfolds into more than it holds
    """
    from defusedxml import DefusedXmlException, ElementTree

    try:
        if not path.exists():
            raise InputError(f"{path}: no such file; check the path")
        if not path.is_file():
            raise InputError(f"{path}: is no plain file; give a score")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: is larger than {MAX_BYTES // 1_000_000} MB; give a score")
        if path.suffix.lower() == ".krn":
            return path.read_text(encoding="utf-8", errors="replace")
        content = _unpacked(path) if path.suffix.lower() == ".mxl" else path.read_bytes()
        return str(ElementTree.tostring(ElementTree.fromstring(content), encoding="unicode"))
    except DefusedXmlException as fault:
        raise InputError(f"{path}: defines entities, as no score does; export it again") from fault
    except (OSError, zipfile.BadZipFile, SyntaxError, ValueError, LookupError, RuntimeError) as fault:
        raise InputError(f"{path}: is not a readable score ({brief(fault)}); export it again") from fault


def _unpacked(path: Path) -> bytes:
    """The score inside a compressed MusicXML file: the one its container names, else the first."""
    from defusedxml import ElementTree

    with zipfile.ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED:
            raise InputError(f"{path}: unpacks into more than a score can hold; export it again")
        names = packed.namelist()
        if CONTAINER in names:
            rooted = ElementTree.fromstring(packed.read(CONTAINER)).iter()
            named = [entry.get("full-path") for entry in rooted if entry.tag.endswith("rootfile")]
        else:
            named = [name for name in names if Path(name).suffix in NOTATION and "__MACOSX" not in name]
        if not named or named[0] not in names:
            raise InputError(f"{path}: holds no score; export it again")
        return packed.read(named[0])


def _parse(path: Path, kind: str) -> Any:
    """The score as music21 reads it, at sounding pitch."""
    from music21 import converter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of marks that it leaves out, not notes
        score = converter.parseData(_content(path), format=kind)
        instruments = score.recurse().getElementsByClass("Instrument")
        return score.toSoundingPitch() if any(i.transposition for i in instruments) else score


def _notes_of(path: Path, score: Any) -> Notes:
    parts = list(score.parts) or [score]
    rows: list[tuple] = []
    names: list[str] = []
    for staves in _players(parts):
        found = [row for staff in staves for row in _rows(staff, len(names))]
        if found:
            rows += found
            names.append((staves[0].partName or f"Part {len(names) + 1}").strip())
    if not rows:
        raise InputError(f"{path}: holds no notes; give a score with music in it")
    table = np.array(rows, NOTE)
    end = table["onset_quarter"] + table["duration_quarter"]
    if end.max() > MAX_QUARTERS:
        raise InputError(
            f"{path}: lasts {end.max():.0f} quarters; give a score of at most {MAX_QUARTERS:.0f}"
        )
    knot_quarter, knot_s = _tempo(score)
    check_length(path, float(np.interp(end.max(), knot_quarter, knot_s)))
    table["onset_s"] = np.interp(table["onset_quarter"], knot_quarter, knot_s)
    table["duration_s"] = np.interp(end, knot_quarter, knot_s) - table["onset_s"]
    table = table[np.lexsort((table["pitch"], table["track"], table["onset_quarter"]))]
    bars, beats = _bars(parts[0], float(end.max()))
    return Notes(table, tuple(names), bars, knot_quarter, knot_s, _keys(parts[0]), beat_quarter=beats)


def _players(parts: list[Any]) -> list[list[Any]]:
    """The staves that one player reads, together: a piano's two are one part."""
    players: dict[str, list[Any]] = {}
    for number, part in enumerate(parts):
        of_several = "PartStaff" in part.classes
        player = str(part.id).rsplit("-Staff", 1)[0] if of_several else f"{number}"
        players.setdefault(player, []).append(part)
    return list(players.values())


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
        tie = head.tie.type if head.tie else None
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
        beat = next((_beat(meter) for at, meter in reversed(meters) if at <= start + 1e-6), 1.0)
        beats.append(np.arange(start, stop - 1e-6, max(float(beat), 0.125)))
    return np.array(lines), np.concatenate([*beats, [lines[-1]]])


def _beat(meter: Any) -> float:
    """The beat of a meter [quarters]; of an additive one, whose beats differ, what it counts in."""
    from music21.exceptions21 import Music21Exception

    try:
        return float(meter.beatDuration.quarterLength)
    except Music21Exception:
        return 4.0 / meter.denominator


def _keys(part: Any) -> tuple[KeyChange, ...]:
    """The keys the score names with their mode; a bare signature fits two keys and names none."""
    from music21.key import Key

    named = [s for s in part.flatten().getElementsByClass("KeySignature") if isinstance(s, Key)]
    found = [KeyChange(float(k.offset), k.tonic.pitchClass, k.mode) for k in named]
    return tuple(k for k in found if k.mode in ("major", "minor"))
