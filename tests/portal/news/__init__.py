"""News for open pages."""
