"""General MIDI percussion keys -> how drummers read them: name, place on the staff, head, hands or feet.

Places follow the Percussive Arts Society's guide [N. Weinberg, Guidelines for Drumset Notation,
1998]; what the guide does not name stands on the third space.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import NamedTuple

from tensionbgm.forms import PPQ
from tensionbgm.render.musicxml_lines import Note, Stroke, Tone, Voice
from tensionbgm.render.musicxml_rhythm import writable


class Drum(NamedTuple):
    """How one percussion key is written."""

    name: str
    step: str  # as on a treble staff
    octave: int
    head: str = "normal"
    feet: bool = False  # played with the foot: stem down


DRUMS = {
    35: Drum("Acoustic Bass Drum", "E", 4, feet=True),
    36: Drum("Bass Drum", "F", 4, feet=True),
    37: Drum("Side Stick", "C", 5, "x"),
    38: Drum("Snare Drum", "C", 5),
    39: Drum("Hand Clap", "C", 5, "x"),
    40: Drum("Electric Snare", "C", 5),
    41: Drum("Low Floor Tom", "G", 4),
    42: Drum("Closed Hi-Hat", "G", 5, "x"),
    43: Drum("High Floor Tom", "A", 4),
    44: Drum("Pedal Hi-Hat", "D", 4, "x", feet=True),
    45: Drum("Low Tom", "B", 4),
    46: Drum("Open Hi-Hat", "G", 5, "circle-x"),
    47: Drum("Low-Mid Tom", "D", 5),
    48: Drum("Hi-Mid Tom", "D", 5),
    49: Drum("Crash Cymbal", "A", 5, "x"),
    50: Drum("High Tom", "E", 5),
    51: Drum("Ride Cymbal", "F", 5, "x"),
    52: Drum("China Cymbal", "B", 5, "x"),
    53: Drum("Ride Bell", "F", 5, "diamond"),
    54: Drum("Tambourine", "B", 4, "x"),
    55: Drum("Splash Cymbal", "B", 5, "x"),
    56: Drum("Cowbell", "E", 5, "triangle"),
    57: Drum("Crash Cymbal 2", "A", 5, "x"),
    58: Drum("Vibraslap", "C", 5, "triangle"),
    59: Drum("Ride Cymbal 2", "F", 5, "x"),
    60: Drum("High Bongo", "E", 5),
    61: Drum("Low Bongo", "C", 5),
    62: Drum("Mute High Conga", "E", 5, "x"),
    63: Drum("Open High Conga", "D", 5),
    64: Drum("Low Conga", "B", 4),
    65: Drum("High Timbale", "E", 5),
    66: Drum("Low Timbale", "C", 5),
    67: Drum("High Agogo", "E", 5, "triangle"),
    68: Drum("Low Agogo", "C", 5, "triangle"),
    69: Drum("Cabasa", "C", 5, "x"),
    70: Drum("Maracas", "C", 5, "x"),
    71: Drum("Short Whistle", "E", 5, "x"),
    72: Drum("Long Whistle", "E", 5, "x"),
    73: Drum("Short Guiro", "C", 5, "x"),
    74: Drum("Long Guiro", "C", 5, "x"),
    75: Drum("Claves", "C", 5, "x"),
    76: Drum("High Wood Block", "E", 5, "triangle"),
    77: Drum("Low Wood Block", "C", 5, "triangle"),
    78: Drum("Mute Cuica", "E", 5, "x"),
    79: Drum("Open Cuica", "C", 5),
    80: Drum("Mute Triangle", "A", 5, "triangle"),
    81: Drum("Open Triangle", "A", 5, "triangle"),
}


def drum(key: int) -> Drum:
    """How a percussion key is written; keys outside General MIDI by their number."""
    return DRUMS.get(key, Drum(f"Percussion {key}", "C", 5))


def drum_bars(lines: list[list[Note]], bar_tick: list[int], one_player: bool) -> list[list[Voice]]:
    """The voices of every bar of a drum part: one where that reads well, else hands and feet.

    How long a drum sounds is no matter of notation: every hit is written up to the next hit of
    its voice, at most to the end of its beat, so that beats and beams can be seen.

    Parameters
    ----------
    lines : list of list of Note
        from `lines_of`
    bar_tick : list of int
        first tick of every bar, and the end
    one_player : bool
        a drum kit, whose feet have a voice of their own; an orchestra's section is one voice
    """
    starts = [[note.start for note in line] for line in lines]
    bars: list[list[Voice]] = []
    for start, end in pairwise(bar_tick):
        inside = [
            line[bisect_left(onset, start) : bisect_left(onset, end)]
            for line, onset in zip(lines, starts, strict=True)
        ]
        limbs = [
            [[n for n in line if drum(n.pitch).feet == feet] for line in inside] for feet in (False, True)
        ]
        hands, feet = ({note.start for line in limb for note in line} for limb in limbs)
        together = not one_player or hands <= feet or feet <= hands
        groups = _together(inside) if together else [g for limb in limbs for g in _together(limb)]
        bars.append([_hits(notes, start) for notes in groups])
    return bars


def _together(lines: list[list[Note]]) -> list[list[Note]]:
    """Lines of the same limbs as one, unless they divide a beat differently."""
    joined: list[list[Note]] = []
    for line in filter(None, lines):
        for group in joined:
            if writable({note.start for note in (*group, *line)}):
                group.extend(line)
                break
        else:
            joined.append(list(line))
    return joined


def _hits(notes: list[Note], bar_start: int) -> Voice:
    onsets = sorted({note.start for note in notes})
    voice: Voice = []
    for onset, after in zip(onsets, [*onsets[1:], onsets[-1] + PPQ], strict=True):
        end = min(after, (onset // PPQ + 1) * PPQ)
        keys = sorted({note.pitch for note in notes if note.start == onset})
        tones = tuple(Tone(key, 0, tied_in=False, tied_out=False) for key in keys)
        voice.append(Stroke(onset - bar_start, end - bar_start, tones))
    return voice
