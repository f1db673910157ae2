"""The measurement of the door on a real system, small: every figure comes about, and what must hold holds."""

import pytest

from tools.bench.door.story import KEYS

pytestmark = pytest.mark.benchmark
MEASUREMENT = "door"


def test_the_report_has_every_key(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)


def test_nobody_honest_was_turned_away(figures: dict[str, object]) -> None:
    assert figures["healthz_ok"] == 1.0
    assert (figures["site_failed"], figures["portal_failed"]) == (0, 0), figures["failures"]
    assert figures["requests"]["portal, crowd"] > 20


def test_the_crowd_was_there_and_left_nothing_behind(figures: dict[str, object]) -> None:
    there = figures["open_at_the_end"]
    assert there["pipelines"] >= 5
    assert there["bodies"] >= 5
    assert figures["web_threads_after"] <= 20
    assert figures["uploads_mb_after"] == 0
