"""MANAGE DOMAINS: the custom domain names of a slot, as a dialog over its page."""

from django.db.models import prefetch_related_objects
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from portal.answers import back_address
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import DomainLimit, DomainTaken, GreenroomError, SettingRefused
from sites.models import DomainState, Slot
from sites.services import domains

LIST = "domain-list"
"""The part of the dialog that asks again while a name is looked up."""
MAX_DIGITS = 18


@require_http_methods(["GET", "HEAD", "POST"])
def manage_domains(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The dialog; a name is added by `name`, removed by `remove`, looked at again by `again`."""
    if request.method != "POST":
        return _show(request, get_slot(request.user, site_name, slot_name))
    slot = get_slot_for_change(request.user, site_name, slot_name)
    try:
        _change(request, slot)
    except (SettingRefused, DomainTaken, DomainLimit) as refusal:
        return _show(request, slot, refusal=refusal)
    return HttpResponseRedirect(request.path, status=303)


def _change(request: PortalRequest, slot: Slot) -> None:
    asked = request.POST
    if "remove" in asked:
        domains.remove_domain(acting_user=request.user, slot=slot, number=_number(asked["remove"]))
    elif "again" in asked:
        domains.look_again(acting_user=request.user, slot=slot, number=_number(asked["again"]))
    else:
        domains.add_domain(acting_user=request.user, slot=slot, text=asked.get("name", ""))


def _number(text: str) -> int:
    """Which row is meant; 0 is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 0


def _show(request: PortalRequest, slot: Slot, refusal: GreenroomError | None = None) -> HttpResponse:
    prefetch_related_objects([slot], "host_names", "custom_domains")
    rows = list(slot.custom_domains.all())
    context: dict[str, object] = {
        "slot": slot,
        "site": slot.site,
        "rows": rows,
        "default_host": domains.default_host(slot),
        "is_pending": any(row.state == DomainState.PENDING for row in rows),
        "why_not": domains.why_not_domains(slot.site),
        "can_change": may_change(request.user, slot.site),
        "refusal": refusal,
        "typed": request.POST.get("name", "") if refusal else "",
        "back": back_address(request, slot),
    }
    status = refusal.http_status if refusal else 200
    if request.htmx and request.htmx.target == LIST:
        return render(request, "site/_domain_list.html", context)
    return render(request, "site/domains.html", over_dashboard(request, slot, context), status=status)
