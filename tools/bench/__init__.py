"""Measurements of what Greenroom promises; each figure is a ratio or a count of one run."""
