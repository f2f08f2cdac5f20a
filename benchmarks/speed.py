"""`tensionbgm score` by stage: wall seconds and peak memory, caches warm.

python -m benchmarks.speed
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.job import FILMS, run

CLIP = "real/sintel_trailer_52s.mp4"


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


def table() -> str:
    """Two films of about a minute."""
    if not FILMS.exists():
        return f"not measured: {FILMS} is absent"
    with tempfile.TemporaryDirectory() as folder:
        return by_stage([sixty_seconds(Path(folder)), FILMS / CLIP])


def by_stage(films: list[Path]) -> str:
    """Stages down, films across."""
    jobs = [run(film) for film in films]
    if any(job.report is None for job in jobs):
        return "not measured: " + "; ".join(job.said for job in jobs if job.report is None)
    measured = [(Path(job.film).name, job.report, job.peak_gb) for job in jobs if job.report]
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
    wall = [f"{job.wall_s:.1f}" for job in jobs]
    rows = (
        ("all stages [s]", total),
        ("wall, start to end [s]", wall),
        ("film [s]", length),
        ("peak [GB]", memory),
    )
    for name, cells in rows:
        lines.append(f"| **{name}** | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
