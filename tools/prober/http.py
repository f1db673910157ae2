"""Requests that are never tried twice, and connections that carry them: here those of HTTP/1.1."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import h11

READ_SIZE = 65536


def user_agent(connection: str) -> str:
    """Names the connection, so that an application's log tells whose requests reached it."""
    return f"greenroom-prober ({connection})"


class ConnectionRefused(Exception):
    """Nobody accepted the connection."""


class AnswerBroken(Exception):
    """The connection ended, or stopped being HTTP, before the answer was complete."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to be sent."""

    host: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: int = 1
    """The body is sent in this many pieces …"""
    pause_seconds: float = 0.0
    """… with this wait between them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    """Names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")


class Wire(Protocol):
    """A connection of any version of HTTP, opened when it is needed."""

    @property
    def name(self) -> str:
        """Another one after each reopening."""

    async def prepare(self) -> bool:
        """Open the connection unless it is usable; True: it was open, and has ended unannounced.

        Raises ConnectionRefused.
        """

    async def exchange(self, call: Call) -> Answer:
        """Send one request on the prepared connection and read its whole answer. Raises AnswerBroken."""

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""


@dataclass(frozen=True, slots=True)
class Secure:
    """By which certificates a connection over TLS is checked, and for which host name it is opened."""

    host: str
    authority: str
    """A file (PEM)."""

    def context(self, *protocols: str) -> ssl.SSLContext:
        """That offers these protocols (ALPN)."""
        made = ssl.create_default_context(cafile=self.authority)
        made.set_alpn_protocols(list(protocols))
        return made


class Connection:
    """A keep-alive connection to an address; the Host header is the call's, since no resolver is asked."""

    def __init__(self, address: str, port: int, name: str, secure: Secure | None = None) -> None:
        """By plain HTTP unless it is `secure`."""
        self._address = address
        self._port = port
        self._host = secure.host if secure else None
        self._context = secure.context("http/1.1") if secure else None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._protocol = h11.Connection(h11.CLIENT)
        self._openings = 0
        self._name = name

    @property
    def name(self) -> str:
        """Another one after each reopening."""
        return f"{self._name}/{self._openings}"

    async def prepare(self) -> bool:
        """Open the connection unless it is usable.

        Returns True when the server had closed it while it was idle and unannounced: the only case in
        which a request goes on another connection than the one meant for it, before a byte was sent.
        Raises ConnectionRefused.
        """
        was_dropped = False
        if self._writer is not None and self._reader is not None:
            await asyncio.sleep(0)  # lets the loop see an end that has already arrived
            was_dropped = self._reader.at_eof() or self._reader.exception() is not None or self._writer.is_closing()
            if not was_dropped:
                return False
            self.close()
        try:
            self._reader, self._writer = await asyncio.open_connection(
                self._address, self._port, ssl=self._context, server_hostname=self._host
            )
        except OSError as error:
            raise ConnectionRefused(str(error)) from error
        self._protocol = h11.Connection(h11.CLIENT)
        self._openings += 1
        return was_dropped

    async def exchange(self, call: Call) -> Answer:
        """Send one request on the prepared connection and read its whole answer. Raises AnswerBroken."""
        try:
            await self._send(call)
            answer = await self._receive()
        except (OSError, h11.RemoteProtocolError, EOFError) as error:
            self.close()
            raise AnswerBroken(f"{type(error).__name__}: {error}") from error
        except BaseException:
            self.close()
            raise
        if self._protocol.our_state is h11.MUST_CLOSE or self._protocol.their_state in (h11.MUST_CLOSE, h11.CLOSED):
            self.close()
        else:
            self._protocol.start_next_cycle()
        return answer

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _send(self, call: Call) -> None:
        assert self._writer is not None  # noqa: S101 - prepare() came first
        headers = [("Host", call.host), ("User-Agent", user_agent(self.name)), *call.headers.items()]
        if call.body or call.method == "POST":
            headers.append(("Content-Length", str(len(call.body))))
        head = self._protocol.send(h11.Request(method=call.method, target=call.path, headers=headers))
        self._writer.write(head or b"")
        size = -(-len(call.body) // call.pieces) or 1
        for start in range(0, len(call.body), size):
            if start and call.pause_seconds:
                await self._writer.drain()
                await asyncio.sleep(call.pause_seconds)
            self._writer.write(self._protocol.send(h11.Data(data=call.body[start : start + size])) or b"")
        self._writer.write(self._protocol.send(h11.EndOfMessage()) or b"")
        await self._writer.drain()

    async def _receive(self) -> Answer:
        response: h11.Response | None = None
        body = bytearray()
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and response is not None:
                headers = [(name.decode().lower(), value.decode("latin-1")) for name, value in response.headers]
                return Answer(response.status_code, headers, bytes(body))
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError("closed before an answer began")

    async def _next_event(self) -> object:
        assert self._reader is not None  # noqa: S101 - prepare() came first
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            self._protocol.receive_data(await self._reader.read(READ_SIZE))
        return event
