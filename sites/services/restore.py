"""Make again what was deleted in the last seven days."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sites import access
from sites.errors import NameTaken, NotRestorable, Refused
from sites.models import (
    DeletedSlot,
    Deployment,
    DeploymentState,
    Mode,
    Operation,
    Site,
    Slot,
    SlotSetting,
    StickyName,
    VisitorRule,
)
from sites.models.clock import now
from sites.operations.kinds.restore import RESTORE
from sites.services import names, requests, slots


def why_not_restore(operation: Operation) -> Refused | None:
    """What keeps the thing that `operation` deleted from being made again."""
    kept = list(operation.deleted_slots.select_related("restored_by"))
    if not kept or kept[0].expires_at <= now():
        return NotRestorable(
            name=operation.target,
            reason="deleted content is kept for seven days, and nothing is kept of it",
            remedy="Create it again and publish to it.",
        )
    name = kept[0].site_name
    if kept[0].restored_by is not None:
        return NotRestorable(
            name=operation.target,
            reason=f"it was restored already at {kept[0].restored_by.created_at:%Y-%m-%d %H:%M} UTC",
            remedy="Look for it in the list of web sites.",
        )
    if not kept[0].is_production:
        return _why_not_under_its_site(kept[0], operation)
    try:
        names.check_name(name)
    except Refused as refusal:
        reason = "its name is in use by another web site" if isinstance(refusal, NameTaken) else str(refusal)
        until = f"{kept[0].expires_at:%Y-%m-%d %H:%M} UTC"
        return NotRestorable(
            name=name, reason=reason, remedy=f"Delete that web site first; this one is kept until {until}."
        )
    return None


def _why_not_under_its_site(kept: DeletedSlot, operation: Operation) -> Refused | None:
    site = Site.objects.filter(name=kept.site_name, subscription=kept.subscription).first()
    if site is None:
        return NotRestorable(
            name=operation.target,
            reason=f"its web site '{kept.site_name}' is no longer there",
            remedy="Restore or create that web site first.",
        )
    return slots.why_not_enable(site)


def restore(*, acting_user: User, operation: Operation) -> Operation:
    """Make the web site or the staging site again that `operation` deleted, with content, settings and folders.

    Its publishing credentials are new and its history begins anew. Raises NotRestorable, NotStandard, SlotLimit,
    SlotBusy, NotAllowed.
    """
    operation = access.get_operation(acting_user, operation.public_id)
    if operation.subscription is None:
        raise NotRestorable(name=operation.target, reason="its subscription is gone", remedy="Create it again.")
    access.ensure_may_change(acting_user, operation.site or operation.subscription, operation.target)
    try:
        with transaction.atomic():
            return _restore(acting_user, operation)
    except IntegrityError:
        raise why_not_restore(operation) or NotRestorable(
            name=operation.target, reason="something else of its name was created just now", remedy="Try again."
        ) from None


def _restore(acting_user: User, operation: Operation) -> Operation:
    kept = list(DeletedSlot.objects.select_for_update().filter(operation=operation))
    refusal = why_not_restore(operation)
    if refusal is not None:
        raise refusal
    site = _site_of(kept)
    created = [_make_slot(site, one) for one in kept]
    begun = requests.begin(RESTORE, acting_user=acting_user, site=site, slots=created, target=operation.target)
    DeletedSlot.objects.filter(operation=operation).update(restored_by=begun)
    return begun


def _site_of(kept: list[DeletedSlot]) -> Site:
    first = kept[0]
    if not first.is_production:
        site = Site.objects.select_for_update().get(name=first.site_name)
        requests.ensure_free([site.slots.get(is_production=True)], wanted=RESTORE)
        return site
    same = ("mode", "instance_size", "own_cpu_percent", "own_memory_mb", "is_sample", "subscription")
    site = Site.objects.create(name=first.site_name, **{name: getattr(first, name) for name in same})
    for category, name in first.sticky_names:
        StickyName.objects.create(site=site, category=category, name=name)
    return site


def _make_slot(site: Site, kept: DeletedSlot) -> Slot:
    count = min(kept.instance_count, Mode(site.mode).max_instances)
    slot = slots.create_slot(site, kept.slot_name, is_production=kept.is_production, instance_count=count)
    if kept.visitor_rule:
        VisitorRule.objects.create(slot=slot, **kept.visitor_rule)
    for name in ("drain_limit_seconds", "rollback_window_seconds", "is_auto_swapped", "deploy_branches"):
        setattr(slot, name, getattr(kept, name))
    slot.is_running = kept.was_running
    slot.save()
    sticky = {(row.category, row.name) for row in site.sticky_names.all()}
    for category, name, value in kept.settings:
        owner = {"slot": slot} if (category, name) in sticky else {"workload": slot.workload}
        SlotSetting.objects.create(site=site, category=category, name=name, value=value, **owner)
    if kept.content_digest:
        same = ("content_digest", "build_digest", "kind", "command", "traits", "message", "author", "deployer")
        slot.current_workload.active_deployment = Deployment.objects.create(
            workload=slot.current_workload,
            slot=slot,
            state=DeploymentState.ACTIVE,
            **{name: getattr(kept, name) for name in same},
        )
        slot.current_workload.save(update_fields=["active_deployment"])
    return slot
