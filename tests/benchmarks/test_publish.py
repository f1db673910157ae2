"""The measurement of publications on a real system, small: every figure comes about, and no request is lost."""

import pytest

from tools.bench.publish.story import KEYS

pytestmark = pytest.mark.benchmark
MEASUREMENT = "publish"


def test_the_report_has_every_key(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)
    measured = set(KEYS) - {"applications_right", "static_rps_ratio"}
    assert all(isinstance(figures[key], (int, float)) for key in measured), figures
    assert "--applications FILE" in str(figures["applications_reason"])


def test_publishing_to_production_lost_no_request(figures: dict[str, object]) -> None:
    assert figures["failed"] == 0
    assert figures["requests"] > 20
