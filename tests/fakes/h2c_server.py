"""A server that speaks HTTP/2 without TLS and nothing else, and tells in its answer what it was asked."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    asked: dict[int, dict[str, str]] = {}
    try:
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived):
                    asked[event.stream_id] = dict(event.headers)
                if isinstance(event, DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if isinstance(event, StreamEnded):
                    status = "500" if asked[event.stream_id][":path"] == "/broken" else "200"
                    connection.send_headers(event.stream_id, [(":status", status)])
                    connection.send_data(event.stream_id, json.dumps(asked[event.stream_id]).encode())
                    connection.send_headers(event.stream_id, [("x-trailer", "after the body")], end_stream=True)
            writer.write(connection.data_to_send())
    except (ProtocolError, ConnectionError):
        pass
    finally:
        writer.close()


@contextmanager
def h2c_server() -> Iterator[int]:
    """Its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(_serve, "127.0.0.1", 0), loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
