"""The measurement of TLS on a real system, small: every figure comes about, and what must be 0 is 0."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.tls.story import KEYS
from tools.prober.over_tls import WIRES

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Of `bench tls --quick`."""
    report = tmp_path_factory.mktemp("bench") / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    command = [sys.executable, str(ROOT / "manage.py"), "bench", "tls", "--quick", "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


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
