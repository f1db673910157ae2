"""Each line of a log begins with its time, whatever its writer writes."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sites.logs.stamps import in_order, parted, stamp, stamped

MARK = stamp(datetime(2026, 11, 28, 6, 0, 0, 123456, tzinfo=UTC))


def test_a_stamp_is_utc_with_milliseconds_and_compares_as_text() -> None:
    assert MARK == b"2026-11-28T06:00:00.123Z "
    elsewhere = datetime(2026, 11, 28, 8, 0, 0, tzinfo=timezone(timedelta(hours=2)))
    assert in_order(elsewhere) == "2026-11-28T06:00:00.000Z" < MARK.decode()


@pytest.mark.parametrize(
    ("data", "is_inside_line", "result"),
    [
        (b"one\ntwo\n", False, MARK + b"one\n" + MARK + b"two\n"),
        (b"ne\ntwo", True, b"ne\n" + MARK + b"two"),
        (b"\n", True, b"\n"),
        (b"\n\n", False, MARK + b"\n" + MARK + b"\n"),
        (b"", False, b""),
    ],
)
def test_each_line_that_begins_is_stamped_once(data: bytes, is_inside_line: bool, result: bytes) -> None:
    assert stamped(data, MARK, is_inside_line=is_inside_line) == result


def test_a_writer_cannot_give_its_line_another_time() -> None:
    forged = b"2001-01-01T00:00:00.000Z forged\n"
    line = stamped(forged, MARK, is_inside_line=False).decode().rstrip("\n")
    assert parted(line) == ("2026-11-28T06:00:00.123Z", "2001-01-01T00:00:00.000Z forged")


def test_a_line_of_an_older_greenroom_has_no_time(tmp_path: Path) -> None:
    assert parted("Listening at http://0.0.0.0") == ("", "Listening at http://0.0.0.0")
