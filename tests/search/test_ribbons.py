"""Batches measured by the kernels are what the plain form measures, however they were arrived at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ribbon_pieces import Case, case, changes, pitches

from tensionbgm.errors import UsageError
from tensionbgm.music import ribbons as plain
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import KeyChange, Notes, read_midi
from tensionbgm.music.windows import Windows, windows
from tensionbgm.search import ribbons

FILES = Path(__file__).resolve().parents[3] / "shared" / "data" / "oracle_tension" / "inputs"
NAMES = ("diameter", "momentum", "strain")
seeds = st.integers(0, 2**31)
some = settings(max_examples=80, deadline=None)


def laid_out(drawn: Case):
    return ribbons.layout(drawn.notes, drawn.windows, drawn.keys)


def repitched(notes: Notes, pitch: np.ndarray) -> Notes:
    """The same notes at other pitches."""
    table = notes.notes.copy()
    table["pitch"] = pitch
    return Notes(table, notes.track_names, notes.bar_quarter, notes.knot_quarter, notes.knot_s, notes.keys)


def assert_plain(drawn: Case, pitch: np.ndarray, got: plain.Ribbons, row: int = 0) -> None:
    want = plain.ribbons(repitched(drawn.notes, pitch), drawn.keys, drawn.windows)
    for name in NAMES:
        np.testing.assert_allclose(getattr(got, name)[row], getattr(want, name), atol=1e-9, err_msg=name)


def assert_equal(a: plain.Ribbons, b: plain.Ribbons) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@given(seed=seeds, n=st.integers(1, 60), w=st.integers(1, 12))
@some
def test_any_piece_is_measured_as_by_the_plain_form(seed, n, w):
    drawn, pitch = case(seed, n, w), pitches(seed, 2, n)
    got = ribbons.evaluate(laid_out(drawn), pitch, "cpu")
    for row in range(2):
        assert_plain(drawn, pitch[row], got, row)


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_thousands_of_changes_leave_no_trace(seed):
    drawn, start = case(seed, 40, 10), pitches(seed, 1, 40)
    layout = laid_out(drawn)
    state = ribbons.start(layout, start, "cpu")
    got = ribbons.change(layout, state, *changes(seed, 1, 40, 5000), device="cpu")
    assert_equal(got, ribbons.evaluate(layout, state.pitch_class, "cpu"))
    assert_plain(drawn, state.pitch_class[0], got)
    back = ribbons.change(layout, state, np.arange(40)[None], start, device="cpu")
    assert_equal(back, ribbons.evaluate(layout, start, "cpu"))


@given(seed=seeds)
@some
def test_each_change_alone_is_right(seed):
    drawn = case(seed, 20, 8)
    layout = laid_out(drawn)
    state = ribbons.start(layout, pitches(seed, 1, 20), "cpu")
    for note, pitch in zip(*(a[0] for a in changes(seed, 1, 20, 6)), strict=True):
        got = ribbons.change(layout, state, np.array([note]), np.array([pitch]), "cpu")
        assert state.pitch_class[0, note] == pitch % 12
        assert_plain(drawn, state.pitch_class[0], got)


@given(seed=seeds, shift=st.integers(-5, 6))
@some
def test_tied_notes_change_one_by_one(seed, shift):
    """A tie is one variable and several notes, each a shift away: as many changes, in any order."""
    drawn = case(seed, 20, 8)
    layout, before = laid_out(drawn), pitches(seed, 1, 20)
    tied = np.random.default_rng(seed).permutation(20)[None, :4]
    pitch = 60 + shift * np.arange(4)[None]
    after = before.copy()
    after[0, tied[0]] = pitch[0]
    for order in (slice(None), slice(None, None, -1)):
        state = ribbons.start(layout, before, "cpu")
        got = ribbons.change(layout, state, tied[:, order], pitch[:, order], "cpu")
        assert_equal(got, ribbons.evaluate(layout, after, "cpu"))


@given(seed=seeds)
@some
def test_only_the_pitch_class_counts(seed):
    drawn = case(seed)
    layout, pitch = laid_out(drawn), pitches(seed, 1, 30) % 12 + 48
    octave = 12 * np.random.default_rng(seed).integers(-3, 4, pitch.shape)
    assert_equal(ribbons.evaluate(layout, pitch, "cpu"), ribbons.evaluate(layout, pitch + octave, "cpu"))


@given(seed=seeds)
@some
def test_percussion_has_no_pitch(seed):
    drawn = case(seed, drums=0.5)
    layout, pitch = laid_out(drawn), pitches(seed, 1, 30)
    other = np.where(drawn.notes.notes["drum"], 60, pitch)
    assert_equal(ribbons.evaluate(layout, pitch, "cpu"), ribbons.evaluate(layout, other, "cpu"))


@given(seed=seeds)
@some
def test_windows_in_another_order_are_the_same_windows(seed):
    """Equal starts may come in any order: a bar and its first beat, say."""
    drawn = case(seed)
    one = Windows(np.zeros(6, np.int64), 40_320 * np.arange(1, 7), np.arange(6))
    turned = Windows(one.start, one.end[::-1].copy(), np.arange(6))
    pitch = pitches(seed, 1, 30)
    a = ribbons.evaluate(ribbons.layout(drawn.notes, one, drawn.keys), pitch, "cpu")
    b = ribbons.evaluate(ribbons.layout(drawn.notes, turned, drawn.keys), pitch, "cpu")
    for name in NAMES:
        np.testing.assert_array_equal(getattr(a, name)[:, ::-1], getattr(b, name))


def test_a_batch_is_measured_in_blocks(monkeypatch):
    drawn = case(3)
    layout, pitch = laid_out(drawn), pitches(3, 7, 30)
    whole = ribbons.evaluate(layout, pitch, "cpu")
    monkeypatch.setattr(ribbons, "BLOCK_BYTES", 1)
    assert_equal(ribbons.evaluate(layout, pitch, "cpu"), whole)
    for row in range(7):
        assert_plain(drawn, pitch[row], whole, row)


def test_no_candidates_have_no_tensions():
    drawn = case(1)
    assert ribbons.evaluate(laid_out(drawn), np.zeros((0, 30), int)).strain.shape == (0, 8)


def test_percussion_alone_is_silent():
    got = ribbons.evaluate(laid_out(case(4, drums=1.0)), pitches(4, 2, 30), "cpu")
    for name in NAMES:
        assert not getattr(got, name).any()


def test_a_long_window_is_measured_as_well_as_promised():
    drawn = case(5)
    long = Windows(np.zeros(1, np.int64), np.array([3000 * 40_320]), np.zeros(1, np.int64))
    drawn = drawn._replace(windows=long)
    pitch = pitches(5, 1, 30)
    assert_plain(drawn, pitch[0], ribbons.evaluate(laid_out(drawn), pitch, "cpu"))


@pytest.mark.skipif(not FILES.is_dir(), reason="the MIDI files are not beside the checkout")
@pytest.mark.parametrize("name", ["pop909/001.mid", "pop909/046.mid", "jsb/jsb_test_003.mid"])
@pytest.mark.parametrize("spec", ["16th", "beat", "bar", "sliding", 1.7])
def test_real_pieces_are_measured_as_by_the_plain_form(name, spec):
    notes = read_midi(FILES / name)
    keys = notes.keys or (KeyChange(0.0, *find_key(notes)),)
    drawn = Case(notes, keys, windows(notes, spec))
    layout, n = laid_out(drawn), len(notes.notes)
    state = ribbons.start(layout, notes.notes["pitch"][None], "cpu")
    assert_plain(drawn, notes.notes["pitch"], ribbons.ribbons_of(state))
    got = ribbons.change(layout, state, *changes(1, 1, n, 3000), device="cpu")
    assert_plain(drawn, state.pitch_class[0], got)


def test_pitches_of_another_piece_are_refused():
    layout = laid_out(case(0))
    with pytest.raises(ValueError, match=r"must be \(N, 30\)"):
        ribbons.evaluate(layout, np.zeros((2, 29), int))


@pytest.mark.parametrize("note", [-1, 30])
def test_a_note_that_is_not_there_is_refused(note):
    layout = laid_out(case(0))
    state = ribbons.start(layout, pitches(0, 1, 30), "cpu")
    with pytest.raises(ValueError, match="no 30 notes"):
        ribbons.change(layout, state, np.array([note]), np.array([60]), "cpu")


def test_an_unknown_device_is_refused():
    with pytest.raises(UsageError, match="--device abacus"):
        ribbons.evaluate(laid_out(case(0)), pitches(0, 1, 30), "abacus")
