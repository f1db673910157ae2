"""Commands: run once in the sandbox of a slot, with the output while it comes and afterwards."""

import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.answers import answer_page
from portal.command_bar import LIST_COMMANDS, Command
from portal.http import PortalRequest
from portal.views.site_pages import parts
from sites.access import get_slot_for_change
from sites.errors import Refused
from sites.models import Slot
from sites.services import one_off_commands


@require_http_methods(["GET", "HEAD", "POST"])
def commands(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The last commands, and the field for one more. A POST runs what was typed."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method != "POST":
        return _show(request, slot)
    line = request.POST.get("command", "")
    try:
        command = one_off_commands.run(acting_user=request.user, slot=slot, line=line)
    except Refused as refusal:
        return _show(request, slot, line, refusal)
    return answer_page(request, _address("site-command", slot, command.record.public_id))


@require_safe
def command(request: PortalRequest, site_name: str, slot_name: str, public_id: uuid.UUID) -> HttpResponse:
    """One of them; its output follows while it runs."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    found = one_off_commands.find(slot, public_id)
    return parts.show(
        request,
        slot,
        "logs",
        {"command": found, "output": one_off_commands.end_of_output(found), "most": one_off_commands.LINES_SHOWN},
        commands=LIST_COMMANDS,
        extra_commands=[Command("back", "Commands", "arrow-left", _address("site-commands", slot))],
        template="site/one_off_command.html",
        part="one-off-command",
        is_open=found.is_open,
    )


@require_POST
def stop(request: PortalRequest, site_name: str, slot_name: str, public_id: uuid.UUID) -> HttpResponse:
    """End one that runs."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    found = one_off_commands.find(slot, public_id)
    one_off_commands.stop(acting_user=request.user, slot=slot, command=found)
    return answer_page(request, _address("site-command", slot, public_id))


def _show(request: PortalRequest, slot: Slot, line: str = "", refusal: Refused | None = None) -> HttpResponse:
    context: dict[str, object] = {
        "rows": one_off_commands.of_slot(slot)[: one_off_commands.KEPT],
        "kept": one_off_commands.KEPT,
        "longest": one_off_commands.LONGEST,
        "line": line,
        "refusal": refusal,
    }
    answer = parts.show(request, slot, "logs", context, commands=LIST_COMMANDS, template="site/one_off_commands.html")
    answer.status_code = refusal.http_status if refusal else 200
    return answer


def _address(name: str, slot: Slot, *more: object) -> str:
    return reverse(name, args=[slot.site.name, slot.name, *more])
