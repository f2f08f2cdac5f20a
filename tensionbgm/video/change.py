"""Upright pictures in order -> how much neighbouring frames differ, at a steady rate.

The measure is that of MuVi-Sync [KPH24]_: the mean over pixels and channels of the absolute difference
from the frame before, 0..255.  It was taken there at native size between frames 1/24 to 1/30 s apart; here
it is taken at the size the film is decoded to, and every pair is brought to a standard gap.  What size and
codec still change is a factor that hardly varies inside a film; the model that reads this takes it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from tensionbgm.forms import Shots
from tensionbgm.video.motion import resample, within_one_shot

GAP_S = 0.04  # the standard gap between two pictures compared: 25 frames a second
SHORTEST_S = 0.028  # frames closer than this to the last one compared are passed over: 60 a second become 30
EXPONENT = 0.67  # change grows as gap ** this (median of 22 real films, 1/30 to 1/6 s: .45 to .87 for most)


@dataclass
class ChangeMeter:
    """Compares each picture with the one before it, about 1/25 s earlier."""

    _before: np.ndarray | None = None
    _before_s: float = 0.0
    _pair: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, time_s: float, rgb: np.ndarray) -> None:
        """Take the next picture, uint8 (h, w, 3), all of one size."""
        if self._before is not None:
            gap_s = time_s - self._before_s
            if gap_s < SHORTEST_S:
                return
            difference = cv2.norm(self._before, rgb, cv2.NORM_L1) / rgb.size
            self._pair.append((self._before_s, time_s, at_standard_gap(difference, gap_s)))
        self._before, self._before_s = rgb, time_s

    def finish(self, time_s: np.ndarray, shots: Shots, jump_s: np.ndarray) -> np.ndarray:
        """What was measured, float (t,), 0..255, at evenly spaced times.

        Parameters
        ----------
        time_s : float (t,)
            centre of each sample, t >= 1
        shots : Shots
            pairs across a cut or inside a dissolve are no motion; they are filled in from around
        jump_s : float (n,)
            other moments at which the picture jumps (flashes); pairs across them are left out too
        """
        step_s = float(time_s[1] - time_s[0]) if len(time_s) > 1 else 2.0 * float(time_s[0])
        edge_s = np.append(time_s - step_s / 2, time_s[-1] + step_s / 2)
        pair = np.array(self._pair).reshape(-1, 3)
        good = within_one_shot(pair[:, 0], pair[:, 1], shots, jump_s)
        return resample(pair[good, 0], pair[good, 1], pair[good, 2], edge_s)


def at_standard_gap(difference: float, gap_s: float) -> float:
    """The difference two pictures `gap_s` apart would have `GAP_S` apart, by a power law."""
    return float(difference * (GAP_S / gap_s) ** EXPONENT)
