"""Who reaches the instances of a slot: the maintenance page of a real Envoy, under requests without a pause."""

import time
from dataclasses import replace

import pytest

from sites.router.table import MAX_PAGE_BYTES, Cluster, Maintenance
from tests.live.router.client import Client
from tests.live.router.rig import PRODUCTION, STAGING, Rig, hosts

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
