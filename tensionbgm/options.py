"""Dataclasses of `config` <-> command-line options: the one place that knows argparse's ways."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import typing
from typing import Any, TypeVar

T = TypeVar("T")


def add_options(parser: argparse.ArgumentParser, group: type) -> None:
    """Give a parser one option for each field of a configuration dataclass made by `config.option`."""
    hints = typing.get_type_hints(group)
    for field in dataclasses.fields(group):
        if "help" not in field.metadata:
            continue
        name = f"--{field.name.replace('_', '-')}"
        if field.default is False:
            parser.add_argument(name, action="store_true", help=_help(field))
            continue
        parser.add_argument(
            name,
            default=field.default,
            type=_plain(hints[field.name], field.metadata.get("limits")),
            choices=field.metadata["choices"],
            metavar=field.metadata["metavar"],
            help=_help(field),
        )


def from_options(group: type[T], arguments: argparse.Namespace) -> T:
    """The configuration dataclass filled from parsed options."""
    names = [field.name for field in dataclasses.fields(group) if "help" in field.metadata]  # type: ignore[arg-type]
    return group(**{name: getattr(arguments, name) for name in names})


def _plain(hint: Any, limits: tuple[float, float] | None) -> Any:
    """`float | None` is parsed as float."""
    if limits:
        return functools.partial(number_within, limits)
    kinds = [kind for kind in typing.get_args(hint) or (hint,) if kind is not type(None)]
    return {int: whole_number, float: positive_number}.get(kinds[0], kinds[0])


def _help(field: dataclasses.Field) -> str:
    text = str(field.metadata["help"]).replace("%", "%%")
    return text if field.default in (None, False) or "default" in text else f"{text} (default: %(default)s)"


def whole_number(text: str) -> int:
    """A seed: a whole number of 0..2**31-1, or argparse's one-line refusal."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**31 - 1}")
    return number


def number_within(limits: tuple[float, float], text: str) -> float:
    """A number from the least to the greatest allowed, or argparse's one-line refusal."""
    low, high = limits
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
    return number


def positive_number(text: str) -> float:
    """A time in seconds: above 0 and finite, or argparse's one-line refusal."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number
