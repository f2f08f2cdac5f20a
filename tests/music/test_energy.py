"""Energy of windows: held to the sums written out, and to what must and must not change it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.music import energy
from tensionbgm.music.notes import NOTE, Notes


def music(rows, knot_quarter=(0.0, 1e3), knot_s=(0.0, 5e2)):
    """Notes from (onset, duration, pitch, velocity, track, drum) in quarters, on a tempo map."""
    table = np.array([(on, long, 0, 0, *rest) for on, long, *rest in rows], NOTE)
    knots, times = np.array(knot_quarter), np.array(knot_s)
    end = np.interp(table["onset_quarter"] + table["duration_quarter"], knots, times)
    table["onset_s"] = np.interp(table["onset_quarter"], knots, times)
    table["duration_s"] = end - table["onset_s"]
    table.sort(order=["onset_quarter", "track", "pitch"])
    return Notes(table, ("one", "two", "three"), np.arange(0, 25, 4.0), knots, times, ())


position = st.floats(0, 20).map(lambda x: round(x, 3))
note = st.tuples(
    position,
    st.floats(0.01, 6).map(lambda x: round(x, 3)),
    st.integers(0, 120),
    st.integers(1, 127),
    st.integers(0, 2),
    st.booleans(),
)
music_rows = st.lists(note, min_size=1, max_size=30)
pitched_rows = st.lists(note.map(lambda row: (*row[:5], False)), min_size=1, max_size=30)
window_lists = st.lists(
    st.tuples(st.floats(-2, 22), st.floats(0.1, 8)).map(lambda w: (w[0], w[0] + w[1])), min_size=1, max_size=8
)
patient = settings(deadline=None)
TEMPO_MAP = ((0.0, 3.0, 7.5, 1e3), (0.0, 2.0, 3.5, 900.0))


def edges(windows):
    return np.array(sorted(windows)).T


def every(notes, start, end):
    return {name: f(notes, start, end) for name, f in energy.COMPONENTS.items()}


def written_out(notes, low, high):
    """Loudness, register and parts of one window as its docstrings define them, note by note [s]."""
    table = notes.notes
    length = np.where(table["drum"], energy.DRUM_S, table["duration_s"])
    share = np.clip(np.minimum(table["onset_s"] + length, high) - np.maximum(table["onset_s"], low), 0, None)
    power = (share * (table["velocity"] / 127) ** 2).sum() / (high - low)
    pitched = share * ~table["drum"]
    moments = np.unique([low, high, *table["onset_s"], *(table["onset_s"] + length)])
    moments = moments[(moments >= low) & (moments <= high)]
    tracks = 0.0
    for a, b in pairwise(moments):
        sounds = (table["onset_s"] <= a + 1e-12) & (table["onset_s"] + length >= b - 1e-12)
        tracks += (b - a) * len(set(table["track"][sounds]))
    return (
        max(10 * np.log10(max(power, 1e-12)), -60),
        (pitched * table["pitch"]).sum() / pitched.sum() if pitched.sum() > 1e-6 else 60.0,
        tracks / (high - low),
    )


# --------------------------------------------------------------------------- properties


@patient
@given(music_rows, window_lists)
def test_sums_over_sorted_events_are_the_sums_written_out(rows, windows):
    notes, (start, end) = music(rows, *TEMPO_MAP), edges(windows)
    found = every(notes, start, end)
    low, high = energy.seconds(notes, start), energy.seconds(notes, end)
    expected = np.array([written_out(notes, a, b) for a, b in zip(low, high, strict=True)]).T
    np.testing.assert_allclose(10 ** (found["loudness"] / 10), 10 ** (expected[0] / 10), atol=1e-9)
    np.testing.assert_allclose(found["register"], expected[1], atol=1e-3)
    np.testing.assert_allclose(found["parts"], expected[2], atol=1e-7)


@patient
@given(music_rows, st.lists(position, max_size=6, unique=True))
def test_windows_that_tile_sum_to_the_whole(rows, cuts):
    notes = music(rows, *TEMPO_MAP)
    edge = np.array(sorted({*cuts, -1.0, 30.0}))
    edge = edge[np.concatenate([[True], np.diff(edge) > 0.01])]
    long_s = np.diff(energy.seconds(notes, edge))

    def totals(start, end, long_s):
        tone = every(notes, start, end)
        power = 10 ** (tone["loudness"] / 10)
        power[tone["loudness"] <= energy.SILENCE_DB] = 0.0  # the floor is not sound
        return [(x * long_s).sum() for x in (power, 2 ** tone["density"] - 1, tone["parts"])]

    whole = totals(edge[:1], edge[-1:], long_s.sum())
    np.testing.assert_allclose(totals(edge[:-1], edge[1:], long_s), whole, rtol=1e-6, atol=1e-4)


@patient
@given(music_rows, window_lists, st.randoms())
def test_the_order_of_notes_does_not_matter(rows, windows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    a, b = (every(music(r), *edges(windows)) for r in (rows, shuffled))
    for name in a:
        np.testing.assert_allclose(a[name], b[name], atol=1e-4)


@patient
@given(pitched_rows, window_lists)
def test_doubling_the_tempo_doubles_it_raises_density_and_leaves_the_rest(rows, windows):
    apart = [(round(on * 8) / 8, *rest) for on, *rest in rows]  # closer onsets fall into one attack
    slow, fast = (every(music(apart, (0, 1e3), (0, s)), *edges(windows)) for s in (1e3, 5e2))
    assert (fast["density"] >= slow["density"]).all()
    np.testing.assert_allclose(fast["tempo"], 2 * slow["tempo"])
    for name in ("loudness", "parts"):
        np.testing.assert_allclose(fast[name], slow[name], atol=1e-4)


@patient
@given(music_rows, window_lists)
def test_the_same_seconds_written_in_other_quarters_have_the_same_energy(rows, windows):
    start, end = edges(windows)
    twice = [(2 * on, 2 * long, *rest) for on, long, *rest in rows]
    a = every(music(rows, (0, 1e3), (0, 5e2)), start, end)
    b = every(music(twice, (0, 2e3), (0, 5e2)), 2 * start, 2 * end)
    for name in ("loudness", "parts", "density", "register"):
        np.testing.assert_allclose(a[name], b[name], atol=1e-4)
    np.testing.assert_allclose(b["tempo"], 2 * a["tempo"])


@patient
@given(pitched_rows, window_lists)
def test_splitting_a_held_note_leaves_loudness_register_and_parts(rows, windows):
    halves = [(on + h * long / 2, long / 2, *rest) for on, long, *rest in rows for h in (0, 1)]
    whole, split = (every(music(r), *edges(windows)) for r in (rows, halves))
    np.testing.assert_allclose(whole["parts"], split["parts"], atol=1e-7)
    for name in ("loudness", "register"):
        np.testing.assert_allclose(whole[name], split[name], atol=1e-3)


@patient
@given(music_rows, window_lists, st.integers(1, 20))
def test_playing_louder_raises_loudness_alone(rows, windows, more):
    loud = [(*row[:3], row[3] + more, *row[4:]) for row in rows]
    a, b = (every(music(r), *edges(windows)) for r in (rows, loud))
    assert (b["loudness"] >= a["loudness"] - 1e-9).all()
    for name in ("density", "register", "parts", "tempo"):
        np.testing.assert_array_equal(a[name], b[name])


@patient
@given(pitched_rows, window_lists, st.integers(1, 7))
def test_transposing_moves_register_as_far_and_nothing_else(rows, windows, shift):
    moved = [(*row[:2], row[2] + shift, *row[3:]) for row in rows]
    a, b = (every(music(r), *edges(windows)) for r in (rows, moved))
    silent = a["loudness"] <= energy.SILENCE_DB
    np.testing.assert_allclose((b["register"] - a["register"])[~silent], shift, atol=1e-3)
    for name in ("loudness", "density", "parts", "tempo"):
        np.testing.assert_allclose(a[name], b[name], atol=1e-4)


# --------------------------------------------------------------------------- pinned examples

ONE = np.array([0.0]), np.array([4.0])


def test_one_note_at_full_velocity_is_nought_decibels_and_ten_of_them_ten():
    tones = [(0, 4, 60 + n, 127, 0, False) for n in range(10)]
    assert energy.loudness(music(tones[:1]), *ONE) == pytest.approx(0)
    assert energy.loudness(music(tones), *ONE) == pytest.approx(10)


def test_silence_is_the_floor_and_middle_c():
    found = every(music([(0, 1, 40, 90, 0, False)]), np.array([8.0]), np.array([12.0]))
    assert {k: float(v[0]) for k, v in found.items()} == {
        "loudness": -60, "density": 0, "register": 60, "parts": 0, "tempo": pytest.approx(120)
    }  # fmt: skip


def test_a_chord_is_one_attack_however_it_is_spread():
    struck = [(beat, 1, 60 + n, 90, 0, False) for beat in range(4) for n in (0, 4, 7)]
    spread = [(on + pitch / 1e4, *rest) for on, *rest in struck for pitch in rest[1:2]]
    one_by_one = [row for row in struck if row[2] == 60]
    found = [energy.density(music(r), *ONE)[0] for r in (struck, spread, one_by_one)]
    assert found == pytest.approx([np.log2(3)] * 3)  # four attacks in two seconds


def test_drums_add_loudness_attacks_and_a_part_and_no_register():
    chord = [(0, 4, 60, 90, 0, False)]
    beat = [(n, 0.01, 38, 100, 1, True) for n in range(4)]
    plain, driven = (every(music(r), *ONE) for r in (chord, chord + beat))
    assert driven["register"] == plain["register"] == 60
    assert driven["parts"] - plain["parts"] == pytest.approx(0.5)  # 4 strokes of 0.25 s in 2 s
    assert driven["loudness"] > plain["loudness"]
    assert driven["density"] > plain["density"]


def test_a_note_counts_for_its_share_of_the_window():
    rows = [(1.3, 10, 50, 90, 0, False), (0, 2.3, 70, 90, 1, False)]
    start, end = np.array([1.0, 2.0]), np.array([2.6, 2.5])
    found = energy.register(music(rows), start, end)
    assert found == pytest.approx([(50 * 1.3 + 70 * 1.3) / 2.6, (50 * 0.5 + 70 * 0.3) / 0.8])


def test_tempo_is_the_mean_over_the_window_and_goes_on_beyond_the_map():
    notes = music([(0, 1, 60, 90, 0, False)], (0, 4, 8), (0, 2, 6))  # 120, then 60
    found = energy.tempo(notes, np.array([0.0, 2.0, 6.0]), np.array([4.0, 6.0, 12.0]))
    assert found == pytest.approx([120, 60 * 4 / 3, 60])


def test_music_without_notes_is_silent():
    found = every(music([]), *ONE)
    assert found["loudness"] == energy.SILENCE_DB
    assert found["parts"] == found["density"] == 0


def test_a_fast_run_is_as_many_attacks_as_it_has_notes_however_it_is_written():
    def run(step, quarter_s):
        rows = [(k * step, step, 60 + k, 80, 0, False) for k in range(64)]
        piece = music(rows, (0, 1e3), (0, 1e3 * quarter_s))
        return energy.density(piece, np.array([0.0]), np.array([64 * step]))

    quick, slow = run(1 / 16, 0.75), run(1 / 32, 1.5)  # a note every 47 ms
    np.testing.assert_allclose(quick, slow)
    np.testing.assert_allclose(quick, np.log2(1 + 1 / 0.046875))
