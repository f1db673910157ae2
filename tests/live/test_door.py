"""Clients that are slow, that wait, or that are many, against a real system: they hold no thread, and bounds hold."""

import asyncio
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from sites.models import HostNameKind, Operation, Slot
from sites.services import operations
from tests.live import archives
from tests.live.stage import stage, using
from tests.live.system import CSRF_COOKIE, System, wait_for
from tools.bench.door.crowd import Numbers, come, strangers
from tools.bench.door.stage import largest_asset
from tools.bench.door.tally import Tally
from tools.bench.door.target import Slot as Credentials
from tools.bench.door.target import Target
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live

CROWD = Numbers(
    headers=20,
    bodies=60,
    publishing=20,
    readers=10,
    silent_uploads=20,
    idle=40,
    streams=30,
    resets=100,
    publications=True,
    form_upload=True,
)
LARGE = 40 * 1024**2
BLOCK = b"x" * 1024**2


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    """Version 1 in production, version 2 in staging."""
    with using(system):
        yield stage(system, "door", instances=1, is_marked=False)


def credentials(slot: Slot) -> tuple[str, str]:
    """Publishing host and the value of Authorization."""
    pair = f"{slot.publishing_user}:{slot.publishing_password}"
    host = slot.host_names.get(kind=HostNameKind.PUBLISHING).name
    return host, f"Basic {base64.b64encode(pair.encode()).decode()}"


def threads_of_web(system: System) -> int:
    return len(os.listdir(f"/proc/{system.pid('web')}/task"))


def connections_of_web(system: System) -> int:
    """Sockets; each thread has files of its own for the database."""
    found = []
    for entry in Path(f"/proc/{system.pid('web')}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(str(entry.readlink()))
    return sum(link.startswith("socket:") for link in found)


def uploads(system: System) -> list[Path]:
    return list((system.data / "uploads").iterdir())


@contextmanager
def crowd(system: System, slot: Slot) -> Iterator[Tally]:
    """Strangers who are slow, and floods, from the entry of the block to its end."""
    host, _ = credentials(slot)
    token = "a" * 32
    target = Target(
        address=("127.0.0.1", system.port),
        portal=system.host(),
        session="",
        stranger=f"{CSRF_COOKIE}={token}",
        token=token,
        sites=(),
        pipelines=(Credentials(f"{host}:{system.port}", ""),),
        uploaded=Credentials("", ""),
        published_path="",
        large_path=largest_asset(system.data / "static"),
        log_path="",
        small_zip=Path(),
        large_zip=Path(),
    )
    tally, stopping, loop = Tally(), asyncio.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(come(strangers(target, CROWD), tally, stopping)))
    thread.start()
    try:
        yield tally
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


def test_a_crowd_of_slow_strangers_stops_nobody(system: System, site: StagedSite) -> None:
    before = connections_of_web(system)
    with crowd(system, site.production) as tally:
        wanted = {"headers": 20, "bodies": 60, "publishing": 20, "readers": 10, "idle": 40, "streams": 2}
        wait_for(lambda: all(tally.open_now[kind] >= count for kind, count in wanted.items()), 30, "they are there")
        with system.signed_in() as person, system.client("door") as visitor:
            for _ in range(10):
                assert person.get("/healthz").text.startswith("ok: database")
                assert person.get("/sites/").status_code == 200
                assert visitor.get("/").headers["X-Version"] == "1"
        assert threads_of_web(system) <= 20
        assert tally.open_now["bodies"] >= 30  # they are still there
    wait_for(lambda: connections_of_web(system) <= before + 10, 60, "nothing of them is left")
    assert uploads(system) == []


def post(system: System, host: str, authorization: str, body: bytes) -> tuple[int, dict[str, str]]:
    """A synchronous publication: the status, and the JSON that it is answered, with the address in Location."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=120)
    headers = {"Host": f"{host}:{system.port}", "Authorization": authorization}
    try:
        connection.request("POST", "/api/zipdeploy", body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()) | {"location": answer.headers.get("Location", "")}
    finally:
        connection.close()


def test_publications_that_are_waited_for_hold_no_thread_and_outlive_the_server(
    system: System, site: StagedSite
) -> None:
    silent = archives.zipped(Procfile="web: sleep 600\n")
    ways = [credentials(slot) for slot in (site.production, site.staging)]
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(post, system, *way, silent) for way in ways]
        going_on = Operation.objects.filter(site=site.production.site, state__in=Operation.OPEN)
        wait_for(lambda: going_on.all().count() == 2, 60, "both are being published")
        host, authorization = ways[0]
        with system.client() as client:
            client.headers.update({"Host": f"{host}:{system.port}", "Authorization": authorization})
            for _ in range(5):  # more than there are threads for publishing, if each who waits had one
                assert client.get("/api/deployments").status_code == 200
        assert not any(answer.done() for answer in answers)
        former = system.kill("web", signal.SIGTERM)
        said = [answer.result(timeout=60) for answer in answers]
    system.wait_for_another("web", former)
    assert [status for status, _ in said] == [202, 202]
    assert all("/api/deployments/" in answer["location"] for _, answer in said)
    for operation in list(going_on):
        operations.cancel(acting_user=site.user, operation=operation)
    wait_for(lambda: not going_on.all().exists(), 60, "both are cancelled")
    assert uploads(system) == []


def send_before_reading(system: System, host: str, authorization: str, size: int) -> tuple[int, str]:
    """As many libraries do: the whole body first, then the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    try:
        connection.putrequest("POST", "/api/zipdeploy", skip_host=True)
        for name, value in {"Host": host, "Authorization": authorization, "Content-Length": str(size)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        for _ in range(size // len(BLOCK)):
            connection.send(BLOCK)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["code"]
    finally:
        connection.close()


def test_who_sends_before_reading_gets_the_refusal_and_fills_no_disk(system: System, site: StagedSite) -> None:
    host, _ = credentials(site.production)
    wrong = f"Basic {base64.b64encode(b'$door:wrong').decode()}"
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(send_before_reading, system, f"{host}:{system.port}", wrong, LARGE)
        while not refused.done():
            assert uploads(system) == []
    assert refused.result() == (401, "NotAuthenticated")


def test_who_waits_for_100_continue_gets_401_or_413_before_it(system: System, site: StagedSite) -> None:
    host, right = credentials(site.production)
    wrong = f"Basic {base64.b64encode(b'$door:wrong').decode()}"
    for authorization, size, status in ((wrong, LARGE, b"401"), (right, 2**40, b"413")):
        lines = ["POST /api/zipdeploy HTTP/1.1", f"Host: {host}:{system.port}", f"Authorization: {authorization}"]
        lines += [f"Content-Length: {size}", "Expect: 100-continue", "", ""]
        with socket.create_connection(("127.0.0.1", system.port), 20) as connection:
            connection.sendall("\r\n".join(lines).encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    "options", [["-T", "-"], ["-H", "Expect:", "-T", "-"], ["--http2-prior-knowledge", "-T", "-"]], ids=str
)
def test_an_upload_without_a_length_is_published(
    system: System, site: StagedSite, tmp_path: Path, options: list[str]
) -> None:
    host, authorization = credentials(site.staging)
    archive = tmp_path / "site.zip"
    archive.write_bytes(archives.zipped(index__html="without a length", filler__txt=os.urandom(200_000).hex()))
    command = [
        "curl",
        "-sS",
        "-X",
        "POST",
        "-H",
        f"Host: {host}:{system.port}",
        "-H",
        f"Authorization: {authorization}",
    ]
    command += [*options, "-w", "%{http_code}", f"http://127.0.0.1:{system.port}/api/zipdeploy"]
    with archive.open("rb") as given:
        done = subprocess.run(command, stdin=given, capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("200"), done.stdout + done.stderr
    with system.client("door-staging") as visitor:
        assert visitor.get("/").text == "without a length"


def test_the_form_publishes_a_large_archive_and_forgets_no_message(system: System, site: StagedSite) -> None:
    archive = archives.zipped(index__html="by the form", filler__txt=os.urandom(200_000).hex())
    with system.signed_in() as person:
        answer = person.post(
            "/sites/door/staging/publish/",
            data={"message": "by the form"},
            files={"archive": ("site.zip", archive, "application/zip")},
        )
        assert answer.status_code == 303, answer.text
        operation = Operation.objects.filter(site=site.staging.site).latest("pk")
        wait_for(lambda: not Operation.objects.get(pk=operation.pk).is_open, 60, "it is published")
        assert operation.deployment.message == "by the form"
        person.headers["Cookie"] = person.headers["Cookie"].partition("; ")[2]
        away = person.post(
            "/sites/door/staging/publish/",
            data={"message": "typed before the session ended"},
            files={"archive": ("site.zip", archive, "application/zip")},
        )
        assert away.status_code == 302
        assert away.headers["Location"].startswith("/sign-in/")
    assert uploads(system) == []


def test_nothing_names_the_server(system: System) -> None:
    with system.client() as client:
        assert "server" not in client.get("/sign-in/").headers
        assert "server" not in client.get("/nothing/here").headers


def test_a_large_cookie_and_a_long_address_reach_the_portal(system: System) -> None:
    with system.client() as client:
        answer = client.get("/sign-in/?q=" + "a" * 20_000, headers={"Cookie": "large=" + "b" * 20_000})
        assert answer.status_code == 200
        assert client.get("/sign-in/", headers={"Cookie": "large=" + "b" * 80_000}).status_code == 431


def test_a_flood_of_connections_leaves_the_portal_its_own(system: System) -> None:
    held = []
    with contextlib.ExitStack() as stack:
        for _ in range(500):
            held.append(stack.enter_context(socket.create_connection(("127.0.0.1", system.port), 5)))
        with system.client() as client:
            assert client.get("/healthz").status_code == 200
