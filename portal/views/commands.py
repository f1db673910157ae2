"""Start, stop and restart a slot; enable staged publishing; change the mode of a site."""

from contextlib import suppress

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from portal.answers import answer_operation
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.tree import point_out
from portal.views.site_pages.scale_choice import cost_with, read_size, size_query
from sites.access import get_slot, get_slot_for_change
from sites.errors import SettingRefused, SlotBusy
from sites.models import Category, ChosenSize, Mode, Slot
from sites.operations.kinds.change_mode import CHANGE_MODE
from sites.operations.kinds.enable_staging import ENABLE_STAGING
from sites.operations.kinds.stop import STOP
from sites.services import requests, sites, sizes, slots
from sites.services.settings import read_settings
from sites.services.swaps import pending_swap

MAX_DIGITS = 4
question = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
def start(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Start a stopped slot."""
    slot = get_slot(request.user, site_name, slot_name)
    return answer_operation(request, slots.start(acting_user=request.user, slot=slot))


@require_POST
def restart(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Restart a slot; nothing is lost, so nothing is asked."""
    slot = get_slot(request.user, site_name, slot_name)
    return answer_operation(request, slots.restart(acting_user=request.user, slot=slot))


@question
def stop(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then stop a slot."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method != "POST":
        requests.ensure_free([slot], wanted=STOP)
        return confirm(request, "commands/stop.html", slot, {"pending": pending_swap(slot)})
    return answer_operation(request, slots.stop(acting_user=request.user, slot=slot))


@question
def enable(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """seed: Enable. Refuse or ask, then enable staged publishing."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method != "POST":
        refusal = slots.why_not_enable(slot.site)
        if refusal is not None:
            raise refusal
        with suppress(SlotBusy):  # as by the change of mode that leads here, which ends soon
            requests.ensure_free([slot], wanted=ENABLE_STAGING)
        strings = [entry.name for entry in read_settings(slot, Category.CONNECTION_STRINGS)]
        return confirm(request, "commands/enable.html", slot, {"strings": strings})
    is_cloned = "is_cloned" in request.POST or "asked" not in request.POST
    operation = slots.enable_staged_publishing(acting_user=request.user, site=slot.site, is_cloned=is_cloned)
    point_out(request, slot.site, operation.holds.get().slot.name)
    return answer_operation(request, operation, reverse("site-list"))


@question
def change_mode(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then change the mode that `mode` names, and instance size and count where `size` and `count` say one."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    wanted = request.POST.get("mode") or request.GET.get("mode", "")
    if wanted not in Mode.values:
        raise SettingRefused(
            f"'{wanted}' is no mode; '{slot.site.name}' keeps its own. Choose Free, Shared or Standard."
        )
    count = request.POST.get("count") or request.GET.get("count", "")
    size = read_size(slot, request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return confirm(request, "commands/mode.html", slot, _question(slot, Mode(wanted), count, size))
    counts = {slot.pk: _count(count, slot)} if count else {}
    if wanted == slot.site.mode and size is not None:
        changed = sizes.change_size(acting_user=request.user, site=slot.site, size=size, counts=counts)
    else:
        changed = sites.change_mode(acting_user=request.user, site=slot.site, mode=wanted, counts=counts, size=size)
    return answer_operation(request, changed)


def _question(slot: Slot, mode: Mode, count: str, size: ChosenSize | None) -> dict[str, object]:
    """What is said before: what changes, what that puts out of force, and what it takes of this machine.

    Raises the refusal that a YES would get.
    """
    given = size or sizes.size_in_mode(slot.site, mode)
    affected = list(slot.site.slots.select_related("site"))
    requests.ensure_free(affected, wanted=CHANGE_MODE)
    if given != slot.site.size:
        sizes.check_size(slot.site, given, mode)
    number = _count(count, slot) if count else min(slot.instance_count, mode.max_instances)
    return {
        "mode": mode,
        "titles": [other.title for other in affected],
        "has_staging": len(affected) > 1,
        "count": count,
        "is_mode_changed": mode != slot.site.mode,
        "size": given if given != slot.site.size else None,
        "size_fields": size_query(slot, size) if size else {},
        "cost": cost_with(slot, mode, number, given),
        **sites.lost_in_mode(slot.site, mode),
    }


def _count(text: str, slot: Slot) -> int:
    """Raises SettingRefused for what is no number of instances."""
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise SettingRefused(
            f"'{text[:20]}' is no number of instances; '{slot.title}' keeps its {slot.instance_count}. "
            "Type a whole number."
        )
    return int(text)
