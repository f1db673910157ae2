"""The measurement of open pages."""
