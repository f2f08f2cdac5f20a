"""Notes made from rows of numbers, for tests of what is measured on notes."""

import numpy as np

from tensionbgm.music.notes import NOTE, Notes


def music(rows, bars=None, pace_s=0.5, beats=None):
    """Notes from (onset, duration, pitch[, velocity, track, drum]) in quarters, at a steady tempo."""
    table = np.zeros(len(rows), NOTE)
    for note, row in zip(table, rows, strict=True):
        onset, duration, pitch, velocity, track, drum = (*row, *(80, 0, False)[len(row) - 3 :])
        note["onset_quarter"], note["duration_quarter"], note["pitch"] = onset, duration, pitch
        note["velocity"], note["track"], note["drum"] = velocity, track, drum
    table["onset_s"] = table["onset_quarter"] * pace_s
    table["duration_s"] = table["duration_quarter"] * pace_s
    table.sort(order=["onset_quarter", "track", "pitch"])
    end = float((table["onset_quarter"] + table["duration_quarter"]).max())
    knots = np.array([0.0, 1e5])
    bar = np.arange(0, end + 4, 4.0) if bars is None else np.asarray(bars, float)
    beat = None if beats is None else np.asarray(beats, float)
    return Notes(table, ("one", "two"), bar, knots, knots * pace_s, (), beat_quarter=beat)
