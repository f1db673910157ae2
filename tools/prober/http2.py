"""One HTTP/2 connection over TLS that is never tried twice."""

import asyncio

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tools.prober.http import READ_SIZE, Answer, AnswerBroken, Call, ConnectionRefused, Secure, user_agent
from tools.prober.pending import Pending, headers_of


class Http2Connection:
    """A connection to an address, which may carry several requests at once; see tools.prober.http.Wire."""

    def __init__(self, address: str, port: int, name: str, secure: Secure) -> None:
        self._place = address, port
        self._host = secure.host
        self._context = secure.context("h2")
        self._name = name
        self._openings = 0
        self._pending: dict[int, Pending] = {}
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._is_usable = False

    @property
    def name(self) -> str:
        """See Wire."""
        return f"{self._name}/{self._openings}"

    async def prepare(self) -> bool:
        """See Wire."""
        await asyncio.sleep(0)  # lets the loop see an end that has already arrived
        if self._is_usable:
            return False
        was_dropped = self._writer is not None
        self.close()
        try:
            reader, self._writer = await asyncio.open_connection(
                *self._place, ssl=self._context, server_hostname=self._host
            )
        except OSError as error:
            raise ConnectionRefused(str(error)) from error
        configuration = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self._protocol = h2.connection.H2Connection(configuration)
        self._protocol.initiate_connection()
        self._flush()
        self._room = asyncio.Event()
        self._openings += 1
        self._is_usable = True
        self._reading = asyncio.create_task(self._read(reader))
        return was_dropped

    async def exchange(self, call: Call) -> Answer:
        """See Wire."""
        stream = self._protocol.get_next_available_stream_id()
        pending = self._pending[stream] = Pending()
        try:
            await self._send(stream, call)
            return await pending.answer
        except (OSError, h2.exceptions.ProtocolError) as error:
            self._is_usable = False
            raise AnswerBroken(f"{type(error).__name__}: {error}") from error
        finally:
            self._pending.pop(stream, None)

    def close(self) -> None:
        """See Wire."""
        self._is_usable = False
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()
        self._reading = self._writer = None

    async def _send(self, stream: int, call: Call) -> None:
        headers = headers_of(call, user_agent(self.name))
        self._protocol.send_headers(stream, headers, end_stream=not call.body)
        left = memoryview(call.body)
        while left:
            self._room.clear()
            size = min(
                self._protocol.local_flow_control_window(stream), self._protocol.max_outbound_frame_size, len(left)
            )
            if size:
                self._protocol.send_data(stream, bytes(left[:size]), end_stream=size == len(left))
                left = left[size:]
            self._flush()
            if not size:
                await self._room.wait()
                if not self._is_usable:
                    raise ConnectionResetError("the connection ended while the body was sent")
        self._flush()
        if self._writer is not None:
            await self._writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        reason = "closed before the answer was complete"
        try:
            while data := await reader.read(READ_SIZE):
                for event in self._protocol.receive_data(data):
                    self._take(event)
                self._flush()
        except (OSError, h2.exceptions.ProtocolError) as error:
            reason = f"{type(error).__name__}: {error}"
        finally:
            self._is_usable = False
            self._room.set()
            for pending in self._pending.values():
                pending.end(reason)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self._is_usable = False  # requests under way are still answered
        stream = getattr(event, "stream_id", None)
        pending = self._pending.get(stream or 0)
        if isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            self._room.set()
        elif isinstance(event, h2.events.DataReceived):
            self._protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if pending:
                pending.body += event.data
        elif pending and isinstance(event, h2.events.ResponseReceived):
            pending.headers = [(str(name), str(value)) for name, value in event.headers]
        elif pending and isinstance(event, h2.events.StreamEnded):
            pending.complete()
        elif pending and isinstance(event, h2.events.StreamReset):
            pending.end(f"the stream was reset ({event.error_code})")

    def _flush(self) -> None:
        if self._writer is not None:
            self._writer.write(self._protocol.data_to_send())
