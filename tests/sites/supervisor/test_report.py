"""Words of the status page."""

from datetime import timedelta

import pytest

from sites.supervisor.report import ago


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s ago"), (119, "119 s ago"), (120, "2 min ago"), (7200, "2 h ago"), (200_000, "2 days ago")],
)
def test_a_span_is_said_in_its_largest_useful_unit(seconds: int, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words
