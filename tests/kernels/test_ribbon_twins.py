"""Every backend measures tonal tension as the plain Python of `ribbon_rules` does, to the last bit."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ribbon_pieces import Case, case, changes, pitches

from tensionbgm.kernels import backend, cuda_answers, ribbon_cpu, ribbon_rules
from tensionbgm.search import ribbons

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") == "1"
needs_cuda = pytest.mark.skipif(
    not cuda_answers(), reason="no CUDA device answers; see NUMBA_ENABLE_CUDASIM=1"
)
seeds = st.integers(0, 2**31)
CANDIDATES = 3
WHOLE = ("pitch_class", "count", "mask", "area", "sums", "spread")
REAL = ("diameter", "momentum", "strain")


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=needs_cuda)])
def twin(request):
    """Each compiled backend in turn: a test that takes `twin` runs on all of them."""
    return backend(request.param, what="ribbons")


def laid_out(drawn: Case, seed: int) -> tuple[ribbon_rules.Layout, ribbon_rules.State]:
    """A layout, and candidates whose kept sums are all wrong."""
    layout = ribbons.layout(drawn.notes, drawn.windows, drawn.keys)
    state = ribbons.start(layout, pitches(seed, CANDIDATES, len(drawn.notes.notes)), "cpu")
    for name in (*WHOLE[1:], *REAL):
        getattr(state, name)[...] = -7
    return layout, state


def copy(state: ribbon_rules.State) -> ribbon_rules.State:
    return ribbon_rules.State(*(array.copy() for array in state))


def assert_same(a: ribbon_rules.State, b: ribbon_rules.State) -> None:
    """Whole numbers are equal everywhere; so are lengths, but for the last place on a real device."""
    for name in WHOLE:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    for name in REAL:
        slack = 0 if SIMULATED or not cuda_answers() else 1e-12
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=slack, atol=slack, err_msg=name)


@pytest.mark.parametrize("seed", range(4))
def test_a_twin_measures_what_plain_python_measures(twin, seed):
    layout, plain = laid_out(case(seed), seed)
    fast = copy(plain)
    ribbon_rules.evaluate(layout, plain, 0, CANDIDATES)
    twin.evaluate(layout, fast)
    assert_same(fast, plain)


@pytest.mark.parametrize("seed", range(4))
def test_a_twin_changes_notes_as_plain_python_does(twin, seed):
    layout, plain = laid_out(case(seed), seed)
    ribbon_rules.evaluate(layout, plain, 0, CANDIDATES)
    fast = copy(plain)
    note, pitch = changes(seed, CANDIDATES, plain.pitch_class.shape[1], 5)
    ribbon_rules.change(layout, plain, note, pitch, 0, CANDIDATES)
    twin.change(layout, fast, note, pitch)
    assert_same(fast, plain)


@pytest.mark.parametrize("seed", range(4))
def test_a_twin_ends_after_changes_where_it_would_begin(twin, seed):
    layout, walked = laid_out(case(seed), seed)
    twin.evaluate(layout, walked)
    twin.change(layout, walked, *changes(seed, CANDIDATES, walked.pitch_class.shape[1], 20))
    begun = copy(walked)
    twin.evaluate(layout, begun)
    assert_same(walked, begun)


def test_a_twin_takes_a_piece_in_which_nothing_sounds_together(twin):
    layout, state = laid_out(case(0, n=1, drums=0), 0)
    twin.evaluate(layout, state)
    twin.change(layout, state, np.zeros((CANDIDATES, 1), int), np.full((CANDIDATES, 1), 61))
    assert layout.segment_units.size == 0
    assert not state.diameter.any()


@given(seed=seeds, n=st.integers(1, 60), w=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_cpu_agrees_with_plain_python_on_any_piece(seed, n, w):
    layout, plain = laid_out(case(seed, n, w), seed)
    fast = copy(plain)
    ribbon_rules.evaluate(layout, plain, 0, CANDIDATES)
    ribbon_cpu.evaluate(layout, fast)
    assert_same(fast, plain)
    note, pitch = changes(seed, CANDIDATES, n, 8)
    ribbon_rules.change(layout, plain, note, pitch, 0, CANDIDATES)
    ribbon_cpu.change(layout, fast, note, pitch)
    assert_same(fast, plain)


@given(seed=seeds, threads=st.integers(2, 5))
@settings(max_examples=15, deadline=None)
def test_shares_of_the_work_change_nothing(seed, threads):
    """Fewer candidates than threads: each is cut by windows; more: they are shared out."""
    layout, one = laid_out(case(seed, 40, 10), seed)
    many = copy(one)
    note, pitch = changes(seed, CANDIDATES, 40, 8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ribbon_cpu, "ENOUGH", 1)
        for state, count in ((one, 1), (many, threads)):
            ribbon_cpu.evaluate(layout, state, count)
            ribbon_cpu.change(layout, state, note, pitch, count)
    assert_same(many, one)


def test_a_fault_in_a_thread_is_raised():
    with ThreadPoolExecutor(2) as pool, pytest.raises(ZeroDivisionError):
        ribbon_cpu._shared(pool, 2, 4, lambda first, last: 1 // 0)


@pytest.mark.skipif(SIMULATED, reason="is in the simulator already")
def test_the_cuda_twin_of_ribbons_agrees_in_the_simulator():
    pytest_here = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(Path(__file__))]
    done = subprocess.run(
        [*pytest_here, "-v", "-k", "twin and cuda"],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 passed" in done.stdout, done.stdout


def test_unknown_kernels_are_refused():
    with pytest.raises(ValueError, match="search or ribbons"):
        backend("cpu", what="abacus")
