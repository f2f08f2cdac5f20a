"""`Piece` -> files: MIDI, MusicXML, audio, film."""
