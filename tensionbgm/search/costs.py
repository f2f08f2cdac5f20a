"""What good voice-leading costs: tables by role and interval, in points, made integers for the kernels.

One point is about the cost of one plainly awkward interval in a melody.  The preferences are those of
any counterpoint or orchestration primer (steps before leaps, leaps recovered, no semitone clashes, low
intervals wide, no parallel fifths or octaves); the figures were set by ear and by eye on piano rolls.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from tensionbgm.kernels.rules import BEND, POINT, REACH

ROLES = ("melody", "counter", "arpeggio", "pad", "bass")  # pitched roles, as ordered from the foreground
MELODY, COUNTER, ARPEGGIO, PAD, BASS = range(5)

# --- a line: interval of 0..12 semitones, up or down, to the next note of the voice [points]
STEPS = {
    #             0    1    2    3    4    5    6    7    8    9   10   11   12
    "melody":   (1.1, 0.1, 0.0, 0.5, 0.6, 0.8, 4.0, 1.2, 2.5, 2.2, 4.5, 6.0, 2.0),
    "counter":  (0.4, 0.1, 0.0, 0.4, 0.5, 0.8, 4.0, 1.3, 2.5, 2.5, 4.5, 6.0, 2.5),
    "arpeggio": (1.5, 0.6, 0.3, 0.0, 0.0, 0.0, 0.8, 0.3, 0.6, 0.7, 1.5, 2.5, 1.0),
    "pad":      (0.0, 0.2, 0.3, 0.9, 1.2, 1.8, 4.0, 3.0, 4.0, 4.5, 5.5, 6.5, 6.0),
    "bass":     (0.1, 0.3, 0.2, 0.4, 0.4, 0.2, 2.5, 0.2, 1.2, 1.2, 2.5, 4.0, 0.5),
}  # fmt: skip
BEYOND_OCTAVE = {"melody": 0.8, "counter": 0.8, "arpeggio": 0.3, "pad": 0.8, "bass": 0.6}  # per semitone, and
BEYOND = {"melody": 5.0, "counter": 5.0, "arpeggio": 1.2, "pad": 6.5, "bass": 3.5}  # at once
# a leap from or to a note outside the chord, where no three notes are judged
LEAP_NONCHORD = {"melody": 0.0, "counter": 0.0, "arpeggio": 3.0, "pad": 3.0, "bass": 0.0}

# --- a line: how seldom real music moves on like this [points a nat]
LEARNED = 0.1  # more makes lines likelier, and more notes foreign to the chord: see docs/search.md
RAREST = 6.0  # nats; what is seldomer counts as this
LEARNED_AS = {"melody": "outer", "counter": "inner", "pad": "inner", "bass": "bass"}  # arpeggios as nothing

# --- three notes of a line [points]
BENDS = {"melody": 1.0, "counter": 1.0, "arpeggio": 0.0, "pad": 0.0, "bass": 0.4}  # weight of all below
UNRECOVERED = 1.5  # a leap of six semitones or more that goes on the same way
HALF_RECOVERED = 0.5  # ... or turns back by a leap, or stands still
TRILL = 0.5  # there and back by step
THRICE = 1.2  # the same pitch three times
HARD_OUTLINE = 1.2  # two moves one way that span a tritone or a seventh

# --- three notes of a line, the middle one outside the chord: how it is come by and left [points]
TREATED = {"melody": 1.0, "counter": 1.2, "arpeggio": 0.0, "pad": 0.0, "bass": 1.2}  # weight of all below
STRONG = 2  # metric weight from which a beat is strong
PASSING = 0.0  # step in, step on the same way
NEIGHBOUR = 0.2  # step out and back
SUSPENSION = 0.0  # the same note before, down by step after, on a strong beat
APPOGGIATURA = 0.6  # leap in, step the other way, on a strong beat
ANTICIPATION = 0.5  # step in, the same note after, on a weak beat
UNTREATED = 3.0  # anything else

# --- harmony of one note [points]
NONCHORD = {"melody": 1.0, "counter": 1.3, "arpeggio": 3.0, "pad": 5.0, "bass": 5.0}
NONCHORD_BY_STRENGTH = (0.3, 0.9, 1.6, 2.4)  # off the beat, beat, strong beat, downbeat
WRONG_BASS = 6.0  # the bass of a chord is another than meant
BASS_OFF_ROOT = 0.5  # later bass notes under a chord that are neither its bass nor its root nor its fifth
OPEN_END = 3.0  # the last melody note is not the tonic of the key

# --- place of one note [points]
AIM = {"melody": 0.035, "counter": 0.03, "arpeggio": 0.08, "pad": 0.05, "bass": 0.06}  # per squared semitone
AIM_LINEAR_FROM = 7  # semitones; beyond, the cost grows in proportion
NO_AIM = 0.01  # per squared semitone from the middle of the range, where no aim is given
EDGE, EDGE_SEMITONES = 0.3, 2  # near an end of the range

# --- two notes together: clash by absolute interval [points a quarter]; a quarter of it between chord tones
CLASH = {
    1: 4.0,
    2: 1.0,
    6: 0.5,
    10: 0.3,
    11: 2.0,
    13: 4.0,
    14: 0.3,
    18: 0.3,
    23: 1.2,
    25: 3.0,
    35: 0.8,
    37: 2.0,
}
MUD = 0.35  # per semitone the lower note lies under the lowest clear place of the interval
#          unison m2  M2  m3  M3  P4  TT  P5  m6  M6  m7  M7  P8   lowest lower note [any arranging primer]
LOWEST = (0, 52, 51, 48, 46, 46, 47, 34, 43, 41, 41, 41, 0)
PARALLEL_OCTAVE, PARALLEL_FIFTH = 10.0, 7.0
LACKS_ROOT, LACKS_THIRD, LACKS_COLOUR = 1.5, 2.5, 1.2  # a chord's members nobody sounds [points a two beats]


@dataclass(frozen=True)
class Place:
    """How a voice should lie above another, by the interval upper - lower [points a quarter]."""

    unison: float  # both on one pitch
    close: float  # 1 or 2 semitones
    crossed: float  # upper below lower, at once
    crossed_each: float  # and for each semitone
    wide: int  # semitones from which the gap costs
    wide_each: float  # for each semitone beyond
    octave: float = 0.0  # 12 or 24 apart


PLACES = (
    #     unison close crossed each wide each octave
    Place(2.0, 0.5, 1.5, 0.2, 30, 0.05, 0.3),  # two lines
    Place(0.3, 0.2, 0.4, 0.1, 36, 0.03),  # a line and held chords
    Place(1.5, 0.6, 3.0, 0.4, 48, 0.0),  # anything and the bass
    Place(2.5, 0.5, 2.5, 0.4, 19, 0.1, 0.1),  # voices of one pad
    Place(0.4, 0.0, 0.0, 0.0, 48, 0.0),  # a line and an arpeggio
    Place(0.0, 0.2, 0.0, 0.0, 48, 0.0),  # two pads, or two basses, which may double each other
)
LINES, OVER_CHORDS, OVER_BASS, IN_PAD, WITH_ARPEGGIO, DOUBLING = range(6)


def place_kind(upper: int, lower: int, same_part: bool) -> int:
    """Which of `PLACES` voices of two roles (the upper first) stand in."""
    if upper == lower == BASS:
        return DOUBLING
    if BASS in (upper, lower):
        return OVER_BASS
    if ARPEGGIO in (upper, lower):
        return WITH_ARPEGGIO
    if upper == lower == PAD:
        return IN_PAD if same_part else DOUBLING
    return OVER_CHORDS if PAD in (upper, lower) else LINES


def fixed(points: np.ndarray | Sequence[float] | float) -> np.ndarray:
    """Points -> int64 cost units."""
    return np.rint(np.asarray(points, float) * POINT).astype(np.int64)


def by_role(values: dict[str, float]) -> np.ndarray:
    """A figure of each role, float (5,), in the order of `ROLES`."""
    return np.array([values[role] for role in ROLES])


@functools.cache
def kernel_tables() -> dict[str, np.ndarray]:
    """Every table of `kernels.rules.Problem` that does not depend on the plan, int64."""
    return {
        "step_cost": fixed(np.stack([_steps(role) for role in ROLES])),
        "learned_cost": fixed(LEARNED * _rarity()),
        "leap_cost": fixed(by_role(LEAP_NONCHORD)),
        "place_cost": fixed(np.stack([_place(p) for p in PLACES])),
        "clash_cost": fixed(np.stack([_clash()] * len(PLACES))),
        "lowest": np.array(LOWEST, np.int64),
        "mud_cost": fixed([MUD]),
        "bend_cost": fixed(np.stack([_bends() * BENDS[role] for role in ROLES])),
        "treat_cost": fixed(np.stack([_treatments() * TREATED[role] for role in ROLES])),
        "parallel_cost": fixed([PARALLEL_OCTAVE, PARALLEL_FIFTH]),
        "cover_cost": fixed([LACKS_ROOT, LACKS_THIRD, LACKS_COLOUR]),
    }


def _steps(role: str) -> np.ndarray:
    size = np.abs(np.arange(-REACH, REACH + 1))
    inside = np.array(STEPS[role])[np.minimum(size, 12)]
    return np.where(size <= 12, inside, BEYOND[role] + BEYOND_OCTAVE[role] * (size - 12))


def _place(place: Place) -> np.ndarray:
    apart = np.arange(-REACH, REACH + 1)
    cost = np.where(apart < 0, place.crossed - place.crossed_each * apart, 0.0)
    cost += np.where(apart == 0, place.unison, 0.0)
    cost += np.where((apart == 1) | (apart == 2), place.close, 0.0)
    cost += np.where((apart == 12) | (apart == 24), place.octave, 0.0)
    return cost + place.wide_each * np.maximum(apart - place.wide, 0)


def _clash() -> np.ndarray:
    cost = np.zeros(REACH + 1)
    for interval, points in CLASH.items():
        cost[interval] = points
    return cost


def learned_row(role: np.ndarray, minor: np.ndarray, on_beat: np.ndarray) -> np.ndarray:
    """Row of the learned table for moves of lines, by role, mode and whether they end on a beat, int (k,)."""
    kinds = ["outer", "inner", "bass"]
    kind = np.array([kinds.index(LEARNED_AS[name]) if name in LEARNED_AS else len(kinds) for name in ROLES])
    return np.where(kind[role] < len(kinds), (kind[role] * 2 + minor) * 2 + on_beat, 4 * len(kinds))


def _rarity() -> np.ndarray:
    """How many nats rarer each interval is than the commonest one from its degree, float (13, 12, 25).

    The last row is of lines that nothing is learned of.
    """
    text = resources.files("tensionbgm.corpora").joinpath("lines.json").read_text(encoding="utf-8")
    nats = np.array(json.loads(text)["nats"]).reshape(-1, 12, 25)
    rarity = np.minimum(nats - nats.min(axis=2, keepdims=True), RAREST)
    return np.concatenate([rarity, np.zeros((1, 12, 25))])


def _treatments() -> np.ndarray:
    """What a note outside the chord costs by the moves to and from it, float (weak and strong, ., .)."""
    moves = np.arange(-BEND, BEND + 1)
    first, second = np.meshgrid(moves, moves, indexing="ij")
    step_in, step_out = (np.isin(np.abs(move), (1, 2)) for move in (first, second))
    on = np.sign(first) * np.sign(second)
    falls = np.isin(second, (-1, -2))
    cost = np.full((2, *first.shape), UNTREATED)
    cost[:, step_in & step_out & (on > 0)] = PASSING
    cost[:, step_in & step_out & (on < 0)] = NEIGHBOUR
    cost[0, step_in & (second == 0)] = ANTICIPATION
    cost[1, (first == 0) & falls] = SUSPENSION
    cost[1, (np.abs(first) > 2) & step_out & (on < 0)] = APPOGGIATURA
    return cost


def _bends() -> np.ndarray:
    first, second = np.meshgrid(np.arange(-BEND, BEND + 1), np.arange(-BEND, BEND + 1), indexing="ij")
    leap, onward = np.abs(first) >= 6, np.sign(first) * np.sign(second)
    cost = np.where(leap & (onward > 0), UNRECOVERED, 0.0)
    cost += np.where(leap & ((onward == 0) | ((onward < 0) & (np.abs(second) > 4))), HALF_RECOVERED, 0.0)
    cost += np.where((first == -second) & (np.abs(first) <= 2) & (first != 0), TRILL, 0.0)
    cost += np.where((first == 0) & (second == 0), THRICE, 0.0)
    outline = np.isin(np.abs(first + second), (6, 10, 11)) & (onward > 0)
    leaping = (np.abs(first) > 2) | (np.abs(second) > 2)
    return cost + np.where(outline & leaping, HARD_OUTLINE, 0.0)
