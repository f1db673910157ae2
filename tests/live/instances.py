"""The instances of a system: as the agent sees them, as the database wants them, and their processes."""

from django.test import override_settings

from sites.errors import RuntimeUnreachable
from sites.models import Revision, Slot
from sites.runtime.agent import identity
from sites.runtime.agent.monitor import Monitor
from sites.runtime.process import ProcessRuntime
from sites.runtime.spec import InstanceState
from tests.live.system import System, wait_for


def runtime_of(system: System) -> ProcessRuntime:
    """The runtime of a system that need not be the session's."""
    with override_settings(AGENT_SOCKET=system.run_dir / "agent.sock"):
        return ProcessRuntime()


def instances(system: System) -> dict[tuple[int, int], InstanceState]:
    """Revision and ordinal → state of every instance that the agent cares for. Raises RuntimeUnreachable."""
    return {(one.revision_id, one.ordinal): one.state for one in runtime_of(system).observe()}


def running_process(system: System, revision_id: int, ordinal: int) -> identity.Identity:
    """The site's process inside the sandbox of an instance, once it is there."""
    folder = system.data / "instances" / "revisions" / str(revision_id) / str(ordinal)
    found: list[identity.Identity] = []

    def is_there() -> bool:
        monitor = Monitor.read(folder)
        child = monitor.record.child if monitor is not None else None
        if child is None or identity.identify(child.pid) != child:
            return False
        found[:] = [one for pid in identity.children_of(child.pid) if (one := identity.identify(pid)) is not None]
        return bool(found)

    wait_for(is_there, 60, f"instance {ordinal} of revision {revision_id} runs", interval=0.005)
    return found[0]


def has_no_orphans(system: System) -> bool:
    """Whether the database knows and wants every instance that there is; also waits for the agent to be back."""
    try:
        running = {revision for revision, _ in instances(system)}
    except RuntimeUnreachable:
        return False
    return running <= set(Revision.objects.filter(state__in=Revision.OPEN).values_list("pk", flat=True))


def is_complete(system: System, site: str) -> bool:
    """Whether both slots of the site have every instance that they should have."""
    running = {key for key, state in instances(system).items() if state == InstanceState.RUNNING}
    slots = Slot.objects.filter(site__name=site).values_list("live_revision", "instance_count")
    return all((revision, ordinal) in running for revision, count in slots for ordinal in range(count))
