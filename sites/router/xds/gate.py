"""Where routers connect over TCP: TLS ends here, and what a known router sends is passed on to the xDS socket.

gRPC for Python can neither insist on TLS 1.3 nor bound the connections of one address. So the gRPC server has the unix
socket alone. It knows a router that came through here by the name of the socket that its bytes come from.
"""

import asyncio
import logging
import secrets
import socket
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from sites.router.authority import Certificate
from sites.router.place import Place
from sites.router.xds.admission import GONE, LOCAL, Admission, Peer
from sites.router.xds.handshakes import Handshakes, Link, TooMany
from sites.router.xds.tls import ServerTls

MAX_PER_ROUTER = 4
"""Connections with the same certificate; an Envoy needs one."""
SILENCE_SECONDS = 15.0
"""An Envoy asks for a sign of life every 3 s. One that is silent for so long is gone, or hangs."""
REFUSED_SECONDS = 3.0
"""So long one that is not admitted any more keeps its connection, for the last that it is told."""
AGAIN_SECONDS = 5.0
"""Between two tries to listen on a port that is taken, and between two looks at what is due."""
STRANGERS_SECONDS = 60.0
"""Between two lines of the log about clients that were refused, however many there are."""
ACCEPT_SECONDS = 0.001
BLOCK = 2**16
_NAME, _ABSTRACT = "greenroom-router-", "unix-abstract:"

logger = logging.getLogger(__name__)

Ask = Callable[[str, Peer], Awaitable[str]]
"""Why a peer is not let in under a name, as the database says now; empty when it is."""


class Gate:
    """The TCP port of the xDS server."""

    def __init__(self, place: Place, tls: ServerTls, xds_socket: Path, admission: Admission, ask: Ask) -> None:
        self._place = place
        self._tls = tls
        self._xds_socket = xds_socket
        self._admission = admission
        self._ask = ask
        self._handshakes = Handshakes()
        self._peers: dict[str, Peer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._strangers: Counter[str] = Counter()
        self.fault = ""
        """Why no router can connect here, as a sentence; empty while they can."""

    def peer(self, address: str) -> Peer:
        """Who is behind a peer of the gRPC server, by the address that gRPC gives it."""
        if not address.startswith(_ABSTRACT):
            return LOCAL
        return self._peers.get(address.removeprefix(_ABSTRACT), GONE)

    async def serve(self) -> None:
        """Listen until cancelled; a port that is taken is tried again, and disturbs nobody."""
        try:
            with await self._listen() as listener:
                logger.info("Ready for routers with certificates on %s", self._place)
                await asyncio.gather(self._accept(listener), self._look_after())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._place.host else socket.AF_INET
        while True:
            try:
                listener = socket.create_server((self._place.host, self._place.port), family=family, backlog=128)
            except OSError as error:
                if not self.fault:
                    self.fault = f"Routers cannot connect on {self._place}, which is tried again: {error.strerror}"
                    logger.error("%s", self.fault)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self.fault = ""
            listener.setblocking(False)
            return listener

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:  # gone already, or no file is free
                self._strangers[_reason(error)] += 1
            else:
                task = asyncio.create_task(self._take(connection))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(ACCEPT_SECONDS)  # also in a flood this process has time for the routers

    async def _take(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            address = connection.getpeername()[0]
            link = await self._handshakes.make(connection, self._tls.context)
        except (OSError, ValueError, TooMany, asyncio.CancelledError) as error:
            connection.close()
            self._strangers[_reason(error)] += 1
            return
        peer = Peer(_NAME + secrets.token_hex(16), link.certificate)
        try:
            if await self._is_admitted(peer, link.certificate, address):
                await self._pass_on(link, peer)
        finally:
            self._peers.pop(peer.connection, None)
            link.writer.transport.abort()

    async def _is_admitted(self, peer: Peer, certificate: Certificate, address: str) -> bool:
        refusal = await self._ask(certificate.name, peer)
        if refusal and not self._admission.is_retired(certificate.name):
            self._admission.complain(f"{refusal} It came from {address}.")
            return False
        same = sum(other.certificate == certificate for other in self._peers.values())
        if same >= MAX_PER_ROUTER:
            self._admission.complain(f"Router {certificate.name} has {same} connections; one more is refused.")
            return False
        return True

    async def _pass_on(self, link: Link, peer: Peer) -> None:
        """Until one side ends, the router falls silent, or it is not admitted any more."""
        self._peers[peer.connection] = peer
        with suppress(OSError):
            reader, writer = await self._open_xds(peer)
            try:
                works = (
                    _copy(link.reader, writer, silence_seconds=SILENCE_SECONDS),
                    _copy(reader, link.writer),
                    self._until_refused(link.certificate.name, peer),
                )
                tasks = [asyncio.create_task(work) for work in works]
                try:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                writer.transport.abort()

    async def _open_xds(self, peer: Peer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.bind(f"\0{peer.connection}")  # which gRPC gives as the peer's address
            await asyncio.get_running_loop().sock_connect(connection, str(self._xds_socket))
            return await asyncio.open_unix_connection(sock=connection)
        except BaseException:
            connection.close()
            raise

    async def _until_refused(self, name: str, peer: Peer) -> None:
        while not self._admission.refusal(name, peer):
            await asyncio.sleep(1.0)
        await asyncio.sleep(REFUSED_SECONDS)

    async def _look_after(self) -> None:
        said_at = -STRANGERS_SECONDS
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            self._tls.renew_if_due()
            now = time.monotonic()
            if self._strangers and now - said_at >= STRANGERS_SECONDS:
                counted = ", ".join(f"{count} {reason}" for reason, count in self._strangers.most_common(5))
                logger.warning("Clients were refused on %s: %s", self._place, counted)
                self._strangers.clear()
                said_at = now


def _reason(error: BaseException) -> str:
    """In few words, of which there are few: they are counted."""
    match error:
        case TooMany():
            return "too many in a second"
        case asyncio.CancelledError():
            return "made room for others"
        case ssl.SSLCertVerificationError():
            return "with a certificate that is not valid here"
        case ssl.SSLError():
            return "without TLS 1.3 or a certificate"
        case TimeoutError() | ConnectionError():
            return "without a handshake in time"
        case _:
            return f"by {type(error).__name__}"


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, silence_seconds: float | None = None
) -> None:
    """Until the end, an error, or a silence."""
    with suppress(OSError):  # TimeoutError too
        while True:
            async with asyncio.timeout(silence_seconds):
                block = await reader.read(BLOCK)
            if not block:
                return
            writer.write(block)
            await writer.drain()
