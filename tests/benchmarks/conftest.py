"""One run of the measurement that a module is about, small, for all its tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 900


@pytest.fixture(scope="module")
def figures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The report of `bench MEASUREMENT --quick`, as the module names it, of an installation of its own."""
    report = tmp_path_factory.mktemp("bench") / "report.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))}
    line = [sys.executable, str(ROOT / "manage.py"), "bench", request.module.MEASUREMENT, "--quick"]
    command = [*line, "--report", str(report)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())
