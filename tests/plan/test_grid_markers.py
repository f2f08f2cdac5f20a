"""Markers are demands: met within 40 ms, or the fewest that clash are named with the nearest plan."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tensionbgm import config
from tensionbgm.errors import InputError
from tensionbgm.forms import Form, Marker, Section, Shots
from tensionbgm.plan import grid_check, grid_clash, grid_instance
from tensionbgm.plan.grid import plan_grid
from tensionbgm.plan.grid_markers import make_accents, misses_us


def one_section(duration_s):
    return Form((Section("A", 0.0, duration_s),))


def shots(cuts):
    cut_s = np.array(cuts, float)
    return Shots(cut_s, np.ones(len(cut_s)), np.zeros((0, 2)), cut_s)


def grid_of(duration_s, markers, cuts=(), **ask):
    return plan_grid(one_section(duration_s), shots(cuts), duration_s, config.Ask(**ask), markers=markers)


marker = st.builds(
    Marker,
    time_s=st.floats(0, 40),
    name=st.text("abc", min_size=1, max_size=3),
    weight=st.floats(0, 1),
    beat=st.sampled_from(["downbeat", "strong", "any"]),
)


@settings(deadline=None, max_examples=12)
@given(
    markers=st.lists(marker, max_size=4),
    cuts=st.lists(st.floats(0.5, 39.5), max_size=6),
    meter=st.sampled_from(["2/4", "3/4", "4/4"]),
)
def test_the_nearest_plan_convinces_the_checker_and_says_what_it_missed(markers, cuts, meter):
    ask = config.Ask(meter=meter, nearest=True)
    grid = plan_grid(one_section(40.0), shots(sorted(cuts)), 40.0, ask, markers=markers)
    instance = grid_instance.make_instance(
        one_section(40.0), grid.cut_s, grid.cut_weight, 40.0, ask, markers=markers
    )
    faults = grid_check.violations(instance, grid)
    assert all(fault.startswith("the marker") for fault in faults)
    assert len(faults) == (np.abs(misses_us(grid, markers)) > 40_000).sum()
    assert bool(faults) == any(w.startswith("markers:") for w in grid.warnings)
    assert grid_check.cost(instance, grid) == pytest.approx(grid.solver.objective, rel=1e-4, abs=0.02)


@settings(deadline=None, max_examples=8)
@given(first=st.floats(2, 20), gap=st.floats(2.2, 12), beat=st.sampled_from(["downbeat", "strong", "any"]))
def test_two_markers_a_bar_apart_are_both_met(first, gap, beat):
    markers = [Marker(first, "one", beat=beat), Marker(first + gap, "two", beat=beat)]
    assert np.abs(misses_us(grid_of(40.0, markers), markers)).max() <= 40_000


def test_two_downbeats_100_ms_apart_clash_and_both_are_named():
    markers = [
        Marker(5.0, "door"),
        Marker(12.0, "drop", beat="downbeat"),
        Marker(12.1, "hit", beat="downbeat"),
    ]
    with pytest.raises(InputError) as told:
        grid_of(20.0, markers, cuts=[3, 8])
    said = str(told.value)
    assert '"drop" (12.000 s, downbeat) and "hit" (12.100 s, downbeat) clash' in said
    assert '"door"' not in said
    assert "--nearest" in said
    assert re.search(r"\d+ ms (late|early)", said)
    assert "\n" not in said


def test_the_nearest_plan_is_taken_when_asked_and_misses_the_least():
    markers = [Marker(12.0, "drop", beat="downbeat"), Marker(12.1, "hit", beat="downbeat")]
    grid = grid_of(20.0, markers, nearest=True)
    off = np.abs(misses_us(grid, markers))
    assert off.min() <= 40_000
    assert off.max() <= 100_000
    assert any('for "drop"' in w or 'for "hit"' in w for w in grid.warnings)


def test_a_tempo_at_which_a_marker_cannot_be_met_is_answered_with_the_tempi_at_which_it_can():
    demand = [Marker(12.3, "drop", beat="downbeat")]
    with pytest.raises(InputError, match=r'"drop" .* cannot be met: no bars at tempo 100') as told:
        grid_of(24.0, demand, tempo="100")
    bpm = [float(x) for x in re.findall(r"reach ([\d.]+) or ([\d.]+)", str(told.value))[0]]
    assert bpm[0] < 100 < bpm[1]
    for tempo in (f"{bpm[0]}-100", f"100-{bpm[1]}"):
        assert abs(misses_us(grid_of(24.0, demand, tempo=tempo), demand)[0]) <= 40_000


@settings(deadline=None, max_examples=60)
@given(data=st.data(), size=st.integers(1, 9))
def test_the_smallest_clash_clashes_and_no_part_of_it_does(data, size):
    markers = tuple(Marker(float(i), str(i)) for i in range(size))
    pairs = data.draw(st.lists(st.sets(st.sampled_from(markers), min_size=1), min_size=1, max_size=4))

    def meets(some):
        return not any(pair <= set(some) for pair in pairs)

    found = grid_clash.smallest_clash(meets, markers)
    assert not meets(found)
    assert all(meets(tuple(m for m in found if m != left_out)) for left_out in found)


@st.composite
def crowded(draw):
    """Demands that often clash, and the film they are made of."""
    duration_s = draw(st.sampled_from([6.0, 9.0, 14.0]))
    moments = st.floats(0, duration_s).map(lambda s: round(s, 3))
    beats = st.sampled_from(["downbeat", "strong", "any"])
    said = draw(st.lists(st.tuples(moments, beats), min_size=2, max_size=5, unique_by=lambda row: row[0]))
    markers = tuple(Marker(time_s, f"m{k}", beat=beat) for k, (time_s, beat) in enumerate(said))
    cuts = sorted(draw(st.lists(st.floats(0.5, duration_s - 0.5), max_size=4)))
    ask = config.Ask(tempo=draw(st.sampled_from(["66-140", "100", "90-110", "180-240"])))
    time, weight = make_accents(np.array(cuts), np.ones(len(cuts)), None, markers, duration_s)
    return (
        grid_instance.make_instance(one_section(duration_s), time, weight, duration_s, ask, markers=markers),
        markers,
    )


@settings(deadline=None, max_examples=60)
@given(crowded())
def test_what_may_not_be_met_in_part_cannot_be_met_in_whole(case):
    instance, markers = case
    if not grid_clash.may_meet(instance, markers):
        assert not grid_clash.can_meet(instance, markers)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.filter_too_much])
@given(crowded())
def test_the_clash_found_is_one_and_without_any_of_its_markers_there_is_none(case):
    instance, markers = case
    bare = dataclasses.replace(instance, cut_us=instance.cut_us[:0], cut_cost=instance.cut_cost[:0])
    assume(not met(bare, markers, markers[:1]))
    clash = grid_clash.find_clash(instance, markers, markers[0])
    assert not met(bare, clash.markers, markers[:1])
    for left_out in clash.markers:
        rest = [marker for marker in clash.markers if marker != left_out]
        assert not rest or met(bare, rest, markers[:1])
    shortest, longest = bare.period_us
    for bpm, periods in (
        (clash.slower_bpm, lambda us: (shortest, us)),
        (clash.quicker_bpm, lambda us: (us, longest)),
    ):
        if bpm:
            wide = dataclasses.replace(bare, period_us=periods(60e6 / bpm))
            assert met(wide, clash.markers, clash.markers)


def met(instance, markers, around):
    """Whether bars meet all markers, their lines at any moment of the instance, or at those around some."""
    lines = (instance, grid_clash._near(instance, around))
    return any(grid_clash.can_meet(some, markers) for some in lines)


def test_of_many_markers_few_are_weighed(monkeypatch):
    """Where two downbeats are too close, that is seen around them, not in bars through all of the film."""
    markers = [Marker(4.0 * k + 1, f"m{k}", beat="any") for k in range(60)]
    markers += [Marker(120.0, "drop", beat="downbeat"), Marker(120.1, "hit", beat="downbeat")]
    time, weight = make_accents(np.zeros(0), np.zeros(0), None, markers, 250.0)
    instance = grid_instance.make_instance(
        one_section(250.0), time, weight, 250.0, config.Ask(), markers=markers
    )
    asked = []
    whole = grid_clash.can_meet
    monkeypatch.setattr(
        grid_clash, "can_meet", lambda i, some: asked.append(len(i.anchor_us)) or whole(i, some)
    )
    clash = grid_clash.find_clash(instance, tuple(markers), markers[-1])
    assert {marker.name for marker in clash.markers} == {"drop", "hit"}
    # Once more with all the planner's bar lines, lest it could meet them after all.
    assert len(asked) <= 4
    assert sorted(asked)[-2] < len(instance.anchor_us) / 4


def test_what_the_planner_could_meet_is_not_named_and_the_tempo_named_is_enough():
    """Here bars that change tempo off the cuts meet two of the three, whatever plain bar lines can do."""
    markers = [
        Marker(2.433, "m0", beat="any"),
        Marker(4.072, "m1", beat="any"),
        Marker(5.407, "m2", beat="downbeat"),
    ]
    cuts = Shots(np.array([4.269, 6.048, 12.481]), np.ones(3), np.zeros((0, 2)), np.zeros(0))

    def planned(some, tempo):
        return plan_grid(one_section(14.0), cuts, 14.0, config.Ask(tempo=tempo), markers=some)

    with pytest.raises(InputError) as fault:
        planned(markers, "90-110")
    named = [marker for marker in markers if f'"{marker.name}"' in str(fault.value).split("clash")[0]]
    with pytest.raises(InputError):
        planned(named, "90-110")
    for left_out in named:
        planned([marker for marker in named if marker is not left_out], "90-110")
    for bpm in re.findall(r"\d+\.\d", str(fault.value).split("reach")[1].split(",")[0]):
        planned(markers, f"{min(90.0, float(bpm))}-{max(110.0, float(bpm))}")


def test_a_marker_on_a_cut_is_one_accent_and_leads_the_cuts_beside_it():
    markers = [Marker(5.03, "hit", weight=0.5), Marker(9.0, "alone", weight=0.3)]
    time, weight = make_accents(
        np.array([5.0, 5.3, 8.0]), np.array([0.7, 1.0, 0.4]), None, markers, duration_s=12.0
    )
    assert time.tolist() == [5.03, 5.3, 8.0, 9.0]
    assert weight.tolist() == pytest.approx([0.7, 0.15, 0.4, 0.3])


@settings(deadline=None, max_examples=50)
@given(cuts=st.lists(st.floats(-2, 14), max_size=8), markers=st.lists(marker, max_size=5))
def test_accents_lie_in_the_film_in_order_and_every_marker_is_one(cuts, markers):
    assume(all(m.time_s <= 12 for m in markers))
    time, weight = make_accents(np.sort(cuts), np.ones(len(cuts)), None, markers, duration_s=12.0)
    assert (np.diff(time) >= 0).all()
    assert ((time >= 0) & (time < 12)).all()
    for m in (m for m in markers if m.time_s < 12):
        assert weight[time == m.time_s].max() >= m.weight


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        (Marker(12.5, "late"), 'marker "late": 12.500 s is outside the film, which lasts 12.000 s'),
        (Marker(-1.0, "early"), "outside the film"),
        (Marker(float("nan"), "never"), "outside the film"),
        (Marker(3.0, "odd", beat="third"), 'no beat is called "third"'),
        (Marker(3.0, "heavy", weight=2.0), "its weight is 2.0"),
    ],
)
def test_a_marker_that_asks_for_what_there_is_not_is_refused(marker, says):
    with pytest.raises(InputError, match=re.escape(says)):
        grid_of(12.0, [marker])


def test_markers_at_both_ends_of_the_film_are_met():
    markers = [Marker(0.0, "start", beat="downbeat"), Marker(12.0, "end", beat="downbeat")]
    grid = grid_of(12.0, markers)
    assert np.abs(misses_us(grid, markers)).max() <= 3
