"""Compare what runs with what should run, and give orders again that a runtime has lost."""

from collections import defaultdict
from contextlib import suppress

from django.conf import settings
from django.db import transaction

from sites.errors import OutOfMemory
from sites.jobs import failing
from sites.models import Instance, Rest, Revision, Site
from sites.operations import retention
from sites.operations.instances import order, record
from sites.planning import spec_of
from sites.runtime.base import Runtime
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceStatus, RevisionSpec


def run() -> None:
    """One comparison of all instances; costs one call to the runtime when nothing has changed."""
    runtime = get_runtime()
    seen: dict[int, list[InstanceStatus]] = defaultdict(list)
    for status in runtime.observe():
        seen[status.revision_id].append(status)
    _spare_memory(runtime)
    with transaction.atomic():
        _note_moved(seen)
        reported = [status for statuses in seen.values() for status in statuses]
        record(reported)
    failing.note(runtime, reported)
    opened = Revision.objects.filter(state__in=Revision.OPEN)
    wanted = {pk: (state, count) for pk, state, count in opened.values_list("pk", "state", "wanted_count")}
    lost = [pk for pk, (state, count) in wanted.items() if state in Revision.REUSABLE and len(seen.get(pk, [])) < count]
    for revision in opened.filter(pk__in=lost, state__in=Revision.REUSABLE).select_related("slot__site", "site"):
        with suppress(OutOfMemory):  # others must not wait for it; whoever asked for it is told by its operation
            runtime.apply(spec_of(revision))
    for revision in opened.filter(pk__in=list(seen), rest=Rest.UNLOADED, wanted_count=0).select_related("slot", "site"):
        order(revision)  # its instances were to end, and whoever unloaded it has died before it said so
    for revision_id in seen.keys() - wanted.keys():
        runtime.apply(_ended(seen[revision_id][0]))


def _spare_memory(runtime: Runtime) -> None:
    """What is kept for a roll-back ends first when memory is short."""
    free = runtime.memory_available_mb()
    if free is not None and free < settings.ROLLBACK_MEMORY_MB:
        retention.end_windows(all_of_them=True)


def _note_moved(seen: dict[int, list[InstanceStatus]]) -> None:
    """An instance that came back at another address changes the routes of its site."""
    reported = {
        (status.revision_id, status.ordinal): (status.address, status.port)
        for statuses in seen.values()
        for status in statuses
    }
    moved = {
        row.revision.site_id
        for row in Instance.objects.filter(revision__in=list(seen), is_warm=True).select_related("revision")
        if (row.address, row.port) != reported.get((row.revision_id, row.ordinal), (row.address, row.port))
    }
    for site in Site.objects.filter(pk__in=moved):
        site.touch_routes()


def _ended(status: InstanceStatus) -> RevisionSpec:
    """The order that ends a revision which the database no longer wants."""
    return RevisionSpec(
        revision_id=status.revision_id,
        generation=status.generation + 1,
        owner=0,
        name=f"revision {status.revision_id}",
        count=0,
        app="/",
        command=(),
        env={},
    )
