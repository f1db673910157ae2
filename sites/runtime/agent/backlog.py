"""Connections that the kernel has completed for a server and the server has not accepted yet: sock_diag(7)."""

import ctypes
import math
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sites.runtime.agent import links

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST, DUMP = 0x1, 0x300
ERROR, DONE = 2, 3
ESTABLISHED, CLOSE_WAIT = 1, 8
ANY_COOKIE = b"\xff" * 8
CLONE_NEWNET = 0x40000000
MAX_SOCKETS = 20_000
WAIT_SECONDS = 1.0
HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, number, sender."""
REQUESTED = struct.Struct("=BBBxI2s2s16s16sI8s")
"""inet_diag_req_v2: family, protocol, extensions, states, ports, source, destination, interface, cookie."""
FOUND = struct.Struct("=BBBB2s2s16s16sI8sIIIII")
"""inet_diag_msg: family, state, timer, retransmissions, the socket as above, expiry, both queues, user, inode."""
ATTRIBUTE = struct.Struct("=HH")
"""nlattr: length, type."""
INFO = 2
"""The attribute with tcp_info."""
LAST_DATA_SENT = 44
"""Where tcp_info says how many milliseconds ago that was."""
REMOTE_PORT, REMOTE_ADDRESS, QUEUE, INODE = 5, 7, 11, 14

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the kernel says of the connections of one port."""

    ends: frozenset[bytes] = frozenset()
    """The far ends of those that nobody has accepted."""
    quiet_seconds: float = math.inf
    """Since something was sent over one that was accepted, or since it came."""


def waiting(address: str, port: int) -> Waiting:
    """Of a port in the network of this thread. Raises OSError when the kernel does not tell.

    The kernel finds the listening socket at once. To find its connections it walks through its table of all
    connections, so it is only asked for them when some wait. One that nobody has accepted has no inode.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(WAIT_SECONDS)
        if not _count(kernel, address, port):
            return Waiting()
        ends, quiet = set(), math.inf
        for family in (socket.AF_INET, socket.AF_INET6):
            for _, message in zip(range(MAX_SOCKETS), _connections(kernel, family, port), strict=False):
                found = FOUND.unpack_from(message)
                if not found[INODE]:
                    ends.add(found[REMOTE_PORT] + found[REMOTE_ADDRESS])
                else:
                    quiet = min(quiet, _quiet_seconds(message))
        return Waiting(frozenset(ends), quiet)


@contextmanager
def inside(namespace: str | None) -> Iterator[None]:
    """Have this thread in a network namespace of that name; None: where it is. Raises OSError.

    Only for a thread that does nothing else.
    """
    if namespace is None:
        yield
        return
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)  # of the process, whose first thread stays outside
    try:
        other = os.open(links.namespace_file(namespace), os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(other)
        finally:
            os.close(other)
        try:
            yield
        finally:
            _enter(own)
    finally:
        os.close(own)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _count(kernel: socket.socket, address: str, port: int) -> int:
    """How many wait at the socket that listens there. Raises OSError where none does."""
    message = next(_messages(kernel, REQUEST, socket.AF_INET, 0, port, socket.inet_aton(address)))
    return int(FOUND.unpack_from(message)[QUEUE])


def _connections(kernel: socket.socket, family: int, port: int) -> Iterator[bytes]:
    return _messages(kernel, REQUEST | DUMP, family, 1 << ESTABLISHED | 1 << CLOSE_WAIT, port)


def _messages(
    kernel: socket.socket, flags: int, family: int, states: int, port: int, address: bytes = b""
) -> Iterator[bytes]:
    """One for each socket: FOUND, then attributes. There are several only with DUMP."""
    order = REQUESTED.pack(
        family, socket.IPPROTO_TCP, 1 << INFO - 1, states, port.to_bytes(2), b"", address, b"", 0, ANY_COOKIE
    )
    kernel.send(HEADER.pack(HEADER.size + len(order), SOCK_DIAG_BY_FAMILY, flags, 0, 0) + order)
    while True:
        answer, at = kernel.recv(65536), 0
        while at < len(answer):
            length, kind, *_ = HEADER.unpack_from(answer, at)
            message = answer[at + HEADER.size : at + length]
            if kind == DONE:
                return
            if kind == ERROR:
                number = -struct.unpack_from("=i", message)[0]
                raise OSError(number, os.strerror(number))
            yield message
            at += _padded(length)


def _quiet_seconds(message: bytes) -> float:
    at = FOUND.size
    while at < len(message):
        length, kind = ATTRIBUTE.unpack_from(message, at)
        if kind == INFO:
            return float(struct.unpack_from("=I", message, at + ATTRIBUTE.size + LAST_DATA_SENT)[0]) / 1000
        at += _padded(length)
    return math.inf


def _padded(length: int) -> int:
    return (length + 3) & ~3
