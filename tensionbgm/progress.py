"""How long work tells its caller how far it is, and learns that it should stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tensionbgm.errors import Cancelled


def _ignore(stage: str, fraction: float) -> None:
    """The listener nobody asked for."""


@dataclass
class Watch:
    """Progress callback, cancel token and stopwatch in one.

    Parameters
    ----------
    report : callable (stage name, fraction 0..1) -> None
        called whenever a stage starts, moves on or ends
    cancelled : callable () -> bool
        asked at every tick; once true, `tick` raises `Cancelled`
    """

    report: Callable[[str, float], None] = _ignore
    cancelled: Callable[[], bool] = lambda: False
    timings_s: dict[str, float] = field(default_factory=dict)
    _stage: str = ""

    @contextmanager
    def stage(self, name: str) -> Iterator[Watch]:
        """Name and time a stage [s]; ticks inside belong to it."""
        outer, self._stage = self._stage, name
        began = time.perf_counter()
        self.tick(0.0)
        try:
            yield self
            self.tick(1.0)
        finally:
            spent = time.perf_counter() - began
            self.timings_s[name] = self.timings_s.get(name, 0.0) + spent
            self._stage = outer

    def part(self, begin: float, end: float) -> Watch:
        """A watch for a part of the work, which tells this one the whole's fraction."""
        return Watch(lambda _, fraction: self.tick(begin + (end - begin) * fraction))

    def tick(self, fraction: float) -> None:
        """Tell the caller that the stage is `fraction` done; raise `Cancelled` if it should stop."""
        if self.cancelled():
            raise Cancelled("stopped on request; nothing unfinished was written")
        self.report(self._stage, min(max(fraction, 0.0), 1.0))
