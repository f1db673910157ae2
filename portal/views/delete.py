"""Ask, then delete a staging site, or a web site with everything that belongs to it."""

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.answers import answer_operation, back_address
from portal.command_bar import slot_address
from portal.confirmation import confirm
from portal.http import PortalRequest
from sites.access import get_slot_for_change
from sites.models import Operation, Slot
from sites.operations.kinds.delete_site import DELETE_SITE
from sites.services import requests, sites, slots


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """seed: Delete. The production slot stands for both; its name has to be typed."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method != "POST":
        goes = list(slot.site.slots.select_related("site").prefetch_related("host_names"))
        goes = goes if slot.is_production else [slot]
        requests.ensure_free(goes, wanted=DELETE_SITE)
        context = {"titles": [item.title for item in goes], "addresses": [slot_address(item) for item in goes]}
        return confirm(request, "delete/confirm.html", slot, {**context, "others": goes[1:]})
    operation = _delete(request, slot)
    is_on_list = urlsplit(back_address(request)).path == reverse("site-list")
    return answer_operation(request, operation, reverse("site-list"), stay=is_on_list)


def _delete(request: PortalRequest, slot: Slot) -> Operation:
    if not slot.is_production:
        return slots.delete_staging(acting_user=request.user, slot=slot)
    typed_name = request.POST.get("typed_name", "")
    return sites.delete_site(acting_user=request.user, site=slot.site, typed_name=typed_name)
