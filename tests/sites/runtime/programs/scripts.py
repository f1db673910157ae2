"""Static sites with scripts, and what a visitor is answered by them."""

import asyncio
import time
from pathlib import Path

import httpx
from starlette.types import Message

from sites.runtime.programs.static import application

ECHO = """
import json, os, sys
print("Content-Type: application/json\\n")
print(json.dumps({"env": dict(os.environ), "body": sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0)),
                  "args": sys.argv[1:], "flags": sys.flags.isolated}))
"""


def write(folder: Path, name: str, source: str) -> None:
    """A file of the site."""
    (folder / name).write_text(source)


def answers(folder: Path, name: str, head: str, body: str = "") -> None:
    """A script with a fixed answer."""
    write(folder, name, f"import sys; sys.stdout.write({head!r} + '\\n\\n' + {body!r})")


async def _request(folder: Path, method: str, path: str, **options: object) -> httpx.Response:
    transport = httpx.ASGITransport(app=application(folder), client=("10.1.2.3", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://contoso.localhost:8080") as client:
        return await client.request(method, path, **options)


def ask(folder: Path, path: str, method: str = "GET", **options: object) -> httpx.Response:
    """What a visitor is answered."""
    return asyncio.run(_request(folder, method, path, **options))


async def messages(folder: Path, path: str, *, leaves: bool = False) -> list[tuple[float, Message]]:
    """What the application sends, with the time of each message; `leaves`: the visitor goes after the first part."""
    sent: list[tuple[float, Message]] = []
    gone = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        message = next(asked, None)
        if message is None:
            await gone.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message: Message) -> None:
        sent.append((time.monotonic(), message))
        if leaves and message.get("body"):
            gone.set()

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "http_version": "1.1"}
    await application(folder)(scope, receive, send)
    return sent
