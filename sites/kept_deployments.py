"""Which deployments keep their content and build on disk, and what these take."""

from collections import Counter
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Q

from sites.disk.use import Use
from sites.models import (
    Deployment,
    DeploymentState,
    Operation,
    OperationState,
    Revision,
    RevisionState,
    Site,
    SlotChange,
    Swap,
)

LEAVING = (RevisionState.DRAINING, RevisionState.STOPPING)


def content_quota() -> Use:
    """What the content and builds of a web site may take."""
    return Use(settings.SITE_CONTENT_BYTES, settings.SITE_CONTENT_FILES)


def stored(site: Site) -> list[Deployment]:
    """The deployments of a site whose content is on disk, the newest first."""
    rows = Deployment.objects.filter(workload__site=site, content_removed_at=None)
    return list(rows.defer("failure").order_by("-received_at", "-pk"))


def use_of(deployments: Iterable[Deployment]) -> Use:
    """What their contents and builds take together; what several name counts once."""
    parts = {}
    for row in deployments:
        parts[row.content_digest] = Use(row.content_bytes, row.content_files)
        if row.build_digest:
            parts[row.build_digest] = Use(row.build_bytes, row.build_files)
    return sum(parts.values(), Use())


def needed(site: Site) -> list[Deployment]:
    """What a slot serves or is to serve, and what a roll-back would bring back; not what only ends its requests."""
    ids = _needed_ids(site, [state for state in Revision.OPEN if state not in LEAVING])
    return [row for row in stored(site) if row.pk in ids]


def superseded(site: Site) -> list[Deployment]:
    """What may go, because newer ones took its place.

    Kept are, beside what is needed, the KEPT_DEPLOYMENTS newest of each slot that were in service, as long as the
    site is within its quota.
    """
    ids = _needed_ids(site, Revision.OPEN)
    rows = stored(site)
    kept = [row for row in rows if row.pk in ids]
    newer: Counter[int] = Counter()
    gone = []
    for row in rows:
        is_new = row.state == DeploymentState.ACTIVE and newer[row.workload_id] < settings.KEPT_DEPLOYMENTS
        newer[row.workload_id] += row.state == DeploymentState.ACTIVE
        if row.pk in ids:
            continue
        if is_new and use_of([*kept, row]).is_within(content_quota()):
            kept.append(row)
        else:
            gone.append(row)
    return gone


def _needed_ids(site: Site, states: Iterable[str]) -> set[int]:
    changes = SlotChange.objects.filter(_of_open_operations(site) | _of_last_swap(site))
    rows = [
        *site.workloads.values_list("active_deployment"),
        *Revision.objects.filter(site=site, state__in=states).values_list("deployment"),
        *Deployment.objects.filter(workload__site=site, state__in=Deployment.OPEN).values_list("pk"),
        *changes.values_list("deployment_after", "revision_before__deployment"),
    ]
    return {pk for row in rows for pk in row if pk is not None}


def _of_open_operations(site: Site) -> Q:
    return Q(operation__site=site, operation__state__in=Operation.OPEN)


def _of_last_swap(site: Site) -> Q:
    swaps = Swap.objects.filter(operation__site=site, operation__state=OperationState.SUCCEEDED)
    return Q(operation=swaps.order_by("-switched_at").values_list("operation", flat=True).first())
