"""A question that is asked before a change: a bar over the command bar, or a page that looks like it."""

from django.http import HttpResponse
from django.shortcuts import render

from portal.answers import back_address
from portal.context import slot_context
from portal.http import PortalRequest
from sites.models import Slot


def confirm(
    request: PortalRequest, template: str, slot: Slot, context: dict[str, object] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render `template`, which extends frame/confirmation.html, with `slot` and the page to return to as `next`."""
    question = {"slot": slot, "site": slot.site, "next": back_address(request), **(context or {})}
    if request.htmx:
        return render(request, template, {**question, "base_template": "frame/partial.html"}, status=status)
    page = slot_context(request, slot, "dashboard", commands=())
    return render(request, template, {**page, **question, "base_template": "frame/slot_page.html"}, status=status)
