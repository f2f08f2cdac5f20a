"""Plan, slots -> the maps of their ties (`music.ties`) as the kernels take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.forms import EXACT, Plan
from tensionbgm.kernels import rules
from tensionbgm.music import ties
from tensionbgm.music.ties import PITCHES as PITCHES
from tensionbgm.music.ties import keys_at as keys_at


@dataclass(frozen=True)
class Maps(ties.Maps):
    """Maps of some slots, m of them."""

    way: np.ndarray  # int (m,): as `rules.heard` takes it


def of_slots(plan: Plan, slots: np.ndarray) -> Maps:
    """The maps of some of a plan's slots, SLOT (m,); exact ones are added, for no table is as fast."""
    made = ties.of_slots(plan, slots)
    way = np.where(slots["how"] == EXACT, slots["shift"], rules.LOOKED_UP + 128 * made.of_slot)
    return Maps(**vars(made), way=way)
