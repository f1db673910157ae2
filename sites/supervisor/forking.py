"""How `up` has a part started by the fork server."""

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from sites.supervisor.process import Process

GO = b"go"
TIMEOUT_SECONDS = 5.0


class NotForked(Exception):
    """The fork server does not answer; nothing was started."""


async def fork_part(
    server: Path,
    name: str,
    arguments: Sequence[str],
    *,
    output: int,
    environment: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
) -> Process:
    """Start `python ARGUMENTS` as a child of this process, which must collect orphans. Raises NotForked.

    `server` is the fork server's socket, `output` an open file for what the part writes, `descriptors` files that it
    finds open at the same numbers. When this is cancelled, the part does not begin.
    """
    wanted = {
        "name": name,
        "arguments": list(arguments),
        "environment": dict(environment or {}),
        "descriptors": list(descriptors),
    }
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK) as connection:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await loop.sock_connect(connection, str(server))
                socket.send_fds(connection, [json.dumps(wanted).encode()], [output, *descriptors])
                answer = await loop.sock_recv(connection, 1024)
            process = Process.of_child(json.loads(answer)["pid"])
            connection.send(GO)
        except (OSError, TimeoutError, ValueError, KeyError) as error:
            raise NotForked(str(error) or type(error).__name__) from error
    return process
