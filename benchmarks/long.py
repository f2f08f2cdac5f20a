"""`tensionbgm score` on a film of ten minutes, by stage.

python -m benchmarks.long
"""

from __future__ import annotations

from benchmarks.job import FILMS
from benchmarks.speed import by_stage

LONG = "derived/long_10min_many_cuts.mp4"


def table() -> str:
    """One film of 600 s with 165 cuts."""
    if not FILMS.exists():
        return f"not measured: {FILMS} is absent"
    return by_stage([FILMS / LONG])


if __name__ == "__main__":
    print(table())
