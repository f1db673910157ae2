"""The measurement of publications on a real system, small: every figure comes about, and no request is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.publish.story import KEYS

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Of `bench publish --quick`."""
    report = tmp_path_factory.mktemp("bench") / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    command = [sys.executable, str(ROOT / "manage.py"), "bench", "publish", "--quick", "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


def test_the_report_has_every_key(figures: dict[str, object]) -> None:
    assert set(KEYS) <= set(figures)
    measured = set(KEYS) - {"applications_right", "static_rps_ratio"}
    assert all(isinstance(figures[key], (int, float)) for key in measured), figures
    assert "--applications FILE" in str(figures["applications_reason"])


def test_publishing_to_production_lost_no_request(figures: dict[str, object]) -> None:
    assert figures["failed"] == 0
    assert figures["requests"] > 20
