"""One film scored as a user would, in a process of its own: what came of it, how long, how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILMS = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "videos"


@dataclass(frozen=True)
class Job:
    """A finished job."""

    film: str  # folder/name
    status: int
    wall_s: float
    peak_gb: float
    report: dict[str, Any] | None  # None: it was refused or failed
    said: str  # the last line on stderr


def run(film: Path, *options: str) -> Job:
    """`tensionbgm score FILM` with the given options."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as heard:
        command = [sys.executable, "-m", "tensionbgm", "score", str(film), "-o", f"{folder}/out"]
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--json", "--quiet", *options], stdout=subprocess.PIPE, stderr=heard, text=True
        )
        assert process.stdout
        answer = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        heard.seek(0)
        said = heard.read().strip().splitlines()
    status = os.waitstatus_to_exitcode(status)
    report = json.loads(answer) if status == 0 else None
    name = f"{film.parent.name}/{film.name}"
    print(f"{name}: {status} in {wall_s:.0f} s", file=sys.stderr, flush=True)
    return Job(name, status, wall_s, usage.ru_maxrss / 1e6, report, said[-1] if said else "")
