"""`Plan` -> `Piece`: pitches under hard constraints, then dynamics."""
