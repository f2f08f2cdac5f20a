"""Measure, and rewrite REPORT.md: `python -m benchmarks [NAME ...]` (default: all).

Each module named below has `table() -> str`, a markdown section.  Sections measured earlier stay in
REPORT.md until they are measured again, each under its own date, machine and commit.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import re
import subprocess
from pathlib import Path

SECTIONS = (
    *("films", "speed", "long", "shots", "form", "joined", "grid", "search", "morpheus", "exact"),
    *("search_speed", "drawn", "tradeoff", "harmony"),
    *("oracle", "listeners", "sensory", "tonality", "tension_speed", "video_model", "video_match"),
)
REPORT = Path(__file__).with_name("REPORT.md")
HEAD = """# Measured

Written by `python -m benchmarks`; the films are those of the ground-truth set beside the checkout
(`../shared/data/videos`), which is not part of the project. Every figure stands beside its control.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SECTIONS)} (default: all)")
    names = parser.parse_args().names or SECTIONS
    sections = read_sections()
    for name in names:
        if name not in SECTIONS:
            parser.error(f"no section {name!r}")
        print(f"measuring {name} ...", flush=True)
        table = importlib.import_module(f"benchmarks.{name}").table()
        sections[name] = f"*{provenance(name)}*\n\n{table.strip()}\n"
        write_sections(sections)


def provenance(name: str) -> str:
    """When, where and from what commit a section was measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    ).stdout.strip()
    today = datetime.date.today().isoformat()
    return (
        f"`python -m benchmarks {name}`, {today}, commit {commit or 'unknown'}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores of {cpu_name()}"
    )


def cpu_name() -> str:
    """The processor, as the system names it."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def read_sections() -> dict[str, str]:
    """Sections of the report as it stands, by name."""
    if not REPORT.exists():
        return {}
    parts = re.split(r"^## (\w+)\n", REPORT.read_text(encoding="utf-8"), flags=re.M)[1:]
    return dict(zip(parts[::2], (text.strip() + "\n" for text in parts[1::2]), strict=True))


def write_sections(sections: dict[str, str]) -> None:
    """Rewrite the report with the sections in their fixed order."""
    body = [f"## {name}\n\n{sections[name]}" for name in SECTIONS if name in sections]
    REPORT.write_text("\n".join([HEAD, *body]), encoding="utf-8")


if __name__ == "__main__":
    main()
