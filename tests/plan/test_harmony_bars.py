"""Chords weighed by what their whole bars measure."""

from __future__ import annotations

import numpy as np
from harmony_rows import N, laid_out, plainly
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.plan.harmony_bars import Bars, refine


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_what_a_chord_would_change_is_what_changes_when_all_is_counted_again(seed: int):
    heard, row = laid_out(seed)
    rng, bars = np.random.default_rng(seed), Bars(heard, "minor")
    chosen = rng.integers(0, N, len(row.parent))
    cell, other = int(rng.integers(len(chosen))), int(rng.integers(N))
    weigh = row.cost(cell, chosen) + bars.cost(cell, chosen)
    changed = chosen.copy()
    changed[cell] = other
    change = plainly(changed, heard, row) - plainly(chosen, heard, row)
    np.testing.assert_allclose(weigh[other] - weigh[chosen[cell]], change, atol=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_working_over_never_costs_more_and_the_same_chance_gives_the_same_chords(seed: int):
    heard, row = laid_out(seed)
    chosen = np.random.default_rng(seed).integers(0, N, len(row.parent)).tolist()
    found = refine(chosen, row, Bars(heard, "minor"), np.random.default_rng(1))
    assert plainly(np.array(found), heard, row) <= plainly(np.array(chosen), heard, row) + 1e-9
    assert found == refine(chosen, row, Bars(heard, "minor"), np.random.default_rng(1))
