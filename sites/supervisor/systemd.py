"""`up` as a service of systemd: tells how far it is, and knows whether its lines go to the journal."""

import os
import socket
import sys
from contextlib import suppress


def tell_systemd(message: str) -> None:
    """Send one notification; nothing happens outside systemd."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        notifier.sendto(message.encode(), "\0" + path[1:] if path.startswith("@") else path)


def writes_to_journal() -> bool:
    """Whether stdout leads to systemd's journal, which others on this machine may read: systemd.exec(5)."""
    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
