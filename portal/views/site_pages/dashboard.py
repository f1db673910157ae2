"""Dashboard: what the slot serves and with what, and quick glance."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from portal.chart import Chart
from portal.command_bar import LIST_COMMANDS
from portal.http import PortalRequest
from portal.views.site_pages import parts
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot
from sites.services.endpoints import endpoints_of, why_no_endpoints


@require_safe
def dashboard(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page."""
    slot = get_slot(request.user, site_name, slot_name)
    chart = Chart(request, slot)
    return parts.show(
        request,
        slot,
        "dashboard",
        {
            "facts": SlotFacts(request.user, slot, chart),
            "chart": chart,
            "endpoints": endpoints_of(slot),
            "why_no_endpoints": why_no_endpoints(slot),
        },
        commands=LIST_COMMANDS,
    )
