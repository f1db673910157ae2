"""Call a WSGI application for a complete request, and collect its whole answer without waiting for the client."""

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from sites.content.uploads import Readable
from sites.door.answer import Answer, Held
from sites.door.head import Head

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Any]
MEMORY_BYTES = 256 * 1024
"""A streaming response that is larger goes to a file."""


def environ_of(head: Head, body: BinaryIO, size: int, extra: dict[str, Any]) -> dict[str, Any]:
    """The environment of PEP 3333, with `extra`. CONTENT_LENGTH is what came, also where no length was announced."""
    host, _, port = head.headers.get("host", "").rpartition(":")
    environ = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": head.path.encode().decode("latin-1"),
        "QUERY_STRING": head.scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{head.scope['http_version']}",
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port if port.isdecimal() else "80",
        "REMOTE_ADDR": head.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": head.scheme,
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in head.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(size)
    return environ | extra


def call(application: WsgiApplication, head: Head, body: bytes | Path, extra: dict[str, Any], folder: Path) -> Answer:
    """The whole answer, in memory, or in a file in `folder` if the response is a streaming one."""
    if isinstance(body, Path):
        with body.open("rb") as file:
            return _call(application, environ_of(head, file, body.stat().st_size, extra), folder)
    return _call(application, environ_of(head, io.BytesIO(body), len(body), extra), folder)


def _call(application: WsgiApplication, environ: dict[str, Any], folder: Path) -> Answer:
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        begun[:] = [(status, headers)]

    return _answer_of(application(environ, start_response), begun, folder)


def better_answer(held: Held, folder: Path) -> Answer:
    """The answer that was waited for."""
    response = held.answer()
    begun = (f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return _answer_of(response, [begun], folder)


def _answer_of(result: Any, begun: list[tuple[str, list[tuple[str, str]]]], folder: Path) -> Answer:
    """`result` is an iterable of bytes as WSGI has it; Django's own responses say more of themselves."""
    file = getattr(result, "file_to_stream", None)
    try:
        body: bytes | Readable
        if file is not None:
            body = file
        elif getattr(result, "streaming", False):
            body = _spool(result, folder)
        else:
            body = b"".join(result)
    except BaseException:
        result.close()
        raise
    if file is None:
        result.close()
    status, headers = begun[0]
    encoded = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
    close = result.close if file is not None else getattr(body, "close", None)
    return Answer(int(status.split(" ", 1)[0]), encoded, body, note=getattr(result, "door", None), on_close=close)


def _spool(result: Any, folder: Path) -> Readable:
    # The response uses this thread's database connection, and the thread must not wait for the client
    file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=str(folder))
    for piece in result:
        file.write(piece)
    file.seek(0)
    return file
