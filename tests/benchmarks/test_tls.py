"""The measurement of TLS on a real system, small: every figure comes about, and what must be 0 is 0."""

import pytest

from tools.bench.tls.story import KEYS
from tools.prober.over_tls import WIRES

pytestmark = pytest.mark.benchmark
MEASUREMENT = "tls"


def test_the_report_has_every_key(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)


def test_what_depends_on_a_thousand_certificates_is_not_claimed_for_fewer(figures: dict[str, object]) -> None:
    assert figures["cert_ratio_1000"] is None
    assert figures["cert_ratio"] > 0
    assert set(figures["cert_ms_p50"]) == {"10", "30"}


def test_swaps_lost_no_request_of_any_version_of_http(figures: dict[str, object]) -> None:
    assert figures["swap_failed_tls"] == 0, figures["failures"]
    assert figures["swaps"] == 3
    kinds = {f"{version} {method}" for version in WIRES for method in ("GET", "POST")}
    assert set(figures["requests_by_kind"]) == kinds


def test_handshakes_are_compared_with_their_interval(figures: dict[str, object]) -> None:
    low, high = figures["handshake_ratio_interval"]
    assert 0 < low <= figures["handshake_ratio"] <= high
    assert figures["handshakes_per_second"] > 10
