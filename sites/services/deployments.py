"""Publish content to a slot."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.content import archive as archives
from sites.content import recognition, store
from sites.models import Category, Deployment, Kind, Operation, Slot, Swap
from sites.plain_text import log_text
from sites.services import changes, operations
from sites.services.plain_line import plain_line
from sites.services.settings import read_settings, with_defaults
from sites.services.swaps import exchange_workloads, why_not_swap_into


def publish_zip(
    *,
    acting_user: User | None,
    author: str,
    slot: Slot,
    archive: Path,
    message: str,
    deployer: str,
) -> Operation:
    """Publish a zip as the slot's whole content; `acting_user` is None for the slot's own credentials.

    Raises ArchiveRefused, or what recognition refuses, with nothing left behind, and SlotBusy.
    """
    if acting_user is not None:
        slot = access.get_slot_for_change(acting_user, slot.site.name, slot.name)
    message = plain_line(message, "The message of the publication")
    operations.ensure_free([slot], wanted=Kind.PUBLISH.label)
    content = archives.unpack_zip(archive)
    general = with_defaults(read_settings(slot, Category.GENERAL))
    recipe = recognition.recognise(store.path_of(content.digest), general["start_command"])
    with transaction.atomic():
        operation = changes.begin_change(
            kind=Kind.PUBLISH,
            acting_user=acting_user,
            actor_name=author,
            site=slot.site,
            slots=_touched(slot),
            target=slot.title,
        )
        change = operation.changes.get(slot=slot)
        change.deployment_after = Deployment.objects.create(
            workload=change.occupant_after,
            operation=operation,
            content_digest=content.digest,
            kind=recipe.kind,
            command=list(recipe.command),
            message=message[:200] or "Publication without a message",
            author=author,
            deployer=deployer,
        )
        change.save(update_fields=["deployment_after"])
        if slot.is_auto_swapped:
            _swap_too(operation, slot)
        return operation


def _touched(slot: Slot) -> list[Slot]:
    """An auto swapped slot's publication holds production from the beginning, so that nothing comes in between."""
    production = [] if not slot.is_auto_swapped else [slot.site.slots.get(is_production=True)]
    for one in production:
        refusal = why_not_swap_into(slot, one)
        if refusal is not None:
            raise type(refusal)(
                f"{refusal} '{slot.title}' has auto swap, so nothing was published either; "
                "switch that off under Configure to publish without a swap.",
                **refusal.values,
            )
    return [slot, *production]


def _swap_too(operation: Operation, slot: Slot) -> None:
    """The new deployment goes into production in the same operation, and only if it starts and answers there."""
    exchange_workloads(operation)
    production = operation.changes.get(slot__is_production=True)
    Swap.objects.create(operation=operation, source=slot, target=production.slot)


def log_file(deployment: Deployment) -> Path:
    """Where the build and the release command of a deployment write."""
    return settings.LOG_DIR / "deployments" / f"{deployment.public_id.hex}.log"


def build_log(deployment: Deployment) -> str:
    """What the build and the release command wrote so far, so that it can do nothing to what shows it."""
    try:
        return log_text(log_file(deployment).read_text(errors="replace"))
    except FileNotFoundError:
        return ""
