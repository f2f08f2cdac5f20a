"""Every backend gives what the plain Python of `rules` gives, to the last integer."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_plans import ensemble_plan

from tensionbgm.kernels import backend, cuda_answers, jit, moves, rules, slices, walk
from tensionbgm.search.moves import compound
from tensionbgm.search.neighbourhood import of_plan
from tensionbgm.search.problem import empty_state, gumbel_table, pose

HEAT = np.array([500, 60, 0])
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") == "1"
needs_cuda = pytest.mark.skipif(
    not cuda_answers(), reason="no CUDA device answers; see NUMBA_ENABLE_CUDASIM=1"
)
word = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=needs_cuda)])
def twin(request):
    """Each compiled backend in turn: a test that takes `twin` runs on all of them."""
    return backend(request.param)


@pytest.mark.parametrize(("bars", "roles"), [(1, ()), (10, ("melody", "bass"))])  # bars 8 and 9 are returns
def test_a_twin_gives_what_plain_python_gives(twin, bars, roles):
    plan = ensemble_plan(bars, parts=roles)
    posed = pose(plan)
    problem, changes = posed.problem, compound(plan, posed, (0.2, 0.1, 0.2, 0.2, 0.2, 0.2))
    fast, plain = empty_state(problem, 2), empty_state(problem, 2)
    heat, room = np.stack([HEAT, 2 * HEAT]), moves.empty_room(2)
    chains = twin.Chains(problem, fast, changes)
    chains.start(11)
    chains.anneal(11, 0, heat)
    counted = chains.fetch()
    for n in range(2):
        chain, own = walk.chain_of(plain, n), moves.room_of(room, n)
        walk.start(problem, chain, 11, n)
        moves.anneal(problem, changes, chain, own, 11, n, 0, heat[n])
    assert_equal_states(fast, plain)
    np.testing.assert_array_equal(counted.count, room.count)
    assert (room.count.sum(axis=0)[:, 1] > 0).any()


def test_a_twin_solves_neighbourhoods_as_plain_python_does(twin):
    plan = ensemble_plan(2)
    posed = pose(plan)
    problem, cut = posed.problem, of_plan(plan, posed)
    fast, plain, bench = empty_state(problem, 1), empty_state(problem, 1), slices.empty_bench(problem, 1)
    chains, chain = twin.Chains(problem, fast), walk.chain_of(plain, 0)
    chains.start(3)
    chains.settle()
    chains.polish(cut, 0, 4, 50)
    walk.start(problem, chain, 3, 0)
    slices.solve_slices(problem, cut, chain, slices.bench_of(bench, 0), 0, 4, 50)
    np.testing.assert_array_equal(chains.polished(), bench.count)
    chains.fetch()
    assert_equal_states(fast, plain)
    assert 0 < bench.count[0, slices.IMPROVED] <= bench.count[0, slices.SEEN] == 4


def assert_equal_states(one, two):
    """Everything but scratch is equal."""
    for name in ("x", "best_x", "cost", "sums", "counts", "mask", "centre"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


def test_a_twin_recovers_its_sums_from_the_pitches(twin):
    problem = pose(ensemble_plan(1)).problem
    state = empty_state(problem, 1)
    twin.start(problem, state, 2)
    twin.anneal(problem, state, 2, 0, HEAT)
    before = [array.copy() for array in (state.cost[:, 0], state.sums, state.counts, state.mask)]
    for array in (state.cost, state.sums, state.counts, state.mask):
        array[...] = -7
    twin.restart(problem, state)
    for here, there in zip((state.cost[:, 0], state.sums, state.counts, state.mask), before, strict=True):
        np.testing.assert_array_equal(here, there)


@pytest.mark.skipif(SIMULATED, reason="is in the simulator already")
def test_the_cuda_twin_agrees_in_the_simulator():
    here = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        str(Path(__file__)),
        "-k",
        "twin and cuda",
    ]
    simulated = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([*here, "-v"], env=simulated, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout, done.stdout


@given(n=st.integers(0, 2**52 - 1))
def test_isqrt_is_exact(n):
    assert rules.isqrt(n) == math.isqrt(n)


@given(a=word, b=word)
def test_scramble_loses_nothing(a, b):
    assert 0 <= rules.scramble(a) < 2**32
    assert (rules.scramble(a) == rules.scramble(b)) == (a == b)


def test_chance_is_even():
    drawn = np.array([rules.mix(1, 2, k) % 16 for k in range(8000)])
    count = np.bincount(drawn, minlength=16)
    assert ((count - 500) ** 2 / 500).sum() < 45  # chi-square with 15 degrees of freedom, p about 1e-4


def test_the_gumbel_table_has_the_mean_of_the_distribution():
    assert gumbel_table().mean() / rules.GUMBEL_ONE == pytest.approx(np.euler_gamma, abs=0.01)


def test_heat_bath_draws_by_boltzmann():
    """One free variable with two pitches, the second dearer by one temperature: odds e to 1."""
    problem = pose(ensemble_plan(1, parts=("bass",))).problem
    start, stop = problem.domain_start[0], problem.domain_start[1]
    lone = problem._replace(
        line_start=np.zeros_like(problem.line_start),
        vertical_start=np.zeros_like(problem.vertical_start),
        bend_start=np.zeros_like(problem.bend_start),
        parallel_start=np.zeros_like(problem.parallel_start),
        member_start=np.zeros_like(problem.member_start),
    )
    lone.domain_cost[start:stop] = 10**6
    lone.domain_cost[start : start + 2] = 0, 200
    chain = walk.chain_of(empty_state(lone, 1), 0)
    walk.start(lone, chain, 0, 0)
    first = 0
    for k in range(3000):
        walk.step(lone, chain, 0, rules.mix(9, 9, k), 200)
        first += chain.x[0] == lone.domain_pitch[start]
    assert first / 3000 == pytest.approx(math.e / (1 + math.e), abs=0.03)


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="auto, cpu or cuda"):
        backend("abacus")


def test_auto_takes_the_processor_for_few_chains():
    assert backend("auto", 8).NAME == "cpu"


def test_the_cache_folder_changes_with_the_sources(monkeypatch, tmp_path):
    (tmp_path / "rules.py").write_text("A = 1\n")
    monkeypatch.setattr(jit, "__file__", str(tmp_path / "jit.py"))
    first = jit.fingerprint()
    (tmp_path / "rules.py").write_text("A = 2\n")
    assert jit.fingerprint() != first


def test_a_read_only_home_does_not_stop_the_compiler(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
    monkeypatch.setattr(jit, "gettempdir", lambda: str(tmp_path))
    assert jit.cache_folder().is_relative_to(tmp_path)


def test_the_reach_of_tables_is_the_reach_of_the_rules():
    problem = pose(ensemble_plan(1)).problem
    assert problem.step_cost.shape[1] == problem.place_cost.shape[1] == 2 * rules.REACH + 1
    assert problem.clash_cost.shape[1] == rules.REACH + 1
    assert problem.bend_cost.shape[1:] == (2 * rules.BEND + 1,) * 2
    assert len(problem.gumbel) == rules.CHANCES


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_kernels_are_not_loaded_from_where_others_can_write(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/dev/null/nowhere")
    monkeypatch.setattr(jit, "gettempdir", lambda: str(tmp_path))
    assert jit.cache_folder().is_relative_to(tmp_path)
    (tmp_path / f"tensionbgm-{os.getuid()}").chmod(0o777)
    with pytest.raises(RuntimeError, match="NUMBA_CACHE_DIR"):
        jit.cache_folder()


def test_a_user_without_a_home_gets_a_temporary_cache(tmp_path, monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(jit.Path, "home", homeless)
    monkeypatch.setattr(jit, "gettempdir", lambda: str(tmp_path))
    assert jit.cache_folder().is_relative_to(tmp_path)


def test_constants_of_one_name_and_two_values_are_refused():
    one, two = types.ModuleType("one"), types.ModuleType("two")
    one.REACH, two.REACH, one.FUNCTIONS, two.FUNCTIONS = 1, 2, (), ()
    with pytest.raises(ValueError, match="two: REACH is 2 here and 1 elsewhere"):
        jit.compiled(lambda function: function, one, two)
