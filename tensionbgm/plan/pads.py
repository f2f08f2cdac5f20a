"""Chords -> sustained voices: pads, choir, and struck chords.

The voicing is led by hand rules: every chord complete where the voices suffice, each voice near its
last pitch, voices in order, wide gaps low and none wider than an octave.  The voicing becomes the
slots' aims; only the voice that has the chord's third is bound to it, the search chooses the rest.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass

from tensionbgm.forms import PPQ
from tensionbgm.plan.harmony import Span
from tensionbgm.plan.palettes import Player
from tensionbgm.plan.phrases import Bar
from tensionbgm.plan.score import Draft, chord_key
from tensionbgm.plan.slots import Note, has_pitch

REACH = 7  # how far a voice's range extends around its band's middle [semitones]
LONGEST_BEATS = 8  # a sustained chord is struck again after this long
SUSPENDED_FROM = 1  # energy level from which a voice may hang over into the next chord
PASSING_FROM = 1  # energy level from which inner voices walk from chord to chord
AGAIN_FROM = 2  # ... from which one voice is struck again
RISE = 5  # semitones the voices move up from the calmest to the tensest


@dataclass(frozen=True)
class Held:
    """A chord as sustained: equal neighbours joined."""

    bar: Bar
    start: int  # [ticks]
    end: int
    chord: int  # mask of the chord
    third: int  # mask of the tone that makes it what it is
    span: Span


Voiced = tuple[Held, tuple[int, ...]]  # a chord and its pitches, top voice first
Voicings = dict[tuple[str, int], tuple[int, ...]]  # (player, chord of the form) -> its pitches, untransposed


def write_pads(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """Sustained chords of every pad."""
    notes: list[Note] = []
    known: Voicings = {}
    for part, player in players:
        last, chords = _middles(player), []
        for held in _held(draft, player):
            last = _voiced(held, player, last, known)
            chords.append((held, last))
        for i, (held, voices) in enumerate(chords):
            before = chords[i - 1] if i and chords[i - 1][0].end == held.start else None
            after = chords[i + 1] if i + 1 < len(chords) and chords[i + 1][0].start == held.end else None
            late = _suspended(held, voices, before)
            for note in _moving(draft, held, voices, after, part, player):
                if note.voice == late and note.onset == held.start:
                    note = _hang_over(held, note, notes)
                notes.append(note)
    return notes


def _moving(
    draft: Draft,
    held: Held,
    voices: tuple[int, ...],
    after: Voiced | None,
    part: int,
    player: Player,
) -> list[Note]:
    """A sustained chord with a life inside: a passing note into the next one, a voice struck again."""
    plain = [_voice_note(held, part, player, v, pitch, 1.0) for v, pitch in enumerate(voices)]
    if held.bar.ending == "hold" or held.bar.level == 0 or held.end - held.start < 2 * PPQ:
        return plain
    leads = _passing(draft, held, voices, after)
    moved: list[Note] = []
    for note in plain:
        if leads is not None and note.voice == leads[0]:
            moved += _led_on(draft, held, note, leads[1])
        elif held.bar.level >= AGAIN_FROM and note.voice == 1 + held.bar.index % max(player.voices - 1, 1):
            moved += _again(held, note)
        else:
            moved.append(note)
    return moved


def _suspended(held: Held, voices: tuple[int, ...], before: Voiced | None) -> int:
    """The voice whose last note may hang over as a dissonance and fall by step; -1 if none."""
    calm = held.bar.level < SUSPENDED_FROM or held.bar.ending == "hold" or held.end - held.start < 2 * PPQ
    if before is None or calm:
        return -1
    falls = [
        v
        for v, (p, q) in enumerate(zip(before[1], voices, strict=True))
        if p - q in (1, 2) and not held.chord >> (p % 12) & 1
    ]
    return falls[0] if falls else -1


def _hang_over(held: Held, note: Note, written: list[Note]) -> Note:
    """The voice's last note held over the new chord, and the rest of `note`, to which it falls."""
    length = PPQ if held.end - held.start < 4 * PPQ else 2 * PPQ
    last = next(n for n in reversed(written) if (n.part, n.voice) == (note.part, note.voice))
    late = min(length, note.duration - PPQ // 2)
    last.duration += late
    return dataclasses.replace(note, onset=note.onset + late, duration=note.duration - late)


def _passing(
    draft: Draft, held: Held, voices: tuple[int, ...], after: Voiced | None
) -> tuple[int, int] | None:
    """(voice, pitch): an inner voice that can walk into the next chord by a note between, if one can."""
    if after is None or held.bar.level < PASSING_FROM:
        return None
    scale = draft.scale_mask(held.span)
    for v in range(1, len(voices)):
        p, q = voices[v], after[1][v]
        between = [x for x in range(min(p, q) + 1, max(p, q)) if scale >> (x % 12) & 1]
        if abs(p - q) in (3, 4) and between:
            return v, between[0]
    return None


def _led_on(draft: Draft, held: Held, note: Note, pitch: int) -> list[Note]:
    """The chord tone, and the passing note on its last beat."""
    key = None if note.key is None else (*note.key, "pass", (pitch - note.shift) % 12)
    last = dataclasses.replace(
        note,
        onset=held.end - PPQ,
        duration=PPQ,
        aim=pitch,
        low=pitch,
        high=pitch,
        allowed=1 << (pitch % 12),
        key=key,
    )
    return [dataclasses.replace(note, duration=held.end - PPQ - note.onset), last]


def _again(held: Held, note: Note) -> list[Note]:
    """The note once more on every second beat: bows change."""
    key = note.key if note.key is not None else ("again", note.part, note.voice, note.onset)
    starts = range(held.start, held.end - PPQ + 1, 2 * PPQ)
    edges = [*starts, held.end]
    return [dataclasses.replace(note, onset=a, duration=b - a, key=key) for a, b in itertools.pairwise(edges)]


def _voiced(held: Held, player: Player, last: tuple[int, ...], known: Voicings) -> tuple[int, ...]:
    """The chord's voicing: as when it was first heard in this place of the form, or the best-led one."""
    shift, place = held.bar.transpose, (player.part.name, held.span.cell)
    low, high = player.part.low, player.part.high
    again = tuple(p + shift for p in known.get(place, ()))
    if again and not held.bar.ending and low <= min(again) and max(again) <= high:
        return again
    rise = round(RISE * (held.bar.energy - 0.5))
    pitches = voicing(held.chord, tuple(m + rise for m in _middles(player)), last)
    known[place] = tuple(p - shift for p in pitches)
    return pitches


def write_stabs(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """Chords struck in rhythm: the loud palettes' brass, chords and accordion."""
    notes = []
    known: Voicings = {}
    for part, player in players:
        last = _middles(player)
        for bar in draft.bars:
            if not player.plays(bar.level, bar.steady) or bar.ending == "hold":
                continue
            for at, length in _stab_rhythm(draft, bar):
                onset = bar.start_tick + round(at * PPQ)
                span = draft.span_at(bar, onset)
                end = onset + round(length * PPQ)
                held = Held(bar, onset, end, draft.chord_mask(span), _third(span), span)
                last = _voiced(held, player, last, known)
                notes += [_voice_note(held, part, player, v, p, player.gate) for v, p in enumerate(last)]
    return notes + _final_chords(draft, players)


def _final_chords(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """The last chord, held, by those who were playing before it."""
    first = next(bar for bar in draft.bars if bar.ending == "hold")
    before = draft.bars[max(first.index - 1, 0)]
    notes = []
    for part, player in players:
        if player.levels[0] <= max(before.level, first.level) <= player.levels[1]:
            span, end = draft.spans[first.index][0], draft.bars[-1].end_tick
            held = Held(first, first.start_tick, end, draft.chord_mask(span), _third(span), span)
            pitches = voicing(held.chord, _middles(player), _middles(player))
            notes += [_voice_note(held, part, player, v, p, 1.0) for v, p in enumerate(pitches)]
    return notes


def _stab_rhythm(draft: Draft, bar: Bar) -> list[tuple[float, float]]:
    """(onset, length) of a bar's struck chords [beats]."""
    full = float(bar.beats)
    if draft.metre == 3 and bar.beats >= 3:
        return [(b + 0.0, 0.5) for b in range(1, bar.beats)]
    if draft.metre == 2:
        return [(b + 0.5, 0.5) for b in range(bar.beats)]
    if draft.palette.name == "electronic":
        return [(b + 0.5, 0.5) for b in range(bar.beats)]
    if draft.palette.name == "acoustic":
        return [(b + 0.0, 0.5) for b in range(1, bar.beats, 2)] or [(0.0, 0.5)]
    if bar.level < 4:
        return [(0.0, full)]
    half = (bar.beats + 1) // 2
    rhythm = [(0.0, 1.5), (1.5, 0.5), (float(half), float(full - half))] if bar.beats >= 4 else [(0.0, full)]
    return [(on, length) for on, length in rhythm if length > 0]


def _held(draft: Draft, player: Player) -> list[Held]:
    """The chords the player sustains, joined while they stay the same inside a section."""
    held: list[Held] = []
    for bar in draft.bars:
        if not player.plays(bar.level, bar.steady) and bar.ending != "hold":
            continue
        for span in draft.spans[bar.index]:
            chord = draft.chord_mask(span)
            last = held[-1] if held else None
            joins = (
                last is not None
                and (last.chord, last.end) == (chord, span.start_tick)
                and not (bar.opens and span.start_tick == bar.start_tick)
                and (span.end_tick - last.start <= LONGEST_BEATS * PPQ or bar.ending == "hold")
                and (bar.ending == "hold") == (last.bar.ending == "hold")
            )
            if last is not None and joins:
                held[-1] = Held(last.bar, last.start, span.end_tick, chord, last.third, last.span)
            else:
                held.append(Held(bar, span.start_tick, span.end_tick, chord, _third(span), span))
    if player.levels[0] > 0:
        before = draft.bars[max(draft.bars[-1].index - 1, 0)]
        held = [h for h in held if h.bar.ending != "hold" or before.level >= player.levels[0]]
    return held


def _third(span: Span) -> int:
    """Mask of the chord's third, or of what stands for it; 0 in an open fifth."""
    tones = span.chord.tones
    return 0 if len(tones) < 3 else 1 << ((span.tonic + 7 * tones[2]) % 12)


def _middles(player: Player) -> tuple[int, ...]:
    """Middle of each voice's band, top voice first."""
    low, high = player.part.low + 5, player.part.high - 7
    n = player.voices
    return tuple(round(high - (high - low) * i / max(n - 1, 1)) for i in range(n))


def voicing(chord: int, middles: tuple[int, ...], last: tuple[int, ...]) -> tuple[int, ...]:
    """The best-led voicing of a chord, top voice first.

    Parameters
    ----------
    chord : int
        12-bit mask, at least one bit
    middles : tuple of int
        where each voice is at home [MIDI pitch]
    last : tuple of int
        the voicing before
    """
    tones = [pc for pc in range(12) if chord >> pc & 1]
    choices = [[p for p in range(m - REACH, m + REACH + 1) if p % 12 in tones] for m in middles]
    best = min(itertools.product(*choices), key=lambda v: _voicing_cost(v, middles, last, len(tones)))
    return tuple(best)


def _voicing_cost(v: tuple[int, ...], middles: tuple[int, ...], last: tuple[int, ...], n_tones: int) -> float:
    gaps = [a - b for a, b in itertools.pairwise(v)]
    cost = 1.0 * sum(abs(a - b) for a, b in zip(v, last, strict=True))
    cost += 0.4 * sum(abs(a - b) for a, b in zip(v, middles, strict=True))
    cost += (
        sum(30 for g in gaps if g < 1) + sum(4 for g in gaps if g > 12) + sum(2 for g in gaps if 1 <= g < 3)
    )
    return cost + 6 * (min(n_tones, len(v)) - len({p % 12 for p in v}))


def _voice_note(held: Held, part: int, player: Player, voice: int, pitch: int, gate: float) -> Note:
    low, high = max(player.part.low, pitch - REACH), min(player.part.high, pitch + REACH)
    bound = held.third if held.third >> (pitch % 12) & 1 else held.chord
    if not has_pitch(low, high, bound):
        bound = held.chord
    duration = max(round((held.end - held.start) * gate), 60)
    key = chord_key(held.bar, held.span, player.part.name, voice)
    return Note(
        held.start,
        duration,
        part,
        voice,
        low,
        high,
        bound,
        held.chord,
        pitch,
        0,
        key,
        held.bar.transpose if key else 0,
    )
