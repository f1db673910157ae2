"""Mirrors tools/bench/api."""
