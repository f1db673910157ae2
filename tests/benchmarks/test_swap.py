"""The measurement of swaps on a real system, small: every figure comes about, and what must be 0 is 0."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.report import KEYS

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Of `bench swap --quick`."""
    report = tmp_path_factory.mktemp("bench") / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    command = [sys.executable, str(ROOT / "manage.py"), "bench", "swap", "--quick", "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


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
