"""Lines of applications as OTLP has them, and how they are sent.

The messages are those of xds-protos, whose names are older than OTLP 1.0: an instrumentation library is a scope there.
On the wire both are the same.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from sites.telemetry.collector import Collector

SECONDS = 5
"""A collector that takes longer for one batch does not answer."""
MAX_BATCH_BYTES = 1024 * 1024
"""Of text in one message; collectors take 4 MB by default, and each line has its attributes besides."""
MAX_BATCH_LINES = 5000
REFUSED_FOR_GOOD = (grpc.StatusCode.INVALID_ARGUMENT,)
"""What a collector answers to lines that it will never take (OTLP 1.0)."""
_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one instance."""

    site: str
    slot: str
    deployment: str
    instance: str
    """`r12/1`"""
    at: str
    """RFC 3339; empty where nobody knows."""
    text: str


class NotTaken(Exception):
    """The collector did not take them; the text is a sentence about why."""


class LogSender:
    """A connection to the collector. Use it as a context."""

    def __init__(self, collector: Collector) -> None:
        self.left_out = 0
        """Lines."""
        self._place = collector.target
        self._metadata = collector.headers
        secured = grpc.ssl_channel_credentials() if collector.is_tls else None
        self._channel = (
            grpc.secure_channel(collector.target, secured) if secured else grpc.insecure_channel(collector.target)
        )
        self._export = self._channel.unary_unary(
            _METHOD,
            request_serializer=logs_service_pb2.ExportLogsServiceRequest.SerializeToString,
            response_deserializer=logs_service_pb2.ExportLogsServiceResponse.FromString,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._channel.close()

    def send(self, entries: Iterable[Entry], *, until: float) -> None:
        """All of them, in batches, until a time of `time.monotonic`. A line that the collector will never take is
        `left_out`, so that no other one waits for it.

        Raises NotTaken; then some batches may have been taken.
        """
        for batch in batches(entries):
            self._send(batch, until)

    def _send(self, batch: list[Entry], until: float) -> None:
        """In halves, and halves of these, where a line in it is refused for good."""
        left = until - time.monotonic()
        if left <= 0:
            raise NotTaken(f"The collector at {self._place} takes lines more slowly than they are written.")
        try:
            self._export(request_of(batch), timeout=min(SECONDS, left), metadata=self._metadata)
        except grpc.RpcError as error:
            if error.code() not in REFUSED_FOR_GOOD:
                raise NotTaken(f"The collector at {self._place} answers {error.code().name}.") from error
            half = len(batch) // 2
            if not half:
                self.left_out += 1
                return
            self._send(batch[:half], until)
            self._send(batch[half:], until)


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Parts that are each small enough for one message."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(entry.text.encode())
        if batch and (size + length > MAX_BATCH_BYTES or len(batch) >= MAX_BATCH_LINES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch


def request_of(entries: Iterable[Entry]) -> logs_service_pb2.ExportLogsServiceRequest:
    """One resource for each instance, with the attributes of the semantic conventions."""
    by_source: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in entries:
        by_source.setdefault((entry.site, entry.slot, entry.deployment, entry.instance), []).append(entry)
    return logs_service_pb2.ExportLogsServiceRequest(
        resource_logs=[
            logs_pb2.ResourceLogs(
                resource=resource_pb2.Resource(attributes=_attributes(*source)),
                instrumentation_library_logs=[
                    logs_pb2.InstrumentationLibraryLogs(
                        instrumentation_library=common_pb2.InstrumentationLibrary(name="greenroom"),
                        logs=[_record(entry) for entry in own],
                    )
                ],
            )
            for source, own in by_source.items()
        ]
    )


def _record(entry: Entry) -> logs_pb2.LogRecord:
    return logs_pb2.LogRecord(
        time_unix_nano=_nanoseconds(entry.at),
        body=common_pb2.AnyValue(string_value=entry.text),
    )


def _nanoseconds(at: str) -> int:
    """Since 1970; 0 for a time that nobody knows, or that there is none of: of one line no other line suffers."""
    try:
        return max(0, int(datetime.fromisoformat(at).timestamp() * 1000) * 1_000_000)
    except ValueError:
        return 0


def _attributes(site: str, slot: str, deployment: str, instance: str) -> list[common_pb2.KeyValue]:
    named = {
        "service.name": site,
        "deployment.environment.name": slot,
        "service.version": deployment,
        "service.instance.id": instance,
    }
    return [
        common_pb2.KeyValue(key=name, value=common_pb2.AnyValue(string_value=value))
        for name, value in named.items()
        if value
    ]
