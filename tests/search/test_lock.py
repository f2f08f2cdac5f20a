"""Locked bars stay to the byte, whatever is composed around them; what cannot be locked is told in a line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_plans import BAR, ensemble_plan

from tensionbgm import commands, pipeline, saved
from tensionbgm.config import Effort
from tensionbgm.errors import InputError, InternalError, UsageError
from tensionbgm.forms import PPQ, Piece, Plan, Section
from tensionbgm.music.notes import read_midi
from tensionbgm.render.midi import write_midi
from tensionbgm.render.musicxml import write_musicxml
from tensionbgm.search.lock import Lock, check_kept, find_score, lock_bars, parse_lock, read_lock
from tensionbgm.search.run import compose

DRAFT = Effort(effort="draft")


def sections(plan: Plan, lengths: list[int], labels: str) -> Plan:
    """The plan with sections of so many bars."""
    edge = np.concatenate([[0], np.cumsum(lengths)])
    edge_s = plan.grid.bar_us[edge] / 1e6
    made = tuple(
        Section(label, float(a), float(b), labels.index(label) if labels.index(label) < i else None)
        for i, (label, a, b) in enumerate(zip(labels, edge_s[:-1], edge_s[1:], strict=True))
    )
    grid = dataclasses.replace(
        plan.grid, sections=made, bar_section=np.repeat(np.arange(len(lengths)), lengths)
    )
    return dataclasses.replace(plan, grid=grid)


def lengthened(plan: Plan, ticks: int, every: int = 3) -> Plan:
    """The plan with every third slot that much longer: notes reach over bar lines and into one another."""
    slots = plan.slots.copy()
    slots["duration_tick"][::every] += ticks
    left = plan.grid.bar_tick[-1] - slots["onset_tick"]
    slots["duration_tick"] = np.minimum(slots["duration_tick"], left)
    return dataclasses.replace(plan, slots=slots)


def written(piece: Piece, folder: Path, name: str = "music.mid") -> Path:
    write_midi(piece, folder / name)
    return folder / name


def events(path: Path, bars: set[int], plan: Plan) -> list[list[tuple]]:
    """Note events of some bars, in the file's order, track by track; knows nothing of the lock."""
    line, found = plan.grid.bar_tick, []
    for track in mido.MidiFile(path).tracks:
        now, here = 0, []
        for message in track:
            now += message.time
            if message.type == "note_on" and int(np.searchsorted(line, now, "right")) - 1 in bars:
                here.append((now, "on", message.channel, message.note, message.velocity))
            if message.type == "note_off" and int(np.searchsorted(line, now, "left")) - 1 in bars:
                here.append((now, "off", message.channel, message.note))
        found.append(here)
    return found


def recomposed(plan: Plan, lock: Lock, seed: int) -> Piece:
    return pipeline.make_piece(dataclasses.replace(plan, seed=seed), DRAFT, lock=lock)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return sections(ensemble_plan(16), [4, 4, 4, 4], "ABAC")


@pytest.fixture(scope="module")
def piece(plan) -> Piece:
    return pipeline.make_piece(plan, DRAFT)


@pytest.fixture(scope="module")
def score(piece, tmp_path_factory) -> Path:
    return written(piece, tmp_path_factory.mktemp("earlier"))


def shifted(plan: Plan, shift: int) -> Plan:
    """The plan with the melody free, its returns so many semitones higher."""
    slots = plan.slots.copy()
    melody = slots["part"] == 0
    slots["allowed"][melody] = 0xFFF
    slots["shift"][melody & (slots["onset_tick"] >= 8 * BAR)] = shift
    return dataclasses.replace(plan, slots=slots)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    bars=st.sets(st.integers(0, 9), min_size=1, max_size=6),
    longer=st.sampled_from([0, PPQ // 2, PPQ, 3 * PPQ, 2 * BAR]),
    tied=st.booleans(),
    shift=st.integers(-3, 3),
)
def test_locked_bars_stay_to_the_byte_and_ties_stay_exact(tmp_path_factory, seed, bars, longer, tied, shift):
    folder = tmp_path_factory.mktemp("lock")
    plan = lengthened(shifted(ensemble_plan(10, tied=tied), shift), longer)
    before = written(compose(plan, DRAFT), folder)
    lock = lock_bars(plan, np.array(sorted(bars)), read_midi(before), "", str(before))
    again = recomposed(plan, lock, seed)
    after = written(again, folder, "again.mid")
    assert events(after, bars, plan) == events(before, bars, plan)
    check_kept(plan, lock, read_midi(after))
    pitched = plan.slots["part"] != 5
    own = (again.pitch - plan.slots["shift"])[pitched]
    _, first, tie = np.unique(plan.slots["tie"][pitched], return_index=True, return_inverse=True)
    np.testing.assert_array_equal(own, own[first][tie])


def test_another_seed_changes_the_rest_and_the_same_seed_nothing(plan, score):
    lock = read_lock(plan, "B,1-2", score)
    one, again, other = (recomposed(plan, lock, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.pitch, again.pitch)
    np.testing.assert_array_equal(one.velocity, again.velocity)
    free = ~lock.held & ~lock.tied
    assert (one.pitch != other.pitch)[free & (plan.slots["part"] != 5)].mean() > 0.1
    assert (one.velocity != other.velocity)[free].any()
    kept = ~free
    np.testing.assert_array_equal(one.pitch[kept], other.pitch[kept])
    np.testing.assert_array_equal(one.velocity[lock.held], other.velocity[lock.held])


def test_other_music_is_nearly_as_good(plan, piece, score):
    """What the seed likes moves the best solution; it does not spoil it."""
    again = recomposed(plan, read_lock(plan, "1", score), 8).search
    assert 0.95 * piece.search.cost_end <= again.cost_end < 0.2 * again.cost_start


def test_what_is_kept_is_what_was_composed(plan, piece, score):
    """Voices that a MIDI file does not tell apart are found again by ties and aims."""
    lock = read_lock(plan, "A,5-6", score)
    bar = plan.slots["onset_tick"] // BAR
    assert lock.held[np.isin(bar, lock.bars)].all()
    assert (lock.pitch == piece.pitch)[lock.held].mean() > 0.95
    lines = lock.held & np.isin(plan.slots["part"], (0, 1, 2, 4, 5))  # parts of one voice
    np.testing.assert_array_equal(lock.pitch[lines], piece.pitch[lines])
    np.testing.assert_array_equal(lock.velocity[lines], piece.velocity[lines])


def test_the_rest_is_composed_around_what_is_locked(plan, score):
    """Costs across the border count: the melody leaves a lock by no wider steps than it makes elsewhere."""
    lock = read_lock(plan, "7-8", score)
    again = recomposed(plan, lock, 9)
    line = np.flatnonzero(plan.slots["part"] == 0)
    step = np.abs(np.diff(again.pitch[line].astype(int)))
    border = lock.held[line][1:] != lock.held[line][:-1]
    assert border.sum() == 2
    assert step[border].max() <= max(step[~border].max(), 7)


def test_returns_of_what_is_locked_are_kept_and_named(plan, piece, score):
    lock = read_lock(plan, "1-2", score)
    bar = plan.slots["onset_tick"] // BAR
    assert set(bar[lock.tied]) == {8, 9}
    assert len(lock.warnings) == 1
    assert "9-10" in lock.warnings[0]
    again = recomposed(plan, lock, 3)
    np.testing.assert_array_equal(again.pitch[lock.tied], piece.pitch[lock.tied])
    assert lock.facts(plan)["tied_bars"] == [[9, 10]]


def test_what_the_user_edited_stays_edited(plan, score, tmp_path):
    """A note no plan would allow, and its loudness, are kept; what is tied to it follows."""
    midi = mido.MidiFile(score)
    struck = [message for message in midi.tracks[1] if message.type.startswith("note")][:2]
    old = struck[0].note
    for message in struck:
        message.note = old + 1
    struck[0].velocity = 7
    midi.save(tmp_path / "edited.mid")
    lock = read_lock(plan, "1", tmp_path / "edited.mid")
    again = recomposed(plan, lock, 2)
    melody = np.flatnonzero(plan.slots["part"] == 0)
    assert (again.pitch[melody[0]], again.velocity[melody[0]]) == (old + 1, 7)
    returns = np.flatnonzero(plan.slots["tie"] == plan.slots["tie"][melody[0]])
    assert len(returns) == 2
    assert (again.pitch[returns] == old + 1).all()


def test_measures_well_inside_a_lock_are_written_alike(plan, piece, score, tmp_path):
    """The notes of a MusicXML measure; signs of loudness look at the whole section, so they may change."""
    lock = read_lock(plan, "5-8", score)
    write_musicxml(piece, tmp_path / "one.musicxml")
    write_musicxml(recomposed(plan, lock, 4), tmp_path / "two.musicxml")
    one, two = (measures(tmp_path / f"{name}.musicxml") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert any(one[place] != two[place] for place in one if place[1] not in range(5, 9))
    for place in one:
        if place[1] in (5, 6, 7):  # the last note of bar 8 is spelled by where it leads
            assert one[place] == two[place], place


def measures(path: Path) -> dict[tuple[str, int], list[str]]:
    """The <note> elements of every measure, by part and number."""
    found = {}
    for part, body in re.findall(r'<part id="(\w+)">(.*?)</part>', path.read_text("utf-8"), re.DOTALL):
        for number, inside in re.findall(r'<measure number="(\d+)".*?>(.*?)</measure>', body, re.DOTALL):
            found[part, int(number)] = re.findall(r"<note.*?</note>", inside, re.DOTALL)
    return found


# ----------------------------------------------------------------------------- what is meant


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("A", [0, 1, 2, 3, 8, 9, 10, 11]),
        ("B,1", [0, 4, 5, 6, 7]),
        (" 3 , 5-6,", [2, 4, 5]),
        ("16,C,13-14", [12, 13, 14, 15]),
    ],
)
def test_sections_and_bars_are_understood(plan, text, bars):
    np.testing.assert_array_equal(parse_lock(text, plan.grid), bars)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("D", "no such section; take some of A, B, C"),
        ("a", "no such section"),
        ("0", "no such bar; take some of 1 to 16"),
        ("17", "no such bar"),
        ("8-5", "no such bar"),
        ("-3", "no such section"),
        ("1-99999999999", "no such section"),
        ("", "names nothing"),
        (" , ", "names nothing"),
    ],
)
def test_what_is_not_there_cannot_be_locked(plan, text, fault):
    with pytest.raises(InputError, match=fault) as told:
        parse_lock(text, plan.grid)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("asked", ["1-16", "A,B,C", "1-8,13-16"])
def test_something_must_be_left_to_compose(asked, score):
    plan = sections(ensemble_plan(16), [4, 4, 4, 4], "ABAC")  # bars 9 to 16 repeat bars 1 to 8
    with pytest.raises(InputError, match="leaves nothing to compose"):
        read_lock(plan, asked, score)


def test_a_silent_bar_is_nothing_to_lock(plan, score):
    silent = dataclasses.replace(plan, slots=plan.slots[plan.slots["onset_tick"] >= BAR])
    with pytest.raises(InputError, match="nothing to keep"):
        read_lock(silent, "1", score)


# --------------------------------------------------------------- a score that is not the plan's


def changed(piece: Piece, where: np.ndarray, **fields: int) -> Piece:
    """The piece with some fields of some slots changed."""
    slots = piece.plan.slots.copy()
    for name, value in fields.items():
        slots[name][where] = value
    return dataclasses.replace(piece, plan=dataclasses.replace(piece.plan, slots=slots))


def without(piece: Piece, where: np.ndarray) -> Piece:
    plan = dataclasses.replace(piece.plan, slots=piece.plan.slots[~where])
    return Piece(plan, piece.pitch[~where], piece.velocity[~where])


MISSING = "bar 3, Oboe, beat 2: a note is missing"
FAULTS = {
    "a note missing": (lambda p, at: without(p, at), MISSING),
    "a note moved": (lambda p, at: changed(p, at, onset_tick=2 * BAR), MISSING),
    "a note shorter": (lambda p, at: changed(p, at, duration_tick=100), "bar 3, Oboe, beat 2: the plan has"),
    "a part missing": (lambda p, at: without(p, p.plan.slots["part"] == 1), MISSING),
}


@pytest.mark.parametrize(("change", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_another_score_is_refused_by_bar_and_part(plan, piece, tmp_path, change, fault):
    at = (plan.slots["part"] == 1) & (plan.slots["onset_tick"] == 2 * BAR + PPQ)
    other = written(change(piece, at), tmp_path)
    with pytest.raises(InputError, match=fault) as told:
        read_lock(plan, "3", other)
    assert "--from" in str(told.value)
    assert "\n" not in str(told.value)


def test_what_else_the_file_holds_is_its_own_affair(plan, piece, tmp_path):
    later = plan.slots["onset_tick"] >= 4 * BAR
    assert read_lock(plan, "3", written(without(piece, later), tmp_path)).held.any()


def test_a_note_too_many_is_refused(plan, piece, score, tmp_path):
    at = (plan.slots["part"] == 1) & (plan.slots["onset_tick"] == 2 * BAR + PPQ)
    shorter = dataclasses.replace(plan, slots=plan.slots[~at])
    with pytest.raises(InputError, match="bar 3, Oboe: has a note the plan has not"):
        read_lock(shorter, "3", score)


def test_returns_edited_apart_cannot_both_be_locked(plan, piece, tmp_path):
    first = np.flatnonzero((plan.slots["part"] == 0) & (plan.slots["onset_tick"] == 0))
    pitch = piece.pitch.copy()
    pitch[first] += 1
    edited = written(dataclasses.replace(piece, pitch=pitch), tmp_path)
    read_lock(plan, "1", edited)
    with pytest.raises(InputError, match="bar 9, Violins, beat 1: it repeats another locked bar"):
        read_lock(plan, "1,9", edited)


def test_a_return_that_no_instrument_can_follow_is_refused(plan, tmp_path):
    plan = shifted(plan, 2)
    piece = compose(plan, DRAFT)
    at = np.flatnonzero((plan.slots["part"] == 0) & (plan.slots["onset_tick"] == BAR))
    pitch = piece.pitch.copy()
    pitch[at] = 91  # the highest of the part; bar 10 repeats it two semitones higher
    edited = written(dataclasses.replace(piece, pitch=pitch), tmp_path)
    with pytest.raises(InputError, match="bar 10, Violins: repeats a locked note as 93"):
        read_lock(plan, "2", edited)


def test_a_key_struck_again_ends_the_note_before_it_as_it_did(tmp_path):
    """A held pad note cut by its neighbour at the bar line: both are kept, although one is outside."""
    plan = lengthened(ensemble_plan(4, parts=("pad",), tied=False), 2 * PPQ, 1)
    piece = compose(plan, DRAFT)
    piece = dataclasses.replace(piece, pitch=np.tile(np.array([67, 62, 57], np.int16), 4))
    score = written(piece, tmp_path)
    lock = read_lock(plan, "2", score)
    onset = plan.slots["onset_tick"]
    np.testing.assert_array_equal(lock.held, onset <= 2 * BAR)  # bar 1 sounds into it, bar 3 cuts it
    np.testing.assert_array_equal(lock.pitch[lock.held], piece.pitch[lock.held])
    after = written(recomposed(plan, lock, 1), tmp_path, "again.mid")
    assert events(after, {1}, plan) == events(score, {1}, plan)


def test_two_voices_on_one_key_are_found_in_their_one_note(tmp_path):
    plan = ensemble_plan(4, parts=("pad",), tied=False)
    piece = compose(plan, DRAFT)
    piece = dataclasses.replace(piece, pitch=np.tile(np.array([64, 64, 57], np.int16), 4))
    lock = read_lock(plan, "2", written(piece, tmp_path))
    np.testing.assert_array_equal(np.sort(lock.pitch[lock.held]), [57, 64, 64])


def test_what_came_out_otherwise_is_not_passed_over(plan, piece, score, tmp_path):
    lock = read_lock(plan, "3", score)
    check_kept(plan, lock, read_midi(score))
    loud = piece.velocity.copy()
    loud[np.flatnonzero(lock.held)[0]] ^= 1
    with pytest.raises(InternalError, match="bar 3"):
        check_kept(plan, lock, read_midi(written(dataclasses.replace(piece, velocity=loud), tmp_path)))


# -------------------------------------------------------------------------------- the command


def test_the_earlier_score_lies_beside_the_plan_or_is_given(plan, score, tmp_path):
    saved.save(plan, tmp_path / "plan.json")
    with pytest.raises(InputError, match=r"music\.mid: there is no earlier score.*--from"):
        find_score(tmp_path / "plan.json")
    assert find_score(tmp_path / "plan.json", score) == score
    assert find_score(tmp_path / "plan.json", score.parent) == score
    assert find_score(score.parent / "plan.json") == score


def test_from_without_lock_is_a_wrong_call(plan, score, tmp_path):
    saved.save(plan, tmp_path / "plan.json")
    with pytest.raises(UsageError, match="--lock"):
        commands.compose(tmp_path / "plan.json", tmp_path / "out", DRAFT, earlier=score)
    assert not (tmp_path / "out").exists()
