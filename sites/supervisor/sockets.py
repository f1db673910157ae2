"""The web server's socket, held open by `up` so that a restart of the server refuses no connection."""

import os
import socket
from pathlib import Path

from django.conf import settings

READY_FILE = settings.RUN_DIR / "web.ready"
"""Holds the pid of the web server that has loaded the portal."""
BACKLOG = 2048


def listen(path: Path) -> socket.socket:
    """Listen at `path`, for its owner alone, in place of whatever lies there."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(temporary))
    temporary.chmod(0o600)
    listener.listen(BACKLOG)
    temporary.replace(path)
    return listener


def inherit(descriptor: int) -> socket.socket:
    """The socket that came over an exec."""
    listener = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    return listener
