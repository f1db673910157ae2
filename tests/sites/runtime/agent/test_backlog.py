"""Which connections wait to be accepted, as the kernel tells it."""

import math
import socket
import time
from pathlib import Path

import pytest

from sites.runtime.agent import links
from sites.runtime.agent.backlog import inside, waiting


def ends(port: int) -> frozenset[bytes]:
    """Of the connections that wait."""
    return waiting("127.0.0.1", port).ends


@pytest.mark.parametrize(
    ("address", "family"),
    [("127.0.0.1", socket.AF_INET), ("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)],  # noqa: S104
)
def test_a_connection_waits_until_it_is_accepted(address: str, family: socket.AddressFamily) -> None:
    with socket.create_server((address, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as server:
        port = server.getsockname()[1]
        assert ends(port) == frozenset()
        with socket.create_connection(("127.0.0.1", port)):
            (first,) = ends(port)
            with socket.create_connection(("127.0.0.1", port)) as second:
                second.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert len(ends(port)) == 2
            assert len(ends(port)) == 2, "also one that the client has given up"
            accepted = server.accept()[0]
            (left,) = ends(port)
            assert left != first
            accepted.close()
            server.accept()[0].close()
            assert ends(port) == frozenset()


def test_how_long_nothing_was_sent_to_those_that_were_accepted_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()
        with socket.create_connection(place), socket.create_connection(place):
            assert waiting(*place).quiet_seconds == math.inf
            with server.accept()[0] as accepted:
                time.sleep(0.2)
                assert 0.1 < waiting(*place).quiet_seconds < 30
                before = time.monotonic()
                accepted.sendall(b"x")
                assert waiting(*place).quiet_seconds < time.monotonic() - before + 0.05


def test_where_nobody_listens_is_said() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(FileNotFoundError):
            waiting("127.0.0.1", closed.getsockname()[1])


def test_a_network_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(links, "namespace_file", tmp_path.joinpath)
    with pytest.raises(FileNotFoundError), inside("room1-1"):
        raise AssertionError("there is no such network")
    with inside(None):
        pass
