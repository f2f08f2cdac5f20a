"""Pixels and sound of the film -> `Analysis`."""
