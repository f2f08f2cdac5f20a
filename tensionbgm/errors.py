"""Faults a user can cause or meet, each one line: what is wrong with which file, and the remedy."""


def brief(fault: BaseException, most: int = 160) -> str:
    """What a fault says, on one line and not at length; its kind where it says nothing."""
    return " ".join(str(fault).split())[:most] or type(fault).__name__


class TensionbgmError(Exception):
    """Base of all faults told to the user in one line; `exit_status` is the program's answer."""

    exit_status = 3


class InputError(TensionbgmError):
    """The input is at fault: a bad file, a bad curve, an impossible constraint."""

    exit_status = 1


class UsageError(TensionbgmError):
    """The call is at fault: an unknown option, a value out of range."""

    exit_status = 2


class MeasureError(UsageError, ValueError):
    """There is no such dialect or window of tension, or the piece cannot be measured in it."""


class InternalError(TensionbgmError):
    """Something of ours failed."""

    exit_status = 3


class Cancelled(TensionbgmError):
    """The caller's cancel token, or Ctrl-C, stopped the work."""

    exit_status = 130
