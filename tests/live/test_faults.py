"""kill -9 of every part of Greenroom at every step of a swap: nobody notices, and the swap ends by itself.

Every cell of the table is one test. By default those of the steps around the switch run, and a third of the others,
chosen by the commit; `--all` runs all.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from sites.demo.staged_site import StagedSite
from sites.models import Operation, OperationState, Slot, SlotHold, Step
from sites.prober.load import Load
from sites.prober.records import Record
from tests.live.instances import has_no_orphans, is_complete
from tests.live.moments import hold_at
from tests.live.postgres import Postgres
from tests.live.stage import assert_unnoticed, judge, stage, using, versions, visitors
from tests.live.system import ROOT, System, wait_for
from tests.live.victims import (
    Children,
    Connections,
    Envoy,
    Instance,
    Memory,
    Part,
    Server,
    Up,
    Victim,
)

pytestmark = pytest.mark.live

ON_SQLITE: dict[str, Callable[[], Victim]] = {
    "up": Up,
    "worker-control": partial(Part, "worker-control"),
    "processes of worker-control": Children,
    "worker-work": partial(Part, "worker-work"),
    "web": partial(Part, "web"),
    "beat": partial(Part, "beat"),
    "xds": partial(Part, "xds"),
    "envoy": partial(Envoy, "envoy"),
    "agent": partial(Part, "agent"),
    "instance of production": partial(Instance, is_new=False),
    "instance for production": partial(Instance, is_new=True),
    "redis": partial(Part, "redis"),
    "memory of redis": Memory,
}
ON_POSTGRES: dict[str, Callable[[Postgres], Victim]] = {
    "connections to PostgreSQL": Connections,
    "PostgreSQL": Server,
}
AROUND_SWITCH = (Step.SWITCHED, Step.PUBLISHED)
BEFORE = (Step.REQUESTED, Step.PREPARING, Step.STARTING, Step.WARMING, Step.OFFERED)
RECOVERY_SECONDS = 60.0
REQUESTS = 20
"""So many are answered before anything is killed."""


def commit_number() -> int:
    """Chooses which third of the table runs."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return int(found.stdout.strip() or "0", 16)


def cells(victims: dict[str, Callable[..., Victim]]) -> list[object]:
    """Their part of the table, with what is left to `--all` marked as long; no part is killed twice in a row."""
    table = [pytest.param(victim, step, id=f"{victim} at {step}") for step in AROUND_SWITCH for victim in victims]
    chosen = commit_number() % 3
    for number, (step, victim) in enumerate((step, victim) for step in BEFORE for victim in victims):
        marks = () if number % 3 == chosen else (pytest.mark.long,)
        table.append(pytest.param(victim, step, id=f"{victim} at {step}", marks=marks))
    return table


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL for this table."""
    server = Postgres()
    yield server
    server.destroy()


@pytest.fixture(scope="module")
def on_postgres(server: Postgres, django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    """A system whose database it is; with the key of these tests, which read what is encrypted."""
    data = Path(tempfile.mkdtemp(prefix="greenroom-live-"))
    shutil.copy(settings.DATA_DIR / "secret.key", data)
    system = System(data, django_db_blocker, {"DATABASE_URL": server.url})
    try:
        system.start()
        yield system
    finally:
        system.destroy()


@pytest.mark.parametrize(("victim", "step"), cells(ON_SQLITE))
def test_what_is_killed_costs_no_request_and_the_swap_tells_the_truth(system: System, victim: str, step: Step) -> None:
    strike(system, ON_SQLITE[victim](), step)


@pytest.mark.parametrize(("victim", "step"), cells(ON_POSTGRES))
def test_a_lost_database_costs_no_request_and_the_swap_tells_the_truth(
    on_postgres: System, server: Postgres, victim: str, step: Step
) -> None:
    strike(on_postgres, ON_POSTGRES[victim](server), step)


def strike(system: System, victim: Victim, step: Step) -> None:
    """One cell: every swap starts instances of its own, and nothing is kept for a roll-back."""
    with using(system):
        site = stage(system, "faulty")
        Slot.objects.filter(site__name=site.name).update(rollback_window_seconds=0)
        records, operation = struck(system, site, victim, step)
        assert_unnoticed(judge(victim.unexcused(system, records), site), at_least=REQUESTS)
        assert versions(system, site) == site.serves, operation.outcome
        assert not SlotHold.objects.filter(slot__site__name=site.name).exists()
        wait_for(lambda: has_no_orphans(system), 15, "no instance runs that nobody wants")
        wait_for(lambda: is_complete(system, site.name), 15, "every instance that is wanted runs")


def struck(system: System, site: StagedSite, victim: Victim, step: Step) -> tuple[list[Record], Operation]:
    """What visitors saw of a swap in which the victim is killed at the step, and the swap, which has ended."""
    with Load(visitors(site, is_light=True)) as load:
        wait_for(lambda: load.count >= REQUESTS, 10, "visitors are there", interval=0.01)
        moment = hold_at(system, site, step)
        try:
            victim.strike(system, moment)
        finally:
            moment.release()
        victim.revive(system)
        operation = ended(moment.operation)
        if operation.state == OperationState.SUCCEEDED:
            site.note_swap(operation, moment.requested_at)
    return load.records, operation


def ended(operation: Operation) -> Operation:
    """The operation, once it has ended by itself."""

    def is_final() -> bool:
        operation.refresh_from_db()
        return operation.state in Operation.FINAL

    wait_for(is_final, RECOVERY_SECONDS, f"the {operation} has ended")
    return operation
