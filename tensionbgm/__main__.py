"""`python -m tensionbgm` and the `tensionbgm` command: run, and answer every fault in one line."""

from __future__ import annotations

import os
import signal
import sys

from tensionbgm import cli, stop
from tensionbgm.console import say
from tensionbgm.errors import Cancelled, InputError, InternalError, TensionbgmError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the value returned is the program's exit status (see `errors`)."""
    stop.listen()
    try:
        status = cli.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk or a closed pipe is told here, not by the interpreter
        return status
    except KeyboardInterrupt:
        return _interrupted(whole_program=arguments is None)
    except Exception as fault:
        if stop.asked():  # Ctrl-C in the middle of an import, say, comes out as an ImportError
            return _interrupted(whole_program=arguments is None)
        return _told(fault)


def _told(fault: Exception) -> int:
    """One line for the user; the exit status."""
    if isinstance(fault, TensionbgmError):
        say(f"tensionbgm: {_one_line(fault)}")
        return fault.exit_status
    if isinstance(fault, BrokenPipeError):  # the reader of stdout has seen enough
        _give_up_stdout()
        return 0
    if isinstance(fault, OSError):
        where = f"{fault.filename}: " if fault.filename else ""
        remedy = "check the path, the permissions and the free space"
        say(f"tensionbgm: {where}{fault.strerror or fault}; {remedy}")
        _give_up_stdout()
        return InputError.exit_status
    if os.environ.get("TENSIONBGM_DEBUG"):
        raise fault
    say(
        f"tensionbgm: something of ours failed ({type(fault).__name__}: {_one_line(fault)}); "
        "set TENSIONBGM_DEBUG=1 for the traceback and report it"
    )
    return InternalError.exit_status


def _interrupted(whole_program: bool) -> int:
    if whole_program:  # a second Ctrl-C has nothing left to stop
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("tensionbgm: interrupted; nothing unfinished was written")
    if whole_program:  # libraries stopped in the middle of their work may abort when they are taken down
        os._exit(Cancelled.exit_status)
    return Cancelled.exit_status


def _give_up_stdout() -> None:
    """Where stdout takes no more, let the interpreter not try again on its way out."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _one_line(fault: BaseException) -> str:
    return " ".join(str(fault).split())


if __name__ == "__main__":
    sys.exit(main())
