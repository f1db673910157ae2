"""Ask, then swap two slots of a site."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from portal.answers import answer_operation
from portal.confirmation import confirm
from portal.http import PortalRequest
from sites.access import get_slot, get_slot_for_change
from sites.errors import Refused
from sites.models import Slot
from sites.services import swaps


@dataclass(frozen=True)
class Pair:
    """The slot that was selected, and the slot that it is swapped with."""

    slot: Slot
    other: Slot


@require_http_methods(["GET", "HEAD", "POST"])
def swap(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """seed: Swap; the same from either slot. `with` names the other slot where there are several."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    pair = _pair(request.user, slot, request.POST.get("with") or request.GET.get("with", ""))
    if request.method != "POST":
        refusal = swaps.why_not_swap(pair.slot, pair.other)
        if refusal is not None:
            raise refusal
        description = swaps.describe_swap(pair.slot, pair.other)
        return confirm(request, "swap/confirm.html", slot, {"swap": pair, "description": description})
    operation = swaps.request_swap(acting_user=request.user, source=pair.slot, target=pair.other)
    return answer_operation(request, operation)


def _pair(user: User, slot: Slot, other_name: str) -> Pair:
    other = get_slot(user, slot.site.name, other_name) if other_name else swaps.partner(slot)
    if other is None:
        raise Refused(
            f"'{slot.site.name}' has no staging site to swap with; nothing was changed. "
            "Enable staged publishing on its Quick Start page first."
        )
    return Pair(slot, other)
