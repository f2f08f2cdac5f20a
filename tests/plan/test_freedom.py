"""Parts may colour their chord with its scale, where it is their chord, and the bass may not."""

from __future__ import annotations

import numpy as np
import pytest
from test_plan_coherence import film

from tensionbgm.config import PALETTES, Ask
from tensionbgm.forms import Plan
from tensionbgm.plan.freedom import FREE
from tensionbgm.plan.key import Mood
from tensionbgm.plan.plan import plan_piece


@pytest.fixture(params=PALETTES, name="plan")
def made(request: pytest.FixtureRequest) -> Plan:
    grid, curve = film("ABAC", [4, 5, 4, 4], [0.2, 0.5, 0.8, 0.4])
    return plan_piece(grid, curve, Ask(palette=request.param, seed=2), Mood(), "t")


def bits(mask: np.ndarray) -> np.ndarray:
    return (mask[:, None].astype(int) >> np.arange(12) & 1).sum(axis=1)


def test_free_parts_may_take_scale_tones_and_the_bass_keeps_to_its_chord(plan: Plan):
    slots, role = plan.slots, np.array([part.role for part in plan.parts])[plan.slots["part"]]
    last = slots["onset_tick"] >= plan.grid.bar_tick[-2]
    free = np.isin(role, FREE) & ~last
    assert np.mean(bits(slots["allowed"][free]) >= 7) > 0.8
    assert np.mean(bits(slots["allowed"][role == "bass"]) <= 4) > 0.8  # but where it walks


def test_the_last_chord_is_played_as_written(plan: Plan):
    slots, role = plan.slots, np.array([part.role for part in plan.parts])[plan.slots["part"]]
    held = np.isin(role, FREE) & (slots["onset_tick"] >= plan.grid.bar_tick[-2])
    assert (slots["allowed"][held] & ~slots["chord"][held] == 0).mean() > 0.6
