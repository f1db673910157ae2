"""The web sites beside one: what stands at the side of its pages."""

from dataclasses import dataclass

from django.db.models import Q

from portal.http import PortalRequest
from portal.subscription_filter import shown_sites
from sites.models import Site, Slot

AROUND = 25
"""So many sites before one and after it. With all of them an open page would cost as much as the whole list."""


@dataclass(frozen=True)
class Neighbours:
    """Slots in the order of the list, and whether there are sites before or after them."""

    slots: list[Slot]
    is_more: bool


def neighbours(request: PortalRequest, site: Site) -> Neighbours:
    """`site`, and the sites beside it by name that are shown to the person; one query."""
    shown = shown_sites(request)
    before = shown.filter(name__lt=site.name).order_by("-name")[: AROUND + 1]
    after = shown.filter(name__gt=site.name).order_by("name")[: AROUND + 1]
    beside = Q(site=site) | Q(site__in=before.values("pk")) | Q(site__in=after.values("pk"))
    slots = list(Slot.objects.filter(beside).select_related("site"))
    names = list(dict.fromkeys(slot.site.name for slot in slots))
    place = names.index(site.name)
    near = names[max(0, place - AROUND) : place + AROUND + 1]
    return Neighbours([slot for slot in slots if slot.site.name in near], is_more=len(near) < len(names))
