"""Quick start: how to publish and how to get a staging slot; for the sample site the story of a swap."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal.command_bar import QUICK_START_COMMANDS, slot_address
from portal.http import PortalRequest
from portal.views.site_pages import parts
from portal.views.site_pages.facts import SlotFacts
from portal.views.site_pages.story import read_story, remember_look
from sites.access import get_slot


@require_safe
def quickstart(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page, of the sample with its story."""
    slot = get_slot(request.user, site_name, slot_name)
    context: dict[str, object] = {"facts": SlotFacts(request.user, slot)}
    if slot.site.is_sample:
        context["story"] = read_story(slot.site, request.session)
    return parts.show(request, slot, "quickstart", context, commands=QUICK_START_COMMANDS)


@require_POST
def look(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Remember that the person looked at the slot, and lead there.

    By a page and not by a redirect: the browser refuses a form that leads to another host (form-action).
    """
    slot = get_slot(request.user, site_name, slot_name)
    remember_look(request.session, slot)
    return render(request, "site/look.html", {"slot": slot, "address": slot_address(slot)})
