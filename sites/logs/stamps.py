"""The time at the beginning of each line of an application's log, written by who reads its output (RFC 3339, UTC).

Whatever an application writes comes behind the stamp, so it cannot give a line of its own another time.
"""

import re
from datetime import UTC, datetime

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ", re.ASCII)


def stamp(moment: datetime) -> bytes:
    """`2026-11-28T06:19:14.123Z ` with the blank that ends it."""
    return (_text(moment) + " ").encode()


def stamped(data: bytes, mark: bytes, *, is_inside_line: bool) -> bytes:
    """`data` with `mark` in front of each line that begins in it."""
    if not data:
        return data
    body, end = (data[:-1], b"\n") if data.endswith(b"\n") else (data, b"")
    return (b"" if is_inside_line else mark) + body.replace(b"\n", b"\n" + mark) + end


def parted(line: str) -> tuple[str, str]:
    """The stamp, without its blank, and the rest; an empty stamp for a line of an older Greenroom."""
    found = _STAMP.match(line)
    return (found[1], line[found.end() :]) if found else ("", line)


def in_order(moment: datetime) -> str:
    """A moment so that it compares with stamps as text."""
    return _text(moment)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
