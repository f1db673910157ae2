"""Roll back the last swap: what it would take, whether staging was altered since, and the request itself."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NothingToRollBack
from sites.models import Kind, Operation, OperationState, Revision, RevisionState, Site, Swap
from sites.planning import make_plan
from sites.services import changes
from sites.services.swaps import exchange_workloads, why_not_swap

ALTERING = (Kind.PUBLISH, Kind.CHANGE_SETTINGS)


@dataclass(frozen=True, slots=True)
class RollBackOffer:
    """What rolling back the last swap means now."""

    swap: Swap
    is_instant: bool
    """Whether the former instances are warm and still what would be prepared now."""
    until: datetime | None
    """End of the window in which it is instant; None when it is not."""
    seconds: float
    """How long the swap itself took: about what an ordinary roll-back takes."""
    alterations: tuple[Operation, ...]
    """What was done to staging since, by whom and when (seed: Rollback, note); empty when it is unaltered."""
    is_altered: bool


def offer_roll_back(site: Site) -> RollBackOffer | None:
    """The offer for the site's last swap; None when there is none that could be undone."""
    swap = _last_swap(site)
    if swap is None or swap.operation.kind == Kind.ROLL_BACK or swap.source is None or swap.target is None:
        return None
    former = _former(swap)
    if former is None:
        return None
    is_warm = _is_warm(swap)
    return RollBackOffer(
        swap=swap,
        is_instant=is_warm,
        until=former.retained_until if is_warm else None,
        seconds=(swap.operation.ended_at - swap.operation.created_at).total_seconds(),
        alterations=tuple(_alterations(swap)),
        is_altered=_is_altered(swap, former),
    )


def _last_swap(site: Site) -> Swap | None:
    done = Swap.objects.filter(operation__site=site, operation__state=OperationState.SUCCEEDED)
    related = ("operation", "source__site", "source__workload__active_deployment", "target__site", "target__workload")
    return done.select_related(*related).order_by("-switched_at").first()


def _former(swap: Swap) -> Revision | None:
    """What production served before the swap."""
    return swap.operation.changes.select_related("revision_before__deployment").get(slot=swap.target).revision_before


def _is_warm(swap: Swap) -> bool:
    """Both sides would be given instances that run, with fingerprints that are needed now."""
    for slot, other in ((swap.target, swap.source), (swap.source, swap.target)):
        plan = make_plan(slot, other.workload, other.workload.active_deployment)
        warm = Revision.objects.filter(
            workload=other.workload,
            fingerprint=plan.fingerprint,
            state__in=[RevisionState.RETAINED, RevisionState.SERVING],
            wanted_count__gte=slot.instance_count,
        )
        if not warm.exists():
            return False
    return True


def _is_altered(swap: Swap, former: Revision) -> bool:
    workload = swap.source.workload
    return workload.active_deployment_id != former.deployment_id or workload.settings_as_json() != swap.settings_before


def _alterations(swap: Swap) -> list[Operation]:
    since = Operation.objects.filter(
        changes__slot=swap.source, kind__in=ALTERING, state=OperationState.SUCCEEDED, created_at__gt=swap.switched_at
    )
    return list(since.order_by("created_at"))


def request_roll_back(*, acting_user: User, site: Site, to_unaltered: bool = False) -> Operation:
    """seed: Rollback. With `to_unaltered` production gets back exactly what it served before the last swap.

    The altered deployment then stays in the history, the altered settings in the operation.
    Raises NothingToRollBack, and what a swap raises.
    """
    site = access.get_site_for_change(acting_user, site.name)
    offer = offer_roll_back(site)
    if offer is None:
        raise NothingToRollBack(name=site.name, reason=_why_nothing(site))
    swap = offer.swap
    refusal = why_not_swap(swap.source, swap.target)
    if refusal is not None:
        raise refusal
    with transaction.atomic():
        operation = changes.begin_change(
            kind=Kind.ROLL_BACK,
            acting_user=acting_user,
            site=site,
            slots=[swap.source, swap.target],
            target=site.name,
        )
        exchange_workloads(operation)
        Swap.objects.create(operation=operation, source=swap.source, target=swap.target)
        if to_unaltered and offer.is_altered:
            _set_back(operation, swap)
        return operation


def _set_back(operation: Operation, swap: Swap) -> None:
    """The workload goes back to production as it was: its deployment and its travelling settings."""
    change = operation.changes.select_related("workload_after").get(slot=swap.target)
    operation.kept_settings = change.workload_after.settings_as_json()
    operation.save(update_fields=["kept_settings"])
    change.workload_after.replace_settings(swap.settings_before)
    change.deployment_after = _former(swap).deployment
    change.save(update_fields=["deployment_after"])


def _why_nothing(site: Site) -> str:
    swap = _last_swap(site)
    if swap is None:
        return "none has been made yet"
    return "the last one has been rolled back" if swap.operation.kind == Kind.ROLL_BACK else "its slot is gone"
