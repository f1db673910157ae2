"""Publish content to a slot."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.logs.files import BLOCK, blocks, tail
from sites.models import Category, Deployment, Kind, Operation, Slot, Swap
from sites.plain_text import log_text
from sites.planning import build_log
from sites.services import archives, capacity, changes, operations
from sites.services.plain_line import plain_line
from sites.services.settings import read_settings, with_defaults
from sites.services.swaps import exchange_workloads, why_not_swap_into

LINES_SHOWN = 2000
"""Of a log, on its page."""


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

    Raises SlotBusy and what `archives.unpacked` refuses, with nothing left behind.
    """
    if acting_user is not None:
        slot = access.get_slot_for_change(acting_user, slot.site.name, slot.name)
    message = plain_line(message, "The message of the publication")
    operations.ensure_free([slot], wanted=Kind.PUBLISH.label)
    site = slot.site
    start_command = with_defaults(read_settings(slot, Category.GENERAL))["start_command"]
    with (
        archives.unpacked(
            archive, subscription_id=site.subscription_id, name=site.name, site=site, start_command=start_command
        ) as content,
        transaction.atomic(),
    ):
        operation = changes.begin_change(
            kind=Kind.PUBLISH,
            acting_user=acting_user,
            actor_name=author,
            site=site,
            slots=_touched(slot),
            target=slot.title,
        )
        change = operation.changes.get(slot=slot)
        change.deployment_after = content.deploy(
            workload=change.occupant_after, operation=operation, message=message, author=author, deployer=deployer
        )
        change.save(update_fields=["deployment_after"])
        if slot.is_auto_swapped:
            _swap_too(operation, slot)
        capacity.ensure_fits(operation)
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


def end_of_log(deployment: Deployment) -> str:
    """The last LINES_SHOWN lines of a build and its release command, so that they can do nothing to what shows them."""
    return log_text("\n".join(tail(build_log(deployment), LINES_SHOWN)))


def whole_log(deployment: Deployment) -> Iterator[bytes]:
    """All that is kept of it, as text in UTF-8 that acts on no terminal; its two files have a limit."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for block in blocks(build_log(deployment)):
        lines, end, rest = (rest + decoder.decode(block)).rpartition("\n")
        yield log_text(lines + end).encode()
        if len(rest) > BLOCK:
            yield log_text(rest).encode()
            rest = ""
    yield log_text(rest + decoder.decode(b"", final=True)).encode()
