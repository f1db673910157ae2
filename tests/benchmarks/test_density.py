"""The measurement of density on a real system, small: every figure comes about."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.density.story import KEYS

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]


def test_every_figure_comes_about(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    command = [sys.executable, str(ROOT / "manage.py"), "bench", "density", "--quick", "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert report.exists(), done.stdout + done.stderr
    figures = json.loads(report.read_text())
    assert set(KEYS) <= set(figures)
    assert all(figures[key] is not None for key in KEYS if key not in ("readopt_seconds_500", "cpu_ratio_haproxy"))
    assert figures["rows_per_active_slot_day"] > 1000
