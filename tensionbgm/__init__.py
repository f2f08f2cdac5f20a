"""Music for a locked video.

Each stage is a function of its own; `score` joins them:

    analyze(path) -> Analysis            what the film shows
    estimate(analysis) -> Estimate       its tension curve and form
    plan_grid(...) -> Grid               tempo and bars
    plan_piece(...) -> Plan              harmony, parts, note slots
    compose(plan) -> Piece               pitches
    tension_profile(notes) -> Profile    how tense the music is
    render_audio(piece, ...) -> Sounds   how it sounds
    score(video) -> Scored               all of it, in files
"""

import importlib
from typing import Any

from tensionbgm.version import VERSION as __version__

_HOMES = {
    "analyze": "tensionbgm.video.analyze",
    "estimate": "tensionbgm.model.estimate",
    "read_curve": "tensionbgm.model.drawn",
    "plan_grid": "tensionbgm.plan.grid",
    "plan_piece": "tensionbgm.plan.plan",
    "compose": "tensionbgm.search.run",
    "shape_dynamics": "tensionbgm.search.dynamics",
    "read_midi": "tensionbgm.music.notes",
    "tension_profile": "tensionbgm.music.tension",
    "write_midi": "tensionbgm.render.midi",
    "write_musicxml": "tensionbgm.render.musicxml",
    "render_audio": "tensionbgm.render.audio",
    "score": "tensionbgm.pipeline",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Load a stage when it is first asked for, so that importing the package stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tensionbgm' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
