"""Tension asked of beats, half bars and bars at once: costs and bounds stay right, bars alone as before."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import BAR, ensemble_plan

from tensionbgm.forms import PPQ, Curve, Plan
from tensionbgm.kernels import cpu, rules, walk
from tensionbgm.music import scale, spiral
from tensionbgm.search import groups, projection, scales
from tensionbgm.search.bound import bound
from tensionbgm.search.problem import empty_state, pose
from tensionbgm.search.skeleton import optimum, tonal

ALL = ("bar", "half", "beat")
subsets = st.permutations(ALL).flatmap(lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n])))


def test_bars_alone_are_the_default_to_the_last_bit():
    plan = ensemble_plan(9)
    for one, two in zip(pose(plan).problem, pose(plan, scales=("bar",)).problem, strict=True):
        np.testing.assert_array_equal(one, two)


@settings(max_examples=20, deadline=None)
@given(chosen=subsets, tied=st.booleans(), seed=st.integers(0, 999), heat=st.integers(0, 4000))
def test_after_a_walk_the_cost_is_that_of_the_pitches(chosen, tied, seed, heat):
    p = pose(ensemble_plan(10, tied=tied), scales=chosen).problem
    walked, again = empty_state(p, 1), empty_state(p, 1)
    cpu.start(p, walked, seed, threads=1)
    cpu.anneal(p, walked, seed, 0, np.full(3, heat), threads=1)
    again.x[...] = walked.x
    cpu.restart(p, again, threads=1)
    assert walked.cost[0, 0] == again.cost[0, 0]
    for name in ("sums", "counts", "mask", "centre", "spread"):
        np.testing.assert_array_equal(getattr(walked, name), getattr(again, name), err_msg=name)


@settings(max_examples=6, deadline=None)
@given(chosen=subsets, seed=st.integers(0, 99))
def test_windows_cost_what_the_spiral_array_says(chosen, seed):
    """Strain, momentum and diameter of every window, in floating point from the pitches."""
    plan = ensemble_plan(3, tied=False)
    posed = pose(plan, scales=chosen)
    chain = walk.chain_of(empty_state(posed.problem, 1), 0)
    walk.start(posed.problem, chain, seed, 0)
    posed.problem.group[:, rules.SPAN] = 0
    none = tonal(posed.problem)
    walk.restart(none, chain)
    pitch = posed.pitch(plan, chain.x)[posed.pitched].astype(int)
    slow = sum(slow_tension(plan, plan.slots[posed.pitched], pitch, name) for name in chosen) / len(chosen)
    assert chain.cost[0] / rules.POINT == pytest.approx(slow, rel=0.02, abs=1)


def slow_tension(plan: Plan, slots: np.ndarray, pitch: np.ndarray, name: str) -> float:
    """Points for the windows of a scale alone."""
    edge, key = scales.edges(plan, name), plan.keys[0]
    asked, total, before = projection.reachable(plan, windows=name), 0.0, None
    end = slots["onset_tick"] + slots["duration_tick"]

    def width(now: int) -> float:
        inside = (slots["onset_tick"] <= now) & (end > now)
        members = sum(1 << int(pc) for pc in set(pitch[inside] % 12))
        return float(spiral.diameter_table()[spiral.rotate(members, key.tonic)])

    for w, (first, last) in enumerate(itertools.pairwise(edge)):
        inside = np.clip(np.minimum(end, last) - np.maximum(slots["onset_tick"], first), 0, None)
        centre = spiral.centre_of_effect(np.bincount(pitch % 12, inside, 12), key.tonic)
        found = {
            "strain": float(np.linalg.norm(centre - spiral.key_point(key.mode))),
            "diameter": float(np.mean([width(at) for at in range(first, last, PPQ // 8)])),
        }
        if before is not None:
            found["momentum"] = float(np.linalg.norm(centre - before))
        before = centre
        for component, value in found.items():
            aims = scale.level(component, asked[component])
            off = float(scale.level(component, value) - aims[w])
            total += groups.WEIGHTS[component] * groups.closeness(aims) * off**2 * (last - first) / BAR
    return total


@given(chosen=subsets, tied=st.booleans())
@settings(max_examples=10, deadline=None)
def test_no_scale_pulls_more_than_bars_alone(chosen, tied):
    plan = ensemble_plan(8, tied=tied)
    wide = dataclasses.replace(plan, curve=Curve(plan.curve.time_s, np.array([0.0, 1.0, 0.0]), "inline"))
    table, one = pose(wide, scales=chosen).problem.group, pose(wide).problem.group
    for weight in ([rules.STRAIN_WEIGHT], [rules.DIAMETER_WEIGHT, rules.MEAN_WEIGHT]):
        assert table[:, weight].sum() == pytest.approx(one[:, weight].sum(), rel=1e-5)


def test_momentum_runs_within_a_scale():
    plan = ensemble_plan(4, tied=False)
    problem = pose(plan, scales=ALL).problem
    linked = np.flatnonzero(problem.group[:, rules.LINKED])
    first = np.flatnonzero(problem.group[:, rules.STRAIN_WEIGHT] > 0)
    assert len(first) == 4 + 8 + 16
    alone = [first[0], first[4], first[12]]  # nothing goes before the first window of a scale
    np.testing.assert_array_equal(linked, np.setdiff1d(first, alone))


@settings(max_examples=8, deadline=None)
@given(chosen=subsets, seed=st.integers(0, 999))
def test_the_bound_holds_at_every_scale(chosen, seed):
    p = pose(ensemble_plan(4), scales=chosen).problem
    least, state = bound(p, 10).cost, empty_state(p, 1)
    cpu.start(p, state, seed, threads=1)
    for k, heat in enumerate((200, 4, 0)):
        cpu.anneal(p, state, seed, 4 * k, np.full(4, heat), threads=1)
        assert (state.cost >= least).all()


def test_scales_that_share_notes_are_refused_by_the_exact_search():
    problem = tonal(pose(ensemble_plan(4), scales=("half", "beat")).problem)
    with pytest.raises(ValueError, match="mean diameters couple windows"):
        optimum(problem)
    problem = tonal(pose(ensemble_plan(4), scales=("beat",), clouds=True).problem)
    with pytest.raises(ValueError, match="held or tied over"):
        optimum(problem)


@pytest.mark.parametrize(("beats", "halves"), [(4, [0, 2]), (3, [0, 2]), (5, [0, 3]), (2, [0, 1]), (1, [0])])
def test_half_bars_begin_on_the_beat_in_the_middle_or_after_it(beats, halves):
    plan = ensemble_plan(2)
    grid = dataclasses.replace(plan.grid, bar_beats=np.full(2, beats))
    edge = scales.edges(dataclasses.replace(plan, grid=grid), "half")
    expected = [(bar * beats + at) * PPQ for bar in range(2) for at in halves]
    np.testing.assert_array_equal(edge, [*expected, 2 * beats * PPQ])


@pytest.mark.parametrize("chosen", [(), ("bar", "bar"), ("bar", "year")])
def test_scales_there_are_none_of_are_refused(chosen):
    with pytest.raises(ValueError, match="beat, half, bar"):
        pose(ensemble_plan(1), scales=chosen)
