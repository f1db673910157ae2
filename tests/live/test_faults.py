"""kill -9 of every part of Greenroom at every step of a swap: nobody notices, and the swap ends by itself.

Every cell of the table is one test. By default those of the steps around the switch run, and a third of the others,
chosen by the commit; `--all` runs all.
"""

import signal
import subprocess
from collections.abc import Iterator

import pytest
import redis

from sites.demo.staged_site import StagedSite
from sites.errors import RuntimeUnreachable
from sites.models import Operation, OperationState, Revision, Slot, SlotHold, Step
from sites.prober.clock import now
from sites.prober.load import Load
from sites.prober.records import Record, Trouble
from sites.runtime.process import ProcessRuntime
from sites.supervisor.identity import Identity
from tests.live.moments import Moment, hold_at, send
from tests.live.stage import assert_unnoticed, judge, stage, using, versions, visitors
from tests.live.system import ROOT, System, wait_for

pytestmark = pytest.mark.live

PARTS = ("worker-control", "worker-work", "web", "beat", "xds", "agent", "envoy", "redis")
VICTIMS = ("up", "child of worker-control", "memory of redis", *PARTS)
AROUND_SWITCH = (Step.SWITCHED, Step.PUBLISHED)
BEFORE = (Step.REQUESTED, Step.PREPARING, Step.STARTING, Step.WARMING, Step.OFFERED)
RECOVERY_SECONDS = 60.0
OUTAGE_SECONDS = 1.0
"""So long may connections be refused when Envoy itself is killed."""
OF_ENVOY = (Trouble.REFUSED, Trouble.BROKEN, Trouble.CUT)


def commit_number() -> int:
    """Chooses which third of the table runs."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return int(found.stdout.strip() or "0", 16)


def cells() -> list[object]:
    """The table, with what is left to `--all` marked as long."""
    table = [pytest.param(victim, step, id=f"{victim} at {step}") for victim in VICTIMS for step in AROUND_SWITCH]
    chosen = commit_number() % 3
    others = [(victim, step) for victim in VICTIMS for step in BEFORE]
    for number, (victim, step) in enumerate(others):
        marks = () if number % 3 == chosen else (pytest.mark.long,)
        table.append(pytest.param(victim, step, id=f"{victim} at {step}", marks=marks))
    return table


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    """Every swap starts instances of its own, and nothing is kept for a roll-back."""
    with using(system):
        site = stage(system, "faulty")
        Slot.objects.filter(site__name=site.name).update(rollback_window_seconds=0)
        yield site


@pytest.mark.parametrize(("victim", "step"), cells())
def test_a_killed_part_costs_no_request_and_the_swap_tells_the_truth(
    system: System, site: StagedSite, victim: str, step: Step
) -> None:
    with Load(visitors(site, is_light=True)) as load:
        moment = hold_at(system, site, step)
        try:
            killed_at = now()
            struck = strike(system, victim, moment)
        finally:
            moment.release()
        revive(system, struck)
        operation = ended(moment.operation)
        if operation.state == OperationState.SUCCEEDED:
            site.note_swap(operation, moment.requested_at)
    records = load.records if victim != "envoy" else without_outage(load.records, killed_at)
    assert_unnoticed(judge(records, site), at_least=20)
    assert versions(system, site) == site.serves, operation.outcome
    assert not SlotHold.objects.filter(slot__site__name=site.name).exists()
    wait_for(has_no_orphans, 15, "no instance runs that nobody wants")


def strike(system: System, victim: str, moment: Moment) -> dict[str, Identity]:
    """Kill, and return which parts were ended by that."""
    if victim == "up":
        before = system.identities()
        system.kill_up()
        return before
    if victim == "child of worker-control":
        send(moment.frozen, signal.SIGKILL)
        return {}
    if victim == "memory of redis":
        with redis.Redis(unix_socket_path=str(system.run_dir / "redis.sock")) as client:
            client.flushall()
        return {}
    return {victim: system.kill(victim)}


def revive(system: System, struck: dict[str, Identity]) -> None:
    """Return when what was killed is back: `up` starts everything but itself."""
    if system.up is not None and system.up.poll() is not None:
        system.start()
        return
    for name, former in struck.items():
        system.wait_for_another(name, former)


def ended(operation: Operation) -> Operation:
    """The operation, once it has ended by itself."""

    def is_final() -> bool:
        operation.refresh_from_db()
        return operation.state in Operation.FINAL

    wait_for(is_final, RECOVERY_SECONDS, f"the {operation} has ended")
    return operation


def without_outage(records: list[Record], killed_at: float) -> list[Record]:
    """The records but those that failed because Envoy itself was gone; for a second at most it was."""
    gone = [one for one in records if one.trouble in OF_ENVOY and one.sent_at < killed_at + OUTAGE_SECONDS]
    late = [one for one in records if one.trouble is Trouble.REFUSED and one.sent_at >= killed_at + OUTAGE_SECONDS]
    assert not late, f"connections were refused for {late[-1].sent_at - killed_at:.2f} s"
    return [one for one in records if one not in gone]


def has_no_orphans() -> bool:
    """Whether the database knows and wants every instance that there is; also waits for the agent to be back."""
    try:
        running = {status.revision_id for status in ProcessRuntime().observe()}
    except RuntimeUnreachable:
        return False
    return running <= set(Revision.objects.filter(state__in=Revision.OPEN).values_list("pk", flat=True))
