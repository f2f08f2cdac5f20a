"""Tension in the dialects of other authors: against their own values, by hand, and what must not matter."""

import itertools
import json
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.music import midi_miner, midi_miner_key, spiral
from tensionbgm.music.dialects import DIALECTS, dialect_profile, key_name
from tensionbgm.music.notes import NOTE, KeyChange, Notes

ORACLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "oracle_tension"
IN_C = (KeyChange(0.0, 0, "major"),)
ON_PAPER = ("tensionbgm", "chew", "morpheus")  # the dialects that measure notes as they are written


def music(rows, pace_s=1.0):
    """Notes from (onset, duration, pitch[, track, drum]) in quarters: a quarter is a hundred frames long."""
    table = np.zeros(len(rows), NOTE)
    for note, row in zip(table, rows, strict=True):
        onset, duration, pitch, track, drum = (*row, *(0, False)[len(row) - 3 :])
        note["onset_quarter"], note["duration_quarter"], note["pitch"] = onset, duration, pitch
        note["velocity"], note["track"], note["drum"] = 80, track, drum
    table["onset_s"], table["duration_s"] = (
        table["onset_quarter"] * pace_s,
        table["duration_quarter"] * pace_s,
    )
    table = table[np.argsort(table["onset_quarter"], kind="stable")]
    end = float((table["onset_quarter"] + table["duration_quarter"]).max())
    knots = np.array([0.0, 1e5])
    return Notes(table, ("one", "two"), np.arange(0, end + 4, 4.0), knots, knots * pace_s, ())


def write(path, *tracks, ticks=480):
    midi = mido.MidiFile(ticks_per_beat=ticks)
    midi.tracks.extend(mido.MidiTrack(track) for track in tracks)
    midi.save(path)
    return path


def played(rows, channel=0, ticks=480):
    """Messages of (onset, duration, pitch) in quarters."""
    events = sorted(
        (round(at * ticks), on, pitch)
        for onset, duration, pitch in rows
        for at, on, pitch in ((onset, 1, pitch), (onset + duration, 0, pitch))
    )
    at = [0, *(tick for tick, _, _ in events)]
    return [
        mido.Message(("note_off", "note_on")[on], channel=channel, note=pitch, time=tick - before)
        for (tick, on, pitch), before in zip(events, at, strict=False)
    ]


SLOW = mido.MetaMessage("set_tempo", tempo=1_000_000)  # a quarter a second, as in `music`


def tonal(profile):
    return np.stack([profile.diameter, profile.momentum, profile.strain])


sixteenth = st.integers(0, 40).map(lambda n: n / 4)
length = st.integers(1, 12).map(lambda n: n / 4)
pitches = st.integers(40, 84)
rows = st.lists(st.tuples(sixteenth, length, pitches), min_size=1, max_size=25)
long_rows = rows.map(lambda r: [*r, (0.0, 9.0, 30)])  # two bars and a beat at least
keys = st.builds(
    lambda tonic, mode: (KeyChange(0.0, tonic, mode),),
    st.integers(0, 11),
    st.sampled_from(["major", "minor"]),
)

# --------------------------------------------------------------------------- against midi-miner


def tool_key(name):
    """(pitch class, mode) of a name as midi-miner writes it: "B- major"."""
    note, mode = name.split()
    return (
        dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))[note[0]] + note.count("#") - note.count("-")
    ) % 12, mode


oracle_files = sorted(ORACLE.glob("[jp]*_*.json"))


@pytest.mark.skipif(not oracle_files, reason=f"midi-miner's values are not at {ORACLE}")
@pytest.mark.parametrize("file", oracle_files, ids=lambda file: file.stem)
def test_every_value_of_midi_miner_is_met(file):
    truth = json.loads(file.read_text())
    path = ORACLE / truth["file"]
    heard = midi_miner.hear_midi(path)
    np.testing.assert_allclose(heard.roll.time_s, truth["sixteenth_time"], rtol=0, atol=1e-9)
    assert [np.flatnonzero(s).tolist() for s in heard.roll.sounds.T] == truth["active_pitches_per_16th"]
    for window, values in truth["windows"].items():
        found = midi_miner.measure(heard, window)
        assert found.key == tool_key(truth["key_used"])
        assert list(found.votes) == [tool_key(name) for name in truth["key_votes_CEG_KS_TKP_BB"]]
        profile = dialect_profile(path, "midi-miner", window)
        for mine, name in (
            ("start_s", "time"),
            ("diameter", "diameter"),
            ("momentum", "centroid_diff"),
            ("strain", "tensile"),
        ):
            np.testing.assert_allclose(getattr(profile, mine), values[name], rtol=0, atol=1e-9)


# --------------------------------------------------------------------------- against slow and plain forms


def place(k, h):
    return np.array([np.sin(k * np.pi / 2), np.cos(k * np.pi / 2), k * h])


def spread(ks, h):
    return max(
        (np.linalg.norm(place(a, h) - place(b, h)) for a, b in itertools.combinations(ks, 2)), default=0.0
    )


def moves(centres):
    return [0.0, *(np.linalg.norm(b - a) for a, b in itertools.pairwise(centres))]


@given(long_rows, st.integers(0, 11))
def test_midi_miner_agrees_with_its_plain_form(notes, tonic):
    flats = [0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5]
    parts = int(4 * np.ceil(max(onset + duration for onset, duration, _ in notes)) - 4)
    centres, wide = [], []
    for part in range(parts):
        on = {p for onset, duration, p in notes if onset <= part / 4 < onset + duration}
        ks = [flats[(p - tonic) % 12] for p in on]
        centres.append(np.mean([place(k, 0.4) for k in ks], axis=0) if ks else np.zeros(3))
        wide.append(spread(ks, 0.4))
    centres = [np.mean(centres[n : n + 4], axis=0) for n in range(0, parts, 4)]
    wide = [np.mean(wide[n : n + 4]) for n in range(0, parts, 4)]
    key = np.array([0.207848, 0.36612, 0.4472])  # T_M(0), worked out on paper
    silent = [np.linalg.norm(centre) < 0.1 for centre in centres]
    strain = [0.0 if s else np.linalg.norm(c - key) for c, s in zip(centres, silent, strict=True)]
    wide = [0.0 if s else w for w, s in zip(wide, silent, strict=True)]
    found = dialect_profile(music(notes), "midi-miner", "beat", (KeyChange(0.0, tonic, "major"),))
    np.testing.assert_allclose(tonal(found), [wide, moves(centres), strain], atol=1e-9)


@given(rows)
def test_morpheus_agrees_with_its_plain_form(notes):
    names, h = [0, 7, 2, -3, 4, -1, 6, 1, 8, 3, -2, 5], np.sqrt(2 / 15)
    halves = int(np.ceil(2 * max(onset + duration for onset, duration, _ in notes)))
    centres, wide = [], []
    for half in range(halves):
        held = [
            (names[p % 12], min(onset + duration, half / 2 + 0.5) - max(onset, half / 2))
            for onset, duration, p in notes
        ]
        held = [(k, share) for k, share in held if share > 0]
        wide.append(spread([k for k, _ in held], h))
        mean = [sum(s * place(k, h)[axis] for k, s in held) for axis in range(3)]
        centres.append(np.array(mean) / sum(s for _, s in held) if held else None)
    triads = [[(k, 0.536), (k + 1, 0.274), (k + 4, 0.190)] for k in (0, 1, -1)]
    key = sum(
        u * w * place(k, h) for u, triad in zip((0.536, 0.274, 0.190), triads, strict=True) for k, w in triad
    )
    strain = [0.0 if c is None else np.linalg.norm(c - key) for c in centres]
    pairs = itertools.pairwise(centres)
    momentum = [0.0, *(0.0 if a is None or b is None else np.linalg.norm(b - a) for a, b in pairs)]
    found = dialect_profile(music(notes), "morpheus")
    np.testing.assert_allclose(tonal(found), [wide, momentum, strain], atol=1e-9)


def triad(root, start=0.0):
    return [(start, 4.0, root + step) for step in (0, 4, 7)]


def test_the_tonic_triad_measures_as_worked_out_by_hand():
    notes = music([*triad(60), (4.0, 4.0, 60)])
    miner = dialect_profile(notes, "midi-miner", "bar", IN_C)
    assert miner.diameter[0] == pytest.approx(np.sqrt(2 + 9 * 0.4**2))  # E against G: three fifths
    off = np.array([1 / 3, 2 / 3, 2 / 3]) - [0.207848, 0.36612, 0.4472]
    assert miner.strain[0] == pytest.approx(np.linalg.norm(off))
    for name in ("morpheus", "chew", "tensionbgm"):
        found = dialect_profile(notes, name, "bar", IN_C)
        assert found.diameter[0] == pytest.approx(np.sqrt(2 + 9 * 2 / 15))
        low = np.array([0.207848, 0.36612, 1.118 * np.sqrt(2 / 15)])
        assert found.strain[0] == pytest.approx(np.linalg.norm([1 / 3, 2 / 3, 5 / 3 * np.sqrt(2 / 15)] - low))
        step = [1 / 3, 2 / 3 - 1, 5 / 3 * np.sqrt(2 / 15)]
        assert found.momentum.tolist() == pytest.approx([0.0, np.linalg.norm(step)])


def test_the_minor_keys_differ_as_alpha_and_beta_say():
    here, there = (spiral.key_point("minor", 0, shape) for shape in (spiral.SHAPE, midi_miner_key.SHAPE))
    assert not np.allclose(here[:2], there[:2])
    np.testing.assert_allclose(midi_miner_key.key_point((9, "minor"))[2] / 0.4, 3 + there[2] / 0.4)


# --------------------------------------------------------------------------- what must not matter


@given(long_rows, keys, st.integers(-12, 12), st.sampled_from(["tensionbgm", "chew", "midi-miner"]))
def test_music_moved_with_its_key_is_as_tense(notes, key, shift, dialect):
    moved = [(onset, duration, pitch + shift) for onset, duration, pitch in notes]
    there_key = (KeyChange(0.0, (key[0].tonic + shift) % 12, key[0].mode),)
    here = dialect_profile(music(notes), dialect, "beat", key)
    there = dialect_profile(music(moved), dialect, "beat", there_key)
    np.testing.assert_allclose(tonal(here), tonal(there), atol=1e-9)


@given(long_rows, st.integers(-12, 12))
def test_chew_needs_no_key_to_measure_moved_music_alike(notes, shift):
    moved = [(onset, duration, pitch + shift) for onset, duration, pitch in notes]
    here, there = (dialect_profile(music(r), "chew") for r in (notes, moved))
    np.testing.assert_allclose(tonal(here)[:2], tonal(there)[:2], atol=1e-9)


def test_morpheus_names_notes_alike_in_all_keys_and_so_measures_a_moved_triad_apart():
    home, away = (dialect_profile(music(triad(root)), "morpheus", "bar") for root in (60, 68))
    assert home.diameter[0] == pytest.approx(spread([0, 1, 4], np.sqrt(2 / 15)))
    assert away.diameter[0] == pytest.approx(spread([8, 0, -3], np.sqrt(2 / 15)))  # G sharp, C, E flat


@given(long_rows, st.randoms(), st.sampled_from(list(DIALECTS)))
def test_the_order_of_voices_does_not_matter(notes, random, dialect):
    other = [(*row, random.randint(0, 1)) for row in notes]
    random.shuffle(other)
    here, there = (dialect_profile(music(r), dialect, "beat", IN_C) for r in (notes, other))
    np.testing.assert_allclose(tonal(here), tonal(there), atol=1e-9)


@given(long_rows, st.sampled_from(list(DIALECTS)))
def test_splitting_a_held_note_does_not_matter(notes, dialect):
    halves = [(onset + half * d / 2, d / 2, p) for onset, d, p in notes for half in (0, 1)]
    if dialect == "chew":  # more notes are more context to spell by: split a piece that has one name only
        notes, halves = ([(a, b, p // 12 * 12) for a, b, p in r] for r in (notes, halves))
    here, there = (dialect_profile(music(r), dialect, "beat", IN_C) for r in (notes, halves))
    np.testing.assert_allclose(tonal(here), tonal(there), atol=1e-9)


@given(long_rows, st.sampled_from(list(DIALECTS)), st.sampled_from(["16th", "beat", "bar"]))
def test_playing_half_as_fast_does_not_matter(notes, dialect, window):
    fast, slow = (dialect_profile(music(notes, pace), dialect, window, IN_C) for pace in (1.0, 2.0))
    np.testing.assert_allclose(tonal(fast), tonal(slow), atol=1e-9)
    np.testing.assert_allclose(2 * fast.start_s, slow.start_s)


@given(long_rows)
def test_midi_miner_hears_a_unison_once_and_an_octave_twice(notes):
    alone = dialect_profile(music(notes), "midi-miner", "beat", IN_C)
    unison = dialect_profile(music([*notes, *((*row, 1) for row in notes)]), "midi-miner", "beat", IN_C)
    np.testing.assert_array_equal(tonal(alone), tonal(unison))
    above = [(onset, duration, pitch + 12) for onset, duration, pitch in notes]
    octaves = dialect_profile(music(notes + above), "midi-miner", "16th", IN_C)
    sixteenths = dialect_profile(music(notes), "midi-miner", "16th", IN_C)
    silent = (octaves.strain == 0) | (sixteenths.strain == 0)
    np.testing.assert_allclose(octaves.diameter[~silent], sixteenths.diameter[~silent])
    doubled = dialect_profile(music([*triad(60), (0.0, 4.0, 72)]), "midi-miner", "beat", IN_C)
    assert doubled.strain[0] != pytest.approx(
        dialect_profile(music(triad(60)), "midi-miner", "beat", IN_C).strain[0]
    )


@given(rows)
def test_voices_in_unison_count_twice_on_paper(notes):
    for dialect in ON_PAPER:
        alone, twice = (dialect_profile(music(r), dialect, "beat", IN_C) for r in (notes, notes + notes))
        if dialect != "chew":
            np.testing.assert_allclose(tonal(alone), tonal(twice), atol=1e-9)
    leaning = dialect_profile(music([*triad(60), (0.0, 4.0, 67, 1)]), "morpheus", "bar")
    assert leaning.strain[0] != pytest.approx(dialect_profile(music(triad(60)), "morpheus", "bar").strain[0])


@given(long_rows, st.sampled_from(list(DIALECTS)), st.sampled_from(["16th", "beat", "bar", 0.7, 3.0]))
def test_windows_follow_one_another_and_every_value_is_a_distance(notes, dialect, window):
    found = dialect_profile(music(notes), dialect, window)
    assert len(found.start_s) == len(found.strain) >= 1
    np.testing.assert_allclose(found.end_s[:-1], found.start_s[1:])
    assert np.isfinite(tonal(found)).all()
    assert (tonal(found) >= 0).all()
    assert found.momentum[0] == 0


@given(st.lists(st.tuples(sixteenth, length, pitches), min_size=3, max_size=20, unique_by=lambda row: row[2]))
def test_a_midi_file_and_its_notes_are_measured_alike(tmp_path_factory, notes):
    notes = [*notes, (0.0, 9.0, 30)]
    path = write(tmp_path_factory.getbasetemp() / "alike.mid", [SLOW, *played(notes)])
    for window in ("16th", "beat", "bar", 1.5):
        file, paper = (dialect_profile(m, "midi-miner", window, IN_C) for m in (path, music(notes)))
        np.testing.assert_allclose(tonal(file), tonal(paper), atol=1e-9)
        np.testing.assert_allclose(file.start_s, paper.start_s)


def test_seconds_average_the_sixteenths_that_begin_in_them():
    notes = music([*triad(60), *triad(67, start=4.0), (8.0, 1.0, 60)])
    even, beats = (dialect_profile(notes, "midi-miner", window, IN_C) for window in (1.0, "beat"))
    np.testing.assert_allclose(tonal(even), tonal(beats), atol=1e-9)
    tiny = dialect_profile(notes, "midi-miner", 0.1, IN_C)
    assert tiny.strain[:40].tolist() == pytest.approx([beats.strain[0]] * 40)


# --------------------------------------------------------------------------- how midi-miner reads


def heard(tmp_path, *tracks):
    return midi_miner.hear_midi(write(tmp_path / "a.mid", *tracks)).roll


def sounding(roll, pitch):
    """Sixteenths in which a pitch sounds."""
    return np.flatnonzero(roll.sounds[pitch]).tolist()


KEEP = played([(0, 4, 40)])  # something that lasts


def pedal(value, time=0):
    return mido.Message("control_change", control=64, value=value, time=time)


def test_the_pedal_holds_what_sounds_until_it_is_released(tmp_path):
    note = played([(0, 0.25, 60)])
    held = heard(tmp_path, [SLOW, pedal(64), *note, pedal(63, 360)], KEEP)
    assert sounding(held, 60) == [0, 1, 2, 3]
    assert sounding(heard(tmp_path, [SLOW, pedal(64), *note], KEEP), 60) == [0]  # never released


def test_a_bent_note_sounds_at_the_semitones_around_it(tmp_path):
    wheel = [mido.Message("pitchwheel", pitch=2048), mido.Message("pitchwheel", pitch=-8192, time=480)]
    note = mido.Message("note_on", note=60)
    roll = heard(
        tmp_path, [SLOW, wheel[0], note, wheel[1], mido.Message("note_off", note=60, time=480)], KEEP
    )
    assert [sounding(roll, pitch) for pitch in (58, 60, 61)] == [[4, 5, 6, 7], [0, 1, 2, 3], [0, 1, 2, 3]]


def test_one_end_closes_all_open_notes_of_its_pitch(tmp_path):
    on, off = (mido.Message(kind, note=60, time=480) for kind in ("note_on", "note_off"))
    roll = heard(tmp_path, [SLOW, on, on, off, off], KEEP + played([(4, 2, 40)]))
    assert sounding(roll, 60) == list(range(4, 12))


def test_drums_have_no_pitch_yet_two_kits_in_a_row_lengthen_the_piece(tmp_path):
    kits = [played([(0, length, 38)], channel=9) for length in (8, 8)]
    one, two = (heard(tmp_path, [SLOW, *KEEP], *kits[:n]) for n in (1, 2))
    assert not one.sounds[38].any()
    assert (one.time_s[-1], two.time_s[-1]) == (3.0, 7.0)


@pytest.mark.parametrize(
    ("meter", "beat_s", "bar_s"),
    [((4, 4), 1.0, 4.0), ((3, 4), 1.0, 3.0), ((6, 8), 1.5, 3.0), ((5, 8), 0.5, 2.5), ((12, 8), 1.5, 6.0)],
)
def test_beats_and_bars_follow_the_meter(tmp_path, meter, beat_s, bar_s):
    signature = mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])
    roll = heard(tmp_path, [SLOW, signature, *played([(0, 24.1, 60)])])
    np.testing.assert_allclose(roll.beat_s, np.arange(0, 24.1, beat_s))
    np.testing.assert_allclose(roll.bar_s[:-1], np.arange(0, 24.1, bar_s)[: len(roll.bar_s) - 1])


def test_a_beat_stretches_where_the_tempo_changes_inside_it(tmp_path):
    faster = mido.MetaMessage("set_tempo", tempo=500_000, time=720)
    roll = heard(tmp_path, [SLOW, faster], played([(0, 6, 60)]))
    np.testing.assert_allclose(roll.beat_s, [0, 1, 1.75, 2.25, 2.75, 3.25])


def test_a_meter_that_begins_inside_a_bar_begins_a_bar(tmp_path):
    meter = mido.MetaMessage("time_signature", numerator=3, denominator=4, time=5 * 480)
    roll = heard(tmp_path, [SLOW, meter], played([(0, 12, 60)]))
    np.testing.assert_allclose(roll.bar_s[:4], [0, 4, 5, 8])


@pytest.mark.parametrize(("quarters", "written"), [(0.24, 3), (0.33, 4), (0.01, 3), (1.1, 12), (0.9, 12)])
def test_written_lengths_are_sixteenths_or_triplets(tmp_path, quarters, written):
    midi = mido.MidiFile(write(tmp_path / "a.mid", played([(0, quarters, 60)], ticks=9600), ticks=9600))
    assert midi_miner_key.written_lengths(midi)[0] == written


def test_a_written_length_reaches_the_next_onset_if_it_can():
    """0.385 of a quarter is nearer to a triplet eighth, but a sixteenth grid meets the next note."""
    midi = mido.MidiFile(ticks_per_beat=1000)
    midi.tracks.append(mido.MidiTrack(played([(k / 2, 0.385, 60 + k) for k in range(4)], ticks=1000)))
    assert midi_miner_key.written_lengths(midi)[:4].tolist() == [6, 6, 6, 4]


def test_the_key_is_what_most_of_the_four_methods_name():
    roll = np.zeros((128, 8), bool)
    roll[[60, 64, 67], :4] = True  # C major for the spiral array, which hears the first half
    written = np.zeros(12)
    written[[2, 6, 9]] = 1.0  # D major for the three that read
    key, votes = midi_miner_key.vote(roll, written)
    assert key == (2, "major")
    assert votes[0] == (0, "major")


# --------------------------------------------------------------------------- the door


def test_keys_have_names():
    named = [key_name(k, "major") for k in (-8, -3, -1, 0, 5, 6, 13)]
    assert named == [f"{tonic} major" for tonic in ("Fb", "Eb", "F", "C", "B", "F#", "F##")]


def test_chew_names_its_key_as_the_notes_are_spelled():
    flat = triad(63) + triad(68, start=4.0) + triad(70, start=8.0) + triad(63, start=12.0)
    assert dialect_profile(music(flat), "chew").key == "Eb major"


def test_a_key_change_is_heard_where_a_window_begins():
    notes = music(triad(60) + triad(62, start=4.0))
    keys = (*IN_C, KeyChange(4.0, 2, "major"))
    for dialect in ("tensionbgm", "chew"):
        found = dialect_profile(notes, dialect, "bar", keys)
        assert found.strain[0] == pytest.approx(found.strain[1])
        assert found.key == "C major; D major from quarter 4"


def test_the_usual_window_is_the_dialects_own():
    notes = music([(0.0, 9.0, 60)])
    count = {name: len(dialect_profile(notes, name).start_s) for name in DIALECTS}
    assert count == {"tensionbgm": 6, "chew": 9, "morpheus": 18, "midi-miner": 2}


def test_what_nobody_speaks_is_refused():
    notes = music(triad(60) + triad(60, start=4.0))
    with pytest.raises(ValueError, match="no dialect"):
        dialect_profile(notes, "lydian")
    with pytest.raises(ValueError, match="no 'sliding' windows"):
        dialect_profile(notes, "midi-miner", "sliding")
    with pytest.raises(ValueError, match="one key"):
        dialect_profile(notes, "midi-miner", keys=(*IN_C, KeyChange(4.0, 7, "major")))
    with pytest.raises(ValueError, match="no window"):
        dialect_profile(notes, "chew", "fortnight")


@pytest.mark.parametrize("content", [b"", b"not midi", b"MThd\0\0\0\6\0\1", b"MThd" + b"\xff" * 200])
def test_junk_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "junk.mid"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"junk\.mid: "):
        dialect_profile(path, "midi-miner")


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ([SLOW], "no notes"),
        (played([(0, 0.1, 60)]), "second beat"),
        ([mido.MetaMessage("set_tempo", tempo=0), *KEEP], "tempo"),
        ([mido.MetaMessage("time_signature", numerator=0, denominator=4), *KEEP], "meter"),
        ([*KEEP, mido.MetaMessage("text", text="", time=2**27)], "ticks"),
        ([*KEEP, mido.MetaMessage("text", text="", time=9_000_000)], "beats"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(tmp_path, messages, fault):
    with pytest.raises(InputError, match=rf"harm\.mid: .*{fault}"):
        dialect_profile(write(tmp_path / "harm.mid", messages, ticks=120), "midi-miner")


def test_a_piece_shorter_than_a_window_is_refused(tmp_path):
    with pytest.raises(InputError, match="whole window"):
        dialect_profile(write(tmp_path / "a.mid", played([(0, 3, 60)])), "midi-miner", "8beats")


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_no_bytes_crash_midi_miner(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.mid"
    path.write_bytes(b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk\x00\x00\x00\xff" + content)
    try:
        found = dialect_profile(path, "midi-miner")
    except InputError:
        return
    assert np.isfinite(tonal(found)).all()
