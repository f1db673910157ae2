"""Configure: everything that a slot is configured with, saved as one operation."""

from django.contrib.auth.models import User
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal import kept_form
from portal.answers import answer_operation
from portal.configuration import Configuration, read_configuration
from portal.http import PortalRequest
from portal.settings_commands import settings_commands
from portal.views.site_pages import parts
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot, get_slot_for_change, may_change
from sites.counted import counted
from sites.errors import Outdated, Refused, SettingRefused
from sites.models import Slot
from sites.services.settings import are_in_force
from sites.services.swaps import partner


@require_http_methods(["GET", "HEAD", "POST"])
def configure(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page, and its SAVE."""
    if request.method == "POST":
        return _save(request, get_slot_for_change(request.user, site_name, slot_name))
    slot = get_slot(request.user, site_name, slot_name)
    returned = kept_form.returned(request, request.path, _reveal_address(slot))
    return _show_returned(request, slot, returned) if returned else show_page(request, slot)


def show_page(
    request: PortalRequest,
    slot: Slot,
    configuration: Configuration | None = None,
    *,
    refusal: Refused | None = None,
    is_returned: bool = False,
) -> HttpResponse:
    """The page as it is in force, or as it was typed."""
    is_open = parts.open_operation(slot) is not None
    context = _context(request, slot, configuration or read_configuration(slot))
    page = parts.show(
        request,
        slot,
        "configure",
        {
            **context,
            "refusal": refusal,
            "is_returned": is_returned,
            "is_not_in_force": not is_open and not are_in_force(slot),
        },
        commands=("browse",),
        extra_commands=settings_commands(slot, "configure", is_returned=is_returned),
    )
    if refusal is not None:
        page.status_code = refusal.http_status
    return page


def _show_returned(request: PortalRequest, slot: Slot, returned: QueryDict) -> HttpResponse:
    """The page with what was typed before the session ended, hidden values unread; SAVE says what cannot be read."""
    configuration = read_configuration(slot)
    configuration.read(returned, is_returned=True)
    return show_page(request, slot, configuration, is_returned=True)


def _context(request: PortalRequest, slot: Slot, configuration: Configuration) -> dict[str, object]:
    other = partner(slot)
    return {
        "facts": SlotFacts(request.user, slot),
        "page": configuration,
        "fields": configuration.fields,
        "rows": configuration.rows,
        "reveal": reveal_address(request.user, slot),
        "other": other,
        "rollback_cost": _rollback_cost(slot, other),
    }


def reveal_address(user: User, slot: Slot) -> str:
    """Where hidden values are asked for; empty for a reader, who gets none."""
    return _reveal_address(slot) if may_change(user, slot.site) else ""


def _reveal_address(slot: Slot) -> str:
    return reverse("site-values-reveal", args=[slot.site.name, slot.name])


def _rollback_cost(slot: Slot, other: Slot | None) -> str:
    count = slot.instance_count + (other.instance_count if other else 0)
    more = counted(count, "more instance")
    return (
        "The previous instances of both slots stay warm for this long after a swap, so ROLL BACK needs no start. "
        f"Until then they take memory: up to {more}. It ends early when memory runs short. 0: no window."
    )


def _save(request: PortalRequest, slot: Slot) -> HttpResponse:
    """Save what was changed; nothing that was typed is lost when it is refused."""
    configuration = read_configuration(slot)
    try:
        configuration.read(request.POST)
        operation = configuration.save(request.user, request.POST.get("expected"))
    except Refused as refusal:
        if isinstance(refusal, SettingRefused):
            configuration.mark(refusal)
        if not request.htmx:
            return show_page(request, slot, configuration, refusal=refusal)
        if not isinstance(refusal, Outdated) and not configuration.faults.found:
            raise
        return _show_again(request, slot, configuration, refusal)
    return answer_operation(request, operation, request.path)


def _show_again(request: PortalRequest, slot: Slot, configuration: Configuration, refusal: Refused) -> HttpResponse:
    """The sections again, with what was typed beside what is in force now, or what is wrong with it."""
    context = {**_context(request, slot, configuration), "slot": slot, "site": slot.site, "refusal": refusal}
    answer = render(request, "site/_configuration.html", context, status=refusal.http_status)
    answer["HX-Retarget"] = "#configure-form"
    answer["HX-Reswap"] = "innerHTML show:none"
    return answer
