"""What is kept of deleted slots: written down when they go, given back when they are restored, dropped at the end."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from sites.disk import trees
from sites.models import Category, DeletedSlot, Operation, Site, Slot, SlotChange, SlotSetting, Workload
from sites.models.clock import now
from sites.models.deleted_slot import KEPT_DAYS
from sites.planning import build_cache, mount_folder

KEPT_SLOTS = 20
"""Deleted slots that a subscription keeps at most; the oldest go before their seven days."""


def keep(operation: Operation) -> None:
    """Write down what the operation deletes; belongs to the transaction that deletes it."""
    moment = now()
    found = operation.changes.select_related("slot__site", "slot__workload__active_deployment")
    for change in found:
        DeletedSlot.objects.create(
            **_place(change), **_content(change), deleted_at=moment, expires_at=moment + timedelta(days=KEPT_DAYS)
        )


def _place(change: SlotChange) -> dict[str, object]:
    slot, site = change.held_slot, change.held_slot.site
    return {
        "operation": change.operation,
        "subscription": site.subscription,
        "former_site": site.pk,
        "former_slot": slot.pk,
        "former_workload": slot.current_workload.pk,
        "site_name": site.name,
        "mode": site.mode,
        "instance_size": site.instance_size,
        "own_cpu_percent": site.own_cpu_percent,
        "own_memory_mb": site.own_memory_mb,
        "is_sample": site.is_sample,
        "slot_name": slot.name,
        "is_production": slot.is_production,
        "instance_count": slot.instance_count,
        "was_running": change.was_running,
        "drain_limit_seconds": slot.drain_limit_seconds,
        "rollback_window_seconds": slot.rollback_window_seconds,
        "is_auto_swapped": slot.is_auto_swapped,
        "deploy_branches": slot.deploy_branches,
    }


def _content(change: SlotChange) -> dict[str, object]:
    slot, deployment = change.held_slot, change.held_slot.current_workload.active_deployment
    rows = [*slot.settings.all(), *slot.current_workload.settings.all()]
    kept: dict[str, object] = {
        "visitor_rule": slot.visitor_rule.described if hasattr(slot, "visitor_rule") else {},
        "settings": sorted([row.category, row.name, row.value] for row in rows),
        "sticky_names": [[row.category, row.name] for row in slot.site.sticky_names.all()],
    }
    if deployment is None:
        return kept
    same = ("content_digest", "build_digest", "kind", "command", "traits", "message", "author", "deployer")
    return kept | {name: getattr(deployment, name) for name in same}


def give_back_folders(operation: Operation) -> None:
    """Move the persistent folders of what is restored to where its new rows look for them; harmless when repeated."""
    for kept, row in _restored_folders(operation):
        source = next((folder / row.name for folder in folders_of(kept) if (folder / row.name).is_dir()), None)
        if source is not None:
            _move(source, mount_folder(row))


def take_back_folders(operation: Operation) -> None:
    """Move them back, because the restoration has failed; harmless when repeated."""
    for kept, row in _restored_folders(operation):
        of_slot, of_workload = folders_of(kept)
        _move(mount_folder(row), (of_slot if row.is_sticky else of_workload) / row.name)


def _restored_folders(operation: Operation) -> Iterator[tuple[DeletedSlot, SlotSetting]]:
    for kept in operation.restored_slots.all():
        slot = operation.held_site.slots.select_related("workload").get(name=kept.slot_name)
        for owner in (slot, slot.current_workload):
            for row in owner.settings.filter(category=Category.MOUNTS):
                yield kept, row


def _move(source: Path, target: Path) -> None:
    if source.is_dir() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
    for left in source.parents[:2]:  # of the slot or workload, and of the site
        with suppress(OSError):  # it is not empty, or was never there
            left.rmdir()


def remove(slots: Iterable[Slot]) -> None:
    """Delete slots with what occupies them; what still runs for them is ended by the next comparison."""
    slots = list(slots)
    Slot.objects.filter(pk__in=[slot.pk for slot in slots]).delete()
    Workload.objects.filter(pk__in=[slot.workload_id for slot in slots]).delete()


def drop_expired() -> None:
    """Forget what was deleted more than seven days ago, or long before others, with its persistent folders."""
    for kept in [*DeletedSlot.objects.filter(expires_at__lte=now()), *_too_many()]:
        for folder in folders_of(kept):
            trees.remove(folder)
        others = DeletedSlot.objects.filter(former_site=kept.former_site).exclude(pk=kept.pk)
        if not others.exists() and not Site.objects.filter(pk=kept.former_site).exists():
            trees.remove(settings.MOUNT_DIR / str(kept.former_site))
        kept.delete()


def _too_many() -> list[DeletedSlot]:
    """The oldest of a subscription that keeps more than KEPT_SLOTS: what is deleted counts in no quota."""
    seen: Counter[int] = Counter()
    found = []
    for kept in DeletedSlot.objects.filter(expires_at__gt=now()).order_by("-deleted_at", "-pk"):
        seen[kept.subscription_id] += 1
        if seen[kept.subscription_id] > KEPT_SLOTS:
            found.append(kept)
    return found


def kept_digests() -> set[str]:
    """Contents and builds that a restoration would need."""
    pairs = DeletedSlot.objects.values_list("content_digest", "build_digest")
    return {digest for pair in pairs for digest in pair if digest}


def folders_of(kept: DeletedSlot) -> tuple[Path, Path]:
    """Where the slot's persistent folders lie: those that stuck to it, and those of its workload."""
    site = settings.MOUNT_DIR / str(kept.former_site)
    return site / f"slot-{kept.former_slot}", site / f"workload-{kept.former_workload}"


def remove_cache(site: Site) -> None:
    """The build cache of a site that is gone is not kept: a build makes it again."""
    trees.remove(build_cache(site))
