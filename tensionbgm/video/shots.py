"""Small pictures with their times -> `Shots`: hard cuts and gradual transitions, told apart.

1. Differences of small pictures propose places, far too many; they settle the plain cases alone: a
   change that stands out and leaves nothing of the picture before is a cut.
2. TransNetV2 is asked about every other place.
3. Its answers are joined to events.  An event whose change happens in one step is a hard cut, at the
   first picture after that step; the others are gradual.  What comes back at once was a flash.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import Shots
from tensionbgm.progress import Watch
from tensionbgm.video.small import change, correlation, difference, palette_distance, spread
from tensionbgm.video.transnet import end_of_shot

SLOW_S = 0.19  # pictures further apart than this in the median are slides: TransNetV2 has not seen such
NETWORK_S = 1 / 36  # at rates above this TransNetV2 sees every second, third... picture
HALF_S = 0.5  # half the length of a gradual transition that is looked for
SHORT_S = 0.5  # a shot this short may escape TransNetV2
FLASH_S = 0.17  # a picture that is back after this was not cut away from
BLINK_S = 0.5  # the same, if one flat colour was all there was in between

HINT = 6.0  # change (0..255) that may be a cut
HINT_RATIO = 2.0  # ... if it is this many times the change around it
DRIFT = 10.0  # change over a second that may be a gradual transition
PLAIN = 25.0  # change that is a cut beyond doubt
PLAIN_RATIO = 4.0  # ... if it is this many times any change around it
ALIKE = 0.45  # correlation above which something of the picture before is left
NEW_PALETTE = 0.5  # distance of colours above which a slide is another slide, however alike it is drawn
SAME = 0.8  # correlation above which two pictures may be of one shot
LIGHT = 12.0  # ... if their mean differs by no more than this
SURE = 0.5  # TransNetV2's answer that counts
MAYBE = 0.2  # ... that prolongs a transition, or counts where nothing of the picture is left
ONE_STEP = 0.5  # share of an event's change in one step that makes it a hard cut
FLAT = 12.0  # spread of luma below which a picture is one flat colour
NOTHING = 6.0  # change below which an event led nowhere


@dataclass(frozen=True)
class Evidence:
    """What can be measured between neighbouring pictures."""

    time_s: np.ndarray  # float (n,)
    small: np.ndarray  # uint8 (n, 27, 48, 3)
    step: np.ndarray  # float (n,): change from the picture before, 0..255
    around: np.ndarray  # float (n,): median of the steps around
    peak: np.ndarray  # float (n,): largest of the steps around


def find_shots(time_s: np.ndarray, small: np.ndarray, watch: Watch | None = None) -> tuple[Shots, np.ndarray]:
    """Where the film cuts.

    Parameters
    ----------
    time_s : np.ndarray
        float (n,), rising: when each picture is shown
    small : np.ndarray
        uint8 (n, 27, 48, 3): the pictures

    Returns
    -------
    shots : Shots
    jump_s : np.ndarray
        float (k,): moments at which the picture jumps and comes back (flashes), no cuts
    """
    evidence = _measure(time_s, small)
    if len(time_s) < 2:
        return _shots(evidence, [], []), np.zeros(0)
    flashes = _flash_steps(evidence)
    if float(np.median(np.diff(time_s))) > SLOW_S:
        cuts, gradual = _slides(evidence), list[tuple[int, int]]()
    else:
        plain = _plain_cuts(evidence)
        asked = _hints(evidence, {*plain, *flashes}) | _drifts(evidence, plain)
        cuts, gradual = _decide(evidence, plain, _ask(evidence, asked, watch))
    cuts = [c for c in cuts if c not in flashes]
    return _shots(evidence, cuts, gradual), time_s[sorted(flashes)]


def _measure(time_s: np.ndarray, small: np.ndarray) -> Evidence:
    step = change(small)
    reach = 8
    padded = np.pad(step, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    others = np.delete(windows, reach, axis=1)
    return Evidence(time_s, small, step, np.median(others, axis=1), others.max(axis=1))


# --------------------------------------------------------------------------- places


def _plain_cuts(evidence: Evidence) -> list[int]:
    """Cuts beyond doubt: first pictures of new shots."""
    stands_out = (evidence.step > PLAIN) & (evidence.step > PLAIN_RATIO * evidence.peak)
    return [i for i in _steps(stands_out) if _leaves_nothing(evidence, i) and not is_flash(evidence, i)]


def _hints(evidence: Evidence, settled: set[int]) -> np.ndarray:
    """bool (n,): pictures around steps that may be cuts and are not settled yet."""
    stands_out = (evidence.step > HINT) & (evidence.step > HINT_RATIO * evidence.around)
    hint = np.zeros(len(stands_out), bool)
    doubtful = [i for i in _steps(stands_out) if i not in settled]
    hint[[i for i in doubtful if _is_new(evidence.small[i - 1], evidence.small[i])]] = True
    return _widen(hint, 4)


def _drifts(evidence: Evidence, plain: list[int]) -> np.ndarray:
    """bool (n,): pictures in the middle of a second over which much changes, cuts beyond doubt apart."""
    time_s, count = evidence.time_s, len(evidence.time_s)
    edge = np.array([0, *plain, count])
    shot = np.searchsorted(edge, np.arange(count), "right")
    first = np.maximum(np.searchsorted(time_s, time_s - HALF_S), edge[shot - 1])
    last = np.minimum(np.searchsorted(time_s, time_s + HALF_S, "right") - 1, edge[shot] - 1)
    pairs = ((evidence.small[a], evidence.small[b]) for a, b in zip(first, last, strict=True))
    return np.array([difference(a, b) > DRIFT and _is_new(a, b) for a, b in pairs])


def _is_new(a: np.ndarray, b: np.ndarray) -> bool:
    """May two pictures be of different shots?  Not if one is the other, moved a little, in the same light."""
    return correlation(a, b) < SAME or abs(float(a.mean()) - float(b.mean())) > LIGHT


def _ask(evidence: Evidence, asked: np.ndarray, watch: Watch | None) -> np.ndarray:
    """TransNetV2's answers for the pictures asked about, at no more than about 30 pictures a second."""
    stride = max(1, round(NETWORK_S / float(np.median(np.diff(evidence.time_s)))))
    thin = np.logical_or.reduceat(asked, np.arange(0, len(asked), stride))
    answer = end_of_shot(evidence.small[::stride], thin, watch)
    return np.repeat(answer, stride, axis=0)[: len(asked)] * asked[:, None]


# --------------------------------------------------------------------------- decisions


def _decide(
    evidence: Evidence, plain: list[int], answer: np.ndarray
) -> tuple[list[int], list[tuple[int, int]]]:
    """Hard cuts (first pictures of new shots) and gradual transitions (last picture before, first after)."""
    active: np.ndarray = np.any(answer >= SURE, axis=1)
    cuts: set[int] = set(plain)
    gradual: list[tuple[int, int]] = []
    for first, last in _runs(active, 2):
        low, high = max(1, first - 1), min(len(active) - 1, last + 2)
        inside = np.arange(low, high + 1)
        total = _change_across(evidence, low, high)
        abrupt = inside[evidence.step[inside] >= max(ONE_STEP * total, NOTHING)]
        if len(abrupt):
            cuts.add(int(abrupt[evidence.step[abrupt].argmax()]))
        elif not cuts.intersection(range(low, high + 1)) and total > NOTHING:
            gradual.append(_extend(first, last + 1, answer[:, 1]))
    kept = _thin(evidence, sorted(cuts | _sudden(evidence, cuts, answer[:, 0])))
    return kept, _join(evidence, gradual, kept)


def _sudden(evidence: Evidence, cuts: set[int], last_likely: np.ndarray) -> set[int]:
    """Steps that leave nothing of the picture, close to other cuts or held for possible by the network.

    The network may miss a shot because it is very short, or quick and dark.
    """
    beside = np.maximum(np.roll(evidence.step, 1), np.roll(evidence.step, -1))
    stands_out = (evidence.step > PLAIN) & (evidence.step > 1.5 * beside)
    cut_s = evidence.time_s[sorted(cuts)]
    found = set()
    for i in _steps(stands_out):
        close = np.any(np.abs(cut_s - evidence.time_s[i]) < SHORT_S)
        if (close or last_likely[i - 1] > MAYBE) and _leaves_nothing(evidence, i):
            found.add(i)
    return found


def _leaves_nothing(evidence: Evidence, i: int) -> bool:
    return correlation(evidence.small[i - 1], evidence.small[i]) < ALIKE


def _change_across(evidence: Evidence, low: int, high: int) -> float:
    """Change from just before step `low` to just after step `high`."""
    before, after = max(low - 1, 0), min(high, len(evidence.small) - 1)
    return difference(evidence.small[before], evidence.small[after])


def _extend(first: int, last: int, within: np.ndarray) -> tuple[int, int]:
    while first > 0 and within[first - 1] > MAYBE:
        first -= 1
    while last < len(within) - 1 and within[last] > MAYBE:
        last += 1
    return first, last


def _thin(evidence: Evidence, cuts: list[int]) -> list[int]:
    """Of cuts on neighbouring pictures only the strongest."""
    kept: list[int] = []
    for cut in cuts:
        if kept and cut - kept[-1] < 2:
            if evidence.step[cut] > evidence.step[kept[-1]]:
                kept[-1] = cut
        else:
            kept.append(cut)
    return kept


def _join(evidence: Evidence, gradual: list[tuple[int, int]], cuts: list[int]) -> list[tuple[int, int]]:
    """Fade-out and fade-in with one flat colour between them are one transition; none holds a cut."""
    joined: list[tuple[int, int]] = []
    for first, last in gradual:
        if joined and _flat_between(evidence, joined[-1][1], first):
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return [(a, b) for a, b in joined if not any(a < cut <= b for cut in cuts)]


def _flat_between(evidence: Evidence, first: int, last: int) -> bool:
    if evidence.time_s[last] - evidence.time_s[first] > 2 * HALF_S or first >= last:
        return first >= last
    return min(spread(picture) for picture in evidence.small[first : last + 1]) < FLAT


def is_flash(evidence: Evidence, i: int) -> bool:
    """Is the picture before step `i` back at once, or the picture after it there already just before?"""
    return _returns(evidence, i - 1, i, 1) or _returns(evidence, i, i - 1, -1)


def _returns(evidence: Evidence, stay: int, away: int, way: int) -> bool:
    time_s, small = evidence.time_s, evidence.small
    gone = difference(small[stay], small[away])
    flat = spread(small[away]) < FLAT and spread(small[stay]) >= FLAT
    k = away + way
    while 0 <= k < len(time_s) and abs(time_s[k] - time_s[away]) <= (BLINK_S if flat else FLASH_S):
        if difference(small[stay], small[k]) < 0.35 * gone and correlation(small[stay], small[k]) > ALIKE:
            return True
        k += way
    return False


def _flash_steps(evidence: Evidence) -> set[int]:
    stands_out = (evidence.step > HINT) & (evidence.step > HINT_RATIO * evidence.around)
    return {i for i in _steps(stands_out) if is_flash(evidence, i)}


def _slides(evidence: Evidence) -> list[int]:
    """Cuts of a film with a few pictures a second: every picture that is a new one, in drawing or colour."""
    return [
        i
        for i in _steps(evidence.step > HINT)
        if _leaves_nothing(evidence, i)
        or (
            evidence.step[i] > PLAIN
            and palette_distance(evidence.small[i - 1], evidence.small[i]) > NEW_PALETTE
        )
    ]


# --------------------------------------------------------------------------- the noun


def _shots(evidence: Evidence, cuts: list[int], gradual: list[tuple[int, int]]) -> Shots:
    time_s = evidence.time_s
    cut_s = time_s[cuts] if cuts else np.zeros(0)
    gradual_s = time_s[np.array(gradual)] if gradual else np.zeros((0, 2))
    strength = np.array([_strength(evidence, c) for c in cuts])
    boundary_s = np.sort(np.concatenate([cut_s, gradual_s.mean(axis=1)]))
    return Shots(cut_s, strength, gradual_s, boundary_s)


def _strength(evidence: Evidence, cut: int) -> float:
    """How strong a cut looks, 0..1: half by the change of the picture, half by the change of its colours."""
    before, after = evidence.small[cut - 1], evidence.small[cut]
    return float(0.5 * min(difference(before, after) / 100, 1.0) + 0.5 * palette_distance(before, after))


def _steps(flags: np.ndarray) -> list[int]:
    """Indices of the true values, the first picture apart: nothing comes before it."""
    return [int(i) for i in np.flatnonzero(flags) if i > 0]


def _runs(active: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """First and last index of each run of true values; runs apart by at most `gap` are one."""
    index = np.flatnonzero(active)
    if not len(index):
        return []
    breaks = np.flatnonzero(np.diff(index) > gap + 1)
    firsts, lasts = index[np.append(0, breaks + 1)], index[np.append(breaks, len(index) - 1)]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _widen(flags: np.ndarray, by: int) -> np.ndarray:
    padded = np.pad(flags, by)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * by + 1).any(axis=1))
