"""The measurement of the API on a real system, small: every figure comes about, and what must be 0 is 0."""

import pytest

from tools.bench.api.story import FEW, KEYS, MANY

pytestmark = pytest.mark.benchmark
MEASUREMENT = "api"


def test_the_report_has_every_key(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)
    assert figures["sites"] == {str(FEW): FEW, str(MANY): MANY}


def test_swaps_by_the_api_lost_no_request(figures: dict[str, object]) -> None:
    assert figures["swaps"] == 5
    assert figures["failed"] == 0, figures["failures"]
    assert figures["requests"] > 100


def test_every_answer_was_as_described(figures: dict[str, object]) -> None:
    assert figures["schema_violations"] == 0, figures["schema_faults"]
    assert figures["answers"] > 100
    assert figures["addresses_read"] > 20


def test_reading_costs_as_many_queries_however_many_sites_there_are(figures: dict[str, object]) -> None:
    assert figures["queries"][str(FEW)] == figures["queries"][str(MANY)]
    assert figures["p95_ratio_1000"] > 0
