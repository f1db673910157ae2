"""Monitor: the figures of a slot as a chart and as tables, with a mark for each swap."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from portal.chart import Chart
from portal.command_bar import LIST_COMMANDS
from portal.http import PortalRequest
from portal.views.site_pages import parts
from sites.access import get_slot


@require_safe
def monitor(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The page; `range`, `scale` and `metric` choose what is shown."""
    slot = get_slot(request.user, site_name, slot_name)
    return parts.show(request, slot, "monitor", {"chart": Chart(request, slot)}, commands=LIST_COMMANDS)
