"""Ask, then roll the last swap of a site back."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from portal.answers import answer_operation
from portal.confirmation import again, confirm
from portal.http import PortalRequest
from sites.access import get_slot_for_change
from sites.errors import NothingToRollBack
from sites.models import Slot
from sites.operations.kinds.roll_back import ROLL_BACK
from sites.services import requests, rollback, swaps

UNALTERED = "unaltered"


@require_http_methods(["GET", "HEAD", "POST"])
def roll_back(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """seed: Rollback. `version` says which one where staging was altered since: the present or the unaltered one."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    refusal = rollback.why_not_roll_back(slot.site)
    offer = rollback.offer_roll_back(slot.site)
    if refusal is not None or offer is None:
        raise refusal or NothingToRollBack(name=slot.site.name, reason="the last one has just been rolled back")
    if request.method != "POST":
        requests.ensure_free(offer.swap.sides, wanted=ROLL_BACK)
        return _ask(request, slot, offer)
    if not _is_about(request, offer):
        return again(_ask(request, slot, offer))
    operation = rollback.request_roll_back(
        acting_user=request.user, site=slot.site, to_unaltered=request.POST.get("version") == UNALTERED
    )
    return answer_operation(request, operation)


def _is_about(request: PortalRequest, offer: rollback.RollBackOffer) -> bool:
    """Whether what was answered still holds: no other swap was made, and staging was not altered, meanwhile."""
    is_same_swap = request.POST.get("swap", str(offer.swap.pk)) == str(offer.swap.pk)
    return is_same_swap and (not offer.is_altered or "version" in request.POST)


def _ask(request: PortalRequest, slot: Slot, offer: rollback.RollBackOffer) -> HttpResponse:
    description = swaps.describe_swap(offer.source, offer.target)
    return confirm(request, "swap/rollback.html", slot, {"offer": offer, "description": description})
