"""Logs on disk: two files that never grow beyond a limit, fed through pipes, and read from their end."""
