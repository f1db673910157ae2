"""What a script of a static site is told and what it answers, as RFC 3875 (CGI/1.1) has it; SCGI brings the former."""

import asyncio
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
REQUEST_BYTES = 256 * 1024
"""Of the variables of one request."""
SCRIPT_MARK = "/.script"
"""By which lighttpd knows a script; it stands before its path."""
UNFORWARDED = frozenset(
    {"HTTP_AUTHORIZATION", "HTTP_PROXY", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_CONNECTION", "SCGI"}
)
"""What no script sees: a secret, a header that poses as a variable, and the message's own."""
UNANSWERED = frozenset({"status", "connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"})
"""Response headers that are the server's to write."""
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\r?\n")


class BadRequest(Exception):
    """What came is no request of lighttpd."""


class BadAnswer(Exception):
    """What a script wrote is no CGI response; the words are for the log."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a script wrote before its body. With `local_path` it asks for another path of the site instead."""

    status: int
    headers: list[tuple[bytes, bytes]]
    local_path: str = ""


async def read_request(connection: asyncio.StreamReader) -> dict[str, str]:
    """The variables of a request, which come as a netstring; the body follows. Raises BadRequest."""
    try:
        size = int((await connection.readuntil(b":"))[:-1])
        if not 0 < size <= REQUEST_BYTES:
            raise BadRequest
        parts = (await connection.readexactly(size + 1)).rstrip(b",").split(b"\0")
    except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise BadRequest from None
    texts = [part.decode("utf-8", "surrogateescape") for part in parts]
    return dict(zip(texts[::2], texts[1::2], strict=False))


def variables_of(given: Mapping[str, str]) -> dict[str, str]:
    """RFC 3875, section 4.1, from what lighttpd says: it sees the router, and the script is told of the visitor."""
    variables = {name: value for name, value in given.items() if name not in UNFORWARDED}
    is_https = given.get("HTTP_X_FORWARDED_PROTO") == "https"
    host, _, port = given.get("HTTP_HOST", "localhost").rpartition(":")
    if not port.isdecimal():
        host, port = given.get("HTTP_HOST", "localhost"), "443" if is_https else "80"
    variables |= {
        "SCRIPT_NAME": given["SCRIPT_NAME"].removeprefix(SCRIPT_MARK),
        "SERVER_SOFTWARE": "Greenroom",
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "REMOTE_ADDR": _visitor(given),
        "REDIRECT_STATUS": "200",  # php-cgi answers nothing without it
    }
    variables.pop("HTTPS", None)
    if is_https:
        variables["HTTPS"] = "on"
    if not given.get("PATH_INFO"):
        for name in ("PATH_INFO", "PATH_TRANSLATED"):
            variables.pop(name, None)
    if given.get("CONTENT_LENGTH") == "0" and given.get("REQUEST_METHOD") in ("GET", "HEAD"):
        del variables["CONTENT_LENGTH"]  # SCGI wants it of every request
    return variables


def _visitor(given: Mapping[str, str]) -> str:
    """The last address in X-Forwarded-For is the one that the router saw; those before it may be invented."""
    last = given.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return given.get("REMOTE_ADDR", "127.0.0.1")


async def read_head(output: asyncio.StreamReader) -> Head:
    """Read up to the empty line. Raises BadAnswer."""
    fields: list[tuple[str, bytes]] = []
    size = 0
    while True:
        try:
            line = await output.readline()
        except ValueError:
            raise BadAnswer(f"its headers are longer than {HEAD_BYTES} bytes") from None
        size += len(line)
        if line in (b"\n", b"\r\n"):
            return _head(fields)
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadAnswer("it ended before its headers did" if not line.endswith(b"\n") else "a line is no header")
        if size > HEAD_BYTES:
            raise BadAnswer(f"its headers are longer than {HEAD_BYTES} bytes")
        fields.append((field[1].decode().lower(), field[2]))


def _head(fields: list[tuple[str, bytes]]) -> Head:
    found = dict(fields)
    if not found.keys() & {"content-type", "location", "status"}:
        raise BadAnswer("it wrote neither Content-Type nor Location nor Status")
    location = found.get("location", b"").decode("latin-1")
    if "status" not in found and location.startswith("/") and not location.startswith("//"):
        return Head(200, [], local_path=location)
    code = found.get("status", b"302" if location else b"200")[:3]
    if not code.isdigit() or not 200 <= int(code) <= 599:
        raise BadAnswer("its Status is no number from 200 to 599")
    return Head(int(code), [(name.encode(), value) for name, value in fields if name not in UNANSWERED])
