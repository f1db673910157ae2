"""The measurement of open pages on a real system, small: every figure comes about, and no page missed a swap."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.portal.story import KEYS

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


def test_every_page_shows_every_swap(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    command = [sys.executable, str(ROOT / "manage.py"), "bench", "portal", "--quick", "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert report.exists(), done.stdout + done.stderr
    figures = json.loads(report.read_text())
    assert set(KEYS) <= set(figures)
    assert figures["never_shown"] == 0
