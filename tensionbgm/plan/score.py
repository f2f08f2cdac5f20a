"""What every texture writer is given: the bars with their chords, the players and the dice."""

from __future__ import annotations

import functools
import zlib
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from tensionbgm.plan.chords import chord_scale
from tensionbgm.plan.harmony import Span
from tensionbgm.plan.ideas import Idea, ideas_of
from tensionbgm.plan.key import mask_of
from tensionbgm.plan.palettes import Palette
from tensionbgm.plan.phrases import Bar


def dice(seed: int, *what: object) -> np.random.Generator:
    """Random numbers for one purpose of one seed, the same in whatever order purposes are asked for."""
    words = [zlib.crc32(str(word).encode()) for word in what]
    return np.random.Generator(np.random.PCG64([seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, *words]))


@dataclass(frozen=True)
class Draft:
    """Everything that is settled before the notes are written."""

    bars: tuple[Bar, ...]
    spans: tuple[tuple[Span, ...], ...]  # the chords of each bar
    palette: Palette
    tonic: int
    mode: str
    seed: int
    film: str  # facts of the film: two films get two pieces from one seed
    peak: int  # the tensest bar

    def dice(self, *what: object) -> np.random.Generator:
        """Random numbers for one purpose of this piece."""
        return dice(self.seed, self.film, *what)

    @functools.cached_property
    def ideas(self) -> dict[int, Idea]:
        """Material -> what it is made of."""
        return ideas_of(self.bars)

    @functools.cached_property
    def metre(self) -> int:
        """Quarters in most bars: 2 marches, 3 waltzes, 4 and more walk."""
        beats = np.bincount([bar.beats for bar in self.bars])
        return int(beats.argmax())

    def span_at(self, bar: Bar, tick: int) -> Span:
        """The chord that is meant at a score position of the bar."""
        return next(
            (s for s in reversed(self.spans[bar.index]) if s.start_tick <= tick), self.spans[bar.index][0]
        )

    def bar_at(self, tick: int) -> Bar:
        """The bar a score position lies in."""
        return self.bars[max(bisect_right(self._starts, tick) - 1, 0)]

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [bar.start_tick for bar in self.bars]

    def chord_mask(self, span: Span) -> int:
        """Pitch classes of the chord itself, without a pedal."""
        return mask_of(list(span.chord.tones), span.tonic)

    def scale_mask(self, span: Span) -> int:
        """Pitch classes one may pass through over the chord."""
        return mask_of(list(chord_scale(span.chord, self.mode)), span.tonic)

    def broadens(self, bar: Bar) -> bool:
        """Whether the last chord follows: the music slows into it."""
        after = bar.index + 1
        return bar.ending != "hold" and after < len(self.bars) and self.bars[after].ending == "hold"


def tie_key(bar: Bar, *what: object) -> tuple | None:
    """Key under which the returns of a bar share their pitches; the last bars are their own."""
    return None if bar.ending else (bar.material, bar.source, *what)


def chord_key(bar: Bar, span: Span, *what: object) -> tuple | None:
    """Key under which all that is said over one chord of the form, when it returns, shares its pitches."""
    return None if bar.ending else ("chord", span.cell, *what)
