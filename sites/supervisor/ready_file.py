"""How a part that answers nobody says that it is ready and that it lives: a file with its process id.

It needs no Redis, which `up` would need a library for, and to say that one lives needs no room on the disk.
"""

import os
import time
from pathlib import Path

from django.conf import settings

INTERVAL_SECONDS = 3.0
"""Between two signs of life, from the loop that does the work, so that a part that hangs gives none."""
EXPIRES_SECONDS = 15.0
BEAT = "beat"
WEB = "web"


def ready_file(name: str) -> Path:
    """The file of a part. Its time is that of the last sign of life."""
    return Path(settings.RUN_DIR / f"{name}.ready")


def say_ready(name: str) -> None:
    """This process is the part, and ready."""
    path = ready_file(name)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(str(os.getpid()))
    temporary.replace(path)


def say_alive(name: str) -> None:
    """This process, which has said that it is ready, still works. Raises OSError when somebody has removed the file."""
    os.utime(ready_file(name))


def ready_pid(name: str) -> int | None:
    """Process id of the part that was ready last; it need not live."""
    try:
        return int(ready_file(name).read_text())
    except (FileNotFoundError, ValueError):
        return None


def gives_signs(name: str, pid: int) -> bool:
    """Whether the process `pid` is the part and has lately said that it lives."""
    try:
        age = time.time() - ready_file(name).stat().st_mtime
    except FileNotFoundError:
        return False
    return age < EXPIRES_SECONDS and ready_pid(name) == pid
