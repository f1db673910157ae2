"""Thousands of configured sites, as rows: each has a revision with one instance, and no process of its own."""

import json

from django.db import transaction

from sites.models import (
    HostName,
    HostNameKind,
    Instance,
    Revision,
    RevisionState,
    Site,
    Slot,
    Subscription,
    Workload,
)
from sites.services.names import default_host, publishing_host

AT_ONCE = 2000


def configure(subscription: Subscription, revision: Revision, *, upto: int) -> list[str]:
    """Configure sites until there are `upto`; returns the host names of the new ones' production.

    Their only instance has the address of the first instance of `revision`, so that their rows are as large as others.
    None is ordered from the runtime (`wanted_count` is 0), which therefore confirms none: the router itself answers for
    them that they are starting.
    """
    count = upto - Site.objects.count()
    first = Site.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    names = [f"configured-{first + number:05}" for number in range(1, count + 1)]
    runnable = revision.runnable
    runnable["switches"]["always_on"] = False
    place = revision.instances.filter(is_warm=True)[0]
    snapshot = json.dumps(runnable)
    with transaction.atomic():
        for start in range(0, len(names), AT_ONCE):
            _configure(names[start : start + AT_ONCE], subscription, snapshot, revision.fingerprint, place)
    return [default_host(name) for name in names]


def _configure(names: list[str], subscription: Subscription, snapshot: str, fingerprint: str, place: Instance) -> None:
    sites = Site.objects.bulk_create(Site(name=name, subscription=subscription) for name in names)
    workloads = Workload.objects.bulk_create(Workload(site=site) for site in sites)
    slots = Slot.objects.bulk_create(
        Slot(
            site=site,
            name="production",
            is_production=True,
            workload=workload,
            publishing_user=f"${site.name}",
            publishing_password="",
        )
        for site, workload in zip(sites, workloads, strict=True)
    )
    revisions = Revision.objects.bulk_create(
        Revision(
            site=slot.site,
            workload=slot.workload,
            slot=slot,
            fingerprint=fingerprint,
            snapshot=snapshot,
            state=RevisionState.SERVING,
            wanted_count=0,
            routed_count=1,
        )
        for slot in slots
    )
    Instance.objects.bulk_create(
        Instance(revision=one, ordinal=0, address=place.address, port=place.port, is_warm=True) for one in revisions
    )
    for slot, revision in zip(slots, revisions, strict=True):
        slot.live_revision = revision
    Slot.objects.bulk_update(slots, ["live_revision"], batch_size=500)
    HostName.objects.bulk_create(
        HostName(name=name, slot=slot, kind=kind)
        for slot in slots
        for name, kind in (
            (default_host(slot.site.name), HostNameKind.DEFAULT),
            (publishing_host(slot.site.name), HostNameKind.PUBLISHING),
        )
    )
