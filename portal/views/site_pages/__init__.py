"""The pages of a slot, a tab per module."""
