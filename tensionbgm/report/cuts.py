"""Cuts of the film and notes as written -> how many cuts fall on an accent, beside chance.

An accent is something heard: a strong beat (downbeat, or beat 3 of 4/4) on which a note
really starts, or an onset cluster that is louder than all others within a quarter second and
among the loudest quarter of those within four seconds.  Chance is computed for that very set, so that more
accents never look like better aim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tensionbgm.music.notes import Notes

CLUSTER_S = 0.03  # onsets closer than this are heard as one attack
ALONE_S = 0.25  # a loud attack is an accent if nothing this near is as loud
LOUD_SHARE, AROUND_S = 0.75, 4.0  # ... and at or above this quantile of the attacks this near
TOLERANCES_S = (0.040, 0.100)
SHUFFLES = 200


@dataclass(frozen=True)
class Accents:
    """When the written music stresses a moment; all arrays are float, rising [s]."""

    accent_s: np.ndarray  # heard strong beats and lone loud attacks: what a cut should meet
    downbeat_s: np.ndarray  # first beat of each bar, heard or not
    beat_s: np.ndarray  # every quarter, heard or not
    attack_s: np.ndarray  # every onset cluster


def find_accents(notes: Notes) -> Accents:
    """The accents of a piece read back from its file."""
    attack_s, weight = onset_clusters(notes)
    downbeat_s, strong_s, beat_s = beats(notes)
    heard = np.abs(nearest_error_s(strong_s, attack_s)) <= CLUSTER_S
    accent_s = np.union1d(strong_s[heard], _loud_and_alone(attack_s, weight))
    return Accents(accent_s, downbeat_s, beat_s, attack_s)


def beats(notes: Notes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Downbeats, strong beats and beats [s], each float (n,), rising.

    Strong are the downbeat of every bar and the middle of bars of four or six quarters.
    """
    down, strong, every = [], [], []
    for start, stop in zip(notes.bar_quarter[:-1], notes.bar_quarter[1:], strict=True):
        count = max(round(float(stop - start)), 1)
        down.append(start)
        strong += [start] + ([start + count / 2] if count in (4, 6) else [])
        every += [start + beat for beat in range(count)]
    return _seconds(notes, down), _seconds(notes, strong), _seconds(notes, every)


def onset_clusters(notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Onsets gathered into attacks.

    Returns
    -------
    attack_s : float (k,)
        first onset of each cluster, rising [s]
    weight : float (k,)
        sum of the velocities that start there
    """
    onset_s = np.asarray(notes.notes["onset_s"], float)
    order = np.argsort(onset_s, kind="stable")
    attack_s: list[float] = []
    weight: list[float] = []
    for time_s, velocity in zip(onset_s[order], notes.notes["velocity"][order], strict=True):
        if attack_s and time_s - attack_s[-1] <= CLUSTER_S:
            weight[-1] += float(velocity)
        else:
            attack_s.append(float(time_s))
            weight.append(float(velocity))
    return np.array(attack_s), np.array(weight)


def nearest_error_s(time_s: np.ndarray, accent_s: np.ndarray) -> np.ndarray:
    """Nearest accent minus time [s], float (n,): positive where the music is late; inf without accents."""
    if not len(accent_s):
        return np.full(len(time_s), np.inf)
    after = np.clip(np.searchsorted(accent_s, time_s), 0, len(accent_s) - 1)
    before = np.maximum(after - 1, 0)
    late, early = accent_s[after] - time_s, accent_s[before] - time_s
    return np.where(np.abs(early) <= np.abs(late), early, late)


def hit_share(time_s: np.ndarray, accent_s: np.ndarray, tolerance_s: float) -> float | None:
    """Share of the times, 0..1, with an accent within the tolerance; None without times."""
    if not len(time_s):
        return None
    return float(np.mean(np.abs(nearest_error_s(time_s, accent_s)) <= tolerance_s + 1e-9))


def chance_share(accent_s: np.ndarray, tolerance_s: float, duration_s: float) -> float:
    """Share of the film, 0..1, that lies within the tolerance of some accent.

    This is the exact probability that a cut at a uniformly random time is a hit.
    """
    start = np.clip(accent_s - tolerance_s, 0, duration_s)
    stop = np.clip(accent_s + tolerance_s, 0, duration_s)
    start = np.maximum(start, np.concatenate([[0.0], stop[:-1]])) if len(stop) else start
    return float(np.maximum(stop - start, 0).sum() / max(duration_s, 1e-9))


def shuffled_hit_share(
    cut_s: np.ndarray, accent_s: np.ndarray, tolerance_s: float, duration_s: float, seed: int = 0
) -> float | None:
    """Mean hit share of the same music with the film's shots in another order.

    The lengths of the shots are permuted `SHUFFLES` times.  None where that says nothing: no
    cut, or all shots equally long.
    """
    lengths = np.diff(np.concatenate([[0.0], cut_s, [duration_s]]))
    if not len(cut_s) or np.ptp(lengths) < tolerance_s:
        return None
    rng = np.random.Generator(np.random.PCG64(seed))
    orders = (np.cumsum(rng.permutation(lengths))[:-1] for _ in range(SHUFFLES))
    return float(np.mean([hit_share(order, accent_s, tolerance_s) for order in orders]))


def end_error_s(notes: Notes, duration_s: float) -> float | None:
    """Distance from the last note-off to the end of the film [s]; None without notes."""
    if not len(notes.notes):
        return None
    return float(abs((notes.notes["onset_s"] + notes.notes["duration_s"]).max() - duration_s))


def alignment(
    cut_s: np.ndarray, strength: np.ndarray, notes: Notes, duration_s: float, seed: int = 0
) -> dict[str, Any]:
    """How well the written music meets the cuts: `metrics.cuts` of the report.

    Parameters
    ----------
    cut_s : float (n,)
        times of the cuts, rising [s]
    strength : float (n,)
        weight of each cut, 0..1
    notes : Notes
        read back from the file
    duration_s : float
        length of the film [s]

    Returns
    -------
    metrics : dict
        shares 0..1, times in ms; None where a number does not exist (no cuts, no notes)
    """
    accents = find_accents(notes)
    error_s = nearest_error_s(cut_s, accents.accent_s)
    measured: dict[str, Any] = {"n": len(cut_s), "accents": len(accents.accent_s)}
    for tolerance_s in TOLERANCES_S:
        name = f"{1000 * tolerance_s:.0f}ms"
        measured[f"hit_{name}"] = hit_share(cut_s, accents.accent_s, tolerance_s)
        measured[f"chance_{name}"] = chance_share(accents.accent_s, tolerance_s, duration_s)
    known = np.abs(error_s[np.isfinite(error_s)])
    measured["mean_abs_ms"] = 1000 * float(known.mean()) if len(known) else None
    measured["p95_ms"] = 1000 * float(np.quantile(known, 0.95)) if len(known) else None
    end_s = end_error_s(notes, duration_s)
    measured["end_error_ms"] = None if end_s is None else 1000 * end_s
    measured["control_shuffled_hit_40ms"] = shuffled_hit_share(
        cut_s, accents.accent_s, TOLERANCES_S[0], duration_s, seed
    )
    measured["weighted_hit_40ms"] = _weighted_hit(error_s, strength, TOLERANCES_S[0])
    for name, times in (("downbeat", accents.downbeat_s), ("beat", accents.beat_s)):
        measured[f"{name}_hit_40ms"] = hit_share(cut_s, times, TOLERANCES_S[0])
        measured[f"{name}_chance_40ms"] = chance_share(times, TOLERANCES_S[0], duration_s)
    measured["each"] = [
        {"cut_s": float(t), "strength": float(w), "error_ms": 1000 * float(e) if np.isfinite(e) else None}
        for t, w, e in zip(cut_s, strength, error_s, strict=True)
    ]
    return measured


def _weighted_hit(error_s: np.ndarray, strength: np.ndarray, tolerance_s: float) -> float | None:
    if strength.sum() <= 0:
        return None
    return float(np.average(np.abs(error_s) <= tolerance_s + 1e-9, weights=strength))


def _loud_and_alone(attack_s: np.ndarray, weight: np.ndarray) -> np.ndarray:
    if not len(attack_s):
        return attack_s
    alone = [np.sum(weight[near] >= weight[i]) == 1 for i, near in enumerate(_around(attack_s, ALONE_S))]
    loud = [
        weight[i] >= np.quantile(weight[near], LOUD_SHARE)
        for i, near in enumerate(_around(attack_s, AROUND_S))
    ]
    return attack_s[np.array(alone) & np.array(loud)]


def _around(time_s: np.ndarray, reach_s: float) -> list[slice]:
    """For each of the rising times, which of them lie within reach."""
    first = np.searchsorted(time_s, time_s - reach_s)
    stop = np.searchsorted(time_s, time_s + reach_s, side="right")
    return [slice(a, b) for a, b in zip(first, stop, strict=True)]


def _seconds(notes: Notes, quarter: list[float]) -> np.ndarray:
    return np.asarray(notes.seconds(np.array(quarter, float)))
