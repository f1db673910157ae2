"""A real server of gRPC with one method, which sends what it gets back, with metadata after it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

ECHO = "/greenroom.Test/Echo"
TRAILER = ("x-after", "the message")


class _Echo(grpc.GenericRpcHandler):
    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method != ECHO:
            return None
        return grpc.stream_stream_rpc_method_handler(_echo)


def _echo(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    context.set_trailing_metadata((TRAILER,))
    yield from messages


@contextmanager
def grpc_server() -> Iterator[int]:
    """Its port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((_Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield int(port)
    finally:
        server.stop(None).wait(10)
