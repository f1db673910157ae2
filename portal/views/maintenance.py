"""The maintenance page of a slot, and the switch that shows it to visitors, as a dialog."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal import kept_form
from portal.answers import answer_operation, back_address
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from portal.views.visitors import lines
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import ChangedMeanwhile, GreenroomError, PreconditionFailed, SettingRefused
from sites.models import Slot
from sites.services import maintenance

MAX_DIGITS = 9
SWITCHES = {"on": True, "off": False}


@require_http_methods(["GET", "HEAD", "POST"])
def manage_maintenance(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The dialog. A POST saves what was changed; `switch` says on or off, and anything else leaves it as it is.

    A page that is sent as it was shown is left as it is by now, whoever changed it meanwhile.
    """
    if request.method != "POST":
        return _show(request, get_slot(request.user, site_name, slot_name))
    slot = get_slot_for_change(request.user, site_name, slot_name)
    try:
        operation = maintenance.set_maintenance(
            acting_user=request.user,
            slot=slot,
            is_on=SWITCHES.get(request.POST.get("switch", "")),
            **_changes(request),
        )
    except SettingRefused as refusal:
        return _show(request, slot, refusal)
    except PreconditionFailed:
        what = f"The maintenance page of {slot.title}"
        return _show(request, slot, ChangedMeanwhile(what=what, how=" below"))
    dashboard = reverse("site-dashboard", args=[slot.site.name, slot.name])
    return answer_operation(request, operation, dashboard, stay=False)


def _changes(request: PortalRequest) -> dict[str, Any]:
    """What was typed, and the state that it replaces; nothing when it was left as it was. Raises SettingRefused."""
    page: dict[str, Any] = {
        "html": request.POST.get("html", ""),
        "retry_after_seconds": _seconds(request.POST.get("retry_after", "")),
        "addresses": lines(request.POST.get("addresses", "")),
    }
    state = request.POST.get("state")
    if not state:
        return page
    return {} if maintenance.was_as_sent(state, **page) else {**page, "expected": state}


def _seconds(text: str) -> int:
    """Raises SettingRefused for what is no number."""
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_DIGITS:
        raise SettingRefused(f"'{text[:20]}' is no number of seconds; nothing was saved. Type a whole number.")
    return int(text)


def _show(request: PortalRequest, slot: Slot, refusal: GreenroomError | None = None) -> HttpResponse:
    page = maintenance.page_of(slot)
    typed = {
        "html": page.html,
        "retry_after": str(page.retry_after_seconds),
        "addresses": "\n".join(page.addresses),
    }
    returned = request.POST if refusal else kept_form.returned(request)
    if returned is not None:
        typed = {name: returned.get(name, "") for name in typed}
    present = maintenance.state_of(slot)
    context: dict[str, object] = {
        "slot": slot,
        "site": slot.site,
        "typed": typed,
        "state": (returned.get("state") if returned is not None else None) or present,
        "present": present,
        "is_changed_meanwhile": isinstance(refusal, ChangedMeanwhile),
        "now": page.html,
        "most_bytes": maintenance.MAX_PAGE_BYTES,
        "most_seconds": maintenance.LONGEST_SECONDS,
        "can_change": may_change(request.user, slot.site),
        "refusal": refusal,
        "is_returned": returned is not None and refusal is None,
        "back": back_address(request, slot),
    }
    status = refusal.http_status if refusal else 200
    return render(request, "site/maintenance.html", over_dashboard(request, slot, context), status=status)
