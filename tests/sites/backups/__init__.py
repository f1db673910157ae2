"""Backups are whole, readable for their owner alone, and come back."""
