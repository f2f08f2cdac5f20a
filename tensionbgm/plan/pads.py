"""Chords -> sustained voices: pads, choir, and struck chords.

The voicing is led by hand rules: every chord complete where the voices suffice, each voice near its
last pitch, voices in order, wide gaps low and none wider than an octave.  The voicing becomes the
slots' aims; only the voice that has the chord's third is bound to it, the search chooses the rest.
"""

from __future__ import annotations

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


Voicings = dict[tuple[str, int], tuple[int, ...]]  # (player, chord of the form) -> its pitches, untransposed


def write_pads(draft: Draft, players: list[tuple[int, Player]]) -> list[Note]:
    """Sustained chords of every pad."""
    notes = []
    known: Voicings = {}
    for part, player in players:
        last = _middles(player)
        for held in _held(draft, player):
            last = _voiced(held, player, last, known)
            notes += [_voice_note(held, part, player, v, pitch, 1.0) for v, pitch in enumerate(last)]
    return notes


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
            if not player.levels[0] <= bar.level <= player.levels[1] or bar.ending == "hold":
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
        if not player.levels[0] <= bar.level <= player.levels[1] and bar.ending != "hold":
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
