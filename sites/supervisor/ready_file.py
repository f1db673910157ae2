"""How a part that answers nobody says that it is ready: a file with its process id."""

import os
from pathlib import Path

from django.conf import settings


def ready_file(name: str) -> Path:
    """The file of a part."""
    return Path(settings.RUN_DIR / f"{name}.ready")


def say_ready(name: str) -> None:
    """This process is the part, and ready."""
    path = ready_file(name)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(str(os.getpid()))
    temporary.replace(path)
