"""Notes, or what a corpus knows of music -> rows the matching model reads: energy, harmony, levels.

Energy and harmony are relative to the piece's own mean, so that how loud it was mastered and how thickly it
is scored fall out; levels are those means, and are read apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.model.muvi_sync import TONES
from tensionbgm.music.energy import DRUM_S, integral
from tensionbgm.music.notes import Notes
from tensionbgm.music.tension import keys_of

QUALITIES = tuple(TONES)  # "N", no chord, is the first
SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 10)}
HEARD = 0.6  # loudness as heard goes with this power of the amplitude
MOST_CHANGES = 3  # chords in a second: more are taken for the estimator's trembling
ENERGY, HARMONY = 2, 6  # rows
LEVELS = 4 + HARMONY + 1
_THIRD = np.array([(4 in t) - (3 in t and 4 not in t) for t in TONES.values()], float)
_RICH = np.array([len(t) > 3 or name in ("dim", "aug") for name, t in TONES.items()], float)


@dataclass(frozen=True, eq=False)
class Heard:
    """Music, in seconds [s, s + 1)."""

    loudness: np.ndarray  # float (n,), >= 0: root mean square amplitude, on any linear scale
    density: np.ndarray  # float (n,), >= 0: notes sounding; a held note counts again each second [KPH24]_
    root: np.ndarray  # int (n,), 0..11, or -1 without a chord
    quality: np.ndarray  # int (n,), index into `QUALITIES`
    changes: np.ndarray  # float (n,), >= 0: chords that begin
    tonic: int  # 0..11
    minor: bool


@dataclass(frozen=True, eq=False)
class MusicRows:
    """What the model reads of music."""

    energy: np.ndarray  # float32 (`ENERGY`, n): loudness, note density, both standardised inside the piece
    harmony: np.ndarray  # float32 (`HARMONY`, n), less the piece's mean; see `music_rows`
    level: np.ndarray  # float32 (`LEVELS`,): means of all rows, spreads of the first two, minor or not


def music_rows(heard: Heard) -> MusicRows:
    """Rows of a piece.

    Harmony: chords that begin; major third 1, minor third -1; four notes, diminished or augmented; share
    of the chord's notes outside the key; fifths from the tonic to the root, 1 for the farthest; no chord.
    """
    loud, dense = heard.loudness**HEARD, np.sqrt(heard.density)
    tones = chord_tones(heard.root, heard.quality)
    scale = np.zeros(12)
    scale[[(heard.tonic + step) % 12 for step in SCALES[heard.minor]]] = 1.0
    none = heard.root < 0
    fifths = (7 * (heard.root - heard.tonic)) % 12
    far = np.where(none, 0, np.minimum(fifths, 12 - fifths)) / 6.0
    outside = (tones * (1.0 - scale)).sum(axis=1) / np.maximum(tones.sum(axis=1), 1.0)
    changes = np.minimum(heard.changes, MOST_CHANGES)
    rows = np.stack([changes, _THIRD[heard.quality], _RICH[heard.quality], outside, far, none.astype(float)])
    mean = rows.mean(axis=1)
    level = [loud.mean(), dense.mean(), loud.std(), dense.std(), *mean, float(heard.minor)]
    return MusicRows(
        np.stack([_standard(loud), _standard(dense)]).astype(np.float32),
        (rows - mean[:, None]).astype(np.float32),
        np.array(level, np.float32),
    )


def chord_tones(root: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """Pitch classes of each chord, 0 or 1, float (n, 12)."""
    turned = (np.arange(12)[None] - np.maximum(root, 0)[:, None]) % 12
    return np.take_along_axis(_templates()[quality], turned, axis=1) * (root >= 0)[:, None]


def heard_of(notes: Notes, duration_s: float) -> Heard:
    """What is heard of a written piece under a film of that length.

    Loudness is the root of the mean power of the velocities sounding, as in `music.energy`.  A chord is the
    one whose pitch classes lie nearest, by cosine, to what sounds in a second.

    Parameters
    ----------
    notes : Notes
    duration_s : float
        > 0; what sounds later is left out, and where nothing sounds there is silence
    """
    count = max(1, int(np.ceil(duration_s - 1e-6)))
    start = np.arange(count, dtype=float)
    table, pitched = notes.notes, ~notes.notes["drum"]
    onset = table["onset_s"]
    end = onset + np.where(table["drum"], DRUM_S, table["duration_s"])
    power = integral(onset, end, table["velocity"].astype(float) ** 2, start, start + 1.0) / 127.0**2
    begun = np.searchsorted(np.sort(onset[pitched]), start + 1.0)
    over = np.searchsorted(np.sort(end[pitched]), start, side="right")
    classes = np.eye(12)[table["pitch"][pitched] % 12]
    root, quality = nearest_chords(integral(onset[pitched], end[pitched], classes, start, start + 1.0))
    label = np.where(root < 0, -1, root * len(QUALITIES) + quality)
    key = keys_of(notes)[0][0]
    return Heard(
        np.sqrt(np.maximum(power, 0.0)), (begun - over).astype(float), root, quality,
        (np.diff(label, prepend=-2) != 0).astype(float), key.tonic, key.mode == "minor",
    )  # fmt: skip


def nearest_chords(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root and quality, int (n,) each, of the chord nearest to pitch classes of weights (n, 12)."""
    chords = np.stack([np.roll(_templates()[1:], root, axis=1) for root in range(12)])  # (12, q, 12)
    unit = chords / np.linalg.norm(chords, axis=-1, keepdims=True)
    likeness = np.einsum("np,rqp->nrq", weight, unit).reshape(len(weight), -1)
    best = np.argmax(np.round(likeness, 9), axis=1)
    root, quality = np.divmod(best, len(QUALITIES) - 1)
    silent = weight.sum(axis=1) < 1e-6
    return np.where(silent, -1, root), np.where(silent, 0, quality + 1)


def _templates() -> np.ndarray:
    table = np.zeros((len(QUALITIES), 12))
    for row, tones in zip(table, TONES.values(), strict=True):
        row[list(tones)] = 1.0
    return table


def _standard(value: np.ndarray) -> np.ndarray:
    return (value - value.mean()) / max(float(value.std()), 1e-6)
