"""Progress and messages on stderr; stdout is for results alone."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO


class Bars:
    """One progress bar a stage on a terminal, one line a stage elsewhere, nothing when quiet."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}
        self._finished: set[str] = set()

    def __enter__(self) -> Bars:
        if not self._quiet and sys.stderr is not None and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn()
            self._progress = Progress(*columns, console=Console(stderr=True))
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def __call__(self, stage: str, fraction: float) -> None:
        """Listen to a `Watch`."""
        if self._quiet or not stage:
            return
        if self._progress:
            if stage not in self._tasks:
                self._tasks[stage] = self._progress.add_task(stage, total=1.0)
            self._progress.update(self._tasks[stage], completed=fraction)
        elif fraction >= 1.0 and stage not in self._finished:
            self._finished.add(stage)
            say(f"  {stage}: done")


def say(message: str) -> None:
    """A line on stderr that survives any terminal encoding."""
    if sys.stderr is None:  # closed by the caller
        return
    with suppress(OSError):  # nobody reads on: no reason to stop working
        print(_printable(message, sys.stderr), file=sys.stderr, flush=True)


def tell(result: object) -> None:
    """A line on stdout, likewise."""
    if sys.stdout is not None:
        print(_printable(str(result), sys.stdout))


def _printable(message: str, stream: TextIO) -> str:
    encoding = stream.encoding or "ascii"
    return message.encode(encoding, errors="backslashreplace").decode(encoding)
