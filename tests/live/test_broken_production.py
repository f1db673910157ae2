"""Production that has stopped working can be left at once: whatever it does now, nothing waits for it."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from sites.content import store
from sites.models import Instance, Operation, OperationState
from sites.services.rollback import request_roll_back
from sites.services.slots import scale
from tests.live import archives
from tests.live.stage import stage, using, versions
from tests.live.system import System, wait_for
from tools.demo.operations import wait_for as wait_until_done
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live

LIMIT = timedelta(seconds=60)
"""Half of what an operation would wait for an instance that does not listen; the steps themselves take seconds."""
BREAKS = """
import os, threading, time
from pathlib import Path
STATE = Path(__file__).parent / "STATE"
def break_down():
    while STATE.read_text() != "broken":
        time.sleep(0.1)
    {then}
threading.Thread(target=break_down, daemon=True).start()
if STATE.read_text() == "broken":
    {at_start}
"""
"""What stands in a file beside the program breaks it, now and at every start."""
MAIN = 'if __name__ == "__main__":'
HANG = "Handler.note = lambda self: time.sleep(3600)"
WAYS = {
    "exits": BREAKS.format(then="os._exit(3)", at_start="os._exit(3)"),
    "never listens": BREAKS.format(then="os._exit(3)", at_start="time.sleep(3600)"),
    "hangs": BREAKS.format(then=HANG, at_start="pass"),
}


def breakable(way: str, version: str) -> bytes:
    program = archives.PROBED.read_text().replace(MAIN, WAYS[way] + MAIN)
    return archives.zipped(app__py=program, STATE="well", VERSION=version, Procfile=archives.WEB)


@pytest.fixture(params=["exits", "never listens", "hangs"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(system: System, way: str) -> Iterator[StagedSite]:
    """Version 1 in production; sticky settings where the program hangs, so that a swap has to start it anew."""
    with using(system):
        name = way.replace(" ", "")
        yield stage(system, name, instances=1, is_marked=way == "hangs")


def break_production(system: System, site: StagedSite, way: str) -> None:
    """Bring a version into production that works, and then break it."""
    published = site.publish(site.staging, breakable(way, f"{way}-{Operation.objects.count()}"), way)
    wait_until_done(published)
    wait_until_done(site.request_swap())
    (store.path_of(published.deployment.content_digest) / "STATE").write_text("broken")  # the same file, not a new one
    revision = site.production.live_revision_id
    if way == "hangs":
        wait_for(lambda: hangs(system, site), 30, "production has broken down")
        return
    wait_for(
        lambda: Instance.objects.filter(revision=revision, restarts__gt=0).exists(), 30, "production has broken down"
    )


def hangs(system: System, site: StagedSite) -> bool:
    with system.client(site.name) as client:
        try:
            client.get("/", timeout=1.0)
        except httpx.ReadTimeout:
            return True
    return False


def ended(operation: Operation) -> Operation:
    wait_until_done(operation, limit_seconds=90)
    operation.refresh_from_db()
    assert operation.state == OperationState.SUCCEEDED, operation.outcome
    assert operation.ended_at - operation.created_at < LIMIT, operation.outcome
    return operation


def serves(system: System, site: StagedSite) -> str:
    with system.client(site.name) as client:
        return client.get("/").headers.get("X-Version", "")


def test_it_is_rolled_back_scaled_and_left_by_a_swap(system: System, site: StagedSite, way: str) -> None:
    before = versions(system, site)[0]
    break_production(system, site, way)
    ended(request_roll_back(acting_user=site.user, site=site.production.site))
    assert serves(system, site) == before

    break_production(system, site, way)
    ended(scale(acting_user=site.user, slot=site.production, count=2))
    ended(site.publish(site.staging, archives.probed("3"), "good"))
    ended(site.request_swap())
    assert serves(system, site) == "3"

    break_production(system, site, way)
    ended(site.publish(site.production, archives.probed("4"), "good"))
    assert serves(system, site) == "4"
    ended(scale(acting_user=site.user, slot=site.production, count=1))
