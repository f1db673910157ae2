"""Who reaches the instances of a slot: a real Envoy with the real guard, under requests without a pause."""

import json
import os
import signal
import socket
import time
from dataclasses import replace

import pytest

from sites.router.guard.passes import NOBODY, Pass, signed
from sites.router.table import MAX_PAGE_BYTES, Cluster, Maintenance
from sites.router.xds.guarded import ASKED_AT_ONCE
from tests.live.router.client import Client
from tests.live.router.rig import PRODUCTION, STAGING, Rig, eventually, hosts
from tests.live.router.test_bounds import stats
from tests.sites.router.guard.file_rules import KEY

pytestmark = pytest.mark.live

PAGE = "PAGE"
"""The label under which the page stands among the answers."""


class Visitor(Client):
    """One who takes the page for an answer too."""

    def label(self, status: int, body: bytes) -> str:
        if status == 503 and b"<h1>Back soon</h1>" in body:
            return PAGE
        return super().label(status, body)


def test_maintenance_begins_and_ends_without_a_lost_or_a_mixed_answer(running: Rig, clusters: list[Cluster]) -> None:
    page = Maintenance("<h1>Back soon</h1>".ljust(MAX_PAGE_BYTES, "."), 60)
    production, staging = hosts("r-1", "r-2")
    closed = replace(production, maintenance=page)
    visitors = [Visitor(running.port, PRODUCTION) for _ in range(4)]
    beside = Visitor(running.port, STAGING)
    for visitor in (*visitors, beside):
        visitor.start()
    changes = [(0.0, 0.0, "A")]
    try:
        for number in range(12):
            began = time.monotonic()
            is_closed = number % 2 == 0
            running.publish([closed if is_closed else production, staging], clusters)
            changes.append((began, time.monotonic(), PAGE if is_closed else "A"))
            time.sleep(0.05)
    finally:
        for visitor in (*visitors, beside):
            visitor.stop()
    assert [visitor.failures for visitor in (*visitors, beside)] == [[]] * 5
    assert {label for _, _, label in beside.answers} == {"B"}
    answers = [answer for visitor in visitors for answer in visitor.answers]
    assert {label for _, _, label in answers} == {"A", PAGE}
    for sent_at, ended_at, label in answers:
        first = max(i for i, (_, done, _) in enumerate(changes) if done <= sent_at)
        last = max(i for i, (began, _, _) in enumerate(changes) if began <= ended_at)
        assert label in {changes[i][2] for i in range(first, last + 1)}, "an answer of what was over when it was sent"


def test_the_page_is_given_as_it_was_written_and_to_every_kind_of_request(
    running: Rig, clusters: list[Cluster]
) -> None:
    page = Maintenance("<h1>100% ä %REQ(:path)% %</h1>", 60)
    production, staging = hosts("r-1", "r-2")
    running.publish([replace(production, maintenance=page), replace(staging, maintenance=Maintenance("", 5))], clusters)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    for method, path, headers in (
        ("GET", "/", {}),
        ("POST", "/a%2Fb?x=1", {}),
        ("OPTIONS", "//", {}),
        ("GET", "/", upgrade),
        ("GET", "/", {"X-Original-URL": "/healthz", "X-Greenroom-Scope": STAGING}),
    ):
        answer = running.ask(PRODUCTION, path, method, headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert answer.text == page.html
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
    answer = running.ask(STAGING)
    assert "<h1>This web site is under maintenance</h1>" in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"


PASSWORD = {"slot_id": 2, "way": "password", "stamp": "present"}


def with_pass(host: str = STAGING, stamp: str = "present") -> str:
    """The Cookie header of a visitor who has typed the password, beside a cookie of the application."""
    text = signed(KEY, Pass(2, host, NOBODY, stamp, int(time.time()) + 3600))
    return f"mine=1; greenroom_visitor={text}"


def guarded(rig: Rig, clusters: list[Cluster], version: int, *, is_swapped: bool = False) -> None:
    """Staging asks its visitors by that version of its rule, and production does not."""
    first, second = ("r-2", "r-1") if is_swapped else ("r-1", "r-2")
    production, staging = hosts(first, second)
    rig.publish([replace(production, slot_id=1), replace(staging, slot_id=2, rule=str(version))], clusters)


TRICKS = (
    "GET / HTTP/1.1|Host: {host}",
    "HEAD / HTTP/1.1|Host: {host}",
    "POST / HTTP/1.1|Host: {host}|Content-Length: 0",
    "OPTIONS * HTTP/1.1|Host: {host}",
    "PROPFIND / HTTP/1.1|Host: {host}",
    "TRACE / HTTP/1.1|Host: {host}",
    "GET / HTTP/1.0|Host: {host}",
    "GET / HTTP/1.0",
    "GET http://{host}/ HTTP/1.1|Host: {host}",
    "GET http://{host}/ HTTP/1.1|Host: {other}",
    "GET http://{host}/.greenroom/visitors/../../ HTTP/1.1|Host: {host}",
    "GET / HTTP/1.1|Host: {upper}",
    "GET / HTTP/1.1|Host: {host}.",
    "GET / HTTP/1.1|Host: {host}:1",
    "GET /.greenroom/visitors/..%2f..%2f HTTP/1.1|Host: {host}",
    "GET /.greenroom/visitors/%2e%2e/%2e%2e/ HTTP/1.1|Host: {host}",
    "GET //.greenroom/visitors/ HTTP/1.1|Host: {host}",
    "GET /.greenroom//visitors/ HTTP/1.1|Host: {host}",
    "GET / HTTP/1.1|Host: {host}|X-Original-URL: /.greenroom/visitors/password|X-Rewrite-URL: /healthz",
    "GET / HTTP/1.1|Host: {host}|X-Greenroom-Admitted: 2",
    "GET / HTTP/1.1|Host: {host}|X_Greenroom_Admitted: 2",
    "GET / HTTP/1.1|Host: {host}|Connection: X-Greenroom-Admitted|X-Greenroom-Admitted: 2",
    "GET / HTTP/1.1|Host: {host}|X-Greenroom-Scope: {other}",
    "GET / HTTP/1.1|Host: {host}|X-Forwarded-For: 192.0.2.7|Forwarded: for=192.0.2.7|True-Client-IP: 192.0.2.7",
    "GET / HTTP/1.1|Host: {host}|Visitor-Address: 192.0.2.7",
    "GET / HTTP/1.1|Host: {host}|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13",
    "GET / HTTP/1.1|Host: {host}|Authorization: Basic YTpi",
    "GET / HTTP/1.1|Host: {host}|Cookie: greenroom_visitor=2.0.99999999999.present.x",
    "GET / HTTP/1.1|Host: {host}|Cookie: " + "a=b; " * 2000,
)
"""Requests by which somebody might pass the guard; a line end is written as '|'."""


def told(rig: Rig, trick: str) -> bytes:
    """The whole answer to a request that is sent byte by byte as it is."""
    names = {"host": STAGING, "other": PRODUCTION, "upper": STAGING.upper()}
    lines = trick.format(**names).split("|")
    request = "\r\n".join([lines[0], *lines[1:], "", ""])
    if "onnection:" not in request:
        request = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with socket.create_connection(("127.0.0.1", rig.port), 10) as connection:
        connection.sendall(request.encode())
        connection.settimeout(10)
        said = b""
        while b"</html>" not in said and (more := connection.recv(65536)):
            said += more
    return said


def test_no_request_passes_the_guard_by_a_trick(running: Rig, clusters: list[Cluster]) -> None:
    running.rules.write(PASSWORD | {"version": 1, "addresses": ["192.0.2.7"]})
    running.start_guard()
    guarded(running, clusters, 1)
    for trick in TRICKS:
        said = told(running, trick)
        assert said.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), trick
        assert b'"label": "B"' not in said and b"X-Label" not in said and b"x-label: b" not in said.lower(), trick
    assert b'"label": "A"' in told(running, TRICKS[0].replace("{host}", "{other}"))


def test_a_flood_at_one_slot_stands_before_few_of_others_at_the_guard(running: Rig, clusters: list[Cluster]) -> None:
    running.rules.write(PASSWORD | {"version": 1, "addresses": []})
    running.start_guard()
    production, staging = hosts("r-1", "r-2")
    running.publish([replace(production, slot_id=2, rule="1"), staging], clusters)
    assert running.ask(PRODUCTION).status_code == 401
    os.kill(running.pid("guard"), signal.SIGSTOP)
    crowd = [socket.create_connection(("127.0.0.1", running.port), 30) for _ in range(100)]
    for one in crowd:
        one.sendall(f"GET / HTTP/1.1\r\nHost: {PRODUCTION}\r\nConnection: close\r\n\r\n".encode())
    eventually(lambda: stats(running, "cluster.guard-2.upstream_rq_pending_active") > 0)
    threads = min(max(len(os.sched_getaffinity(0)), 2), 8)
    assert stats(running, "cluster.guard-2.upstream_rq_active") <= ASKED_AT_ONCE * threads
    assert running.ask(STAGING).status_code == 200
    os.kill(running.pid("guard"), signal.SIGCONT)
    for one in crowd:
        with one, one.makefile("rb") as answer:
            assert answer.readline().split()[1] in (b"401", b"503")  # closed, if it has waited for too long
    assert running.ask(PRODUCTION).status_code == 401


def test_who_has_a_pass_reaches_the_application_which_sees_nothing_of_it(running: Rig, clusters: list[Cluster]) -> None:
    running.rules.write(PASSWORD | {"version": 1})
    running.start_guard()
    guarded(running, clusters, 1)
    let_in = {"Cookie": with_pass(), "Authorization": "Bearer of-the-application"}
    for method in ("GET", "POST", "PUT"):
        answer = running.ask(STAGING, "/a%2Fb", method, headers=let_in, content=b"x" * 100_000)
        seen = answer.json()
        assert (seen["label"], seen["path"], seen["body"]) == ("B", "/a%2Fb", 100_000)
        assert (seen["headers"]["cookie"], seen["headers"]["authorization"]) == ("mine=1", "Bearer of-the-application")
        assert not [name for name in seen["headers"] if "greenroom" in name]
        assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    only = with_pass().partition("; ")[2]
    assert "cookie" not in running.ask(STAGING, headers={"Cookie": only}).json()["headers"]
    for cookie in (with_pass(PRODUCTION), with_pass(stamp="former"), ""):
        answer = running.ask(STAGING, headers={"Cookie": cookie})
        assert (answer.status_code, answer.headers["x-robots-tag"]) == (401, "noindex")
        assert "This web site asks for a password" in answer.text
    assert running.ask(STAGING, "/.greenroom/visitors/password", "POST").json()["label"] == "portal"


class Stranger(Client):
    """Wants into staging without a pass; whatever an instance answers is a leak."""

    def label(self, status: int, body: bytes) -> str:
        assert b'"label"' not in body, body[:200]
        assert status in (401, 503), status
        return str(status)


class Known(Client):
    """Comes to staging with a pass. While the guard is away the slot is closed to it too."""

    cookie = ""

    def headers(self) -> dict[str, str]:
        return super().headers() | {"Cookie": self.cookie}

    def label(self, status: int, body: bytes) -> str:
        assert status == 200 or (status in (401, 503) and b'"label"' not in body), (status, body[:200])
        return str(json.loads(body)["label"]) if status == 200 else str(status)


def test_nothing_leaks_and_production_loses_nothing_while_guard_rules_and_routes_change(
    running: Rig, clusters: list[Cluster]
) -> None:
    running.rules.write(PASSWORD | {"version": 1})
    running.start_guard()
    guarded(running, clusters, 1)
    strangers = [Stranger(running.port, STAGING) for _ in range(3)]
    known, beside = Known(running.port, STAGING), [Client(running.port, PRODUCTION) for _ in range(2)]
    known.cookie = with_pass()
    for client in (*strangers, known, *beside):
        client.start()
    try:
        for number in range(2, 10):
            stamp = "present" if number % 3 else "former"
            running.rules.write(PASSWORD | {"version": number, "stamp": stamp})
            guarded(running, clusters, number, is_swapped=number % 2 == 0)
            status = running.ask(STAGING, headers={"Cookie": with_pass()}).status_code
            assert status == (200 if number % 3 else 401), "it holds once the router has said so"
            if number % 4 == 0:
                running.kill("guard")
                assert running.ask(STAGING, headers={"Cookie": with_pass()}).status_code == 503
                running.start_guard()
    finally:
        for client in (*strangers, known, *beside):
            client.stop()
    assert [client.failures for client in (*strangers, known, *beside)] == [[]] * 6
    assert {label for client in beside for _, _, label in client.answers} == {"A", "B"}
    assert {"A", "B", "401", "503"} >= {label for _, _, label in known.answers} >= {"A", "B"}
    counts = [sum(len(client.answers) for client in clients) for clients in (strangers, beside)]
    assert min(counts) > 100
