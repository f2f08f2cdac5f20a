"""`tensionbgm score` on every shared film -> a table: outcome, time, fit, cuts against chance, end.

python -m benchmarks.films [FILM ...]
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean

from benchmarks.job import FILMS, Job, run

AT_ONCE = 2  # jobs side by side: wall times are those of a machine shared by two
SUFFIXES = {".mp4", ".mov", ".mkv", ".avi", ".webm", ".ogv", ".gif"}
HEADER = (
    "| film | outcome | film s | wall s | tension r | shuffled | RMSE | cuts | hit 40 ms | chance "
    "| shuffled cuts | end ms | tied notes kept |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def films() -> list[Path]:
    """Every shared film, in a fixed order."""
    return sorted(p for p in FILMS.rglob("*") if p.suffix.lower() in SUFFIXES)


def line(row: Job) -> str:
    """One row of the table."""
    name = row.film.replace("|", "\\|")
    if row.report is None:
        said = row.said.split(": ", 2)[-1].replace("|", "\\|")
        return f"| {name} | exit {row.status}: {said} | | {row.wall_s:.0f} |" + " |" * 9
    metrics = row.report["metrics"]
    fit, cuts, ties = metrics["tension"], metrics["cuts"], metrics["patterns"]
    cells = [
        name,
        "scored",
        f"{row.report['video']['duration_s']:.1f}",
        f"{row.wall_s:.0f}",
        number(fit["pearson"]),
        number(fit["control_shuffled"]),
        number(fit["rmse"]),
        str(cuts["n"]),
        *(
            percent(cuts[key]) if cuts["n"] else ""
            for key in ("hit_40ms", "chance_40ms", "control_shuffled_hit_40ms")
        ),
        number(cuts["end_error_ms"], 1),
        f"{ties['satisfied']}/{ties['constrained_notes']}",
    ]
    return "| " + " | ".join(cells) + " |"


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or a dash where it does not exist."""
    return "-" if value is None else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """A share in per cent, or a dash."""
    return "-" if share is None else f"{100 * share:.0f} %"


def summary(rows: list[Job]) -> str:
    """Means over the films scored; cut shares weighted by the number of cuts."""
    reports = [row.report for row in rows if row.report]
    fits = [r["metrics"]["tension"] for r in reports if r["metrics"]["tension"]["pearson"] is not None]
    cuts = [r["metrics"]["cuts"] for r in reports if r["metrics"]["cuts"]["n"]]
    n = sum(c["n"] for c in cuts)

    def mean_of(key: str) -> str:
        values = [f[key] for f in fits if f[key] is not None]
        return number(mean(values), 3) if values else "-"

    def pooled(key: str) -> str:
        known = [c for c in cuts if c[key] is not None]  # equal shots have no shuffled control
        n_known = sum(c["n"] for c in known)
        return percent(sum(c["n"] * c[key] for c in known) / n_known) if n_known else "-"

    refused = sum(row.status == 1 for row in rows)
    failed = sum(row.status not in (0, 1) for row in rows)
    return (
        f"{len(reports)} scored, {refused} refused in one line, {failed} failed. "
        f"Mean tension r {mean_of('pearson')} (unoptimised {mean_of('control_unoptimised')}, shuffled "
        f"{mean_of('control_shuffled')}, reversed {mean_of('control_reversed')}), mean RMSE "
        f"{mean_of('rmse')} of the scale. "
        f"{n} cuts: within 40 ms {pooled('hit_40ms')} (chance {pooled('chance_40ms')}, shuffled cuts "
        f"{pooled('control_shuffled_hit_40ms')}), within 100 ms {pooled('hit_100ms')} "
        f"(chance {pooled('chance_100ms')}). "
        f"Largest end error {max(r['metrics']['cuts']['end_error_ms'] for r in reports):.1f} ms."
    )


def table(chosen: list[Path] | None = None) -> str:
    """The whole section."""
    if not FILMS.exists():
        return f"not measured: {FILMS} is absent"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(run, chosen or films()))
    return "\n".join(
        [summary(rows), f"Wall times with {AT_ONCE} jobs at once.", "", HEADER, *(line(row) for row in rows)]
    )


if __name__ == "__main__":
    print(table([Path(name) for name in sys.argv[1:]] or None))
