"""Which clients visit which application of the demonstration."""

from tools.prober import kinds
from tools.prober.client import Client
from tools.prober.session import SessionClient
from tools.prober.websocket import WebSocketClient

USER, PASSWORD = "ada", "difference engine"
"""Of examples/demo/django."""

Address = tuple[str, int]
Hosts = tuple[str, ...]


def flask_visitors(name: str, address: Address, hosts: Hosts) -> list[Client]:
    """Every kind of request but a session."""
    return [
        *(kinds.keep_alive(f"{name} keep-alive {n}", address, hosts) for n in range(4)),
        *(kinds.connection_per_request(f"{name} connection per request {n}", address, hosts) for n in range(2)),
        *(kinds.post(f"{name} POST {n}", address, hosts) for n in range(2)),
        *(kinds.slow(f"{name} slow {n}", address, hosts) for n in range(3)),
        *(kinds.streaming(f"{name} streaming {n}", address, hosts) for n in range(2)),
        *(kinds.trickled_upload(f"{name} upload {n}", address, hosts) for n in range(2)),
        *(WebSocketClient(f"{name} WebSocket {n}", address, hosts) for n in range(3)),
    ]


def django_visitors(name: str, address: Address, hosts: Hosts) -> list[Client]:
    """People who are signed in at production, and others."""
    return [
        *signed_in(name, address, hosts[0]),
        *(kinds.keep_alive(f"{name} keep-alive {n}", address, hosts) for n in range(2)),
        kinds.slow(f"{name} slow", address, hosts),
    ]


def signed_in(name: str, address: Address, host: str) -> list[SessionClient]:
    """Three people."""
    return [SessionClient(f"{name} person {n}", address, host, user=USER, password=PASSWORD) for n in range(3)]
