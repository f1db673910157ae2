"""Roll back the last swap: what it would take, whether staging was altered since, and the request itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Now

from sites import access
from sites.errors import NothingToRollBack, PreconditionFailed, Refused
from sites.models import (
    Deployment,
    Operation,
    OperationState,
    Revision,
    RevisionState,
    Site,
    Slot,
    SlotChange,
    SlotSetting,
    Swap,
)
from sites.models.required import required
from sites.operations.kinds import kind_of, names_where
from sites.operations.kinds.roll_back import ROLL_BACK
from sites.planning import IS_READY, Entries, make_plan
from sites.services import requests
from sites.services.swaps import why_not_swap

WARM = (RevisionState.RETAINED, RevisionState.SERVING)


@dataclass(frozen=True, slots=True)
class RollBackOffer:
    """What rolling back the last swap means now."""

    swap: Swap
    source: Slot
    target: Slot
    former: Revision
    """What production served before the swap."""
    is_instant: bool
    """Whether the instances that staging as it is now needs are warm."""
    is_unaltered_instant: bool
    """Whether the former instances are warm and still what the unaltered version needs; false where none differs."""
    is_in_service: bool
    """Whether the former instances serve in staging, as they do where nothing is sticky: they stay warm with it."""
    until: datetime | None
    """Until when the former instances are kept, also when staging is altered; None when neither is instant."""
    seconds_left: float
    """The same by the database's clock."""
    seconds: float
    """How long the swap itself took: about what an ordinary roll-back takes."""
    alterations: tuple[Operation, ...]
    """What was done to staging since, by whom and when (seed: Rollback, note); empty when it is unaltered."""
    is_altered: bool
    former_settings: list[list[str]]
    """What travelled with the former version, as [category, name, value]."""
    unaltered: Deployment | None
    """What production served before the swap; None is the placeholder page."""
    kept_instances: int
    """How many instances are kept warm for this and serve nobody."""
    kept_memory_mb: int
    """The memory that they may use at most."""


def offer_roll_back(site: Site) -> RollBackOffer | None:
    """The offer for the site's last swap; None when there is none that could be undone."""
    swap = _last_swap(site)
    if swap is None or not _is_undoable(swap):
        return None
    former, warm = _revisions(site, swap)
    if former is None:
        return None
    source, target = swap.sides
    entries = Entries([source.pk, target.pk], [source.current_workload.pk, target.current_workload.pk])
    travelled = _former_settings(swap, entries)
    is_same = _is_same(source.current_workload.active_deployment, former.deployment)
    is_altered = not is_same or entries.travelling(source.current_workload) != travelled
    is_warm = _is_warm(warm, source, target, source.current_workload.active_deployment, entries)
    rows = [
        SlotSetting(site=site, workload=source.workload, category=category, name=name, value=value)
        for category, name, value in travelled
    ]
    unaltered = entries.replaced(source.current_workload, rows)
    is_former_warm = is_altered and _is_warm(warm, source, target, former.deployment, unaltered)
    seconds_left = (former.retained_until - swap.read_at).total_seconds() if former.retained_until else 0.0
    kept = [revision for revision in warm if revision.state == RevisionState.RETAINED]
    return RollBackOffer(
        swap=swap,
        source=source,
        target=target,
        former=former,
        is_instant=is_warm,
        is_unaltered_instant=is_former_warm,
        is_in_service=former.pk == source.live_revision_id,
        until=former.retained_until if seconds_left > 0 and (is_warm or is_former_warm) else None,
        seconds_left=seconds_left,
        seconds=(required(swap.operation.ended_at, "the end of a swap") - swap.begun_at).total_seconds(),
        alterations=tuple(_alterations(swap)) if is_altered else (),
        is_altered=is_altered,
        former_settings=travelled,
        unaltered=former.deployment,
        kept_instances=sum(revision.wanted_count for revision in kept),
        kept_memory_mb=sum(revision.wanted_count * revision.memory_mb for revision in kept),
    )


def why_not_roll_back(site: Site) -> Refused | None:
    """What keeps the last swap from being rolled back now, busy slots aside; without weighing what it would take."""
    swap = _last_swap(site)
    if swap is None or not _is_undoable(swap) or swap.former_id is None:
        return NothingToRollBack(name=site.name, reason=_why_nothing(swap))
    return why_not_swap(*swap.sides)


def _last_swap(site: Site) -> Any:
    """The Swap with `former_id`, the revision that production served before it, and the moment `read_at`; or None."""
    done = Swap.objects.filter(operation__site=site, operation__state=OperationState.SUCCEEDED)
    workloads = ("source__workload__active_deployment", "target__workload__active_deployment")
    related = ("operation", "source__site", "source__workload__site", "target__site", *workloads)
    changes = SlotChange.objects.filter(operation=OuterRef("operation"), slot=OuterRef("target"))
    found = done.select_related(*related).annotate(read_at=Now(), former_id=Subquery(changes.values("revision_before")))
    return found.order_by("-switched_at").first()


def _is_undoable(swap: Swap) -> bool:
    return not kind_of(swap.operation).is_roll_back and swap.source is not None and swap.target is not None


def _revisions(site: Site, swap: Any) -> tuple[Any, list[Any]]:
    """What production served before the swap, or None; and the revisions that are in service or kept warm.

    Each has `ready_count`, the number of its ready instances.
    """
    is_warm = Q(site=site, state__in=WARM)
    found = Revision.objects.filter(is_warm | Q(pk=swap.former_id)).select_related("deployment").defer("snapshot")
    revisions = list(found.annotate(ready_count=Count("instances", filter=IS_READY)))
    former = next((revision for revision in revisions if revision.pk == swap.former_id), None)
    return former, [revision for revision in revisions if revision.state in WARM]


def _is_warm(warm: list[Any], source: Slot, target: Slot, deployment: Deployment | None, entries: Entries) -> bool:
    """Both sides would be given instances of `warm`, with fingerprints that are needed under `entries`.

    The target gets `deployment` of the source's workload.
    """
    leading, replaced = source.current_workload, target.current_workload
    needed = (
        (target, leading, make_plan(target, leading, deployment, entries)),
        (source, replaced, make_plan(source, replaced, replaced.active_deployment, entries)),
    )
    return all(
        any(
            (one.workload_id, one.fingerprint) == (workload.pk, plan.fingerprint)
            and one.ready_count >= slot.instance_count
            for one in warm
        )
        for slot, workload, plan in needed
    )


def _former_settings(swap: Swap, entries: Entries) -> list[list[str]]:
    """What travelled with production's former version, as [category, name, value], by the names that travel now.

    What stuck to the slots then and travels since has the value that production has for it now.
    """
    source, target = swap.sides
    freed = [entry for entry in entries.travelling(target.current_workload) if entry[:2] in swap.sticky_before]
    return sorted([*source.current_workload.still_travelling(swap.settings_before), *freed])


def _is_same(one: Deployment | None, other: Deployment | None) -> bool:
    """Whether two deployments run the same: what was published twice is not altered."""
    if one is None or other is None:
        return one is other
    same = ("content_digest", "build_digest", "command", "traits")
    return all(getattr(one, name) == getattr(other, name) for name in same)


def _alterations(swap: Swap) -> list[Operation]:
    """What altered the source since; settings stay saved also where its instances did not start with them."""
    altered = Q(kind__in=names_where(lambda kind: kind.alters_content), state=OperationState.SUCCEEDED)
    done = altered | Q(kind__in=names_where(lambda kind: kind.stays_saved))
    since = Operation.objects.filter(done, changes__slot=swap.source, created_at__gt=swap.switched_at)
    return list(since.order_by("created_at"))


def request_roll_back(
    *, acting_user: User, site: Site, to_unaltered: bool = False, of_swap: UUID | None = None
) -> Operation:
    """seed: Rollback. With `to_unaltered` production gets back exactly what it served before the last swap.

    The altered deployment then stays in the history, the altered settings in the operation. `of_swap` is the public id
    of the swap that is meant. Raises NothingToRollBack, PreconditionFailed for another swap, and what a swap raises.
    """
    site = access.site_for_change(acting_user, site)
    refusal = why_not_roll_back(site)
    offer = offer_roll_back(site)
    if refusal is not None or offer is None:
        raise refusal or NothingToRollBack(name=site.name, reason="the last one has just been rolled back")
    if of_swap is not None and offer.swap.operation.public_id != of_swap:
        raise PreconditionFailed(
            name=site.name, reason=f"its last swap is the operation {offer.swap.operation.public_id}, another one"
        )
    with transaction.atomic():
        return requests.begin(
            ROLL_BACK,
            acting_user=acting_user,
            site=site,
            slots=[offer.source, offer.target],
            target=site.name,
            unaltered=lambda: _unaltered(site, offer, is_wanted=to_unaltered),
        )


def _unaltered(
    site: Site, offer: RollBackOffer, *, is_wanted: bool
) -> tuple[Deployment | None, list[list[str]]] | None:
    """What production gets back if that is to be what it was; asked under the holds, where nothing changes any more.

    Raises NothingToRollBack when another swap was made since `offer`.
    """
    held = offer_roll_back(site)
    if held is None or held.swap.pk != offer.swap.pk:
        raise NothingToRollBack(name=site.name, reason="another one was made just now")
    if not is_wanted or not held.is_altered:
        return None
    return held.former.deployment, held.former_settings


def _why_nothing(swap: Swap | None) -> str:
    if swap is None:
        return "none has been made yet"
    return "the last one has been rolled back" if kind_of(swap.operation).is_roll_back else "its slot is gone"
