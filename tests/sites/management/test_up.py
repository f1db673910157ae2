"""`up` is light: it starts parts and needs neither tables nor queue itself."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

CODE = """
import sys
import sites.management.up
print(*{"django.db.models", "django.core.mail", "celery", "redis", "grpc", "aiohttp"}.intersection(sys.modules))
"""


def test_up_loads_no_models_no_queue_and_no_server(tmp_path: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "GREENROOM_DATA": str(tmp_path)}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_an_option_that_is_unknown_is_refused_by_the_command_line(tmp_path: Path) -> None:
    environment = {**os.environ, "GREENROOM_DATA": str(tmp_path)}
    command = [sys.executable, "manage.py", "up", "--ports", "1"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "unrecognized arguments: --ports" in done.stderr
