"""Answers of the kernel that a sandbox has asked for and does not read, which count as nobody's memory.

A netlink socket queues them up to its buffer, and no control group is charged for them (netlink(7); the kernel charges
buffers of TCP and of unix sockets). A thousand such sockets take gigabytes of the machine.
"""

from contextlib import suppress

MAX_BYTES = 32 * 1024 * 1024
"""Of one sandbox. Who reads what was asked for has a few kilobytes for a moment."""
_RMEM = 4
"""The column of /proc/net/netlink that says what is queued."""


def unread_bytes(pid: int) -> int:
    """What is queued in netlink sockets of the network of a process, as far as MAX_BYTES and a little further."""
    total = 0
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/net/netlink") as file:
        next(file, "")
        for line in file:
            total += int(line.split()[_RMEM])
            if total > MAX_BYTES:
                break
    return total
