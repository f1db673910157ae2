"""Whether a database answers: bounded, at checked addresses only, and without a word of the secret."""

import asyncio
from collections.abc import Callable, Iterator
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import psycopg
import pytest
from pytest_django import Settings

from sites.resources import check, postgresql
from sites.resources.address import POSTGRESQL, REDIS
from sites.resources.check import fault_of


class Server(ThreadingTCPServer):
    """Answers each line of a Redis client with the next of `answers`; after the last it says nothing more."""

    daemon_threads = True
    answers: list[bytes]
    asked: bytes = b""

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Answers(StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        for answer in self.server.answers:
            self.server.asked += self.request.recv(4096)
            self.wfile.write(answer)
        while self.request.recv(4096):
            pass


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    settings.RESOURCE_HOSTS = ["127.0.0.1"]
    with Server(("127.0.0.1", 0), Answers) as one:
        one.answers = []
        thread = Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def found(engine: str, text: str) -> str:
    fault = asyncio.run(fault_of(engine, text, owner="a"))
    assert "hunter2" not in fault
    return fault


def test_a_redis_is_signed_in_to_and_asked_for_a_ping(server: Server) -> None:
    server.answers = [b"+OK\r\n", b"+OK\r\n", b"+PONG\r\n"]
    assert found(REDIS, f"redis://ann:hunter2@{server.place}/3") == ""
    assert server.asked == (
        b"*3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$7\r\nhunter2\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$4\r\nPING\r\n"
    )


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([b"-WRONGPASS hunter2\r\n"], "refuses the user or the password"),
        ([b"+OK\r\n", b"-NOPERM hunter2\r\n"], "refuses a PING"),
        ([b"+OK\r\n", b"-NOAUTH\r\n"], "wants a password"),
        ([b"-LOADING\r\n"], "is starting"),
        ([b"$536870912\r\n" + b"hunter2" * 1000], "is not Redis"),
        ([b"hunter2" * 1000], "is not Redis"),
    ],
)
def test_what_a_redis_refuses_is_said_in_our_words(server: Server, answers: list[bytes], sentence: str) -> None:
    server.answers = answers
    assert sentence in found(REDIS, f"redis://:hunter2@{server.place}/0")


@pytest.mark.parametrize(
    ("engine", "text"), [(REDIS, "redis://:hunter2@{}/0"), (POSTGRESQL, "postgresql://ann:hunter2@{}/shop")]
)
def test_a_server_that_says_nothing_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch, engine: str, text: str
) -> None:
    monkeypatch.setattr(check, "SECONDS", 0.2)
    assert "has not answered within" in found(engine, text.format(server.place))


@pytest.mark.parametrize("text", ["redis://:hunter2@127.0.0.1:6379/0", "redis://169.254.169.254/0"])
def test_nobody_is_asked_where_nobody_may_be_sent(settings: Settings, text: str) -> None:
    settings.RESOURCE_HOSTS = []
    assert "RESOURCE_HOSTS" in found(REDIS, text)


def test_private_networks_follow_the_setting_for_sites(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def answering(_: object, at: str) -> str:
        asked.append(at)
        return ""

    monkeypatch.setattr("sites.resources.redis_server.fault_of", answering)
    assert found(REDIS, "redis://10.9.8.7/0") == "" and asked == ["10.9.8.7"]
    settings.PRIVATE_NETWORKS = "refuse"
    assert "a private network" in found(REDIS, "redis://10.9.8.7/0") and asked == ["10.9.8.7"]


def test_a_connection_string_that_cannot_be_read_is_a_finding(settings: Settings) -> None:
    assert found(REDIS, "Server=db;Password=hunter2").startswith("It cannot be checked: ")


@pytest.fixture
def refusing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, object]]:
    """A PostgreSQL that refuses with a sentence; gives what it was asked with."""
    settings.RESOURCE_HOSTS = ["127.0.0.1"]
    asked: dict[str, object] = {}

    def refuse(said: str) -> dict[str, object]:
        async def connect(**parameters: object) -> None:
            asked.update(parameters)
            raise psycopg.OperationalError(said)

        monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect)
        return asked

    return refuse


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('FATAL: password authentication failed for user "hunter2"', "refuses the user or the password"),
        ('FATAL: database "hunter2" does not exist', "no such database"),
        ("FATAL: sorry, too many clients already hunter2", "no connection free"),
        ("server does not support SSL, hunter2", "does not speak TLS"),
        ("something else, hunter2", "does not take the connection"),
    ],
)
def test_what_a_postgresql_refuses_is_said_in_our_words(
    refusing: Callable[[str], object], said: str, sentence: str
) -> None:
    refusing(said)
    assert sentence in found(POSTGRESQL, "postgresql://ann:hunter2@127.0.0.1/shop")


def test_no_parameter_of_a_connection_string_names_a_file_of_this_server(refusing: Callable[[str], dict]) -> None:
    asked = refusing("no")
    found(
        POSTGRESQL,
        "postgresql://ann@127.0.0.1/shop?passfile=/etc/shadow&sslkey=/etc/key&sslcert=/etc/cert&options=-cx"
        "&sslrootcert=/etc/root&sslmode=verify-ca",
    )
    assert (asked["passfile"], asked["options"], asked["password"]) == (postgresql.NOWHERE, "", "")
    assert (asked["sslmode"], asked["sslrootcert"], asked["sslcertmode"]) == (
        "verify-full",
        postgresql.BUNDLE,
        "disable",
    )
    assert asked["hostaddr"] == "127.0.0.1" and "sslkey" not in asked and "sslcert" not in asked
