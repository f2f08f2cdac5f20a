"""Ties of every kind are counted as kept on the file written, and one note changed in it is noticed."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tied_plans import BARS, KINDS, tied_plan

from tensionbgm.config import Effort
from tensionbgm.forms import PPQ
from tensionbgm.music.notes import read_midi
from tensionbgm.render.midi import write_midi
from tensionbgm.report.patterns import pattern_facts
from tensionbgm.search import run


@settings(max_examples=15, deadline=None)
@given(kind=KINDS, draw=st.data())
def test_every_tie_is_kept_and_a_changed_note_is_noticed(tmp_path_factory, kind, draw):
    piece = run.compose(tied_plan(*kind), Effort("draft"), threads=1)
    path = tmp_path_factory.mktemp("ties") / "music.mid"
    write_midi(piece, path)
    notes = read_midi(path)
    facts = pattern_facts(piece, notes)
    slots = piece.plan.slots
    drums = np.array([part.role == "percussion" for part in piece.plan.parts])[slots["part"]]
    assert facts["satisfied"] == facts["constrained_notes"] == int((~drums).sum()) // 2
    assert facts["written_share"] == 1.0

    second = np.flatnonzero(~drums & (slots["onset_tick"] >= BARS * 4 * PPQ))
    slot = slots[draw.draw(st.sampled_from(second.tolist()))]
    name = piece.plan.parts[slot["part"]].name
    table = notes.notes.copy()
    mine = (table["track"] == notes.track_names.index(name)) & np.isclose(
        table["onset_quarter"], slot["onset_tick"] / PPQ
    )
    assert mine.sum() == 1
    table["pitch"][mine] += draw.draw(st.sampled_from([-1, 1]))
    changed = pattern_facts(piece, replace(notes, notes=table))
    assert changed["satisfied"] == facts["satisfied"] - 1
    assert changed["constrained_notes"] == facts["constrained_notes"]
