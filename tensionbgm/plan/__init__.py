"""`Curve` and `Form` -> `Plan`: tempo and bars (CP-SAT), harmony, parts and note slots."""
