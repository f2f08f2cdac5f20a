"""The nouns that flow between the stages; frozen, and each can be written to JSON and read back (`saved`).

video -> Analysis -> Curve, Form -> Grid -> Plan -> Piece -> files

Units live in the names: `_s` seconds from the first frame of the film, `_tick` ticks of the
score (`PPQ` a quarter note), `_us` integer microseconds, `_db` decibels.  Pitches are MIDI
numbers, pitch-class sets are 12-bit masks (bit 0 is C).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

PPQ = 480  # ticks per quarter note: divides into 16ths, 32nds and triplets without rest


# --------------------------------------------------------------------------- the film


@dataclass(frozen=True)
class Video:
    """What the container and the decoder say about the film."""

    path: str
    duration_s: float  # from the first frame shown to the end of the last frame shown
    fps: float  # mean rate of the frames really decoded
    frame_s: float  # median frame duration [s]: the tolerance of "on the last frame"
    n_frames: int
    vfr: bool  # frame durations differ by more than time-base rounding
    rotation: int  # 0, 90, 180 or 270 degrees the display turns the coded picture
    width: int  # as displayed
    height: int
    container: str
    codec: str
    has_audio: bool
    complete: bool = True  # False: the file broke off; duration is what could be decoded


@dataclass(frozen=True)
class Shots:
    """Where the film cuts.  Shot k runs from `boundary_s[k-1]` (or 0) to `boundary_s[k]` (or the end)."""

    cut_s: np.ndarray  # float (n,), rising: time of the first frame of the new shot, hard cuts only
    strength: np.ndarray  # float (n,), 0..1: how strong the cut looks
    gradual_s: np.ndarray  # float (m, 2): start and end of dissolves, wipes and fades
    boundary_s: np.ndarray  # float (n + m,), rising: hard cuts and middles of gradual transitions, as seen
    source: str = "picture"  # of `cut_s`; or "picture and trailer.edl", an edit list of the user's


@dataclass(frozen=True)
class Motion:
    """How the picture moves and looks, at a steady rate (`time_s` is evenly spaced)."""

    time_s: np.ndarray  # float (t,): centre of each sample
    magnitude: np.ndarray  # float (t,): mean optical flow, in picture widths per second
    direction_rad: np.ndarray  # float (t,): of the mean flow vector, 0 is right, counter-clockwise
    camera: np.ndarray  # float (t,): share of the flow explained by one global motion, widths per second
    subject: np.ndarray  # float (t,): what remains after the camera's motion, widths per second
    brightness: np.ndarray  # float (t,), 0..1: mean luma
    saturation: np.ndarray  # float (t,), 0..1
    warmth: np.ndarray  # float (t,), -1..1: red against blue


@dataclass(frozen=True)
class Thumbnails:
    """A few small upright pictures of the film, for the report and the studio."""

    time_s: np.ndarray  # float (n,)
    rgb: np.ndarray  # uint8 (n, h, w, 3)


@dataclass(frozen=True)
class Analysis:
    """Everything the later stages need to know of the film."""

    video: Video
    shots: Shots
    motion: Motion
    embedding: np.ndarray  # float32 (k, d), unit rows: likeness of shots is the dot product; k shots
    speech_s: np.ndarray  # float (m, 2): spans where somebody speaks
    thumbnails: Thumbnails
    warnings: tuple[str, ...] = ()
    # float (t,), 0..255, at `motion.time_s`: mean difference of frames 1/25 s apart; (0,) if not measured
    change: np.ndarray = field(default_factory=lambda: np.zeros(0))


# --------------------------------------------------------------------------- what is asked for


@dataclass(frozen=True)
class Curve:
    """Tension over time, 0..1; between the points it is linear, outside them constant."""

    time_s: np.ndarray  # float (n,), strictly rising
    value: np.ndarray  # float (n,), 0..1
    source: str  # estimated | file | drawn | inline
    low: np.ndarray | None = None  # float (n,), 0..1: the doubt of an estimate, from here ...
    high: np.ndarray | None = None  # float (n,), 0..1: ... to here

    def at(self, time_s: np.ndarray | float) -> np.ndarray:
        """The curve's value at the given times [s]."""
        return np.interp(time_s, self.time_s, self.value)

    def mean(self, start_s: np.ndarray | float, end_s: np.ndarray | float) -> np.ndarray:
        """Mean of the curve over each span [start_s, end_s), exact for the piecewise linear curve."""
        start, end = np.asarray(start_s, float), np.asarray(end_s, float)
        knots = np.unique(np.concatenate([self.time_s, start.ravel(), end.ravel()]))
        height = self.at(knots)
        area = np.concatenate([[0.0], np.cumsum(np.diff(knots) * (height[1:] + height[:-1]) / 2)])
        span = np.maximum(end - start, 1e-12)
        mean = (np.interp(end, knots, area) - np.interp(start, knots, area)) / span
        return np.where(end - start > 1e-9, mean, self.at(start))


@dataclass(frozen=True)
class Section:
    """A stretch of the film with one character."""

    label: str  # "A", "B", ...: equal labels, equal music
    start_s: float
    end_s: float
    repeats: int | None = None  # index of the first section with this label, if this is a return
    transpose: int = 0  # semitones the return is shifted by


@dataclass(frozen=True)
class Form:
    """Sections in order; they cover the film from 0 to its end without gaps."""

    sections: tuple[Section, ...]


BEATS = ("downbeat", "strong", "any")  # what a marker may have to fall on


@dataclass(frozen=True)
class Marker:
    """A moment of the film that the user names; the music must meet it."""

    time_s: float
    name: str
    weight: float = 1.0  # 0..1, like the strength of a cut
    beat: str = "strong"  # what it must fall on, one of `BEATS`


# --------------------------------------------------------------------------- the plan


@dataclass(frozen=True)
class Solver:
    """What the constraint solver said of its own work."""

    status: str  # OPTIMAL | FEASIBLE
    objective: float
    bound: float
    wall_s: float = 0.0


@dataclass(frozen=True)
class Grid:
    """Tempo, bars and sections: when every beat of the music falls.

    Bar b lasts `bar_beats[b]` quarter notes at `bar_tempo_us[b]` microseconds a quarter, from
    time 0; the last bar ends where the film ends.  Integers only, so nothing drifts.
    """

    bar_beats: np.ndarray  # int (b,): quarters in the bar
    bar_tempo_us: np.ndarray  # int (b,): microseconds per quarter
    bar_section: np.ndarray  # int (b,): index into `sections`
    sections: tuple[Section, ...]  # the form's sections, their times moved to bar lines
    cut_s: np.ndarray  # float (n,): the accents asked for, rising
    cut_weight: np.ndarray  # float (n,), 0..1
    solver: Solver
    warnings: tuple[str, ...] = ()

    @property
    def n_bars(self) -> int:
        """How many bars."""
        return len(self.bar_beats)

    @property
    def bar_tick(self) -> np.ndarray:
        """int (b + 1,): first tick of each bar, and the end."""
        return np.concatenate([[0], np.cumsum(self.bar_beats)]).astype(np.int64) * PPQ

    @property
    def bar_us(self) -> np.ndarray:
        """int (b + 1,): start of each bar, and the end [microseconds]."""
        length = self.bar_beats.astype(np.int64) * self.bar_tempo_us.astype(np.int64)
        return np.concatenate([[0], np.cumsum(length)])

    def seconds(self, tick: np.ndarray | int) -> np.ndarray:
        """Time of each tick [s]."""
        return np.interp(tick, self.bar_tick, self.bar_us) / 1e6

    def ticks(self, time_s: np.ndarray | float) -> np.ndarray:
        """Score position of each time, unrounded [ticks]."""
        return np.interp(np.asarray(time_s, float) * 1e6, self.bar_us, self.bar_tick)


@dataclass(frozen=True)
class Key:
    """A key, from a bar on."""

    start_bar: int
    tonic: int  # pitch class 0..11
    mode: str  # major | minor


@dataclass(frozen=True)
class Chord:
    """A chord that is meant from `start_tick` to `end_tick`."""

    start_tick: int
    end_tick: int
    symbol: str  # as printed, "Dm7/F"
    pcs: int  # 12-bit mask of its pitch classes
    root: int  # pitch class
    bass: int  # pitch class the bass should have at the start


@dataclass(frozen=True)
class Part:
    """One staff of the score, one stem of the mix."""

    name: str  # "Violins"
    role: str  # melody | counter | arpeggio | pad | bass | percussion
    program: int  # General MIDI program 0..127 (percussion: the kit)
    channel: int  # MIDI channel 0..15; 9 is percussion
    low: int  # playable range, MIDI pitch
    high: int
    pan: float = 0.0  # -1 left .. 1 right
    level_db: float = 0.0  # balance in the mix
    reverb: float = 0.3  # share sent to the room, 0..1


SLOT = np.dtype(
    [
        ("onset_tick", np.int32),
        ("duration_tick", np.int32),
        ("part", np.int16),  # index into Plan.parts
        ("voice", np.int16),  # line inside the part: notes of one line do not overlap
        ("low", np.int16),  # pitch range, inclusive; low == high means the pitch is given (percussion)
        ("high", np.int16),
        ("allowed", np.uint16),  # pitch classes it may have (hard), 12-bit mask
        ("chord", np.uint16),  # pitch classes of the chord under it, 12-bit mask
        ("aim", np.int16),  # pitch the line tends to here, or -1
        ("strength", np.int8),  # metric weight: 3 downbeat, 2 strong beat, 1 beat, 0 off the beat
        ("velocity", np.uint8),  # 1..127, before the dynamics are shaped
        ("tie", np.int32),  # slots with the same tie have the same pitch up to `how` and `shift`
        ("shift", np.int16),  # above the tie's own pitch: semitones, or what `how` says
        ("how", np.int8),  # which of `TIES`: how the pitch follows from the tie's own
    ]
)
TIES = ("exact", "diatonic", "mirrored", "octave", "mirrored_diatonic")  # `music.ties` says what each does
EXACT, DIATONIC, MIRRORED, OCTAVE, MIRRORED_DIATONIC = range(len(TIES))


@dataclass(frozen=True)
class Plan:
    """A piece without its pitches: enough to compose, and to compose again."""

    title: str
    seed: int
    palette: str
    grid: Grid
    keys: tuple[Key, ...]
    chords: tuple[Chord, ...]
    parts: tuple[Part, ...]
    slots: np.ndarray  # SLOT (n,), sorted by onset_tick, part, voice
    curve: Curve  # the tension asked for
    warnings: tuple[str, ...] = ()
    markers: tuple[Marker, ...] = ()  # what the user asked the music to meet, in order of time
    planned_seed: int | None = None  # what it was planned with, if `seed` is to give other notes than that
    harmony: Solver | None = None  # what the chords cost, where they were chosen here

    def reseeded(self, seed: int) -> Plan:
        """The same plan for other notes; with the seed it was planned with, for those it had at first."""
        known = self.seed if self.planned_seed is None else self.planned_seed
        return replace(self, seed=seed, planned_seed=known)


@dataclass(frozen=True)
class SearchFacts:
    """What the search did."""

    backend: str  # cpu | cuda
    chains: int
    moves: int
    moves_per_s: float
    cost_start: float
    cost_end: float
    lower_bound: float | None = None  # no pitches for this plan cost less
    bound_note: str | None = None  # why there is none
    proven: float | None = None  # share of neighbourhoods known to hold nothing better, 0..1
    accepted: dict[str, float] = field(default_factory=dict)  # share of compound moves kept, by kind, 0..1

    @property
    def gap(self) -> float | None:
        """How far the cost can lie above the least there is, as a share of the bound."""
        bound = self.lower_bound
        return None if bound is None or bound <= 0 else self.cost_end / bound - 1


@dataclass(frozen=True)
class Piece:
    """A plan with its pitches and dynamics: music."""

    plan: Plan
    pitch: np.ndarray  # int16 (n,): one per slot
    velocity: np.ndarray  # uint8 (n,): one per slot, 1..127
    search: SearchFacts | None = field(default=None)
