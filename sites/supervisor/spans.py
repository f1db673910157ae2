"""Spans of time in words."""

from datetime import timedelta


def ago(span: timedelta) -> str:
    """'3 s ago', '5 min ago', '2 h ago', '4 days ago'."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
