"""The agent outlives upgrades of the rest, and must start where nothing else does."""

import subprocess
import sys

from django.conf import settings


def test_the_agent_does_not_load_django() -> None:
    program = "import sys, sites.runtime.agent.__main__; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=settings.BASE_DIR).returncode == 0
