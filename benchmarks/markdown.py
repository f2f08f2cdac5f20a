"""Cells -> rows of a Markdown table."""

from __future__ import annotations


def line(*cells: str) -> str:
    """One row."""
    return "| " + " | ".join(cells) + " |"


def head(*cells: str) -> list[str]:
    """The heads and the rule below them."""
    return [line(*cells), "|" + " --- |" * len(cells)]
