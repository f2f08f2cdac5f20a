"""`tensionbgm score` by stage: wall seconds and peak memory, caches warm.

python -m benchmarks.speed
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.films import FILMS

TEMPO = ("real/sintel_trailer_52s.mp4", "derived/long_10min_many_cuts.mp4")


def sixty_seconds(folder: Path) -> Path:
    """A 60 s 720p film: the 30 s one twice, its packets copied."""
    import av

    source, target = FILMS / "real/bbb_intro_30s.webm", folder / "bbb_60s_720p.mkv"
    with av.open(str(target), "w") as out:
        stream, offset = None, 0
        for _ in range(2):
            with av.open(str(source)) as film:
                picture = film.streams.video[0]
                stream = stream or out.add_stream_from_template(picture)
                last = 0
                for packet in film.demux(picture):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    last = packet.pts + (packet.duration or 42)
                    packet.stream = stream
                    out.mux(packet)
                offset = last
    return target


def measure(film: Path) -> tuple[dict, float]:
    """The report of a job of its own process, and its peak memory [GB]."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "tensionbgm",
            "score",
            str(film),
            "-o",
            f"{folder}/out",
            "--json",
            "--quiet",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"{film}: status {status}")
    return json.loads(text), usage.ru_maxrss / 1e6


def table() -> str:
    """Stages down, films across."""
    if not FILMS.exists():
        return f"not measured: {FILMS} is absent"
    with tempfile.TemporaryDirectory() as folder:
        chosen = [sixty_seconds(Path(folder)), *(FILMS / name for name in TEMPO)]
        measure(chosen[1])  # caches warm
        measured = [(film.name, *measure(film)) for film in chosen]
    stages = list(dict.fromkeys(stage for _, report, _ in measured for stage in report["timings_s"]))
    lines = [
        "| stage | " + " | ".join(name for name, _, _ in measured) + " |",
        "|---" * (len(measured) + 1) + "|",
    ]
    for stage in stages:
        cells = [f"{report['timings_s'].get(stage, 0):.1f}" for _, report, _ in measured]
        lines.append(f"| {stage} [s] | " + " | ".join(cells) + " |")
    total = [f"{sum(report['timings_s'].values()):.1f}" for _, report, _ in measured]
    length = [f"{report['video']['duration_s']:.0f}" for _, report, _ in measured]
    memory = [f"{peak:.2f}" for _, _, peak in measured]
    for name, cells in (("all stages [s]", total), ("film [s]", length), ("peak memory [GB]", memory)):
        lines.append(f"| **{name}** | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
