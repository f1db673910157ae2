"""What a script of a static site is told and what it answers, as RFC 3875 (CGI/1.1) has it."""

import asyncio
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope

HEAD_BYTES = 64 * 1024
UNFORWARDED = frozenset({"authorization", "proxy", "content-length", "content-type", "connection"})
"""Request headers that no script sees as HTTP_*: secrets, a header that poses as a variable, and the message's own."""
UNANSWERED = frozenset({"status", "connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"})
"""Response headers that are the server's to write."""
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\r?\n")
_NAME = re.compile(r"[a-z0-9-]+")


class BadAnswer(Exception):
    """What a script wrote is no CGI response; the words are for the log."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a script wrote before its body. With `local_path` it asks for another path of the site instead."""

    status: int
    headers: list[tuple[bytes, bytes]]
    local_path: str = ""


def meta_variables(scope: Scope, *, folder: str, file: str, name: str, path_info: str) -> dict[str, str]:
    """RFC 3875, section 4.1, with the four variables beyond it that scripts rely on."""
    headers = _joined(scope["headers"])
    is_https = headers.get("x-forwarded-proto", scope.get("scheme", "http")) == "https"
    host, _, port = headers.get("host", "localhost").rpartition(":")
    if not port.isdecimal():
        host, port = headers.get("host", "localhost"), "443" if is_https else "80"
    query = scope["query_string"].decode("latin-1")
    raw_path = scope.get("raw_path") or scope["path"].encode()
    variables = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_SOFTWARE": "Greenroom",
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "REQUEST_METHOD": scope["method"],
        "QUERY_STRING": query,
        "SCRIPT_NAME": name,
        "REMOTE_ADDR": _client(scope, headers),
        "SCRIPT_FILENAME": file,
        "DOCUMENT_ROOT": folder,
        "REQUEST_URI": raw_path.decode("latin-1") + (f"?{query}" if query else ""),
        "REDIRECT_STATUS": "200",  # php-cgi answers nothing without it
    }
    if path_info:
        variables |= {"PATH_INFO": path_info, "PATH_TRANSLATED": f"{folder}{path_info}"}
    if "content-length" in headers:
        variables["CONTENT_LENGTH"] = headers["content-length"]
    if "content-type" in headers:
        variables["CONTENT_TYPE"] = headers["content-type"]
    if is_https:
        variables["HTTPS"] = "on"
    for header, value in headers.items():
        if header not in UNFORWARDED and _NAME.fullmatch(header):
            variables[f"HTTP_{header.upper().replace('-', '_')}"] = value
    return {key: value.replace("\0", "") for key, value in variables.items()}


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        joined[key] = f"{joined[key]}{'; ' if key == 'cookie' else ', '}{text}" if key in joined else text
    return joined


def _client(scope: Scope, headers: dict[str, str]) -> str:
    """The last address in X-Forwarded-For is the one that the router saw; those before it may be invented."""
    last = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return (scope.get("client") or ("127.0.0.1", 0))[0]


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
