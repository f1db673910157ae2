"""Through start, stop, kill -9 of everything and a restart of the machine no visitor is answered by somebody else.

A visitor of each of two sites asks all the time. What he gets is his site's own answer, Greenroom's page that says that
the site is starting, or, while Envoy is down, no connection. Nothing that he sends leaves the machine.
"""

import json
import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import pytest
from django.conf import settings

from sites.runtime.agent.addresses import block_of
from tests.live import archives
from tests.live.machine import kill_everything, octet_of, reboot
from tests.live.outgoing import Outgoing
from tests.live.outside import PUBLIC, outside
from tests.live.stage import stage, using
from tests.live.system import System, wait_for

pytestmark = pytest.mark.live

SITES = ("ours", "theirs")
MARKER = "cookie-of-a-visitor"
PAUSE_SECONDS = 0.02
SLOW_START = """
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ["WEBSITE_SITE_NAME"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
time.sleep(5)
ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Visitor(threading.Thread):
    """Asks for one site on connections of its own, and says of each answer what it was."""

    def __init__(self, system: System, name: str) -> None:
        super().__init__(daemon=True)
        self._system, self._name = system, name
        self._is_ended = threading.Event()
        self.seen: list[str] = []

    def run(self) -> None:
        while not self._is_ended.wait(PAUSE_SECONDS):
            self.seen.append(self._ask())

    def stop(self) -> None:
        """End after the present request."""
        self._is_ended.set()
        self.join()

    def _ask(self) -> str:
        headers = {"Host": self._system.host(self._name), "Cookie": f"session={MARKER}"}
        connection = HTTPConnection("127.0.0.1", self._system.port, timeout=30)
        try:
            connection.request("GET", "/", headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except ConnectionRefusedError:
            return "refused"
        except (OSError, HTTPException):
            return "cut"
        finally:
            connection.close()
        if answer.status == HTTPStatus.OK:
            return "own" if text == self._name else f"of another: {text}"
        is_starting = "<h1>This web site is starting</h1>" in text and answer.headers["retry-after"] == "2"
        return "starting" if answer.status == HTTPStatus.SERVICE_UNAVAILABLE and is_starting else text


@contextmanager
def asked_and_watched(system: System) -> Iterator[dict[str, Visitor]]:
    """Meanwhile a visitor asks for each site, and nothing may leave the machine."""
    with Outgoing(block_of(octet_of(system)), MARKER.encode()) as outgoing:
        visitors = {name: Visitor(system, name) for name in SITES}
        with ExitStack() as stack:
            for visitor in visitors.values():
                visitor.start()
                stack.callback(visitor.stop)
            yield visitors
    assert outgoing.noted == []


def answered_by_all(visitors: dict[str, Visitor]) -> Callable[[], bool]:
    """Whether each visitor is answered by his site from now on."""
    before = {name: len(visitor.seen) for name, visitor in visitors.items()}
    return lambda: all("own" in visitor.seen[before[name] :][-1:] for name, visitor in visitors.items())


def exchange_places(system: System) -> None:
    """Let every instance start where another one was, as when the agent's own record is lost with the machine."""
    path = system.data / "instances" / "network.json"
    record = json.loads(path.read_text())
    numbers = record["numbers"]
    assert len(numbers) >= len(SITES)
    record["numbers"] = dict(zip(numbers, [*list(numbers.values())[1:], next(iter(numbers.values()))], strict=True))
    path.write_text(json.dumps(record))


@pytest.fixture
def running(make_system: Callable[..., System]) -> System:
    """Both sites serve, each with one instance that takes five seconds to start."""
    system = make_system()
    shutil.copy(settings.DATA_DIR / "secret.key", system.data)  # these tests read what is encrypted
    system.start()
    with using(system):
        for name in SITES:
            site = stage(system, name, instances=1, is_marked=False, archive=lambda _: SLOW, has_staging=False)
            assert site.production.live_revision_id
    return system


SLOW = archives.zipped(app__py=SLOW_START, Procfile=archives.WEB)


def restart_in_order(system: System) -> None:
    assert system.interrupt() == 0
    system.start()


def restart_after_a_death(system: System) -> None:
    kill_everything(system)
    system.start()


def restart_of_the_machine(system: System) -> None:
    reboot(system)
    exchange_places(system)
    system.start()


def test_what_leaves_is_seen() -> None:
    with outside("10.191.0.7"), Outgoing("10.191.0.0/16", MARKER.encode()) as outgoing:
        socket.create_connection(("10.191.0.7", 80), 5).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(f"a {MARKER}".encode(), (PUBLIC, 80))
        wait_for(
            lambda: {line.split()[2] for line in outgoing.noted} == {"10.191.0.7,", f"{PUBLIC},"}, 5, "both are seen"
        )


def test_nobody_is_answered_by_somebody_else(running: System) -> None:
    for event in (restart_in_order, restart_after_a_death, restart_of_the_machine):
        with asked_and_watched(running) as visitors:
            wait_for(answered_by_all(visitors), 60, "every visitor is answered")
            event(running)
            wait_for(answered_by_all(visitors), 60, f"every visitor is answered after the {event.__name__}")
            time.sleep(0.5)
        for name, visitor in visitors.items():
            counts = Counter(visitor.seen)
            assert counts.keys() <= {"own", "starting", "refused", "cut"}, (event.__name__, name, counts)
            assert counts["starting"] > 0, "it was asked for while it was starting"
