"""Listening sockets: the web server's, which `up` holds open through a restart of the server, and the fork server's."""

import os
import socket
from pathlib import Path

BACKLOG = 2048


def listen(path: Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """Listen at `path`, for its owner alone, in place of whatever lies there."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, kind)
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
