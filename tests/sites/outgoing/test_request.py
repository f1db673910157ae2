"""A request to an address that a person gave: where it goes, and what it never waits for."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from sites.outgoing.addresses import OutOfReach
from sites.outgoing.request import KEPT_BYTES, Answer, Destination, post
from tests.fakes.receiver import Receiver, receiver

SETTING = "WEBHOOK_HOSTS"


@pytest.fixture
def told(settings: Settings) -> Iterator[Receiver]:
    with receiver() as one:
        settings.WEBHOOK_HOSTS = [one.authority]
        yield one


def send(port: int, *, scheme: str = "http", target: str = "/hook?a=b", seconds: float = 30.0) -> Answer:
    to = Destination(scheme, "127.0.0.1", port, target)
    return asyncio.run(
        post(to, b'{"a":1}', {"Content-Type": "application/json"}, setting=SETTING, owner="a", seconds=seconds)
    )


@pytest.fixture
def speaks(settings: Settings) -> Iterator[Callable[[bytes], int]]:
    """A server that writes these bytes to whoever connects, and then says nothing more; returns its port."""
    servers, is_over = [], threading.Event()

    def serve(server: socket.socket, said: bytes) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(said)
            is_over.wait(60)

    def start(said: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append((server, threading.Thread(target=serve, args=(server, said))))
        servers[-1][1].start()
        settings.WEBHOOK_HOSTS = ["127.0.0.1"]
        return int(server.getsockname()[1])

    yield start
    is_over.set()
    for server, thread in servers:
        thread.join()
        server.close()


def test_what_is_sent_arrives_as_it_is_and_the_answer_comes_back(told: Receiver) -> None:
    told.answers = [(202, "taken")]
    answer = send(told.port)
    assert (answer.status, answer.body) == (202, b"taken")
    (request,) = told.received
    assert (request.path, request.body, request.headers["host"]) == ("/hook?a=b", b'{"a":1}', told.authority)


def test_of_an_answer_the_beginning_is_read_however_long_it_is(told: Receiver) -> None:
    told.answers = [(200, "x" * 5_000_000)]
    assert len(send(told.port).body) == KEPT_BYTES


def test_a_redirect_is_an_answer_and_not_followed(told: Receiver) -> None:
    told.answers, told.headers = [(302, "")], {"Location": "http://169.254.169.254/"}
    assert send(told.port).status == 302
    assert len(told.received) == 1


def test_nothing_is_sent_where_nobody_may_be_sent(told: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = []
    with pytest.raises(OutOfReach, match=r"leads to 127\.0\.0\.1, this machine itself"):
        send(told.port)
    assert not told.received


def test_it_connects_to_the_address_that_was_checked_whatever_the_name_says_later(
    told: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *args: object, **options: object) -> list:
        if host != "hooks.example.org":
            return real(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    settings.WEBHOOK_HOSTS = ["hooks.example.org"]
    to = Destination("http", "hooks.example.org", told.port, "/")
    assert asyncio.run(post(to, b"", {}, setting=SETTING, owner="a", seconds=30)).status == 200
    assert asked == ["hooks.example.org"]
    assert told.received[0].headers["host"] == f"hooks.example.org:{told.port}"


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Len", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
def test_a_server_that_does_not_end_its_answer_is_given_up(speaks: Callable[[bytes], int], said: bytes) -> None:
    with pytest.raises(OutOfReach, match="has not answered within 0 s") as refusal:
        send(speaks(said), seconds=0.3)
    assert refusal.value.is_passing


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"])
def test_what_is_no_answer_of_http_is_said_to_be_none(speaks: Callable[[bytes], int], said: bytes) -> None:
    with pytest.raises(OutOfReach, match="not HTTP"):
        send(speaks(said))


def test_a_port_where_nobody_listens_is_said_to_be_one(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(OutOfReach, match="does not take the connection"):
        send(port)


def test_https_is_not_spoken_with_what_does_not_speak_it(told: Receiver) -> None:
    with pytest.raises(OutOfReach):
        send(told.port, scheme="https")
    assert not told.received
