"""`up` as a service of systemd: tells how far it is and that it lives, knows whether its lines go to the journal."""

import asyncio
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


async def report_to_watchdog() -> None:
    """Tell systemd that the event loop turns, three times in each WatchdogSec; nothing happens without one."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit():
        return
    while True:
        tell_systemd("WATCHDOG=1")
        await asyncio.sleep(int(microseconds) / 3e6)


def writes_to_journal() -> bool:
    """Whether stdout leads to systemd's journal, which others on this machine may read: systemd.exec(5)."""
    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
