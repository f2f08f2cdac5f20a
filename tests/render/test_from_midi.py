"""A MIDI file as a piece: each part gets the instrument of the track it was read from."""

import mido

from tensionbgm.render.from_midi import read_piece


def test_a_channel_without_a_finished_note_lends_its_instrument_to_nobody(tmp_path):
    track = mido.MidiTrack(
        [
            mido.Message("program_change", channel=0, program=10),
            mido.Message("note_on", channel=0, note=60),
            mido.Message("program_change", channel=1, program=40),
            mido.Message("note_on", channel=1, note=64),
            mido.Message("note_off", channel=1, note=64, time=480),
        ]
    )
    midi = mido.MidiFile()
    midi.tracks.append(track)
    midi.save(tmp_path / "two.mid")
    piece = read_piece(tmp_path / "two.mid")
    assert [(part.channel, part.program) for part in piece.plan.parts] == [(1, 40)]
