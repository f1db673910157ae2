"""Backups of an installation: written while it runs, restored into an empty data folder."""
