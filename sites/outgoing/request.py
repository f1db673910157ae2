"""One request to a place elsewhere: to a checked address, within a time, without redirects, and little of its answer.

It is written with h11 and asyncio, because a time for the whole request then ends it wherever it is: also a server that
sends one byte a minute.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import h11

from sites.outgoing.addresses import (
    LOOK_UP_SECONDS,
    OutOfReach,
    authority_of,
    begin_look_up,
    checked,
    leads_nowhere,
    not_said,
)

SECONDS = 8.0
"""Of a whole request: look-up, connection, TLS, request and answer."""
KEPT_BYTES = 1024
"""Of the body of an answer to a POST."""
MAX_HEAD = 16 * 1024
PIECE = 4096


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes."""

    scheme: str
    host: str
    """Without the brackets of IPv6."""
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """Host, and port where it is not the usual one."""
        return authority_of(self.scheme, self.host, self.port)

    @property
    def url(self) -> str:
        """As people type it."""
        return f"{self.scheme}://{self.authority}{self.target}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the first bytes of the body, and when the other side wants to be asked again."""

    status: int
    body: bytes
    retry_after: str = ""


async def post(
    to: Destination, body: bytes, headers: Mapping[str, str], *, setting: str, owner: str, seconds: float = SECONDS
) -> Answer:
    """Send it once; the look-up is in the share of `owner`.

    Raises OutOfReach with a sentence for everything that keeps an answer away.
    """
    sent = {"Content-Length": str(len(body)), **headers}
    return await _ask(_Request("POST", to, sent, body, KEPT_BYTES, owner), setting, seconds)


async def get(
    to: Destination,
    headers: Mapping[str, str],
    *,
    setting: str,
    owner: str,
    most: int,
    seconds: float = SECONDS,
    at: tuple[str, int] | None = None,
) -> Answer:
    """Fetch it, `most` bytes of the body at most. Raises as `post`.

    `at` is an address of ours, with its port, that answers for the host of `to`; then no name is looked up.
    """
    return await _ask(_Request("GET", to, headers, b"", most, owner, at), setting, seconds)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    to: Destination
    headers: Mapping[str, str]
    body: bytes
    most: int
    """Bytes of the answer."""
    owner: str
    at: tuple[str, int] | None = None


async def _ask(request: _Request, setting: str, seconds: float) -> Answer:
    to = request.to
    try:
        async with asyncio.timeout(seconds):
            addresses, port = ([request.at[0]], request.at[1]) if request.at else (None, to.port)
            reader, writer = await _connected(to, addresses or await _addresses(request, setting), port)
            try:
                return await _exchange(reader, writer, request)
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise _passing(f"'{to.authority}' has not answered within {seconds:.0f} s") from None
    except ssl.SSLCertVerificationError as error:
        raise OutOfReach(
            f"the certificate of '{to.authority}' is not trusted: {error.verify_message}",
            "Give it a certificate that this server trusts.",
        ) from None
    except h11.RemoteProtocolError:
        raise _passing(f"'{to.authority}' answers something that is not HTTP") from None
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise _passing(f"'{to.authority}' does not take the connection: {said}") from None


async def _addresses(request: _Request, setting: str) -> list[str]:
    to = request.to
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            answers = await asyncio.wrap_future(begin_look_up(to.host, to.port, request.owner))
    except TimeoutError:
        raise not_said(to.host) from None
    except (OSError, UnicodeError) as error:
        raise leads_nowhere(to.host, error) from None
    return checked(to.host, to.port, answers, setting=setting)


async def _connected(
    to: Destination, addresses: list[str], port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first address that takes the connection."""
    tls, name = (_context(), to.host) if to.scheme == "https" else (None, None)
    failed: OSError | None = None
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port, limit=MAX_HEAD, ssl=tls, server_hostname=name)
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            failed = error
    raise failed or OSError("it has no address")


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: _Request) -> Answer:
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    sent = {"Host": asked.to.authority, "Connection": "close", **asked.headers}
    request = h11.Request(method=asked.method, target=asked.to.target, headers=list(sent.items()))
    for said in (request, h11.Data(data=asked.body), h11.EndOfMessage()):
        writer.write(http.send(said) or b"")
    await writer.drain()
    status, retry_after, kept = 0, "", b""
    while len(kept) < asked.most:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await reader.read(PIECE))
        elif isinstance(event, h11.Response):
            status = event.status_code
            retry_after = dict(event.headers).get(b"retry-after", b"").decode("ascii", "replace")
        elif isinstance(event, h11.Data):
            kept += bytes(event.data)
        elif not isinstance(event, h11.InformationalResponse):
            break
    return Answer(status, kept[: asked.most], retry_after)


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _passing(why: str) -> OutOfReach:
    return OutOfReach(why, "It is tried again.", is_passing=True)
