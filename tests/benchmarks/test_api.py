"""The measurement of the API on a real system, small: every figure comes about, and what must be 0 is 0."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.api.story import FEW, KEYS, MANY

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Of `bench api --quick`."""
    report = tmp_path_factory.mktemp("bench") / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    command = [sys.executable, str(ROOT / "manage.py"), "bench", "api", "--quick", "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


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
