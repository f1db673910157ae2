"""One Envoy takes over from another while visitors ask by HTTP and by TLS: none notices, and each counts once."""

import asyncio
import http.client
import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import override_settings

from sites.router import succession
from sites.router.bootstrap import envoy_command, write_bootstrap
from sites.router.table import Cluster
from sites.supervisor import readiness
from sites.supervisor.component import NotReady
from tests.live.router.backends import free_port
from tests.live.router.rig import PRODUCTION, Rig, eventually, hosts
from tests.live.router.test_tls import context, listens

pytestmark = pytest.mark.live
SLOT = 7
LOST_AT_MOST = 10
"""Of what is answered between the last look at the former Envoy and the first of the new one."""


class Visitor(threading.Thread):
    """Asks without a pause and never tries twice."""

    def __init__(self, rig: Rig, *, is_secure: bool, is_new: bool) -> None:
        super().__init__(daemon=True)
        self._rig = rig
        self._is_secure, self._is_new = is_secure, is_new
        self._ended = threading.Event()
        self.answers: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        connection = self._connection()
        while not self._ended.is_set():
            try:
                if connection.sock is None or self._is_new:
                    connection.close()
                    connection = self._connection()
                    connection.sock = self._socket()
                connection.request("GET", "/", headers={"Host": PRODUCTION})
                answer = connection.getresponse()
                body = answer.read()
                assert answer.status == 200, answer.status
                self.answers.append(json.loads(body)["label"])
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()

    def stop(self) -> None:
        """End after the present request."""
        self._ended.set()
        self.join()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._rig.port, timeout=15)

    def _socket(self) -> socket.socket:
        port = self._rig.tls_port if self._is_secure else self._rig.port
        plain = socket.create_connection(("127.0.0.1", port), 15)
        return context().wrap_socket(plain, server_hostname=PRODUCTION) if self._is_secure else plain


@pytest.fixture
def served(rig: Rig, clusters: list[Cluster]) -> Iterator[Rig]:
    """The site, by an Envoy that can hand over."""
    rig.tls_port = free_port()
    with override_settings(RUN_DIR=rig.folder, LISTEN=["127.0.0.1"], PORT=rig.port):
        rig.commit([replace(host, slot_id=SLOT) for host in hosts("r-1", "r-2")], clusters)
        rig.start_xds()
        spawn(rig, "envoy", 0)
        eventually(lambda: rig.is_listening() and listens(rig.tls_port))
        yield rig
        succession.tidy()


def spawn(rig: Rig, name: str, predecessors: int) -> None:
    write_bootstrap(rig.folder / "envoy.json")
    command = [*envoy_command(rig.folder / "envoy.json"), *succession.words(predecessors)]
    rig._spawn(name, [sys.executable, "-m", "sites.supervisor.outliving", *command])


def is_complete(rig: Rig, name: str) -> bool:
    """Whether the Envoy of this name serves."""
    try:
        asyncio.run(readiness.router_listens(rig.pid(name)))
    except NotReady:
        return False
    return True


def counted(rig: Rig) -> int:
    return sum(rig.router.statistics().codes.get(SLOT, {}).values())


def test_a_new_envoy_takes_over_and_every_request_is_answered_and_counted_once(
    served: Rig, clusters: list[Cluster]
) -> None:
    visitors = [Visitor(served, is_secure=tls, is_new=new) for tls in (False, True) for new in (False, True)]
    for visitor in visitors:
        visitor.start()
    eventually(lambda: all(visitor.answers for visitor in visitors))
    former = counted(served)
    # One that dies while it starts changes nothing
    spawn(served, "unlucky", 1)
    eventually(lambda: is_envoy(served.pid("unlucky")))
    served.kill("unlucky")
    succession.let_try_again()
    spawn(served, "successor", 1)
    eventually(lambda: is_complete(served, "successor"))
    # Both are told what changes: the one before still has requests
    served.publish([replace(host, slot_id=SLOT) for host in hosts("r-2", "r-1")], clusters)
    eventually(lambda: all(visitor.answers[-1] == "B" for visitor in visitors))
    for visitor in visitors:
        visitor.stop()
    assert [visitor.failures for visitor in visitors] == [[], [], [], []]
    answered = sum(len(visitor.answers) for visitor in visitors)
    eventually(lambda: former + counted(served) >= answered - LOST_AT_MOST)
    assert former + counted(served) <= answered


def is_envoy(pid: int) -> bool:
    """Whether what starts Envoy has become it."""
    return b"outliving" not in Path(f"/proc/{pid}/cmdline").read_bytes()
