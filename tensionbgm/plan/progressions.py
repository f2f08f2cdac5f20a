"""Counts of real harmony, `corpora/harmony.json` -> what chords of the vocabulary cost alone and in a row.

How unusual a chord is after another is its surprise, -log p [nats], told in points: `POINTS` a nat.  It falls
in parts, so that each may be weighed,

    -log p(c | a, b)  =  -log p(c)  -  log p(c | b) / p(c)  -  log p(c | a, b) / p(c | b)
                          rarity         progression               leading

Counts are smoothed by Dirichlet priors [MP95]_, what follows a chord by what follows its *family* (same root
and function), and that by what follows its function; what a corpus cannot tell, such as an open fifth, is as
rare beside its triad as `Harmony.rarity` says.  Both sets, of classical pieces and of songs, count alike.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable
from importlib import resources
from typing import Any

import numpy as np

from tensionbgm.plan.chords import Harmony, vocabulary

POINTS = 0.21  # a nat in points: costs spread as far as those that were set by hand before
NEUTRAL = 0.35  # points of a step as likely as chance: a step that is made then costs a quarter on average
PRIOR = {
    "chord": 250.0,
    "family": 300.0,
    "function": 500.0,
    "third": 400.0,
    "ending": 20.0,
    "pair": 100.0,
}  # counts
LEAST = 0.5  # counts of a chord that nobody wrote
ENDINGS = {
    "close": ("PAC", "IAC", "PC"),
    "half": ("HC",),
    "any": ("PAC", "IAC", "PC", "HC", "EC", "DC", "phrase"),
}

# What a chord is called where the vocabulary lacks it, nearest first.
_NEAR = {
    "5": ("M", "m"), "sus2": ("add9", "madd9", "M", "m"), "sus4": ("7sus4", "M", "m"), "7sus4": ("sus4", "7"),
    "M": ("7",), "7": ("M",), "maj7": ("M",), "add9": ("M",), "6": ("M",), "aug": ("M",), "m7": ("m",),
    "mM7": ("m",), "madd9": ("m",), "m6": ("m",), "dim": ("m7b5",), "m7b5": ("dim7",), "dim7": ("m7b5",),
}  # fmt: skip
_ROOTLESS = ("dim", "m7b5", "dim7")  # also a dominant seventh without its root


def place(root: int, quality: str, bass: int, mode: str) -> int | None:
    """Where a chord of real music stands in the vocabulary, or the chord nearest to it; None: nowhere.

    Parameters
    ----------
    root, bass : int
        fifths above the tonic, and above the root
    quality : str
        one of `QUALITIES`
    mode : str
        "major" or "minor"
    """
    at = _index(mode)
    near = (quality, *_NEAR.get(quality, ()))
    if quality == "M" and root == 0:
        near = ("M",)  # a tonic turned major is no dominant of the fourth degree
    wanted = [(root, q, bass) for q in near] + [(root, q, 0) for q in near]
    if quality in _ROOTLESS:
        wanted += [(root - 4, "7", 4), (root - 4, "7", 0)]
    return next((at[key] for key in wanted if key in at), None)


@functools.cache
def _index(mode: str) -> dict[tuple[int, str, int], int]:
    return {(c.root, c.quality, c.bass): i for i, c in enumerate(vocabulary(mode))}


# --------------------------------------------------------------------------- counts


@functools.cache
def _sets() -> dict[str, Any]:
    text = resources.files("tensionbgm.corpora").joinpath("harmony.json").read_text(encoding="utf-8")
    return json.loads(text)["sets"]


def _tally(told: dict[str, Any], mode: str, rows: Iterable[list[int]], order: int) -> np.ndarray:
    """Rows of places and counts, of one set, as counts over the vocabulary, float (n,) * order."""
    names = [name.split() for name in told["names"]]
    where = [place(int(root), quality, int(bass), mode) for root, quality, bass in names]
    counts = np.zeros((len(vocabulary(mode)),) * order)
    for *key, times in rows:
        at = [where[k] for k in key]
        if None not in at and all(a != b for a, b in itertools.pairwise(at)):
            counts[tuple(at)] += times
    return counts


@functools.cache
def counts(mode: str, order: int) -> np.ndarray:
    """How often chords, pairs or triples of them come, float (n,) * order; both sets count alike."""
    found = []
    for table in _sets().values():
        told = table["modes"][mode]
        rows = (
            [[k, n] for k, n in enumerate(told["chords"])]
            if order == 1
            else told["pairs" if order == 2 else "triples"]
        )
        found.append(_tally(told, mode, rows, order))
    total = sum(part.sum() for part in found)
    return sum(part * (total / len(found) / part.sum()) for part in found)


# --------------------------------------------------------------------------- probabilities


@functools.cache
def alone(mode: str) -> np.ndarray:
    """How likely each chord is, float (n,), sums to one."""
    heard, words = counts(mode, 1).copy(), vocabulary(mode)
    for i in np.flatnonzero(heard == 0):
        heard[i] = _guess(words[i], heard, mode)
    return heard / heard.sum()


def _guess(chord: Harmony, heard: np.ndarray, mode: str) -> float:
    """Counts of a chord that no one labelled: its triad's, less what it is rarer by."""
    triad = next(
        (k for q in ("M", "m") for k in [_index(mode).get((chord.root, q, 0))] if k is not None), None
    )
    if triad is None or heard[triad] == 0:
        return LEAST
    rarer = max(chord.rarity - vocabulary(mode)[triad].rarity, 0.0)
    return max(float(heard[triad] * np.exp(-rarer / POINTS)), LEAST)


@functools.cache
def after(mode: str) -> np.ndarray:
    """How likely each chord is after each other, float (n, n), rows sum to one; never the same again."""
    seen, lone = counts(mode, 2), alone(mode)
    words = vocabulary(mode)
    family, function = _groups([(c.root, c.function) for c in words]), _groups([c.function for c in words])
    to_family = seen @ family.T  # (n, families)
    guess = family @ lone
    for group, prior in ((function, PRIOR["function"]), (family, PRIOR["family"])):
        guess = group.T @ _rows(group @ (to_family + prior * guess / (group.T @ group).sum(axis=1)[:, None]))
    guess = _rows(to_family + PRIOR["chord"] * guess)
    within = lone / (family.T @ (family @ lone))  # share of its family
    return _other(seen + PRIOR["chord"] * _other(guess @ family * within))


@functools.cache
def after_two(mode: str) -> np.ndarray:
    """How likely each chord is after two, float (n, n, n), the last axis sums to one."""
    seen = counts(mode, 3)
    family = _groups([(c.root, c.function) for c in vocabulary(mode)])
    guess = _rows(np.tensordot(family, seen, 1) + PRIOR["third"] * after(mode))
    return _other(seen + PRIOR["third"] * np.tensordot(family.T, guess, 1))


@functools.cache
def ending(mode: str, kind: str) -> np.ndarray:
    """How likely phrases end with each chord after each other, float (n, n), sums to one.

    Parameters
    ----------
    mode : str
        "major" or "minor"
    kind : str
        one of `ENDINGS`
    """
    seen = np.zeros((len(vocabulary(mode)),) * 2)
    for table in _sets().values():
        told = table["modes"][mode]
        for name in ENDINGS[kind]:
            seen += _tally(told, mode, told["ends"].get(name, []), 2)
    usual = alone(mode)[:, None] * after(mode)
    last = seen.sum(axis=0) + PRIOR["ending"] * usual.sum(axis=0)
    guess = usual / usual.sum(axis=0) * (last / last.sum())  # what usually comes before such a last chord
    return (seen + PRIOR["pair"] * guess) / (seen.sum() + PRIOR["pair"])


@functools.cache
def opening(mode: str) -> np.ndarray:
    """How likely phrases open with each chord, float (n,), sums to one."""
    told = [table["modes"][mode] for table in _sets().values()]
    seen = sum((_tally(part, mode, part["opens"], 1) for part in told), PRIOR["ending"] * alone(mode))
    return seen / seen.sum()


def _groups(keys: list) -> np.ndarray:
    """Which chords share a key, 0 or 1, float (groups, n)."""
    return np.array([[key == one for key in keys] for one in dict.fromkeys(keys)], float)


def _rows(counted: np.ndarray) -> np.ndarray:
    return counted / counted.sum(axis=-1, keepdims=True)


def _other(counted: np.ndarray) -> np.ndarray:
    """Rows that sum to one, the same chord again left out; the last two axes are (before, now)."""
    return _rows(np.where(np.eye(counted.shape[-1], dtype=bool), 0.0, counted))


# --------------------------------------------------------------------------- costs


@functools.cache
def rarity(mode: str) -> np.ndarray:
    """How rare each chord is, float (n,) [points], 0 for the most usual, 1 to 2 for the rarest."""
    nats = -np.log(alone(mode))
    return _fixed(POINTS * (nats - nats.min()))


@functools.cache
def progression_cost(mode: str) -> np.ndarray:
    """Cost of each chord following each other, float (n, n) [points], rows are where one comes from.

    What its rarity says is left out: `NEUTRAL` where the chord is no more likely here than elsewhere, about 0
    where it is what one expects, 1 and more where it hardly ever comes.  Staying costs nothing here.
    """
    n = len(vocabulary(mode))
    lift = np.where(np.eye(n, dtype=bool), 1.0, after(mode) / alone(mode))
    return _fixed(np.where(np.eye(n, dtype=bool), 0.0, NEUTRAL - POINTS * np.log(lift)))


@functools.cache
def leading_cost(mode: str) -> np.ndarray:
    """What the chord before the last changes in that, float (n, n, n) [points]; below 0 where it leads there.

    Nothing where a chord stays.
    """
    stays = np.eye(len(vocabulary(mode)), dtype=bool)
    lift = after_two(mode) / np.where(stays, 1.0, after(mode))
    return _fixed(-POINTS * np.log(np.where(stays | stays[:, :, None], 1.0, lift)))


@functools.cache
def ending_cost(mode: str, kind: str) -> np.ndarray:
    """How much less likely a pair of chords is at a phrase's end than elsewhere, float (n, n) [points].

    Below 0 for cadences.  See `ending`; a chord that stays ends nothing better or worse than another.
    """
    stays = np.eye(len(vocabulary(mode)), dtype=bool)
    usual = np.where(stays, 1.0, alone(mode)[:, None] * after(mode))
    return _fixed(-POINTS * np.log(np.where(stays, 1.0, ending(mode, kind) / usual)))


@functools.cache
def opening_cost(mode: str) -> np.ndarray:
    """How much less likely a chord is at a phrase's opening than elsewhere, float (n,) [points]."""
    return _fixed(-POINTS * np.log(opening(mode) / alone(mode)))


@functools.cache
def pedal_cost(mode: str) -> np.ndarray:
    """Cost of a chord over a pedal by whether its neighbours keep the bass, float (n, n, n) [points].

    The middle one of three is judged; its bass is a pedal where it is no tone of the chord.  How much more
    seldom none, one or both of a pedal's neighbours keep the bass than those of other chords do; that both
    keep it is not rewarded, for the progressions say so.
    """
    counted = [table["pedals"] for table in _sets().values()]
    held, other = (_rows(np.sum([np.add(t[k], LEAST) for t in counted], axis=0)) for k in ("held", "other"))
    dear = np.maximum(-POINTS * np.log(held / other), 0.0)
    words = vocabulary(mode)
    pedal = np.array([c.root + c.bass not in c.tones for c in words])
    bass = np.array([c.bass_pc(0) for c in words])
    keeps = (bass[:, None] == bass[None, :]) & ~np.eye(len(words), dtype=bool)
    kept = keeps[:, :, None].astype(int) + keeps[None, :, :]
    return _fixed(np.where(pedal[None, :, None], dear[kept], 0.0))


def _fixed(value: np.ndarray) -> np.ndarray:
    value.setflags(write=False)
    return value
