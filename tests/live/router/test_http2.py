"""HTTP/2 to instances: a real application of h2c and a real server of gRPC behind a real Envoy."""

from collections.abc import Iterator

import grpc
import pytest

from sites.router.table import Cluster, Endpoint, HostRoute
from sites.tls.authority import CERTIFICATE
from tests.fakes.grpc_server import ECHO, TRAILER, grpc_server
from tests.fakes.h2c_server import h2c_server
from tests.live.router.backends import free_port
from tests.live.router.rig import PRODUCTION, Rig, eventually

pytestmark = pytest.mark.live
MESSAGES = [b"one", b"two", b"three"]


@pytest.fixture
def served(rig: Rig) -> Iterator[Rig]:
    """Production is a server of gRPC, and another name an application of HTTP/2."""
    with grpc_server() as rpc, h2c_server() as h2c:
        clusters = [
            Cluster("r-1", (Endpoint("127.0.0.1", rpc),), speaks_http2=True),
            Cluster("r-2", (Endpoint("127.0.0.1", h2c),), speaks_http2=True),
        ]
        hosts = [
            HostRoute(PRODUCTION, "production", "r-1", speaks_http2=True),
            HostRoute("pages.localhost", "production", "r-2", speaks_http2=True),
        ]
        rig.commit(hosts, clusters)
        rig.tls_port = free_port()
        rig.start_xds()
        rig.start_envoy()
        yield rig


def test_grpc_passes_with_its_trailers_with_and_without_tls(served: Rig) -> None:
    options = [("grpc.enable_http_proxy", 0), ("grpc.default_authority", PRODUCTION)]
    eventually(lambda: (served.folder / CERTIFICATE).exists())
    trusted = grpc.ssl_channel_credentials((served.folder / CERTIFICATE).read_bytes())
    named = [*options, ("grpc.ssl_target_name_override", PRODUCTION)]
    for channel in (
        grpc.insecure_channel(f"127.0.0.1:{served.port}", options),
        grpc.secure_channel(f"127.0.0.1:{served.tls_port}", trusted, named),
    ):
        with channel:
            call = channel.stream_stream(ECHO)(iter(MESSAGES), timeout=30, wait_for_ready=True)
            assert list(call) == MESSAGES
            assert TRAILER in [tuple(pair) for pair in call.trailing_metadata()]
            assert call.code() is grpc.StatusCode.OK
            unknown = channel.unary_unary("/greenroom.Test/Nothing")
            with pytest.raises(grpc.RpcError) as refusal:
                unknown(b"", timeout=30)
            assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_visitor_of_http_1_reaches_an_application_of_http_2(served: Rig) -> None:
    answer = served.ask("pages.localhost", "/a?b=c", method="POST", content=b"x" * 100_000)
    assert answer.status_code == 200
    told = answer.json()
    assert (told[":path"], told["x-forwarded-proto"], told["x-website-slot-name"]) == ("/a?b=c", "http", "production")
    assert served.ask("pages.localhost", "/broken").status_code == 500
