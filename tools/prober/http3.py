"""One HTTP/3 connection that is never tried twice."""

import asyncio
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, FrameType, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.h3.exceptions import H3Error
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamReset

from tools.prober.http import Answer, AnswerBroken, Call, ConnectionRefused, Secure, user_agent
from tools.prober.pending import Pending, headers_of

HANDSHAKE_SECONDS = 10.0


class Http3Connection:
    """A connection to an address by UDP; see tools.prober.http.Wire."""

    def __init__(self, address: str, port: int, name: str, secure: Secure) -> None:
        self._place = address, port
        self._secure = secure
        self._name = name
        self._openings = 0
        self._session: _Session | None = None

    @property
    def name(self) -> str:
        """See Wire."""
        return f"{self._name}/{self._openings}"

    async def prepare(self) -> bool:
        """See Wire."""
        await asyncio.sleep(0)  # lets the loop see an end that has already arrived
        was_dropped = self._session is not None
        if self._session is not None and self._session.is_usable:
            return False
        self.close()
        configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=self._secure.host)
        configuration.load_verify_locations(self._secure.authority)
        session = _Session(QuicConnection(configuration=configuration))
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await asyncio.get_running_loop().create_datagram_endpoint(lambda: session, remote_addr=self._place)
                session.connect(self._place)
                await session.wait_connected()
        except (OSError, TimeoutError) as error:
            session.end()
            raise ConnectionRefused(f"{type(error).__name__}: {error}") from error
        except asyncio.CancelledError:
            session.end()
            raise
        self._session = session
        self._openings += 1
        return was_dropped

    async def exchange(self, call: Call) -> Answer:
        """See Wire."""
        if self._session is None:
            raise AnswerBroken("the connection is closed")
        return await self._session.exchange(call, user_agent(self.name))

    def close(self) -> None:
        """See Wire."""
        if self._session is not None:
            self._session.end()
        self._session = None


class _Http(H3Connection):
    """aioquic reads GOAWAY (RFC 9114, 5.2) and says nothing of it; whoever sends more requests after it loses them."""

    is_going_away = False

    def _handle_control_frame(self, frame_type: int, frame_data: bytes) -> None:
        if frame_type == FrameType.GOAWAY:
            self.is_going_away = True
        super()._handle_control_frame(frame_type, frame_data)


class _Session(QuicConnectionProtocol):
    """The requests of one connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._http = _Http(self._quic)
        self._pending: dict[int, Pending] = {}
        self._socket: asyncio.BaseTransport | None = None

    @property
    def is_usable(self) -> bool:
        """Another request may be sent."""
        return self._socket is not None and not self._http.is_going_away

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._socket = transport
        super().connection_made(transport)

    def transmit(self) -> None:
        """Send what waits; a timer may want to after the end."""
        if self._socket is not None:
            super().transmit()

    def end(self) -> None:
        """Tell the other side, and close the socket."""
        self.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    async def exchange(self, call: Call, agent: str) -> Answer:
        """Send one request and read its whole answer. Raises AnswerBroken."""
        stream = self._quic.get_next_available_stream_id()
        pending = self._pending[stream] = Pending()
        try:
            headers = [(name.encode(), value.encode()) for name, value in headers_of(call, agent)]
            self._http.send_headers(stream, headers, end_stream=not call.body)
            if call.body:
                self._http.send_data(stream, call.body, end_stream=True)
            self.transmit()
            return await pending.answer
        except H3Error as error:
            raise AnswerBroken(f"{type(error).__name__}: {error}") from error
        finally:
            self._pending.pop(stream, None)

    def quic_event_received(self, event: QuicEvent) -> None:
        """What has arrived."""
        if isinstance(event, ConnectionTerminated):
            for pending in self._pending.values():
                pending.end(f"the connection ended: {event.error_code} {event.reason_phrase}")
            self.end()
        elif isinstance(event, StreamReset):
            if reset := self._pending.get(event.stream_id):
                reset.end(f"the stream was reset ({event.error_code})")
        for found in self._http.handle_event(event):
            self._take(found)

    def _take(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived | DataReceived):
            return
        pending = self._pending.get(event.stream_id)
        if pending is None:
            return
        if isinstance(event, HeadersReceived):
            pending.headers = [*pending.headers, *((name.decode(), value.decode()) for name, value in event.headers)]
        else:
            pending.body += event.data
        if event.stream_ended:
            pending.complete()
