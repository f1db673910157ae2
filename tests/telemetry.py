"""A collector of OpenTelemetry: takes OTLP over gRPC and keeps it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

Attributes = dict[str, str]
_OTLP = "opentelemetry.proto.collector"


@dataclass
class Taken:
    """All that came in."""

    port: int = 0
    spans: list[tuple[str, Attributes]] = field(default_factory=list)
    """Name and attributes."""
    lines: list[tuple[str, Attributes]] = field(default_factory=list)
    """Text, and the attributes of the record and of its resource."""
    metadata: list[dict[str, str]] = field(default_factory=list)
    is_refusing: bool = False
    refused: str = ""
    """A message with this text in a line is taken for wrong."""

    def take_logs(self, request: logs_service_pb2.ExportLogsServiceRequest, context: grpc.ServicerContext) -> object:
        """As LogsService.Export."""
        self._note(context)
        if self.refused and self.refused in str(request):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "that is no line")
        for resource in request.resource_logs:
            of_resource = _attributes(resource.resource.attributes)
            for record in (record for scope in resource.instrumentation_library_logs for record in scope.logs):
                self.lines.append((record.body.string_value, of_resource | _attributes(record.attributes)))
        return logs_service_pb2.ExportLogsServiceResponse()

    def take_spans(self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext) -> object:
        """As TraceService.Export."""
        self._note(context)
        for resource in request.resource_spans:
            for span in (span for scope in resource.instrumentation_library_spans for span in scope.spans):
                self.spans.append((span.name, _attributes(span.attributes)))
        return trace_service_pb2.ExportTraceServiceResponse()

    def _note(self, context: grpc.ServicerContext) -> None:
        if self.is_refusing:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})


def _attributes(pairs: Any) -> Attributes:
    return {pair.key: pair.value.string_value for pair in pairs}


@contextmanager
def collector() -> Iterator[Taken]:
    """One that listens on a free port of this machine."""
    taken = Taken()
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers(
        (
            _service("logs", "Logs", taken.take_logs, logs_service_pb2.ExportLogsServiceRequest),
            _service("trace", "Trace", taken.take_spans, trace_service_pb2.ExportTraceServiceRequest),
        )
    )
    taken.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield taken
    finally:
        server.stop(None).wait()


def _service(folder: str, name: str, take: Callable[..., object], request: Any) -> grpc.GenericRpcHandler:
    handler = grpc.unary_unary_rpc_method_handler(
        take, request_deserializer=request.FromString, response_serializer=lambda answer: answer.SerializeToString()
    )
    return grpc.method_handlers_generic_handler(f"{_OTLP}.{folder}.v1.{name}Service", {"Export": handler})
