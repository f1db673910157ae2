"""How another command talks with the running `up`: one line of JSON each way on run/up.sock."""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sites.supervisor.scheduling import STOPPED, state_of

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


PARTS_GO_ON = "Sites and parts go on, but nothing replaces a part that dies or hangs."


async def serve(path: Path, answer: Answer) -> asyncio.Server:
    """Answer requests at `path`, for the owner alone."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await asyncio.wait_for(reader.readline(), 5))
            writer.write(json.dumps(await answer(request)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, TimeoutError):
            pass  # whoever asked has gone, or said nothing that can be answered
        finally:
            writer.close()

    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(handle, temporary)
    temporary.chmod(0o600)
    temporary.replace(path)
    return server


def request(path: Path, message: dict[str, Any], *, timeout: float = 5.0) -> dict[str, Any]:
    """Ask the running `up`. Raises OSError when it does not answer, ValueError when it broke off."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(json.dumps(message).encode() + b"\n")
        with connection.makefile("rb") as answer:
            return dict(json.loads(answer.readline()))


def why_silent(path: Path, pid: int, *, timeout: float = 5.0) -> str:
    """Why the running `up` with this pid cannot be asked, and what to do; empty when it answers or is starting."""
    if state_of(pid) == STOPPED:
        return f"`up` (process {pid}) was stopped by a signal. {PARTS_GO_ON} Let it go on: kill -CONT {pid}"
    try:
        request(path, {"command": "status"}, timeout=timeout)
    except TimeoutError:
        remedy = f"End it and start another: kill -9 {pid}; ./greenroom up"
        return f"`up` (process {pid}) does not answer. {PARTS_GO_ON} {remedy}"
    except (OSError, ValueError):
        return ""  # it does not listen yet, or replaces itself just now
    return ""
