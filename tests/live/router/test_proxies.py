"""Behind somebody else's proxy: who is believed, and what instances are told."""

import http.client
import json
import socket

import pytest

from sites.router.table import Cluster
from tests.live.router.rig import PRODUCTION, Rig

pytestmark = pytest.mark.live
SAID = {
    "X-Forwarded-For": "192.0.2.66, 203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-User": "root",
    "X-Real-IP": "192.0.2.66",
    "Forwarded": "for=192.0.2.66",
}


def start(rig: Rig, proxies: str, protocol: str = "") -> None:
    rig.proxies, rig.proxy_protocol = proxies, protocol
    rig.start_xds()
    rig.start_envoy()


def told(rig: Rig, headers: dict[str, str]) -> dict[str, str]:
    """What an instance gets of these, and its own."""
    seen = rig.ask(PRODUCTION, headers=headers).json()["headers"]
    return {name: value for name, value in seen.items() if "forward" in name or name in ("x-real-ip", "host")}


def test_a_trusted_proxy_says_who_the_visitor_is_and_nothing_else(rig: Rig, clusters: list[Cluster]) -> None:
    start(rig, "10.0.0.0/8,127.0.0.1")
    assert told(rig, SAID) == {
        "host": PRODUCTION,
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
    }
    assert told(rig, {}) == {"host": PRODUCTION, "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http"}


def test_nobody_else_is_believed(rig: Rig, clusters: list[Cluster]) -> None:
    start(rig, "10.0.0.0/8")
    assert told(rig, SAID) == {"host": PRODUCTION, "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http"}


def test_the_proxy_protocol_says_who_the_visitor_is_and_headers_do_not(rig: Rig, clusters: list[Cluster]) -> None:
    start(rig, "127.0.0.1", "proxy")
    seen = by_protocol(rig, b"PROXY TCP4 203.0.113.9 127.0.0.1 4000 80\r\n")
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("203.0.113.9", "http")
    with pytest.raises((OSError, http.client.HTTPException)):
        by_protocol(rig, b"")


def test_with_the_proxy_protocol_strangers_are_not_let_in(rig: Rig, clusters: list[Cluster]) -> None:
    start(rig, "10.0.0.0/8", "proxy")
    with pytest.raises((OSError, http.client.HTTPException)):
        by_protocol(rig, b"PROXY TCP4 10.0.0.1 127.0.0.1 4000 80\r\n")


def by_protocol(rig: Rig, line: bytes) -> dict[str, str]:
    connection = http.client.HTTPConnection(PRODUCTION, timeout=10)
    connection.sock = socket.create_connection(("127.0.0.1", rig.port), 10)
    connection.sock.sendall(line)
    connection.request("GET", "/", headers=SAID | {"Host": PRODUCTION})
    body: dict[str, dict[str, str]] = json.loads(connection.getresponse().read())
    connection.close()
    return body["headers"]
