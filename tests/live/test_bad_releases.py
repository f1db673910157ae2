"""Releases that cannot serve: the operation says why, and nobody who visits production notices."""

from collections.abc import Iterator

import pytest

from sites.models import Operation, OperationState, Revision, RevisionState, SlotHold
from tests.live import archives
from tests.live.stage import assert_unnoticed, judge, stage, using, versions, visitors
from tests.live.system import System, wait_for
from tools.demo.staged_site import StagedSite
from tools.prober.load import Load

pytestmark = pytest.mark.live

SAYS = "import sys; sys.stdout.write('no database at db:5432\\n'); sys.stdout.flush()"
EXITS = f"{SAYS}; sys.exit(3)"
NEVER_LISTENS = f"import time; {SAYS}; time.sleep(3600)"
ANSWERS_500 = (
    "import http.server as h, sys; sys.stdout.write('no database at db:5432\\n'); sys.stdout.flush(); "
    "h.BaseHTTPRequestHandler.do_GET = lambda self: self.send_error(500); "
    "h.BaseHTTPRequestHandler.log_message = lambda *_: None; "
    "h.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), h.BaseHTTPRequestHandler).serve_forever()"
)


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    """Version 1 in production; what staging has is each test's own business."""
    with using(system):
        yield stage(system, "careful")


def ended(operation: Operation, *, seconds: float = 60) -> Operation:
    def is_final() -> bool:
        operation.refresh_from_db()
        return not operation.is_open

    wait_for(is_final, seconds, f"the {operation} has ended")
    return operation


def assert_failed(operation: Operation, code: str, *parts: str) -> None:
    """It failed with this code and a sentence that holds these parts, and left nothing behind."""
    assert (operation.state, operation.error_code) == (OperationState.FAILED, code), operation.outcome
    for part in parts:
        assert part in operation.outcome
    assert operation.steps.filter(is_failed=True).count() == 1
    assert not SlotHold.objects.filter(operation=operation).exists()
    in_service = {RevisionState.SERVING, RevisionState.DRAINING, RevisionState.STOPPING, *Revision.FINAL}
    prepared = Revision.objects.filter(site=operation.site).exclude(state__in=in_service)
    wait_for(lambda: not prepared.exists(), 15, "what was prepared is given up")


@pytest.mark.parametrize(
    ("archive", "code", "parts"),
    [
        (archives.does_at_start(EXITS), "InstanceNotStarted", ["ended with code 3", "no database at db:5432"]),
        (archives.cannot_be_built(), "BuildFailed", ["greenroom-package-that-does-not-exist"]),
        (archives.release_fails(), "ReleaseFailed", ["ended with code 4", "no table named orders"]),
    ],
    ids=["exits", "cannot be built", "release command fails"],
)
def test_a_bad_publication_leaves_the_slot_as_it_was(
    system: System, site: StagedSite, archive: bytes, code: str, parts: list[str]
) -> None:
    good = ended(site.publish(site.staging, archives.probed("2"), "good"))
    assert good.state == OperationState.SUCCEEDED, good.outcome
    with Load(visitors(site, is_light=True)) as load:
        operation = ended(site.publish(site.staging, archive, "add search"))
        wait_for(lambda: load.count >= 50, 60, "there were visitors enough")
    assert_failed(operation, code, *parts, "'careful (staging)' goes on serving 'good'")
    assert_unnoticed(judge(load.records, site), at_least=30)
    assert versions(system, site) == ("1", "2")


def swap_of(site: StagedSite, archive: bytes) -> tuple[Operation, Load]:
    """Publish to staging what works there, then swap under load."""
    published = ended(site.publish(site.staging, archive, "works in staging only"))
    assert published.state == OperationState.SUCCEEDED, published.outcome
    with Load(visitors(site, is_light=True)) as load:
        operation = ended(site.request_swap(), seconds=150)
    return operation, load


@pytest.mark.parametrize(
    ("does", "code", "parts"),
    [
        (EXITS, "InstanceNotStarted", ["of 2 of 'careful' ended with code 3 before it listened on its port"]),
        (ANSWERS_500, "WarmupFailed", ["answered 500 to GET / 5 times; accepted are 200–499"]),
        pytest.param(NEVER_LISTENS, "InstanceNotStarted", ["did not listen on its port"], marks=pytest.mark.long),
    ],
    ids=["exits", "answers 500", "never listens"],
)
def test_a_release_that_cannot_serve_in_production_stops_the_swap(
    system: System, site: StagedSite, does: str, code: str, parts: list[str]
) -> None:
    operation, load = swap_of(site, archives.fails_in_production(does))
    assert_failed(operation, code, *parts, "Production was not touched.", "no database at db:5432")
    production, staging = site.hosts
    assert_unnoticed(judge(load.records, site, before={production: "1", staging: "broken"}), at_least=30)
    assert versions(system, site) == ("1", "broken")
