"""One request by HTTP/2 with prior knowledge (RFC 9113, 3.3), for instances that speak nothing else."""

import asyncio
from collections.abc import Iterable, Mapping

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

CHUNK = 64 * 1024
EMPTY_MESSAGE = bytes(5)
"""Of gRPC: not compressed, no bytes."""
HOP_BY_HOP = frozenset({"host", "connection"})


class NoAnswer(Exception):
    """The text says what came instead of an answer."""


class TooLarge(Exception):
    """The answer has more bytes than anybody waits for."""


async def ask(address: str, port: int, path: str, headers: Mapping[str, str], *, most: int) -> int:
    """The status of an answer to GET that came whole.

    Servers of gRPC take no GET and reset it. They are asked again as a client of gRPC would, with an empty message, so
    that a path can name a method, such as `/grpc.health.v1.Health/Check`.

    Raises NoAnswer, TooLarge beyond `most` bytes, and OSError.
    """
    status = await _ask(address, port, _request("GET", path, headers), b"", most)
    if status is None:
        as_grpc = _request("POST", path, headers, {"content-type": "application/grpc", "te": "trailers"})
        status = await _ask(address, port, as_grpc, EMPTY_MESSAGE, most)
    if status is None:
        raise NoAnswer("the request was reset")
    return status


def _request(
    method: str, path: str, headers: Mapping[str, str], more: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    authority = next((value for name, value in headers.items() if name.lower() == "host"), "")
    pseudo = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path)]
    plain = {name.lower(): value for name, value in {**headers, **(more or {})}.items()}
    return pseudo + [(name, value) for name, value in plain.items() if name not in HOP_BY_HOP]


async def _ask(address: str, port: int, request: list[tuple[str, str]], body: bytes, most: int) -> int | None:
    """None: the server has reset the request."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        connection.initiate_connection()
        connection.send_headers(1, request, end_stream=not body)
        if body:
            connection.send_data(1, body, end_stream=True)
        writer.write(connection.data_to_send())
        return await _answer(connection, reader, writer, most)
    except ProtocolError as error:
        raise NoAnswer("it does not speak HTTP/2") from error
    finally:
        writer.close()


async def _answer(
    connection: H2Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int
) -> int | None:
    status, read = 0, 0
    while data := await reader.read(CHUNK):
        events = connection.receive_data(data)
        status = _status(events) or status
        for event in events:
            if isinstance(event, DataReceived):
                read += len(event.data)
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if read > most:
            raise TooLarge
        if any(isinstance(event, StreamReset) for event in events):
            return status or None
        if any(isinstance(event, StreamEnded) for event in events):
            return status
        writer.write(connection.data_to_send())
    raise NoAnswer("the connection was closed; it may not speak HTTP/2")


def _status(events: Iterable[Event]) -> int:
    """Of the answer that begins here; 0: none does."""
    for event in events:
        if isinstance(event, ResponseReceived):
            return next((int(value) for name, value in event.headers or () if name in (":status", b":status")), 0)
    return 0
