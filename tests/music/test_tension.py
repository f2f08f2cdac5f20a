"""Tension of notes: what must not change it, what must, and the reading of MIDI files."""

import os

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from music_notes import music

from tensionbgm.errors import InputError
from tensionbgm.music import notes as notes_room
from tensionbgm.music import scale, spiral, tension
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import KeyChange, read_midi
from tensionbgm.music.windows import windows

IN_C = (KeyChange(0.0, 0, "major"),)
quarter = st.integers(0, 63).map(lambda n: n / 4)
rows = st.lists(
    st.tuples(quarter, st.integers(1, 16).map(lambda n: n / 4), st.integers(40, 84), st.integers(1, 127)),
    min_size=1,
    max_size=40,
)


def tonal(profile):
    return np.stack([profile.level[name] for name in tension.RIBBONS])


@given(rows, st.integers(-12, 12))
def test_transposing_music_and_key_together_leaves_tonal_tension(rows, shift):
    here = tension.tension_profile(music(rows), IN_C)
    moved = [(onset, duration, pitch + shift, velocity) for onset, duration, pitch, velocity in rows]
    there = tension.tension_profile(music(moved), (KeyChange(0.0, shift % 12, "major"),))
    np.testing.assert_allclose(tonal(here), tonal(there), atol=1e-9)


@given(rows, st.randoms())
def test_the_order_of_notes_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    a, b = tension.tension_profile(music(rows), IN_C), tension.tension_profile(music(shuffled), IN_C)
    np.testing.assert_allclose(a.composite, b.composite, atol=1e-9)


@given(rows)
def test_doubling_the_tempo_leaves_tonal_tension_and_raises_density(rows):
    slow = tension.tension_profile(music(rows, pace_s=1.0), IN_C)
    fast = tension.tension_profile(music(rows, pace_s=0.5), IN_C)
    np.testing.assert_allclose(tonal(slow), tonal(fast), atol=1e-9)
    assert (fast.level["density"] >= slow.level["density"] - 1e-12).all()


@given(rows)
def test_splitting_a_held_note_leaves_tonal_tension(rows):
    halves = [
        (onset + half * duration / 2, duration / 2, pitch, velocity)
        for onset, duration, pitch, velocity in rows
        for half in (0, 1)
    ]
    whole, split = (tension.tension_profile(music(r), IN_C) for r in (rows, halves))
    np.testing.assert_allclose(tonal(whole), tonal(split), atol=1e-9)


@given(rows)
def test_every_level_lies_between_nought_and_one(rows):
    profile = tension.tension_profile(music(rows))
    for name in (*scale.COMPONENTS, *scale.BLENDS):
        level = profile.level[name]
        assert np.isfinite(level).all()
        assert (level >= 0).all()
        assert (level <= 1).all()


@given(rows, st.integers(1, 20))
def test_playing_louder_raises_loudness_and_nothing_tonal(rows, more):
    soft = [(onset, duration, pitch, min(velocity, 100)) for onset, duration, pitch, velocity in rows]
    loud = [(onset, duration, pitch, velocity + more) for onset, duration, pitch, velocity in soft]
    a, b = (tension.tension_profile(music(r), IN_C) for r in (soft, loud))
    assert (b.level["loudness"] >= a.level["loudness"]).all()
    np.testing.assert_array_equal(tonal(a), tonal(b))


def triad(*pitches, bar=0):
    return [(4.0 * bar, 4.0, pitch) for pitch in pitches]


def raw(rows, keys=IN_C):
    notes = music(rows)
    return tension.measure(notes, keys, windows(notes))


def test_a_tonic_triad_is_less_tense_than_a_diminished_seventh():
    tonic, diminished = ((1 << 0 | 1 << 4 | 1 << 7), (1 << 11 | 1 << 2 | 1 << 5 | 1 << 8))
    calm, tense = tension.chord_profile(tonic, 0, "major"), tension.chord_profile(diminished, 0, "major")
    assert calm[0] < tense[0]
    assert calm[1] < tense[1]


def test_momentum_is_nought_where_the_chord_stays_and_not_where_it_moves():
    stays = raw(triad(60, 64, 67) + triad(60, 64, 67, bar=1))
    moves = raw(triad(60, 64, 67) + triad(61, 65, 68, bar=1))
    assert stays["momentum"].max() == pytest.approx(0, abs=1e-12)
    assert moves["momentum"][-1] == pytest.approx(
        np.linalg.norm(tension.chord_centre(0b100100010, 0) - tension.chord_centre(0b10010001, 0))
    )


def test_drums_carry_energy_and_no_tonal_tension():
    chord = triad(60, 64, 67)
    beat = [(float(n), 0.25, 38, 100, 1, True) for n in range(4)]
    plain, driven = (tension.tension_profile(music(r), IN_C) for r in (chord, chord + beat))
    np.testing.assert_array_equal(tonal(plain), tonal(driven))
    assert (driven.level["energy"] > plain.level["energy"]).all()


@given(st.sampled_from(scale.COMPONENTS), st.floats(0, 1))
def test_levels_and_raw_values_are_inverse(component, level):
    assert scale.level(component, scale.raw(component, level)) == pytest.approx(level, abs=1e-6)


def test_the_key_of_a_cadence_is_found():
    cadence = (
        triad(60, 64, 67) + triad(65, 69, 72, bar=1) + triad(67, 71, 74, bar=2) + triad(60, 64, 67, bar=3)
    )
    for shift in range(12):
        moved = [(onset, duration, pitch + shift) for onset, duration, pitch in cadence]
        assert find_key(music(moved)) == (shift, "major")


def test_the_profile_stays_linear_in_key_changes():
    chords = triad(60, 64, 67) + triad(66, 70, 73, bar=1)
    keys = (KeyChange(0.0, 0, "major"), KeyChange(4.0, 6, "major"))
    strain = raw(chords, keys)["strain"]
    assert strain[0] == pytest.approx(strain[-1])


# ------------------------------------------------------------------------ reading MIDI


def write(path, *messages, ticks=480):
    midi = mido.MidiFile(ticks_per_beat=ticks)
    midi.tracks.append(mido.MidiTrack(messages))
    midi.save(path)
    return path


def test_tempo_changes_place_notes_in_time(tmp_path):
    path = write(
        tmp_path / "a.mid",
        mido.MetaMessage("set_tempo", tempo=500_000),
        mido.Message("note_on", note=60, velocity=80, time=960),
        mido.MetaMessage("set_tempo", tempo=1_000_000, time=480),
        mido.Message("note_off", note=60, time=480),
    )
    notes = read_midi(path)
    assert notes.notes["onset_s"].tolist() == [1.0]
    assert notes.notes["duration_s"].tolist() == pytest.approx([1.5])
    assert notes.end_s == pytest.approx(2.5)


def named(path, charset, *texts):
    """A file whose track and markers are called so, a marker on every quarter."""
    midi = mido.MidiFile(ticks_per_beat=480, charset=charset)
    named = [mido.MetaMessage("marker", text=text, time=480 * (k > 0)) for k, text in enumerate(texts)]
    sound = [mido.Message(f"note_{what}", note=60, velocity=80, time=480) for what in ("on", "off")]
    midi.tracks.append(mido.MidiTrack([mido.MetaMessage("track_name", name=texts[0]), *named, *sound]))
    midi.save(path)
    return read_midi(path)


printed = st.text(st.characters(min_codepoint=32, exclude_categories=("C", "Z")), min_size=1, max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(printed, min_size=1, max_size=4))
def test_names_in_utf8_read_back_as_they_were_written(tmp_path, texts):
    notes = named(tmp_path / "a.mid", "utf-8", *texts)
    assert [text for _, text in notes.markers] == texts
    assert notes.track_names == (texts[0],)


def test_names_in_latin_1_are_still_read(tmp_path):
    texts = ["Flöte", "Rückkehr", "é", "Tür fällt zu", "plain"]
    notes = named(tmp_path / "a.mid", "latin-1", *texts)
    assert [text for _, text in notes.markers] == texts
    assert notes.track_names == ("Flöte",)


def test_bars_follow_the_time_signatures(tmp_path):
    path = write(
        tmp_path / "a.mid",
        mido.MetaMessage("time_signature", numerator=3, denominator=4),
        mido.MetaMessage("time_signature", numerator=2, denominator=4, time=1440),
        mido.Message("note_on", note=60, velocity=80),
        mido.Message("note_off", note=60, time=1920),
    )
    assert read_midi(path).bar_quarter.tolist() == [0, 3, 5, 7]


def test_a_minor_key_signature_is_read(tmp_path):
    path = write(
        tmp_path / "a.mid",
        mido.MetaMessage("key_signature", key="F#m"),
        mido.Message("note_on", note=60, velocity=80),
        mido.Message("note_off", note=60, time=48),
    )
    assert read_midi(path).keys == (KeyChange(0.0, 6, "minor"),)


@pytest.mark.parametrize(
    "content", [b"", b"not midi at all", b"MThd\x00\x00\x00\x06\x00\x01", b"MThd" + b"\xff" * 200]
)
def test_junk_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "junk.mid"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"junk\.mid: "):
        read_midi(path)


def test_a_missing_file_and_a_silent_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(InputError, match="no notes"):
        read_midi(write(tmp_path / "empty.mid", mido.MetaMessage("track_name", name="x")))


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.mid"
    path.write_bytes(b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk\x00\x00\x00\xff" + content)
    try:
        notes = read_midi(path)
    except InputError:
        return
    assert len(notes.notes) > 0


def test_names_of_the_public_tables_match():
    assert set(scale.COMPONENTS) == set(tension.MEASURES)
    assert set(scale.COMPONENTS) | set(scale.BLENDS) == set(scale.tables())
    assert notes_room.NOTE.names[0] == "onset_quarter"
    assert spiral.diameter_table().shape == (4096,)


# --------------------------------------------------------------------------- files that mean harm


def beeps(channel=0, n=2):
    return [
        mido.Message(kind, channel=channel, note=60 + k, time=time)
        for k in range(n)
        for kind, time in (("note_on", 0), ("note_off", 480))
    ]


def with_header(path, at, two_bytes):
    content = bytearray(write(path, *beeps()).read_bytes())
    content[at : at + 2] = two_bytes
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [(12, b"\xe7\x28", "film frames"), (12, b"\0\0", "film frames"), (8, b"\0\2", "separate pieces")],
)
def test_a_file_whose_times_would_be_guessed_is_refused(tmp_path, at, value, fault):
    with pytest.raises(InputError, match=fault):
        read_midi(with_header(tmp_path / "odd.mid", at, value))


def test_a_tempo_of_no_time_is_refused(tmp_path):
    path = write(tmp_path / "stopped.mid", mido.MetaMessage("set_tempo", tempo=0), *beeps())
    with pytest.raises(InputError, match="tempo"):
        read_midi(path)


def test_a_meter_long_after_the_last_note_draws_no_bar_lines(tmp_path):
    late = mido.MetaMessage("time_signature", numerator=3, denominator=4, time=2**28 - 1)
    notes = read_midi(write(tmp_path / "late.mid", *beeps(), late, ticks=1))
    assert len(notes.bar_quarter) <= 1 + notes.notes["onset_quarter"].max() + 480


@pytest.mark.parametrize("name", ["pipe", "folder"])
def test_what_is_no_plain_file_is_refused_at_once(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(path) if name == "pipe" else path.mkdir()
    with pytest.raises(InputError, match="plain file"):
        read_midi(path)


def test_a_track_knows_its_place_in_the_file(tmp_path):
    unclosed = mido.Message("note_on", channel=0, note=60)
    notes = read_midi(write(tmp_path / "two.mid", unclosed, *beeps(channel=3)))
    assert notes.places == ((0, 3),)


def test_the_key_that_most_tracks_name_holds_and_none_is_named_twice(tmp_path):
    tracks = [mido.MidiTrack([mido.MetaMessage("key_signature", key=k), *beeps()]) for k in ("A", "C", "A")]
    tracks[0].append(mido.MetaMessage("key_signature", key="A"))
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        mido.MidiFile(tracks=[tracks[i] for i in order]).save(tmp_path / "keys.mid")
        assert read_midi(tmp_path / "keys.mid").keys == (KeyChange(0.0, 9, "major"),)


def test_a_key_signature_of_no_key_is_passed_over(tmp_path):
    named = mido.MetaMessage("key_signature", key="D")
    path = write(tmp_path / "odd.mid", named, *beeps())
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\xff\x59\x02\x02\x00", b"\xff\x59\x02\x09\x07"))
    notes = read_midi(path)
    assert (notes.keys, len(notes.notes)) == ((), 2)


def test_a_piece_of_days_is_refused(tmp_path):
    slow = mido.MetaMessage("set_tempo", tempo=16_000_000)
    late = mido.Message("note_on", note=60, time=100_000)
    end = mido.Message("note_off", note=60, time=10)
    with pytest.raises(InputError, match="hours"):
        read_midi(write(tmp_path / "days.mid", slow, late, end, ticks=1))


@given(rows)
def test_the_tension_of_the_moment_is_the_same_measured_alone(rows):
    whole, moment = tension.tension_profile(music(rows)), tension.moment_profile(music(rows))
    np.testing.assert_array_equal(moment.start_s, whole.start_s)
    for name, level in moment.level.items():
        np.testing.assert_array_equal(level, whole.level[name])
    assert "intensity" in moment.level
