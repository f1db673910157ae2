"""Mirrors tools/bench/control_plane."""
