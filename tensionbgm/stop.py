"""Ctrl-C and SIGTERM -> one KeyboardInterrupt, remembered: libraries lose it, or call it by other names."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_state = {"asked": False, "held": False}


def listen() -> None:
    """From now on both signals stop the work; what was asked before is forgotten."""
    _state.update(asked=False, held=False)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)


def asked() -> bool:
    """Whether a signal has come since `listen`."""
    return _state["asked"]


@contextmanager
def held() -> Iterator[None]:
    """What must not be left half done: here a signal is remembered and interrupts nothing."""
    _state["held"] = True
    try:
        yield
    finally:
        _state["held"] = False


def _stop(signal_number: int, frame: FrameType | None) -> None:
    _state["asked"] = True
    if not _state["held"]:
        raise KeyboardInterrupt
