"""`python -m tensionbgm` and the `tensionbgm` command: run, and answer every fault in one line."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from tensionbgm import cli
from tensionbgm.console import say
from tensionbgm.errors import TensionbgmError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the value returned is the program's exit status (see `errors`)."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return cli.run(arguments)
    except KeyboardInterrupt:
        say("tensionbgm: interrupted; nothing unfinished was written")
        return 130
    except TensionbgmError as fault:
        say(f"tensionbgm: {_one_line(fault)}")
        return fault.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else ""
        remedy = "check the path, the permissions and the free space"
        say(f"tensionbgm: {where}{fault.strerror or fault}; {remedy}")
        return 1
    except Exception as fault:
        if os.environ.get("TENSIONBGM_DEBUG"):
            raise
        say(
            f"tensionbgm: something of ours failed ({type(fault).__name__}: {_one_line(fault)}); "
            "set TENSIONBGM_DEBUG=1 for the traceback and report it"
        )
        return 3


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _one_line(fault: BaseException) -> str:
    return " ".join(str(fault).split())


if __name__ == "__main__":
    sys.exit(main())
