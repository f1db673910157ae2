"""The measurement of swaps on a real system, small: every figure comes about, and what must be 0 is 0."""

import pytest

from tools.bench.report import KEYS

pytestmark = pytest.mark.benchmark
MEASUREMENT = "swap"


def test_the_report_has_every_key(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)


def test_what_depends_on_ten_thousand_sites_is_not_claimed_for_fewer(figures: dict[str, object]) -> None:
    assert figures["cost_ratio_10000"] is None
    assert figures["envoy_mb_10000"] is None
    assert figures["envoy_mb"] > 0
    assert figures["active_sites"] == 10


def test_no_request_fails_and_nothing_is_mixed_up(figures: dict[str, object]) -> None:
    assert figures["failed"] == 0, figures["failures"]
    assert figures["mixups"] == 0
    assert figures["went_back"] == 0
    assert figures["retried"] == 0
    assert figures["requests"] > 500


def test_times_and_ratios_are_those_of_a_working_system(figures: dict[str, object]) -> None:
    assert 0 < figures["swap_seconds_p50"] < 30
    assert 0 <= figures["switch_ms_p50"] < 5000
    assert 0.5 < figures["throughput_ratio"] < 1.5
    low, high = figures["p99_ratio_interval"]
    assert 0 < low <= figures["p99_ratio"] <= high
    assert figures["swap_cpu_ms_few"]["worker-control"] > 0
    assert figures["swap_cpu_ms_few"]["envoy"] < figures["swap_cpu_ms_few"]["worker-control"]
