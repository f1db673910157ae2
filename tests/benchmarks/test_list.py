"""The list of 1,000 sites beside the list of ten: as many queries, and under 100 ms of the server's time."""

import sys
import time
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from sites.models import Deployment, DeploymentState, Site
from sites.services import slots
from tests.domain import Domain, make_domain

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db]

FEW, MANY = 10, 1_000
LOOKS = 9
LIMIT_MS = 100.0
ADDRESSES = ("/sites/?selected=site0000/staging", "/sites/?sort=-url", "/sites/?q=site00", "/sites/?page=5", "/all/")


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Domain:
    """An installation in memory."""
    return make_domain(tmp_path, monkeypatch)


def make_sites(domain: Domain, first: int, last: int) -> None:
    """Staged sites with content in both slots."""
    for number in range(first, last):
        site = Site.objects.create(subscription=domain.subscription, name=f"site{number:04}")
        for name, is_production in (("production", True), ("staging", False)):
            slot = slots.create_slot(site, name, is_production=is_production)
            slot.current_workload.active_deployment = Deployment.objects.create(
                workload=slot.current_workload, state=DeploymentState.ACTIVE, content_digest="0" * 64, message="First"
            )
            slot.current_workload.save(update_fields=["active_deployment"])


def measure(client: Client, address: str) -> tuple[float, int]:
    """The least processor milliseconds of the whole WSGI application in some looks, and its number of queries.

    Not by the clock and no mean: what else a machine does is no work of the portal. SQLite works in its process.
    """
    application = WSGIHandler()
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in client.cookies.values())
    path, _, query = address.partition("?")
    times = []
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    queries = len(captured)
    for _ in range(LOOKS):
        environ = RequestFactory(SERVER_NAME="localhost", HTTP_COOKIE=cookies).get(path).environ
        began = time.process_time()
        answer = application({**environ, "QUERY_STRING": query}, lambda *_: None)
        times.append((time.process_time() - began) * 1000)
        assert answer.status_code == 200
    return min(times), queries


def test_the_list_of_a_thousand_sites_costs_what_one_page_costs(
    domain: Domain, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(domain.alice)
    make_sites(domain, 0, FEW)
    few = {address: measure(client, address) for address in ADDRESSES}
    make_sites(domain, FEW, MANY)
    many = {address: measure(client, address) for address in ADDRESSES}
    lines = [
        f"{address:35} {few[address][0]:6.1f} ms with {FEW}, {many[address][0]:6.1f} ms with {MANY}, "
        f"ratio {many[address][0] / few[address][0]:.1f}, {many[address][1]} queries"
        for address in ADDRESSES
    ]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert {address: found[1] for address, found in many.items()} == {
        address: found[1] for address, found in few.items()
    }
    assert max(found[0] for found in many.values()) < LIMIT_MS
