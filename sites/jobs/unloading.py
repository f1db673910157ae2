"""Slots that nobody visits lose their instances, and get them back with the next request, which the router holds.

HOLDING → EMPTYING → UNLOADED → LOADING → LOADED. Each state is written before what it stands for is done. A job that
dies is run again, and finds where it was.
"""

from contextlib import suppress
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from sites.errors import OutOfMemory, Unreachable
from sites.models import Instance, Mode, Rest, Revision, RevisionState, Slot
from sites.models.clock import now, seconds_since
from sites.models.required import required
from sites.operations import routers
from sites.operations.instances import is_ordered, order, record
from sites.planning import Entries
from sites.router import get_router
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState

SECONDS = 30
"""Between two looks for slots that nobody visits."""
QUIET_SECONDS = 2.0
"""Between the last router's acknowledgement and the end: workers of a router take an update in their own time."""
PATIENCE_SECONDS = 20.0
"""A slot that still has requests after so long, such as WebSockets, is used."""
MOST_AT_ONCE = 20
"""Slots that one look begins to unload."""

_MOVING = (Rest.HOLDING, Rest.EMPTYING, Rest.LOADING)


def is_needed() -> bool:
    """Whether a slot is on its way."""
    return _live().filter(rest__in=_MOVING).exists()


def find_idle() -> None:
    """Begin with the slots that had no request for UNLOAD_AFTER_MINUTES; 0: with none."""
    if not settings.UNLOAD_AFTER_MINUTES:
        return
    before = now() - timedelta(minutes=settings.UNLOAD_AFTER_MINUTES)
    loaded = Revision.objects.filter(state=RevisionState.SERVING, rest=Rest.LOADED)
    loaded.filter(used_at=None).update(used_at=Now())  # of before it was written down
    idle = _unloaded_when_idle().filter(
        hold=None, live_revision__in=loaded.filter(retained_until=None, used_at__lt=before)
    )
    slots = idle.select_related("live_revision", "site").order_by("live_revision__used_at", "pk")
    due = (slot for slot in slots.iterator() if not (slot.site.mode == Mode.STANDARD and _is_always_on(slot)))
    for slot in list(islice(due, MOST_AT_ONCE)):
        _hold_requests(slot)


def run() -> None:
    """One look at every slot that is on its way; repeated every second by the tick."""
    for revision in _live().filter(rest=Rest.HOLDING):
        if not routers.publish(revision.site, wait_seconds=0.0).missing:
            Revision.objects.filter(pk=revision.pk, rest=Rest.HOLDING).update(rest=Rest.EMPTYING, rest_at=Now())
        elif seconds_since(required(revision.rest_at, "the time of a rest")) > PATIENCE_SECONDS:
            _give_up(revision)
    _end_emptied()
    for revision in _live().filter(rest=Rest.LOADING):
        load(revision.pk)
    left_over = _live().filter(rest=Rest.UNLOADED, wanted_count__gt=0, live_slots__hold=None)
    for revision in left_over:  # an operation that failed has started them
        _end(revision)


def load(revision_id: int) -> bool:
    """One look at the instances of a revision that a request wants back; True: look again soon.

    It is in service as soon as all of them listen. Where one cannot, visitors meet what there is of them, as after any
    other crash.
    """
    revision = _live().filter(pk=revision_id, rest=Rest.LOADING).first()
    if revision is None:
        return False
    statuses = get_runtime().observe([revision.pk])
    if not is_ordered(revision, statuses):
        with suppress(OutOfMemory):  # which may be over by the next look
            order(revision)
        statuses = get_runtime().observe([revision.pk])
    record(statuses)
    own = [status for status in statuses if status.generation == revision.generation]
    listening = sum(status.state == InstanceState.RUNNING for status in own)
    if listening < revision.wanted_count and not any(status.is_failing for status in own) and not _is_late(revision):
        return True
    _put_into_service(revision)
    return False


def _live() -> QuerySet[Revision]:
    serving = Revision.objects.filter(state=RevisionState.SERVING, live_slots__isnull=False)
    return serving.select_related("site", "slot__site")


def _unloaded_when_idle() -> QuerySet[Slot]:
    """The slots whose mode, or whose place, says that they need not stay loaded."""
    which = Q(site__mode__in=(Mode.FREE, Mode.SHARED))
    if settings.UNLOAD_STAGING:
        which |= Q(is_production=False)
    return Slot.objects.filter(which)


def _is_always_on(slot: Slot) -> bool:
    revision = required(slot.live_revision, "the live revision of an idle slot")
    return bool(revision.runnable["switches"]["always_on"])


def _hold_requests(slot: Slot) -> None:
    """Have the routers hold the slot's next request, if no operation has it and nobody has come meanwhile."""
    revision = required(slot.live_revision, "the live revision of an idle slot")
    with transaction.atomic():
        free = Slot.objects.select_for_update(of=("self",)).filter(pk=slot.pk, live_revision=revision, hold=None)
        if not free.exists():
            return
        same = Revision.objects.filter(pk=revision.pk, state=RevisionState.SERVING, rest=Rest.LOADED)
        if same.filter(used_at=revision.used_at).update(rest=Rest.HOLDING, rest_at=Now()):
            slot.site.touch_routes()


def _end_emptied() -> None:
    """End the instances of those that every router holds requests for, and that have answered their last one."""
    emptying = {revision.cluster: revision for revision in _live().filter(rest=Rest.EMPTYING)}
    if not emptying:
        return
    counts = get_router().requests_in_progress(emptying)
    for cluster, revision in emptying.items():
        waited = seconds_since(required(revision.rest_at, "the time of a rest"))
        if counts.get(cluster) == 0 and waited > QUIET_SECONDS:
            _end(revision)
        elif waited > PATIENCE_SECONDS:
            _give_up(revision)


def _end(revision: Revision) -> None:
    with transaction.atomic():
        free = Slot.objects.select_for_update(of=("self",)).filter(live_revision=revision, hold=None)
        if not free.exists():
            return
        same = Revision.objects.filter(pk=revision.pk, rest=revision.rest)
        if not same.update(rest=Rest.UNLOADED, rest_at=Now(), wanted_count=0, generation=F("generation") + 1):
            return
        Instance.objects.filter(revision=revision).update(is_warm=False, observed_state="")
        revision.site.touch_routes()
    revision.refresh_from_db()
    order(revision)


def _give_up(revision: Revision) -> None:
    """It is used, or a router is away: it serves on."""
    with transaction.atomic():
        same = Revision.objects.filter(pk=revision.pk, rest=revision.rest)
        if same.update(rest=Rest.LOADED, rest_at=Now(), used_at=Now()):
            revision.site.touch_routes()
    _announce(revision)


def _is_late(revision: Revision) -> bool:
    slot = revision.live_slots.select_related("site", "workload").first()
    if slot is None:
        return True
    workload = slot.current_workload
    limit = Entries([slot.pk], [workload.pk]).start_seconds(slot, workload)
    return seconds_since(required(revision.rest_at, "the time of a rest")) > limit


def _put_into_service(revision: Revision) -> None:
    with transaction.atomic():
        same = Revision.objects.filter(pk=revision.pk, state=RevisionState.SERVING, rest=Rest.LOADING)
        if same.update(rest=Rest.LOADED, rest_at=Now(), used_at=Now()):
            Instance.objects.filter(revision=revision, ordinal__lt=revision.wanted_count).update(is_warm=True)
            revision.site.touch_routes()
    _announce(revision)


def _announce(revision: Revision) -> None:
    """The routers poll as well, a second later."""
    revision.site.refresh_from_db(fields=["routes_version"])
    with suppress(Unreachable):
        routers.announce(revision.site)
