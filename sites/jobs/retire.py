"""Let revisions that are out of service finish their requests, then stop them; trim surplus instances."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from sites.models import Instance, Operation, OperationState, Revision, RevisionState, Site, Slot, SlotChange, Step
from sites.models.clock import now, seconds_since
from sites.models.required import required
from sites.operations import retention, routers
from sites.planning import spec_of
from sites.router import get_router
from sites.runtime.registry import get_runtime

QUIET_SECONDS = 2.0
"""Between the last router's acknowledgement and any stop: workers of a router take an update in their own time."""
IDLE_SECONDS = 1.0
"""So long the routers must have counted nothing."""

_NEEDED_ELSEWHERE = Slot.objects.filter(site=OuterRef("site"), instance_count__gte=OuterRef("wanted_count"))
_SURPLUS = Q(state=RevisionState.SERVING, wanted_count__gt=F("live_slots__instance_count")) & (
    Q(retained_until=None) | ~Exists(_NEEDED_ELSEWHERE)
)
_LEAVING = Q(state__in=[RevisionState.DRAINING, RevisionState.STOPPING])


def is_needed() -> bool:
    """Whether there is anything to drain, stop or trim."""
    return Revision.objects.filter(_LEAVING | _SURPLUS).exists()


def run() -> None:
    """One look at everything that leaves; repeated by the tick."""
    _release_late()
    held = _count_requests()
    cut = _cut_connections()
    for revision in _drained():
        if stop(revision):  # which ends what is left
            _note_cut(revision, (held.get(revision.cluster) or 0) - cut.get(revision.pk, 0))
    _end_stopped()
    _trim()


def _release_late() -> None:
    """Revisions whose routers had not all acknowledged when their operation went on without them."""
    waiting = Revision.objects.filter(state=RevisionState.DRAINING, released_at=None).values("site")
    releasing = Operation.objects.filter(state__in=Operation.WORKING).exclude(step=Step.STOPPING)
    for site in Site.objects.filter(pk__in=waiting).exclude(slots__hold__operation__in=releasing):
        answer = routers.publish(site, wait_seconds=0.0)  # one late router must not keep the others' drains
        if not answer.missing:
            retention.release(site, now())


def _count_requests() -> dict[str, int | None]:
    """By cluster what the routers hold of each revision that drains; None where they do not tell."""
    draining = {
        revision.cluster: revision
        for revision in Revision.objects.filter(state=RevisionState.DRAINING, released_at__isnull=False)
    }
    if not draining:
        return {}
    counts = get_router().requests_in_progress(draining)
    moment = now()
    for cluster, revision in draining.items():
        if counts.get(cluster) != 0:
            Revision.objects.filter(pk=revision.pk).update(idle_since=None)
        elif revision.idle_since is None:
            Revision.objects.filter(pk=revision.pk, idle_since=None).update(idle_since=moment)
    return counts


def _cut_connections() -> dict[int, int]:
    """After the drain limit, WebSockets and streams are cut one by one over as long again; how many, by revision.

    So their clients do not all come back at the same moment. Where connections cannot be cut one by one,
    the end of the instances cuts what is left.
    """
    counts = {}
    late = Revision.objects.filter(state=RevisionState.DRAINING, drain_deadline__lte=now())
    for revision in late.select_related("slot"):
        left = _end_of_cutting(revision) - now()
        fraction = min(1.0, 1.0 / max(1.0, left.total_seconds()))
        counts[revision.pk] = get_runtime().kill_connections(revision.pk, fraction=fraction)
        _note_cut(revision, counts[revision.pk])
    return counts


def _note_cut(revision: Revision, count: int) -> None:
    """Written down where the revision was taken out of service, which may happen to it more than once."""
    done = SlotChange.objects.filter(revision_before=revision, operation__state=OperationState.SUCCEEDED)
    if count > 0:
        last = done.order_by("-operation__ended_at", "-pk").values_list("pk", flat=True)[:1]
        SlotChange.objects.filter(pk__in=list(last)).update(cut_count=F("cut_count") + count)


def _end_of_cutting(revision: Revision) -> datetime:
    limit = revision.slot.drain_limit_seconds if revision.slot else 0
    return required(revision.drain_deadline, "the end of a drain") + timedelta(seconds=limit)


def _drained() -> list[Revision]:
    moment = now()
    quiet = Q(released_at__lte=moment - timedelta(seconds=QUIET_SECONDS))
    idle = Q(idle_since__lte=moment - timedelta(seconds=IDLE_SECONDS))
    found = Revision.objects.filter(
        quiet & (idle | Q(drain_deadline__lte=moment)), state=RevisionState.DRAINING
    ).select_related("slot")
    is_idle = {revision.pk for revision in found.filter(idle)}
    return [revision for revision in found if revision.pk in is_idle or _end_of_cutting(revision) <= moment]


def stop(revision: Revision) -> bool:
    """Decide that a revision's instances end: the only way to do so (invariant I3).

    False, and nothing is changed, when it is some slot's live revision, part of an open operation, or when
    not every router has acknowledged routes without it.
    """
    with transaction.atomic():
        idle = Revision.objects.select_for_update(of=("self",)).filter(  # PostgreSQL locks no outer join
            pk=revision.pk, state=RevisionState.DRAINING, released_at__isnull=False, live_slots=None
        )
        found = idle.first()
        if found is None or _is_needed_by_operation(found):
            return False
        return found.transition(RevisionState.DRAINING, RevisionState.STOPPING, generation=found.generation + 1)


def _is_needed_by_operation(revision: Revision) -> bool:
    """An open operation may yet bring it into service or switch back to it."""
    touching = Operation.objects.filter(
        Q(changes__revision_after=revision) | Q(changes__revision_before=revision), state__in=Operation.OPEN
    )
    return touching.exclude(step=Step.STOPPING).exists()


def _end_stopped() -> None:
    runtime = get_runtime()
    for revision in Revision.objects.filter(state=RevisionState.STOPPING).select_related("slot__site", "site"):
        runtime.apply(spec_of(revision, count=0))
        if runtime.observe([revision.pk]):
            continue
        with transaction.atomic():
            if revision.transition(RevisionState.STOPPING, RevisionState.STOPPED, wanted_count=0, routed_count=0):
                Instance.objects.filter(revision=revision).delete()
                revision.site.touch_routes()


def _trim() -> None:
    """Instances above the slot's count: first no router knows them, then they end."""
    for revision in Revision.objects.filter(_SURPLUS).select_related("slot__site", "site"):
        slot = revision.live_slots.filter(hold=None).first()
        if slot is None:
            continue
        count = _wanted_count(revision, slot)
        if revision.routed_count > count:
            with transaction.atomic():
                fewer = Revision.objects.filter(pk=revision.pk, state=RevisionState.SERVING, live_slots__hold=None)
                if fewer.update(routed_count=count, released_at=None):
                    revision.site.touch_routes()
            revision.refresh_from_db()
        if revision.released_at is None:
            if not routers.publish(revision.site).missing:
                Revision.objects.filter(pk=revision.pk, routed_count=count).update(released_at=now())
        elif seconds_since(revision.released_at) >= QUIET_SECONDS:
            _end_surplus(revision, count)


def _wanted_count(revision: Revision, slot: Slot) -> int:
    """In a roll-back window as many as the other slot has, to which it may return."""
    if revision.retained_until is None:
        return slot.instance_count
    return Slot.objects.filter(site=revision.site).aggregate(most=Max("instance_count"))["most"]


def _end_surplus(revision: Revision, count: int) -> None:
    fewer = Revision.objects.filter(pk=revision.pk, state=RevisionState.SERVING, routed_count=count)
    with transaction.atomic():
        if not fewer.update(wanted_count=count, generation=F("generation") + 1, released_at=None):
            return
        Instance.objects.filter(revision=revision, ordinal__gte=count).delete()
    revision.refresh_from_db()
    get_runtime().apply(spec_of(revision))
