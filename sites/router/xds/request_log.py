"""The web server log: a line for each request of the slots that have it switched on, from Envoy's access log.

Envoy sends it in batches and drops what it cannot send, so nobody waits for this log. Here a bound on lines a second
keeps the routes from waiting for it.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc.aio
from envoy.config.core.v3 import base_pb2
from envoy.data.accesslog.v3 import accesslog_pb2
from envoy.service.accesslog.v3 import als_pb2, als_pb2_grpc

from sites.logs import files
from sites.logs.stamps import stamp
from sites.plain_text import one_line
from sites.router.table import PORTAL_CLUSTER

LOG_NAME = "requests"
LIMIT_BYTES = 8 * 1024 * 1024
"""Of the log of one slot."""
LINES_A_SECOND = 2000
"""Of all slots together; what is beyond is counted."""
BURST = 2 * LINES_A_SECOND
MAX_PATH = 1000
FLAGS = tuple(field.name for field in accesslog_pb2.ResponseFlags.DESCRIPTOR.fields if field.type == field.TYPE_BOOL)
Entry = Any
"""An accesslog_pb2.HTTPAccessLogEntry; generated classes have no types."""
Ordinals = Mapping[tuple[str, str, int], int]
"""Cluster, address and port of an instance → its ordinal."""
Refusal = Callable[[base_pb2.Node, grpc.aio.ServicerContext], Awaitable[str]]
"""Why a router is not let in; empty when it is."""


class RequestLog:
    """Takes what Envoys report, and writes the log of each slot: FOLDER/SLOT."""

    def __init__(
        self, folder: Path, ordinals: Callable[[], Ordinals], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._ordinals = ordinals
        self._clock = clock
        self._room, self._looked_at = float(BURST), clock()
        self._left_out: Counter[str] = Counter()
        self._disk = ThreadPoolExecutor(1, "request-log")

    async def take(self, entries: Iterable[Entry]) -> None:
        """Write their lines; returns when they are written, so that a fast reporter waits for the disk."""
        lines: dict[str, list[bytes]] = defaultdict(list)
        ordinals = self._ordinals()
        self._refill()
        for entry in entries:
            slot = entry.common_properties.route_name.partition("+")[0]
            if not slot.isdecimal():
                continue
            if self._room < 1:
                self._left_out[slot] += 1
                continue
            self._room -= 1
            if missing := self._left_out.pop(slot, 0):
                note = f"[Greenroom left out {missing:,} requests here: more than {LINES_A_SECOND:,} came in a second.]"
                lines[slot].append(stamp(datetime.now(UTC)) + b"- " + note.encode() + b"\n")
            lines[slot].append(line_of(entry, ordinals))
        if lines:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._write, lines)

    def close(self) -> None:
        """Finish writing."""
        self._disk.shutdown(wait=True)

    def _refill(self) -> None:
        now = self._clock()
        self._room = min(BURST, self._room + (now - self._looked_at) * LINES_A_SECOND)
        self._looked_at = now

    def _write(self, lines: Mapping[str, list[bytes]]) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for slot, of_slot in lines.items():
                files.append(self._folder / slot, b"".join(of_slot), LIMIT_BYTES)
        except OSError:  # a full disk; the lines are counted as if too many had come
            self._left_out.update({slot: len(of_slot) for slot, of_slot in lines.items()})


def line_of(entry: Entry, ordinals: Ordinals) -> bytes:
    """`TIME rREVISION/INSTANCE METHOD PATH STATUS DURATION IN OUT REQUEST-ID [FLAGS]`, without the query of the path.

    The time is the end of the request; bytes are those of the client's connection.
    """
    common, request, response = entry.common_properties, entry.request, entry.response
    began = common.start_time.ToDatetime(UTC)
    seconds = common.duration.ToTimedelta() or common.time_to_last_downstream_tx_byte.ToTimedelta()
    method = base_pb2.RequestMethod.Name(request.request_method)
    path = (request.original_path or request.path).partition("?")[0][:MAX_PATH]
    flags = ",".join(name for name in FLAGS if getattr(common.response_flags, name))
    words = [
        _source(common, ordinals),
        method if request.request_method else "?",
        one_line(path).replace(" ", "%20") or "-",
        str(response.response_code.value),
        f"{seconds.total_seconds() * 1000:.0f}ms",
        f"in={common.downstream_wire_bytes_received}",
        f"out={common.downstream_wire_bytes_sent}",
        f"id={request.request_id or '-'}",
        *([flags] if flags else []),
    ]
    return stamp(began + seconds) + one_line(" ".join(words)).encode() + b"\n"


def _source(common: accesslog_pb2.AccessLogCommon, ordinals: Ordinals) -> str:
    """Of whoever has answered; `-` for the router itself, instance 0 for one that is not known any more."""
    cluster, place = common.upstream_cluster, common.upstream_remote_address.socket_address
    if not place.address or not cluster or cluster == PORTAL_CLUSTER:
        return "-"
    return f"{cluster}/{ordinals.get((cluster, place.address, place.port_value), -1) + 1}"


class AccessLogs(als_pb2_grpc.AccessLogServiceServicer):
    """ALS."""

    def __init__(self, refusal: Refusal, log: RequestLog) -> None:
        self._refusal = refusal
        self._log = log

    async def StreamAccessLogs(
        self, messages: AsyncIterator[als_pb2.StreamAccessLogsMessage], context: grpc.aio.ServicerContext
    ) -> als_pb2.StreamAccessLogsResponse:
        """One thread of one Envoy, which names itself in its first message."""
        is_first = True
        async for message in messages:
            if is_first and (refusal := await self._refusal(message.identifier.node, context)):
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, refusal)
            is_first = False
            await self._log.take(message.http_logs.log_entry)
        return als_pb2.StreamAccessLogsResponse()
