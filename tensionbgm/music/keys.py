"""Notes -> the key they are in, by correlation with key profiles [Temperley99]_."""

from __future__ import annotations

import numpy as np

from tensionbgm.music.notes import Notes

# Kostka-Payne probe-tone profiles as counted by Temperley: weight of each degree above the tonic.
MAJOR = np.array([0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400])
MINOR = np.array([0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330])


def pitch_class_weight(notes: Notes) -> np.ndarray:
    """Quarters each pitch class sounds, percussion left out, float (12,)."""
    pitched = notes.notes[~notes.notes["drum"]]
    return np.bincount(pitched["pitch"] % 12, pitched["duration_quarter"], 12)


def find_key(notes: Notes) -> tuple[int, str]:
    """Tonic pitch class and mode whose profile correlates best with the sounding durations.

    Returns
    -------
    tonic : int
        0..11
    mode : str
        "major" or "minor"; C major for percussion alone
    """
    weight = pitch_class_weight(notes)
    if weight.std() < 1e-12:
        return 0, "major"
    profiles = [
        (tonic, mode, np.roll(p, tonic))
        for mode, p in (("major", MAJOR), ("minor", MINOR))
        for tonic in range(12)
    ]
    fit = [np.corrcoef(weight, profile)[0, 1] for _, _, profile in profiles]
    tonic, mode, _ = profiles[int(np.argmax(fit))]
    return tonic, mode
