"""The measurement of open pages on a real system, small: every figure comes about, and no page missed a swap."""

import pytest

from tools.bench.portal.story import KEYS

pytestmark = pytest.mark.benchmark
MEASUREMENT = "portal"


def test_every_page_shows_every_swap(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)
    assert figures["never_shown"] == 0
