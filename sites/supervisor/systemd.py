"""Tells systemd how far `up` is, when it runs as a service of Type=notify."""

import os
import socket
from contextlib import suppress


def tell_systemd(message: str) -> None:
    """Send one notification; nothing happens outside systemd."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.sendto(message.encode(), "\0" + path[1:] if path.startswith("@") else path)
