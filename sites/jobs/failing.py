"""Slots whose instances end again and again: the operation logs say when that begins and when it is over."""

from collections.abc import Iterable
from contextlib import suppress

from django.db import transaction

from sites.errors import Failed
from sites.events import recording
from sites.events.types import CRASH_LOOP as CRASH_LOOP_BEGUN
from sites.events.types import RECOVERED, EventType
from sites.models import Revision, Slot
from sites.models.clock import now
from sites.operations import wording
from sites.operations.kinds.recorded import CRASH_LOOP
from sites.runtime.base import Runtime
from sites.runtime.spec import InstanceStatus

MAX_CRASHES = 3
"""An instance that has ended by itself so often, and is not over it, is in a crash loop."""
ACTOR = "Greenroom"
LINES_SHOWN = 20


def note(runtime: Runtime, statuses: Iterable[InstanceStatus]) -> None:
    """Write down which slots have begun or ceased to fail; `statuses` are of all instances."""
    failing = [status for status in statuses if status.is_failing]
    looping = {status.revision_id: status for status in failing if status.restarts >= MAX_CRASHES}
    serving = Revision.objects.filter(live_slots__isnull=False).defer("snapshot")
    for revision in serving.filter(pk__in=looping, failing_since=None):
        _begin(revision, looping[revision.pk], _last_lines(runtime, looping[revision.pk]))
    over = serving.filter(failing_since__isnull=False)
    for revision in over.exclude(pk__in={status.revision_id for status in failing}):
        _end(revision)


def _last_lines(runtime: Runtime, status: InstanceStatus) -> str:
    """What it wrote last; nothing where the runtime cannot tell."""
    with suppress(Failed):
        return wording.last_lines(runtime.log_tail(status.revision_id, status.ordinal, lines=LINES_SHOWN))
    return ""


@transaction.atomic
def _begin(revision: Revision, status: InstanceStatus, last_lines: str) -> None:
    if not Revision.objects.filter(pk=revision.pk, failing_since=None).update(failing_since=now()):
        return
    how = wording.ended(status, int(revision.runnable["limits"]["memory_mb"]))
    for slot in revision.live_slots.select_related("site__subscription"):
        _record(
            slot,
            CRASH_LOOP_BEGUN,
            f"Instance {status.ordinal + 1} of {slot.instance_count} of '{slot.title}' ends again and again. Last it "
            f"{how}. It is started again after a pause of up to 30 s. Look into its log, then "
            "publish a version that runs, change its settings, or roll back.",
            last_lines,
        )


@transaction.atomic
def _end(revision: Revision) -> None:
    since = revision.failing_since
    if not Revision.objects.filter(pk=revision.pk, failing_since=since).update(failing_since=None):
        return
    for slot in revision.live_slots.select_related("site__subscription"):
        _record(slot, RECOVERED, f"'{slot.title}' has run for a minute again; it was failing since {since:%H:%M} UTC.")


def _record(slot: Slot, event: EventType, outcome: str, last_lines: str = "") -> None:
    """Lines of a log stand in the record alone: applications write secrets there, and events leave the machine."""
    CRASH_LOOP.record(actor_name=ACTOR, site=slot.site, target=slot.title, outcome=f"{outcome}{last_lines}")
    recording.record(
        [event],
        subscription=slot.site.subscription,
        site=slot.site,
        subject=slot.title,
        sentence=outcome,
        data={"slots": [slot.name]},
    )
