"""Notes -> Profile: how tense the music is, window by window.

Tonal tension is that of the spiral array [HC16]_:

- *diameter*: the farthest two notes sounding together, max |P(i) - P(j)|, mean over the window's 16ths;
- *momentum*: how far the centre of effect moved since the window before, |CE_w - CE_{w-1}|;
- *strain*: how far the centre of effect lies from the key, |CE_w - T_key|.

Energy is what carries orchestral tension [BRP24]_: *loudness* (mean power of the sounding velocities,
dB), *density* (log2 of 1 + onsets a second), *register* (mean pitch), *parts* (tracks sounding).

Each component is mapped to 0..1 by `scale`; `TONAL` and `ENERGY` blend them (diameter counts twice,
as in MorpheuS's objective), `TONAL_SHARE` blends the two, and every blend is mapped to 0..1 again.
A window is a bar long and they start a beat apart, because tension is felt over seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.music import scale, spiral
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import KeyChange, Notes

CELL_QUARTER = 0.25  # a 16th: sonorities are looked at this often
TONAL = {"diameter": 0.50, "momentum": 0.25, "strain": 0.25}
ENERGY = {"loudness": 0.45, "density": 0.30, "register": 0.10, "parts": 0.15}
TONAL_SHARE = 0.35
DRUM_S = 0.25  # a stroke sounds about this long, whatever its written length
SILENCE_DB = -60.0


@dataclass(frozen=True)
class Profile:
    """Tension of each window; all levels are 0..1 on the scale of real background music."""

    start_s: np.ndarray  # float (w,)
    end_s: np.ndarray
    diameter: np.ndarray
    momentum: np.ndarray
    strain: np.ndarray
    loudness: np.ndarray
    density: np.ndarray
    register: np.ndarray
    parts: np.ndarray
    tonal: np.ndarray
    energy: np.ndarray
    composite: np.ndarray
    keys: tuple[KeyChange, ...]  # the keys strain was measured against
    key_source: str  # "file" or "found"

    @property
    def time_s(self) -> np.ndarray:
        """Middle of each window [s]."""
        return (self.start_s + self.end_s) / 2


def tension_profile(notes: Notes, keys: tuple[KeyChange, ...] = ()) -> Profile:
    """Tension of every bar-long window, a beat apart.

    Parameters
    ----------
    notes : Notes
        at least one note
    keys : KeyChange ...
        what strain is measured against; default: the file's own, or else the key found

    Returns
    -------
    profile : Profile
        w windows; a piece shorter than a bar has one
    """
    source = "file" if keys or notes.keys else "found"
    keys = keys or notes.keys or (KeyChange(0.0, *find_key(notes)),)
    raw, start, end = raw_components(notes, keys)
    levels = {name: scale.level(name, raw[name]) for name in scale.COMPONENTS}
    blends = blend(levels)
    return Profile(
        start_s=notes.seconds(start),
        end_s=notes.seconds(end),
        **levels,
        **{name: scale.level(name, blends[name]) for name in scale.BLENDS},
        keys=keys,
        key_source=source,
    )


def blend(levels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weighted means of component levels, before they are put on the 0..1 scale themselves."""
    tonal = sum(weight * levels[name] for name, weight in TONAL.items())
    energy = sum(weight * levels[name] for name, weight in ENERGY.items())
    tonal, energy = np.asarray(tonal), np.asarray(energy)
    return {"tonal": tonal, "energy": energy, "composite": TONAL_SHARE * tonal + (1 - TONAL_SHARE) * energy}


def raw_components(
    notes: Notes, keys: tuple[KeyChange, ...]
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Components in their own units, and the windows' starts and ends [quarters].

    Returns
    -------
    raw : dict of float (w,)
        by component: diameter, momentum and strain [radii], loudness [dB], density [log2 onsets/s],
        register [MIDI pitch], parts [tracks]
    start, end : float (w,)
        [quarters]
    """
    first, last, length = _windows(notes)
    start, end = first * CELL_QUARTER, last * CELL_QUARTER
    raw = _tonal_raw(notes, keys, first, last, length)
    raw |= _energy_raw(notes, first, last)
    return raw, start, end


def chord_profile(mask: int, tonic: int, mode: str) -> tuple[float, float]:
    """Cloud diameter and tensile strain of a chord, its notes equally weighted [radii].

    Parameters
    ----------
    mask : int
        12-bit pitch-class mask, at least one bit
    tonic, mode
        the key
    """
    diameter = float(spiral.diameter_table()[spiral.rotate(mask, tonic)])
    strain = float(np.linalg.norm(chord_centre(mask, tonic) - spiral.key_point(mode)))
    return diameter, strain


def chord_centre(mask: int, tonic: int) -> np.ndarray:
    """Centre of effect of a chord, its notes equally weighted, float (3,) [radii]."""
    return spiral.centre_of_effect(np.array([mask >> pc & 1 for pc in range(12)], float), tonic)


def _windows(notes: Notes) -> tuple[np.ndarray, np.ndarray, int]:
    """First and last cell of each window, and the window's length [cells]."""
    sounding = notes.notes["onset_quarter"] + notes.notes["duration_quarter"]
    total = max(int(np.ceil(sounding.max() / CELL_QUARTER - 1e-6)), 1)
    bars = np.diff(notes.bar_quarter)
    beats = float(np.median(bars)) if len(bars) else 4.0
    length = int(np.clip(round(beats), 2, 4) / CELL_QUARTER)
    hop = round(1 / CELL_QUARTER)
    first = np.arange(0, max(total - length, 0) + 1, hop)
    return first, np.minimum(first + length, total), length


def _cells(onset: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spread notes over cells: note index, cell index, share of the cell that sounds."""
    first = np.floor(onset / CELL_QUARTER + 1e-9).astype(int)
    last = np.maximum(np.ceil(end / CELL_QUARTER - 1e-9).astype(int), first + 1)
    count = last - first
    note = np.repeat(np.arange(len(onset)), count)
    cell = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    low = np.maximum(onset[note] / CELL_QUARTER, cell)
    high = np.minimum(end[note] / CELL_QUARTER, cell + 1)
    return note, cell, np.clip(high - low, 0.0, 1.0)


def _window_sums(cells: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Sum of rows [first, last) for each window."""
    running = np.concatenate([np.zeros((1, *cells.shape[1:])), np.cumsum(cells, axis=0)])
    return running[last] - running[first]


def _tonal_raw(
    notes: Notes, keys: tuple[KeyChange, ...], first: np.ndarray, last: np.ndarray, length: int
) -> dict[str, np.ndarray]:
    pitched = notes.notes[~notes.notes["drum"]]
    n_cells = int(last[-1])
    onset = pitched["onset_quarter"]
    note, cell, share = _cells(onset, onset + pitched["duration_quarter"])
    inside = cell < n_cells
    weight = np.zeros((n_cells, 12))
    np.add.at(weight, (cell[inside], pitched["pitch"][note[inside]] % 12), share[inside])
    in_key = _key_of(keys, np.arange(n_cells) * CELL_QUARTER)
    mask = ((weight > 0.1) << np.arange(12)).sum(axis=1)
    tonic = np.array([k.tonic for k in keys])[in_key]
    relative = (mask >> tonic | mask << (12 - tonic)) & 0xFFF
    sounding = (mask > 0).astype(float)
    diameter = spiral.diameter_table()[relative] * sounding
    spread = _window_sums(diameter, first, last) / np.maximum(_window_sums(sounding, first, last), 1.0)
    momentum, strain = _centre_figures(_window_sums(weight, first, last), keys, in_key[first], length)
    return {"diameter": spread, "momentum": momentum, "strain": strain}


def _centre_figures(
    weight: np.ndarray, keys: tuple[KeyChange, ...], in_key: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Momentum against the window one bar before, and strain, of windows' pitch-class weights (w, 12)."""
    beats = round(length * CELL_QUARTER)
    strain, momentum = np.zeros(len(weight)), np.zeros(len(weight))
    before = np.maximum(np.arange(len(weight)) - beats, 0)
    for index, key in enumerate(keys):
        here = in_key == index
        centre = spiral.centre_of_effect(weight, key.tonic)
        strain[here] = np.linalg.norm(centre - spiral.key_point(key.mode), axis=1)[here]
        momentum[here] = np.linalg.norm(centre - centre[before], axis=1)[here]
    return np.nan_to_num(momentum), np.nan_to_num(strain)


def _key_of(keys: tuple[KeyChange, ...], quarter: np.ndarray) -> np.ndarray:
    start = np.array([k.start_quarter for k in keys])
    return np.clip(np.searchsorted(start, quarter + 1e-9, side="right") - 1, 0, None)


def _energy_raw(notes: Notes, first: np.ndarray, last: np.ndarray) -> dict[str, np.ndarray]:
    table = notes.notes
    n_cells = int(last[-1])
    start_s, end_s = notes.seconds(first * CELL_QUARTER), notes.seconds(last * CELL_QUARTER)
    long_s = np.maximum(end_s - start_s, 1e-6)
    stroke = np.where(table["drum"], DRUM_S, table["duration_s"])
    end_quarter = np.where(
        table["drum"],
        notes.quarters(table["onset_s"] + stroke),
        table["onset_quarter"] + table["duration_quarter"],
    )
    note, cell, share = _cells(table["onset_quarter"], end_quarter)
    keep = cell < n_cells
    note, cell, share = note[keep], cell[keep], share[keep]
    power = np.bincount(cell, share * (table["velocity"][note] / 127.0) ** 2, n_cells)
    pitched = ~table["drum"][note]
    weight = np.bincount(cell[pitched], share[pitched], n_cells)
    pitch = np.bincount(cell[pitched], (share * table["pitch"][note])[pitched], n_cells)
    tracks = np.zeros((n_cells, max(len(notes.track_names), int(table["track"].max()) + 1)), bool)
    tracks[cell, table["track"][note]] = True
    n = (last - first).astype(float)
    mean_power = _window_sums(power, first, last) / n
    onset_cell = np.minimum((table["onset_quarter"] / CELL_QUARTER + 1e-6).astype(int), n_cells - 1)
    onsets = _window_sums(np.bincount(onset_cell, minlength=n_cells).astype(float), first, last)
    sounding = _window_sums(weight, first, last)
    return {
        "loudness": np.maximum(10 * np.log10(np.maximum(mean_power, 1e-9)), SILENCE_DB),
        "density": np.log2(1.0 + onsets / long_s),
        "register": np.where(
            sounding > 0, _window_sums(pitch, first, last) / np.maximum(sounding, 1e-9), 60.0
        ),
        "parts": _window_sums(tracks.sum(axis=1).astype(float), first, last) / n,
    }
