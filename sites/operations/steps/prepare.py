"""Steps PREPARING and STARTING: find or make the revisions, and have their instances running."""

from sites.errors import InstanceNotStarted
from sites.models import Instance, Operation, Revision, RevisionState, SlotChange
from sites.models.clock import now
from sites.operations import wording
from sites.operations.procedure import DONE, Progress
from sites.planning import make_plan, spec_of
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState, InstanceStatus

STARTS = 2
"""So often may an instance end by itself before the operation gives up."""
PLANNED = ("slot__site", "workload_after", "deployment_after")
"""What a plan is made of."""
BACK_IN_USE = {"released_at": None, "idle_since": None, "drain_deadline": None}
"""What a revision loses that no longer leaves."""


def prepare(operation: Operation) -> None:
    """Give each change its revision: one that runs already with the needed fingerprint, or a new row."""
    for change in operation.changes.starting().loaded(*PLANNED):
        plan = make_plan(change.held_slot, change.occupant_after, change.deployment_after)
        revision = _reused(change, plan.fingerprint) or Revision.objects.create(
            site=change.held_slot.site,
            workload=change.workload_after,
            slot=change.slot,
            deployment=change.deployment_after,
            fingerprint=plan.fingerprint,
            snapshot=plan.snapshot,
            allows_web_sockets=plan.allows_web_sockets,
            wanted_count=change.count_after,
        )
        if revision.wanted_count < change.count_after:
            revision.wanted_count = change.count_after
            revision.generation += 1
            revision.save(update_fields=["wanted_count", "generation"])
        _expect_instances(revision)
        change.revision_after = revision
        change.save(update_fields=["revision_after"])


def _expect_instances(revision: Revision) -> None:
    """Have a row for each wanted instance, whose tries begin anew."""
    known = revision.instances.order_by()
    known.update(warmup_tries=0, warmup_tried_at=None)
    missing = set(range(revision.wanted_count)) - set(known.values_list("ordinal", flat=True))
    if missing:
        Instance.objects.bulk_create(Instance(revision=revision, ordinal=ordinal) for ordinal in sorted(missing))


def _reused(change: SlotChange, fingerprint: str) -> Revision | None:
    revision = Revision.objects.filter(
        workload=change.workload_after, fingerprint=fingerprint, state__in=Revision.REUSABLE
    ).first()
    if revision is not None and revision.state == RevisionState.DRAINING:
        if not revision.transition(RevisionState.DRAINING, RevisionState.READY, **BACK_IN_USE):
            return None
    return revision


def work_prepare(operation: Operation) -> Progress:
    """Nothing touches the world yet."""
    return DONE


def start(operation: Operation) -> Progress:
    """Order the instances from the runtime and wait until each accepts connections.

    Raises InstanceNotStarted as soon as one ends by itself a second time in this operation.
    """
    changes = operation.changes.starting().loaded()
    runtime = get_runtime()
    revisions = [change.prepared for change in changes]
    statuses = runtime.observe([revision.pk for revision in revisions])
    if missing := [revision for revision in revisions if not _is_ordered(revision, statuses)]:
        for revision in missing:
            runtime.apply(spec_of(revision))
        statuses = runtime.observe([revision.pk for revision in revisions])
    record(statuses)
    running = wanted = 0
    for change in changes:
        revision = change.prepared
        own = [status for status in statuses if status.revision_id == revision.pk]
        _refuse_crashes(operation, change, own)
        running += sum(status.state == InstanceState.RUNNING for status in own[: revision.wanted_count])
        wanted += revision.wanted_count
    return Progress(running >= wanted, f"{running} of {wanted} instances run")


def _is_ordered(revision: Revision, statuses: list[InstanceStatus]) -> bool:
    """The runtime knows every instance by the revision's last order, so giving it again would change nothing."""
    known = {
        status.ordinal
        for status in statuses
        if status.revision_id == revision.pk
        and status.generation == revision.generation
        and status.state != InstanceState.STOPPING
    }
    return known >= set(range(revision.wanted_count))


def record(statuses: list[InstanceStatus]) -> None:
    """Write what the runtime reports; only what has changed is written."""
    rows = {
        (row.revision_id, row.ordinal): row
        for row in Instance.objects.filter(revision__in={status.revision_id for status in statuses}).order_by()
    }
    for status in statuses:
        row = rows.get((status.revision_id, status.ordinal))
        if row is None:
            continue
        seen = {
            "address": status.address,
            "port": status.port,
            "observed_state": status.state,
            "restarts": status.restarts,
            "exit_code": status.exit_code,
        }
        if any(getattr(row, name) != value for name, value in seen.items()):
            Instance.objects.filter(pk=row.pk).update(**seen)


def _refuse_crashes(operation: Operation, change: SlotChange, statuses: list[InstanceStatus]) -> None:
    revision = change.prepared
    if revision.state != RevisionState.PREPARING:
        return
    for status in statuses:
        if status.restarts >= STARTS:
            raise InstanceNotStarted(
                what=wording.what(operation),
                ordinal=status.ordinal + 1,
                count=revision.wanted_count,
                name=change.held_slot.title,
                how=f"ended with code {status.exit_code} before it listened on its port",
                holds=wording.holds(operation),
                last_lines=wording.last_lines(get_runtime().log_tail(revision.pk, status.ordinal, lines=10)),
            )


def not_listening(operation: Operation, seconds: float) -> InstanceNotStarted | None:
    """The failure of the first instance that still does not listen after `seconds`."""
    for change in operation.changes.starting().loaded("slot__site"):
        revision = change.revision_after
        if revision is None:
            continue
        late = revision.instances.exclude(observed_state=InstanceState.RUNNING).first()
        if late is not None:
            return InstanceNotStarted(
                what=wording.what(operation),
                ordinal=late.ordinal + 1,
                count=revision.wanted_count,
                name=change.held_slot.title,
                how=f"did not listen on its port within {seconds:.0f} s",
                holds=wording.holds(operation),
                last_lines=wording.last_lines(get_runtime().log_tail(revision.pk, late.ordinal, lines=10)),
            )
    return None


def give_back(operation: Operation) -> None:
    """Undo the preparation: what this operation started is stopped, what it revived drains again."""
    for change in operation.changes.select_related("revision_after").exclude(revision_after=None):
        revision = change.prepared
        if revision.live_slots.exists():
            continue  # in service before and still; surplus instances are trimmed by the retirement
        revision.transition(RevisionState.PREPARING, RevisionState.STOPPING, generation=revision.generation + 1)
        moment = now()
        revision.transition(
            RevisionState.READY, RevisionState.DRAINING, released_at=moment, drain_deadline=moment, idle_since=None
        )
