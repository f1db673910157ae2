"""Step WITHDRAWN: no host name leads to the slots that are deleted."""

from sites.models import Certificate, CustomDomain, HostName, HostNameKind, Revision, RevisionState, Slot
from sites.operations import retention, stays
from sites.operations.retention import BACK_IN_USE
from sites.operations.turn import Turn


def withdraw(turn: Turn) -> None:
    """Take the host names away; belongs to the transaction of the step."""
    slots = list(Slot.objects.select_for_update().filter(changes__operation=turn.operation).order_by("pk"))
    names = HostName.objects.filter(slot__changes__operation=turn.operation)
    retention.remember(turn)
    turn.keep(hosts=list(map(list, names.values_list("slot", "name", "kind", "certificate"))))
    for slot in slots:
        revision = slot.live_revision
        slot.live_revision = None
        slot.is_running = False
        slot.save(update_fields=["live_revision", "is_running"])
        if revision is not None:
            retention.drain(revision)
    stays.follow(slots, turn.now(), turn.operation)
    retention.end_windows_of(slots)
    names.delete()
    turn.site.touch_routes()


def give_back(turn: Turn) -> None:
    """The host names lead there again, as every router has refused to take them away."""
    for slot_id, name, kind, *certificate in turn.operation.before["hosts"]:
        if kind == HostNameKind.CUSTOM and not CustomDomain.objects.filter(slot=slot_id, name=name).exists():
            continue  # given up meanwhile
        bound = Certificate.objects.filter(pk__in=certificate).first()
        HostName.objects.create(slot_id=slot_id, name=name, kind=kind, certificate=bound)
    for change in turn.changes:
        Slot.objects.filter(changes=change).update(live_revision=change.revision_before, is_running=change.was_running)
        Revision.objects.filter(changes_from=change).update(state=RevisionState.SERVING, **BACK_IN_USE)
    stays.follow(list(Slot.objects.filter(changes__operation=turn.operation)), turn.now(), turn.operation)
    retention.give_back(turn)
