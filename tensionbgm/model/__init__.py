"""`Analysis` -> `Curve` and `Form`: estimated, or drawn by hand."""
