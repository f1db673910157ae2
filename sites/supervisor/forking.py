"""How `up` has a part started by the fork server."""

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from sites.supervisor.process import Process

GO = b"go"
TIMEOUT_SECONDS = 5.0


class NotForked(Exception):
    """The fork server does not answer; nothing was started."""


def fork_part(
    server: Path,
    name: str,
    arguments: Sequence[str],
    *,
    log: int,
    environment: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
) -> Process:
    """Start `python ARGUMENTS` as a child of this process, which must collect orphans. Raises NotForked.

    `server` is the fork server's socket, `log` an open file for what the part writes, `descriptors` files that it finds
    open at the same numbers.
    """
    wanted = {
        "name": name,
        "arguments": list(arguments),
        "environment": dict(environment or {}),
        "descriptors": list(descriptors),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        try:
            connection.connect(str(server))
            socket.send_fds(connection, [json.dumps(wanted).encode()], [log, *descriptors])
            process = Process.of_child(json.loads(connection.recv(1024))["pid"])
            connection.send(GO)
        except (OSError, ValueError, KeyError) as error:
            raise NotForked(str(error) or type(error).__name__) from error
    return process
