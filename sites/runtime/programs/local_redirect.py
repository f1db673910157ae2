"""A script that names another path of the site: lighttpd is asked for that path, as RFC 3875, section 6.2.2, says."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING or __package__:
    from sites.runtime.programs.script_messages import BadAnswer
else:  # in the sandbox, which shows the folder of this program and nothing else of Greenroom
    from script_messages import BadAnswer

MOST = 5
"""Redirects of one request."""
VARIABLE = "HTTP_X_LOCAL_REDIRECTS"
CHUNK = 64 * 1024
ADDRESS = "%/?:@!$&'()*+,;=-._~[]"
"""Characters of an address that stay as they are."""
_LEFT_OUT = frozenset(
    f"HTTP_{name}" for name in "HOST CONNECTION CONTENT_LENGTH CONTENT_TYPE EXPECT TRANSFER_ENCODING UPGRADE".split()
)
"""Headers of the first message alone: the next one has no body."""
_MARK = secrets.token_hex(16)
"""Only this process knows it, so no visitor can say how many redirects there were."""


def count_of(given: Mapping[str, str]) -> int:
    """How many redirects have led to a request."""
    mark, _, count = given.get(VARIABLE, "").partition(":")
    return int(count) if secrets.compare_digest(mark.encode(), _MARK.encode()) else 0


async def follow(path: str, given: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
    """Write what the site answers at `path`. Raises BadAnswer after too many redirects, OSError."""
    count = count_of(given) + 1
    if count > MOST:
        raise BadAnswer("scripts lead to each other without end")
    reader, request = await asyncio.open_connection(os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"]))
    try:
        request.write(_head(path, given, count))
        await request.drain()
        status = (await reader.readline()).split(b" ", 1)[-1]
        writer.write(b"Status: " + status)
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        request.close()


def _head(path: str, given: Mapping[str, str], count: int) -> bytes:
    """A request of HTTP/1.0, whose answer comes in one piece and ends with the connection."""
    method = "HEAD" if given["REQUEST_METHOD"] == "HEAD" else "GET"
    fields = {"Host": given.get("HTTP_HOST", "localhost"), "X-Local-Redirects": f"{_MARK}:{count}"}
    for name, value in given.items():
        if name.startswith("HTTP_") and name not in {*_LEFT_OUT, VARIABLE}:
            fields[name[5:].replace("_", "-").title()] = value
    lines = [f"{method} {quote(path, safe=ADDRESS)} HTTP/1.0", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
