"""Swap under a condition: only as it was compared, only with a certain deployment, or so that production serves one."""

import json
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.models import User

from sites import access
from sites.errors import DeploymentElsewhere, PreconditionFailed, Refused, SlotBusy, SwapPending
from sites.models import Category, Operation, Site, Slot, SlotChange
from sites.models.fields import keyed_digests
from sites.services import settings, swaps


def pair_tag(source: Slot, target: Slot) -> str:
    """A keyed digest of what the two slots serve and of their settings, the same from either side.

    It tells nothing about the values, and is another one as soon as a swap would do something else.
    """
    return keyed_digests(_described(source, target))[0]


def served_by(source: Slot, target: Slot) -> str:
    """What the two slots serve, as a question before a swap shows it; the same from either side."""
    return " ".join(_served(slot) for slot in sorted((source, target), key=lambda slot: not slot.is_production))


def swap_only_if(
    *, tag: str | None = None, staging: UUID | None = None, served: str | None = None
) -> Callable[..., None]:
    """For `request_swap` and `copy_setting`: what holds for the pair at that moment.

    It has the `pair_tag`, its staging slot has the deployment with that public id, and both are still `served_by` so.
    What it returns raises PreconditionFailed.
    """

    def check(*found: Slot) -> None:
        beside = next(slot for slot in found if not slot.is_production)
        if staging is not None and _deployment_of(beside) != staging:
            raise PreconditionFailed(name=beside.title, reason=f"it serves {_served(beside)} and not {staging.hex}")
        if served is not None and served != served_by(*found):
            reason = "its slots serve something else than when you were asked"
            raise PreconditionFailed(name=beside.site.name, reason=reason)
        if tag is not None and tag not in keyed_digests(_described(*found)):
            reason = "its content or its settings were changed since you compared"
            raise PreconditionFailed(name=beside.site.name, reason=reason)

    return check


def serve_in_production(*, acting_user: User, site: Site, deployment: UUID) -> Operation | None:
    """Have production serve the deployment with that public id: swap if a staging slot has it.

    Returns the operation, which is an earlier one if that does the same already, or None when there is nothing to do.
    Raises DeploymentElsewhere when no slot has it, SlotBusy, and what a swap raises.
    """
    site = access.site_for_change(acting_user, site)
    for _ in range(2):
        found = list(Slot.objects.filter(site=site).select_related("site", "workload__active_deployment"))
        production = next(slot for slot in found if slot.is_production)
        bringing = _bringing(production, deployment)
        if bringing is not None:
            return bringing
        if _deployment_of(production) == deployment:
            _ensure_stays(production)
            return None
        source = next((slot for slot in found if _deployment_of(slot) == deployment), None)
        if source is None:
            raise _elsewhere(found, deployment)
        try:
            return swaps.request_swap(
                acting_user=acting_user, source=source, target=production, only_if=swap_only_if(staging=deployment)
            )
        except (SlotBusy, PreconditionFailed) as refusal:
            busy = refusal  # somebody may have asked for the same at this moment, so look once more
    raise busy


def _bringing(production: Slot, deployment: UUID) -> Operation | None:
    """The operation that is about to put the deployment into production. Raises SwapPending for a preview."""
    change = _open_change(production)
    if change is None or change.deployment_after is None or change.deployment_after.public_id != deployment:
        return None
    if _deployment_of(production) == deployment and change.workload_before_id == change.workload_after_id:
        return None  # it restarts or scales what is there
    if change.operation.state in Operation.WORKING:
        return change.operation
    raise SwapPending(
        name=production.title,
        person=change.operation.actor_name,
        since=f"{change.operation.created_at:%H:%M} UTC",
        slot=production,
        operation=change.operation,
    )


def _ensure_stays(production: Slot) -> None:
    """Raises Refused when an open operation is about to replace what production serves."""
    change = _open_change(production)
    active = production.current_workload.active_deployment_id
    if change is not None and change.deployment_after_id != active:
        raise Refused(
            f"'{production.title}' serves that deployment, and an operation of {change.operation.actor_name} is about "
            "to replace it. Nothing was changed. Try again when that operation has ended."
        )


def _open_change(production: Slot) -> SlotChange | None:
    found = SlotChange.objects.filter(slot=production, operation__holds__slot=production)
    return found.select_related("operation", "deployment_after").first()


def _elsewhere(found: list[Slot], deployment: UUID) -> DeploymentElsewhere:
    present = " and ".join(f"'{slot.title}' serves {_served(slot)}" for slot in found)
    return DeploymentElsewhere(name=found[0].site.name, deployment=deployment.hex, present=present)


def _described(*slots: Slot) -> str:
    ordered = sorted(slots, key=lambda slot: not slot.is_production)
    return json.dumps([[slot.pk, _served(slot), settings.described(slot, Category)] for slot in ordered])


def _deployment_of(slot: Slot) -> UUID | None:
    active = slot.current_workload.active_deployment
    return active.public_id if active else None


def _served(slot: Slot) -> str:
    """What the slot has, as a sentence names it."""
    found = _deployment_of(slot)
    return found.hex if found else "the placeholder page"
