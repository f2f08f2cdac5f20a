"""Markers of the user and notes as written -> where the music really meets each, beside what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tensionbgm.forms import Marker
from tensionbgm.music.notes import Notes
from tensionbgm.report.cuts import CLUSTER_S, beats, nearest_error_s, onset_clusters


def markers_met(markers: Sequence[Marker], notes: Notes) -> list[dict[str, Any]]:
    """What was asked and reached, marker by marker.

    Returns
    -------
    markers : list of dict
        name, time_s, beat; met_ms: nearest beat of that kind on which a note starts, or the music ends with a
        bar, minus the marker; positive where the music is late, None without notes
    """
    attack_s, _ = onset_clusters(notes)
    down_s, strong_s, every_s = beats(notes)
    meant = {"downbeat": down_s, "strong": strong_s, "any": every_s}
    bar_s = notes.seconds(notes.bar_quarter)  # where the music ends with a bar is heard, too
    end_s = bar_s[(np.abs(bar_s - notes.end_s) <= CLUSTER_S) & (len(attack_s) > 0)]
    heard = {
        beat: np.append(time_s[np.abs(nearest_error_s(time_s, attack_s)) <= CLUSTER_S], end_s)
        for beat, time_s in meant.items()
    }
    met = []
    for marker in markers:
        error_s = float(nearest_error_s(np.array([marker.time_s]), heard[marker.beat])[0])
        met_ms = 1000 * error_s if np.isfinite(error_s) else None
        met.append({"name": marker.name, "time_s": marker.time_s, "beat": marker.beat, "met_ms": met_ms})
    return met
