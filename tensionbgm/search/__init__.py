"""`Plan` -> `Piece`: pitches by annealing (`run.compose`), then dynamics (`dynamics.shape_dynamics`)."""
