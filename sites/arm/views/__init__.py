"""Thin: each finds its object through sites.access and calls one service."""
