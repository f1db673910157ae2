"""A page of a slot, or the part of it that asks for itself."""

from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import render

from portal.command_bar import Command
from portal.context import slot_context
from portal.http import PortalRequest
from sites.models import Operation, Slot

STOP_POLLING = 286
"""htmx's own status: the answer is shown, and the part is not asked for again."""


def open_operation(slot: Slot) -> Operation | None:
    """What holds the slot at present."""
    hold = getattr(slot, "hold", None)
    return hold.operation if hold else None


def show(
    request: PortalRequest,
    slot: Slot,
    tab: str,
    context: dict[str, object],
    *,
    commands: tuple[str, ...],
    extra_commands: list[Command] | None = None,
    template: str = "",
    part: str = "",
    is_open: bool = False,
) -> HttpResponse:
    """The page of `tab` (templates/site/TAB.html unless `template` names another); only its `part`, which has that
    id and the template site/_PART.html, when htmx asks for it. `is_open` says whether it has to ask again."""
    prefetch_related_objects([slot], "host_names")
    operation = open_operation(slot)
    context = {**context, "is_open": is_open, "operation": operation}
    if part and request.htmx and request.htmx.target == part:
        status = 200 if is_open else STOP_POLLING
        part_context = {"slot": slot, "site": slot.site, **context}
        return render(request, f"site/_{part.replace('-', '_')}.html", part_context, status=status)
    page = slot_context(request, slot, tab, commands, extra_commands, **context)
    return render(request, template or f"site/{tab}.html", page)
