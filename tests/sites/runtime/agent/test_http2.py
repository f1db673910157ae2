"""Warm-up requests by HTTP/2, to what speaks nothing else."""

import asyncio
import socket
import threading

import pytest

from sites.runtime.agent import http2
from sites.runtime.agent.probes import Probes
from sites.runtime.spec import ProbeSpec
from tests.fakes.grpc_server import ECHO, grpc_server
from tests.fakes.h2c_server import h2c_server


def asked(port: int, *paths: str) -> tuple[str, bool]:
    """The last answer to these paths, and whether it is accepted."""
    spec = ProbeSpec(
        probe_id="1",
        revision_id=1,
        ordinal=0,
        paths=paths,
        headers={"Host": "contoso.localhost", "X-Forwarded-Proto": "https"},
        statuses=((200, 499),),
        seconds=5.0,
        round_seconds=5.0,
        speaks_http2=True,
    )

    async def ask() -> tuple[str, bool]:
        probes = Probes(lambda *_: ("127.0.0.1", port))
        probes.order([spec])
        (status,) = await probes.wait(["1"], 10)
        await probes.close()
        return status.answer, status.is_accepted

    return asyncio.run(ask())


def test_an_application_of_http_2_is_asked_for_each_path() -> None:
    with h2c_server() as port:
        assert asked(port, "/", "/page") == ("200", True)
        assert asked(port, "/broken", "/page") == ("500", False)


def test_a_server_of_grpc_is_asked_as_its_clients_would() -> None:
    with grpc_server() as port:
        assert asked(port, "/") == ("200", True)
        assert asked(port, ECHO) == ("200", True)


def test_what_speaks_http_1_or_nothing_has_not_answered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        answer, is_accepted = asked(port, "/")
        assert "not speak HTTP/2" in answer and not is_accepted
        thread.join()
    assert asked(port, "/") == ("no answer (Connection refused)", False)


def test_an_answer_without_end_is_left() -> None:
    with h2c_server() as port, pytest.raises(http2.TooLarge):
        asyncio.run(http2.ask("127.0.0.1", port, "/", {"Host": "a"}, most=10))
